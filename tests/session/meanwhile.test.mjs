// What happens to an account while somebody signs in to it: the change is
// committed after the password was looked at, and before the session begins.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";
import { freshUser, tryIn } from "./lib.mjs";

const underWay = () =>
  eventually("the change under way", async () => {
    const n = await stack.value`SELECT count(*)::int FROM pg_stat_activity
      WHERE wait_event = 'PgSleep'`;
    return n > 0;
  });

const sessionsOf = (user) =>
  stack.value`SELECT count(*)::int FROM sessions
    WHERE user_id = ${user.id} AND ended_at IS NULL`;

async function tryDuring(user, change) {
  await underWay();
  const answer = await tryIn(people.guest(), user.email);
  await change;
  return answer;
}

export default () =>
  describe("a login and a change at once", () => {
    it("the old password opens nothing once there is a new one", async () => {
      const user = await freshUser();
      const before = await sessionsOf(user);
      const change = stack.lines`BEGIN;
        UPDATE users SET password_hash = '*' WHERE id = ${user.id};
        SELECT pg_sleep(1.5);
        COMMIT`;
      const answer = await tryDuring(user, change);
      assert.equal(answer.status, 401, `${answer}`);
      assert.equal(await sessionsOf(user), before);
    });

    it("a ban that comes meanwhile holds", async () => {
      const user = await freshUser();
      const before = await sessionsOf(user);
      const change = stack.lines`BEGIN;
        UPDATE users SET status = 'BANNED' WHERE id = ${user.id};
        SELECT pg_sleep(1.5);
        COMMIT`;
      const answer = await tryDuring(user, change);
      assert.equal(answer.status, 401, `${answer}`);
      assert.equal(await sessionsOf(user), before);
    });
  });
