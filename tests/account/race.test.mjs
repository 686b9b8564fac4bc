// Fifty calls at once for what may happen once: exactly one effect, and no
// answer of ours that says that we failed.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { freshAddress } from "../lib/client.mjs";
import { tokenTo } from "../lib/links.mjs";
import {
  addressOf,
  codeOf,
  freshName,
  mailsTo,
  password,
} from "../lib/people.mjs";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

const crowd = 50;

const register = (fields) =>
  people.guest().post("/api/auth/register", {
    email: addressOf(freshName()),
    password,
    agreeToTerms: true,
    ...fields,
  });

/** Calls fifty times at once; how many answers had which status. */
async function race(call) {
  const answers = await Promise.all(
    Array.from({ length: crowd }, (_, i) => call(i)),
  );
  const counts = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  for (const answer of answers) assert.ok(answer.status < 500, `${answer}`);
  return counts;
}

const countOf = async (sql) => Number(Object.values((await sql)[0])[0]);

export default () =>
  describe("fifty at once", { concurrency: 1 }, () => {
    it("one sets a password by the same link", async () => {
      const user = await people.user();
      await people.guest().post("/api/auth/forgot-password", {
        email: addressOf(user.name),
      });
      const token = await tokenTo(
        stack,
        addressOf(user.name),
        "reset-password",
      );
      const counts = await race((i) =>
        people.guest().post("/api/auth/reset-password", {
          token,
          newPassword: `Velvet-Otter-7${i}`,
        }),
      );
      assert.deepEqual(counts, { 204: 1, 410: crowd - 1 });
      const alerts = await countOf(stack.sql`SELECT count(*)
        FROM security_alerts WHERE user_id = ${user.id}`);
      assert.equal(alerts, 1);
    });

    it("one verifies by the same code", async () => {
      const username = freshName();
      await register({ email: addressOf(username), username });
      const code = await codeOf(stack, addressOf(username));
      const counts = await race(() =>
        people.guest().post("/api/auth/verify-email", { code, username }),
      );
      assert.deepEqual(counts, { 200: 1, 410: crowd - 1 });
      const xp = await countOf(stack.sql`SELECT count(*)
        FROM xp_log x JOIN users u ON u.id = x.user_id
        WHERE u.username = ${username} AND source = 'email_verified'`);
      assert.equal(xp, 1);
    });

    it("one verifies an account by the same code", async () => {
      const user = await people.pending();
      const code = await codeOf(stack, addressOf(user.name));
      const counts = await race(() =>
        user.post("/api/auth/verify-email", { code }),
      );
      assert.deepEqual(counts, { 200: 1, 410: crowd - 1 });
      const xp = await countOf(stack.sql`SELECT count(*) FROM xp_log
        WHERE user_id = ${user.id} AND source = 'email_verified'`);
      assert.equal(xp, 1);
    });

    it("five guess at a code, whoever comes", async () => {
      const username = freshName();
      await register({ email: addressOf(username), username });
      const user = await people.pending();
      for (const [client, name, more] of [
        [people.guest(), username, { username }],
        [user, user.name, {}],
      ]) {
        const code = await codeOf(stack, addressOf(name));
        const wrong = code === "000000" ? "000001" : "000000";
        const counts = await race(() =>
          client.post("/api/auth/verify-email", { code: wrong, ...more }),
        );
        assert.deepEqual(counts, { 410: crowd - 5, 422: 5 });
        const body = { code, ...more };
        const late = await client.post("/api/auth/verify-email", body);
        assert.equal(late.status, 410, `${late}`);
        client.ip = freshAddress();
      }
    });

    it("one uses the same referral code", async () => {
      const owner = await people.user();
      const code = freshName("race").replaceAll("_", "").toUpperCase();
      await stack.sql`INSERT INTO referrals (referrer_id, code)
        VALUES (${owner.id}, ${code})`;
      const names = Array.from({ length: crowd }, () => freshName());
      const asked = await race((i) =>
        register({
          username: names[i],
          email: addressOf(names[i]),
          referralCode: code,
        }),
      );
      assert.deepEqual(asked, { 201: crowd });
      const codes = await Promise.all(
        names.map((name) => codeOf(stack, addressOf(name), 60)),
      );
      const made = await race((i) =>
        people.guest().post("/api/auth/verify-email", {
          username: names[i],
          code: codes[i],
        }),
      );
      assert.deepEqual(made, { 200: crowd }, "a code that is used is no fault");
      const late = await register({ referralCode: code });
      assert.equal(late.status, 422, `${late}`);
      const [row] = await stack.sql`SELECT sparkle_points AS points,
          (SELECT count(*) FROM currency_transactions t
            WHERE t.user_id = b.user_id AND t.source = 'referral') AS rows
        FROM user_balances b WHERE user_id = ${owner.id}`;
      assert.deepEqual(row, { points: 600, rows: 1 });
    });

    it("one account is made for an address", async () => {
      const email = addressOf(freshName());
      const answers = await Promise.all(
        Array.from({ length: crowd }, () => register({ email })),
      );
      const names = answers.map((a) => a.data?.user.username);
      assert.equal(new Set(names).size, crowd, answers.map(String).join("\n"));
      // As many codes as are mailed to one address; all tried at once.
      const codes = await eventually("three codes", () => {
        const found = mailsTo(stack, email).map((mail) => ({
          code: mail.text.match(/\b\d{6}\b/)[0],
          username: names.find((name) => mail.text.includes(name)),
        }));
        return found.length >= 3 && found;
      });
      const tried = await Promise.all(
        codes.map((body) => people.guest().post("/api/auth/verify-email", body)),
      );
      const done = tried.filter((a) => a.status === 200);
      assert.equal(done.length, 1, tried.map(String).join("\n"));
      const [row] = await stack.sql`SELECT count(*) AS users,
          count(DISTINCT p.user_id) AS profiles
        FROM users u LEFT JOIN profiles p ON p.user_id = u.id
        WHERE u.email = ${email}`;
      assert.deepEqual(row, { users: 1, profiles: 1 });
    });

    it("one gets a user name, in whatever case", async () => {
      const name = freshName("race");
      const counts = await race((i) =>
        register({ username: i % 2 ? name : name.toUpperCase() }),
      );
      assert.deepEqual(counts, { 201: 1, 409: crowd - 1 });
    });

    it("one confirms an address by the same link", async () => {
      const user = await people.user();
      const to = addressOf(freshName("moved"));
      await user.post("/api/auth/email-change", { email: to });
      const token = await tokenTo(stack, to, "confirm-email");
      const confirmed = await race(() =>
        people.guest().post("/api/auth/email-change/confirm", { token }),
      );
      assert.deepEqual(confirmed, { 204: 1, 410: crowd - 1 });
      const back = await tokenTo(stack, addressOf(user.name), "undo-email");
      const undone = await race(() =>
        people.guest().post("/api/auth/email-change/undo", { token: back }),
      );
      assert.deepEqual(undone, { 204: 1, 410: crowd - 1 });
    });

    it("one of two changes of a password comes first", async () => {
      const user = await people.user();
      const answers = await Promise.all(
        ["Velvet-Otter-78", "Velvet-Otter-79"].map((newPassword) =>
          user.post("/api/auth/change-password", {
            currentPassword: password,
            newPassword,
          }),
        ),
      );
      const statuses = answers.map((a) => a.status).sort();
      assert.equal(statuses[0], 204, answers.map(String).join("\n"));
      assert.ok([403, 409].includes(statuses[1]), `${statuses}`);
    });

    it("left all counters right, and no job failed", async () => {
      const bad = await countOf(stack.sql`SELECT count(*) FROM jobs
        WHERE state::text = 'discarded'`);
      assert.equal(bad, 0);
      for (const line of stack.log("sparkle-fcgi.log").split("\n"))
        assert.ok(!line.includes('"level":"error"'), line);
    });
  });
