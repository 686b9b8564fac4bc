// What expires: to the second, by the programs' clock.  Each test moves it on
// and so begins at a time of its own.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { freshAddress } from "../lib/client.mjs";
import { tokenTo, tokensTo } from "../lib/links.mjs";
import { addressOf, codeOf, freshName, password } from "../lib/people.mjs";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

const newPassword = "Velvet-Otter-77";

const register = (fields) =>
  people.guest().post("/api/auth/register", {
    email: addressOf(freshName()),
    password,
    agreeToTerms: true,
    ...fields,
  });

async function pending() {
  const user = await people.pending();
  return { user, code: await codeOf(stack, addressOf(user.name)) };
}

async function newcomer() {
  const username = freshName();
  const made = await register({ email: addressOf(username), username });
  assert.equal(made.status, 201, `${made}`);
  const code = await codeOf(stack, addressOf(username));
  return { username, code };
}

const forgot = (email, client = people.guest()) =>
  client.post("/api/auth/forgot-password", { email });
const reset = (token) =>
  people.guest().post("/api/auth/reset-password", { token, newPassword });

/** A time of the database in ms. */
const timeOf = async (sql) => Date.parse(Object.values((await sql)[0])[0]);

const jobsAreDone = () =>
  eventually("all jobs are done", async () => {
    const [{ n }] = await stack.sql`SELECT (SELECT count(*) FROM outbox)
      + (SELECT count(*) FROM jobs WHERE state::text <> 'completed') AS n`;
    return Number(n) === 0;
  });

