// What staff do to accounts: who may act on whom, what follows at once, and
// that all of it is written down.  Status is in admin_status.test.mjs.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressOf, freshName, mailsTo, password } from "../lib/people.mjs";
import { eventually } from "../lib/stack.mjs";
import { each, people, stack } from "../lib/suite.mjs";

export const reason = "a reason, for the test";

/** A fresh account of a role, not signed in: {id, name}. */
export async function account(role = "USER") {
  const name = freshName(`t${role.slice(0, 3).toLowerCase()}`);
  const [id] = await stack.lines`SELECT (create_user(
    p_email => ${addressOf(name)}, p_username => ${name},
    p_email_verified => TRUE, p_role => ${role})).id`;
  return { id, name };
}

export const at = (user, rest = "") => `/api/admin/users/${user.id}${rest}`;

export const actions = {
  role: (who, user) => who.put(at(user, "/role"), { role: "CREATOR", reason }),
  suspend: (who, user) =>
    who.put(at(user, "/status"), { status: "SUSPENDED", reason }),
  ban: (who, user) =>
    who.put(at(user, "/status"), { status: "BANNED", reason }),
  delete: (who, user) =>
    who.put(at(user, "/status"), { status: "DELETED", reason }),
  sessions: (who, user) => who.delete(at(user, "/sessions")),
  reset: (who, user) => who.post(at(user, "/password-reset"), { reason }),
  factor: (who, user) => who.post(at(user, "/remove-2fa"), { reason }),
};

// Who acts, then what comes of it for each role of the account.
//              USER VERIFIED_CREATOR MODERATOR ADMIN
const targets = ["USER", "VERIFIED_CREATOR", "MODERATOR", "ADMIN"];
const all = (status) => [status, status, status, status];
const below = [204, 204, 403, 403];
const matrix = {
  role: { MODERATOR: all(403), ADMIN: all(204) },
  suspend: { MODERATOR: below, ADMIN: all(204) },
  ban: { MODERATOR: below, ADMIN: all(204) },
  delete: { MODERATOR: all(403), ADMIN: all(204) },
  sessions: { MODERATOR: below, ADMIN: all(204) },
  reset: { MODERATOR: all(403), ADMIN: all(204) },
  factor: { MODERATOR: all(403), ADMIN: all(204) },
};

export const setStatus = (id, status) => stack.sql`UPDATE users SET
  status = ${status}::user_status,
  suspended_until = CASE WHEN ${status} = 'SUSPENDED'
    THEN now() + interval '3 days' END,
  deleted_at = CASE WHEN ${status} = 'DELETED' THEN now() END
  WHERE id = ${id}`;

const addFactor = (id) => stack.sql`INSERT INTO two_factor
  (user_id, secret, kid, enabled_at) VALUES (${id}, 'x', 'test', now())`;

export const statusOf = (id) =>
  stack.value`SELECT status::text FROM users WHERE id = ${id}`;

/** The rows of the log about an account, the latest first. */
export const logOf = (
  id,
) => stack.sql`SELECT action, success, error, before, after,
    actor_id, host(ip) AS ip, user_agent, request_id FROM audit_log
  WHERE resource_type = 'user' AND resource_id = ${id}
  ORDER BY created_at DESC, id DESC`;

