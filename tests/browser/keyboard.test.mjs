// The same by keyboard alone: no click, no fill, only keys.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { addressOf, codeOf, freshName, password } from "../lib/people.mjs";
import { stack } from "../lib/suite.mjs";
import { Visitor } from "./browser.mjs";

/** Tabs on until the focus is where wanted; fails where it never comes. */
async function tabTo(page, selector, { back = false, most = 120 } = {}) {
  for (let i = 0; i < most; i++) {
    const there = await page.evaluate(
      (s) => Boolean(document.activeElement?.matches(s)),
      selector,
    );
    if (there) return;
    await page.keyboard.press(back ? "Shift+Tab" : "Tab");
  }
  assert.fail(`${selector} is not reached by Tab`);
}

const type = (page, words) => page.keyboard.type(words);

async function ringIsSeen(page) {
  return page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    const outline =
      style.outlineStyle !== "none" && style.outlineWidth !== "0px";
    return outline || style.boxShadow !== "none";
  });
}

export default () =>
  describe("keyboard alone", { concurrency: 1 }, () => {
    const name = freshName("keys");
    const title = `By keys ${name}`;
    let visitor, page;
    before(async () => {
      visitor = await Visitor.enter({ name });
      ({ page } = visitor);
    });
    after(() => visitor?.leave());

    it("skips to the content", async () => {
      await visitor.go("/");
      await page.keyboard.press("Tab");
      assert.equal(
        await page.evaluate(() => document.activeElement.textContent),
        "Skip to content",
      );
      assert.ok(await ringIsSeen(page));
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => location.hash === "#main");
    });

    it("registers and verifies", async () => {
      await visitor.go("/register");
      await tabTo(page, "#email");
      assert.ok(await ringIsSeen(page));
      await type(page, addressOf(name));
      await tabTo(page, "#username");
      await type(page, name);
      await tabTo(page, "#password");
      await type(page, password);
      await tabTo(page, "[name=agreeToTerms]");
      await page.keyboard.press("Space");
      await tabTo(page, "main form button");
      await page.keyboard.press("Enter");
      await page.waitForURL(`**/verify-email?username=${name}`);
      await tabTo(page, "#code");
      await type(page, await codeOf(stack, addressOf(name)));
      await page.keyboard.press("Enter");
      await page.waitForURL((url) => url.pathname === "/login");
      await logIn(`${stack.url}/welcome`);
      await visitor.checkFaults();
    });

    async function logIn(then) {
      await tabTo(page, "#email");
      await type(page, addressOf(name));
      await tabTo(page, "#password");
      await type(page, password);
      await page.keyboard.press("Enter");
      await page.waitForURL(then);
    }

    it("writes a post, by the tabs and tools of the editor", async () => {
      await visitor.go("/new");
      await tabTo(page, "#title");
      await type(page, title);
      await tabTo(page, "#content");
      await page.keyboard.press("Control+b");
      await type(page, "strong words");
      await tabTo(page, "#write-tab", { back: true });
      await page.keyboard.press("ArrowRight");
      await page.locator(".preview strong").waitFor();
      await page.keyboard.press("ArrowLeft");
      await tabTo(page, "button[name=published][value=true]");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/post/**");
      assert.equal(await page.locator("h1").textContent(), title);
      await visitor.checkFaults();
    });

    it("comments, likes and takes the like back", async () => {
      await tabTo(page, "#comment");
      await type(page, "By keys too.");
      await tabTo(page, "#composer button");
      await page.keyboard.press("Enter");
      await page.locator("#thread", { hasText: "By keys too." }).waitFor();
      await visitor.go(page.url());
      await tabTo(page, ".article [data-type=LIKE]");
      assert.ok(await ringIsSeen(page));
      const pressed = () =>
        page.evaluate(() =>
          document.activeElement.getAttribute("aria-pressed"),
        );
      await page.keyboard.press("Space");
      await visitor.settle();
      assert.equal(await pressed(), "true");
      await page.keyboard.press("Space");
      await visitor.settle();
      assert.equal(await pressed(), "false");
      await visitor.checkFaults();
    });

    it("opens the menu, leaves it by Escape, and logs out by it", async () => {
      await visitor.go("/");
      await tabTo(page, "summary");
      await page.keyboard.press("Enter");
      assert.equal(await page.locator(".menu[open]").count(), 1);
      await page.keyboard.press("Escape");
      assert.equal(await page.locator(".menu[open]").count(), 0);
      await page.keyboard.press("Enter");
      await tabTo(page, ".menu-panel form button");
      await page.keyboard.press("Enter");
      await page.getByRole("link", { name: "Log in" }).first().waitFor();
      await visitor.checkFaults();
    });
  });
