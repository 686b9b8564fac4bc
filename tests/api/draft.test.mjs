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
      const { savedAt, version, ...rest } = older;
      assert.equal(savedAt, first.data.savedAt);
      assert.equal(version, first.data.version);
      assert.deepEqual(rest, { place: "new", ...all, dropped: false });
      await user.put("/api/drafts/new", { content: "Other", version });
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
      const last = await user.put("/api/drafts/new", { content: "the 51st" });
      const titles = (await list(user)).map((d) => d.title);
      assert.equal(titles.length, 50);
      assert.deepEqual(titles.slice(0, 2), ["", "n1"]);
      assert.ok(!titles.includes("n50"));
      // What another writes at the same place is the other's.
      assert.equal((await list(other)).length, 50);
      assert.equal((await list(other)).at(-1).title, "n50");
      // Again, nothing more goes.
      const { version } = last.data;
      const again = { content: "the 51st, changed", version };
      assert.equal((await user.put("/api/drafts/new", again)).status, 200);
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

    it("are not written over by who has not read them", async () => {
      const user = await people.user();
      const put = (content, version) =>
        user.put("/api/drafts/new", { content, version });
      const one = (await put("one")).data.version;
      assert.ok(Number.isSafeInteger(one) && one > 0);
      for (const wrong of [undefined, 0, one - 1, one + 1]) {
        const answer = await put("unseen", wrong);
        assert.equal(answer.status, 409, `${answer}`);
        assert.equal(answer.json.code, "DRAFT_STALE");
      }
      const two = (await put("two", one)).data.version;
      assert.ok(two > one);
      const late = await user.delete(`/api/drafts/new?version=${one}`);
      assert.equal(late.status, 409, `${late}`);
      assert.equal(late.json.code, "DRAFT_STALE");
      const [there] = await list(user, "?place=new");
      assert.deepEqual([there.content, there.version], ["two", two]);
      for (const wrong of [-1, "x", 1.5]) {
        const answer = await put("odd", wrong);
        assert.equal(answer.status, 400, `${answer}`);
        assert.ok(answer.json.fields.version);
        const drop = await user.delete(`/api/drafts/new?version=${wrong}`);
        assert.equal(drop.status, 400, `${drop}`);
      }
    });

    it("do not come back once they were sent", async () => {
      const user = await people.user();
      const put = (content, version) =>
        user.put("/api/drafts/new", { content, version });
      const drop = (version) =>
        user.delete(`/api/drafts/new?version=${version}`);
      // The first copy of one is still on its way: nothing is there yet.
      assert.equal((await drop(0)).status, 204);
      const late = await put("sent already");
      assert.equal(late.status, 409, `${late}`);
      assert.equal(late.json.code, "DRAFT_DROPPED");
      const [left, ...none] = await list(user, "?place=new");
      assert.deepEqual(none, []);
      assert.deepEqual([left.dropped, left.content], [true, ""]);
      assert.deepEqual(await list(user), []);
      // Whoever knows of that begins anew.
      const fresh = await put("the next", left.version);
      assert.equal(fresh.status, 200, `${fresh}`);
      const { version } = fresh.data;
      assert.ok(version > left.version);
      for (let i = 0; i < 2; i++) assert.equal((await drop(version)).status, 204);
      for (const old of [left.version, version]) {
        const answer = await put("old", old);
        assert.equal(answer.json.code, "DRAFT_DROPPED", `${answer}`);
      }
      const [row] = await stack.sql`SELECT content, title FROM drafts
        WHERE user_id = ${user.id}`;
      assert.deepEqual({ ...row }, { content: "", title: "" });
      // After the row is swept no version comes again.
      await stack.sql`DELETE FROM drafts WHERE user_id = ${user.id}`;
      const later = await put("long after", version);
      assert.ok(later.data.version > version, `${later}`);
    });

    it("racing: of two devices one is kept, the other told", async () => {
      for (let round = 0; round < 5; round++) {
        const user = await people.user();
        const others = [user, await people.logIn(user.name)];
        const { version } = (
          await user.put("/api/drafts/new", { content: "both read this" })
        ).data;
        const answers = await Promise.all(
          Array.from({ length: 8 }, (_, i) =>
            others[i % 2].put("/api/drafts/new", { content: `of ${i}`, version }),
          ),
        );
        const kept = answers.filter((a) => a.status === 200);
        assert.equal(kept.length, 1, answers.join("\n"));
        for (const answer of answers)
          if (answer !== kept[0])
            assert.equal(answer.json?.code, "DRAFT_STALE", `${answer}`);
        const [there] = await list(user, "?place=new");
        assert.equal(there.content, `of ${answers.indexOf(kept[0])}`);
        assert.equal(there.version, kept[0].data.version);
      }
    });

    it("racing: what is sent stays sent, whichever comes first", async () => {
      for (let round = 0; round < 8; round++) {
        const user = await people.user();
        const path = "/api/drafts/new";
        const known = round % 2
          ? (await user.put(path, { content: "x" })).data.version
          : 0;
        const save = () => user.put(path, { content: "late", version: known });
        const saves = [save(), save()];
        const dropped = await user.delete(path);
        saves.push(save());
        assert.equal(dropped.status, 204, `${dropped}`);
        const answers = await Promise.all(saves);
        for (const { status } of answers) assert.ok([200, 409].includes(status));
        assert.equal(answers[2].json.code, "DRAFT_DROPPED", `${answers[2]}`);
        assert.deepEqual(await list(user), []);
      }
    });

    it("leave as many empty rows as drafts, at most", async () => {
      const user = await people.user();
      await stack.sql`INSERT INTO drafts (user_id, place, title, content, tags,
          excerpt, category, kind, youtube_video_id, dropped, saved_at)
        SELECT ${user.id}, 'reply-' || md5(i::text)::uuid, '', '', '', '', '',
          '', '', true, clock_now() - i * interval '1 minute'
        FROM generate_series(1, 50) i RETURNING 1`;
      await user.put("/api/drafts/new", { content: "kept" });
      assert.equal((await user.delete(`/api/drafts/edit-${user.id}`)).status, 204);
      const [{ n }] = await stack.sql`SELECT count(*)::int AS n FROM drafts
        WHERE user_id = ${user.id} AND dropped`;
      assert.equal(n, 50);
      assert.deepEqual((await list(user)).map((d) => d.content), ["kept"]);
    });

    it("leave the browser at the log-out", async () => {
      const user = await people.user();
      const answer = await user.post("/api/auth/logout");
      assert.equal(answer.status, 204, `${answer}`);
      assert.equal(answer.headers["clear-site-data"], '"storage"');
    });
  });
