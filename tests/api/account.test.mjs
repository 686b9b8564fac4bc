// Accounts: registration, verification by mail, oneself, public profiles.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  addressOf,
  codeOf,
  freshName,
  mailsTo,
  password,
} from "../lib/people.mjs";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

const register = (fields, client = people.guest()) =>
  client.post("/api/auth/register", {
    email: addressOf(freshName()),
    password,
    agreeToTerms: true,
    ...fields,
  });

/** Registered and signed in, the address not verified yet. */
async function pending(name = freshName()) {
  const made = await register({ email: addressOf(name), username: name });
  assert.equal(made.status, 201, `${made}`);
  return people.logIn(name);
}

export default () =>
  describe("account", () => {
    it("registers, and mails a code that verifies", async () => {
      const name = freshName();
      const user = await pending(name);
      assert.equal(
        (await user.get("/api/users/me")).data.status,
        "PENDING_VERIFICATION",
      );
      const code = await codeOf(stack, addressOf(name));
      const done = await user.post("/api/auth/verify-email", { code });
      assert.ok(done.status < 300, `${done}`);
      const me = (await user.get("/api/users/me")).data;
      assert.equal(me.status, "ACTIVE");
      assert.equal(me.emailVerified, true);
      assert.equal(me.points, 100);
    });

    it("lets nobody write before the address is verified", async () => {
      const user = await pending();
      const answer = await user.post("/api/posts", {
        title: "a",
        content: "b",
      });
      assert.equal(answer.status, 403, `${answer}`);
    });

    it("refuses a wrong code, and kills the code after 5", async () => {
      const name = freshName();
      const user = await pending(name);
      const code = await codeOf(stack, addressOf(name));
      const wrong = code === "000000" ? "000001" : "000000";
      for (let i = 0; i < 5; i++) {
        const answer = await user.post("/api/auth/verify-email", {
          code: wrong,
        });
        assert.ok([400, 409, 410, 422].includes(answer.status), `${answer}`);
      }
      const late = await user.post("/api/auth/verify-email", { code });
      assert.ok(late.status >= 400, `the code lives on: ${late}`);
      assert.equal(
        (await user.get("/api/users/me")).data.status,
        "PENDING_VERIFICATION",
      );
    });

    it("mails a new code on request, and the old one is dead", async () => {
      const name = freshName();
      const user = await pending(name);
      const old = await codeOf(stack, addressOf(name));
      const again = await user.post("/api/auth/resend-verification");
      assert.ok(again.status < 300, `${again}`);
      const fresh = await eventually("a second code", () => {
        const codes = mailsTo(stack, addressOf(name))
          .map((m) => m.text.match(/\b\d{6}\b/)?.[0])
          .filter(Boolean);
        return codes.length > 1 && codes.find((c) => c !== old);
      });
      const stale = await user.post("/api/auth/verify-email", { code: old });
      assert.ok(stale.status >= 400, `${stale}`);
      const done = await user.post("/api/auth/verify-email", { code: fresh });
      assert.ok(done.status < 300, `${done}`);
    });

    it("verifies by the link's token, without a session", async () => {
      const name = freshName();
      await pending(name);
      await codeOf(stack, addressOf(name));
      const { text } = mailsTo(stack, addressOf(name)).find((m) =>
        /verify-email\?token=/.test(m.text),
      );
      const token = decodeURIComponent(
        /verify-email\?token=([^\s"&<]+)/.exec(text)[1],
      );
      const done = await people
        .guest()
        .post("/api/auth/verify-email", { token });
      assert.ok(done.status < 300, `${done}`);
      const status = await stack.value`SELECT status FROM users
        WHERE username = ${name}`;
      assert.equal(status, "ACTIVE");
      // Opened again it says the same, and does nothing.
      const shown = () =>
        people.guest().page(`/verify-email?token=${encodeURIComponent(token)}`);
      const again = await people
        .guest()
        .post("/api/auth/verify-email", { token });
      assert.equal(again.status, 200, `${again}`);
      assert.equal(again.data.verified, true);
      assert.match((await shown()).text, /<h1>Your address is confirmed/);
      const paid = await stack.sql`SELECT 1 FROM xp_log l
        JOIN users u ON u.id = l.user_id
        WHERE u.username = ${name} AND l.source = 'email_verified'`;
      assert.equal(paid.length, 1);
      // Unless the account has another address by now.
      await stack.sql`UPDATE users SET email = ${addressOf(freshName())}
        WHERE username = ${name}`;
      const late = await people
        .guest()
        .post("/api/auth/verify-email", { token });
      assert.equal(late.json.code, "CODE_GONE", `${late}`);
      assert.match((await shown()).text, /<h1>One last click/);
    });

    it("has no link again that never did its work", async () => {
      const name = freshName();
      await pending(name);
      await codeOf(stack, addressOf(name));
      const { text } = mailsTo(stack, addressOf(name)).find((m) =>
        /verify-email\?token=/.test(m.text),
      );
      const token = decodeURIComponent(
        /verify-email\?token=([^\s"&<]+)/.exec(text)[1],
      );
      await stack.sql`UPDATE email_verifications SET died_at = created_at
        WHERE email = ${addressOf(name)}`;
      const answer = await people
        .guest()
        .post("/api/auth/verify-email", { token });
      assert.equal(answer.json.code, "CODE_GONE", `${answer}`);
    });

    it("mails with good headers, in text and HTML", async () => {
      const name = freshName();
      await pending(name);
      await codeOf(stack, addressOf(name));
      const [mail] = mailsTo(stack, addressOf(name));
      for (const header of ["message-id", "date", "from", "subject"])
        assert.ok(mail.headers[header], header);
      assert.ok(mail.headers["auto-submitted"]);
      assert.match(mail.headers["content-type"], /multipart\/alternative/);
      assert.match(mail.text, /text\/plain/);
      assert.match(mail.text, /text\/html/);
    });

    it("answers alike for an address that is known", async () => {
      const [name] = await people.users(1);
      const email = addressOf(name);
      const again = await register({ email, username: freshName() });
      const fresh = await register({});
      assert.equal(again.status, 201, `${again}`);
      const [a, b] = [again.data.user, fresh.data.user];
      assert.deepEqual(Object.keys(a), Object.keys(b));
      assert.equal(a.status, b.status);
      assert.equal(a.email, email);
      const n = await stack.value`SELECT count(*) FROM users
        WHERE email = ${email}`;
      assert.equal(n, 1);
    });

    it("refuses a taken and a reserved name", async () => {
      const [name] = await people.users(1);
      for (const username of [name, name.toUpperCase(), "admin"]) {
        const answer = await register({ username });
        assert.equal(answer.status, 409, username);
        assert.equal(answer.json.code, "USERNAME_TAKEN");
        assert.ok(answer.json.fields.username);
      }
    });

    it("makes a name where none is given", async () => {
      const stem = freshName("nameless").replaceAll("_", "");
      const again = () => register({ email: `${stem}@example.org` });
      const answer = await again();
      assert.equal(answer.status, 201);
      const name = await stack.value`SELECT username FROM users
        WHERE email = ${`${stem}@example.org`}`;
      const form = new RegExp(`^${stem.slice(0, 26)}[0-9a-z]{4}$`);
      assert.match(name, form);
      assert.equal(answer.data.user.username, name);
      // The address is known now, and the answer of the same form.
      assert.match((await again()).data.user.username, form);
    });

    it("wants the terms agreed to", async () => {
      const answer = await register({ agreeToTerms: false });
      assert.equal(answer.status, 400);
      assert.ok(answer.json.fields.agreeToTerms);
    });

    it("wants a password of 12 to 128 characters", async () => {
      for (const words of ["Short-1!", "x".repeat(129)]) {
        const answer = await register({ password: words });
        assert.equal(answer.status, 400);
        assert.ok(answer.json.fields.password);
        assert.ok(!answer.text.includes(words));
      }
    });

    it("refuses what is no address", async () => {
      for (const email of ["a", "@b", "a@", "a@b@c", "a b@c", "a@b\n.c", ""]) {
        const answer = await register({ email });
        assert.equal(answer.status, 400, email);
        assert.ok(answer.json.fields.email, `${answer}`);
      }
    });

    it("makes all rows of an account, or none", async () => {
      const [name] = await people.users(1);
      const [row] = await stack.sql`
        SELECT (SELECT count(*) FROM profiles p WHERE p.user_id = u.id) AS profiles,
          (SELECT count(*) FROM user_stats s WHERE s.user_id = u.id) AS stats,
          (SELECT sparkle_points FROM user_balances b WHERE b.user_id = u.id) AS points,
          (SELECT count(*) FROM notifications n WHERE n.user_id = u.id) AS welcome
        FROM users u WHERE username = ${name}`;
      assert.deepEqual(row, { profiles: 1, stats: 1, points: 100, welcome: 1 });
    });

    it("gives a name to one of 8 who want it at once", async () => {
      const username = freshName("race");
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => register({ username })),
      );
      const made = answers.filter((a) => a.status === 201);
      assert.equal(made.length, 1, answers.map(String).join("\n"));
      assert.ok(answers.every((a) => [201, 409].includes(a.status)));
    });

    it("tells whether a name can be had", async () => {
      const [name] = await people.users(1);
      const ask = async (word) =>
        (await people.guest().get(`/api/users/check-username?username=${word}`))
          .data;
      assert.deepEqual(await ask(freshName()), {
        available: true,
        reason: null,
      });
      assert.equal((await ask(name)).available, false);
      assert.equal((await ask("admin")).reason, "reserved");
      assert.equal((await ask("a")).available, false);
    });

    it("shows a public profile without what is private", async () => {
      const [name] = await people.users(1);
      const answer = await people.guest().get(`/api/users/${name}`);
      assert.equal(answer.status, 200);
      assert.equal(answer.data.username, name);
      assert.equal(answer.data.viewer, null);
      assert.ok(!answer.text.includes("@example.org"));
      assert.ok(!answer.text.includes("argon2"));
    });

    it("finds a profile in any case, and none of the banned", async () => {
      const [name, banned] = await people.users(2);
      const reader = await people.user();
      const upper = await reader.get(`/api/users/${name.toUpperCase()}`);
      assert.equal(upper.data.username, name);
      await stack.sql`UPDATE users SET status = 'BANNED'
        WHERE username = ${banned}`;
      assert.equal((await reader.get(`/api/users/${banned}`)).status, 404);
    });

    it("finds a user by an old name", async () => {
      const [name] = await people.users(1);
      const fresh = freshName("renamed");
      await stack.sql`UPDATE users SET username = ${fresh}
        WHERE username = ${name}`;
      const answer = await people.guest().get(`/api/users/${name}`);
      assert.equal(answer.status, 200, `${answer}`);
      assert.equal(answer.data.username, fresh);
    });

    it("tells the viewer whether it follows, and is, this user", async () => {
      const one = await people.user();
      const two = await people.user();
      await one.put(`/api/users/${two.name}/follow`);
      const seen = (await one.get(`/api/users/${two.name}`)).data;
      assert.deepEqual(seen.viewer, { following: true, self: false });
      const self = (await one.get(`/api/users/${one.name}`)).data;
      assert.equal(self.viewer.self, true);
    });
  });
