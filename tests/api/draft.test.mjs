// What is written and not sent: kept for its writer alone.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import { people, stack } from "../lib/suite.mjs";

const list = async (user, query = "") =>
  (await user.get(`/api/drafts${query}`)).data.items;

export default () =>
  describe("drafts", { concurrency: 4 }, () => {
    it("are kept, replaced, listed and dropped", async () => {
      const user = await people.user();
      const place = `comment-${randomUUID()}`;
      const all = {
        title: "Half a ",
        content: "One\n\ttwo",
        tags: "not-a tag!",
        excerpt: "",
        category: "none-such",
        kind: "QUESTION",
        youtubeVideoId: "https://you",
      };
      const first = await user.put("/api/drafts/new", all);
      assert.equal(first.status, 200, `${first}`);
      assert.equal(first.data.place, "new");
      await user.put(`/api/drafts/${place}`, { content: "A remark" });
      const [latest, older] = await list(user);
      assert.equal(latest.place, place);
      assert.equal(latest.title, "");
      const { savedAt, ...rest } = older;
      assert.equal(savedAt, first.data.savedAt);
      assert.deepEqual(rest, { place: "new", ...all });
      await user.put("/api/drafts/new", { content: "Other" });
      const [only, ...none] = await list(user, "?place=new");
      assert.deepEqual(none, []);
      assert.equal(only.content, "Other");
      assert.equal(only.title, "", "the later one stands, whole");
      for (let i = 0; i < 2; i++)
        assert.equal((await user.delete("/api/drafts/new")).status, 204);
      assert.deepEqual((await list(user)).map((d) => d.place), [place]);
    });

    it("are nobody else's, not of staff either", async () => {
      const [user, other] = [await people.user(), await people.user()];
      const admin = await people.user("ADMIN");
      await user.put("/api/drafts/new", { content: "mine alone" });
      for (const one of [other, admin]) {
        assert.deepEqual(await list(one), []);
        await one.put("/api/drafts/new", { content: "of another" });
        assert.equal((await one.delete("/api/drafts/new")).status, 204);
      }
      const [draft] = await list(user);
      assert.equal(draft.content, "mine alone");
      for (const [method, path] of [
        ["GET", "/api/drafts"],
        ["PUT", "/api/drafts/new"],
        ["DELETE", "/api/drafts/new"],
      ]) {
        const json = method === "PUT" ? { json: {} } : {};
        const answer = await people.guest().request(method, path, json);
        assert.equal(answer.status, 401, `${answer}`);
      }
    });

    it("are 50 at most, of which the oldest gives way", async () => {
      const [user, other] = [await people.user(), await people.user()];
      await stack.sql`INSERT INTO drafts (user_id, place, title, content, tags,
          excerpt, category, kind, youtube_video_id, saved_at)
        SELECT u, 'reply-' || md5(i::text)::uuid, 'n' || i, '', '', '', '',
          '', '', clock_now() - i * interval '1 minute'
        FROM generate_series(1, 50) i,
          unnest(${[user.id, other.id]}::uuid[]) u RETURNING 1`;
      await user.put("/api/drafts/new", { content: "the 51st" });
      const titles = (await list(user)).map((d) => d.title);
      assert.equal(titles.length, 50);
      assert.deepEqual(titles.slice(0, 2), ["", "n1"]);
      assert.ok(!titles.includes("n50"));
      // What another writes at the same place is the other's.
      assert.equal((await list(other)).length, 50);
      assert.equal((await list(other)).at(-1).title, "n50");
      // Again, nothing more goes.
      await user.put("/api/drafts/new", { content: "the 51st, changed" });
      assert.equal((await list(user)).length, 50);
    });

    it("have a place, and bounds that are named", async () => {
      const user = await people.user();
      for (const place of ["old", "post-", "post-1", "new-1", "user-x"]) {
        const path = `/api/drafts/${place}`;
        const answer = await user.put(path, { content: "" });
        assert.equal(answer.status, 400, `${answer}`);
        assert.ok(answer.json.fields.place, `${answer}`);
      }
      const long = { content: "x".repeat(100001), title: "y".repeat(501) };
      const answer = await user.put("/api/drafts/new", long);
      assert.deepEqual(Object.keys(answer.json.fields).sort(), [
        "content",
        "title",
      ]);
    });

    it("leave the browser at the log-out", async () => {
      const user = await people.user();
      const answer = await user.post("/api/auth/logout");
      assert.equal(answer.status, 204, `${answer}`);
      assert.equal(answer.headers["clear-site-data"], '"storage"');
    });
  });
