// What the issue promises a user, from registering to logging out.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { addressOf, codeOf, freshName, password } from "../lib/people.mjs";
import { eventually } from "../lib/stack.mjs";
import { stack } from "../lib/suite.mjs";
import { Visitor } from "./browser.mjs";

const title = `A first post of ${freshName("journey")}`;

async function register(visitor, name) {
  const { page } = visitor;
  await visitor.go("/");
  await page.getByRole("link", { name: "Join", exact: true }).click();
  await page.getByLabel("E-mail").fill(addressOf(name));
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("checkbox").check();
  await page.getByRole("button", { name: "Create account" }).click();
  await page.waitForURL(`**/verify-email?username=${name}`);
}

async function verify(visitor, name) {
  const { page } = visitor;
  await page.getByLabel("Code").fill(await codeOf(stack, addressOf(name)));
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.waitForURL((url) => url.pathname === "/login");
}

async function arrive(visitor, name) {
  const { page } = visitor;
  await page.getByLabel("E-mail").fill(addressOf(name));
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL("**/welcome");
}

async function logIn(visitor, name) {
  const { page } = visitor;
  await visitor.go("/login");
  await page.getByLabel("E-mail").fill(addressOf(name));
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL(`${stack.url}/`);
}

async function logOut(visitor) {
  const { page } = visitor;
  await page.locator("summary").first().click();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("link", { name: "Log in" }).first().waitFor();
}

