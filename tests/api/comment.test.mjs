// Comments: threads, lists, edits, stubs, counts.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { people, stack } from "../lib/suite.mjs";
import { walk } from "./feed.test.mjs";

const ghost = "01890000-0000-7000-8000-000000000000";

export default () =>
  describe("comment", () => {
    let author, reader, post;
    before(async () => {
      [author, reader] = await people.crowd(2);
      post = await people.post(author);
    });
    const list = (client, id, query = "") =>
      client.get(`/api/posts/${id}/comments${query}`);
    // Thirty writes a minute are allowed: who writes many is fresh.
    const writer = () => people.user();

    it("adds a comment, counted at the post", async () => {
      const user = await writer();
      const own = await people.post(user);
      const comment = await people.comment(user, own, "Well *said*.");
      assert.equal(comment.postId, own.id);
      assert.equal(comment.parentId, null);
      assert.equal(comment.depth, 0);
      assert.equal(comment.content, "Well *said*.");
      assert.match(comment.contentHtml, /<em>said<\/em>/);
      assert.equal(comment.author.username, user.name);
      assert.equal(comment.edited, false);
      const seen = (await user.get(`/api/posts/${own.id}`)).data;
      assert.equal(seen._count.comments, 1);
    });

    it("leaves out what nobody sees, and says so", async () => {
      const user = await writer();
      const url = `/api/posts/${(await people.post(user)).id}/comments`;
      const body = { content: "a\u0001b\u001b[31m\ufeff c\r\nd\re\tf" };
      const key = `notes-${user.name}`;
      const headers = { "idempotency-key": key };
      const note = {
        field: "content",
        code: "CONTROL_DROPPED",
        message: "3 control characters were left out",
      };
      for (const _ of ["made", "told again"]) {
        const answer = await user.post(url, body, { headers });
        assert.equal(answer.status, 201, `${answer}`);
        assert.equal(answer.data.content, "ab[31m c\nd\ne\tf");
        assert.deepEqual(answer.json.notes, [note]);
      }
      const clean = await user.post(url, { content: "One\r\ntwo" });
      assert.equal(clean.data.content, "One\ntwo");
      assert.equal("notes" in clean.json, false);
      for (const content of ["a\u0000b", "\u0001\u0085"]) {
        const answer = await user.post(url, { content });
        assert.equal(answer.status, 400, `${answer}`);
        assert.ok(answer.json.fields.content);
        assert.equal("notes" in answer.json, false);
      }
    });

    it("nests replies in reading order, to any depth", async () => {
      const user = await writer();
      const own = await people.post(user);
      const say = (content, parent) =>
        people.comment(user, own, content, parent && { parentId: parent.id });
      const a = await say("a");
      const b = await say("b");
      const a1 = await say("a1", a);
      await say("b1", b);
      await say("a1x", a1);
      await say("a2", a);
      let deep = a1;
      for (let i = 0; i < 8; i++) deep = await say(`deep ${i}`, deep);
      assert.equal(deep.depth, 9);
      const items = await walk(user, `/api/posts/${own.id}/comments?limit=4`);
      assert.deepEqual(
        items
          .filter((c) => !c.content.startsWith("deep"))
          .map((c) => c.content),
        ["a", "a1", "a1x", "a2", "b", "b1"],
      );
      assert.equal(new Set(items.map((c) => c.id)).size, 14);
      const first = items.find((c) => c.content === "a");
      assert.equal(first._count.replies, 2);
    });

    it("lists by best and by new the threads' beginnings", async () => {
      const user = await writer();
      const own = await people.post(user);
      const made = [];
      for (let i = 0; i < 5; i++)
        made.push(await people.comment(user, own, `Number ${i}`));
      await people.comment(user, own, "A reply", { parentId: made[0].id });
      await reader.put(`/api/comments/${made[2].id}/reactions/LIKE`);
      const best = await walk(
        user,
        `/api/posts/${own.id}/comments?sort=best&limit=2`,
      );
      assert.equal(best[0].id, made[2].id);
      assert.equal(best.length, 5);
      const fresh = await walk(
        user,
        `/api/posts/${own.id}/comments?sort=new&limit=2`,
      );
      assert.deepEqual(
        fresh.map((c) => c.id),
        made.map((c) => c.id).reverse(),
      );
    });

    it("lists the replies to one comment, the oldest first", async () => {
      const user = await writer();
      const own = await people.post(user);
      const parent = await people.comment(user, own);
      const made = [];
      for (let i = 0; i < 7; i++)
        made.push(
          await people.comment(user, own, `Reply ${i}`, {
            parentId: parent.id,
          }),
        );
      const items = await walk(
        user,
        `/api/posts/${own.id}/comments?parent=${parent.id}&limit=3`,
      );
      assert.deepEqual(
        items.map((c) => c.id),
        made.map((c) => c.id),
      );
    });

    it("finds the comments by the post's slug too", async () => {
      await people.comment(author, post);
      const byId = await list(reader, post.id);
      const bySlug = await list(reader, post.slug);
      assert.deepEqual(bySlug.data, byId.data);
    });

    it("leaves a stub where somebody answered, else nothing", async () => {
      const user = await writer();
      const own = await people.post(user);
      const parent = await people.comment(user, own, "To be deleted");
      const reply = await people.comment(user, own, "An answer", {
        parentId: parent.id,
      });
      const gone = await user.delete(`/api/comments/${parent.id}`);
      assert.equal(gone.status, 204);
      const [stub, left] = (await list(user, own.id)).data.items;
      assert.equal(stub.id, parent.id);
      assert.equal(stub.deleted, true);
      for (const name of ["content", "contentHtml", "author"])
        assert.equal(stub[name], null, name);
      assert.equal(left.id, reply.id);
      await user.delete(`/api/comments/${reply.id}`);
      assert.deepEqual((await list(user, own.id)).data.items, []);
      const seen = (await user.get(`/api/posts/${own.id}`)).data;
      assert.equal(seen._count.comments, 0);
    });

    it("edits silently at first, and openly after 15 minutes", async () => {
      const comment = await people.comment(author, post, "Frist");
      const edit = (content) =>
        author.patch(`/api/comments/${comment.id}`, { content });
      const quick = await edit("First");
      assert.equal(quick.status, 200, `${quick}`);
      assert.equal(quick.data.content, "First");
      assert.equal(quick.data.edited, false);
      await stack.sql`UPDATE comments SET
        created_at = created_at - interval '16 minutes'
        WHERE id = ${comment.id}`;
      const late = await edit("First!");
      assert.equal(late.data.edited, true);
      assert.ok(late.data.editedAt);
    });

    it("lets nobody edit another's, and staff delete it", async () => {
      const comment = await people.comment(author, post);
      const path = `/api/comments/${comment.id}`;
      const edit = await reader.patch(path, { content: "Mine" });
      assert.ok([403, 404].includes(edit.status), `${edit}`);
      assert.ok([403, 404].includes((await reader.delete(path)).status));
      const staff = await people.user("MODERATOR");
      assert.equal((await staff.delete(path)).status, 204);
      assert.equal((await author.delete(path)).status, 404);
    });

    it("refuses comments on closed posts, drafts and nothing", async () => {
      const user = await writer();
      const closed = await people.post(user, { commentsEnabled: false });
      const draft = await people.post(user, { published: false });
      const say = (client, id) =>
        client.post(`/api/posts/${id}/comments`, { content: "Hi" });
      const no = await say(user, closed.id);
      assert.equal(no.status, 409);
      assert.equal(no.json.code, "COMMENTS_CLOSED");
      assert.equal((await say(reader, draft.id)).status, 404);
      assert.equal((await say(user, draft.id)).status, 409);
      assert.equal((await say(user, ghost)).status, 404);
      assert.equal((await say(people.guest(), post.id)).status, 401);
    });

    it("refuses a parent of another post, deleted or made up", async () => {
      const other = await people.post(author);
      const foreign = await people.comment(author, other);
      const dead = await people.comment(author, post);
      await author.delete(`/api/comments/${dead.id}`);
      for (const parentId of [foreign.id, dead.id, ghost]) {
        const answer = await author.post(`/api/posts/${post.id}/comments`, {
          content: "Hi",
          parentId,
        });
        assert.equal(answer.status, 422, `${answer}`);
        assert.equal(answer.json.code, "WRONG_PARENT");
        assert.ok(answer.json.fields.parentId);
      }
      const count = await stack.value`SELECT reply_count FROM comments
        WHERE id = ${dead.id}`;
      assert.equal(count, 0);
    });

    it("refuses 0 and 5001 characters, and what shows nothing", async () => {
      const say = (content) =>
        author.post(`/api/posts/${post.id}/comments`, { content });
      for (const content of ["", "x".repeat(5001)])
        assert.ok((await say(content)).json.fields.content);
      for (const content of [" \n ", "\u3164", "\u2800\u{e0020}\ufe0f"]) {
        const { code, fields } = (await say(content)).json;
        assert.equal(code, "BLANK_COMMENT");
        assert.deepEqual(Object.keys(fields), ["content"]);
      }
      const long = await say("é".repeat(5000));
      assert.equal(long.status, 201, `${long}`);
    });

    it("keeps the time in the video, within its bounds", async () => {
      const at = (youtubeTimestamp) =>
        author.post(`/api/posts/${post.id}/comments`, {
          content: "Here!",
          youtubeTimestamp,
        });
      assert.equal((await at(90)).data.youtubeTimestamp, 90);
      assert.equal((await at(0)).data.youtubeTimestamp, 0);
      for (const bad of [-1, 604801, 1.5, "90"])
        assert.ok((await at(bad)).json.fields?.youtubeTimestamp, `${bad}`);
    });

    it("counts 20 comments at once as 20", async () => {
      const own = await people.post(author);
      const crowd = await people.crowd(20);
      const answers = await Promise.all(
        crowd.map((c) =>
          c.post(`/api/posts/${own.id}/comments`, { content: "Me too" }),
        ),
      );
      assert.ok(
        answers.every((a) => a.status === 201),
        answers.join("\n"),
      );
      const seen = (await author.get(`/api/posts/${own.id}`)).data;
      assert.equal(seen._count.comments, 20);
      const items = await walk(author, `/api/posts/${own.id}/comments?limit=9`);
      assert.equal(new Set(items.map((c) => c.id)).size, 20);
    });

    it("counts right while a thread is written and deleted at once", async () => {
      const own = await people.post(author);
      const parent = await people.comment(author, own);
      const crowd = await people.crowd(8);
      await Promise.all(
        crowd.map(async (client) => {
          for (let i = 0; i < 3; i++) {
            const made = await client.post(`/api/posts/${own.id}/comments`, {
              content: `Reply ${i}`,
              parentId: parent.id,
            });
            assert.equal(made.status, 201, `${made}`);
            if (i < 2) {
              const gone = await client.delete(`/api/comments/${made.data.id}`);
              assert.equal(gone.status, 204, `${gone}`);
            }
          }
        }),
      );
      const [top] = (await list(author, own.id)).data.items;
      assert.equal(top._count.replies, 8);
      const seen = (await author.get(`/api/posts/${own.id}`)).data;
      assert.equal(seen._count.comments, 9);
    });

    it("shows nothing of posts that one may not see", async () => {
      const user = await writer();
      const hidden = await people.post(user, { visibility: "PRIVATE" });
      await people.comment(user, hidden, "To myself");
      const answer = await list(reader, hidden.id);
      assert.equal(answer.status, 404);
      assert.equal((await list(people.guest(), hidden.slug)).status, 404);
      assert.equal((await list(user, hidden.id)).data.items.length, 1);
    });

    it("lists nothing of what is not there: 404, and not an empty list", async () => {
      const author = await writer();
      const own = await people.post(author);
      const other = await people.post(author);
      const draft = await people.post(author, { published: false });
      const gone = await people.post(author);
      await author.delete(`/api/posts/${gone.id}`);
      const blocked = await people.user();
      await stack.sql`INSERT INTO blocks (blocker_id, blocked_id)
        VALUES (${author.id}, ${blocked.id})`;
      const comment = await people.comment(author, own);
      const dead = await people.comment(author, own);
      await author.delete(`/api/comments/${dead.id}`);
      const status = async (client, post, query = "") =>
        (await client.get(`/api/posts/${post}/comments${query}`)).status;
      for (const sort of ["thread", "best", "new"])
        for (const post of [
          ghost,
          "no-such-post",
          draft.id,
          gone.id,
          gone.slug,
        ])
          assert.equal(await status(reader, post, `?sort=${sort}`), 404, post);
      assert.equal(await status(blocked, own.id), 404);
      assert.equal(await status(reader, other.id), 200);
      assert.equal(await status(author, draft.slug), 200);
      const replies = (post, id) => status(reader, post, `?parent=${id}`);
      assert.equal(await replies(own.id, comment.id), 200);
      assert.equal(await replies(own.slug, comment.id), 200);
      assert.equal(await replies(own.id, ghost), 404);
      assert.equal(await replies(own.id, dead.id), 404);
      assert.equal(await replies(other.id, comment.id), 404);
    });

    it("shows staff the comments of a post that they may read", async () => {
      const author = await writer();
      const shy = await people.post(author, { visibility: "FOLLOWERS" });
      await people.comment(author, shy, "Among us");
      const staff = await people.user("MODERATOR");
      assert.equal((await list(reader, shy.id)).status, 404);
      assert.equal((await list(staff, shy.id)).status, 404);
      await people.report(author, shy);
      assert.equal((await list(staff, shy.id)).data.items.length, 1);
      const page = await staff.page(`/post/${shy.slug}`);
      assert.ok(page.text.includes("Among us"));
    });

    it("takes nothing on posts that one may not see", async () => {
      const user = await writer();
      const hidden = await people.post(user, { visibility: "PRIVATE" });
      const made = await reader.post(`/api/posts/${hidden.id}/comments`, {
        content: "Is anybody there?",
      });
      assert.equal(made.status, 404, `${made}`);
      const shown = await people.post(user);
      const own = await people.comment(reader, shown, "As it was");
      await stack.lines`SELECT block_put(${user.id}, ${reader.id})`;
      const path = `/api/comments/${own.id}`;
      const edited = await reader.patch(path, { content: "Far ruder" });
      assert.equal(edited.status, 404, `${edited}`);
      assert.equal(
        await stack.value`SELECT content FROM comments WHERE id = ${own.id}`,
        "As it was",
      );
      assert.deepEqual((await list(user, shown.id)).data.items, []);
      assert.equal(
        (await reader.delete(path)).status,
        204,
        "it may be taken back",
      );
    });

    it("tells the viewer what is its own", async () => {
      const own = await people.post(author);
      await people.comment(author, own);
      const viewer = async (client) =>
        (await list(client, own.id)).data.items[0].viewer;
      assert.equal((await viewer(author)).mayEdit, true);
      assert.equal((await viewer(reader)).mayEdit, false);
      assert.equal(await viewer(people.guest()), null);
    });
  });
