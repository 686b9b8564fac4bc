// The second factor: set up, prove, use, switch off.  Times and races are in
// tests/twofactor, which has a clock and limits of its own.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { generateSync } from "otplib";
import { describe, it } from "node:test";
import { addressOf, mailsTo, password } from "../lib/people.mjs";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

const base = "/api/auth/2fa";
const codeOf = ({ secret }) => generateSync({ secret });

/** A user whose second factor is on, and what the set-up answered. */
async function withFactor() {
  const user = await people.user();
  const set = await user.post(`${base}/setup`);
  assert.equal(set.status, 200, `${set}`);
  const on = await user.post(`${base}/enable`, { code: codeOf(set.data) });
  assert.equal(on.status, 200, `${on}`);
  return { user, set: set.data, on: on.data };
}

/** The step of the code that switched it on is used: the next is good, too. */
const nextCode = ({ secret }) =>
  generateSync({ secret, epoch: Date.now() / 1000 + 30 });

export default () =>
  describe("two-factor", () => {
    it("hands out a secret, an address, a picture and ten codes", async () => {
      const user = await people.user();
      const { data } = await user.post(`${base}/setup`);
      assert.match(data.secret, /^[A-Z2-7]{32}$/);
      const url = new URL(data.otpauthUrl);
      assert.equal(url.protocol, "otpauth:");
      assert.equal(url.searchParams.get("secret"), data.secret);
      assert.equal(url.searchParams.get("issuer"), "Sparkle Universe");
      assert.ok(
        decodeURIComponent(url.pathname).includes(addressOf(user.name)),
      );
      assert.match(data.qrCode, /^data:image\/png;base64,/);
      assert.equal(new Set(data.backupCodes).size, 10);
      for (const code of data.backupCodes)
        assert.match(code, /^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$/);
    });

    it("is on after a right code, and not before", async () => {
      const user = await people.user();
      const set = await user.post(`${base}/setup`);
      const off = await user.get(base);
      assert.deepEqual(off.data, {
        enabled: false,
        enabledAt: null,
        backupCodesLeft: 0,
      });
      const wrong = await user.post(`${base}/enable`, { code: "000000" });
      assert.equal(wrong.status, 422, `${wrong}`);
      assert.equal(wrong.json.code, "WRONG_FACTOR");
      const on = await user.post(`${base}/enable`, { code: codeOf(set.data) });
      assert.equal(on.status, 200, `${on}`);
      assert.equal(on.data.enabled, true);
      assert.equal(on.data.backupCodesLeft, 10);
      const alert = await stack.sql`SELECT type, severity::text AS severity
        FROM security_alerts WHERE user_id = ${user.id}`;
      assert.deepEqual(alert, [{ type: "2FA_ENABLED", severity: "low" }]);
    });

    it("wants something set up to be switched on", async () => {
      const user = await people.user();
      const answer = await user.post(`${base}/enable`, { code: "123456" });
      assert.equal(answer.status, 410, `${answer}`);
      assert.equal(answer.json.code, "SETUP_GONE");
    });

    it("replaces no factor that is in use", async () => {
      const { user } = await withFactor();
      const again = await user.post(`${base}/setup`);
      assert.equal(again.status, 409, `${again}`);
      assert.equal(again.json.code, "TWO_FACTOR_ON");
    });

    it("wants the password used of late to be set up or renewed", async () => {
      const { user } = await withFactor();
      const other = await people.user();
      for (const who of [user, other]) await people.ageProof(who);
      const codes = await user.post(`${base}/backup-codes`);
      const set = await other.post(`${base}/setup`);
      for (const answer of [codes, set]) {
        assert.equal(answer.status, 403, `${answer}`);
        assert.equal(answer.json.code, "REAUTHENTICATION_REQUIRED");
      }
    });

    it("takes password and code to be switched off", async () => {
      const { user, set } = await withFactor();
      const off = (json) => user.post(`${base}/disable`, json);
      const code = nextCode(set);
      const one = await off({ password: "Wrong-Password-1!", code });
      assert.equal(one.status, 422, `${one}`);
      assert.equal(one.json.code, "WRONG_PASSWORD");
      const two = await off({ password, code: "000000" });
      assert.equal(two.json.code, "WRONG_FACTOR", `${two}`);
      const right = await off({ password, code });
      assert.equal(right.status, 204, `${right}`);
      assert.equal((await user.get(base)).data.enabled, false);
      const [{ n }] = await stack.sql`SELECT count(*) AS n FROM backup_codes
        WHERE user_id = ${user.id}`;
      assert.equal(n, 0);
      const alert = await stack.value`SELECT severity::text
        FROM security_alerts WHERE type = '2FA_DISABLED'
          AND user_id = ${user.id}`;
      assert.equal(alert, "high");
      await eventually("a mail tells of it", () =>
        mailsTo(stack, addressOf(user.name)).some(({ text }) =>
          text.includes("Two-factor sign-in is off"),
        ),
      );
    });

    it("asks for the code in a second step, and lets in with it", async () => {
      const { user, set } = await withFactor();
      const client = people.guest();
      const first = await client.post("/api/auth/login", {
        email: addressOf(user.name),
        password,
      });
      assert.equal(first.data.requiresTwoFactor, true, `${first}`);
      assert.equal((await client.get("/api/users/me")).status, 401);
      const { challenge } = first.data;
      const second = await client.post("/api/auth/login/2fa", {
        challenge,
        code: nextCode(set),
      });
      assert.equal(second.status, 200, `${second}`);
      assert.equal(second.data.user.username, user.name);
      assert.equal((await client.get("/api/users/me")).status, 200);
    });

    it("has nothing to switch off where nothing is on", async () => {
      const user = await people.user();
      const answer = await user.post(`${base}/disable`, {
        password,
        code: "123456",
      });
      assert.equal(answer.status, 409, `${answer}`);
      assert.equal(answer.json.code, "TWO_FACTOR_OFF");
      const codes = await user.post(`${base}/backup-codes`);
      assert.equal(codes.json.code, "TWO_FACTOR_OFF", `${codes}`);
    });

    it("makes new backup codes, and the old ones end", async () => {
      const { user, set } = await withFactor();
      const fresh = await user.post(`${base}/backup-codes`);
      assert.equal(fresh.status, 200, `${fresh}`);
      assert.equal(new Set(fresh.data.backupCodes).size, 10);
      const off = (code) => user.post(`${base}/disable`, { password, code });
      const old = await off(set.backupCodes[0]);
      assert.equal(old.json.code, "WRONG_FACTOR", `${old}`);
      const right = await off(fresh.data.backupCodes[3].toLowerCase());
      assert.equal(right.status, 204, `${right}`);
      const alert = await stack.value`SELECT severity::text
        FROM security_alerts WHERE type = 'BACKUP_CODE_USED'
          AND user_id = ${user.id}`;
      assert.equal(alert, "medium");
    });

    it("stores nothing in the clear", async () => {
      const { user, set } = await withFactor();
      const key = randomUUID();
      const fresh = await user.post(`${base}/backup-codes`, undefined, {
        headers: { "idempotency-key": key },
      });
      assert.equal(fresh.status, 200, `${fresh}`);
      const dump = await stack.lines`
        SELECT t::text FROM two_factor t WHERE user_id = ${user.id}
        UNION ALL SELECT b::text FROM backup_codes b
        WHERE user_id = ${user.id}
        UNION ALL SELECT encode(body, 'escape') FROM idempotency_keys
        WHERE key = ${key} AND body IS NOT NULL`;
      const log = stack.log("sparkle-fcgi.log");
      const secrets = [
        set.secret,
        ...set.backupCodes,
        ...fresh.data.backupCodes,
      ];
      for (const secret of secrets) {
        for (const row of dump) assert.ok(!row.includes(secret));
        assert.ok(!log.includes(secret));
      }
    });

    it("writes what was done into the audit log", async () => {
      const { user, set } = await withFactor();
      await user.post(`${base}/disable`, { password, code: nextCode(set) });
      const rows = await stack.sql`SELECT action, success FROM audit_log
        WHERE actor_id = ${user.id} ORDER BY id`;
      assert.deepEqual(rows, [
        { action: "user.two_factor_enabled", success: true },
        { action: "user.two_factor_disabled", success: true },
      ]);
    });

    it("refuses what is no code at all", async () => {
      const user = await people.user();
      for (const code of ["", "12345", "abc", "1234567", "ABCD-0000", 123456]) {
        const answer = await user.post(`${base}/enable`, { code });
        assert.equal(answer.status, 400, `${answer}`);
      }
    });
  });
