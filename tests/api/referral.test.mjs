// Referral codes: once each, with points, a row of the ledger and a notice.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressOf, freshName, password } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";

const register = (fields) =>
  people.guest().post("/api/auth/register", {
    email: addressOf(freshName()),
    password,
    agreeToTerms: true,
    ...fields,
  });

async function freshCode(owner) {
  const code = freshName("ref").replaceAll("_", "").toUpperCase();
  await stack.sql`INSERT INTO referrals (referrer_id, code)
    VALUES (${owner.id}, ${code})`;
  return code;
}

export default () =>
  describe("referral", () => {
    it("pays who told, once, with a row of the ledger", async () => {
      const owner = await people.user();
      const code = await freshCode(owner);
      const name = freshName();
      const answer = await register({
        username: name,
        referralCode: code.toLowerCase(),
      });
      assert.equal(answer.status, 201, `${answer}`);
      const [row] = await stack.sql`SELECT r.status::text, u.username,
          b.sparkle_points AS points, b.lifetime_earned AS earned,
          (SELECT count(*) FROM currency_transactions t
            WHERE t.user_id = r.referrer_id AND t.source = 'referral'
            AND t.amount = 500) AS rows
        FROM referrals r JOIN users u ON u.id = r.referred_user_id
        JOIN user_balances b ON b.user_id = r.referrer_id
        WHERE r.code = ${code}`;
      assert.deepEqual(row, {
        status: "COMPLETED",
        username: name,
        points: 600,
        earned: 600,
        rows: 1,
      });
      const again = await register({ referralCode: code });
      assert.equal(again.status, 422, `${again}`);
      assert.ok(again.json.fields.referralCode);
    });

    it("makes no account for a code that is no good", async () => {
      const email = addressOf(freshName());
      const answer = await register({ email, referralCode: "NOSUCHCODE" });
      assert.equal(answer.status, 422, `${answer}`);
      const n = await stack.value`SELECT count(*) FROM users
        WHERE email = ${email}`;
      assert.equal(n, 0);
    });

    it("uses no code up for an address that is known", async () => {
      const owner = await people.user();
      const code = await freshCode(owner);
      const email = addressOf(owner.name);
      const known = await register({ email, referralCode: code });
      assert.equal(known.status, 201, `${known}`);
      const bad = await register({ email, referralCode: "NOSUCHCODE" });
      assert.equal(bad.status, 422, `${bad}`);
      const status = await stack.value`SELECT status::text FROM referrals
        WHERE code = ${code}`;
      assert.equal(status, "PENDING");
    });
  });
