// Drafts: of their writer in any browser, and of nobody who uses it next.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually } from "../lib/stack.mjs";
import { people } from "../lib/suite.mjs";
import { Visitor, axe, shots } from "./browser.mjs";

const keysOf = (page) =>
  page.evaluate(() =>
    Object.keys(localStorage).filter((key) => key.startsWith("draft:")),
  );

const draftsOf = async (user) => (await user.get("/api/drafts")).data.items;

async function enter(user) {
  const visitor = await Visitor.enter({ width: 360 });
  await visitor.takeSession(user);
  return visitor;
}

export default () =>
  describe("drafts", { concurrency: 1 }, () => {
    it("go to the server at the log-out, and nobody else finds them", async () => {
      const [writer, next] = [await people.user(), await people.user()];
      const visitor = await enter(writer);
      const { page } = visitor;
      await visitor.go("/new");
      await page.getByLabel("Title").fill("A secret of mine");
      await page.getByLabel("Your post").fill("Not for others");
      await page.locator(".site-header .menu summary").last().click();
      await page.getByRole("button", { name: "Log out" }).first().click();
      await page.waitForURL((url) => url.pathname === "/");
      await page.locator("html:not([data-viewer])").waitFor();
      assert.deepEqual(await keysOf(page), []);
      await visitor.takeSession(next);
      await visitor.go("/new");
      await page.getByLabel("Title").fill("Mine");
      await page.getByText("Draft saved").waitFor();
      assert.equal(await page.getByLabel("Your post").inputValue(), "");
      assert.equal(await page.getByText("We brought back").count(), 0);
      await visitor.checkFaults();
      await visitor.leave();
      const elsewhere = await enter(await people.logIn(writer.name));
      await elsewhere.go("/new");
      await elsewhere.page.getByText("We brought back").waitFor();
      const title = elsewhere.page.getByLabel("Title");
      assert.equal(await title.inputValue(), "A secret of mine");
      assert.deepEqual(await axe(elsewhere.page), []);
      const path = `${shots}/draft-back.png`;
      await elsewhere.page.screenshot({ path, fullPage: true });
      await elsewhere.page.getByRole("button", { name: "Discard it" }).click();
      assert.equal(await title.inputValue(), "");
      await elsewhere.checkFaults();
      await elsewhere.leave();
    });

    it("are kept by user, and those of others go", async () => {
      const user = await people.user();
      const visitor = await enter(user);
      const { page } = visitor;
      await visitor.go("/about-nothing-yet").catch(() => {});
      visitor.faults.length = 0;
      await page.evaluate((id) => {
        const draft = JSON.stringify({ title: "Somebody's" });
        localStorage.setItem("draft:new", draft);
        localStorage.setItem("draft:01900000-0000-7000-8000-000000000000:new", draft);
        localStorage.setItem(`draft:${id}:new`, JSON.stringify({ title: "My own" }));
      }, user.id);
      await visitor.go("/new");
      await page.getByText("We brought back").waitFor();
      assert.equal(await page.getByLabel("Title").inputValue(), "My own");
      const others = (await keysOf(page)).filter((k) => !k.includes(user.id));
      assert.deepEqual(others, []);
      await page.getByText("Draft saved").waitFor();
      assert.deepEqual(await keysOf(page), []);
      await visitor.checkFaults();
      await visitor.leave();
    });

    it("of comments and replies come back, and go when they are sent", async () => {
      const user = await people.user();
      const post = await people.post(user);
      const first = await people.comment(user, post, "First of all");
      const visitor = await enter(user);
      const { page } = visitor;
      await visitor.go(`/post/${post.slug}`);
      const draftsAre = async (...wanted) => {
        const { items } = (await user.get("/api/drafts")).data;
        return items.map((d) => d.content).sort().join() === wanted.join();
      };
      const until = async (...wanted) => {
        while (!(await draftsAre(...wanted))) await page.waitForTimeout(100);
      };
      await page.getByLabel("Your comment").fill("A half remark");
      await page.locator(`[data-reply="${first.id}"]`).click();
      await page.locator(`#reply-${first.id}`).fill("B half reply");
      await until("A half remark", "B half reply");
      await visitor.leave();
      const other = await enter(await people.logIn(user.name));
      await other.go(`/post/${post.slug}`);
      const area = other.page.getByLabel("Your comment");
      await area.focus();
      await other.page.waitForFunction(
        () => document.getElementById("comment").value === "A half remark",
      );
      await other.page.locator(`[data-reply="${first.id}"]`).click();
      const reply = other.page.locator(`#reply-${first.id}`);
      await other.page.waitForFunction(
        (id) => document.getElementById(`reply-${id}`).value === "B half reply",
        first.id,
      );
      await reply.locator("xpath=ancestor::form").getByRole("button", { name: "Comment" }).click();
      await other.page.locator("#thread").getByText("B half reply").waitFor();
      await until("A half remark");
      await other.checkFaults();
      await other.leave();
    });

    it("of two devices are both kept, and the writer chooses", async () => {
      const user = await people.user();
      const one = await enter(user);
      one.expect("/api/drafts/new");
      const { page } = one;
      const area = page.getByLabel("Your post");
      await one.go("/new");
      await page.getByLabel("Title").fill("Begun here");
      await page.getByText("Draft saved").waitFor();
      const [{ version }] = await draftsOf(user);
      const other = { title: "Begun here", content: "Of the other", version };
      assert.equal((await user.put("/api/drafts/new", other)).status, 200);
      await area.fill("Of this one");
      const note = page.getByRole("alert").filter({ hasText: "Another text" });
      await note.waitFor();
      assert.equal(await area.inputValue(), "Of this one");
      assert.equal((await draftsOf(user))[0].content, "Of the other");
      await note.getByText("Show the other text").press("Enter");
      await note.getByText("Of the other").waitFor();
      assert.deepEqual(await axe(page), []);
      const path = `${shots}/draft-two.png`;
      await page.screenshot({ path, fullPage: true });
      // Undecided, both outlive the page.
      await one.go("/new");
      await note.waitFor();
      assert.equal(await area.inputValue(), "Of this one");
      await note.getByRole("button", { name: "Put the other" }).press("Enter");
      assert.equal(await area.inputValue(), "Of the other");
      await one.go("/new");
      await note.waitFor();
      assert.equal(await area.inputValue(), "Of the other");
      await note.getByText("Show the other text").press("Enter");
      await note.getByText("Of this one").waitFor();
      await note.getByRole("button", { name: "Put the other" }).press("Enter");
      await note.getByRole("button", { name: "Keep the text" }).press("Enter");
      await note.waitFor({ state: "detached" });
      await eventually(
        "the one that was chosen is there",
        async () => (await draftsOf(user))[0].content === "Of this one",
      );
      await eventually(
        "and not on the device",
        async () => (await keysOf(page)).length === 0,
      );
      await one.checkFaults();
      await one.leave();
    });

    it("of another device are not overwritten by who types at once", async () => {
      const user = await people.user();
      const visitor = await enter(user);
      visitor.expect("/api/drafts/new");
      const { page } = visitor;
      // The page asks for the draft, and gets it after the first keys.
      let go;
      const typed = new Promise((resolve) => (go = resolve));
      await visitor.context.route("**/api/drafts?place=new", async (route) => {
        await typed;
        await route.continue();
      });
      const draft = { title: "", content: "Older, and long" };
      assert.equal((await user.put("/api/drafts/new", draft)).status, 200);
      await visitor.go("/new");
      await page.getByLabel("Your post").fill("At once");
      go();
      await page.getByRole("alert").filter({ hasText: "Another text" }).waitFor();
      assert.equal(await page.getByLabel("Your post").inputValue(), "At once");
      assert.equal((await draftsOf(user))[0].content, "Older, and long");
      // A log-out asks before it loses one of them.
      const logOut = async () => {
        await page.locator(".site-header .menu summary").last().click();
        await page.getByRole("button", { name: "Log out" }).first().click();
      };
      await logOut();
      await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
      assert.equal(await page.getByLabel("Your post").inputValue(), "At once");
      await logOut();
      await page.getByRole("dialog").getByRole("button", { name: "Log out" }).click();
      await page.locator("html:not([data-viewer])").waitFor();
      assert.deepEqual(await keysOf(page), []);
      await visitor.checkFaults();
      await visitor.leave();
    });

    it("that are being saved when the form is sent do not come back", async () => {
      const user = await people.user();
      const post = await people.post(user);
      const visitor = await enter(user);
      visitor.expect("/api/drafts/comment-");
      const { page } = visitor;
      // The server has the first copy long before the page hears of it.
      let go;
      const sent = new Promise((resolve) => (go = resolve));
      let saves = 0;
      await visitor.context.route("**/api/drafts/comment-*", async (route) => {
        if (route.request().method() !== "PUT") return route.continue();
        saves++;
        await sent;
        return route.continue().catch(() => {});
      });
      await visitor.go(`/post/${post.slug}`);
      await page.getByLabel("Your comment").fill("Said once");
      await eventually("it is being saved", () => saves === 1);
      const dropped = page.waitForResponse(
        (r) => r.request().method() === "DELETE",
      );
      await page.getByRole("button", { name: "Comment", exact: true }).click();
      await page.locator("#thread").getByText("Said once").waitFor();
      assert.equal((await dropped).status(), 204);
      const late = page.waitForResponse((r) => r.request().method() === "PUT");
      go();
      assert.equal((await late).status(), 409);
      assert.deepEqual(await draftsOf(user), []);
      await visitor.checkFaults();
      await visitor.leave();
    });

    it("that were sent elsewhere are said to be", async () => {
      const user = await people.user();
      const visitor = await enter(user);
      visitor.expect("/api/drafts/new");
      const { page } = visitor;
      await visitor.go("/new");
      const area = page.getByLabel("Your post");
      await area.fill("Half of it");
      await page.getByText("Draft saved").waitFor();
      assert.equal((await user.delete("/api/drafts/new")).status, 204);
      await area.fill("Half of it, and more");
      const note = page.getByRole("alert").filter({ hasText: "sent or" });
      await note.waitFor();
      assert.deepEqual(await draftsOf(user), []);
      assert.deepEqual(await axe(page), []);
      await note.getByRole("button", { name: "Keep the text" }).press("Enter");
      await eventually(
        "it is a draft again",
        async () => (await draftsOf(user))[0]?.content === "Half of it, and more",
      );
      await visitor.checkFaults();
      await visitor.leave();
    });
  });
