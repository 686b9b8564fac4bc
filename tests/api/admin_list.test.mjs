// What staff see: accounts by search and filter, one account, the audit log.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { addressOf, freshName } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";
import { account, at } from "./admin.test.mjs";

const query = (fields) => `?${new URLSearchParams(fields)}`;

const accounts = () =>
  describe("accounts", () => {
    let admin, moderator, stem, names;
    before(async () => {
      admin = await people.user("ADMIN");
      moderator = await people.user("MODERATOR");
      stem = freshName("find").replace(/_/g, "");
      names = Array.from({ length: 7 }, (_, i) => `${stem}_${i}`);
      await people.create(names.slice(0, 5));
      await people.create(names.slice(5), "CREATOR");
      await stack.sql`UPDATE users SET email = ${`mailof${stem}@example.org`}
        WHERE username = ${names[0]}`;
    });
    const find = async (fields, who = admin) => {
      const answer = await who.get(`/api/admin/users${query(fields)}`);
      assert.equal(answer.status, 200, `${answer}`);
      return answer.data;
    };
    const namesOf = (data) => data.items.map((item) => item.username).sort();

    it("are found by how the name begins, in any case", async () => {
      assert.deepEqual(namesOf(await find({ q: stem })), names);
      assert.deepEqual(namesOf(await find({ q: stem.toUpperCase() })), names);
      assert.deepEqual(namesOf(await find({ q: names[3] })), [names[3]]);
      assert.deepEqual(namesOf(await find({ q: stem.slice(1) })), []);
    });

    it("are found by how the address begins, by administrators", async () => {
      const q = `mailof${stem}`;
      assert.deepEqual(namesOf(await find({ q })), [names[0]]);
      assert.deepEqual(namesOf(await find({ q: `${q}@EXAMPLE` })), [names[0]]);
      assert.deepEqual(namesOf(await find({ q }, moderator)), []);
    });

    it("are not found by patterns", async () => {
      for (const q of ["%", "_", `${stem.slice(0, -1)}%`, "\\", "'", ".*"])
        assert.deepEqual(namesOf(await find({ q })), [], q);
    });

    it("are filtered by role, status and time", async () => {
      const creators = await find({ q: stem, role: "CREATOR" });
      assert.deepEqual(namesOf(creators), names.slice(5));
      await stack.sql`UPDATE users SET status = 'BANNED'
        WHERE username = ${names[1]}`;
      assert.deepEqual(namesOf(await find({ q: stem, status: "BANNED" })), [
        names[1],
      ]);
      const hour = (n) => new Date(Date.now() + n * 3600e3).toISOString();
      for (const [fields, n] of [
        [{ from: hour(-1) }, 7],
        [{ from: hour(1) }, 0],
        [{ to: hour(-1) }, 0],
        [{ from: hour(-1), to: hour(1) }, 7],
      ])
        assert.equal(namesOf(await find({ q: stem, ...fields })).length, n);
    });

    it("of each role and status come by their index", async () => {
      for (const role of ["USER", "CREATOR", "MODERATOR", "ADMIN"])
        for (const item of (await find({ role })).items)
          assert.equal(item.role, role);
      for (const status of ["ACTIVE", "BANNED", "SUSPENDED"])
        for (const item of (await find({ status })).items)
          assert.equal(item.status, status);
    });

    it("come in pages, each once, the newest first", async () => {
      const seen = [];
      let cursor;
      do {
        const data = await find({
          ...{ q: stem, limit: 3 },
          ...(cursor ? { cursor } : {}),
        });
        seen.push(...data.items);
        cursor = data.nextCursor;
        assert.equal(data.hasMore, cursor !== null);
      } while (cursor);
      assert.deepEqual(seen.map((item) => item.username).sort(), names);
      const times = seen.map((item) => item.createdAt);
      assert.deepEqual(times, [...times].sort().reverse());
    });

    it("refuse filters that are none", async () => {
      for (const fields of [
        { role: "KING" },
        { status: "FINE" },
        { from: "yesterday" },
        { limit: 101 },
        { cursor: "x" },
        { nothing: "x" },
      ]) {
        const answer = await admin.get(`/api/admin/users${query(fields)}`);
        assert.equal(answer.status, 400, JSON.stringify(fields));
      }
    });

    it("show moderators no addresses", async () => {
      const [item] = (await find({ q: names[2] }, moderator)).items;
      assert.equal(item.email, null);
      const [same] = (await find({ q: names[2] })).items;
      assert.equal(same.email, addressOf(names[2]));
    });

    it("show nothing secret", async () => {
      const user = await people.user();
      for (const path of [`/api/admin/users${query({ q: user.name })}`, at(user)])
        for (const word of ["argon2", "hash", "csrf", "sess_", "token"]) {
          const { text } = await admin.get(path);
          assert.ok(!text.toLowerCase().includes(word), `${word} in ${path}`);
        }
    });
  });

