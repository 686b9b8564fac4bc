// What notifications lead to: they are there for as long as it is, and for
// whom it is.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";
import { account } from "./admin.test.mjs";

const list = async (user) =>
  (await user.get("/api/notifications?limit=100")).data.items.filter(
    (n) => n.type !== "SYSTEM",
  );
const unread = async (user) =>
  (await user.get("/api/notifications/unread-count")).data.unread;
const types = async (user) => (await list(user)).map((n) => n.type).sort();

/** Until a user is told of just these types. */
const told = (user, ...wanted) =>
  eventually(
    `${wanted} for ${user.name}`,
    async () => `${await types(user)}` === `${wanted.sort()}`,
    30,
  );

const kept = (user) => stack.lines`SELECT id FROM notifications
  WHERE user_id = ${user.id} AND type <> 'SYSTEM'`;
const swept = (user) =>
  eventually("the rows to go", async () => (await kept(user)).length === 0, 30);

const put = (user, type, actor, entity, id, url) => stack.sql`
  SELECT id FROM notification_put(${user.id}, ${type}::notification_type,
    ${actor.id}, ${entity}, ${id}, NULL, 'Words', ${url})`;

export default () =>
  describe("what notifications lead to", () => {
    let author, one, two;
    before(async () => {
      author = await people.user();
      [one, two] = await people.crowd(2);
    });

    const ends = {
      deleted: (post) => author.delete(`/api/posts/${post.id}`),
      "made PRIVATE": (post) =>
        author.patch(`/api/posts/${post.id}`, { visibility: "PRIVATE" }),
      "for FOLLOWERS": (post) =>
        author.patch(`/api/posts/${post.id}`, { visibility: "FOLLOWERS" }),
      "a draft again": (post) =>
        author.patch(`/api/posts/${post.id}`, { published: false }),
    };
    for (const [name, end] of Object.entries(ends))
      it(`goes when the post is ${name}`, async () => {
        const [ann, ben] = await people.crowd(2);
        const post = await people.post(author, {
          content: `For @${ann.name} alone.`,
        });
        const remark = await people.comment(ann, post);
        const reply = await people.comment(ben, post, `Yes, @${ann.name}!`, {
          parentId: remark.id,
        });
        await ben.put(`/api/comments/${remark.id}/reactions/LIKE`);
        await ann.put(`/api/comments/${reply.id}/reactions/LIKE`);
        await told(
          ann,
          "COMMENT_LIKED",
          "COMMENT_REPLIED",
          "MENTION",
          "MENTION",
        );
        await told(ben, "COMMENT_LIKED");
        assert.equal(await unread(ann), 5, "with the welcome");
        const answer = await end(post);
        assert.ok(answer.status < 300, `${answer}`);
        // At once: whether or not the rows are gone.
        for (const who of [ann, ben]) {
          assert.deepEqual(await list(who), []);
          assert.equal(await unread(who), 1);
        }
        await swept(ann);
        await swept(ben);
      });

    const all = once(
      () => stack.lines`SELECT type FROM notification_kinds
      WHERE type NOT IN ('USER_FOLLOWED', 'SYSTEM') ORDER BY nr`,
    );
    for (const entity of ["post", "comment"])
      it(`holds for all types of a ${entity}`, async () => {
        const [ann, ben] = await people.crowd(2);
        const post = await people.post(author);
        const remark = await people.comment(ben, post);
        const url = `/post/${post.slug}`;
        for (const type of await all())
          if (entity === "post")
            await put(ann, type, ben, "post", post.id, url);
          else
            await put(
              ann,
              type,
              ben,
              "comment",
              remark.id,
              `${url}#c-${remark.id}`,
            );
        assert.deepEqual(await types(ann), [...(await all())].sort());
        if (entity === "post") await author.delete(`/api/posts/${post.id}`);
        else await ben.delete(`/api/comments/${remark.id}`);
        assert.deepEqual(await list(ann), []);
        assert.equal(await unread(ann), 1);
        await swept(ann);
      });

    it("tells of the comments that are left", async () => {
      const owner = await people.user();
      const post = await people.post(owner);
      const first = await people.comment(one, post, "The first.");
      const other = await people.comment(two, post, "The other.");
      await eventually(
        "both",
        async () => (await list(owner))[0]?.actors === 2,
      );
      await two.delete(`/api/comments/${other.id}`);
      const [row] = await eventually("one of them", async () => {
        const rows = await list(owner);
        return rows[0]?.actors === 1 && rows;
      });
      assert.equal(row.actor.username, one.name);
      assert.match(row.title, new RegExp(`^${one.name} commented`));
      assert.equal(row.actionUrl, `/post/${post.slug}#c-${first.id}`);
      assert.equal(row.message, "");
      await one.delete(`/api/comments/${first.id}`);
      assert.deepEqual(await list(owner), []);
      await swept(owner);
    });

    it("hides those of people whom one hides, and shows them again", async () => {
      const owner = await people.user();
      const post = await people.post(owner);
      await people.comment(one, post);
      await told(owner, "POST_COMMENTED");
      const hides = {
        blocks: ["blocker_id", "blocked_id"],
        mutes: ["muter_id", "muted_id"],
      };
      for (const table of Object.keys(hides)) {
        if (table === "blocks")
          await stack.sql`INSERT INTO blocks VALUES (${owner.id}, ${one.id})`;
        else await stack.sql`INSERT INTO mutes VALUES (${owner.id}, ${one.id})`;
        assert.deepEqual(await list(owner), [], table);
        assert.equal(await unread(owner), 1, table);
        await stack.sql`DELETE FROM blocks WHERE blocker_id = ${owner.id}`;
        await stack.sql`DELETE FROM mutes WHERE muter_id = ${owner.id}`;
        assert.deepEqual(await types(owner), ["POST_COMMENTED"]);
      }
    });

    it("leads to no profile that is not there", async () => {
      const owner = await people.user();
      const fan = await account();
      await put(
        owner,
        "USER_FOLLOWED",
        fan,
        "user",
        owner.id,
        `/profile/${fan.name}`,
      );
      assert.deepEqual(await types(owner), ["USER_FOLLOWED"]);
      await stack.sql`UPDATE users SET status = 'BANNED' WHERE id = ${fan.id}`;
      assert.deepEqual(await list(owner), []);
      assert.equal(await unread(owner), 1);
      await stack.sql`UPDATE users SET status = 'ACTIVE' WHERE id = ${fan.id}`;
      assert.deepEqual(await types(owner), ["USER_FOLLOWED"]);
    });
  });

/** Asks once, when it is wanted. */
function once(ask) {
  let answer;
  return () => (answer ??= ask());
}
