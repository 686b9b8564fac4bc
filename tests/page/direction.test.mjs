// Directions and languages in pages: what people wrote says its own, and what
// turns a direction ends where their text ends.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { elementsOf, textOf } from "../lib/html.mjs";
import { people, stack } from "../lib/suite.mjs";

const [FSI, PDI, RLO, PDF, LRI] = "\u2068\u2069\u202e\u202c\u2066";

const named = (html, name, having = {}) =>
  elementsOf(html).filter(
    (e) =>
      e.name === name &&
      Object.entries(having).every(([key, value]) =>
        `${e.attributes[key] ?? ""}`.split(" ").includes(value),
      ),
  );

const only = (html, name, having) => {
  const [element] = named(html, name, having);
  assert.ok(element, `there is no ${name}`);
  return element;
};

const titleOf = (html) => textOf(html, only(html, "title"));

export default () =>
  describe("direction", () => {
    let author, reader;
    before(async () => {
      [author, reader] = await people.crowd(2);
    });
    const pageOf = async ({ slug }) =>
      (await reader.page(`/post/${encodeURIComponent(slug)}`)).text;

    it("says language and direction of posts, whole and in lists", async () => {
      const user = await people.user();
      const post = await people.post(user, {
        title: "שלום עולם",
        content: "שלום.\n\nEnglish.\n",
        excerpt: "תקציר",
        language: "he",
      });
      const html = await pageOf(post);
      for (const [name, having] of [
        ["h1", {}],
        ["div", { class: "prose" }],
      ]) {
        const { attributes } = only(html, name, having);
        assert.equal(attributes.dir, "auto", name);
        assert.equal(attributes.lang, "he", name);
      }
      assert.equal(named(html, "p", { dir: "auto" }).length >= 2, true);
      const list = (await reader.page(`/profile/${user.name}`)).text;
      for (const [name, having] of [
        ["h2", { lang: "he" }],
        ["p", { class: "excerpt" }],
      ])
        assert.equal(only(list, name, having).attributes.dir, "auto");
      assert.equal(only(list, "p", { class: "excerpt" }).attributes.lang, "he");
    });

    it("isolates titles that run to the left in the page's title", async () => {
      const post = await people.post(author, { title: "שלום (1)" });
      const html = await pageOf(post);
      assert.ok(
        titleOf(html).startsWith(`${FSI}שלום (1)${PDI} | `),
        titleOf(html),
      );
      const og = only(html, "meta", { property: "og:title" }).attributes;
      assert.equal(og.content, titleOf(html));
      const plain = await people.post(author, { title: "Hello (1)" });
      assert.ok(titleOf(await pageOf(plain)).startsWith("Hello (1) | "));
    });

    it("closes what a title leaves open", async () => {
      const cases = [
        [`abc${RLO}def`, `abc${RLO}def${PDF}`, "abcdef"],
        [`${RLO}${LRI}x`, `${RLO}${LRI}x${PDI}${PDF}`, "x"],
        [`a${PDI}b${PDF}c`, "abc", "abc"],
        [`${FSI}a${PDI} b`, `${FSI}a${PDI} b`, "a b"],
      ];
      for (const [title, closed, inTitle] of cases) {
        const post = await people.post(author, { title, excerpt: title });
        assert.equal(post.title, title); // kept as it was written
        const html = await pageOf(post);
        assert.equal(textOf(html, only(html, "h1")), closed);
        assert.ok(titleOf(html).startsWith(`${inTitle} | `), titleOf(html));
        const { content } = only(html, "meta", {
          name: "description",
        }).attributes;
        assert.equal(content, closed);
      }
    });

    it("keeps the words of a search within their marks", async () => {
      const q = `נועה ${RLO}x`;
      const html = (await reader.page(`/search?q=${encodeURIComponent(q)}`))
        .text;
      assert.equal(textOf(html, only(html, "bdi")), `${q}${PDF}`);
      for (const { attributes } of named(html, "input", { name: "q" }))
        if (attributes.type !== "hidden")
          assert.equal(attributes.dir, "auto", attributes.id);
    });

    it("isolates what a profile tells within our words", async () => {
      const user = await people.user();
      await stack.sql`UPDATE profiles SET display_name = 'نور', bio = 'أهلا',
        location = ${`עיר${RLO}`}, interests = '{موسيقى}'
        WHERE user_id = ${user.id}`;
      const html = (await reader.page(`/profile/${user.name}`)).text;
      const told = named(html, "bdi").map((e) => textOf(html, e));
      assert.ok(told.includes("نور"), `${told}`);
      assert.ok(told.includes(`עיר${RLO}${PDF}`), `${told}`);
      assert.equal(only(html, "p", { class: "bio" }).attributes.dir, "auto");
      assert.equal(
        textOf(html, only(html, "span", { class: "chip", dir: "auto" })),
        "موسيقى",
      );
    });

    it("does not take a post of no language for the page's", async () => {
      const user = await people.user();
      const post = await people.post(user, {
        title: "مرحبا بالعالم",
        content: "مرحبا.",
        excerpt: "ملخص",
      });
      const whole = await pageOf(post);
      const list = (await reader.page(`/profile/${user.name}`)).text;
      for (const [html, name, having] of [
        [whole, "h1", {}],
        [whole, "div", { class: "prose" }],
        [list, "h2", { dir: "auto" }],
        [list, "p", { class: "excerpt" }],
      ])
        assert.equal(only(html, name, having).attributes.lang, "", name);
      const form = (await user.page(
        `/post/${encodeURIComponent(post.slug)}/edit`,
      )).text;
      const field = only(form, "input", { name: "language" }).attributes;
      assert.equal(field.value, "");
      assert.equal(field["data-type"], "language");
    });

    it("lets writers say the language, and shows it", async () => {
      const post = await people.post(author, { language: "pt-BR" });
      const html = (await author.page(`/post/${post.slug}/edit`)).text;
      const field = only(html, "input", { name: "language" }).attributes;
      assert.equal(field.value, "pt-BR");
      for (const [name, having] of [
        ["input", { name: "title" }],
        ["input", { name: "tags" }],
        ["textarea", { name: "content" }],
        ["textarea", { name: "excerpt" }],
      ])
        assert.equal(only(html, name, having).attributes.dir, "auto");
    });
  });
