// Passwords: what is taken, how good one is, forgotten, reset, changed.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { subjectsTo, tokenTo, tokensTo } from "../lib/links.mjs";
import { addressOf, freshName, password } from "../lib/people.mjs";
import { eventually, sleep } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

const good = "Velvet-Otter-77";

const strength = async (fields, client = people.guest()) => {
  const answer = await client.post("/api/auth/password-strength", fields);
  assert.equal(answer.status, 200, `${answer}`);
  return answer.data;
};

const register = (fields) =>
  people.guest().post("/api/auth/register", {
    email: addressOf(freshName()),
    password: good,
    agreeToTerms: true,
    ...fields,
  });

const forgot = (email, client = people.guest()) =>
  client.post("/api/auth/forgot-password", { email });

const reset = (token, newPassword = good, client = people.guest()) =>
  client.post("/api/auth/reset-password", { token, newPassword });

const logIn = (name, words, client = people.guest()) =>
  client.post("/api/auth/login", { email: addressOf(name), password: words });

const varying = [
  ...["date", "x-request-id", "x-ratelimit-reset", "content-length"],
  "connection", // nginx closes one after its thousandth request
];

/** What an answer says, without what differs by nature. */
function essence({ status, headers, text }) {
  const kept = { ...headers };
  for (const name of varying) delete kept[name];
  return { status, headers: kept, text };
}

