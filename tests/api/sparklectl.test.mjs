// sparklectl user: what an administrator does from a shell, and that it is
// written down like what staff do on the site.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressOf, freshName, password } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";
import { account } from "./admin.test.mjs";

const ctl = (args, input) => stack.ctl(["user", ...args], input);

/** What it said when it failed: {status, said}. */
async function refused(args, input) {
  try {
    const out = await ctl(args, input);
    assert.fail(`it did it: ${out}`);
  } catch (error) {
    if (error.code === "ERR_ASSERTION") throw error;
    return { status: error.code, said: error.stderr };
  }
}

const last = async (id) => {
  const [row] = await stack.sql`SELECT action, success, error, actor_id,
      user_agent, before, after FROM audit_log
    WHERE resource_id = ${id} ORDER BY created_at DESC, id DESC LIMIT 1`;
  return row;
};

const stateOf = async (id) => {
  const [row] = await stack.sql`SELECT role::text, status::text
    FROM users WHERE id = ${id}`;
  return row;
};

export default () =>
  describe("sparklectl user", () => {
    it("lists and finds", async () => {
      const { name } = await account("CREATOR");
      const lines = (await ctl(["list", name])).trim().split("\n");
      assert.equal(lines.length, 1);
      assert.match(lines[0], new RegExp(`^${name} +CREATOR +ACTIVE`));
      assert.ok(lines[0].endsWith(addressOf(name)));
      assert.equal(await ctl(["list", addressOf(name)]), `${lines[0]}\n`);
      const none = await ctl(["list", name, "--role", "ADMIN"]);
      assert.equal(none, "");
      const some = await ctl(["list", "--status", "active", "--limit=2"]);
      assert.equal(some.trim().split("\n").length, 2);
    });

    it("shows an account and what was done to it", async () => {
      const user = await account();
      await ctl(["role", user.name, "CREATOR", "--reason", "draws well"]);
      for (const name of [user.name, addressOf(user.name), user.id]) {
        const shown = await ctl(["show", name]);
        assert.match(shown, new RegExp(`^id +${user.id}$`, "m"));
        assert.match(shown, /^role +CREATOR$/m);
        assert.match(shown, /sparklectl \(\w+\) {2}user.role {2}done/);
        assert.match(shown, /draws well/);
      }
    });

    it("makes a user, who can sign in", async () => {
      const name = freshName("made");
      const args = ["create", name, addressOf(name), "--role", "MODERATOR"];
      assert.match(await ctl(args, `${password}\n`), /made/);
      const user = await people.logIn(name);
      assert.equal((await user.get("/api/admin/users")).status, 200);
      const row = await last(user.id);
      assert.equal(row.action, "user.create");
      assert.deepEqual(row.after, { role: "MODERATOR" });
      const again = await refused(args, `${password}\n`);
      assert.equal(again.status, 1);
      assert.match(again.said, /users_(email|username)_key/);
    });

    it("keeps an address in its one form, and finds it in any", async () => {
      const name = freshName("form");
      const typed = `${name.toUpperCase()}@B\u00dcCHER.Example`;
      await ctl(["create", name, typed], `${password}\n`);
      const email = await stack.value`SELECT email FROM users
        WHERE username = ${name}`;
      assert.equal(email, `${name}@xn--bcher-kva.example`);
      assert.match(await ctl(["show", typed]), new RegExp(email));
      const { said } = await refused(["create", freshName(), "no-address"], "");
      assert.match(said, /no e-mail address/);
    });

    it("takes no name as a password, however the account is named", async () => {
      const name = freshName("Nova_Lane");
      const email = `Otter.Velvet-77@${name.replaceAll("_", "-")}.example`;
      const taken = await refused(["create", name, email], "Otter.Velvet-77\n");
      assert.match(taken.said, /address/);
      await ctl(["create", name, email], `${password}\n`);
      const later = await refused(["password", email], `${name}\n`);
      assert.match(later.said, /user name/);
    });

    it("takes no password that the site would not take", async () => {
      const name = freshName("weak");
      for (const bad of ["short", "password1234", "", "aaaBBB111!!!aaa"]) {
        const args = ["create", name, addressOf(name)];
        const { status, said } = await refused(args, `${bad}\n`);
        assert.equal(status, 1, bad);
        assert.ok(said.length > 20 && !said.includes(bad || "?"), said);
      }
    });

    it("changes the role, at once", async () => {
      const user = await people.user();
      assert.equal((await user.get("/api/admin/users")).status, 403);
      await ctl(["role", user.name, "MODERATOR"]);
      assert.equal((await user.get("/api/admin/users")).status, 200);
      const row = await last(user.id);
      assert.equal(row.action, "user.role");
      assert.equal(row.actor_id, null);
      assert.match(row.user_agent, /^sparklectl \(\w+\)$/);
      assert.deepEqual(row.before, { role: "USER" });
    });

    it("suspends, bans and lets in again; sessions end", async () => {
      const user = await people.user();
      await ctl(["suspend", user.name, "--days", "2", "--reason", "spam"]);
      assert.equal((await user.get("/api/users/me")).status, 401);
      assert.equal((await stateOf(user.id)).status, "SUSPENDED");
      assert.equal((await last(user.id)).after.reason, "spam");
      await ctl(["ban", user.name]);
      assert.equal((await stateOf(user.id)).status, "BANNED");
      await ctl(["activate", user.name]);
      const again = await people.logIn(user.name);
      assert.equal((await again.get("/api/users/me")).status, 200);
    });

    it("keeps to the transitions, and writes down what it refused", async () => {
      const user = await account();
      const { status, said } = await refused(["activate", user.name]);
      assert.equal(status, 1);
      assert.match(said, /cannot change that way/);
      const row = await last(user.id);
      assert.equal(row.success, false);
      assert.equal(row.error, "INVALID_TRANSITION");
    });

    it("lists sessions and ends them", async () => {
      const user = await people.user();
      const lines = (await ctl(["sessions", user.name])).trim().split("\n");
      assert.equal(lines.length, 1);
      await ctl(["end-sessions", user.name]);
      assert.equal((await user.get("/api/users/me")).status, 401);
      assert.equal(await ctl(["sessions", user.name]), "");
      assert.equal((await last(user.id)).action, "user.sessions_end");
    });

    it("gives a new password, and ends the sessions", async () => {
      const user = await people.user();
      await ctl(["password", user.name], "Another-Good-1-Pass\n");
      assert.equal((await user.get("/api/users/me")).status, 401);
      const login = await people.guest().post("/api/auth/login", {
        email: addressOf(user.name),
        password: "Another-Good-1-Pass",
      });
      assert.equal(login.status, 200, `${login}`);
      const row = await last(user.id);
      assert.equal(row.action, "user.password");
      assert.equal(row.actor_id, null);
    });

    it("takes off the second factor", async () => {
      const user = await account();
      await stack.sql`INSERT INTO two_factor (user_id, secret, kid, enabled_at)
        VALUES (${user.id}, 'x', 'test', now())`;
      await ctl(["reset-2fa", user.name, "--reason", "lost the phone"]);
      const n = await stack.value`SELECT count(*) FROM two_factor
        WHERE user_id = ${user.id}`;
      assert.equal(n, 0);
      const { said } = await refused(["reset-2fa", user.name]);
      assert.match(said, /no second factor/);
    });

    it("deletes only when told that it is meant", async () => {
      const user = await people.user();
      assert.match((await refused(["delete", user.name])).said, /--now/);
      assert.equal((await stateOf(user.id)).status, "ACTIVE");
      await ctl(["delete", user.name, "--now"]);
      assert.equal((await stateOf(user.id)).status, "DELETED");
      assert.equal((await user.get("/api/users/me")).status, 401);
      await stack.batch("account-deletion");
      const email = await stack.value`SELECT email FROM users
        WHERE id = ${user.id}`;
      assert.equal(email, `deleted_${user.id}`);
    });

    it("says who is nobody, and how it is used", async () => {
      for (const args of [
        ["show", "nobody_at_all"],
        ["role", "nobody_at_all", "USER"],
        ["ban", "nobody_at_all"],
        ["reset-2fa", "nobody_at_all"],
      ]) {
        const { status, said } = await refused(args);
        assert.equal(status, 1);
        assert.match(said, /no user nobody_at_all/);
      }
      for (const args of [["show"], ["role", "x"], ["ban"], ["sessions"]])
        assert.equal((await refused(args)).status, 2, args.join(" "));
      const wrong = await refused(["role", "x", "KING"]);
      assert.match(wrong.said, /MODERATOR, ADMIN/);
      const days = await refused(["suspend", "x", "--days", "0"]);
      assert.match(days.said, /1 to 365/);
    });

    it("is in the help, each command with what it takes", async () => {
      const help = await stack.ctl(["--help"]);
      for (const command of [
        ...["list", "show", "sessions", "create", "role", "suspend", "ban"],
        ...["activate", "delete", "end-sessions", "password", "mail-password"],
        "reset-2fa",
      ])
        assert.match(help, new RegExp(`^  user ${command} `, "m"));
    });
  });
