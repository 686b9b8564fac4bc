// What happens to an account while somebody signs in to it: the change is
// committed after the password was looked at, and before the session begins.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";
import { freshUser, tryIn } from "./lib.mjs";

/** Does somebody wait for a row that the change holds? */
const waiting = () =>
  stack.value`SELECT count(*)::int FROM pg_locks WHERE NOT granted`;

const sessionsOf = (user) =>
  stack.value`SELECT count(*)::int FROM sessions
    WHERE user_id = ${user.id} AND ended_at IS NULL`;

/** A login that has looked at the password when the change is committed. */
async function tryDuring(t, user, change) {
  const psql = await stack.openPsql(t);
  await psql.run(`BEGIN; ${change}`);
  const answer = tryIn(people.guest(), user.email);
  await eventually("the login waits for the change", waiting, 60);
  await psql.run("COMMIT");
  return answer;
}

export default () =>
  describe("a login and a change at once", () => {
    it("the old password opens nothing once there is a new one", async (t) => {
      const user = await freshUser();
      const before = await sessionsOf(user);
      const change = `UPDATE users SET password_hash = '*'
        WHERE id = '${user.id}'`;
      const answer = await tryDuring(t, user, change);
      assert.equal(answer.status, 401, `${answer}`);
      assert.equal(await sessionsOf(user), before);
    });

    it("a ban that comes meanwhile holds", async (t) => {
      const user = await freshUser();
      const before = await sessionsOf(user);
      const change = `UPDATE users SET status = 'BANNED'
        WHERE id = '${user.id}'`;
      const answer = await tryDuring(t, user, change);
      assert.equal(answer.status, 401, `${answer}`);
      assert.equal(await sessionsOf(user), before);
    });
  });
