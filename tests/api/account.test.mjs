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
import { tokenTo } from "../lib/links.mjs";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

const register = (fields, client = people.guest()) =>
  client.post("/api/auth/register", {
    email: addressOf(freshName()),
    password,
    agreeToTerms: true,
    ...fields,
  });

/** Registered, the address not confirmed yet; who asked. */
async function newcomer(username = freshName()) {
  const client = people.guest();
  const email = addressOf(username);
  const made = await register({ email, username }, client);
  assert.equal(made.status, 201, `${made}`);
  return client;
}

/** One who has been mailed a link, and its token. */
async function newcomerWithLink() {
  const name = freshName();
  await newcomer(name);
  await codeOf(stack, addressOf(name));
  const { text } = mailsTo(stack, addressOf(name)).find((m) =>
    /verify-email\?token=/.test(m.text),
  );
  const token = decodeURIComponent(
    /verify-email\?token=([^\s"&<]+)/.exec(text)[1],
  );
  return { name, token };
}

const logIn = (email, words = password) =>
  people.guest().post("/api/auth/login", { email, password: words });

const verify = (client, username, code) =>
  client.post("/api/auth/verify-email", { code, username });

const strangers = "Strangers-Word-7";

/** All that somebody from outside can see of a name. */
async function seen(username, email) {
  const visitor = people.guest();
  const answers = [
    await visitor.get(`/api/users/${username}`),
    await visitor.page(`/profile/${username}`),
    await visitor.get(`/api/users/check-username?username=${username}`),
    await register({ username: username.toUpperCase() }),
    await logIn(email, strangers),
    await visitor.post("/api/auth/resend-verification", { username }),
  ];
  for (let i = 0; i < 7; i++)
    answers.push(await verify(visitor, username, "000000"));
  return answers.map((a) => [
    a.status,
    /json$/.test(a.type) && a.text ? { ...a.json, requestId: "" } : a.type,
  ]);
}

export default () =>
  describe("account", () => {
    it("registers, and mails a code that verifies", async () => {
      const name = freshName();
      const client = await newcomer(name);
      const early = await logIn(addressOf(name));
      assert.equal(early.status, 401, `${early}`);
      const code = await codeOf(stack, addressOf(name));
      const done = await verify(client, name.toUpperCase(), code);
      assert.equal(done.status, 200, `${done}`);
      assert.ok(client.cookies.get("__Host-device"), "a known browser");
      assert.equal(client.cookies.get("__Host-session"), undefined);
      const user = await people.logIn(name, { client });
      // 10 for the account, 20 for the address, 5 for the day's first visit.
      const me = await eventually("35 experience", async () => {
        const { data } = await user.get("/api/users/me");
        return data.experience === 35 && data;
      });
      assert.equal(me.status, "ACTIVE");
      assert.equal(me.emailVerified, true);
      assert.equal(me.points, 100);
    });

    it("mails a welcome once, and counts the account from then on", async () => {
      const name = freshName();
      await people.join({ username: name });
      await eventually("a welcome", () =>
        mailsTo(stack, addressOf(name)).some((m) =>
          /welcome/i.test(m.headers.subject),
        ),
      );
      const left = await stack.value`SELECT count(*) FROM registrations
        WHERE username = ${name}`;
      assert.equal(left, 0);
    });

    it("verifies an account that was made unverified, by its session", async () => {
      const user = await people.pending();
      const code = await codeOf(stack, addressOf(user.name));
      const none = await people
        .guest()
        .post("/api/auth/verify-email", { code });
      assert.equal(none.status, 400, `${none}`);
      assert.ok(none.json.fields.username);
      const done = await user.post("/api/auth/verify-email", { code });
      assert.equal(done.status, 200, `${done}`);
      assert.equal((await user.get("/api/users/me")).data.status, "ACTIVE");
    });

    it("shows a stranger the same of a known address and a new one", async () => {
      const [member] = await people.users(1);
      const known = { username: freshName("same"), email: addressOf(member) };
      const fresh = {
        username: freshName("same"),
        email: addressOf(freshName("same")),
      };
      const both = [];
      for (const fields of [known, fresh]) {
        const answer = await register({ ...fields, password: strangers });
        assert.equal(answer.status, 201, `${answer}`);
        const text = JSON.stringify(
          [answer.json.data, await seen(fields.username, fields.email)],
          null,
          1,
        );
        both.push(
          text
            .replaceAll(fields.username, "NAME")
            .replaceAll(fields.username.toUpperCase(), "NAME")
            .replaceAll(fields.email, "ADDRESS"),
        );
      }
      assert.equal(both[0], both[1]);
      assert.match(both[0], /"reason": "taken"/);
      assert.match(both[0], /USERNAME_TAKEN/);
      assert.match(both[0], /CODE_GONE/);
    });

    it("makes no account for who gets none of the mail", async () => {
      const [member] = await people.users(1);
      const username = freshName();
      await register({ email: addressOf(member), username });
      await eventually("its owner is told", () =>
        mailsTo(stack, addressOf(member)).some((m) =>
          /already have/.test(m.headers.subject),
        ),
      );
      const codes = mailsTo(stack, addressOf(member)).filter((m) =>
        /verify-email/.test(m.text),
      );
      assert.deepEqual(codes, []);
      const [row] = await stack.sql`SELECT code_hash IS NOT NULL AS code,
        tries FROM registrations WHERE username = ${username}`;
      assert.deepEqual(row, { code: true, tries: 0 });
    });

    it("reserves a name for a day, then it is free", async () => {
      const username = freshName();
      await newcomer(username);
      const mover = await people.user();
      const rename = () =>
        stack.sql`UPDATE users SET username = ${username}
          WHERE id = ${mover.id}`;
      await assert.rejects(rename(), /this name is reserved/);
      assert.equal((await register({ username })).status, 409);
      const code = await codeOf(stack, addressOf(username));
      await stack.sql`UPDATE registrations
        SET expires_at = now() - interval '1 s' WHERE username = ${username}`;
      const late = await verify(people.guest(), username, code);
      assert.equal(late.status, 410, `${late}`);
      const free = await people
        .guest()
        .get(`/api/users/check-username?username=${username}`);
      assert.equal(free.data.available, true);
      const again = await register({ username });
      assert.equal(again.status, 201, `${again}`);
    });

    it("makes one account of two registrations with an address", async () => {
      const email = addressOf(freshName("twice"));
      const names = [freshName("twice"), freshName("twice")];
      const codes = {};
      for (const username of names) {
        assert.equal((await register({ email, username })).status, 201);
        const mail = await eventually("its code", () =>
          mailsTo(stack, email).find((m) => m.text.includes(username)),
        );
        codes[username] = mail.text.match(/\b\d{6}\b/)[0];
      }
      const answers = await Promise.all(
        names.map((name) => verify(people.guest(), name, codes[name])),
      );
      const statuses = answers.map((a) => a.status).sort();
      assert.deepEqual(statuses, [200, 410], answers.map(String).join("\n"));
      const users = await stack.value`SELECT count(*) FROM users
        WHERE email = ${email}`;
      assert.equal(users, 1);
      // The other name is not freed: that would tell that somebody joined.
      for (const name of names)
        assert.equal((await register({ username: name })).status, 409);
    });

    it("makes another name where somebody was quicker", async () => {
      const username = freshName("quick");
      await newcomer(username);
      const [other] = await people.users(1);
      // As if both had begun at once: neither saw the other.
      await stack.sql`UPDATE registrations SET expires_at = now()
        WHERE username = ${username}`;
      await stack.sql`UPDATE users SET username = ${username}
        WHERE username = ${other}`;
      await stack.sql`UPDATE registrations
        SET expires_at = now() + interval '1 hour'
        WHERE username = ${username}`;
      const code = await codeOf(stack, addressOf(username));
      const done = await verify(people.guest(), username, code);
      assert.equal(done.status, 200, `${done}`);
      const name = await stack.value`SELECT username FROM users
        WHERE email = ${addressOf(username)}`;
      assert.match(name, /^quick/);
      assert.notEqual(name, username);
    });

    it("lets nobody write before the address is verified", async () => {
      const user = await people.pending();
      const answer = await user.post("/api/posts", {
        title: "a",
        content: "b",
      });
      assert.equal(answer.status, 403, `${answer}`);
    });

    it("refuses a wrong code, and kills the code after 5", async () => {
      const name = freshName();
      const client = await newcomer(name);
      const code = await codeOf(stack, addressOf(name));
      const wrong = code === "000000" ? "000001" : "000000";
      for (let i = 0; i < 5; i++) {
        const answer = await verify(client, name, wrong);
        assert.equal(answer.status, 422, `${answer}`);
      }
      const late = await verify(client, name, code);
      assert.equal(late.status, 410, `the code lives on: ${late}`);
      const link = await client.post("/api/auth/verify-email", {
        token: await tokenTo(stack, addressOf(name), "verify-email"),
      });
      assert.equal(link.status, 200, `the link is nobody's guess: ${link}`);
    });

    it("mails a new code on request, and the old one is dead", async () => {
      const name = freshName();
      const user = await newcomer(name);
      const old = await codeOf(stack, addressOf(name));
      const again = await user.post("/api/auth/resend-verification", {
        username: name,
      });
      assert.ok(again.status < 300, `${again}`);
      const fresh = await eventually("a second code", () => {
        const codes = mailsTo(stack, addressOf(name))
          .map((m) => m.text.match(/\b\d{6}\b/)?.[0])
          .filter(Boolean);
        return codes.length > 1 && codes.find((c) => c !== old);
      });
      const stale = await verify(user, name, old);
      assert.equal(stale.status, 422, `${stale}`);
      const done = await verify(user, name, fresh);
      assert.ok(done.status < 300, `${done}`);
    });

    it("verifies by the link's token, without a session", async () => {
      const { name, token } = await newcomerWithLink();
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
      const old = people.guest();
      await old.post("/api/auth/verify-email", { token });
      assert.equal(old.cookies.get("__Host-device"), undefined, "no new proof");
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
      const { name, token } = await newcomerWithLink();
      await stack.sql`UPDATE registrations SET code_expires_at = created_at
        WHERE username = ${name}`;
      const answer = await people
        .guest()
        .post("/api/auth/verify-email", { token });
      assert.equal(answer.json.code, "CODE_GONE", `${answer}`);
    });

    it("mails with good headers, in text and HTML", async () => {
      const name = freshName();
      await newcomer(name);
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
      const name = await stack.value`SELECT username FROM registrations
        WHERE email = ${`${stem}@example.org`}`;
      const form = new RegExp(`^${stem.slice(0, 26)}[0-9a-z]{4}$`);
      assert.match(name, form);
      assert.equal(answer.data.user.username, name);
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
      const begun = freshName();
      assert.equal((await register({ username: begun })).status, 201);
      assert.equal((await ask(begun)).available, false);
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
