// Signing in and out.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressOf, freshName, password } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";

const cookieOf = (answer) =>
  (answer.headers["set-cookie"] ?? []).find((c) =>
    c.startsWith("__Host-session="),
  );

const logIn = (email, words = password, more = {}) =>
  people.guest().post("/api/auth/login", { email, password: words, ...more });

export default () =>
  describe("session", () => {
    it("signs in and tells who it is", async () => {
      const [name] = await people.users(1);
      const answer = await logIn(addressOf(name));
      assert.equal(answer.status, 200);
      assert.equal(answer.data.user.username, name);
      assert.equal(answer.data.verified, true);
    });

    it("sets a cookie that only this host gets, by TLS, unseen by scripts", async () => {
      const [name] = await people.users(1);
      const cookie = cookieOf(await logIn(addressOf(name)));
      const [pair, ...attributes] = cookie.split(/;\s*/);
      assert.match(pair, /^__Host-session=sess_[A-Za-z0-9_-]{43}$/);
      const lower = attributes.map((a) => a.toLowerCase());
      for (const wanted of ["secure", "httponly", "samesite=lax", "path=/"])
        assert.ok(lower.includes(wanted), `${wanted} in ${cookie}`);
      assert.ok(!lower.some((a) => a.startsWith("domain")));
    });

    it("lasts 30 days, or 90 where asked to remember", async () => {
      const [name] = await people.users(1);
      const age = (answer) =>
        Number(/max-age=(\d+)/i.exec(cookieOf(answer))[1]) / 86400;
      assert.equal(age(await logIn(addressOf(name))), 30);
      const long = await logIn(addressOf(name), password, { rememberMe: true });
      assert.equal(age(long), 90);
    });

    it("takes the address in any case", async () => {
      const [name] = await people.users(1);
      const answer = await logIn(addressOf(name).toUpperCase());
      assert.equal(answer.status, 200, `${answer}`);
    });

    it("answers alike for a wrong password and an unknown address", async () => {
      const [name] = await people.users(1);
      const wrong = await logIn(addressOf(name), "Wrong-Password-1!");
      const unknown = await logIn("nobody-at-all@example.org");
      for (const answer of [wrong, unknown]) {
        assert.equal(answer.status, 401);
        assert.equal(answer.json.code, "WRONG_LOGIN");
        assert.equal(cookieOf(answer), undefined);
      }
      assert.equal(wrong.json.error, unknown.json.error);
    });

    it("stores only the token's hash", async () => {
      const user = await people.user();
      const token = user.cookies.get("__Host-session");
      const dump = await stack.sql`
        SELECT row_to_json(s)::text AS row FROM sessions s
        WHERE user_id = ${user.id}`;
      assert.ok(dump.length >= 1);
      for (const { row } of dump) assert.ok(!row.includes(token.slice(5)));
      const keys = await stack.redis("KEYS", "*");
      assert.ok(!keys.some((k) => k.includes(token.slice(5))));
    });

    it("logs out for good, and takes the cookie back", async () => {
      const user = await people.user();
      const token = user.cookies.get("__Host-session");
      const answer = await user.post("/api/auth/logout");
      assert.equal(answer.status, 204, `${answer}`);
      assert.match(cookieOf(answer), /max-age=0/i);
      user.cookies.set("__Host-session", token);
      assert.equal((await user.get("/api/users/me")).status, 401);
    });

    it("refuses forged, cut and odd tokens as no session", async () => {
      const user = await people.user();
      const token = user.cookies.get("__Host-session");
      for (const bad of [
        token.slice(0, -1),
        token + "A",
        "sess_" + "A".repeat(43),
        "",
        "%00",
        "sess_'; DROP TABLE users; --",
        "x".repeat(3000),
      ]) {
        user.cookies.set("__Host-session", bad);
        const answer = await user.get("/api/users/me");
        assert.equal(answer.status, 401, bad.slice(0, 60));
      }
    });

    it("goes on as a visitor where anyone may call", async () => {
      const guest = people.guest();
      guest.cookies.set("__Host-session", "sess_" + "B".repeat(43));
      const answer = await guest.get("/api/categories");
      assert.equal(answer.status, 200);
    });

    it("keeps sessions of one user apart", async () => {
      const [name] = await people.users(1);
      const one = await people.logIn(name);
      const two = await people.logIn(name);
      await one.post("/api/auth/logout");
      assert.equal((await one.get("/api/users/me")).status, 401);
      assert.equal((await two.get("/api/users/me")).status, 200);
    });

    it("lists one's sessions, and ends one of them", async () => {
      const [name] = await people.users(1);
      const here = await people.logIn(name);
      const there = await people.logIn(name);
      const list = async () =>
        (await here.get("/api/auth/sessions")).data.items;
      const sessions = await list();
      assert.equal(sessions.length, 2);
      assert.equal(sessions.filter((s) => s.current).length, 1);
      const other = sessions.find((s) => !s.current);
      const path = `/api/auth/sessions/${other.id}`;
      const stranger = await people.user();
      assert.equal((await stranger.delete(path)).status, 404);
      assert.equal((await here.delete(path)).status, 204);
      assert.equal((await here.delete(path)).status, 404);
      assert.equal((await there.get("/api/users/me")).status, 401);
      assert.equal((await list()).length, 1);
    });

    it("ends all other sessions, and keeps this one", async () => {
      const [name] = await people.users(1);
      const here = await people.logIn(name);
      const others = [await people.logIn(name), await people.logIn(name)];
      const answer = await here.delete("/api/auth/sessions");
      assert.equal(answer.status, 204, `${answer}`);
      for (const other of others)
        assert.equal((await other.get("/api/users/me")).status, 401);
      assert.equal((await here.get("/api/users/me")).status, 200);
    });

    it("tells banned users only after the right password", async () => {
      const [name] = await people.users(1);
      await stack.sql`UPDATE users SET status = 'BANNED'
        WHERE username = ${name}`;
      const wrong = await logIn(addressOf(name), "Wrong-Password-1!");
      assert.equal(wrong.status, 401);
      const right = await logIn(addressOf(name));
      assert.equal(right.status, 403);
      assert.equal(right.json.code, "ACCOUNT_BANNED");
    });

    it("tells suspended users, until the date has passed", async () => {
      const [name] = await people.users(1);
      await stack.sql`UPDATE users SET status = 'SUSPENDED',
        suspended_until = now() + interval '1 day' WHERE username = ${name}`;
      const during = await logIn(addressOf(name));
      assert.equal(during.status, 403);
      assert.equal(during.json.code, "ACCOUNT_SUSPENDED");
      await stack.sql`UPDATE users SET
        suspended_until = now() - interval '1 day' WHERE username = ${name}`;
      assert.equal((await logIn(addressOf(name))).status, 200);
      const status = await stack.value`SELECT status FROM users
        WHERE username = ${name}`;
      assert.equal(status, "ACTIVE");
    });

    it("does not know deleted users", async () => {
      const [name] = await people.users(1);
      await stack.sql`UPDATE users SET status = 'DELETED',
        deleted_at = now() WHERE username = ${name}`;
      const answer = await logIn(addressOf(name));
      assert.equal(answer.status, 401);
      assert.equal(answer.json.code, "WRONG_LOGIN");
    });

    it("ends all sessions with a new password by sparklectl", async () => {
      const user = await people.user();
      await stack.ctl(["user", "password", user.name], "Another-Good-1-Pass\n");
      assert.equal((await user.get("/api/users/me")).status, 401);
      const again = await logIn(addressOf(user.name), "Another-Good-1-Pass");
      assert.equal(again.status, 200, `${again}`);
    });

    it("wants a session where the route does", async () => {
      for (const path of [
        "/api/users/me",
        "/api/notifications",
        "/api/notifications/unread-count",
        "/api/auth/csrf",
      ]) {
        const answer = await people.guest().get(path);
        assert.equal(answer.status, 401, path);
        assert.equal(answer.json.code, "AUTHENTICATION_ERROR");
      }
    });

    it("names devices and logins, and nobody else's", async () => {
      const user = await people.user();
      const other = await people.user();
      const { items } = (await user.get("/api/auth/login-history?limit=5"))
        .data;
      assert.equal(items.length, 1);
      assert.equal(items[0].success, true);
      assert.equal(items[0].outcome, "Signed in");
      assert.equal((await user.get("/api/auth/alerts")).data.items.length, 0);
      await stack.sql`SELECT alert_raise(${user.id}, 'NEW_IP_LOGIN', 'low',
        'A test')`;
      const [alert] = (await user.get("/api/auth/alerts")).data.items;
      assert.equal(alert.title, "A test");
      const path = `/api/auth/alerts/${alert.id}/acknowledge`;
      assert.equal((await other.post(path)).status, 404);
      assert.equal((await user.post(path)).status, 204);
      assert.equal((await other.get("/api/auth/alerts")).data.items.length, 0);
      for (const page of ["login-history", "alerts"])
        assert.equal(
          (await people.guest().get(`/api/auth/${page}`)).status,
          401,
        );
    });

    it("pages through the login history by cursor", async () => {
      const user = await people.user();
      await stack.sql`
        INSERT INTO login_history (user_id, email_hash, success, created_at)
        SELECT ${user.id}, sha256(''), FALSE, now() - n * interval '1 hour'
        FROM generate_series(1, 7) n`;
      const seen = [];
      let cursor = "";
      do {
        const { data } = await user.get(
          `/api/auth/login-history?limit=3${cursor}`,
        );
        seen.push(...data.items.map((i) => i.id));
        cursor = data.hasMore ? `&cursor=${data.nextCursor}` : "";
      } while (cursor);
      assert.equal(seen.length, 8);
      assert.equal(new Set(seen).size, 8);
    });

    it("takes the password again, for ten minutes of trust", async () => {
      const user = await people.user();
      const give = (body) => user.post("/api/auth/reauthenticate", body);
      assert.equal((await give({ password })).status, 204);
      const bad = await give({ password: "Wrong-Password-1!" });
      assert.equal(bad.status, 422, `${bad}`);
      assert.equal(bad.json.code, "WRONG_PASSWORD");
      assert.equal((await give({})).status, 400);
      assert.equal((await give({ password, code: "123456" })).status, 400);
      const guest = people.guest();
      const answer = await guest.post("/api/auth/reauthenticate", { password });
      assert.equal(answer.status, 401);
    });

    it("limits how often the password may be guessed again", async () => {
      const user = await people.user();
      const answers = [];
      for (let i = 0; i < 6; i++) {
        user.ip = people.guest().ip;
        answers.push(
          await user.post("/api/auth/reauthenticate", {
            password: "Wrong-Password-1!",
          }),
        );
      }
      assert.deepEqual(
        answers.map((a) => a.status),
        [422, 422, 422, 422, 422, 429],
      );
    });

    it("gives no personal answer to caches", async () => {
      const user = await people.user();
      const answer = await user.get("/api/users/me");
      assert.match(answer.headers["cache-control"] ?? "", /private|no-store/);
      assert.ok(freshName());
    });
  });
