// Search by words, among what the caller may see.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { freshName } from "../lib/people.mjs";
import { each, people, stack } from "../lib/suite.mjs";
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

    it("knows phrases, OR, beginnings* and -without", async () => {
      const [a, b] = [
        await people.post(author, { content: `${word} red planet` }),
        await people.post(author, { content: `${word} planet red moon` }),
      ];
      const ids = async (q) => (await find(q)).map((p) => p.id).sort();
      assert.deepEqual(await ids(`${word} "red planet"`), [a.id]);
      assert.deepEqual(await ids(`${word} planet -moon`), [a.id]);
      const both = [a.id, b.id].sort();
      assert.deepEqual(await ids(`${word} red`), both);
      assert.deepEqual(await ids(`${word} “red planet”`), [a.id]);
      assert.deepEqual(await ids(`${word} plan*`), both);
      assert.deepEqual(await ids(`${word} plan* -mo*`), [a.id]);
      assert.deepEqual(await ids(`${word} pl`), []);
      assert.deepEqual(await ids(`${word} moon OR ${word} "red planet"`), both);
      assert.deepEqual(await ids(`${word}no | ${word} moon`), [b.id]);
      assert.deepEqual(await ids(`-moon OR ${word} moon`), [b.id]);
    });

    it("knows tag:, from: and in:", async () => {
      const tag = word.replaceAll(/[^a-z0-9]/g, "");
      const has = { content: `${word}filter one` };
      const other = await people.user();
      const a = await people.post(author, {
        ...has,
        tags: [`${tag}x`, `${tag}y`],
        category: "gaming",
      });
      const b = await people.post(other, { ...has, tags: [`${tag}x`] });
      const both = [a.id, b.id].sort();
      const rows = {
        [`${word}filter tag:${tag}x`]: both,
        [`${word}filter tag:#${tag}X tag:${tag}y`]: [a.id],
        [`${word}filter -tag:${tag}y`]: [b.id],
        [`${word}filter from:${author.name}`]: [a.id],
        [`${word}filter from:@${author.name} from:${other.name}`]: both,
        [`${word}filter -from:${author.name.toUpperCase()}`]: [b.id],
        [`${word}filter from:nobody_of_this_name`]: [],
        [`${word}filter in:gaming`]: [a.id],
        [`${word}filter in:gaming in:music`]: [a.id],
        [`${word}filter -in:gaming`]: [b.id],
        // Without a word to find, the filters say where to look.
        [`tag:${tag}x`]: both,
        [`tag:${tag}x -"${word}filter one"`]: [],
        [`tag:${tag}x -in:gaming -nothing`]: [b.id],
        [`from:${author.name} in:gaming ---`]: [a.id],
        [`-tag:${tag}x`]: [],
      };
      for (const [q, expected] of Object.entries(rows)) {
        const ids = (await find(q)).map((p) => p.id).sort();
        assert.deepEqual(ids, expected, q);
      }
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

    // By a visitor of its own each, since reads are counted.
    const taken = async (q) => {
      const guest = people.guest();
      const answer = await guest.get(`/api/search?q=${encodeURIComponent(q)}`);
      assert.equal(answer.status, 200, `${JSON.stringify(q)}: ${answer}`);
    };

    it("takes any text without a fault", async () => {
      for (const q of [
        ...["'", '"', "\\", "%", "_", ":*", "& | !", "<->", "((", "a & ", "é"],
        ...["-", "- -", '"unclosed', "or or", "日本語", "🎉", "a:b", "x'||'y"],
        ..."- -- ! & | ( '' \\ : * \" OR <-> tag: -tag: from:@ in:"
          .split(" ")
          .flatMap((s) => [s.repeat(33), `${s} `.repeat(33), `a${s}b ${s}c`]),
        ...[`${"-".repeat(33)}a`, "a ".repeat(100), "-a OR ".repeat(33)],
      ])
        await taken(q.slice(0, 200));
    });

    it("takes 300 random texts without a fault", async () => {
      const alphabet = [..."ab- -- \"'|*:()&!<>\\@#%_.,0é日本ー한ไท한🎉\u00ad\u0301"]
        .concat(["OR", " OR ", "tag:", "from:", "in:", " ", " ", "the", "“"]);
      let seed = 7;
      const next = (n) =>
        (seed = (seed * 48271) % 2147483647) % n;
      const texts = Array.from({ length: 300 }, () =>
        Array.from({ length: 1 + next(60) }, () => alphabet[next(alphabet.length)])
          .join("")
          .slice(0, 190),
      );
      await each(texts, 4, taken);
    });

    it("makes a query of any words and marks", async () => {
      const letters = `aB1.-'"\\:*()&|!<> éé日本ー한ไท🎉\u00ad`;
      const marks = ["", "-", "|", "*", '"', "|-", "-*", "|-*"];
      const [{ n }] = await stack.sql`
        SELECT count(search_query(words, marks, i % 3 = 0)) AS n
        FROM (
          SELECT i, array_agg(word) AS words, array_agg(mark) AS marks
          FROM generate_series(1, 1000) i, generate_series(1, 50) j, LATERAL (
            SELECT string_agg(substr(${letters},
                (random() * length(${letters}))::int, 1), '') AS word,
              (${marks}::text[])[(i * 13 + j * j) % 8 + 1] AS mark
            FROM generate_series(1, 7) WHERE i + j > 0
          ) random_word
          GROUP BY i
        ) queries`;
      assert.equal(n, 1000);
    });

    it("wants words", async () => {
      const none = await reader.get("/api/search");
      assert.ok(none.json.fields.q);
      const long = await reader.get(`/api/search?q=${"x".repeat(201)}`);
      assert.ok(long.json.fields.q);
    });
  });
