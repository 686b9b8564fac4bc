// Following: idempotent, counted, listed.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { people, stack } from "../lib/suite.mjs";
import { walk } from "./feed.test.mjs";

export default () =>
  describe("follow", () => {
    let fan;
    before(async () => (fan = await people.user()));
    const path = (user) => `/api/users/${user.name ?? user}/follow`;

    it("follows, and again changes nothing", async () => {
      const star = await people.user();
      for (let i = 0; i < 3; i++) {
        const answer = await fan.put(path(star));
        assert.equal(answer.status, 200, `${answer}`);
        assert.deepEqual(answer.data, { following: true, followers: 1 });
      }
      const profile = (await fan.get(`/api/users/${star.name}`)).data;
      assert.equal(profile.stats.followers, 1);
    });

    it("follows no more, and again changes nothing", async () => {
      const star = await people.user();
      await fan.put(path(star));
      for (let i = 0; i < 2; i++) {
        const answer = await fan.delete(path(star));
        assert.deepEqual(answer.data, { following: false, followers: 0 });
      }
    });

    it("counts 20 racing followers as 20", async () => {
      const star = await people.user();
      const crowd = await people.crowd(20);
      const answers = await Promise.all(crowd.map((c) => c.put(path(star))));
      assert.ok(
        answers.every((a) => a.status === 200),
        answers.join("\n"),
      );
      const profile = (await fan.get(`/api/users/${star.name}`)).data;
      assert.equal(profile.stats.followers, 20);
      const list = await walk(fan, `/api/users/${star.name}/followers?limit=6`);
      assert.deepEqual(
        list.map((u) => u.username).sort(),
        crowd.map((c) => c.name).sort(),
      );
    });

    it("ends right when two follow and leave each other at once", async () => {
      const [a, b] = await people.crowd(2);
      await Promise.all([
        ...[a.put(path(b)), b.put(path(a)), a.delete(path(b))],
        ...[b.delete(path(a)), a.put(path(b)), b.put(path(a))],
      ]);
      for (const [one, two] of [
        [a, b],
        [b, a],
      ]) {
        const rows = await stack.value`SELECT count(*) FROM follows
          WHERE following_id = ${two.id}`;
        const profile = (await one.get(`/api/users/${two.name}`)).data;
        assert.equal(profile.stats.followers, rows);
        assert.equal(profile.viewer.following, rows === 1);
      }
    });

    it("lists whom a user follows", async () => {
      const user = await people.user();
      const stars = await people.users(5);
      for (const star of stars) await user.put(path(star));
      const list = await walk(fan, `/api/users/${user.name}/following?limit=2`);
      assert.deepEqual(
        list.map((u) => u.username),
        stars.reverse(),
      );
    });

    it("refuses oneself, the blocked, nobody, and visitors", async () => {
      const self = await fan.put(path(fan));
      assert.equal(self.status, 422);
      assert.equal(self.json.code, "FOLLOWS_SELF");
      const foe = await people.user();
      await stack.lines`SELECT block_put(${foe.id}, ${fan.id})`;
      await assert.rejects(
        stack.lines`SELECT follow_put(${fan.id}, ${foe.id})`,
        /one blocks the other/,
      );
      // Neither is told: they are not there for each other.
      assert.equal((await fan.put(path(foe))).status, 404);
      assert.equal((await foe.put(path(fan))).status, 404);
      assert.equal((await fan.put(path("nobody_here"))).status, 404);
      assert.equal((await people.guest().put(path(fan))).status, 401);
    });
  });
