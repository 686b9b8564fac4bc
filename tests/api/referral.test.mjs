// Referral codes: once each, with points, a row of the ledger and a notice.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressOf, freshName, password } from "../lib/people.mjs";
import { eventually } from "../lib/stack.mjs";
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

    it("makes codes, shows them with links, and who came by them", async () => {
      const owner = await people.user();
      const made = await owner.post("/api/users/me/referrals", {});
      assert.equal(made.status, 201, `${made}`);
      const { code, link, status, joined } = made.data;
      assert.match(code, /^[2-9A-HJ-NP-Z]{10}$/);
      assert.deepEqual({ status, joined }, { status: "PENDING", joined: null });
      const form = await people
        .guest()
        .page(new URL(link).pathname + new URL(link).search);
      assert.ok(form.text.includes(`value="${code}"`), link);
      const name = freshName();
      const answer = await register({ username: name, referralCode: code });
      assert.equal(answer.status, 201, `${answer}`);
      const open = (await owner.post("/api/users/me/referrals", {})).data;
      const list = await owner.get("/api/users/me/referrals");
      assert.deepEqual(
        list.data.items.map((f) => [f.code, f.status, f.joined]),
        [
          [open.code, "PENDING", null],
          [code, "COMPLETED", name],
        ],
      );
      const page = (await owner.page("/settings/account")).text;
      assert.ok(page.includes(`data-copy="${open.link}"`));
      assert.ok(page.includes(`/profile/${name}`));
      const other = await people.user();
      const theirs = await other.get("/api/users/me/referrals");
      assert.deepEqual(theirs.data.items, []);
    });

    it("pages the codes by key", async () => {
      const owner = await people.user();
      for (let i = 0; i < 3; i++) await freshCode(owner);
      const list = (query) => owner.get(`/api/users/me/referrals?${query}`);
      const { data } = await list("limit=2");
      assert.equal(data.items.length, 2);
      assert.equal(data.hasMore, true);
      const rest = (await list(`limit=2&cursor=${data.nextCursor}`)).data;
      assert.equal(rest.items.length, 1);
      assert.ok(!data.items.some((f) => f.id === rest.items[0].id));
    });

    it("makes ten unused codes at the most, however many ask at once", async () => {
      const owner = await people.user();
      const answers = await Promise.all(
        Array.from({ length: 14 }, () =>
          owner.post("/api/users/me/referrals", {}),
        ),
      );
      const made = answers.filter((a) => a.status === 201).length;
      assert.equal(made, 10, answers.map(String).join("\n"));
      const over = answers.find((a) => a.status !== 201);
      assert.equal(over.json.code, "TOO_MANY_REFERRALS", `${over}`);
    });

    it("makes no code before the address is verified", async () => {
      const name = freshName();
      await register({ email: addressOf(name), username: name });
      const user = await people.logIn(name);
      const answer = await user.post("/api/users/me/referrals", {});
      assert.equal(answer.status, 403, `${answer}`);
    });

    it("tells who gave the code away", async () => {
      const owner = await people.user();
      const name = freshName();
      await register({ username: name, referralCode: await freshCode(owner) });
      const told = await eventually("a notification", async () => {
        const { data } = await owner.get("/api/notifications");
        return data.items.find((n) => n.title.startsWith(name));
      });
      assert.equal(told.type, "SYSTEM");
      assert.match(told.message, /500/);
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
