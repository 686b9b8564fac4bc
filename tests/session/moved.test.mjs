// A session's cookie in another browser and another network: what is told,
// and what either of the two alone does not tell.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { people, stack } from "../lib/suite.mjs";
import {
  alertsOf,
  browsers,
  clock,
  freshUser,
  mailAbout,
  newToken,
  tokenOf,
  tryIn,
} from "./lib.mjs";

const home = "198.51.100.10";
const nextDoor = "198.51.100.250"; // of the same /24
const away = "203.0.113.10";

/** A user who signed in with Firefox at home. */
async function signedIn() {
  const user = await freshUser();
  const client = people.guest({ ip: home });
  const post = client.request.bind(client);
  client.request = (method, path, options = {}) =>
    post(method, path, {
      ...options,
      headers: { "user-agent": browsers.firefox, ...options.headers },
    });
  assert.equal((await tryIn(client, user.email)).status, 200);
  const csrf = await client.get("/api/auth/csrf");
  client.csrf = csrf.data.token;
  return { ...user, client };
}

/** A call with the same cookie from elsewhere; a new token goes into the jar. */
async function use(user, ip, browser, path = "/api/users/me") {
  const client = people.guest({ ip });
  client.cookies.set("__Host-session", tokenOf(user.client));
  const answer = await client.request("GET", path, {
    headers: { "user-agent": browsers[browser] },
  });
  assert.equal(answer.status, 200, `${answer}`);
  const token = newToken(answer);
  if (token) user.client.cookies.set("__Host-session", token);
  return answer;
}

const moved = (user) => alertsOf(user, "SESSION_MOVED");
const count = async (user) => (await moved(user)).length;

export default () =>
  describe("a session that moves", () => {
    it("tells of another browser in another network", async () => {
      const user = await signedIn();
      await use(user, away, "chrome");
      const [alert, ...more] = await moved(user);
      assert.deepEqual(more, []);
      assert.equal(alert.severity, "high");
      assert.equal(alert.ip, away);
      assert.equal(alert.data.device, "Firefox on Linux");
      const mail = await mailAbout(user, "used from elsewhere");
      assert.match(mail.text, /203\.0\.113\.10/);
      const priority = await stack.value`SELECT priority FROM notifications
        WHERE user_id = ${user.id} AND entity_id = ${alert.id}`;
      assert.equal(priority, 2);
    });

    it("asks for the password again there", async () => {
      const user = await signedIn();
      const end = () =>
        user.client.request("POST", "/api/users/me/export", { json: {} });
      await use(user, away, "chrome");
      const answer = await end();
      assert.equal(answer.status, 403, `${answer}`);
      assert.equal(answer.json.code, "REAUTHENTICATION_REQUIRED");
    });

    it("asks for it as long as it was not given, whoever forgets", async () => {
      const user = await signedIn();
      await use(user, away, "chrome");
      await people.forgetCopies(user);
      user.client.ip = away;
      const answer = await user.client.request("POST", "/api/users/me/export", {
        json: {},
        headers: { "user-agent": browsers.chrome },
      });
      assert.equal(answer.status, 403, `${answer}`);
      assert.equal(answer.json.code, "REAUTHENTICATION_REQUIRED");
      assert.equal(await count(user), 1, "it moved but once");
    });

    for (const [what, ip, browser] of [
      ["another browser at home", home, "chrome"],
      ["another browser next door", nextDoor, "chrome"],
      ["the same browser away", away, "firefox"],
      ["a newer version of it away", away, "newFirefox"],
      ["nothing else", home, "firefox"],
    ])
      it(`says nothing of ${what}`, async () => {
        const user = await signedIn();
        for (let i = 0; i < 2; i++) await use(user, ip, browser);
        await people.forgetCopies(user);
        await use(user, ip, browser);
        assert.equal(await count(user), 0);
      });

    it("notices it without Redis's copy as well", async () => {
      const user = await signedIn();
      await people.forgetCopies(user);
      await use(user, away, "chrome");
      assert.equal(await count(user), 1);
    });

    it("tells once of calls at once, and once an hour of two", async () => {
      const user = await signedIn();
      await Promise.all(
        Array.from({ length: 12 }, () => use(user, away, "chrome")),
      );
      assert.equal(await count(user), 1);
      for (let i = 0; i < 3; i++) {
        await use(user, home, "firefox");
        await use(user, away, "chrome");
      }
      assert.equal(await count(user), 1);
      clock.forward(3601);
      await use(user, home, "firefox");
      assert.equal(await count(user), 2);
    });

    it("goes by the network of the last rotation", async () => {
      const user = await signedIn();
      await use(user, away, "firefox");
      await use(user, away, "firefox");
      clock.forward(601);
      assert.ok(newToken(await use(user, away, "firefox")));
      await use(user, away, "chrome"); // at home there by now
      assert.equal(await count(user), 0);
      await use(user, home, "chrome");
      assert.equal(await count(user), 1);
    });

    it("takes no new key for another browser", async () => {
      const user = await signedIn();
      await stack.sql`UPDATE sessions
        SET fingerprint = overlay(fingerprint PLACING '\\x00000000' FROM 1)
        WHERE user_id = ${user.id}`;
      await people.forgetCopies(user);
      await use(user, away, "chrome");
      assert.equal(await count(user), 0);
    });

    it("costs no statement where nothing moved, nor once it has", async () => {
      const user = await signedIn();
      const statements = async (answer) =>
        (await stack.logLines(answer.requestId))[0].db_n ?? 0;
      const path = "/api/auth/csrf";
      assert.equal(await statements(await use(user, away, "firefox", path)), 0);
      assert.equal(await statements(await use(user, away, "chrome", path)), 1);
      assert.equal(await statements(await use(user, away, "chrome", path)), 0);
    });

    it("keeps neither address nor browser readable in it", async () => {
      const user = await signedIn();
      const other = await signedIn();
      const [size, same] = await stack.lines`
        SELECT octet_length(fingerprint) FROM sessions
        WHERE user_id = ${user.id}
        UNION ALL SELECT count(DISTINCT fingerprint) FROM sessions
        WHERE user_id = ANY (${[user.id, other.id]}::uuid[])`;
      assert.deepEqual([+size, +same], [36, 1]);
      const plain = await stack.value`SELECT count(*) FROM sessions
        WHERE user_id = ${user.id} AND (
          position(sha256('network\n198.51.100.0/24') IN fingerprint) > 0
          OR position('Firefox'::bytea IN fingerprint) > 0)`;
      assert.equal(plain, 0);
      const { data } = await user.client.get("/api/auth/sessions");
      assert.equal("fingerprint" in data.items[0], false);
    });
  });
