// Who is gone has a name in pages, and no link, picture or letter of a name.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { erase, nobody } from "../lib/erase.mjs";
import { elementsOf } from "../lib/html.mjs";
import { freshName } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";

/** What would lead nowhere, or show nothing. */
function empties(html) {
  const bad = elementsOf(html).filter(({ name, attributes: a }) =>
    name === "a"
      ? /^$|^\/profile\/?$|deleted_/.test(a.href ?? "")
      : (name === "img" && !a.src) || a["data-u"] === "" || a["data-who"] === "",
  );
  return bad.map(({ name, attributes }) => ({ name, ...attributes }));
}

const times = (text, word) => text.split(word).length - 1;

export default () =>
  describe("who is gone", () => {
    const word = freshName("gone").replace("_", "");
    let reader, admin, owner, gone, post;
    before(async () => {
      [reader, owner] = await people.crowd(2);
      admin = await people.user("ADMIN");
      const { code } = (await owner.post("/api/users/me/referrals", {})).data;
      const username = freshName("came");
      await people.join({ username, referralCode: code });
      gone = await people.logIn(username);
      post = await people.post(gone, { title: `On ${word}`, tags: [word] });
      await people.comment(gone, post, "Mine.");
      await erase(stack, gone);
    });

    // Where, and how often the name is there at least.
    const places = {
      "the post": [() => `/post/${post.slug}`, 2],
      "a list of a tag": [() => `/tag/${word}`, 1],
      "a search": [() => `/search?q=${word}`, 1],
    };
    for (const [where, [path, least]] of Object.entries(places))
      it(`${where}: has a name`, async () => {
        for (const client of [reader, people.guest()]) {
          const page = await client.page(path());
          assert.equal(page.status, 200, `${page}`);
          assert.ok(times(page.text, nobody.name) >= least, page.text);
          assert.deepEqual(empties(page.text), []);
          assert.ok(!page.text.includes(gone.name));
        }
      });

    it("the post: says nothing about the author beside it", async () => {
      const { text } = await people.guest().page(`/post/${post.slug}`);
      assert.ok(!text.includes("About the author"));
      assert.ok(text.includes(`data-who="${nobody.name}"`));
      const other = await people.post(reader);
      const theirs = await people.guest().page(`/post/${other.slug}`);
      assert.ok(theirs.text.includes("About the author"));
    });

    it("an invitation: names who came", async () => {
      const { text } = await owner.page("/settings/account");
      assert.ok(text.includes(`${nobody.name} joined by`), text);
      assert.deepEqual(empties(text), []);
    });

    it("the audit log: names who did it", async () => {
      const { text } = await admin.page(`/admin/audit?actor=${gone.id}`);
      assert.ok(times(text, `<span>${nobody.name}`) > 0, text);
      assert.deepEqual(empties(text), []);
    });

    it("a notification: has no picture of the actor", async () => {
      await stack.sql`INSERT INTO notifications (user_id, type,
          actor_id, actor_count, title, message, data, priority, expires_at)
        VALUES (${reader.id}, 'SYSTEM', ${gone.id}, 1, ${word}, '', '{}', 0,
          clock_now() + interval '1 day')`;
      const { text } = await reader.page("/notifications");
      const at = text.indexOf(word);
      const notice = text.slice(text.lastIndexOf("<article", at), at);
      assert.ok(notice.includes("avatar nobody"), notice);
      assert.deepEqual(empties(text), []);
    });
  });
