// A token is replaced after ten minutes of use: what the old one is still
// good for, and what its use by two tells.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { people, stack } from "../lib/suite.mjs";
import {
  alertsOf,
  clock,
  expect,
  mailAbout,
  newToken,
  tokenOf,
  withToken,
} from "./lib.mjs";

/** A signed-in client, ten minutes after its token was made. */
async function dueUser() {
  const user = await people.user();
  clock.forward(601);
  return user;
}

/** {user, old}: rotated, and the new token in the user's jar. */
async function rotated() {
  const user = await dueUser();
  const old = tokenOf(user);
  assert.ok(newToken(await expect(user, 200)));
  assert.notEqual(tokenOf(user), old);
  return { user, old };
}

const stolen = async (user) => (await alertsOf(user, "SESSION_THEFT")).length;

export default () =>
  describe("rotation", () => {
    it("comes after ten minutes, not before", async () => {
      const user = await people.user();
      clock.forward(580);
      assert.equal(newToken(await expect(user, 200)), undefined);
      clock.forward(21);
      const token = newToken(await expect(user, 200));
      assert.match(token, /^sess_[\w-]{43}$/);
      assert.equal(newToken(await expect(user, 200)), undefined);
    });

    it("keeps the session, its CSRF token and its end", async () => {
      const user = await people.user();
      const rows = () => stack.sql`SELECT id, csrf_secret, expires_at
        FROM sessions WHERE user_id = ${user.id}`;
      const before = await rows();
      clock.forward(601);
      const answer = await expect(user, 200);
      assert.deepEqual(await rows(), before);
      assert.equal((await user.post("/api/auth/logout")).status, 204);
      const cookie = answer.headers["set-cookie"].join();
      const age = Number(/Max-Age=(\d+)/.exec(cookie)[1]);
      assert.ok(age > 29 * 86400 && age <= 30 * 86400 - 600, cookie);
    });

    it("leaves the old token good until the new one was seen", async () => {
      const user = await dueUser();
      const old = tokenOf(user);
      await expect(user, 200);
      user.cookies.set("__Host-session", old); // the answer never came
      for (let i = 0; i < 4; i++) {
        clock.forward(3600);
        await expect(withToken(user, old), 200);
      }
      assert.equal(await stolen(user), 0);
    });

    it("leaves it a minute after that, and no more", async () => {
      const { user, old } = await rotated();
      await expect(user, 200);
      clock.forward(40);
      await expect(withToken(user, old), 200);
      await expect(user, 200);
      clock.forward(21);
      await expect(withToken(user, old), 401);
      await expect(user, 401);
    });

    it("takes an outdated token for theft: all of it ends, and is told", async () => {
      const { user, old } = await rotated();
      const elsewhere = await people.logIn(user.name);
      await expect(user, 200);
      clock.forward(61);
      await expect(withToken(user, old), 401);
      await expect(user, 401);
      await expect(elsewhere, 200);
      const alerts = await alertsOf(user, "SESSION_THEFT");
      assert.equal(alerts.length, 1);
      assert.equal(alerts[0].severity, "critical");
      await mailAbout(user, "may have been stolen");
      const reason = await stack.value`SELECT end_reason FROM sessions
        WHERE user_id = ${user.id} AND ended_at IS NOT NULL`;
      assert.equal(reason, "theft");
      // Once more: nothing is left to end, and nothing is told twice.
      await expect(withToken(user, old), 401);
      assert.equal(await stolen(user), 1);
    });

    it("knows tokens of many rotations ago", async () => {
      const { user, old } = await rotated();
      for (let i = 0; i < 3; i++) {
        await expect(user, 200);
        clock.forward(601);
        assert.ok(newToken(await expect(user, 200)));
      }
      await expect(withToken(user, old), 401);
      await expect(user, 401);
      assert.equal(await stolen(user), 1);
    });

    it("is no theft where a session has ended by itself", async () => {
      const { user, old } = await rotated();
      await expect(user, 200);
      await user.post("/api/auth/logout");
      clock.forward(120);
      await expect(withToken(user, old), 401);
      assert.equal(await stolen(user), 0);
    });

    it("stores none of the tokens", async () => {
      const { user, old } = await rotated();
      await expect(user, 200);
      clock.forward(601);
      await expect(user, 200);
      const rows = await stack.sql`
        SELECT row_to_json(s)::text AS text FROM sessions s
        WHERE user_id = ${user.id}
        UNION ALL
        SELECT row_to_json(t)::text FROM session_tokens_spent t`;
      for (const { text } of rows)
        for (const token of [old, tokenOf(user)])
          assert.ok(!text.includes(token.slice(5)));
      const keys = (await stack.redis("KEYS", "*")).join("\n");
      assert.ok(!keys.includes(tokenOf(user).slice(5)));
    });

    it("gives 50 calls at once one new token, and fails none", async () => {
      const user = await dueUser();
      const tabs = Array.from({ length: 50 }, () =>
        withToken(user, tokenOf(user)),
      );
      const answers = await Promise.all(
        tabs.map((tab) => tab.get("/api/users/me")),
      );
      const bad = answers.filter((a) => a.status !== 200);
      assert.deepEqual(bad.map(String), []);
      const tokens = answers.map(newToken).filter(Boolean);
      assert.equal(tokens.length, 1);
      user.cookies.set("__Host-session", tokens[0]);
      await expect(user, 200);
    });

    it("logs no tab out while tabs share a jar", async () => {
      const user = await people.user();
      const bad = [];
      // One jar, as browsers have it: what is in it when a call leaves.
      const call = async () => {
        const tab = withToken(user, tokenOf(user));
        const answer = await tab.get("/api/users/me");
        if (answer.status !== 200) bad.push(`${answer}`);
        const token = newToken(answer);
        if (token) user.cookies.set("__Host-session", token);
      };
      for (let round = 0; round < 6; round++) {
        clock.forward(round % 2 ? 601 : 20);
        await Promise.all(
          Array.from({ length: 10 }, async () => {
            for (let i = 0; i < 5; i++) await call();
          }),
        );
      }
      assert.deepEqual(bad, []);
      assert.equal(await stolen(user), 0);
    });

    it("costs the hot path nothing", async () => {
      const { user } = await rotated();
      await expect(user, 200);
      const answer = await user.get("/api/auth/csrf");
      const [line] = await stack.logLines(answer.requestId);
      assert.equal(line.db_n ?? 0, 0, JSON.stringify(line));
    });
  });
