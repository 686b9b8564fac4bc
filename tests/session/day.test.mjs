// The first visit of a member's day: experience once, and a streak.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";
import { clock } from "./lib.mjs";

const given = (user) => stack.sql`SELECT amount FROM xp_log
    WHERE user_id = ${user.id} AND source = 'daily_login'
    ORDER BY number`.then((rows) => rows.map((row) => row.amount));
const begun = (user) =>
  stack.value`SELECT count(*)::int FROM outbox
    WHERE subject_id = ${user.id} AND event = 'user.day_begun'`;
const streak = (user) =>
  stack.value`SELECT login_streak FROM user_stats WHERE user_id = ${user.id}`;

/** What the visits of all days gave, once they are all told of. */
async function gave(user, amounts) {
  await eventually(
    `${amounts}`,
    async () => (await begun(user)) === 0 && `${await given(user)}` === `${amounts}`,
    30,
  );
}

const visit = async (user) => {
  const answer = await user.get("/api/users/me");
  assert.equal(answer.status, 200, `${answer}`);
};

/** Moves on to a time of the n-th day from now, in UTC. */
function toDay(n, hour = 1) {
  const day = Math.floor(clock.now() / 86400000) + n;
  clock.moveTo(day * 86400000 + hour * 3600000);
}

export default () =>
  describe("the first visit of a day", () => {
    it("gives once a day, more in a row, at most twice as much", async () => {
      toDay(1);
      const user = await people.user();
      await visit(user);
      await visit(user);
      await gave(user, [5]);
      const all = [5];
      for (let day = 2; day <= 7; day++) {
        toDay(1);
        for (let i = 0; i < 3; i++) await visit(user);
        all.push(Math.min(10, 4 + day));
        await gave(user, all);
      }
      assert.equal(await streak(user), 7);
      // A day without a visit ends it.
      toDay(2);
      await visit(user);
      await gave(user, [...all, 5]);
      assert.equal(await streak(user), 1);
    });

    it("gives once to many tabs and browsers at once", async () => {
      toDay(1);
      const user = await people.user();
      const other = await people.logIn(user.name);
      await gave(user, [5]);
      toDay(1);
      await Promise.all(
        Array.from({ length: 20 }, (_, i) => visit(i % 2 ? user : other)),
      );
      await gave(user, [5, 6]);
      assert.equal(await streak(user), 2);
    });

    it("begins the day where the member is, and gives none for a journey", async () => {
      toDay(1, 12);
      const user = await people.user();
      const zone = (name) => stack.sql`UPDATE users SET time_zone = ${name}
        WHERE id = ${user.id} RETURNING 1`;
      await gave(user, [5]);
      // 12:00 in UTC is two in the night of the next day there.
      await zone("Pacific/Kiritimati");
      await people.forgetCopies(user);
      await visit(user);
      await gave(user, [5, 6]);
      for (const name of ["Pacific/Pago_Pago", "UTC", "Pacific/Kiritimati"]) {
        await zone(name);
        await people.forgetCopies(user);
        await visit(user);
      }
      await gave(user, [5, 6]);
      // Midnight comes at 10:00 in UTC there.
      toDay(1, 9);
      await visit(user);
      await gave(user, [5, 6]);
      toDay(0, 11);
      await visit(user);
      await gave(user, [5, 6, 7]);
    });

    it("is asked of the database once a day and not more", async () => {
      toDay(1, 3);
      const user = await people.user();
      await visit(user);
      const stats = () => stack.value`SELECT xmin::text || ':' || ctid::text
        FROM user_stats WHERE user_id = ${user.id}`;
      const written = await stats();
      for (let i = 0; i < 5; i++) await visit(user);
      await people.forgetCopies(user);
      await visit(user);
      assert.equal(await stats(), written, "nothing is written again");
    });
  });
