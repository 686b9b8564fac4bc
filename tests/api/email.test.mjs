// Addresses: their one form, and changing one, confirming it and undoing it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { subjectsTo, tokenTo, tokensTo } from "../lib/links.mjs";
import { addressOf, codeOf, freshName, password } from "../lib/people.mjs";
import { eventually, sleep } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

const freshAddress = () => addressOf(freshName("moved"));

const register = (fields) =>
  people.guest().post("/api/auth/register", {
    email: freshAddress(),
    password,
    agreeToTerms: true,
    ...fields,
  });

const begin = (user, email) => user.post("/api/auth/email-change", { email });
const confirm = (token) =>
  people.guest().post("/api/auth/email-change/confirm", { token });
const undo = (token) =>
  people.guest().post("/api/auth/email-change/undo", { token });

const emailOf = (user) =>
  stack.value`SELECT email FROM users WHERE id = ${user.id}`;

const jobsOf = (user) =>
  eventually("all jobs of the user are done", async () => {
    const open = await stack.value`SELECT count(*) FROM jobs
      WHERE subject_id = ${user.id} AND state::text NOT IN ('completed')`;
    return open === 0;
  });

/** A user whose address was changed; the link to undo that. */
async function moved() {
  const user = await people.user();
  const [from, to] = [addressOf(user.name), freshAddress()];
  assert.equal((await begin(user, to)).status, 202);
  const answer = await confirm(await tokenTo(stack, to, "confirm-email"));
  assert.equal(answer.status, 204, `${answer}`);
  return { user, from, to, token: await tokenTo(stack, from, "undo-email") };
}

// ---- Who locks what ----

/** Holds the user's row for a while; says "free" if nobody has the proof. */
const holding = (user, table) =>
  stack.psql(
    [],
    `BEGIN;
    SELECT FROM users WHERE id = '${user.id}' FOR NO KEY UPDATE;
    SELECT pg_sleep(1.0) /* ${user.id} */;
    SELECT 'free' FROM ${table} WHERE user_id = '${user.id}'
    FOR UPDATE SKIP LOCKED;
    COMMIT`,
  );

/** Tables of proofs, and for each way to use one: its user, and the call. */
const proofs = [
  [
    "email_changes",
    async () => {
      const user = await people.user();
      const to = freshAddress();
      await begin(user, to);
      const token = await tokenTo(stack, to, "confirm-email");
      return [user, () => confirm(token)];
    },
  ],
  [
    "email_changes",
    async () => {
      const { user, token } = await moved();
      return [user, () => undo(token)];
    },
  ],
  [
    "password_resets",
    async () => {
      const user = await people.user();
      const email = addressOf(user.name);
      await people.guest().post("/api/auth/forgot-password", { email });
      const token = await tokenTo(stack, email, "reset-password");
      const wish = { token, newPassword: "Velvet-Otter-77" };
      return [
        user,
        () => people.guest().post("/api/auth/reset-password", wish),
      ];
    },
  ],
  [
    "email_verifications",
    async () => {
      const user = await people.pending();
      const code = await codeOf(stack, addressOf(user.name));
      return [user, () => user.post("/api/auth/verify-email", { code })];
    },
  ],
];

