// What is noted of each login, and what is told of unusual ones.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { freshName, password } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";
import {
  alertsOf,
  browsers,
  clock,
  fail,
  freshUser,
  mailAbout,
  signedOut,
  tryIn,
  wrong,
} from "./lib.mjs";

const cologne = () => `198.51.100.${1 + Math.floor(Math.random() * 250)}`;

async function signIn(user, ip) {
  const client = people.guest(ip ? { ip } : {});
  const answer = await tryIn(client, user.email);
  assert.equal(answer.status, 200, `${answer}`);
  return client;
}

const history = (user) =>
  stack.sql`SELECT * FROM login_history WHERE user_id = ${user.id}
    ORDER BY created_at, id`;

export default () =>
  describe("alerts and history", () => {
    it("notes each try: where from, with what, and how it ended", async () => {
      const user = await freshUser();
      const ip = cologne();
      const client = people.guest({ ip });
      const headers = {
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
      };
      await tryIn(client, user.email, wrong, undefined);
      await client.request("POST", "/api/auth/login", {
        json: { email: user.email, password: "Correct-Horse-7-Battery" },
        headers,
      });
      const csrf = await client.get("/api/auth/csrf");
      assert.equal(csrf.status, 200);
      const { items } = (await client.get("/api/auth/login-history")).data;
      assert.deepEqual(
        items.map((i) => [i.success, i.reason, i.ip, i.location]),
        [
          [true, null, ip, "Köln, Germany"],
          [false, "WRONG_PASSWORD", ip, "Köln, Germany"],
        ],
      );
      assert.equal(items[0].device, "Firefox on Linux");
      const sessions = (await client.get("/api/auth/sessions")).data.items;
      assert.equal(sessions[0].location, "Köln, Germany");
      assert.equal(sessions[0].device, "Firefox on Linux");
    });

    it("notes a try at an unknown address without the address", async () => {
      const name = freshName("ghost");
      const email = `${name}@example.org`;
      const since = new Date(clock.now() - 2000).toISOString();
      await tryIn(people.guest({ ip: "203.0.113.9" }), email, wrong);
      const rows = await stack.sql`
        SELECT user_id, success, reason, octet_length(email_hash) AS size,
          location, row_to_json(l)::text AS text
        FROM login_history l
        WHERE ip = '203.0.113.9' AND created_at > ${since}`;
      assert.equal(rows.length, 1);
      const [{ text, ...row }] = rows;
      assert.deepEqual(row, {
        user_id: null,
        success: false,
        reason: "UNKNOWN_EMAIL",
        size: 32,
        location: "Iceland",
      });
      assert.ok(!text.includes(name));
    });

    it("hides the address even from who can guess it", async () => {
      const user = await freshUser();
      await fail(1, user.email);
      const plain = await stack.value`SELECT count(*) FROM login_history
        WHERE email_hash = sha256(convert_to(${user.email}, 'UTF8'))`;
      assert.equal(plain, 0);
    });

    it("tells of attempts from more than five places in an hour", async () => {
      const user = await freshUser();
      await signIn(user);
      await fail(5, user.email);
      assert.equal(
        (await alertsOf(user, "DISTRIBUTED_LOGIN_ATTEMPTS")).length,
        0,
      );
      await fail(1, user.email);
      const alerts = await alertsOf(user, "DISTRIBUTED_LOGIN_ATTEMPTS");
      assert.equal(alerts.length, 1);
      assert.equal(alerts[0].severity, "critical");
      await mailAbout(user, "from many places");
      const priority = await stack.value`SELECT priority FROM notifications
        WHERE user_id = ${user.id} AND title LIKE '%many places%'`;
      assert.equal(priority, 3);
    });

    it("takes a /64 of IPv6 for one place, and an hour for the past", async () => {
      const user = await freshUser();
      for (let i = 1; i <= 7; i++)
        await tryIn(
          people.guest({ ip: `2001:db8:7:7::${i}` }),
          user.email,
          wrong,
        );
      await fail(4, user.email);
      clock.forward(3601);
      await fail(3, user.email);
      const alerts = await alertsOf(user, "DISTRIBUTED_LOGIN_ATTEMPTS");
      assert.equal(alerts.length, 0);
    });

    it("tells of a new address, but not at the first login ever", async () => {
      const user = await freshUser();
      const home = cologne();
      await signIn(user, home);
      await signIn(user, home);
      assert.equal((await alertsOf(user, "NEW_IP_LOGIN")).length, 0);
      await signIn(user, "203.0.113.77");
      const alerts = await alertsOf(user, "NEW_IP_LOGIN");
      assert.equal(alerts.length, 1);
      assert.equal(alerts[0].severity, "medium");
      assert.equal(alerts[0].data.location, "Iceland");
      const mail = await mailAbout(user, "203.0.113.77");
      assert.match(mail.text, /Iceland/);
      assert.match(mail.text, /\/settings\/security/);
      const notices = await stack.value`SELECT count(*) FROM notifications
        WHERE user_id = ${user.id} AND entity_type = 'alert'`;
      assert.equal(notices, 0, "medium makes no notification");
    });

    it("tells of a new browser on a known address", async () => {
      const user = await freshUser();
      const home = cologne();
      const known = await signIn(user, home);
      assert.deepEqual(await alertsOf(user, "NEW_DEVICE_LOGIN"), []);
      assert.equal((await tryIn(signedOut(known), user.email)).status, 200);
      assert.deepEqual(await alertsOf(user, "NEW_DEVICE_LOGIN"), []);
      const other = people.guest({ ip: home });
      const answer = await other.request("POST", "/api/auth/login", {
        json: { email: user.email, password },
        headers: { "user-agent": browsers.chrome },
      });
      assert.equal(answer.status, 200, `${answer}`);
      const alerts = await alertsOf(user, "NEW_DEVICE_LOGIN");
      assert.equal(alerts.length, 1);
      assert.equal(alerts[0].severity, "medium");
      assert.equal(alerts[0].data.device, "Chrome on Windows");
      const mail = await mailAbout(user, "with a new browser");
      assert.match(mail.text, /Chrome on Windows/);
      assert.match(mail.text, /address is known/);
      assert.deepEqual(await alertsOf(user, "NEW_IP_LOGIN"), []);
      // That browser is known from now on.
      clock.forward(3601);
      assert.equal((await tryIn(signedOut(other), user.email)).status, 200);
      assert.equal((await alertsOf(user, "NEW_DEVICE_LOGIN")).length, 1);
    });

    it("tells of the address alone where both are new", async () => {
      const user = await freshUser();
      await signIn(user, cologne());
      await signIn(user, "203.0.113.78");
      assert.equal((await alertsOf(user, "NEW_IP_LOGIN")).length, 1);
      assert.deepEqual(await alertsOf(user, "NEW_DEVICE_LOGIN"), []);
    });

    const failures = (user) => alertsOf(user, "MULTIPLE_FAILED_LOGINS");

    it("tells of five failures, though no browser is locked", async () => {
      const user = await freshUser();
      const home = signedOut(await signIn(user));
      assert.deepEqual(await fail(3, user.email), [401, 401, 401]);
      assert.equal((await tryIn(home, user.email, wrong)).status, 401);
      assert.deepEqual(await failures(user), []);
      assert.equal((await tryIn(home, user.email, wrong)).status, 401);
      const [alert, ...more] = await failures(user);
      assert.equal(alert.severity, "high");
      assert.equal(alert.data.failures, 5);
      assert.deepEqual(more, []);
      assert.deepEqual(await alertsOf(user, "ACCOUNT_LOCKED"), []);
      const priority = await stack.value`SELECT priority FROM notifications
        WHERE user_id = ${user.id} AND entity_id = ${alert.id}`;
      assert.equal(priority, 2);
      assert.equal((await tryIn(home, user.email, wrong)).status, 401);
      assert.equal((await failures(user)).length, 1, "once an hour");
    });

    it("counts the failures of fifteen minutes", async () => {
      const user = await freshUser();
      await fail(4, user.email);
      clock.forward(15 * 60 + 1);
      await fail(4, user.email);
      assert.deepEqual(await failures(user), []);
      await fail(1, user.email);
      assert.equal((await failures(user)).length, 1);
      assert.equal((await alertsOf(user, "ACCOUNT_LOCKED")).length, 1);
    });

    it("takes all of an IPv6 network of 64 bits for one place", async () => {
      const user = await freshUser();
      const alerts = async (ip) => {
        await signIn(user, ip);
        return (await alertsOf(user, "NEW_IP_LOGIN")).length;
      };
      assert.equal(await alerts("2001:db8:8:8::5"), 0);
      assert.equal(await alerts("2001:db8:8:8::"), 0);
      assert.equal(await alerts("2001:db8:8:8:ffff:ffff:ffff:ffff"), 0);
      assert.equal(await alerts("2001:db8:8:7:ffff:ffff:ffff:ffff"), 1);
      assert.equal(await alerts("2001:db8:8:9::"), 2);
    });

    it("takes an address for new again after 30 days", async () => {
      const user = await freshUser();
      const home = cologne();
      await signIn(user, home);
      clock.forward(29 * 86400);
      await signIn(user, home);
      assert.equal((await alertsOf(user, "NEW_IP_LOGIN")).length, 0);
      clock.forward(30 * 86400 + 10);
      await signIn(user, home);
      assert.equal((await alertsOf(user, "NEW_IP_LOGIN")).length, 1);
    });

    /** Logins of the last days at the given hours of Tokyo. */
    async function usualHours(user, hours, daysAgo = 2) {
      await stack.sql`UPDATE users SET time_zone = 'Asia/Tokyo'
        WHERE id = ${user.id}`;
      const now = new Date(clock.now()).toISOString();
      for (const hour of hours)
        await stack.sql`
          INSERT INTO login_history (user_id, email_hash, success, ip,
            created_at)
          VALUES (${user.id}, sha256(''), TRUE, '198.51.100.1',
            (date_trunc('day', ${now}::timestamptz AT TIME ZONE 'Asia/Tokyo')
              - interval '1 day' * ${daysAgo} + interval '1 hour' * ${hour})
            AT TIME ZONE 'Asia/Tokyo')`;
    }

    const tokyoHour = () => (new Date(clock.now()).getUTCHours() + 9) % 24;
    const others = (n) =>
      Array.from({ length: n }, (_, i) => (tokyoHour() + 2 + i) % 24);

    it("tells of an unusual hour, in the user's time zone", async () => {
      const user = await freshUser();
      await usualHours(user, others(11));
      await signIn(user, "198.51.100.1");
      const alerts = await alertsOf(user, "UNUSUAL_LOGIN_TIME");
      assert.equal(alerts.length, 1);
      assert.equal(alerts[0].severity, "low");
    });

    it("does not where ten hours are known, or this one is", async () => {
      const few = await freshUser();
      await usualHours(few, others(10));
      await signIn(few, "198.51.100.1");
      assert.equal((await alertsOf(few, "UNUSUAL_LOGIN_TIME")).length, 0);
      const used = await freshUser();
      await usualHours(used, others(11));
      await usualHours(used, [tokyoHour(), tokyoHour() + 1], 29);
      await signIn(used, "198.51.100.1");
      assert.equal((await alertsOf(used, "UNUSUAL_LOGIN_TIME")).length, 0);
    });

    it("lets in even where looking at it fails", async () => {
      const user = await freshUser();
      await signIn(user);
      // As an account might have been imported.
      await stack.psql(
        [],
        `ALTER TABLE users DISABLE TRIGGER USER;
         UPDATE users SET time_zone = 'No/Where' WHERE id = '${user.id}';
         ALTER TABLE users ENABLE TRIGGER USER;`,
      );
      await signIn(user);
    });

    it("shows only one's own alerts, and takes that they were seen", async () => {
      const user = await freshUser();
      const other = await people.user();
      await signIn(user, cologne());
      const client = await people.logIn(user.name);
      const { items } = (await client.get("/api/auth/alerts")).data;
      assert.deepEqual(
        items.map((i) => i.type),
        ["NEW_IP_LOGIN"],
      );
      const path = `/api/auth/alerts/${items[0].id}/acknowledge`;
      assert.equal((await other.post(path)).status, 404);
      assert.equal((await client.post(path)).status, 204);
      const [seen] = (await client.get("/api/auth/alerts")).data.items;
      assert.ok(Date.parse(seen.acknowledgedAt) <= clock.now());
      assert.equal((await client.post(path)).status, 204);
      const again = (await client.get("/api/auth/alerts")).data.items[0];
      assert.equal(again.acknowledgedAt, seen.acknowledgedAt);
    });

    it("names the date until which an account is suspended", async () => {
      const user = await freshUser();
      const until = new Date(clock.now() + 86400e3).toISOString();
      await stack.sql`UPDATE users SET status = 'SUSPENDED',
        suspended_until = ${until} WHERE id = ${user.id}`;
      const answer = await tryIn(people.guest(), user.email);
      assert.equal(answer.status, 403);
      assert.ok(answer.json.error.includes(until.slice(0, 10)), `${answer}`);
      assert.equal((await history(user)).at(-1).reason, "SUSPENDED");
      clock.forward(86400 + 5);
      await signIn(user);
      const [audit] = await stack.sql`SELECT before, after FROM audit_log
        WHERE resource_id = ${user.id} AND action = 'user.status'`;
      assert.deepEqual(audit.after, { status: "ACTIVE" });
    });

    it("does not end a suspension that has no date", async () => {
      const user = await freshUser();
      await stack.sql`UPDATE users SET status = 'SUSPENDED',
        suspended_until = NULL WHERE id = ${user.id}`;
      clock.forward(365 * 86400);
      assert.equal((await tryIn(people.guest(), user.email)).status, 403);
    });
  });