const whoMay = () =>
  describe("who may act on whom", () => {
    for (const [action, rows] of Object.entries(matrix))
      for (const [role, wanted] of Object.entries(rows))
        it(`${action}: ${role}`, async () => {
          const who = await people.user(role);
          for (const [i, target] of targets.entries()) {
            const user = await account(target);
            if (action === "factor") await addFactor(user.id);
            const answer = await actions[action](who, user);
            await stack.sql`DELETE FROM two_factor WHERE kid = 'test'
              AND user_id = ${user.id}`;
            assert.equal(answer.status, wanted[i], `${target}: ${answer}`);
            const [row] = await logOf(user.id);
            assert.equal(row.success, wanted[i] === 204, `log of ${target}`);
            assert.equal(row.actor_id, who.id);
            assert.equal(
              row.error,
              answer.status === 204 ? null : answer.json.code,
            );
          }
        });

    it("nobody below a moderator does anything", async () => {
      const user = await account();
      for (const role of ["USER", "CREATOR", "VERIFIED_CREATOR"]) {
        const who = await people.user(role);
        for (const [name, act] of Object.entries(actions))
          assert.equal((await act(who, user)).status, 403, `${role} ${name}`);
        for (const path of ["", "/users", `/users/${user.id}`, "/audit"]) {
          const answer = await who.get(`/api/admin${path || "/overview"}`);
          assert.equal(answer.status, 403, `${role} ${path}`);
        }
      }
      assert.deepEqual(await logOf(user.id), []);
      assert.equal(await statusOf(user.id), "ACTIVE");
    });

    it("visitors are asked to sign in", async () => {
      const user = await account();
      const guest = people.guest();
      for (const [name, act] of Object.entries(actions))
        assert.equal((await act(guest, user)).status, 401, name);
      assert.equal((await guest.get("/api/admin/users")).status, 401);
    });

    it("nobody acts on themselves", async () => {
      for (const role of ["MODERATOR", "ADMIN"]) {
        const who = await people.user(role);
        for (const name of ["suspend", "sessions"]) {
          const answer = await actions[name](who, who);
          assert.equal(answer.status, 403, `${role} ${name}`);
          assert.equal(answer.json.code, "OWN_ACCOUNT");
        }
        assert.equal((await who.get("/api/admin/users")).status, 200);
      }
      const admin = await people.user("ADMIN");
      const answer = await actions.role(admin, admin);
      assert.equal(answer.json.code, "OWN_ACCOUNT");
      const [row] = await logOf(admin.id);
      assert.equal(row.error, "OWN_ACCOUNT");
    });

    it("a role above all is no role", async () => {
      const admin = await people.user("ADMIN");
      const user = await account();
      for (const role of ["SYSTEM", "ROOT", "", "admin", 5, null]) {
        const answer = await admin.put(at(user, "/role"), { role, reason });
        assert.equal(answer.status, 400, `${role}`);
      }
    });

    it("a role is changed only by who was asked for the password", async () => {
      const admin = await people.user("ADMIN");
      const user = await account();
      await people.ageProof(admin);
      for (const name of ["role", "delete", "factor"]) {
        const answer = await actions[name](admin, user);
        assert.equal(answer.json.code, "REAUTHENTICATION_REQUIRED", name);
      }
      assert.equal((await actions.suspend(admin, user)).status, 204);
    });
  });