export default () =>
  describe("journey", { concurrency: 1 }, () => {
    const author = freshName("author");
    const fan = freshName("fan");
    let one, two;

    before(async () => {
      one = await Visitor.enter({ name: author });
      two = await Visitor.enter({ name: fan });
    });
    after(() => Promise.all([one?.leave(), two?.leave()]));

    it("registers by the form", async () => {
      await register(one, author);
      await one.checkFaults();
    });

    it("verifies by the code of the mail", async () => {
      await verify(one, author);
      await arrive(one, author);
      assert.match(await one.page.title(), /Welcome/);
      await one.checkFaults();
    });

    it("logs out and in again", async () => {
      await logOut(one);
      await logIn(one, author);
      const viewer = await one.page.locator("html").getAttribute("data-viewer");
      assert.equal(viewer, author);
      await one.checkFaults();
    });

    it("writes a post, with a preview", async () => {
      const { page } = one;
      await one.go("/new");
      await page.getByLabel("Title").fill(title);
      await page
        .getByLabel("Your post")
        .fill(
          "# Stars\n\nThey are **bright**, said @" +
            author +
            ".\n\n- one\n- two\n",
        );
      await page.getByRole("tab", { name: "Preview" }).click();
      await page.locator(".preview strong").waitFor();
      assert.equal(
        await page.locator(".preview strong").textContent(),
        "bright",
      );
      await page.getByRole("tab", { name: "Write" }).click();
      await page.getByLabel("Tags").fill("stars, journey");
      await page.getByRole("button", { name: "Publish" }).click();
      await page.waitForURL("**/post/**");
      assert.equal(await page.locator("h1").textContent(), title);
      await one.checkFaults();
    });

    it("sees it on the home page", async () => {
      await one.go("/");
      await one.page.getByRole("link", { name: title }).waitFor();
      await one.checkFaults();
    });

    it("sees it as a visitor, who may not write", async () => {
      const guest = await Visitor.enter();
      await eventually("the post is on a guest's home page", async () => {
        await guest.go("/");
        return guest.page.getByRole("link", { name: title }).count();
      });
      await guest.page.getByRole("link", { name: title }).click();
      await guest.page
        .getByRole("link", { name: "Log in to comment" })
        .waitFor();
      await guest.checkFaults();
      await guest.leave();
    });

    it("comments as another user", async () => {
      await register(two, fan);
      await verify(two, fan);
      await arrive(two, fan);
      const { page } = two;
      await two.go("/");
      await page.getByRole("link", { name: title }).click();
      await page.getByLabel("Your comment").fill("What a *fine* post!");
      await page.getByRole("button", { name: "Comment", exact: true }).click();
      await page.locator("#thread em", { hasText: "fine" }).waitFor();
      await two.checkFaults();
    });

    it("likes it, and the like stays after loading anew", async () => {
      const { page } = two;
      const like = page.locator(".article [data-type=LIKE]").first();
      await like.click();
      await page.waitForFunction(
        () =>
          document
            .querySelector(".article [data-type=LIKE]")
            .getAttribute("aria-pressed") === "true",
      );
      await two.settle();
      await page.reload();
      assert.equal(await like.getAttribute("aria-pressed"), "true");
      await like.click();
      await two.settle();
      await page.reload();
      assert.equal(await like.getAttribute("aria-pressed"), "false");
      await like.click();
      await two.settle();
      await two.checkFaults();
    });

    it("follows the author", async () => {
      const { page } = two;
      const follow = page.getByRole("button", { name: /^Follow/ }).first();
      await follow.click();
      await two.settle();
      await page.reload();
      assert.equal(await follow.getAttribute("aria-pressed"), "true");
      await two.checkFaults();
    });

    it("answers a comment, edits and deletes the answer", async () => {
      const { page } = two;
      await page.getByRole("button", { name: "Reply" }).first().click();
      const area = page.locator("#thread textarea");
      await area.fill("And more.");
      await page.locator("#thread form.composer button").click();
      await page.locator("#thread", { hasText: "And more." }).waitFor();
      const mine = page.locator(".comment", { hasText: "And more." }).last();
      await mine.getByRole("button", { name: "Edit" }).click();
      await page.locator("form.edit textarea").fill("And no more.");
      await page.getByRole("button", { name: "Save" }).click();
      await page.locator("#thread", { hasText: "And no more." }).waitFor();
      const last = page.locator(".comment", { hasText: "And no more." }).last();
      await last.getByRole("button", { name: "Delete" }).click();
      await page
        .getByRole("dialog")
        .getByRole("button", { name: "Delete" })
        .click();
      await page.getByText("And no more.").waitFor({ state: "detached" });
      await two.checkFaults();
    });

    it("finds the author's notifications", async () => {
      const { page } = one;
      await eventually("four notifications", async () => {
        await one.go("/notifications");
        return (await page.locator(".notice").count()) >= 4;
      });
      const text = await page.locator("#notices").innerText();
      assert.ok(text.includes(fan), text);
      await page.waitForFunction(
        () =>
          Number(document.querySelector("[data-unread]").dataset.unread) >= 4,
      );
      await page.getByRole("button", { name: "Mark all as read" }).click();
      await page.waitForFunction(
        () =>
          document.querySelector("[data-unread]").textContent === "0" &&
          !document.querySelector('.notice[data-read="false"]'),
      );
      await one.checkFaults();
    });

    it("edits the post, and is told where that fails", async () => {
      const { page } = one;
      await one.go("/");
      await page.getByRole("link", { name: title }).click();
      await page.getByRole("link", { name: "Edit" }).click();
      await page.getByLabel("Title").fill("");
      await page.getByRole("button", { name: "Publish" }).click();
      await page.locator(".field-error").first().waitFor();
      await page.getByLabel("Title").fill(`${title}, edited`);
      await page.getByRole("button", { name: "Publish" }).click();
      await page.waitForURL(/\/post\/[^/]+$/);
      assert.equal(await page.locator("h1").textContent(), `${title}, edited`);
      await one.checkFaults();
    });

    it("searches", async () => {
      const { page } = two;
      await two.go("/");
      await page.getByRole("searchbox").first().fill("stars bright");
      await page.getByRole("searchbox").first().press("Enter");
      await page.waitForURL("**/search?q=**");
      await page.getByRole("link", { name: `${title}, edited` }).waitFor();
      await two.checkFaults();
    });

    it("logs out", async () => {
      await logOut(one);
      const cookies = await one.context.cookies();
      assert.ok(!cookies.some((c) => c.name === "__Host-session"));
      await one.go("/notifications");
      assert.match(one.page.url(), /\/login\?callbackUrl=/);
      await one.checkFaults();
    });
  });
