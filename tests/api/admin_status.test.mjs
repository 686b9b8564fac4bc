// The status of accounts: each transition, what it does to who is signed in,
// and how suspensions end.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressOf, freshName, password } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";
import {
  account,
  actions,
  at,
  logOf,
  reason,
  setStatus,
  statusOf,
} from "./admin.test.mjs";

// From (down) to (across): 204 where there is such a transition.
const statuses = [
  ...["PENDING_VERIFICATION", "ACTIVE", "SUSPENDED", "BANNED", "DELETED"],
];
const transitions = {
  PENDING_VERIFICATION: [409, 204, 409, 409, 204],
  ACTIVE: [409, 409, 204, 204, 204],
  SUSPENDED: [409, 204, 409, 204, 204],
  BANNED: [409, 204, 409, 409, 204],
  DELETED: [409, 409, 409, 409, 409],
};

export default () =>
  describe("admin: status", () => {
    for (const [from, wanted] of Object.entries(transitions))
      it(`of ${from} becomes what it may`, async () => {
        const admin = await people.user("ADMIN");
        for (const [i, to] of statuses.entries()) {
          const { id } = await account();
          await setStatus(id, from);
          const answer = await admin.put(at({ id }, "/status"), {
            status: to,
            reason,
          });
          assert.equal(answer.status, wanted[i], `${to}: ${answer}`);
          if (wanted[i] === 409)
            assert.equal(answer.json.code, "INVALID_TRANSITION");
          assert.equal(await statusOf(id), wanted[i] === 204 ? to : from);
        }
      });

    it("suspends for seven days, and the next request is 401", async () => {
      const moderator = await people.user("MODERATOR");
      const user = await people.user();
      assert.equal((await user.get("/api/users/me")).status, 200);
      assert.equal((await actions.suspend(moderator, user)).status, 204);
      assert.equal((await user.get("/api/users/me")).status, 401);
      const days = await stack.value`SELECT extract(epoch FROM
          suspended_until - now()) / 86400 FROM users WHERE id = ${user.id}`;
      assert.ok(Math.abs(days - 7) < 0.01, `${days} days`);
      const login = await people.guest().post("/api/auth/login", {
        email: addressOf(user.name),
        password,
      });
      assert.equal(login.json.code, "ACCOUNT_SUSPENDED");
    });

    it("bans, and all sessions end at once", async () => {
      const moderator = await people.user("MODERATOR");
      const one = await people.user();
      const two = await people.logIn(one.name);
      for (const user of [one, two])
        assert.equal((await user.get("/api/users/me")).status, 200);
      assert.equal((await actions.ban(moderator, one)).status, 204);
      for (const user of [one, two])
        assert.equal((await user.get("/api/users/me")).status, 401);
      await people.forgetCopies(one);
      assert.equal((await two.get("/api/users/me")).status, 401);
    });

    it("lets in again who was shut out, with a new session", async () => {
      const moderator = await people.user("MODERATOR");
      const user = await people.user();
      await actions.ban(moderator, user);
      const answer = await moderator.put(at(user, "/status"), {
        status: "ACTIVE",
        reason,
      });
      assert.equal(answer.status, 204, `${answer}`);
      assert.equal((await user.get("/api/users/me")).status, 401);
      const again = await people.logIn(user.name);
      assert.equal((await again.get("/api/users/me")).status, 200);
    });

    it("lets in who waited for the mail, at once", async () => {
      const moderator = await people.user("MODERATOR");
      const name = freshName("late");
      await people.create([name]);
      await stack.sql`UPDATE users SET status = 'PENDING_VERIFICATION',
        email_verified_at = NULL WHERE username = ${name}`;
      const user = await people.logIn(name);
      const write = () =>
        user.post("/api/posts", { title: "Hi", content: "x" });
      assert.equal((await write()).status, 403);
      const answer = await moderator.put(at(user, "/status"), {
        status: "ACTIVE",
        reason,
      });
      assert.equal(answer.status, 204, `${answer}`);
      assert.equal((await write()).status, 201);
    });

    it("leaves no session behind of logins at the same time", async () => {
      const admin = await people.user("ADMIN");
      const user = await people.user();
      const logins = Array.from({ length: 4 }, async () => {
        const client = people.guest();
        const answer = await client.post("/api/auth/login", {
          email: addressOf(user.name),
          password,
        });
        assert.ok([200, 401, 403].includes(answer.status), `${answer}`);
        return client;
      });
      assert.equal((await actions.ban(admin, user)).status, 204);
      for (const client of await Promise.all(logins))
        assert.equal((await client.get("/api/users/me")).status, 401);
      const live = await stack.value`SELECT count(*) FROM sessions
        WHERE user_id = ${user.id} AND ended_at IS NULL`;
      assert.equal(live, 0);
    });

    it("takes the end of a suspension, in days or as a time", async () => {
      const admin = await people.user("ADMIN");
      const [one, two] = [await account(), await account()];
      const until = new Date(Date.now() + 3 * 86400e3).toISOString();
      for (const [user, more] of [
        [one, { until }],
        [two, { days: 3 }],
      ]) {
        const answer = await admin.put(at(user, "/status"), {
          ...{ status: "SUSPENDED", reason },
          ...more,
        });
        assert.equal(answer.status, 204, `${answer}`);
        const left = await stack.value`SELECT extract(epoch FROM
          suspended_until - now()) / 86400 FROM users WHERE id = ${user.id}`;
        assert.ok(Math.abs(left - 3) < 0.01, `${left} days`);
      }
    });

    it("refuses ends that are past, too far or two, and no reason", async () => {
      const admin = await people.user("ADMIN");
      const user = await account();
      const day = (n) => new Date(Date.now() + n * 86400e3).toISOString();
      for (const [more, field] of [
        [{ until: day(-1) }, "until"],
        [{ until: day(400) }, "until"],
        [{ until: day(1), days: 1 }, "days"],
        [{ days: 0 }, "days"],
        [{ days: 366 }, "days"],
        [{ reason: undefined }, "reason"],
        [{ reason: "x" }, "reason"],
        [{ reason: "x".repeat(501) }, "reason"],
        [{ status: "suspended" }, "status"],
      ]) {
        const answer = await admin.put(at(user, "/status"), {
          ...{ status: "SUSPENDED", reason },
          ...more,
        });
        assert.equal(answer.status, 400, `${JSON.stringify(more)}: ${answer}`);
        assert.ok(answer.json.fields[field], field);
      }
      assert.equal(await statusOf(user.id), "ACTIVE");
    });

    it("of nobody is not found", async () => {
      const admin = await people.user("ADMIN");
      const nobody = { id: "01900000-0000-7000-8000-000000000000" };
      for (const name of ["role", "suspend", "sessions", "reset", "factor"])
        assert.equal((await actions[name](admin, nobody)).status, 404, name);
      assert.equal((await admin.get(at(nobody))).status, 404);
      assert.equal((await admin.get(at({ id: "x" }))).status, 400);
    });

    it("ends by itself when its time is over, by the batch", async () => {
      const user = await account();
      await stack.sql`UPDATE users SET status = 'SUSPENDED',
        suspended_until = now() - interval '1 minute' WHERE id = ${user.id}`;
      const later = await account();
      await setStatus(later.id, "SUSPENDED");
      const admin = await people.user("ADMIN");
      const seen = await admin.get(at(user));
      assert.equal(seen.data.status, "ACTIVE", "before the batch");
      await stack.batch("suspension-end");
      assert.equal(await statusOf(user.id), "ACTIVE");
      assert.equal(await statusOf(later.id), "SUSPENDED");
      const [row] = await logOf(user.id);
      assert.equal(row.user_agent, "suspension-end");
      assert.equal(row.after.status, "ACTIVE");
    });

    it("may be set anew where a suspension has run out", async () => {
      const admin = await people.user("ADMIN");
      const user = await account();
      await stack.sql`UPDATE users SET status = 'SUSPENDED',
        suspended_until = now() - interval '1 minute' WHERE id = ${user.id}`;
      assert.equal((await actions.suspend(admin, user)).status, 204);
    });
  });