const roles = () =>
  describe("role, sessions, help", () => {
    it("counts from the next request on, up and down", async () => {
      const admin = await people.user("ADMIN");
      const user = await people.user();
      const ask = async () => (await user.get("/api/admin/users")).status;
      const give = (role) => admin.put(at(user, "/role"), { role, reason });
      assert.equal(await ask(), 403);
      assert.equal((await give("MODERATOR")).status, 204);
      assert.equal(await ask(), 200);
      assert.equal((await give("USER")).status, 204);
      assert.equal(await ask(), 403);
    });

    it("is told to whom it changes", async () => {
      const admin = await people.user("ADMIN");
      const user = await people.user();
      await admin.put(at(user, "/role"), { role: "CREATOR", reason });
      const [alert] = await stack.sql`SELECT type, severity::text
        FROM security_alerts WHERE user_id = ${user.id}`;
      assert.deepEqual(alert, { type: "ROLE_CHANGED", severity: "medium" });
    });

    it("given again changes nothing, and is no row of the log", async () => {
      const admin = await people.user("ADMIN");
      const user = await account("CREATOR");
      assert.equal((await actions.role(admin, user)).status, 204);
      assert.deepEqual(await logOf(user.id), []);
    });

    it("ends the sessions of another", async () => {
      const moderator = await people.user("MODERATOR");
      const user = await people.user();
      assert.equal((await actions.sessions(moderator, user)).status, 204);
      assert.equal((await user.get("/api/users/me")).status, 401);
      assert.equal((await moderator.get("/api/users/me")).status, 200);
    });

    it("takes the second factor off, once, and tells the owner", async () => {
      const admin = await people.user("ADMIN");
      const user = await account();
      await addFactor(user.id);
      assert.equal((await actions.factor(admin, user)).status, 204);
      assert.equal(
        await stack.value`SELECT count(*) FROM two_factor
          WHERE user_id = ${user.id}`,
        0,
      );
      const [alert] = await stack.sql`SELECT type, severity::text
        FROM security_alerts WHERE user_id = ${user.id}`;
      assert.deepEqual(alert, { type: "2FA_DISABLED", severity: "high" });
      await eventually("the mail", () =>
        mailsTo(stack, addressOf(user.name)).find((m) =>
          /taken off by our staff/.test(m.text),
        ),
      );
      const again = await actions.factor(admin, user);
      assert.equal(again.json.code, "TWO_FACTOR_OFF");
    });

    it("mails a link to a new password, which staff never see", async () => {
      const admin = await people.user("ADMIN");
      const user = await account();
      const answer = await actions.reset(admin, user);
      assert.equal(answer.status, 204);
      assert.equal(answer.text, "");
      const mail = await eventually("the mail", () =>
        mailsTo(stack, addressOf(user.name)).find((m) =>
          /reset-password/.test(m.text),
        ),
      );
      assert.ok(mail);
    });

    it("does nothing for a deleted account", async () => {
      const admin = await people.user("ADMIN");
      const user = await account();
      await setStatus(user.id, "DELETED");
      for (const name of ["role", "sessions", "reset", "factor"]) {
        const answer = await actions[name](admin, user);
        assert.equal(answer.json.code, "ACCOUNT_DELETED", name);
      }
    });

    it("deletes for good: the account is unknown at once", async () => {
      const admin = await people.user("ADMIN");
      const user = await people.user();
      assert.equal((await actions.delete(admin, user)).status, 204);
      assert.equal((await user.get("/api/users/me")).status, 401);
      const login = await people.guest().post("/api/auth/login", {
        email: addressOf(user.name),
        password,
      });
      assert.equal(login.json.code, "WRONG_LOGIN");
      assert.equal(
        await stack.value`SELECT deleted_by FROM users WHERE id = ${user.id}`,
        admin.id,
      );
    });
  });

const races = () =>
  describe("at once", () => {
    it("ten suspend one user: one transition", async () => {
      const admins = [await people.user("ADMIN"), await people.user("ADMIN")];
      const user = await account();
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          actions.suspend(admins[i % 2], user),
        ),
      );
      const codes = answers.map((a) => a.status).sort();
      assert.deepEqual(codes, [204, ...Array(9).fill(409)]);
      const rows = await logOf(user.id);
      assert.equal(rows.filter((row) => row.success).length, 1);
      assert.equal(rows.length, 10);
    });

    it("ten give one role: one change", async () => {
      const admin = await people.user("ADMIN");
      const user = await account();
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => actions.role(admin, user)),
      );
      for (const answer of answers) assert.equal(answer.status, 204);
      assert.equal((await logOf(user.id)).length, 1);
    });

    it("two administrators demote each other: one stays", async () => {
      for (let i = 0; i < 5; i++) {
        const [a, b] = [await people.user("ADMIN"), await people.user("ADMIN")];
        const answers = await Promise.all([
          actions.role(a, b),
          actions.role(b, a),
        ]);
        assert.deepEqual(answers.map((x) => x.status).sort(), [204, 403]);
      }
    });

    it("a moderator who is demoted meanwhile acts no more", async () => {
      const admin = await people.user("ADMIN");
      const moderator = await people.user("MODERATOR");
      const users = await Promise.all(
        Array.from({ length: 6 }, () => account()),
      );
      const acts = users.map((user) => actions.ban(moderator, user));
      const demoted = actions.role(admin, moderator);
      await each(users, 6, async (user, i) => {
        const { status } = await acts[i];
        assert.ok([204, 403].includes(status), `${status}`);
        assert.equal(
          await statusOf(user.id),
          status === 204 ? "BANNED" : "ACTIVE",
        );
      });
      assert.equal((await demoted).status, 204);
      const late = await actions.ban(moderator, await account());
      assert.equal(late.status, 403);
    });
  });

export default () =>
  describe("admin", () => {
    whoMay();
    roles();
    races();
  });
