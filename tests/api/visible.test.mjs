// Who is shown to others, by status: one rule (sql/visible.sql) wherever a
// member could be met.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { people, stack } from "../lib/suite.mjs";
import { eventually } from "../lib/stack.mjs";
import { reason } from "./admin.test.mjs";

const shown = {
  ACTIVE: true,
  SUSPENDED: true,
  BANNED: false,
  DELETED: false,
};

/** Of a list; none where what it is of is not there. */
const items = (answer) => (answer.status === 404 ? [] : answer.data.items);
const names = (answer) => items(answer).map((one) => one.username);

/** Every place where a reader could meet a member; place: whether there. */
async function meet(reader, fan, member, post, comment) {
  const at = `/api/users/${member.name}`;
  const get = async (path) => {
    const answer = await reader.get(path);
    assert.ok([200, 404].includes(answer.status), `${answer}`);
    return answer;
  };
  const has = async (path) => names(await get(path)).includes(member.name);
  const of = async (path) =>
    items(await get(path)).some((one) => one.id === post.id);
  const feed = (await get("/api/posts?limit=50")).data.items;
  const thread = await get(`/api/posts/${post.id}/comments`);
  return {
    profile: (await get(at)).status === 200,
    "card of a post": (await get(`/api/posts/${post.id}`)).data.author.id !== null,
    "card in a list":
      (feed.find((one) => one.id === post.id) ?? post).author.username ===
      member.name,
    "card of a comment":
      thread.data.items.find((one) => one.id === comment.id).author.id !== null,
    "followers of another": await has(`/api/users/${fan.name}/followers`),
    "followed by another": await has(`/api/users/${fan.name}/following`),
    "own list": names(await get(`${at}/followers`)).length > 0,
    "search by the name": await of(`/api/search?q=from:${member.name}`),
    "posts by the name": await of(`/api/posts?author=${member.name}`),
    "posts of a kind by the name": await of(
      `/api/posts?author=${member.name}&kind=${post.kind}`,
    ),
    following:
      (await reader.put(`/api/users/${member.name}/follow`)).status === 200,
  };
}

const counts = async (reader, user) => {
  const { stats } = (await reader.get(`/api/users/${user.name}`)).data;
  return [stats.followers, stats.following];
};

/** Sets a status as staff do, whatever the status before. */
async function become(staff, user, status) {
  const body = { status, reason };
  const answer = await staff.put(`/api/admin/users/${user.id}/status`, body);
  assert.equal(answer.status, 204, `${answer}`);
}

const differences = (users) => stack.sql`SELECT counter, key, stored, counted
  FROM counter_audit() WHERE counter LIKE 'user_stats%'
    OR counter = 'follows.counted'`.then((rows) =>
  rows.filter((row) => users.some((user) => row.key.includes(user.id))),
);

