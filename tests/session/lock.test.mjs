// Locks: five failures, for whom they count, and when they end.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually } from "../lib/stack.mjs";
import { tokenTo } from "../lib/links.mjs";
import { freshName } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";
import {
  alertsOf,
  clock,
  fail,
  freshUser,
  mailAbout,
  tryIn,
  wrong,
} from "./lib.mjs";

async function locked(client, email) {
  const answer = await tryIn(client, email);
  assert.equal(answer.status, 423, `${answer}`);
  assert.equal(answer.json.code, "ACCOUNT_LOCKED");
  return answer;
}

async function goesIn(client, email) {
  const answer = await tryIn(client, email);
  assert.equal(answer.status, 200, `${answer}`);
  return answer;
}

/** A client that has signed in to the account before. */
async function knownDevice(user) {
  const client = people.guest();
  await goesIn(client, user.email);
  client.cookies.delete("__Host-session");
  return client;
}

export default () =>
  describe("lock", () => {
    it("comes with the fifth failure, and refuses the right password", async () => {
      const user = await freshUser();
      assert.deepEqual(await fail(5, user.email), [401, 401, 401, 401, 401]);
      const answer = await locked(people.guest(), user.email);
      const wait = Number(answer.headers["retry-after"]);
      assert.ok(wait > 880 && wait <= 901, `Retry-After: ${wait}`);
      assert.equal(answer.headers["set-cookie"], undefined);
    });

    it("does not come with the fourth", async () => {
      const user = await freshUser();
      await fail(4, user.email);
      await goesIn(people.guest(), user.email);
    });

    it("is the same for an address that nobody has", async () => {
      const user = await freshUser();
      const nobody = `${freshName("no")}@example.org`;
      const answers = [];
      for (const email of [user.email, nobody]) {
        await fail(5, email);
        answers.push(await locked(people.guest(), email));
      }
      const [one, other] = answers.map((a) => ({ ...a.json, requestId: "" }));
      assert.deepEqual(Object.keys(one), Object.keys(other));
      assert.equal(one.error, other.error);
      const names = answers.map((a) => Object.keys(a.headers).sort());
      assert.deepEqual(names[0], names[1]);
    });

    it("takes the address in any case for the same", async () => {
      const user = await freshUser();
      await fail(3, user.email);
      await fail(2, user.email.toUpperCase());
      await locked(people.guest(), user.email);
    });

    it("ends after exactly 15 minutes", async () => {
      const user = await freshUser();
      await fail(5, user.email);
      const until = Date.parse(
        await stack.value`SELECT locked_until FROM login_locks
          WHERE user_id = ${user.id}`,
      );
      clock.moveTo(until - 60000);
      await locked(people.guest(), user.email);
      clock.moveJustAfter(until);
      await goesIn(people.guest(), user.email);
    });

    it("is not moved by tries while it lasts", async () => {
      const user = await freshUser();
      await fail(5, user.email);
      const ask = () => stack.value`SELECT locked_until FROM login_locks
        WHERE user_id = ${user.id}`;
      const before = await ask();
      clock.forward(300);
      assert.deepEqual(await fail(3, user.email), [423, 423, 423]);
      assert.equal(await ask(), before);
    });

    it("counts five within any 15 minutes, however they lie", async () => {
      const user = await freshUser();
      await fail(1, user.email);
      clock.forward(14 * 60);
      await fail(3, user.email);
      clock.forward(2 * 60); // the first is too old by now
      assert.deepEqual(await fail(2, user.email), [401, 401]);
      await locked(people.guest(), user.email);
    });

    it("forgets failures after a login", async () => {
      const user = await freshUser();
      for (let i = 0; i < 3; i++) {
        await fail(4, user.email);
        await goesIn(people.guest(), user.email);
      }
    });

    it("leaves a browser in that signed in before", async () => {
      const user = await freshUser();
      const mine = await knownDevice(user);
      await fail(5, user.email);
      await locked(people.guest(), user.email);
      await goesIn(mine, user.email);
      await locked(people.guest(), user.email); // still
    });

    it("counts such a browser by itself", async () => {
      const user = await freshUser();
      const mine = await knownDevice(user);
      for (let i = 0; i < 5; i++)
        assert.equal((await tryIn(mine, user.email, wrong)).status, 401);
      await locked(mine, user.email);
      await goesIn(people.guest(), user.email);
    });

    it("knows a browser by our signature, and by the account", async () => {
      const user = await freshUser();
      const mine = await knownDevice(user);
      const other = await knownDevice(await freshUser());
      await fail(5, user.email);
      const cookie = mine.cookies.get("__Host-device");
      assert.match(cookie, /^[\w-]{43}\.[\w-]{43}$/);
      const flip = (at) =>
        cookie.slice(0, at) +
        (cookie[at] === "A" ? "B" : "A") +
        cookie.slice(at + 1);
      for (const bad of [flip(0), flip(50), cookie.slice(0, 43), "x", ""]) {
        const client = people.guest();
        client.cookies.set("__Host-device", bad);
        await locked(client, user.email);
      }
      await locked(other, user.email);
    });

    it("is forgiven by a reset by mail, and comes back for strangers only", async () => {
      const user = await freshUser();
      await fail(5, user.email);
      const mine = people.guest();
      await locked(mine, user.email);
      await mine.post("/api/auth/forgot-password", { email: user.email });
      const token = await tokenTo(stack, user.email, "reset-password");
      const newPassword = "Velvet-Otter-77";
      const reset = await mine.post("/api/auth/reset-password", {
        token,
        newPassword,
      });
      assert.equal(reset.status, 204, `${reset}`);
      assert.match(
        mine.cookies.get("__Host-device") ?? "",
        /^[\w-]{43}\.[\w-]{43}$/,
      );
      assert.equal(mine.cookies.get("__Host-session"), undefined);
      // Strangers begin anew, and then are locked out again: mine is not.
      assert.deepEqual(await fail(5, user.email), [401, 401, 401, 401, 401]);
      await locked(people.guest(), user.email);
      const answer = await tryIn(mine, user.email, newPassword);
      assert.equal(answer.status, 200, `${answer}`);
    });

    it("of a known browser is forgiven by a reset, too", async () => {
      const user = await freshUser();
      const mine = await knownDevice(user);
      for (let i = 0; i < 5; i++) await tryIn(mine, user.email, wrong);
      await locked(mine, user.email);
      const other = people.guest();
      await other.post("/api/auth/forgot-password", { email: user.email });
      const token = await tokenTo(stack, user.email, "reset-password");
      const newPassword = "Velvet-Otter-78";
      await other.post("/api/auth/reset-password", { token, newPassword });
      const answer = await tryIn(mine, user.email, newPassword);
      assert.equal(answer.status, 200, `${answer}`);
    });

    it("is forgiven by a new password of the operator's", async () => {
      const user = await freshUser();
      await fail(5, user.email);
      await stack.ctl(["user", "password", user.name], "Velvet-Otter-79\n");
      const answer = await tryIn(people.guest(), user.email, "Velvet-Otter-79");
      assert.equal(answer.status, 200, `${answer}`);
    });

    it("is not forgiven by a link that is none", async () => {
      const user = await freshUser();
      await fail(5, user.email);
      const client = people.guest();
      const gone = await client.post("/api/auth/reset-password", {
        token: "reset_none",
        newPassword: "Velvet-Otter-77",
      });
      assert.equal(gone.status, 410, `${gone}`);
      assert.equal(client.cookies.get("__Host-device"), undefined);
      await locked(client, user.email);
    });

    it("is forgiven by the link that undoes a change of address", async () => {
      const user = await freshUser();
      const owner = await people.logIn(user.name);
      const to = `${freshName("moved")}@example.org`;
      await owner.post("/api/auth/email-change", { email: to });
      const there = people.guest();
      const confirmed = await there.post("/api/auth/email-change/confirm", {
        token: await tokenTo(stack, to, "confirm-email"),
      });
      assert.equal(confirmed.status, 204, `${confirmed}`);
      assert.ok(there.cookies.get("__Host-device"), "a link at the new one");
      await fail(5, user.email);
      const mine = people.guest();
      const undone = await mine.post("/api/auth/email-change/undo", {
        token: await tokenTo(stack, user.email, "undo-email"),
      });
      assert.equal(undone.status, 204, `${undone}`);
      await goesIn(mine, user.email);
    });

    it("stores only the hash of a browser's cookie", async () => {
      const user = await freshUser();
      const mine = await knownDevice(user);
      const [token] = mine.cookies.get("__Host-device").split(".");
      const rows = await stack.sql`SELECT row_to_json(d)::text AS text
        FROM devices d WHERE user_id = ${user.id}`;
      assert.equal(rows.length, 1);
      assert.ok(!rows[0].text.includes(token));
    });

    it("survives that Redis forgets, and that PostgreSQL does", async () => {
      const user = await freshUser();
      await fail(5, user.email);
      await stack.redis("FLUSHALL");
      await locked(people.guest(), user.email);
      await stack.sql`DELETE FROM login_locks WHERE user_id = ${user.id}`;
      await locked(people.guest(), user.email);
    });

    it("lets 50 guesses at once be five", async () => {
      const user = await freshUser();
      const answers = await Promise.all(
        Array.from({ length: 50 }, () =>
          tryIn(people.guest(), user.email, wrong),
        ),
      );
      const count = (status) =>
        answers.filter((a) => a.status === status).length;
      assert.equal(count(401), 5, answers.map((a) => a.status).join(" "));
      assert.equal(count(423), 45);
      assert.equal((await alertsOf(user, "ACCOUNT_LOCKED")).length, 1);
    });

    it("is told: alert, notification and mail, once an hour", async () => {
      const user = await freshUser();
      await fail(5, user.email);
      await mailAbout(user, "locked for 15 minutes");
      clock.forward(16 * 60);
      await fail(5, user.email);
      const alerts = await alertsOf(user, "ACCOUNT_LOCKED");
      assert.equal(alerts.length, 1);
      assert.equal(alerts[0].severity, "high");
      const notices = await eventually(
        "a notification",
        async () =>
          (await stack.sql`SELECT type, priority FROM notifications
            WHERE user_id = ${user.id} AND title LIKE '%locked%'`) ?? null,
      );
      assert.deepEqual(notices, [{ type: "SYSTEM", priority: 2 }]);
      clock.forward(3600);
      await fail(5, user.email);
      assert.equal((await alertsOf(user, "ACCOUNT_LOCKED")).length, 2);
    });

    it("tells nobody where there is no account", async () => {
      const before = await stack.value`SELECT count(*) FROM security_alerts`;
      await fail(7, `${freshName("no")}@example.org`);
      const after = await stack.value`SELECT count(*) FROM security_alerts`;
      assert.equal(after, before);
    });
  });