export default () =>
  describe("email", () => {
    it("has one form of an address, by IDNA", async () => {
      const stem = freshName("idn").replace("_", "-").toLowerCase();
      const forms = [
        `${stem}@B\u00fccher.Example`,
        `${stem}@xn--bcher-kva.example`,
      ];
      for (const email of forms)
        assert.equal((await register({ email })).status, 201, email);
      const rows = await stack.sql`SELECT DISTINCT email FROM registrations
        WHERE email LIKE ${`${stem}@%`}`;
      assert.deepEqual(rows, [{ email: forms[1] }]);
    });

    it("mails a link to the new address, which makes it so", async () => {
      const user = await people.user();
      const to = freshAddress();
      const answer = await begin(user, to.toUpperCase());
      assert.equal(answer.status, 202, `${answer}`);
      const token = await tokenTo(stack, to, "confirm-email");
      assert.equal(await emailOf(user), addressOf(user.name));
      assert.equal((await confirm(token)).status, 204);
      assert.equal(await emailOf(user), to);
      assert.equal((await confirm(token)).status, 410);
      assert.equal((await user.get("/api/users/me")).data.email, to);
    });

    it("acts by no link that is only looked at", async () => {
      const user = await people.user();
      const to = freshAddress();
      await begin(user, to);
      const token = await tokenTo(stack, to, "confirm-email");
      const page = await people.guest().page(`/confirm-email?token=${token}`);
      assert.equal(page.status, 200);
      assert.match(page.headers["cache-control"], /no-store/);
      assert.equal(await emailOf(user), addressOf(user.name));
    });

    it("tells the old address, and gives it back", async () => {
      const { user, from, token } = await moved();
      const alerts = await stack.sql`SELECT severity::text FROM security_alerts
        WHERE user_id = ${user.id} AND type = 'EMAIL_CHANGED'`;
      assert.deepEqual(alerts, [{ severity: "high" }]);
      assert.ok(subjectsTo(stack, from).some((s) => /was changed/.test(s)));
      const answer = await undo(token);
      assert.equal(answer.status, 204, `${answer}`);
      assert.equal(await emailOf(user), from);
      assert.equal((await user.get("/api/users/me")).status, 401);
      assert.equal((await undo(token)).status, 410);
    });

    it("undoes what came after, too", async () => {
      const { user, from, to, token } = await moved();
      const third = freshAddress();
      await begin(user, third);
      await confirm(await tokenTo(stack, third, "confirm-email"));
      const later = await tokenTo(stack, to, "undo-email");
      assert.equal(await emailOf(user), third);
      assert.equal((await undo(token)).status, 204);
      assert.equal(await emailOf(user), from);
      assert.equal((await undo(later)).status, 410);
    });

    it("keeps the old address for who can undo", async () => {
      const { user, from, token } = await moved();
      const answer = await register({ email: from });
      assert.equal(answer.status, 201, `${answer}`);
      const other = await people.user();
      await begin(other, from);
      await jobsOf(other);
      await eventually("the registration was heard", async () => {
        const open = await stack.value`SELECT count(*) FROM outbox o
          JOIN registrations g ON g.id = o.subject_id WHERE g.email = ${from}`;
        return Number(open) === 0;
      });
      assert.deepEqual(tokensTo(stack, from, "verify-email"), []);
      assert.deepEqual(tokensTo(stack, from, "confirm-email"), []);
      assert.equal((await undo(token)).status, 204);
      assert.equal(await emailOf(user), from);
    });

    it("kills links for a new password that went to the old one", async () => {
      const user = await people.user();
      const to = freshAddress();
      await people.guest().post("/api/auth/forgot-password", {
        email: addressOf(user.name),
      });
      const reset = await tokenTo(
        stack,
        addressOf(user.name),
        "reset-password",
      );
      await begin(user, to);
      await confirm(await tokenTo(stack, to, "confirm-email"));
      const answer = await people.guest().post("/api/auth/reset-password", {
        token: reset,
        newPassword: "Velvet-Otter-77",
      });
      assert.equal(answer.status, 410, `${answer}`);
    });

    it("drops an open change when the password is another", async () => {
      const mine = "Velvet-Otter-77";
      const change = (user) =>
        user.post("/api/auth/change-password", {
          currentPassword: password,
          newPassword: mine,
        });
      const reset = async (user) => {
        const email = addressOf(user.name);
        await people.guest().post("/api/auth/forgot-password", { email });
        const token = await tokenTo(stack, email, "reset-password");
        return people.guest().post("/api/auth/reset-password", {
          ...{ token, newPassword: mine },
        });
      };
      for (const renew of [change, reset]) {
        const user = await people.user();
        const to = freshAddress();
        await begin(user, to);
        const thief = await tokenTo(stack, to, "confirm-email");
        const renewed = await renew(user);
        assert.equal(renewed.status, 204, `${renewed}`);
        const answer = await confirm(thief);
        assert.equal(answer.status, 410, `${answer}`);
        assert.equal(await emailOf(user), addressOf(user.name));
      }
    });

    it("locks the user before any proof, so that nobody waits in a ring", async () => {
      for (const [table, prepare] of proofs) {
        const [user, use] = await prepare();
        const other = holding(user, table);
        await sleep(500); // it is under way by then, or little is shown
        const answer = await use();
        assert.ok(answer.status < 300, `${answer}`);
        assert.match(await other, /free/, `${table}: ${use}`);
      }
    });

    it("does not tell whose an address is, nor mail there", async () => {
      const user = await people.user();
      const [name] = await people.users(1);
      const taken = await begin(user, addressOf(name));
      const free = await begin(user, freshAddress());
      assert.equal(taken.status, 202, `${taken}`);
      assert.equal(free.status, 202);
      assert.equal(taken.text, free.text);
      await jobsOf(user);
      assert.deepEqual(tokensTo(stack, addressOf(name), "confirm-email"), []);
    });

    it("refuses a link whose address became another's", async () => {
      const user = await people.user();
      const name = freshName("late");
      await begin(user, addressOf(name));
      const token = await tokenTo(stack, addressOf(name), "confirm-email");
      await people.create([name]);
      const answer = await confirm(token);
      assert.equal(answer.status, 409, `${answer}`);
      assert.equal(answer.json.code, "EMAIL_TAKEN");
    });

    it("knows one open change, and drops it on request", async () => {
      const user = await people.user();
      const [one, two] = [freshAddress(), freshAddress()];
      await begin(user, one);
      const old = await tokenTo(stack, one, "confirm-email");
      await begin(user, two);
      const fresh = await tokenTo(stack, two, "confirm-email");
      assert.equal((await confirm(old)).status, 410);
      const page = await user.page("/settings/account");
      assert.ok(page.text.includes(two), "the page tells of it");
      const dropped = await user.delete("/api/auth/email-change");
      assert.equal(dropped.status, 204, `${dropped}`);
      assert.equal((await confirm(fresh)).status, 410);
      assert.equal(await emailOf(user), addressOf(user.name));
    });

    it("refuses the address that one has, and what is none", async () => {
      const user = await people.user();
      const same = await begin(user, addressOf(user.name).toUpperCase());
      assert.equal(same.status, 422, `${same}`);
      assert.equal(same.json.code, "SAME_EMAIL");
      const none = await begin(user, "a@b@c");
      assert.equal(none.status, 400);
      assert.ok(none.json.fields.email);
    });

    it("mails three an hour for one user", async () => {
      const user = await people.user();
      for (let i = 0; i < 3; i++)
        assert.equal((await begin(user, freshAddress())).status, 202);
      const fourth = await begin(user, freshAddress());
      assert.equal(fourth.status, 429, `${fourth}`);
      assert.ok(Number(fourth.headers["retry-after"]) > 0);
    });

    it("mails three an hour to one address, whoever names it", async () => {
      const to = freshAddress();
      const users = await people.crowd(4);
      const answers = [];
      for (const user of users) answers.push(await begin(user, to));
      assert.deepEqual(
        answers.map((a) => (a.status === 202 ? 202 : a.json.code)),
        [202, 202, 202, "TOO_MANY_MAILS"],
      );
      for (const user of users) await jobsOf(user);
      assert.equal(tokensTo(stack, to, "confirm-email").length, 3);
      assert.equal((await begin(users[3], freshAddress())).status, 202);
      const keys = await stack.redis("KEYS", "quota:email_change_to:*");
      assert.ok(keys.length > 0 && !keys.join().includes("@"), "keyed hashes");
    });

    it("verifies by the change, and gives a stranger no way back", async () => {
      const user = await people.pending();
      const { name } = user;
      const to = freshAddress();
      await begin(user, to);
      await confirm(await tokenTo(stack, to, "confirm-email"));
      const me = (await user.get("/api/users/me")).data;
      assert.deepEqual([me.email, me.status], [to, "ACTIVE"]);
      await jobsOf(user);
      assert.deepEqual(tokensTo(stack, addressOf(name), "undo-email"), []);
    });

    it("shows the pages that links lead to", async () => {
      const guest = people.guest();
      for (const path of [
        "/forgot-password",
        "/forgot-password?sent=1",
        "/reset-password?token=x",
        "/reset-password",
        "/reset-password?done=1",
        "/confirm-email?done=1",
        "/undo-email?token=x",
        "/undo-email?done=1",
        "/register?ref=ABC123",
      ]) {
        const page = await guest.page(path);
        assert.equal(page.status, 200, `${page}`);
      }
      await sleep(0);
      const away = await guest.page("/settings/account");
      assert.equal(away.status, 303, `${away}`);
    });

    it("sends three codes an hour again, however fast", async () => {
      const user = await people.pending();
      const username = freshName();
      await register({ email: addressOf(username), username });
      for (const body of [{}, { username }, { username: freshName() }]) {
        const answers = await Promise.all(
          Array.from({ length: 6 }, () =>
            user.post("/api/auth/resend-verification", body),
          ),
        );
        const sent = answers.filter((a) => a.status === 202).length;
        assert.equal(sent, 3, answers.map(String).join("\n"));
      }
    });
  });