export default () =>
  describe("password", () => {
    it("scores a password, and says what to do about it", async () => {
      assert.deepEqual(await strength({ password: good }), {
        valid: true,
        score: 80,
        errors: [],
      });
      const bad = await strength({ password: "short" });
      assert.equal(bad.valid, false);
      assert.equal(bad.score, 15);
      assert.deepEqual(bad.errors, [
        "use at least 12 characters",
        "add an upper-case letter",
        "add a digit",
        "add a special character, such as ! or -",
      ]);
      const name = { username: "Nova_Lane_77", password: "nova_lane_77" };
      assert.match((await strength(name)).errors.join(), /user name/);
      const mail = { email: "Nova.Lane-77@a.b", password: "Nova.Lane-77" };
      assert.match((await strength(mail)).errors.join(), /address/);
    });

    it("knows the name of who is signed in", async () => {
      const user = await people.user("USER", freshName("Nova_Lane"));
      const { errors } = await strength({ password: user.name }, user);
      assert.match(errors.join(), /user name/);
    });

    it("writes no password down", async () => {
      const words = `Never-Logged-${freshName()}`;
      const answer = await people
        .guest()
        .post("/api/auth/password-strength", { password: words });
      await stack.logLines(answer.requestId);
      for (const log of ["sparkle-fcgi.log", "access.log", "error.log"])
        assert.ok(!stack.log(log).includes(words), log);
    });

    const refused = {
      "Short-77": /12 characters/,
      [`Aa1-${"bc".repeat(62)}z`]: /at most 128/,
      "VELVET-OTTER-77": /lower-case/,
      "velvet-otter-77": /upper-case/,
      "Velvet-Otter-xx": /digit/,
      VelvetOtter77xx: /special/,
      "Velvet-Otttter-77": /three times in a row/,
      "Password1234!": /breach/,
      "P@ssw0rd1234!": /breach/,
      "Sparkleverse1!": /a phrase in it/,
      "Velvet-Letmein12345!": /a phrase in it/,
    };
    for (const [words, why] of Object.entries(refused))
      it(`refuses ${words.slice(0, 20)} at the field`, async () => {
        const answer = await register({ password: words });
        assert.equal(answer.status, 400, `${answer}`);
        assert.equal(answer.json.code, "VALIDATION_ERROR");
        assert.match(answer.json.fields.password, why);
        assert.ok(!answer.text.includes(words));
      });

    it("refuses the user name and the address's first part", async () => {
      const name = { username: "Star_Gazer_2024", password: "sTar_gazer_2024" };
      const one = await register(name);
      assert.match(one.json.fields.password, /user name/);
      const two = await register({
        email: `nova.lane-${freshName("77").replace("_", "-")}@example.org`,
        password: "x",
      });
      assert.equal(two.status, 400);
      const local = `Nova.Lane-77.${freshName().slice(-5)}`;
      const three = await register({
        email: `${local.toLowerCase()}@example.org`,
        password: `${local}!`,
      });
      assert.match(three.json.fields.password, /address/);
    });

    it("takes the decomposed form for the composed one", async () => {
      const name = freshName();
      await people.join({ username: name, password: "Cafe\u0301-Noir-77x" });
      assert.equal((await logIn(name, "Caf\u00e9-Noir-77x")).status, 200);
    });

    it("lets in with the decomposed form of a long one, at each door", async () => {
      const name = freshName();
      // 125 code points, and 225 as some keyboards send them.
      const words = "\u00e9\u00e0".repeat(50) + "-Noir-77x-Velvet-Otter-77";
      const typed = words.normalize("NFD");
      assert.ok(typed.length > 200 && words.length <= 128);
      await people.join({ username: name, password: typed });
      const user = people.guest();
      const done = await logIn(name, typed, user);
      assert.equal(done.status, 200, `${done}`);
      user.csrf = (await user.get("/api/auth/csrf")).data.token;
      const proof = { password: typed };
      const proved = await user.post("/api/auth/reauthenticate", proof);
      assert.equal(proved.status, 204, `${proved}`);
      const off = await user.post("/api/auth/2fa/disable", {
        password: typed,
        code: "123456",
      });
      assert.notEqual(off.status, 400, `${off}`);
    });

    it("hashes a password of bcrypt anew at the login", async () => {
      const [name] = await people.users(1);
      // "U*U", as published with crypt_blowfish.
      await stack.sql`UPDATE users SET password_hash =
        '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
        WHERE username = ${name}`;
      assert.equal((await logIn(name, "U*V")).status, 401);
      assert.equal((await logIn(name, "U*U")).status, 200);
      const hash = await stack.value`SELECT password_hash FROM users
        WHERE username = ${name}`;
      assert.match(hash, /^\$argon2id\$v=19\$m=1024,t=1,p=1\$.*\$pepper=/);
      assert.equal((await logIn(name, "U*U")).status, 200);
    });

    it("mails a link that sets a new password, once", async () => {
      const user = await people.user();
      const other = await people.logIn(user.name);
      const address = addressOf(user.name);
      assert.equal((await forgot(address.toUpperCase())).status, 202);
      const token = await tokenTo(stack, address, "reset-password");
      const done = await reset(token);
      assert.equal(done.status, 204, `${done}`);
      assert.equal((await user.get("/api/users/me")).status, 401);
      assert.equal((await other.get("/api/users/me")).status, 401);
      assert.equal((await logIn(user.name, password)).status, 401);
      assert.equal((await logIn(user.name, good)).status, 200);
      const again = await reset(token);
      assert.equal(again.status, 410, `${again}`);
      assert.equal(again.json.code, "LINK_GONE");
    });

    it("tells of a new password by an alert and a mail", async () => {
      const user = await people.user();
      const address = addressOf(user.name);
      await forgot(address);
      await reset(await tokenTo(stack, address, "reset-password"));
      const alerts = await stack.sql`SELECT type, severity::text
        FROM security_alerts WHERE user_id = ${user.id}
        AND type = 'PASSWORD_CHANGED'`;
      assert.deepEqual(alerts, [
        { type: "PASSWORD_CHANGED", severity: "medium" },
      ]);
      await eventually("the mail about it", () =>
        subjectsTo(stack, address).some((s) => /was changed/.test(s)),
      );
    });

    it("keeps no token where it could be read", async () => {
      const [name] = await people.users(1);
      const address = addressOf(name);
      await forgot(address);
      const token = await tokenTo(stack, address, "reset-password");
      await people.guest().page(`/reset-password?token=${token}`);
      await sleep(100);
      for (const log of ["sparkle-fcgi.log", "sparkle-jobs.log", "access.log"])
        assert.ok(!stack.log(log).includes(token), log);
      const rows = await stack.value`SELECT count(*) FROM jobs
        WHERE payload::text LIKE ${`%${token}%`}`;
      assert.equal(rows, 0);
      const hashes = await stack.value`SELECT count(*) FROM password_resets
        WHERE token_hash = sha256(convert_to(${token}, 'UTF8'))`;
      assert.equal(hashes, 1);
      const [keys] = [await stack.redis("KEYS", `*${name}*`)];
      assert.deepEqual(keys, []);
    });

    it("kills a link by the next one", async () => {
      const [name] = await people.users(1);
      const address = addressOf(name);
      await forgot(address);
      const old = await tokenTo(stack, address, "reset-password");
      await forgot(address);
      const fresh = await tokenTo(stack, address, "reset-password", old);
      assert.equal((await reset(old)).status, 410);
      assert.equal((await reset(fresh)).status, 204);
    });

    // The program looks first, so that only who races comes to this.
    it("refuses links that are closed in the database, too", async () => {
      const [name] = await people.users(1);
      const id = await stack.value`SELECT id FROM users
        WHERE username = ${name}`;
      const hash = "sha256('a link of a test')";
      const tried = (closed) => stack.psql([], `BEGIN;
        INSERT INTO password_resets (user_id, token_hash)
        VALUES ('${id}', ${hash});
        UPDATE password_resets SET ${closed} WHERE user_id = '${id}';
        SELECT count(*) FROM password_reset(${hash}, 'x', NULL, NULL, NULL);
        ROLLBACK`);
      for (const column of ["used_at", "died_at", "expires_at"])
        await assert.rejects(
          tried(`${column} = clock_now()`),
          /no such open link/,
          column,
        );
      assert.equal(await tried("used_at = NULL"), "0\n");
    });

    it("does not use a link up for a password that is refused", async () => {
      const [name] = await people.users(1);
      const address = addressOf(name);
      await forgot(address);
      const token = await tokenTo(stack, address, "reset-password");
      const weak = await reset(token, "Password1234!");
      assert.equal(weak.status, 400);
      assert.match(weak.json.fields.newPassword, /breach/);
      assert.equal((await reset(token)).status, 204);
    });

    it("has nothing for made-up tokens", async () => {
      for (const token of ["x", "reset_", `reset_${"A".repeat(43)}`]) {
        const answer = await reset(token);
        assert.equal(answer.status, 410, `${answer}`);
      }
    });

    it("answers alike for an address that nobody has", async () => {
      const [name] = await people.users(1);
      const unknown = addressOf(freshName());
      const one = await forgot(addressOf(name));
      const two = await forgot(unknown);
      assert.equal(one.status, 202);
      assert.deepEqual(essence(one), essence(two));
      await tokenTo(stack, addressOf(name), "reset-password");
      assert.deepEqual(tokensTo(stack, unknown, "reset-password"), []);
    });

    it("registers alike for a known and a new address", async () => {
      const [name] = await people.users(1);
      const one = { email: addressOf(name), username: freshName() };
      const other = { email: addressOf(freshName()), username: freshName() };
      const [a, b] = [await register(one), await register(other)].map(essence);
      assert.equal(a.status, 201);
      const plain = (answer, { email, username }) => ({
        ...answer,
        text: answer.text.replace(email, "").replace(username, ""),
      });
      assert.deepEqual(plain(a, one), plain(b, other));
    });

    it("mails three links an hour to one address", async () => {
      const [name] = await people.users(1);
      const address = addressOf(name);
      for (let i = 0; i < 5; i++)
        assert.equal((await forgot(address)).status, 202);
      await eventually("all its jobs are done", async () => {
        const open = await stack.value`SELECT count(*) FROM jobs j
          JOIN users u ON u.id = j.subject_id WHERE u.username = ${name}
          AND j.state::text <> 'completed'`;
        return open === 0 && tokensTo(stack, address, "reset-password").length;
      });
      await sleep(300);
      const n = tokensTo(stack, address, "reset-password").length;
      assert.ok(n >= 1 && n <= 3, `${n} mails`);
    });

    it("changes a password by the old one, and ends other sessions", async () => {
      const user = await people.user();
      const other = await people.logIn(user.name);
      const answer = await user.post("/api/auth/change-password", {
        currentPassword: password,
        newPassword: good,
      });
      assert.equal(answer.status, 204, `${answer}`);
      assert.equal((await user.get("/api/users/me")).status, 200);
      assert.equal((await other.get("/api/users/me")).status, 401);
      assert.equal((await logIn(user.name, password)).status, 401);
      assert.equal((await logIn(user.name, good)).status, 200);
    });

    it("kills links that are under way when the password changes", async () => {
      const user = await people.user();
      await forgot(addressOf(user.name));
      const token = await tokenTo(
        stack,
        addressOf(user.name),
        "reset-password",
      );
      await user.post("/api/auth/change-password", {
        currentPassword: password,
        newPassword: good,
      });
      assert.equal((await reset(token, "Another-Otter-78")).status, 410);
    });

    it("wants the old password, and a new one that is good", async () => {
      const user = await people.user();
      const change = (currentPassword, newPassword) => {
        user.ip = people.guest().ip;
        return user.post("/api/auth/change-password", {
          currentPassword,
          newPassword,
        });
      };
      const wrong = await change("Wrong-Otter-77", good);
      assert.equal(wrong.status, 403, `${wrong}`);
      assert.ok(wrong.json.fields.currentPassword);
      const weak = await change(password, "Password1234!");
      assert.match(weak.json.fields.newPassword, /breach/);
      const same = await change(password, password);
      assert.match(same.json.fields.newPassword, /another/);
      const named = await change(password, `${user.name}!`);
      assert.equal(named.status, 400, `${named}`);
      assert.equal((await logIn(user.name, password)).status, 200);
    });

    it("changes nothing for who is not signed in", async () => {
      const answer = await people.guest().post("/api/auth/change-password", {
        currentPassword: password,
        newPassword: good,
      });
      assert.equal(answer.status, 401);
    });
  });
