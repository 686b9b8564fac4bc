// Who is gone has one shape wherever they could be met: a card with a name and
// nothing else.  tests/page/nobody.test.mjs looks at the same in pages.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { erase, nobody } from "../lib/erase.mjs";
import { freshName } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";
import { eventually } from "../lib/stack.mjs";
import { reason } from "./admin.test.mjs";

export default () =>
  describe("who is gone", () => {
    let reader, admin, owner, gone, banned;
    const word = freshName("gone").replace("_", "");

    /** A post, a comment and a reply by a member. */
    async function write(user) {
      const post = await people.post(user, {
        title: `About ${word}`,
        tags: [word],
      });
      const comment = await people.comment(user, post, "Mine.");
      const reply = await people.comment(user, post, "Mine, too.", {
        parentId: comment.id,
      });
      return { user, post, comment, reply };
    }

    before(async () => {
      [reader, owner] = await people.crowd(2);
      admin = await people.user("ADMIN");
      const member = await people.user();
      gone = await write(member);
      banned = await write(await people.user());
      const theirs = await people.post(reader);
      for (const { user } of [gone, banned]) {
        await user.put(`/api/posts/${theirs.id}/reactions/LIKE`);
        await eventually(
          "the reader to be told",
          async () =>
            (await reader.get("/api/notifications?limit=100")).data.items.some(
              (n) => n.actor?.id === user.id,
            ),
          30,
        );
      }
      await erase(stack, gone.user);
      const answer = await admin.put(
        `/api/admin/users/${banned.user.id}/status`,
        { status: "BANNED", reason },
      );
      assert.equal(answer.status, 204, `${answer}`);
    });

    const lists = {
      "a list": () => "/api/posts?limit=50",
      "a list by likes": () => `/api/posts?tag=${word}&sort=popular`,
      "a list by trend": () => `/api/posts?tag=${word}&sort=trending`,
      "a list of a tag": () => `/api/posts?tag=${word}`,
      "a search": () => `/api/search?q=${word}`,
    };
    const threads = {
      "a thread": ({ post }) => `/api/posts/${post.id}/comments`,
      "the best comments": ({ post }) =>
        `/api/posts/${post.id}/comments?sort=best`,
      "the newest comments": ({ post }) =>
        `/api/posts/${post.id}/comments?sort=new`,
      replies: ({ post, comment }) =>
        `/api/posts/${post.id}/comments?parent=${comment.id}`,
    };

    for (const [why, whose] of [
      ["erased", () => gone],
      ["banned", () => banned],
    ]) {
      for (const [where, path] of Object.entries(lists))
        it(`${why}: in ${where}`, async () => {
          const { items } = (await reader.get(path())).data;
          const one = items.find((post) => post.id === whose().post.id);
          // A list of all may have newer ones; the others are of our word.
          if (one === undefined) assert.equal(where, "a list");
          else assert.deepEqual(one.author, nobody);
        });
      it(`${why}: of a whole post`, async () => {
        const { post } = whose();
        for (const at of [post.id, post.slug])
          assert.deepEqual(
            (await people.guest().get(`/api/posts/${at}`)).data.author,
            nobody,
          );
      });
      for (const [where, path] of Object.entries(threads))
        it(`${why}: in ${where}`, async () => {
          const { items } = (await reader.get(path(whose()))).data;
          assert.ok(items.length > 0);
          for (const { author } of items) assert.deepEqual(author, nobody);
        });
    }

    it("is an actor without a card, and the site is none", async () => {
      const { items } = (await reader.get("/api/notifications?limit=100")).data;
      const told = items.filter((n) => n.type === "POST_LIKED");
      // The erased one was taken out; the banned one keeps the place.
      assert.deepEqual(
        told.map((n) => [n.actors, n.actor]),
        [[1, nobody]],
      );
      assert.ok(items.some((n) => n.type === "SYSTEM" && n.actor === null));
      const actors = await reader.get(`/api/notifications/${told[0].id}/actors`);
      assert.deepEqual(actors.data.items, []);
    });

    it("leaves a deleted comment without an author", async () => {
      const writer = await people.user();
      const post = await people.post(reader);
      const comment = await people.comment(writer, post);
      await people.comment(reader, post, "Oh.", { parentId: comment.id });
      assert.equal(
        (await writer.delete(`/api/comments/${comment.id}`)).status,
        204,
      );
      const thread = await reader.get(`/api/posts/${post.id}/comments`);
      const [stub, reply] = thread.data.items;
      assert.deepEqual(
        [stub.deleted, stub.author, reply.author.name],
        [true, null, reader.name],
      );
    });

    it("joined by a code", async () => {
      const { code } = (await owner.post("/api/users/me/referrals", {})).data;
      const username = freshName("came");
      await people.join({ username, referralCode: code });
      await erase(stack, await people.logIn(username));
      const { items } = (await owner.get("/api/users/me/referrals")).data;
      assert.deepEqual(
        items.map((f) => [f.status, f.joined]),
        [["COMPLETED", nobody]],
      );
    });

    it("has an id and a name in the audit log", async () => {
      const { id } = gone.user;
      const { items } = (await admin.get(`/api/admin/audit?actor=${id}`)).data;
      assert.ok(items.length > 0);
      for (const row of items) {
        const { name } = nobody;
        assert.deepEqual(row.actor, { id, username: null, name });
        if (row.resource === "user") assert.equal(row.resourceName, name);
      }
    });

    it("that is banned has its name before staff", async () => {
      const { id, name } = banned.user;
      const at = `/api/admin/audit?resource=user&resourceId=${id}`;
      const [row] = (await admin.get(at)).data.items;
      assert.equal(row.resourceName, name);
      assert.equal(row.actor.name, admin.name);
    });

    it("is told by the document: what can be null", async () => {
      const { json } = await reader.get("/api/openapi.json");
      const { schemas } = json.components;
      const properties = (ref) =>
        schemas[ref.split("/").at(-1)].properties;
      const author = properties("Post").author;
      assert.equal(author.anyOf, undefined);
      const nullable = Object.entries(properties(author.$ref))
        .filter(([, schema]) => schema.type.includes("null"))
        .map(([name]) => name);
      assert.deepEqual(nullable, ["id", "username", "image", "level"]);
      assert.equal(properties("Comment").author.anyOf.length, 2);
    });
  });
