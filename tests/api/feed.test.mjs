// Lists of posts: orders, filters, pages by number and by cursor.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { freshName } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";

/** All items of a list by its cursors; between pages something may happen. */
export async function walk(client, path, between = () => {}) {
  const items = [];
  let cursor = "";
  for (let i = 0; i < 100; i++) {
    const joint = path.includes("?") ? "&" : "?";
    const answer = await client.get(
      cursor ? `${path}${joint}cursor=${encodeURIComponent(cursor)}` : path,
    );
    assert.equal(answer.status, 200, `${answer}`);
    items.push(...answer.data.items);
    assert.equal(answer.data.hasMore, Boolean(answer.data.nextCursor));
    if (!answer.data.hasMore) return items;
    cursor = answer.data.nextCursor;
    await between(i);
  }
  assert.fail("the list has no end");
}

const ids = (items) => items.map((item) => item.id);

const ordered = (values) =>
  values.every((v, i) => i === 0 || v <= values[i - 1]);

export default () =>
  describe("feed", () => {
    let author, reader, tag, all;
    before(async () => {
      [author, reader] = await people.crowd(2);
      tag = freshName("t").replaceAll("_", "-");
      all = await people.posts(author, 53, { tags: [tag] });
    });

    it("walks by cursor without gap or double", async () => {
      const items = await walk(reader, `/api/posts?tag=${tag}&limit=10`);
      assert.deepEqual(ids(items), all);
    });

    it("walks whole while posts come in front", async () => {
      const fresh = freshName("w").replaceAll("_", "-");
      const before_ = await people.posts(author, 31, { tags: [fresh] });
      const items = await walk(reader, `/api/posts?tag=${fresh}&limit=7`, () =>
        people.posts(author, 3, { tags: [fresh, "later"] }),
      );
      const seen = ids(items);
      assert.equal(new Set(seen).size, seen.length, "no double");
      for (const id of before_) assert.ok(seen.includes(id), "no gap");
    });

    it("walks whole while posts on the way are deleted", async () => {
      const fresh = freshName("d").replaceAll("_", "-");
      const list = await people.posts(author, 20, { tags: [fresh] });
      const items = await walk(
        reader,
        `/api/posts?tag=${fresh}&limit=5`,
        (i) =>
          stack.sql`UPDATE posts SET deleted_at = now()
          WHERE id = ${list[i * 5 + 4]}`,
      );
      assert.deepEqual(ids(items), list);
    });

    it("tells total, page and pages by number", async () => {
      const page = (n) =>
        reader.get(`/api/posts?tag=${tag}&limit=20&page=${n}`);
      const { data } = await page(3);
      assert.equal(data.total, 53);
      assert.equal(data.page, 3);
      assert.equal(data.pageSize, 20);
      assert.equal(data.totalPages, 3);
      assert.equal(data.hasMore, false);
      assert.deepEqual(ids(data.items), all.slice(40));
      const first = (await page(1)).data;
      assert.equal(first.hasMore, true);
      assert.deepEqual(ids(first.items), all.slice(0, 20));
      const beyond = (await page(4)).data;
      assert.deepEqual(beyond.items, []);
      assert.equal("total" in beyond, false, "not 0: there are 53");
    });

    it("tells no total where none is kept, and never a wrong one", async () => {
      const { slug } = (await reader.get("/api/categories")).data.items[0];
      const fan = await people.user();
      const writer = await people.user();
      await fan.put(`/api/users/${writer.name}/follow`);
      const mark = freshName("m").replaceAll("_", "-");
      await people.post(writer, { category: slug, tags: [mark] });
      for (const asked of [
        "timeRange=day",
        `timeRange=year&author=${writer.name}`,
        `category=${slug}&tag=${mark}`,
        `author=${writer.name}&tag=${mark}`,
        `author=${writer.name}&kind=ARTICLE&sort=popular`,
        `tag=${mark}&sort=trending`,
        "sort=following",
      ])
        for (const limit of [1, 100]) {
          const { data } = await fan.get(`/api/posts?${asked}&limit=${limit}`);
          assert.ok(data.items.length > 0, asked);
          for (const member of ["total", "totalPages", "totalIsEstimate"])
            assert.equal(member in data, false, `${member} of ${asked}`);
        }
    });

    it("tells an exact total on every page of a list that has one", async () => {
      const writer = await people.user();
      const category = freshName("total").replaceAll("_", "-");
      await stack.sql`INSERT INTO categories (name, slug)
        VALUES (${category}, ${category})`;
      for (let i = 0; i < 3; i++) await people.post(writer, { category });
      for (const asked of [
        `category=${category}`,
        `category=${category}&sort=popular`,
        `category=${category}&sort=trending`,
        `author=${writer.name}`,
      ]) {
        const path = `/api/posts?${asked}&limit=2`;
        const first = (await reader.get(path)).data;
        assert.equal(first.total, 3, asked);
        assert.equal(first.totalPages, 2);
        assert.equal(first.page, 1);
        const rest = (await reader.get(`${path}&cursor=${first.nextCursor}`))
          .data;
        assert.equal(rest.items.length, 1);
        assert.equal(rest.total, 3, `${asked} by cursor`);
        assert.equal("page" in rest, false, "a cursor's page has no number");
      }
      const none = await reader.get("/api/posts?category=no-such-category");
      assert.equal(none.data.total, 0);
    });

    it("goes on by cursor where a page by number ended", async () => {
      const first = (await reader.get(`/api/posts?tag=${tag}&limit=20`)).data;
      const cursor = encodeURIComponent(first.nextCursor);
      const second = await reader.get(
        `/api/posts?tag=${tag}&limit=20&cursor=${cursor}`,
      );
      assert.deepEqual(ids(second.data.items), all.slice(20, 40));
    });

    it("heeds limits of 1 and 100, and no others", async () => {
      const list = (n) => reader.get(`/api/posts?tag=${tag}&limit=${n}`);
      assert.equal((await list(1)).data.items.length, 1);
      assert.equal((await list(100)).data.items.length, 53);
      for (const n of [0, 101, -1, "x", "1.5", ""])
        assert.ok(
          n === "" || (await list(n)).json.fields?.limit,
          `limit ${n} is refused by name`,
        );
    });

    it("refuses a cursor that it never gave", async () => {
      for (const bad of ["x", "AAAA", "%00", "é", "a".repeat(300)]) {
        const answer = await reader.get(
          `/api/posts?cursor=${encodeURIComponent(bad)}`,
        );
        assert.equal(answer.status, 400, bad);
        assert.ok(answer.json.fields.cursor);
      }
    });

    it("lists the newest first", async () => {
      const { items } = (await reader.get("/api/posts?limit=50")).data;
      assert.ok(ordered(items.map((p) => p.publishedAt)));
    });

    it("lists by popularity and by trend", async () => {
      const liked = all[40];
      await reader.put(`/api/posts/${liked}/reactions/LOVE`);
      for (const sort of ["popular", "trending"]) {
        const items = await walk(
          reader,
          `/api/posts?tag=${tag}&sort=${sort}&limit=20`,
        );
        assert.equal(items.length, 53, sort);
        assert.equal(new Set(ids(items)).size, 53, sort);
      }
      const popular = await reader.get(`/api/posts?tag=${tag}&sort=popular`);
      assert.equal(popular.data.items[0].id, liked);
      await reader.delete(`/api/posts/${liked}/reactions/LOVE`);
    });

    it("puts nothing that nobody cared for above what people did", async (t) => {
      const writer = await people.user();
      // Counters equal their rows in the end (last.test.mjs).
      t.after(() => stack.sql`UPDATE posts SET score = 0, reaction_count = 0,
          hot = post_hot(0, published_at)
        WHERE author_id = ${writer.id}`);
      const mark = freshName("tr").replaceAll("_", "-");
      const list = await people.posts(writer, 6, { tags: [mark] });
      const rank = (id, score, age) => stack.sql`UPDATE posts SET
          score = ${score}::int, reaction_count = ${score}::int,
          published_at = now() - ${age}::interval WHERE id = ${id}`;
      await rank(list[0], 0, "1 minute");
      await rank(list[1], 16, "3 days");
      await rank(list[2], 16, "40 days");
      await rank(list[3], 1, "60 hours");
      await rank(list[4], 1, "200 days");
      await rank(list[5], 0, "2 hours");
      const wanted = [1, 3, 2, 4, 0, 5].map((i) => list[i]);
      for (const asked of [`tag=${mark}`, `author=${writer.name}`]) {
        const { data } = await reader.get(`/api/posts?${asked}&sort=trending`);
        assert.deepEqual(ids(data.items), wanted, asked);
        assert.deepEqual(
          data.items.map((p) => p.trendScore),
          [16, 1, 16, 1, 0, 0],
        );
        const recent = await reader.get(`/api/posts?${asked}`);
        assert.ok(recent.data.items.every((p) => p.trendScore === null));
      }
    });

    it("says why a post is in the list by trend", async () => {
      const writer = await people.user();
      const { data } = await reader.get("/api/categories");
      const post = await people.post(writer, { category: data.items[0].slug });
      for (const path of [
        `/api/posts?sort=trending&category=${post.category.slug}&limit=100`,
        "/api/posts?sort=trending&limit=1",
      ]) {
        const list = (await reader.get(path)).data.items;
        assert.ok(list.length > 0);
        for (const p of list) assert.ok(Number.isInteger(p.trendScore), path);
      }
      const page = (sort) => reader.page(`/?sort=${sort}`);
      assert.match((await page("trending")).text, /Why here: /);
      assert.doesNotMatch((await page("recent")).text, /Why here: /);
      const found = await reader.get(`/api/search?q=${encodeURIComponent(post.title)}`);
      assert.ok(found.data.items.every((p) => p.trendScore === null));
    });

    it("lists of an author, with the right total", async () => {
      const other = await people.user();
      const list = await people.posts(other, 5);
      const { data } = await reader.get(`/api/posts?author=${other.name}`);
      assert.deepEqual(ids(data.items), list);
      assert.equal(data.total, 5);
      const upper = await reader.get(
        `/api/posts?author=${other.name.toUpperCase()}`,
      );
      assert.equal(upper.data.items.length, 5);
    });

    it("lists of a category, and of a kind", async () => {
      const { data } = await reader.get("/api/categories");
      const category = data.items[0].slug;
      const writer = await people.user();
      const post = await people.post(writer, { category, kind: "GALLERY" });
      assert.equal(post.category.slug, category);
      for (const filter of [`category=${category}`, "kind=GALLERY"]) {
        const list = (await reader.get(`/api/posts?${filter}`)).data;
        assert.ok(ids(list.items).includes(post.id), filter);
        assert.ok(list.total >= 1, filter);
      }
      const after_ = await reader.get("/api/categories");
      assert.equal(
        after_.data.items.find((c) => c.slug === category).posts >= 1,
        true,
      );
    });

    it("combines filters", async () => {
      const path =
        `/api/posts?tag=${tag}&author=${author.name}` +
        "&kind=ARTICLE&timeRange=day&limit=100";
      const { items } = (await reader.get(path)).data;
      assert.deepEqual(ids(items), all);
      const none = await reader.get(`${path}&category=no-such`);
      assert.deepEqual(none.data.items, []);
    });

    it("keeps to the time range", async () => {
      const fresh = freshName("old").replaceAll("_", "-");
      const list = await people.posts(author, 3, { tags: [fresh] });
      await stack.sql`UPDATE posts SET published_at = now() - interval '3 days'
        WHERE id = ${list[0]}`;
      const count = async (range) =>
        (await reader.get(`/api/posts?tag=${fresh}&timeRange=${range}`)).data
          .items.length;
      assert.equal(await count("day"), 2);
      assert.equal(await count("week"), 3);
      assert.equal(await count("all"), 3);
    });

    it("lists what one follows, to who is signed in", async () => {
      const fan = await people.user();
      const star = await people.user();
      const list = await people.posts(star, 25);
      await fan.put(`/api/users/${star.name}/follow`);
      const items = await walk(fan, "/api/posts?sort=following&limit=10");
      assert.deepEqual(ids(items), list);
      const guest = await people.guest().get("/api/posts?sort=following");
      assert.equal(guest.status, 401);
    });

    it("tells what the viewer did, and nothing to visitors", async () => {
      const fan = await people.user();
      await fan.put(`/api/posts/${all[0]}/reactions/WOW`);
      const list = (await fan.get(`/api/posts?tag=${tag}&limit=2`)).data.items;
      assert.deepEqual(list[0].viewer.reacted, ["WOW"]);
      assert.deepEqual(list[1].viewer.reacted, []);
      const guest = await people.guest().get(`/api/posts?tag=${tag}&limit=1`);
      assert.equal(guest.data.items[0].viewer, null);
    });
  });
