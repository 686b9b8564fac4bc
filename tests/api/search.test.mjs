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

    const find = async (q, client = reader) => {
      const answer = await client.get(`/api/search?q=${encodeURIComponent(q)}`);
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

    it("finds parts of texts without blanks, in any form", async () => {
      const texts = {
        検索: "日本語の検索を試す",
        ガンダム: "ｶﾞﾝﾀﾞﾑの話",
        한국어: "한국어를 공부합니다",
        วิดีโอ: "ฉันชอบดูวิดีโอใหม่",
        трейлер: "Мой Трейлер",
        "2.10.3": "Release v2.10.3",
        dc: "AC/DC",
      };
      const tag = freshName("t").replaceAll("_", "-");
      const writer = await people.user();
      for (const [q, title] of Object.entries(texts)) {
        const post = await people.post(writer, { title, tags: [tag] });
        for (const form of ["NFC", "NFD"]) {
          const found = await find(`${q.normalize(form)} tag:${tag}`);
          assert.deepEqual(
            found.map((p) => p.id),
            [post.id],
            `${q} ${form}`,
          );
        }
      }
    });

    it("puts titles first, then whole words, then the newest", async () => {
      const writer = await people.user();
      // Letters alone: a digit makes parts of a token.
      const plain = word.replace(/\d/g, (d) => "abcdefghij"[d]) + "rank";
      const made = {};
      for (const [name, title, content] of [
        ["old", "Old", `${plain}`],
        ["part", "Part", `${plain}.js`],
        ["title", `All of ${plain}`, "x"],
        ["titlePart", `All of ${plain}.js`, "x"],
        ["new", "New", `${plain}`],
      ])
        made[name] = (await people.post(writer, { title, content })).id;
      const order = ["title", "titlePart", "new", "old", "part"];
      const guest = people.guest();
      const path = `/api/search?q=${plain}`;
      const ids = order.map((name) => made[name]);
      for (const limit of [1, 2, 5, 20]) {
        const items = await walk(guest, `${path}&limit=${limit}`);
        assert.deepEqual(items.map((p) => p.id), ids, `limit ${limit}`);
      }
      const recent = await guest.get(`${path}&sortBy=recent&limit=2`);
      assert.deepEqual(
        recent.data.items.map((p) => p.id),
        [made.new, made.titlePart],
      );
      await reader.put(`/api/posts/${made.part}/reactions/LIKE`);
      const popular = await guest.get(`${path}&sortBy=popular&limit=2`);
      assert.deepEqual(
        popular.data.items.map((p) => p.id),
        [made.part, made.new],
      );
      const odd = await guest.get(`${path}&sortBy=odd`);
      assert.ok(odd.json.fields.sortBy, `${odd}`);
    });

    it("goes on rightly while others post", async () => {
      const [writer, other] = await people.crowd(2);
      const made = [];
      for (let i = 0; i < 4; i++)
        made.push((await people.post(writer, { content: `${word}go` })).id);
      const path = `/api/search?q=${word}go&limit=2`;
      const first = await reader.get(path);
      await people.post(other, { content: `${word}go` });
      await people.post(other, { title: `${word}go` });
      const next = await reader.get(`${path}&cursor=${first.data.nextCursor}`);
      assert.deepEqual(
        [...first.data.items, ...next.data.items].map((p) => p.id),
        made.reverse(),
      );
    });

    it("keeps what an edit does not name", async () => {
      const post = await people.post(author, {
        title: `${word}ti`,
        content: `${word}co`,
        excerpt: `${word}ex`,
        tags: [`${word}ta`],
      });
      const found = async () => {
        const parts = [];
        for (const part of ["ti", "co", "ex", "ta", "tj", "cp", "ey", "tb"])
          if ((await find(word + part)).length > 0) parts.push(part);
        return parts.join(" ");
      };
      const edit = (fields) => author.patch(`/api/posts/${post.id}`, fields);
      assert.equal(await found(), "ti co ex ta");
      await edit({ title: `${word}tj` });
      assert.equal(await found(), "co ex ta tj");
      await edit({ content: `${word}cp` });
      assert.equal(await found(), "ex ta tj cp");
      await edit({ excerpt: "" });
      assert.equal(await found(), "ta tj cp");
      await edit({ excerpt: `${word}ey`, tags: [`${word}tb`] });
      assert.equal(await found(), "tj cp ey tb");
      await edit({ commentsEnabled: false });
      assert.equal(await found(), "tj cp ey tb");
    });

    it("looks for very common words among the best posts only", async () => {
      // Many pages: a reader whose limit is not used by others.
      const [writer, other, reader] = await people.crowd(3);
      // Letters only, lest it be taken apart.
      const common = `${word}common`.replace(/\d/g, (d) => "abcdefghij"[d]);
      const all = await people.posts(writer, 3100);
      const [old] = await people.posts(other, 1);
      await stack.sql`UPDATE posts SET published_at = now() - interval '9 years'
        WHERE id = ${old}`;
      const have = (who, vector) => stack.sql`UPDATE post_contents c
        SET search = ${vector}::tsvector, search_of = p.version
        FROM posts p WHERE p.id = c.post_id AND p.author_id = ${who.id}`;
      await have(writer, `'${common}':1 '${common}x':3`);
      await have(other, `'${common}':1 '${common}x':2`);
      const items = await walk(reader, `/api/search?q=${common}&limit=100`);
      const ids = items.map((p) => p.id);
      assert.equal(new Set(ids).size, ids.length, "none twice");
      assert.ok(ids.length > 100 && ids.length <= 2000, `${ids.length}`);
      assert.deepEqual(
        ids,
        all.filter((id) => ids.includes(id)),
        "the newest first",
      );
      // A filter, or another order, looks at all of them; so does a word of
      // few posts.
      const from = await find(`${common} from:${other.name}`, reader);
      assert.deepEqual(
        from.map((p) => p.id),
        [old],
      );
      assert.deepEqual(await find(`"${common} ${common}y"`, reader), []);
      const recent = await reader.get(
        `/api/search?q=${common}&sortBy=recent&limit=1`,
      );
      assert.equal(recent.data.items[0].id, all[0]);
      await have(other, `'${common}':1 '${common}few':2`);
      const few = await find(`${common}few`, reader);
      assert.deepEqual(
        few.map((p) => p.id),
        [old],
      );
      await stack.sql`DELETE FROM posts WHERE author_id = ${writer.id}`;
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

    it("wants words", async () => {
      const none = await reader.get("/api/search");
      assert.ok(none.json.fields.q);
      const long = await reader.get(`/api/search?q=${"x".repeat(201)}`);
      assert.ok(long.json.fields.q);
    });
  });
