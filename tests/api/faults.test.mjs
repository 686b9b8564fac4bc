// What went wrong in the designs before this one, where no other test asks;
// tests/asvs/faults.tsv has them all.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressOf, freshName, password } from "../lib/people.mjs";
import { tokenTo } from "../lib/links.mjs";
import { people, stack } from "../lib/suite.mjs";

const register = (name, fields) =>
  people.guest().post("/api/auth/register", {
    email: addressOf(name),
    username: name,
    password,
    agreeToTerms: true,
    ...fields,
  });

const idOf = (name) => stack.value`SELECT id FROM users
  WHERE username = ${name}`;

export default () =>
  describe("faults", () => {
    it("lets nobody back in who verifies the address after a ban", async () => {
      for (const status of ["BANNED", "SUSPENDED"]) {
        const { name } = await people.pending();
        const token = await tokenTo(stack, addressOf(name), "verify-email");
        await stack.sql`UPDATE users SET status = ${status}::user_status
          WHERE username = ${name}`;
        const done = await people
          .guest()
          .post("/api/auth/verify-email", { token });
        const now = await stack.value`SELECT status::text FROM users
          WHERE username = ${name}`;
        assert.equal(now, status, `${done}`);
      }
    });

    it("stores when the terms were agreed to", async () => {
      const name = freshName();
      await people.join({ username: name });
      const ago = await stack.value`SELECT
        extract(epoch FROM now() - terms_accepted_at)::int
        FROM users WHERE username = ${name}`;
      assert.ok(ago >= 0 && ago < 60, `${ago} s ago`);
    });

    it("adds the experience that it logs", async () => {
      const [name] = await people.users(1);
      const rows = await stack.sql`SELECT u.experience, l.amount, l.total_xp
        FROM users u JOIN xp_log l ON l.user_id = u.id
        WHERE u.username = ${name}`;
      assert.deepEqual(rows, [{ experience: 10, amount: 10, total_xp: 10 }]);
    });

    it("pays each of several levels that are reached at once", async () => {
      const [name] = await people.users(1);
      const id = await idOf(name);
      const [rise] = await stack.sql`SELECT old_level, new_level
        FROM add_experience(${id}::uuid, 5000, 'account_created', 'test')`;
      assert.ok(rise.new_level >= rise.old_level + 3, JSON.stringify(rise));
      const paid = await stack.lines`SELECT amount FROM currency_transactions
        WHERE user_id = ${id} AND source = 'level_up' ORDER BY amount`;
      const due = [];
      for (let n = rise.old_level + 1; n <= rise.new_level; n++)
        due.push(`${10 * n}`);
      assert.deepEqual(paid.map(String), due);
    });

    it("counts how complete a profile is by what is in it, and pays once", async () => {
      const [name] = await people.users(1);
      const id = await idOf(name);
      const complete = () => stack.value`SELECT profile_refresh(${id}::uuid)`;
      assert.equal(await complete(), 35, "20, and 15 for the address");
      await stack.sql`UPDATE users SET image = '/i.png' WHERE id = ${id}`;
      await stack.sql`UPDATE profiles SET bio = 'Me.', youtube = 'me',
        display_name = 'Me' WHERE user_id = ${id}`;
      assert.equal(await complete(), 80);
      await stack.sql`UPDATE profiles SET bio = '' WHERE user_id = ${id}`;
      assert.equal(await complete(), 70);
      await stack.sql`UPDATE profiles SET bio = 'I.', tiktok = 'me',
        discord = 'me' WHERE user_id = ${id}`;
      assert.equal(await complete(), 80, "TikTok and Discord weigh nothing");
      const paid = await stack.value`SELECT count(*) FROM currency_transactions
        WHERE user_id = ${id} AND source = 'profile_completed'`;
      assert.equal(paid, 1);
    });

    it("lets nobody refer themselves", async () => {
      const owner = await people.user();
      const { code } = (await owner.post("/api/users/me/referrals", {})).data;
      await stack.sql`SELECT referral_claim(${owner.id}::uuid, ${code}, NULL)`;
      const { data } = await owner.get("/api/users/me/referrals");
      assert.equal(data.items[0].status, "PENDING");
      assert.equal((await owner.get("/api/users/me")).data.points, 100);
    });

    it("takes a look at one's session for a read, and no login", async () => {
      const user = await people.user();
      for (let i = 0; i < 12; i++)
        for (const path of ["csrf", "sessions", "alerts", "login-history"]) {
          const answer = await user.get(`/api/auth/${path}`);
          assert.equal(answer.status, 200, `${answer}`);
        }
    });

    it("leaves no counter of a limit without an end", async () => {
      await register(freshName());
      await people.pending();
      const keys = await stack.redis("KEYS", "quota:*");
      assert.ok(keys.length > 3, `${keys.length}`);
      for (const key of keys) {
        const seconds = Number(await stack.redis("TTL", key));
        assert.ok(seconds === -2 || (seconds >= 0 && seconds <= 86401), key);
      }
    });

    it("gives back nothing of a request's headers", async () => {
      const user = await people.user();
      const word = freshName("echo");
      for (const path of ["/api/users/me", "/", "/api/no-such-thing"]) {
        const answer = await user.get(path, {
          check: false,
          headers: { "x-odd": word, referer: `https://${word}/` },
        });
        const head = JSON.stringify(answer.rawHeaders ?? answer.headers);
        assert.ok(!head.includes(word), path);
        assert.ok(!head.includes(user.cookies.get("__Host-session")), path);
      }
    });
  });
