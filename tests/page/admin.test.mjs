// The pages of staff: who gets them, whether they are whole, and that nothing
// of a stranger's becomes markup there.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { elementsOf } from "../lib/html.mjs";
import { freshName } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";

const paths = (user) => [
  ...["/admin", "/admin/users", `/admin/users/${user.id}`, "/admin/audit"],
];
const reason = "a reason, for the test";

const formsOf = (answer) =>
  elementsOf(answer.text)
    .filter((e) => e.name === "form" && "data-api" in e.attributes)
    .map((e) => e.attributes.action.split("/").at(-1))
    .filter((word) => word !== "logout")
    .sort();

const linksOf = (answer) =>
  elementsOf(answer.text)
    .filter((e) => e.name === "a")
    .map((e) => e.attributes.href);

export default () =>
  describe("pages of staff", () => {
    let admin, moderator, user;
    before(async () => {
      admin = await people.user("ADMIN");
      moderator = await people.user("MODERATOR");
      user = await people.user();
    });

    it("are for staff only, and known to nobody else", async () => {
      for (const path of paths(user)) {
        assert.equal((await user.page(path)).status, 403, path);
        const guest = await people.guest().page(path);
        assert.equal(guest.status, 303, path);
        assert.match(guest.headers.location, /^\/login\?callbackUrl=%2Fadmin/);
        assert.equal((await admin.page(path)).status, 200, path);
      }
      for (const [who, has] of [
        [user, false],
        [moderator, true],
        [admin, true],
      ])
        assert.equal(linksOf(await who.page("/")).includes("/admin"), has);
    });

    it("show moderators no log and no address", async () => {
      assert.equal((await moderator.page("/admin/audit")).status, 403);
      const page = await moderator.page("/admin/users");
      assert.ok(!linksOf(page).includes("/admin/audit"));
      const one = await moderator.page(`/admin/users/${user.id}`);
      assert.ok(!one.text.includes(`${user.name}@example.org`));
      const same = await admin.page(`/admin/users/${user.id}`);
      assert.ok(same.text.includes(`${user.name}@example.org`));
    });

    it("show moderators what staff did, and not from where", async () => {
      const target = await people.user();
      const banned = await admin.put(`/api/admin/users/${target.id}/status`, {
        ...{ status: "BANNED", reason },
      });
      assert.equal(banned.status, 204, `${banned}`);
      for (const [who, sees] of [
        [admin, true],
        [moderator, false],
      ]) {
        const page = await who.page(`/admin/users/${target.id}`);
        assert.match(page.text, /user\.status/);
        assert.equal(page.text.includes(`From ${admin.ip}`), sees);
      }
    });

    it("are kept by no cache and found by no search engine", async () => {
      for (const path of paths(user)) {
        const page = await admin.page(path);
        assert.match(page.headers["cache-control"], /no-store|private/, path);
        const robots = elementsOf(page.text).find(
          (e) => e.name === "meta" && e.attributes.name === "robots",
        );
        assert.equal(robots?.attributes.content, "noindex", path);
      }
    });

    it("offer what the viewer may do, and nothing else", async () => {
      const one = (who, whom) => who.page(`/admin/users/${whom.id}`);
      assert.deepEqual(formsOf(await one(admin, user)), [
        ...["password-reset", "role", "sessions", "status", "status"],
        "status",
      ]);
      assert.deepEqual(formsOf(await one(moderator, user)), [
        ...["sessions", "status", "status"],
      ]);
      assert.deepEqual(formsOf(await one(moderator, admin)), []);
      assert.deepEqual(formsOf(await one(admin, admin)), []);
    });

    it("find by the form, and keep what was asked for", async () => {
      const page = await admin.page(
        `/admin/users?q=${user.name}&role=USER&status=&from=2020-01-01&to=`,
      );
      assert.equal(page.status, 200);
      assert.ok(linksOf(page).includes(`/admin/users/${user.id}`));
      const fields = elementsOf(page.text);
      const q = fields.find((e) => e.attributes.id === "q");
      assert.equal(q.attributes.value, user.name);
      const chosen = fields.filter((e) => "selected" in e.attributes);
      assert.deepEqual(
        chosen.map((e) => e.attributes.value),
        ["USER"],
      );
      const none = await admin.page(`/admin/users?q=${user.name}&role=ADMIN`);
      assert.match(none.text, /Nobody found/);
      assert.equal((await admin.page("/admin/users?from=soon")).status, 400);
    });

    it("go on where a list is longer, with the same filters", async () => {
      await people.users(35);
      const first = await admin.page("/admin/users?role=USER");
      const hidden = elementsOf(first.text).filter(
        (e) => e.name === "input" && e.attributes.type === "hidden",
      );
      const fields = Object.fromEntries(
        hidden.map((e) => [e.attributes.name, e.attributes.value ?? ""]),
      );
      assert.equal(fields.role, "USER");
      const next = await admin.page(
        `/admin/users?${new URLSearchParams(fields)}`,
      );
      assert.equal(next.status, 200);
      const of = (page) =>
        linksOf(page).filter((href) => /^\/admin\/users\/./.test(href));
      assert.equal(of(first).length, 30);
      assert.ok(of(next).length > 0);
      assert.ok(of(next).every((href) => !of(first).includes(href)));
    });

    it("filter the log by its form", async () => {
      const target = await people.user();
      await admin.put(`/api/admin/users/${target.id}/status`, {
        ...{ status: "BANNED", reason },
      });
      const about = `resource=user&resourceId=${target.id}`;
      const all = await admin.page(`/admin/audit?${about}&outcome=`);
      assert.match(all.text, /user\.status/);
      assert.match(all.text, new RegExp(reason));
      const other = await admin.page(`/admin/audit?${about}&outcome=refused`);
      assert.match(other.text, /Nothing found/);
      const today = new Date().toISOString().slice(0, 10);
      const now = await admin.page(
        `/admin/audit?${about}&from=${today}&to=${today}`,
      );
      assert.match(now.text, /user\.status/);
    });

    it("escape what strangers wrote", async () => {
      const target = await people.user();
      const evil = "<img src=x onerror=alert(1)>\"'";
      await people.guest().post(
        "/api/auth/login",
        { email: `${target.name}@example.org`, password: "wrong-Pass-1!x" },
        { headers: { "user-agent": evil } },
      );
      await admin.put(
        `/api/admin/users/${target.id}/status`,
        { status: "BANNED", reason: evil },
        { headers: { "user-agent": evil } },
      );
      await stack.sql`UPDATE profiles SET display_name = ${evil}
        WHERE user_id = ${target.id}`;
      for (const path of [
        `/admin/users/${target.id}`,
        `/admin/audit?resourceId=${target.id}`,
        `/admin/audit?action=${encodeURIComponent(evil)}`,
        `/admin/users?q=${encodeURIComponent(evil)}`,
      ]) {
        const page = await admin.page(path);
        assert.equal(page.status, 200, path);
        assert.ok(!page.text.includes("<img src=x"), path);
      }
      assert.ok(freshName());
    });
  });