const one = () =>
  describe("an account", () => {
    it("has its counters, sessions, sign-ins and what was done", async () => {
      const admin = await people.user("ADMIN");
      const user = await people.user();
      await people.logIn(user.name);
      await people.post(user);
      await admin.put(at(user, "/role"), { role: "CREATOR", reason: "good" });
      const { data } = await admin.get(at(user));
      assert.equal(data.username, user.name);
      assert.equal(data.email, addressOf(user.name));
      assert.equal(data.role, "CREATOR");
      assert.equal(data.sessions, 2);
      assert.equal(data.stats.posts, 1);
      assert.equal(data.stats.sparklePoints, 100);
      assert.equal(data.twoFactor, false);
      assert.equal(data.alerts[0].type, "ROLE_CHANGED");
      const [done] = data.actions;
      assert.equal(done.action, "user.role");
      assert.equal(done.actor, admin.name);
      assert.deepEqual(done.before, { role: "USER" });
      assert.deepEqual(done.after, { role: "CREATOR", reason: "good" });
    });

    it("tells each viewer what they may do to it", async () => {
      const admin = await people.user("ADMIN");
      const moderator = await people.user("MODERATOR");
      const user = await account();
      const may = async (who, whom) => (await who.get(at(whom))).data.may;
      assert.deepEqual(await may(admin, user), {
        changeRole: true,
        suspend: true,
        ban: true,
        activate: false,
        endSessions: true,
        helpSignIn: true,
        remove: true,
      });
      assert.deepEqual(await may(moderator, user), {
        changeRole: false,
        suspend: true,
        ban: true,
        activate: false,
        endSessions: true,
        helpSignIn: false,
        remove: false,
      });
      const nothing = Object.values(await may(moderator, admin));
      assert.ok(nothing.every((flag) => flag === false));
      assert.ok(Object.values(await may(admin, admin)).every((f) => !f));
    });

    it("hides addresses of sign-ins from moderators", async () => {
      const moderator = await people.user("MODERATOR");
      const user = await people.user();
      const { data } = await moderator.get(at(user));
      assert.equal(data.email, null);
      for (const login of data.logins) assert.equal(login.ip, null);
      assert.ok(data.logins.length > 0);
      const admin = await people.user("ADMIN");
      const above = (await moderator.get(at(admin))).data;
      assert.deepEqual([above.logins, above.alerts], [[], []]);
      const seen = (await admin.get(at(moderator))).data;
      assert.equal(seen.logins[0].success, true);
    });

    it("counts at a glance", async () => {
      const moderator = await people.user("MODERATOR");
      const { data } = await moderator.get("/api/admin/overview");
      assert.ok(data.users > 0 && data.staff > 0 && data.newToday > 0);
    });
  });

