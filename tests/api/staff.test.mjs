// What staff do to what others wrote: on whose, how far, and that all of it is
// written down.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { people, stack } from "../lib/suite.mjs";
import { account } from "./admin.test.mjs";

const path = (id) => `/api/posts/${id}`;

/** A post by SQL with these columns; its id. */
async function written(author, columns = {}) {
  const [id] = await people.posts(author, 1, { tags: ["staff-test"] });
  const { status = "published", visibility = "PUBLIC" } = columns;
  await stack.sql`UPDATE posts SET status = ${status}::post_status,
    visibility = ${visibility}::visibility WHERE id = ${id}`;
  return id;
}

const remark = async (author, post, content = "A remark.") =>
  (
    await stack.lines`SELECT (comment_add(${post}, NULL, ${author.id},
      ${content}, '<p>x</p>')).id`
  )[0];

const rows = (id) => stack.sql`SELECT actor_id, action, resource_type, before,
  after, success, error, host(ip) AS ip, request_id FROM audit_log
  WHERE resource_id = ${id} ORDER BY created_at, id`;

const state = async (id) =>
  (
    await stack.sql`SELECT status, visibility, deleted_at IS NULL AS here
    FROM posts WHERE id = ${id}`
  )[0];

export default () =>
  describe("staff and what others wrote", () => {
    let staff, admin, member;
    before(async () => {
      staff = await people.user("MODERATOR");
      admin = await people.user("ADMIN");
      member = await people.user();
    });

    const acts = {
      edit: (who, post) => who.patch(path(post), { title: "Tidied" }),
      hide: (who, post) => who.patch(path(post), { visibility: "UNLISTED" }),
      withdraw: (who, post) => who.patch(path(post), { published: false }),
      delete: (who, post) => who.delete(path(post)),
      remark: (who, post, comment) => who.delete(`/api/comments/${comment}`),
    };
    const roles = ["USER", "CREATOR", "VERIFIED_CREATOR", "MODERATOR", "ADMIN"];

    it("moderators act below them, administrators on all", async () => {
      for (const role of roles) {
        const author = await account(role);
        for (const [name, act] of Object.entries(acts)) {
          const post = await written(author);
          const comment = await remark(author, post);
          const no = await act(staff, post, comment);
          if (/MODERATOR|ADMIN/.test(role)) {
            assert.equal(no.status, 403, `${role} ${name} ${no}`);
            assert.equal(no.json.code, "HIGHER_ROLE", `${no}`);
            assert.deepEqual(await state(post), {
              status: "published",
              visibility: "PUBLIC",
              here: true,
            });
            const yes = await act(admin, post, comment);
            assert.ok(yes.status < 300, `${role} ${name} ${yes}`);
          } else assert.ok(no.status < 300, `${role} ${name} ${no}`);
        }
      }
    });

    it("says so before anybody tries", async () => {
      const post = await written(await account("ADMIN"));
      const mayEdit = async (who) =>
        (await who.get(path(post))).data.viewer.mayEdit;
      assert.equal(await mayEdit(staff), false);
      assert.equal(await mayEdit(admin), true);
      assert.equal(await mayEdit(member), false);
      const page = await staff.page(`/post/${post}/edit`);
      assert.equal(page.status, 403, `${page}`);
    });

    const hidden = [
      { status: "draft" },
      { status: "draft", visibility: "PRIVATE" },
      { visibility: "PRIVATE" },
    ];
    for (const columns of hidden)
      it(`neither reads nor changes ${JSON.stringify(columns)}`, async () => {
        const author = await account();
        const post = await written(author);
        const comment = await remark(author, post);
        await stack.sql`UPDATE posts SET
          status = ${columns.status ?? "published"}::post_status,
          visibility = ${columns.visibility ?? "PUBLIC"}::visibility
          WHERE id = ${post}`;
        const before = await state(post);
        for (const who of [staff, admin]) {
          for (const act of [
            ...Object.values(acts),
            (w) => w.get(path(post)),
            (w) => w.patch(path(post), { published: true }),
            (w) => w.patch(path(post), { visibility: "PUBLIC" }),
            (w) => w.patch(path(post), { published: true, version: 1 }),
          ]) {
            const answer = await act(who, post, comment);
            assert.equal(answer.status, 404, `${answer}`);
          }
          for (const rest of ["", "/edit"]) {
            const page = await who.page(`/post/${post}${rest}`);
            assert.equal(page.status, 404, `${page}`);
          }
        }
        assert.deepEqual(await state(post), before);
      });

    it("shows nothing to more people than its author did", async () => {
      const order = ["PRIVATE", "FOLLOWERS", "UNLISTED", "PUBLIC"];
      for (const from of order.slice(1))
        for (const to of order) {
          const post = await written(await account(), { visibility: from });
          await people.report(member, { id: post });
          const answer = await admin.patch(path(post), { visibility: to });
          const wider = order.indexOf(to) > order.indexOf(from);
          assert.equal(answer.status, wider ? 403 : 200, `${from} ${answer}`);
          if (wider) assert.equal(answer.json.code, "AUTHOR_ONLY");
          const now = (await state(post)).visibility;
          assert.equal(now, wider ? from : to);
        }
    });

    it("writes down an edit with before and after", async () => {
      const post = await written(await account());
      const edit = await staff.patch(path(post), {
        title: "Tidied",
        content: "Other words.",
        visibility: "UNLISTED",
      });
      assert.equal(edit.status, 200, `${edit}`);
      const [row, more] = await rows(post);
      assert.equal(more, undefined);
      assert.equal(row.actor_id, staff.id);
      assert.equal(row.action, "post.update");
      assert.equal(row.resource_type, "post");
      assert.equal(row.success, true);
      assert.equal(row.ip, staff.ip);
      assert.equal(row.request_id, edit.requestId);
      const { version } = row.before;
      assert.deepEqual(row.before, {
        title: "Number 1",
        content: "Words.",
        visibility: "PUBLIC",
        version,
      });
      assert.deepEqual(row.after, {
        title: "Tidied",
        content: "Other words.",
        visibility: "UNLISTED",
        version: version + 1,
      });
    });

    it("writes down what a long text began with", async () => {
      const post = await written(await account());
      const content = `${"word ".repeat(2000)}end`;
      assert.equal((await staff.patch(path(post), { content })).status, 200);
      const [{ after }] = await rows(post);
      assert.equal(after.content, `${content.slice(0, 5000)}…`);
    });

    it("writes down what was deleted", async () => {
      const author = await account();
      const post = await written(author);
      const comment = await remark(author, post, "Gone soon.");
      assert.equal((await acts.remark(staff, post, comment)).status, 204);
      assert.equal((await acts.delete(staff, post)).status, 204);
      const [told] = await rows(comment);
      assert.equal(told.action, "comment.delete");
      assert.equal(told.actor_id, staff.id);
      assert.deepEqual(told.before, {
        content: "Gone soon.",
        postId: post,
        deleted: false,
      });
      assert.deepEqual(told.after, { deleted: true });
      const [row] = await rows(post);
      assert.equal(row.action, "post.delete");
      assert.equal(row.before.title, "Number 1");
      assert.equal(row.before.content, "Words.");
      assert.equal(row.before.deleted, false);
      assert.equal(row.after.deleted, true);
    });

    it("writes down what was refused", async () => {
      const author = await account("ADMIN");
      const post = await written(author);
      const comment = await remark(author, post);
      await acts.edit(staff, post);
      await acts.delete(staff, post);
      await acts.remark(staff, post, comment);
      const told = [...(await rows(post)), ...(await rows(comment))];
      assert.deepEqual(
        told.map((r) => [r.action, r.success, r.error, r.actor_id]),
        ["post.update", "post.delete", "comment.delete"].map((action) => [
          action,
          false,
          "HIGHER_ROLE",
          staff.id,
        ]),
      );
    });

    it("writes nothing of what authors do, or who is no staff", async () => {
      const post = (await people.post(member)).id;
      const comment = (await people.comment(member, post)).id;
      await member.patch(path(post), { title: "Mine" });
      await member.delete(`/api/comments/${comment}`);
      await member.delete(path(post));
      const other = await written(await account());
      assert.equal((await acts.edit(member, other)).status, 403);
      for (const id of [post, comment, other])
        assert.deepEqual(await rows(id), []);
      const own = (await people.post(staff)).id;
      assert.equal((await acts.edit(staff, own)).status, 200);
      assert.deepEqual(await rows(own), []);
    });

    it("asks the database for the role, not the session", async () => {
      const fallen = await people.user("MODERATOR");
      const author = await account();
      const post = await written(author);
      const comment = await remark(author, post);
      await stack.sql`UPDATE users SET role = 'USER' WHERE id = ${fallen.id}`;
      assert.equal((await acts.edit(fallen, post)).status, 403);
      assert.equal((await acts.delete(fallen, post)).status, 403);
      assert.equal((await acts.remark(fallen, post, comment)).status, 404);
      assert.equal((await state(post)).here, true);
    });

    it("takes who is suspended for no staff, whatever the session says", async () => {
      const fallen = await people.user("MODERATOR");
      const author = await account();
      const post = await written(author, { visibility: "FOLLOWERS" });
      const comment = await remark(author, post);
      await people.report(member, { id: post });
      assert.equal((await fallen.get(path(post))).status, 200);
      await stack.sql`UPDATE users SET status = 'SUSPENDED',
        suspended_until = clock_now() + interval '1 day'
        WHERE id = ${fallen.id}`;
      assert.equal((await fallen.get(path(post))).status, 404);
      assert.equal((await acts.edit(fallen, post)).status, 404);
      assert.equal((await acts.remark(fallen, post, comment)).status, 404);
    });

    it("lets collaborators edit, and neither delete nor publish", async () => {
      const author = await account();
      const help = (post, who) => stack.sql`INSERT INTO post_collaborators
        (post_id, user_id) VALUES (${post}, ${who.id})`;
      const post = await written(author);
      await help(post, member);
      assert.equal((await acts.edit(member, post)).status, 200);
      for (const name of ["delete", "withdraw", "hide"]) {
        const answer = await acts[name](member, post);
        assert.equal(answer.status, 403, `${name} ${answer}`);
        assert.equal(answer.json.code, "AUTHOR_ONLY", `${name} ${answer}`);
      }
      const draft = await written(author, { status: "draft" });
      for (const who of [member, staff]) {
        await help(draft, who);
        assert.equal((await acts.edit(who, draft)).status, 200);
        for (const wanted of [{ published: true }, { visibility: "PRIVATE" }])
          assert.equal((await who.patch(path(draft), wanted)).status, 403);
        const gone = await acts.delete(who, draft);
        assert.equal(gone.json.code, "AUTHOR_ONLY", `${gone}`);
      }
      assert.equal((await state(post)).here, true);
      assert.equal((await state(draft)).status, "draft");
    });
  });