export default () =>
  describe("who is shown", { concurrency: 4 }, () => {
    for (const status of Object.keys(shown))
      it(`${status}: ${shown[status] ? "everywhere" : "nowhere"}`, async () => {
        const [reader, fan, member] = await people.crowd(3);
        const admin = await people.user("ADMIN");
        const post = await people.post(member);
        const comment = await people.comment(member, post, "Mine");
        for (const [a, b] of [
          [fan, member],
          [member, fan],
        ]) {
          const answer = await a.put(`/api/users/${b.name}/follow`);
          assert.equal(answer.status, 200, `${answer}`);
        }
        if (status !== "ACTIVE") await become(admin, member, status);
        const places = await meet(reader, fan, member, post, comment);
        for (const [place, there] of Object.entries(places))
          assert.equal(there, shown[status], place);
        const n = shown[status] ? 1 : 0;
        await eventually("the counts of who followed are right", async () => {
          const [followers, following] = await counts(reader, fan);
          return followers === n && following === n;
        });
        assert.deepEqual(await differences([fan, member]), []);
      });

    it("counts follow a ban and its end, and what happens meanwhile", async () => {
      const [reader, fan, gone, other] = await people.crowd(4);
      const admin = await people.user("ADMIN");
      const follow = (a, b) => a.put(`/api/users/${b.name}/follow`);
      const settled = (user, followers, following) =>
        eventually(
          `${user.name} has ${followers}, ${following}`,
          async () =>
            `${await counts(reader, user)}` === `${[followers, following]}`,
        );
      await follow(fan, gone);
      await follow(gone, fan);
      await follow(gone, other);
      await become(admin, gone, "BANNED");
      await settled(fan, 0, 0);
      await settled(other, 0, 0);
      // Meanwhile: others go on, one blocks, and one is banned as well.
      await follow(fan, other);
      await settled(other, 1, 0);
      const block = await stack.sql`SELECT block_put(${other.id}, ${gone.id})`;
      assert.equal(block.length, 1);
      await settled(other, 1, 0);
      await become(admin, fan, "BANNED");
      await settled(other, 0, 0);
      await become(admin, gone, "ACTIVE");
      await settled(gone, 0, 0);
      await become(admin, fan, "ACTIVE");
      await settled(fan, 1, 2);
      await settled(gone, 1, 1);
      await settled(other, 1, 0);
      assert.deepEqual(await differences([fan, gone, other]), []);
    });

    it("counts are right under bans and follows at once", async () => {
      const [reader, star] = await people.crowd(2);
      const fans = await people.crowd(6);
      const ban = (status) => stack.sql`UPDATE users SET status = ${status}
        WHERE id = ${star.id} RETURNING 1`;
      await Promise.all([
        ...fans.map(async (fan) => {
          for (const method of ["put", "delete", "put"])
            await fan[method](`/api/users/${star.name}/follow`);
        }),
        (async () => {
          for (const status of ["BANNED", "ACTIVE", "BANNED", "ACTIVE"])
            await ban(status);
        })(),
      ]);
      const [{ n }] = await stack.sql`SELECT count(*) AS n FROM follows
        WHERE following_id = ${star.id}`;
      await eventually("nothing differs", async () => {
        const left = await differences([star, ...fans]);
        return left.length === 0;
      });
      await eventually(
        "all are counted",
        async () => (await counts(reader, star))[0] === Number(n),
      );
    });

    it("the batch program finds and mends a follow that is miscounted", async () => {
      const [fan, star] = await people.crowd(2);
      await fan.put(`/api/users/${star.name}/follow`);
      await stack.sql`UPDATE follows SET counted = false
        WHERE following_id = ${star.id} RETURNING 1`;
      const found = await differences([fan, star]);
      assert.deepEqual(
        found.map((one) => one.counter).sort(),
        [
          "follows.counted",
          "user_stats.total_followers",
          "user_stats.total_following",
        ],
      );
      await stack.sql`SELECT follow_recount_one(${fan.id}, ${star.id}),
        user_recount(${fan.id}), user_recount(${star.id})`;
      assert.deepEqual(await differences([fan, star]), []);
    });

    it("many follows are counted in parts", async () => {
      const [star, ...fans] = await people.users(8);
      const id = async (name) =>
        (await stack.sql`SELECT id FROM users WHERE username = ${name}`)[0].id;
      const starId = await id(star);
      for (const fan of fans)
        await stack.sql`SELECT follow_put(${await id(fan)}, ${starId}),
          follow_put(${starId}, ${await id(fan)})`;
      await stack.sql`UPDATE user_stats SET listed = false
        WHERE user_id = ${starId} RETURNING 1`;
      let after = {};
      let calls = 0;
      while (after !== null) {
        const json = JSON.stringify(after);
        const [row] = await stack.sql`SELECT follow_recount(${starId},
          ${json}, 3) AS after`;
        after = typeof row.after === "string" ? JSON.parse(row.after) : row.after;
        calls++;
      }
      assert.equal(calls, 6, "3, 3, 1 of others, and as many of its own");
      const [stats] = await stack.sql`SELECT sum(total_followers)::int AS a,
          sum(total_following)::int AS b FROM user_stats
        WHERE user_id IN (SELECT follower_id FROM follows
          WHERE following_id = ${starId})`;
      assert.deepEqual(stats, { a: 0, b: 0 });
      await stack.sql`UPDATE user_stats SET listed = true
        WHERE user_id = ${starId} RETURNING 1`;
      await stack.sql`SELECT follow_recount(${starId}, '{}', 100),
        follow_recount(${starId}, '{"own": true}', 100)`;
      const left = await differences([{ id: starId }]);
      assert.deepEqual(left, []);
    });
  });