const log = () =>
  describe("the audit log", () => {
    let admin, user;
    before(async () => {
      admin = await people.user("ADMIN");
      user = await account();
      const moderator = await people.user("MODERATOR");
      await moderator.put(at(user, "/role"), { role: "ADMIN", reason: "no!" });
      await admin.put(at(user, "/role"), { role: "CREATOR", reason: "one" });
      await admin.put(at(user, "/status"), { status: "BANNED", reason: "two" });
    });
    const read = async (fields) => {
      const answer = await admin.get(`/api/admin/audit${query(fields)}`);
      assert.equal(answer.status, 200, `${answer}`);
      return answer.data;
    };
    const about = (more) => read({ resource: "user", resourceId: user.id, ...more });

    it("has who, what, before, after, from where, and the request", async () => {
      const target = await account();
      const answer = await admin.put(
        at(target, "/status"),
        { status: "SUSPENDED", reason: "spam" },
        { headers: { "user-agent": "Test agent 7" } },
      );
      const { items } = await read({ resourceId: target.id });
      assert.equal(items.length, 1);
      const [row] = items;
      assert.equal(row.actor.username, admin.name);
      assert.equal(row.action, "user.status");
      assert.equal(row.resourceName, target.name);
      assert.deepEqual(row.before, { status: "ACTIVE" });
      assert.equal(row.after.status, "SUSPENDED");
      assert.equal(row.after.reason, "spam");
      assert.equal(row.success, true);
      assert.equal(row.error, null);
      assert.equal(row.ip, admin.ip);
      assert.equal(row.userAgent, "Test agent 7");
      assert.equal(row.requestId, answer.requestId);
    });

    it("has refused attempts with their code", async () => {
      const { items } = await about({ success: "false" });
      assert.equal(items.length, 1);
      assert.equal(items[0].error, "AUTHORIZATION_ERROR");
      assert.equal(items[0].after.role, "ADMIN");
    });

    it("is filtered by each of its filters", async () => {
      const n = async (fields) => (await about(fields)).items.length;
      assert.equal(await n({}), 3);
      assert.equal(await n({ actor: admin.name }), 2);
      assert.equal(await n({ actor: admin.id }), 2);
      assert.equal(await n({ actor: "nobody_at_all" }), 0);
      assert.equal(await n({ action: "user.status" }), 1);
      assert.equal(await n({ action: "user" }), 0);
      assert.equal(await n({ success: "true" }), 2);
      const hour = (h) => new Date(Date.now() + h * 3600e3).toISOString();
      assert.equal(await n({ from: hour(-1), to: hour(1) }), 3);
      assert.equal(await n({ from: hour(1) }), 0);
      assert.equal(await n({ to: hour(-1) }), 0);
    });

    it("comes in pages, each row once, the newest first", async () => {
      const seen = [];
      let cursor;
      do {
        const data = await about({ limit: 1, ...(cursor ? { cursor } : {}) });
        seen.push(...data.items.map((item) => item.after.reason));
        cursor = data.nextCursor;
      } while (cursor);
      assert.deepEqual(seen, ["two", "one", "no!"]);
    });

    it("is for administrators", async () => {
      const moderator = await people.user("MODERATOR");
      assert.equal((await moderator.get("/api/admin/audit")).status, 403);
    });

    it("takes no filter that is none", async () => {
      for (const fields of [{ success: "perhaps" }, { from: "x" }, { who: "x" }])
        assert.equal(
          (await admin.get(`/api/admin/audit${query(fields)}`)).status,
          400,
        );
    });

    it("cannot be changed by the program, nor can its months", async () => {
      const rights = await stack.sql`SELECT c.relname, p.right
        FROM pg_class c
        CROSS JOIN unnest('{UPDATE,DELETE,TRUNCATE}'::text[]) p("right")
        WHERE c.relname LIKE 'audit_log%' AND c.relkind IN ('r', 'p')
          AND has_table_privilege('sparkle_app', c.oid, p.right)`;
      assert.deepEqual(rights, []);
      const months = await stack.value`SELECT count(*) FROM pg_inherits
        WHERE inhparent = 'audit_log'::regclass`;
      assert.ok(months >= 3);
    });
  });

export default () =>
  describe("admin sees", () => {
    accounts();
    one();
    log();
  });