export default ({ clock }) =>
  describe("by the clock", { concurrency: 1 }, () => {
    const before = (end) => clock.moveTo(end - 60000);
    const after = (end) => clock.moveJustAfter(end);

    it("a code is good for ten minutes", async () => {
      const one = await pending();
      const two = await pending();
      const end = (user) =>
        timeOf(stack.sql`SELECT expires_at
        FROM email_verifications WHERE user_id = ${user.id}`);
      const [first, second] = [await end(one.user), await end(two.user)];
      before(first);
      const fine = await one.user.post("/api/auth/verify-email", {
        code: one.code,
      });
      assert.equal(fine.status, 200, `${fine}`);
      after(second);
      const late = await two.user.post("/api/auth/verify-email", {
        code: two.code,
      });
      assert.equal(late.status, 410, `${late}`);
    });

    it("a registration's code is good for ten minutes, its name for a day", async () => {
      const [one, two] = [await newcomer(), await newcomer()];
      const [ends] = await stack.sql`SELECT
        (SELECT code_expires_at FROM registrations
          WHERE username = ${one.username}) AS first,
        (SELECT code_expires_at FROM registrations
          WHERE username = ${two.username}) AS second,
        (SELECT expires_at FROM registrations
          WHERE username = ${two.username}) AS day`;
      const verify = (body) =>
        people.guest().post("/api/auth/verify-email", body);
      before(Date.parse(ends.first));
      const fine = await verify(one);
      assert.equal(fine.status, 200, `${fine}`);
      after(Date.parse(ends.second));
      const late = await verify(two);
      assert.equal(late.status, 410, `${late}`);
      const again = { email: addressOf(freshName()), username: two.username };
      before(Date.parse(ends.day));
      assert.equal((await register(again)).status, 409);
      after(Date.parse(ends.day));
      assert.equal((await register(again)).status, 201);
    });

    it("a link for a new password is good for an hour", async () => {
      const names = await people.users(2);
      const tokens = [];
      for (const name of names) {
        await forgot(addressOf(name));
        tokens.push(await tokenTo(stack, addressOf(name), "reset-password"));
      }
      const ends = [];
      for (const name of names)
        ends.push(
          await timeOf(stack.sql`SELECT r.expires_at FROM password_resets r
            JOIN users u ON u.id = r.user_id WHERE u.username = ${name}`),
        );
      before(ends[0]);
      assert.equal((await reset(tokens[0])).status, 204);
      after(ends[1]);
      assert.equal((await reset(tokens[1])).status, 410);
    });

    it("a link for a new address is good for a day", async () => {
      const users = [await people.user(), await people.user()];
      const found = [];
      for (const user of users) {
        const to = addressOf(freshName("moved"));
        await user.post("/api/auth/email-change", { email: to });
        found.push({
          token: await tokenTo(stack, to, "confirm-email"),
          end: await timeOf(stack.sql`SELECT expires_at FROM email_changes
            WHERE user_id = ${user.id}`),
        });
      }
      const confirm = ({ token }) =>
        people.guest().post("/api/auth/email-change/confirm", { token });
      before(found[0].end);
      assert.equal((await confirm(found[0])).status, 204);
      after(found[1].end);
      assert.equal((await confirm(found[1])).status, 410);
    });

    it("a change can be undone for seven days, then the address is free", async () => {
      const user = await people.user();
      const from = addressOf(user.name);
      const to = addressOf(freshName("moved"));
      await user.post("/api/auth/email-change", { email: to });
      const token = await tokenTo(stack, to, "confirm-email");
      await people.guest().post("/api/auth/email-change/confirm", { token });
      const back = await tokenTo(stack, from, "undo-email");
      const end = await timeOf(stack.sql`SELECT undo_expires_at
        FROM email_changes WHERE user_id = ${user.id}`);
      const mailed = () => tokensTo(stack, from, "verify-email").length;
      before(end);
      await register({ email: from });
      await jobsAreDone();
      assert.equal(mailed(), 0);
      after(end);
      const late = await people
        .guest()
        .post("/api/auth/email-change/undo", { token: back });
      assert.equal(late.status, 410, `${late}`);
      await register({ email: from });
      await jobsAreDone();
      assert.equal(mailed(), 1);
    });

    it("an address gets three links in an hour, then one each 20 minutes", async () => {
      const [name] = await people.users(1);
      const sent = async (n) => {
        for (let i = 0; i < n; i++)
          assert.equal((await forgot(addressOf(name))).status, 202);
        await jobsAreDone();
        const [{ count }] = await stack.sql`SELECT count(*)
          FROM password_resets r JOIN users u ON u.id = r.user_id
          WHERE u.username = ${name}`;
        return Number(count);
      };
      // One after the other, as a link replaces what waits to be sent.
      for (let i = 1; i <= 3; i++) assert.equal(await sent(1), i);
      assert.equal(await sent(3), 3);
      clock.ahead({ minutes: 19 });
      assert.equal(await sent(1), 3);
      clock.ahead({ minutes: 1, seconds: 1 });
      assert.equal(await sent(2), 4);
      assert.ok(tokensTo(stack, addressOf(name), "reset-password").length);
    });

    it("an IP asks ten times in an hour", async () => {
      const client = people.guest({ ip: freshAddress() });
      const statuses = [];
      for (let i = 0; i < 12; i++) {
        const answer = await forgot(addressOf(freshName()), client);
        statuses.push(answer.status);
        if (answer.status === 429)
          assert.ok(Number(answer.headers["retry-after"]) > 0, `${answer}`);
        if (i % 5 === 4) clock.ahead({ minutes: 15 });
      }
      // 30 minutes gave 5 back to the ten.
      assert.deepEqual(statuses, Array(12).fill(202));
      for (let i = 0; i < 3; i++) await forgot(addressOf(freshName()), client);
      const refused = await forgot(addressOf(freshName()), client);
      assert.equal(refused.status, 429, `${refused}`);
    });

    it("a password used ten minutes ago is asked for again", async () => {
      const user = await people.user();
      const change = () =>
        user.post("/api/auth/change-password", {
          currentPassword: password,
          newPassword,
        });
      clock.ahead({ minutes: 10, seconds: 1 });
      const late = await change();
      assert.equal(late.status, 403, `${late}`);
      assert.equal(late.json.code, "REAUTHENTICATION_REQUIRED");
      const mail = await user.post("/api/auth/email-change", {
        email: addressOf(freshName()),
      });
      assert.equal(mail.json.code, "REAUTHENTICATION_REQUIRED", `${mail}`);
      const again = await user.post("/api/auth/reauthenticate", { password });
      assert.ok(again.status < 300, `${again}`);
      assert.equal((await change()).status, 204);
    });
  });
