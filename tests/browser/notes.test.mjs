// What is said of a text that lost control characters, and footnotes.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { people } from "../lib/suite.mjs";
import { Visitor, axe, shots, tooWide } from "./browser.mjs";

async function enter(user, options) {
  const visitor = await Visitor.enter(options);
  await visitor.takeSession(user);
  return visitor;
}

const focused = (page) =>
  page.evaluate(() => document.activeElement.getAttribute("aria-label"));

/** Whether what an address leads to stands wholly below the header. */
const belowHeader = (page) =>
  page.waitForFunction(() => {
    const head = document.querySelector(".site-header");
    const target = document.querySelector(":target");
    if (!target) return false;
    const { top, bottom } = target.getBoundingClientRect();
    return top >= head.getBoundingClientRect().bottom && bottom <= innerHeight;
  });

const noted = [
  "A word[^a] of it, and another[^b], and the first again[^a].",
  ...Array.from({ length: 30 }, (_, i) => `Line ${i} of many words.`),
  "[^a]: The *first* note.",
  "[^b]: The second.",
].join("\n\n");
const arabic = "كلمة[^a] وكلمة أخرى[^a].\n\n[^a]: حاشية.\n";

export default () =>
  describe("notes", { concurrency: 1 }, () => {
    it("waits with a comment until its note is read", async () => {
      const [author, reader] = await people.crowd(2);
      const post = await people.post(author);
      const visitor = await enter(reader, { width: 360 });
      const { page } = visitor;
      await visitor.go(`/post/${post.slug}`);
      const area = page.getByLabel("Your comment");
      await area.fill("Pasted\u0001 from\u001b a terminal");
      await page.getByRole("button", { name: "Comment", exact: true }).click();
      const note = page.locator("#composer [role=status]");
      await note.getByText("2 control characters were left out").waitFor();
      await note.getByText("Your comment:").waitFor();
      const go = page.getByRole("button", { name: "Go on" });
      assert.ok(await go.evaluate((b) => b === document.activeElement));
      assert.match(await area.inputValue(), /Pasted.*terminal/);
      assert.ok((await tooWide(page)) <= 0);
      assert.deepEqual(await axe(page), []);
      await page.screenshot({ path: `${shots}/note-comment.png` });
      await page.keyboard.press("Enter");
      await page.locator("#thread", { hasText: "from a terminal" }).waitFor();
      assert.equal(await page.getByLabel("Your comment").inputValue(), "");
      await visitor.checkFaults();
      await visitor.leave();
    });

    it("waits with a post, too", async () => {
      const visitor = await enter(await people.user());
      const { page } = visitor;
      await visitor.go("/new");
      await page.getByLabel("Title").fill("A ti\u0007tle");
      await page.getByLabel("Your post").fill("Text\u007f of it");
      await page.getByRole("button", { name: "Publish" }).click();
      const note = page.locator("form.editor .alert[role=status]");
      await note.getByText("Title: 1 control character").waitFor();
      await note.getByText("Your post: 1 control character").waitFor();
      assert.equal(new URL(page.url()).pathname, "/new");
      await page.screenshot({ path: `${shots}/note-post.png` });
      await page.getByRole("button", { name: "Go on" }).click();
      await page.waitForURL((url) => url.pathname.startsWith("/post/"));
      await page.getByRole("heading", { name: "A title" }).waitFor();
      await visitor.checkFaults();
      await visitor.leave();
    });

    it("follows a footnote and comes back by keys", async () => {
      const author = await people.user();
      const post = await people.post(author, { content: noted });
      const visitor = await enter(author);
      const { page } = visitor;
      await visitor.go(`/post/${post.slug}`);
      const refs = page.getByRole("link", { name: "Footnote 1", exact: true });
      assert.equal(await refs.count(), 2);
      for (const [i, back] of ["1", "1-2"].entries()) {
        await refs.nth(i).focus();
        await page.keyboard.press("Enter");
        await page.waitForFunction(() =>
          document.querySelector(".footnotes li:first-child:target"),
        );
        await belowHeader(page);
        for (let n = 0; n <= i; n++) await page.keyboard.press("Tab");
        assert.equal(await focused(page), `Back to reference ${back}`);
        await page.keyboard.press("Enter");
        await page.waitForFunction(() =>
          document.querySelector("a.footnote:target"),
        );
        await belowHeader(page);
        assert.ok(await refs.nth(i).evaluate((a) => a.matches(":target")));
      }
      await visitor.checkFaults();
      await visitor.leave();
    });

    it("shows footnotes in both themes, widths and directions", async () => {
      const author = await people.user();
      const post = await people.post(author, {
        content: noted.replace(/(Line \d+ of many words.\s+)+/, ""),
      });
      await people.comment(author, post, arabic);
      for (const theme of ["dark", "light"])
        for (const width of [360, 1280]) {
          const visitor = await enter(author, { theme, width });
          const { page } = visitor;
          await visitor.go(`/post/${post.slug}`);
          assert.ok((await tooWide(page)) <= 0);
          const lines = await page.evaluate(() => {
            const p = document.querySelector(".article .prose p");
            const [with_, without] = [p, p.cloneNode(true)];
            for (const s of without.querySelectorAll("sup"))
              s.replaceWith(s.textContent);
            p.after(without);
            const heights = [with_, without].map((n) => n.offsetHeight);
            without.remove();
            return heights;
          });
          assert.equal(lines[0], lines[1]);
          const backs = await page
            .locator(".footnote-back")
            .evaluateAll((all) => all.map((a) => a.getBoundingClientRect()));
          assert.equal(backs.length, 5);
          for (const { width: wide, height } of backs)
            assert.ok(wide >= 24 && height >= 24, `${wide} x ${height}`);
          assert.deepEqual(await axe(page), []);
          await page.locator(".footnote").first().click();
          await page.screenshot({
            path: `${shots}/footnotes-${theme}-${width}.png`,
            fullPage: true,
          });
          await visitor.checkFaults();
          await visitor.leave();
        }
    });
  });
