// Directions as a browser works them out, and what stacked marks may not do.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { people } from "../lib/suite.mjs";
import { Visitor, tooWide } from "./browser.mjs";

/** Of each element: its direction, and at which edge its first line begins. */
function sides(selector) {
  return [...document.querySelectorAll(selector)].map((e) => {
    const range = document.createRange();
    range.selectNodeContents(e);
    const line = range.getClientRects()[0];
    const box = e.getBoundingClientRect();
    const style = getComputedStyle(e);
    const left = line.left - box.left - parseFloat(style.paddingLeft);
    const right = box.right - line.right - parseFloat(style.paddingRight);
    return `${style.direction} ${left <= right ? "left" : "right"}`;
  });
}

const long = (s) => `${s} `.repeat(2).trim();
const marks = "\u0e48\u0e49\u0e4a\u0e4b".repeat(60); // Thai tones
const stacked = `\u0e01${marks}`;
const zalgo = `Z${"\u030d\u030e\u0304\u0316\u0317\u0318".repeat(40)}algo`;

export default () =>
  describe("direction", { concurrency: 1 }, () => {
    let author;
    before(async () => {
      author = await people.user();
    });

    async function see(path, { width = 800, theme } = {}) {
      const reader = await Visitor.enter({ width, theme });
      await reader.go(path);
      return reader;
    }

    it("sets each paragraph by its own text", async () => {
      const post = await people.post(author, {
        title: "مرحبا بالعالم",
        language: "ar",
        content: [
          "مرحبا بكم في الصفحة.",
          "Here is English.",
          "## כותרת",
          "- שלום\n- שלום ABC",
          "- one\n\n  two",
          "- אחת\n\n  two",
          "> ציטוט\n>\n> and English",
          "`code` شيفرة",
          "@name #tag شكرا",
          "```\nx = 'א'\n```",
        ].join("\n\n"),
      });
      const reader = await see(`/post/${encodeURIComponent(post.slug)}`);
      const at = (selector) => reader.page.evaluate(sides, selector);
      assert.deepEqual(await at("h1"), ["rtl right"]);
      assert.deepEqual(await at(".prose > p"), [
        ...["rtl right", "ltr left", "rtl right", "rtl right"],
      ]);
      assert.deepEqual(await at(".prose > h3"), ["rtl right"]);
      const lists = await reader.page.evaluate(() =>
        [...document.querySelectorAll(".prose > ul")].map(
          (e) => getComputedStyle(e).direction,
        ),
      );
      assert.deepEqual(lists, ["rtl"]); // Markdown makes one of the three
      const quote = await at(".prose > blockquote > p");
      assert.deepEqual(quote, ["rtl right", "rtl left"]);
      assert.deepEqual(await at(".prose > pre"), ["ltr left"]);
      const code = await at(".prose p > code");
      assert.deepEqual(code, ["ltr left"]);
      await reader.checkFaults();
      await reader.leave();
    });

    it("sets comments, cards and forms by their text", async () => {
      const user = await people.user();
      const post = await people.post(user, {
        title: "שלום לכולם",
        content: "שלום לכולם, ברוכים הבאים.",
        language: "he",
      });
      await people.comment(user, post, "تعليق قصير");
      await people.comment(user, post, "A short comment");
      const reader = await see(`/post/${encodeURIComponent(post.slug)}`);
      const comments = await reader.page.evaluate(sides, ".comment .prose > p");
      assert.deepEqual(comments.sort(), ["ltr left", "rtl right"]);
      await reader.go(`/profile/${user.name}`);
      for (const [selector, wanted] of [
        [".post-card h2", "rtl right"],
        [".post-card .excerpt", "rtl right"],
      ])
        assert.deepEqual(await reader.page.evaluate(sides, selector), [wanted]);
      const language = await reader.page.evaluate(
        () => document.querySelector(".post-card h2:lang(he)") !== null,
      );
      assert.ok(language);
      const other = await people.user();
      await people.post(other, { title: "مرحبا", content: "مرحبا بكم." });
      await reader.go(`/profile/${other.name}`);
      const page = await reader.page.evaluate(
        () => document.querySelector(".post-card h2:lang(en)") !== null,
      );
      assert.equal(page, false);
      await reader.takeSession(user);
      await reader.go("/new");
      for (const label of ["Title", "Your post"]) {
        const field = reader.page.getByLabel(label, { exact: true });
        const direction = () =>
          field.evaluate((e) => getComputedStyle(e).direction);
        await field.fill("שלום");
        assert.equal(await direction(), "rtl", label);
        await field.fill("Hello");
        assert.equal(await direction(), "ltr", label);
      }
      await reader.checkFaults();
      await reader.leave();
    });

    it("ends an override where the title ends", async () => {
      const user = await people.user();
      await people.post(user, {
        title: "abc \u202edef",
        excerpt: "ghi \u202ejkl",
      });
      const reader = await see(`/profile/${user.name}`);
      // Where each letter of a text is drawn, from left to right.
      const order = (selector) =>
        reader.page.evaluate((s) => {
          const walker = document.createTreeWalker(
            document.querySelector(s),
            NodeFilter.SHOW_TEXT,
          );
          const seen = [];
          while (walker.nextNode())
            [...walker.currentNode.data].forEach((letter, i) => {
              const range = document.createRange();
              range.setStart(walker.currentNode, i);
              range.setEnd(walker.currentNode, i + 1);
              const { left, width } = range.getBoundingClientRect();
              if (width > 0 && /\S/.test(letter)) seen.push([left, letter]);
            });
          return seen
            .sort(([a], [b]) => a - b)
            .map(([, letter]) => letter)
            .join("");
        }, selector);
      assert.equal(await order(".post-card h2"), "abcfed");
      assert.equal(await order(".post-card .excerpt"), "ghilkj");
      assert.equal(await order(".post-card .level"), "Level1");
      await reader.leave();
    });

    it("keeps stacked marks within 360 px, and off their neighbours", async () => {
      const user = await people.user();
      const words = { title: long(stacked), excerpt: long(stacked) };
      const post = await people.post(user, {
        ...words,
        content: long(stacked),
      });
      await people.post(user, { title: "The neighbour above" });
      await people.comment(
        user,
        post,
        `${stacked}\n\n- ${zalgo}\n\n> ${stacked}`,
      );
      const tall = await people.user();
      await people.post(tall, { title: "The neighbour below" });
      await people.post(tall, { title: zalgo, content: zalgo });
      for (const path of [
        `/post/${encodeURIComponent(post.slug)}`,
        `/profile/${user.name}`,
      ]) {
        const reader = await see(path, { width: 360 });
        assert.ok((await tooWide(reader.page)) <= 0, path);
        const beyond = await reader.page.evaluate(() =>
          [...document.querySelectorAll("main *")]
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
            .filter((e) => getComputedStyle(e).display !== "inline")
            .filter((e) => !e.closest(".tabs, .sr"))
            .map((e) => e.outerHTML.slice(0, 80)),
        );
        assert.deepEqual(beyond, [], path);
        await reader.leave();
      }
      const reader = await see(`/profile/${tall.name}`, { width: 360 });
      assert.ok((await tooWide(reader.page)) <= 0);
      // The card below looks the same whether the one above shows its marks:
      // hidden, not taken out, so that nothing moves by a part of a pixel. A
      // picture counts when the next one is like it (fonts, pictures loaded).
      const { page } = reader;
      const below = page.locator(".post-card", { hasText: "below" });
      const looks = async () => {
        let last = Buffer.alloc(0);
        for (;;) {
          const now = await below.screenshot({ animations: "disabled" });
          if (now.equals(last)) return now;
          last = now;
        }
      };
      const withMarks = await looks();
      const title = page.locator(".post-card h2 a").first();
      await title.evaluate((e) => (e.style.visibility = "hidden"));
      assert.ok((await looks()).equals(withMarks));
      await reader.leave();
    });
  });
