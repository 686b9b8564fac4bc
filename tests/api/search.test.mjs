// Search by words, among what the caller may see.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { freshName } from "../lib/people.mjs";
import { people } from "../lib/suite.mjs";
import { walk } from "./feed.test.mjs";

export default () =>
  describe("search", () => {
    let author, reader, word;
    before(async () => {
      [author, reader] = await people.crowd(2);
      word = `zyx${freshName("").replaceAll("_", "")}`;
    });

    const find = async (q) => {
      const answer = await reader.get(`/api/search?q=${encodeURIComponent(q)}`);
      assert.equal(answer.status, 200, `${answer}`);
      return answer.data.items;
    };

    it("finds words of title, content and tags", async () => {
      const post = await people.post(author, {
        title: `About ${word}title`,
        content: `And ${word}content it is.`,
        tags: [`${word}tag`],
      });
      for (const part of ["title", "content", "tag"]) {
        const found = await find(word + part);
        assert.deepEqual(
          found.map((p) => p.id),
          [post.id],
          part,
        );
      }
    });

    it("knows phrases, or, and -without", async () => {
      const [a, b] = [
        await people.post(author, { content: `${word} red planet` }),
        await people.post(author, { content: `${word} planet red moon` }),
      ];
      const ids = async (q) => (await find(q)).map((p) => p.id).sort();
      assert.deepEqual(await ids(`${word} "red planet"`), [a.id]);
      assert.deepEqual(await ids(`${word} planet -moon`), [a.id]);
      assert.deepEqual(await ids(`${word} red`), [a.id, b.id].sort());
    });

    it("finds nothing by words to go without alone", async () => {
      assert.deepEqual(await find(`-${word}`), []);
      assert.deepEqual(await find("-moon -planet"), []);
    });

    it("finds what an edit brought, and not what it took", async () => {
      const post = await people.post(author, { content: `${word}old words` });
      await author.patch(`/api/posts/${post.id}`, {
        content: `${word}new words`,
      });
      assert.equal((await find(`${word}old`)).length, 0);
      assert.equal((await find(`${word}new`))[0].id, post.id);
    });

    it("never finds drafts, private or deleted posts", async () => {
      const secret = `${word}secret`;
      const draft = { content: secret, published: false };
      await people.post(author, draft);
      await people.post(author, { content: secret, visibility: "PRIVATE" });
      await people.post(author, { content: secret, visibility: "FOLLOWERS" });
      const gone = await people.post(author, { content: secret });
      await author.delete(`/api/posts/${gone.id}`);
      assert.deepEqual(await find(secret), []);
    });

    it("pages by cursor", async () => {
      const writer = await people.user();
      const many = `${word}many`;
      const made = [];
      for (let i = 0; i < 7; i++)
        made.push((await people.post(writer, { content: many })).id);
      const items = await walk(reader, `/api/search?q=${many}&limit=3`);
      assert.deepEqual(
        items.map((p) => p.id),
        made.reverse(),
      );
    });

    it("takes any text without a fault", async () => {
      for (const q of [
        ...["'", '"', "\\", "%", "_", ":*", "& | !", "<->", "((", "a & ", "é"],
        ...["-", "- -", '"unclosed', "or or", "日本語", "🎉", "a:b", "x'||'y"],
      ])
        await find(q);
    });

    it("wants words", async () => {
      const none = await reader.get("/api/search");
      assert.ok(none.json.fields.q);
      const long = await reader.get(`/api/search?q=${"x".repeat(201)}`);
      assert.ok(long.json.fields.q);
    });
  });
