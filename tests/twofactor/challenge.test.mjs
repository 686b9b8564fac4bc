// A login's second step: who its challenge is for, how long, how often.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressOf } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";
import {
  base,
  challengeOf,
  codeAt,
  logIn,
  withFactor,
  wrongCode,
} from "./people.mjs";

const cookieOf = (answer) =>
  (answer.headers["set-cookie"] ?? []).find((c) =>
    c.startsWith("__Host-session="),
  );

export default (clock) =>
  describe("challenge", { concurrency: 1 }, () => {
    it("asks for a code after the password, and tells no more", async () => {
      const { user } = await withFactor(clock);
      const { answer, challenge } = await challengeOf(user.name);
      assert.match(challenge, /^login_[A-Za-z0-9_-]{43}$/);
      assert.equal(answer.data.user, null);
      assert.equal(cookieOf(answer), undefined);
      assert.ok(!answer.text.includes(user.id));
      assert.ok(!answer.text.includes(user.name));
    });

    it("asks for nothing after a wrong password", async () => {
      const { user } = await withFactor(clock);
      const answer = await people.guest().post("/api/auth/login", {
        email: addressOf(user.name),
        password: "Wrong-Password-1!",
        twoFactorCode: "123456",
      });
      assert.equal(answer.status, 401, `${answer}`);
      assert.equal(answer.json.code, "WRONG_LOGIN");
    });

    it("lets in with a code, and remembers what was asked", async () => {
      const { user, secret } = await withFactor(clock);
      const { client, prove } = await challengeOf(user.name, {
        rememberMe: true,
      });
      const right = await prove(codeAt(secret, clock.now()));
      assert.equal(right.status, 200, `${right}`);
      assert.equal(right.data.user.id, user.id);
      assert.match(cookieOf(right), /max-age=777600\d;/i);
      const me = await client.get("/api/users/me");
      assert.equal(me.data.username, user.name);
    });

    it("gives strangers no tries back where a known browser signs in", async () => {
      const { user, secret } = await withFactor(clock);
      const mine = people.guest();
      const prove = async () => {
        const { data } = await logIn(user.name, {}, mine);
        const code = codeAt(secret, clock.now());
        const step = { challenge: data.challenge, code };
        const answer = await mine.post("/api/auth/login/2fa", step);
        assert.equal(answer.status, 200, `${answer}`);
        mine.cookies.delete("__Host-session");
        clock.forward(60);
      };
      const strangers = async () => {
        const subject = await stack.value`SELECT encode(email_hash, 'hex')
          FROM login_history WHERE user_id = ${user.id} LIMIT 1`;
        return stack.redis("EXISTS", `quota:auth:account:${subject}`);
      };
      const wrong = { password: "Wrong-Password-1!" };
      const before = await logIn(user.name, wrong);
      assert.equal(before.status, 401, `${before}`);
      await prove();
      assert.equal(Number(await strangers()), 0, "it was a stranger's");
      await logIn(user.name, wrong);
      await prove();
      assert.equal(Number(await strangers()), 1);
    });

    it("lets in with a backup code", async () => {
      const { user, backupCodes } = await withFactor(clock);
      const { prove } = await challengeOf(user.name);
      const right = await prove(backupCodes[0]);
      assert.equal(right.status, 200, `${right}`);
      assert.equal((await user.get(base)).data.backupCodesLeft, 9);
      const again = await (await challengeOf(user.name)).prove(backupCodes[0]);
      assert.equal(again.status, 422, `${again}`);
    });

    it("ends after five minutes exactly", async () => {
      const { user, secret } = await withFactor(clock);
      const limit = async () =>
        1000 *
        (await stack.value`SELECT extract(epoch FROM max(expires_at))
          FROM login_challenges WHERE user_id = ${user.id}`);
      const late = await challengeOf(user.name);
      clock.moveJustAfter(await limit());
      const gone = await late.prove(codeAt(secret, clock.now()));
      assert.equal(gone.status, 410, `${gone}`);
      assert.equal(gone.json.code, "CHALLENGE_GONE");
      const early = await challengeOf(user.name);
      clock.moveTo((await limit()) - 60000);
      const right = await early.prove(codeAt(secret, clock.now()));
      assert.equal(right.status, 200, `${right}`);
    });

    it("is good once", async () => {
      const { user, secret, backupCodes } = await withFactor(clock);
      const { client, prove } = await challengeOf(user.name);
      const first = await prove(codeAt(secret, clock.now()));
      assert.equal(first.status, 200, `${first}`);
      const other = people.guest({ ip: client.ip });
      const second = await prove(backupCodes[0], other);
      assert.equal(second.status, 410, `${second}`);
      assert.equal((await user.get(base)).data.backupCodesLeft, 10);
    });

    it("is worth nothing at another address", async () => {
      const { user, secret } = await withFactor(clock);
      const { prove } = await challengeOf(user.name);
      const code = codeAt(secret, clock.now());
      const thief = await prove(code, people.guest());
      assert.equal(thief.status, 410, `${thief}`);
      const owner = await prove(code);
      assert.equal(owner.status, 200, `${owner}`);
    });

    it("dies after five codes", async () => {
      const { user, secret } = await withFactor(clock);
      const { prove } = await challengeOf(user.name);
      for (let i = 0; i < 5; i++) {
        // Each a quarter of a minute later, that it is not the account's
        // count which refuses: a right one in between sets that back.
        const wrong = await prove(wrongCode(secret, clock.now()));
        assert.equal(wrong.status, 422, `${wrong}`);
        if (i === 3)
          await stack.sql`UPDATE two_factor SET tries = 0
            WHERE user_id = ${user.id}`;
      }
      const right = await prove(codeAt(secret, clock.now()));
      assert.equal(right.status, 410, `${right}`);
    });

    it("dies with the password", async () => {
      const { user, secret } = await withFactor(clock);
      const { prove } = await challengeOf(user.name);
      clock.forward(1);
      await stack.ctl(["user", "password", user.name], "Another-Good-1-Pass\n");
      await stack.sql`UPDATE users SET password_changed_at =
        to_timestamp(${clock.now() / 1000}) WHERE id = ${user.id}`;
      const answer = await prove(codeAt(secret, clock.now()));
      assert.equal(answer.status, 410, `${answer}`);
    });

    it("lets in nobody who was banned meanwhile", async () => {
      const { user, secret } = await withFactor(clock);
      const { prove } = await challengeOf(user.name);
      await stack.sql`UPDATE users SET status = 'BANNED'
        WHERE id = ${user.id}`;
      const answer = await prove(codeAt(secret, clock.now()));
      assert.ok([401, 403].includes(answer.status), `${answer}`);
      assert.equal(cookieOf(answer), undefined);
    });

    it("knows no challenge that nobody was given", async () => {
      const answer = await people.guest().post("/api/auth/login/2fa", {
        challenge: `login_${"A".repeat(43)}`,
        code: "123456",
      });
      assert.equal(answer.status, 410, `${answer}`);
      assert.equal(answer.json.code, "CHALLENGE_GONE");
    });

    it("is stored as a hash only", async () => {
      const { user } = await withFactor(clock);
      const { challenge } = await challengeOf(user.name);
      const rows = await stack.lines`SELECT c::text FROM login_challenges c
        WHERE user_id = ${user.id} UNION ALL
        SELECT encode(body, 'escape') FROM idempotency_keys
        WHERE body IS NOT NULL`;
      assert.ok(rows.length >= 1);
      for (const row of rows) assert.ok(!row.includes(challenge.slice(6)));
      assert.ok(!stack.log("sparkle-fcgi.log").includes(challenge));
    });

    it("notes what failed in the login history", async () => {
      const { user, secret } = await withFactor(clock);
      const { prove } = await challengeOf(user.name);
      await prove(wrongCode(secret, clock.now()));
      const reasons = await stack.lines`SELECT reason FROM login_history
        WHERE user_id = ${user.id} AND NOT success ORDER BY created_at, id`;
      assert.deepEqual(reasons, ["CODE_WANTED", "WRONG_CODE"]);
    });

    it("wants no code of who has none, and takes one for nothing", async () => {
      const user = await people.user();
      const answer = await logIn(user.name, { twoFactorCode: "123456" });
      assert.equal(answer.status, 200, `${answer}`);
      assert.equal(answer.data.requiresTwoFactor, false);
    });
  });
