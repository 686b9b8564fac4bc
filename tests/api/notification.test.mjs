// Notifications: who gets which, soon, once; reading them.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { eventually, sleep } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";
import { walk } from "./feed.test.mjs";

const all = (user) => walk(user, "/api/notifications?limit=50");

/** The notification of a type, once it is there. */
const soon = (user, type, wanted = () => true) =>
  eventually(
    `a notification ${type}`,
    async () => (await all(user)).find((n) => n.type === type && wanted(n)),
    15,
  );

const unread = async (user) =>
  (await user.get("/api/notifications/unread-count")).data.unread;

export default () =>
  describe("notification", () => {
    let fan;
    before(async () => (fan = await people.user()));

    it("welcomes who is new", async () => {
      const user = await people.user();
      const [welcome] = await all(user);
      assert.equal(welcome.type, "SYSTEM");
      assert.equal(welcome.priority, 1);
      assert.equal(welcome.read, false);
      assert.equal(await unread(user), 1);
    });

    it("tells the author of a comment within seconds", async () => {
      const author = await people.user();
      const post = await people.post(author);
      await people.comment(fan, post);
      const notice = await soon(author, "POST_COMMENTED");
      assert.equal(notice.actor.username, fan.name);
      assert.equal(notice.actors, 1);
      assert.ok(notice.title.includes(fan.name));
      assert.match(notice.actionUrl, /^\/post\//);
    });

    it("tells who was answered", async () => {
      const [author, first] = await people.crowd(2);
      const post = await people.post(author);
      const comment = await people.comment(first, post);
      await people.comment(fan, post, "No!", { parentId: comment.id });
      const notice = await soon(first, "COMMENT_REPLIED");
      assert.equal(notice.actor.username, fan.name);
    });

    it("tells of likes of posts and comments, and of followers", async () => {
      const author = await people.user();
      const post = await people.post(author);
      const comment = await people.comment(author, post);
      await fan.put(`/api/posts/${post.id}/reactions/LIKE`);
      await fan.put(`/api/comments/${comment.id}/reactions/LOVE`);
      await fan.put(`/api/users/${author.name}/follow`);
      await soon(author, "POST_LIKED");
      await soon(author, "COMMENT_LIKED");
      await soon(author, "USER_FOLLOWED");
      assert.equal(await unread(author), 4);
    });

    it("tells who is mentioned", async () => {
      const star = await people.user();
      const author = await people.user();
      await people.post(author, { content: `Thanks, @${star.name}!` });
      const notice = await soon(star, "MENTION");
      assert.equal(notice.actor.username, author.name);
    });

    it("never tells of one's own acts", async () => {
      const author = await people.user();
      const post = await people.post(author, {
        content: `I am @${author.name}.`,
      });
      const comment = await people.comment(author, post);
      await people.comment(author, post, "Me again", { parentId: comment.id });
      await author.put(`/api/posts/${post.id}/reactions/LIKE`);
      await author.put(`/api/comments/${comment.id}/reactions/LIKE`);
      // What comes after shows that what was before is done.
      await fan.put(`/api/posts/${post.id}/reactions/WOW`);
      await soon(author, "POST_LIKED", (n) => n.actor.username === fan.name);
      await sleep(300);
      const types = (await all(author)).map((n) => n.type).sort();
      assert.deepEqual(types, ["POST_LIKED", "SYSTEM"]);
    });

    it("counts to 100 unread ones and no further", async () => {
      const user = await people.user();
      const more = (n) => stack.sql`INSERT INTO notifications (user_id, type,
          title) SELECT ${user.id}, 'SYSTEM', 'One of many'
        FROM generate_series(1, ${n}::int)`;
      const before_ = await unread(user);
      await more(98);
      assert.equal(await unread(user), before_ + 98);
      await more(1000);
      assert.equal(await unread(user), 100);
      const page = await user.page("/settings/notifications");
      assert.match(page.text, /data-unread="100"/);
      const all_ = await walk(user, "/api/notifications?limit=100");
      assert.ok(all_.length >= 1098, "the list has them all");
    });

    it("makes one of several likes, and counts the actors", async () => {
      const author = await people.user();
      const post = await people.post(author);
      const crowd = await people.crowd(4);
      for (const client of crowd)
        await client.put(`/api/posts/${post.id}/reactions/LIKE`);
      const notice = await soon(author, "POST_LIKED", (n) => n.actors === 4);
      const liked = (await all(author)).filter((n) => n.type === "POST_LIKED");
      assert.equal(liked.length, 1);
      assert.match(notice.title, /3 others/);
      const path = `/api/notifications/${notice.id}/actors`;
      const actors = await walk(author, `${path}?limit=3`);
      assert.deepEqual(
        actors.map((a) => a.username),
        crowd.map((c) => c.name).reverse(),
      );
      assert.equal((await fan.get(path)).status, 404);
      assert.equal(notice.others, 3);
      const page = path.replace("/api", "");
      assert.ok((await author.page("/notifications")).text.includes(page));
      const { text } = await author.page(page);
      for (const { name } of crowd)
        assert.ok(text.includes(`href="/profile/${name}"`), name);
      assert.equal((await fan.page(page)).status, 404);
      const [welcome] = (await all(author)).filter((n) => n.type === "SYSTEM");
      assert.equal(welcome.others, 0);
      assert.equal(await unread(author), 2);
    });

    it("takes it back when a like is undone at once", async () => {
      const author = await people.user();
      const post = await people.post(author);
      await fan.put(`/api/posts/${post.id}/reactions/LIKE`);
      await soon(author, "POST_LIKED");
      await fan.delete(`/api/posts/${post.id}/reactions/LIKE`);
      await eventually("the notification is taken back", async () =>
        (await all(author)).every((n) => n.type !== "POST_LIKED"),
      );
    });

    it("reads one, and again changes nothing", async () => {
      const user = await people.user();
      const [welcome] = await all(user);
      for (let i = 0; i < 2; i++) {
        const answer = await user.put(`/api/notifications/${welcome.id}/read`);
        assert.equal(answer.status, 204, `${answer}`);
        assert.equal(await unread(user), 0);
      }
      assert.equal((await all(user))[0].read, true);
    });

    it("reads all up to one", async () => {
      const author = await people.user();
      const post = await people.post(author);
      await people.comment(fan, post);
      await soon(author, "POST_COMMENTED");
      const list = await all(author);
      const answer = await author.put("/api/notifications/read-all", {
        upTo: list.at(-1).id,
      });
      assert.equal(answer.status, 204);
      assert.equal(await unread(author), list.length - 1);
      await author.put("/api/notifications/read-all", {});
      assert.equal(await unread(author), 0);
    });

    it("lists only unread ones, and only some types", async () => {
      const author = await people.user();
      const post = await people.post(author);
      await fan.put(`/api/posts/${post.id}/reactions/LIKE`);
      await soon(author, "POST_LIKED");
      const [welcome] = (await all(author)).slice(-1);
      await author.put(`/api/notifications/${welcome.id}/read`);
      const list = async (query) =>
        (await author.get(`/api/notifications?${query}`)).data.items.map(
          (n) => n.type,
        );
      assert.deepEqual(await list("unreadOnly=true"), ["POST_LIKED"]);
      assert.deepEqual(await list("types=SYSTEM"), ["SYSTEM"]);
      assert.deepEqual(await list("types=SYSTEM,POST_LIKED"), [
        ...["POST_LIKED", "SYSTEM"],
      ]);
      assert.deepEqual(await list("types=SYSTEM&unreadOnly=true"), []);
    });

    it("keeps another's notifications out of reach", async () => {
      const user = await people.user();
      const [welcome] = await all(user);
      const path = `/api/notifications/${welcome.id}`;
      assert.equal((await fan.put(`${path}/read`)).status, 404);
      assert.equal((await fan.delete(path)).status, 404);
      await fan.put("/api/notifications/read-all", { upTo: welcome.id });
      await fan.put("/api/notifications/read-all", {});
      assert.equal(await unread(user), 1);
      assert.equal((await user.delete(path)).status, 204);
      assert.equal((await user.delete(path)).status, 404);
      assert.deepEqual(await all(user), []);
    });
  });
