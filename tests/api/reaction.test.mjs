// Reactions: idempotent both ways, counted exactly, under any race.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { people, stack } from "../lib/suite.mjs";

const types = ["LIKE", "LOVE", "SPARKLE", "FIRE", "LAUGH", "WOW", "SAD"];
const none = Object.fromEntries(types.map((type) => [type, 0]));

export default () =>
  describe("reaction", () => {
    let author, fan;
    before(async () => ([author, fan] = await people.crowd(2)));
    const on = (post, type = "LIKE") =>
      `/api/posts/${post.id ?? post}/reactions/${type}`;

    it("puts one, and again changes nothing", async () => {
      const post = await people.post(author);
      for (let i = 0; i < 3; i++) {
        const answer = await fan.put(on(post));
        assert.equal(answer.status, 200, `${answer}`);
        assert.deepEqual(answer.data, {
          reactions: 1,
          reactionCounts: { ...none, LIKE: 1 },
        });
      }
      const n = await stack.value`SELECT count(*) FROM outbox
        WHERE event = 'reaction.created' AND subject_id = ${post.id}`;
      assert.ok(n <= 1, "told once");
    });

    it("takes one back, and again changes nothing", async () => {
      const post = await people.post(author);
      await fan.put(on(post, "FIRE"));
      for (let i = 0; i < 3; i++) {
        const answer = await fan.delete(on(post, "FIRE"));
        assert.equal(answer.status, 200, `${answer}`);
        assert.deepEqual(answer.data, { reactions: 0, reactionCounts: none });
      }
    });

    it("counts each type apart, and the viewer's own", async () => {
      const post = await people.post(author);
      for (const type of types) await fan.put(on(post, type));
      await author.put(on(post, "SAD"));
      const seen = (await fan.get(`/api/posts/${post.id}`)).data;
      assert.equal(seen._count.reactions, 8);
      assert.equal(seen.reactionCounts.SAD, 2);
      assert.deepEqual([...seen.viewer.reacted].sort(), [...types].sort());
    });

    it("counts 50 racing likes of 50 users as 50", async () => {
      const post = await people.post(author);
      const crowd = await people.crowd(50);
      const answers = await Promise.all(crowd.map((c) => c.put(on(post))));
      for (const answer of answers)
        assert.equal(answer.status, 200, `${answer}`);
      const seen = (await author.get(`/api/posts/${post.id}`)).data;
      assert.equal(seen._count.reactions, 50);
      assert.equal(seen.reactionCounts.LIKE, 50);
      const rows = await stack.value`SELECT count(*) FROM reactions
        WHERE post_id = ${post.id}`;
      assert.equal(rows, 50);
      const counts = answers.map((a) => a.data.reactions).sort((a, b) => a - b);
      assert.deepEqual(
        counts,
        counts.map((_, i) => i + 1),
        "each its number",
      );
    });

    it("counts 20 racing likes of one user as 1", async () => {
      const post = await people.post(author);
      const user = await people.user();
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => user.put(on(post))),
      );
      for (const answer of answers)
        assert.equal(answer.data.reactions, 1, `${answer}`);
    });

    it("ends right when likes are put and taken back at once", async () => {
      const post = await people.post(author);
      const crowd = await people.crowd(6);
      await Promise.all(
        crowd.flatMap((c) => [
          c.put(on(post)),
          c.delete(on(post)),
          c.put(on(post, "WOW")),
          c.put(on(post)),
          c.delete(on(post, "WOW")),
        ]),
      );
      const seen = (await author.get(`/api/posts/${post.id}`)).data;
      const rows = await stack.value`SELECT count(*) FROM reactions
        WHERE post_id = ${post.id}`;
      assert.equal(seen._count.reactions, rows);
      const sum = Object.values(seen.reactionCounts).reduce((a, b) => a + b);
      assert.equal(sum, rows);
    });

    it("works on comments alike", async () => {
      const post = await people.post(author);
      const comment = await people.comment(author, post);
      const path = `/api/comments/${comment.id}/reactions/SPARKLE`;
      await fan.put(path);
      const twice = await fan.put(path);
      assert.equal(twice.data.reactionCounts.SPARKLE, 1);
      const list = await fan.get(`/api/posts/${post.id}/comments`);
      assert.equal(list.data.items[0]._count.reactions, 1);
      assert.deepEqual(list.data.items[0].viewer.reacted, ["SPARKLE"]);
      const gone = await fan.delete(path);
      assert.equal(gone.data.reactions, 0);
    });

    it("takes none on what one may not see", async () => {
      const post = await people.post(author);
      const comment = await people.comment(author, post, "Mine");
      const below = `/api/comments/${comment.id}/reactions/LIKE`;
      for (const path of [on(post), below])
        assert.equal((await fan.put(path)).status, 200);
      await author.patch(`/api/posts/${post.id}`, { visibility: "PRIVATE" });
      for (const path of [on(post), below]) {
        assert.equal((await fan.delete(path)).status, 404);
        assert.equal((await fan.put(path.replace("LIKE", "LOVE"))).status, 404);
      }
      const kept = await stack.sql`SELECT type FROM reactions
        WHERE user_id = ${fan.id} AND (post_id = ${post.id}
          OR comment_id = ${comment.id})`;
      assert.deepEqual(kept, [{ type: "LIKE" }, { type: "LIKE" }]);
    });

    it("refuses an unknown type, target and caller", async () => {
      const post = await people.post(author);
      const odd = await fan.put(on(post, "HATE"));
      assert.equal(odd.status, 400);
      assert.ok(odd.json.fields.type);
      assert.equal((await fan.put(on("nonsense"))).status, 400);
      const ghost = "01890000-0000-7000-8000-000000000000";
      assert.equal((await fan.put(on(ghost))).status, 404);
      assert.equal((await people.guest().put(on(post))).status, 401);
    });
  });
