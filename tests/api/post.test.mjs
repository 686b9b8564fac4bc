// Posts one by one: writing, reading, editing, deleting, who may see them.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { elementsOf } from "../lib/html.mjs";
import { eventually, sleep } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

export default () =>
  describe("post", () => {
    let author, reader, staff;
    before(async () => {
      [author, reader] = await people.crowd(2);
      staff = await people.user("MODERATOR");
    });
    // Ten posts a minute are allowed: each test has an author of its own.
    const writer = () => people.user();

    it("publishes a post, as it was written", async () => {
      const answer = await author.post("/api/posts", {
        title: 'Hello <World> & "all"',
        content: "# Head\n\nSome *text*.\n",
        tags: ["one", "two-2"],
        kind: "QUESTION",
        excerpt: "In short.",
        coverImage: "https://example.org/x.png",
        youtubeVideoId: "dQw4w9WgXcQ",
        language: "de",
        commentsEnabled: false,
      });
      assert.equal(answer.status, 201, `${answer}`);
      const post = answer.data;
      const read = (await reader.get(`/api/posts/${post.id}`)).data;
      for (const seen of [post, read]) {
        assert.equal(seen.title, 'Hello <World> & "all"');
        assert.equal(seen.content, "# Head\n\nSome *text*.\n");
        assert.deepEqual(seen.tags, ["one", "two-2"]);
        assert.equal(seen.kind, "QUESTION");
        assert.equal(seen.excerpt, "In short.");
        assert.equal(seen.youtubeVideoId, "dQw4w9WgXcQ");
        assert.equal(seen.language, "de");
        assert.equal(seen.commentsEnabled, false);
        assert.equal(seen.published, true);
        assert.equal(seen.author.username, author.name);
        assert.match(seen.contentHtml, /<em>text<\/em>/);
      }
      assert.equal(post.viewer.mayEdit, true);
      assert.equal(read.viewer.mayEdit, false);
    });

    it("keeps well-formed language tags, in their case", async () => {
      const tags = {
        ar: "ar",
        "PT-br": "pt-BR",
        "zh-hant-tw": "zh-Hant-TW",
        "SL-ROZAJ-biske": "sl-rozaj-biske",
        "i-KLINGON": "i-klingon",
        "en-u-CA-gregory-x-AB": "en-u-ca-gregory-x-ab",
      };
      const user = await writer();
      for (const [language, kept] of Object.entries(tags)) {
        const post = await people.post(user, { language });
        assert.equal(post.language, kept);
        const { items } = (await reader.get(`/api/posts?author=${user.name}`))
          .data;
        assert.equal(items[0].language, kept);
      }
    });

    it("says of no language that nobody knows", async () => {
      const user = await writer();
      const post = await people.post(user, { title: "مرحبا" });
      assert.equal(post.language, "und");
      const { id } = post;
      const set = await user.patch(`/api/posts/${id}`, { language: "ar" });
      assert.equal(set.data.language, "ar");
      const kept = await user.patch(`/api/posts/${id}`, { title: "مرحبا بكم" });
      assert.equal(kept.data.language, "ar");
      const back = await user.patch(`/api/posts/${id}`, { language: "UND" });
      assert.equal(back.data.language, "und");
      const [row] = (await reader.get(`/api/posts?author=${user.name}`)).data
        .items;
      assert.equal(row.language, "und");
    });

    it("refuses other languages, and names the field", async () => {
      const post = await people.post(await writer(), { language: "he" });
      const bad = [
        ...["<script>", '"><b', "x", "e", "", "en_US", "en-", "de-419-DE"],
        ...["a-DE", "ar-a-aaa-b-bbb-a-ccc", "de-1996-1996", "عربي", "en US"],
        ...["en-x", "abcdefghi", `en-x-${"abcdefgh-".repeat(4)}a`],
      ];
      const writers = await people.crowd(3); // ten posts a minute each
      for (const [i, language] of bad.entries()) {
        const words = { title: "x", content: "x", language };
        const made = await writers[i % 3].post("/api/posts", words);
        const changed = await staff.patch(`/api/posts/${post.id}`, {
          version: 1,
          language,
        });
        for (const answer of [made, changed]) {
          assert.equal(answer.status, 400, `${answer}`);
          assert.deepEqual(Object.keys(answer.json.fields), ["language"]);
        }
      }
      const { data } = await reader.get(`/api/posts/${post.id}`);
      assert.equal(data.language, "he");
    });

    it("makes excerpt and slug where they are not given", async () => {
      const post = await people.post(await writer(), {
        title: "Überraschung für Ёлка",
        content: "The **first** words.\n\nMore.",
      });
      assert.match(post.excerpt, /^The first words\./);
      assert.match(post.slug, /^[a-z0-9-]+$/);
      const bySlug = await reader.get(`/api/posts/${post.slug}`);
      assert.equal(bySlug.data.id, post.id);
    });

    it("keeps letters and their marks of all scripts in an address", async () => {
      const slugs = {
        "हिन्दी में क्या है?": "हिन्दी-में-क्या-है", // viramas
        "தமிழ் மொழி": "தமிழ்-மொழி",
        "ภาษาไทย เก่ง": "ภาษาไทย-เก่ง", // tones
        "বাংলা, ক্ষুদ্র": "বাংলা-ক্ষুদ্র",
        "ខ្មែរ မြန်မာ": "ខ្មែរ-မြန်မာ",
        "\u0915\u094d\u200d\u0937 soft\u00adly": "क्ष-softly",
        "\u30ab\u3099 e\u0301 x\u0302y": "ガ-e-xy", // NFC; accents fall
        [`${"seven ".repeat(20)}`]: "seven-".repeat(16).slice(0, -1),
      };
      for (const [title, slug] of Object.entries(slugs)) {
        const someone = await writer();
        const post = await people.post(someone, { title });
        assert.equal(post.slug, slug);
        assert.equal(post.slug, post.slug.normalize("NFC"));
        const path = encodeURIComponent(slug);
        const read = await reader.get(`/api/posts/${path}`);
        assert.equal(read.data.id, post.id);
        assert.equal((await someone.page(`/post/${path}`)).status, 200);
      }
    });

    it("gives two posts of one title two slugs", async () => {
      const user = await writer();
      const title = "The same title again";
      const [a, b] = await Promise.all([
        people.post(user, { title }),
        people.post(user, { title }),
      ]);
      assert.notEqual(a.slug, b.slug);
    });

    it("renders no raw HTML and no scripts", async () => {
      const post = await people.post(await writer(), {
        content:
          "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>",
      });
      const names = elementsOf(post.contentHtml).map((e) => e.name);
      assert.deepEqual(names, ["p"]);
    });

    it("previews Markdown as a post would show it", async () => {
      const content = "A **bold** word and a https://example.org/ link.";
      const shown = await reader.post("/api/posts/preview", { content });
      const post = await people.post(await writer(), { content });
      assert.equal(shown.data.contentHtml, post.contentHtml);
    });

    it("refuses a post of nothing visible", async () => {
      const answer = await author.post("/api/posts", {
        title: "Blank",
        content: " \n ",
      });
      assert.equal(answer.status, 422, `${answer}`);
      assert.equal(answer.json.code, "BLANK_POST");
      assert.deepEqual(Object.keys(answer.json.fields), ["content"]);
    });

    it("refuses a title that nobody can see, and names the field", async () => {
      const invisible =
        "\u3164 \u2800 \u00ad \u2066 \u061c \uffa0 \ufe0f \u034f \u{e0020}";
      for (const title of [...invisible.split(" "), invisible, "\u0301"]) {
        const someone = await writer(); // few posts an hour are one's own
        const answer = await someone.post("/api/posts", { title, content: "x" });
        assert.equal(answer.status, 422, `${answer}`);
        assert.equal(answer.json.code, "BLANK_TITLE");
        assert.deepEqual(Object.keys(answer.json.fields), ["title"]);
      }
    });

    it("refuses whatever others are to read and cannot see", async () => {
      const blank = "\u3164\u00ad \u{e0020}";
      const body = { title: "Seen", content: "x" };
      const post = await people.post(author, body);
      const admin = await people.user("ADMIN");
      const asked = [
        [author, "post", "/api/posts", { ...body, excerpt: blank }],
        [author, "patch", `/api/posts/${post.id}`, { excerpt: blank }],
        [admin, "put", `/api/admin/users/${author.id}/status`,
          { status: "SUSPENDED", days: 1, reason: blank }],
      ];
      for (const [who, verb, path, sent] of asked) {
        const answer = await who[verb](path, sent);
        assert.equal(answer.status, 400, `${path} ${answer}`);
        assert.equal(answer.json.code, "VALIDATION_ERROR");
        const [field] = Object.keys(sent).filter((k) => sent[k] === blank);
        assert.match(`${answer.json.fields[field]}`, /can be seen/);
      }
      const none = await author.patch(`/api/posts/${post.id}`, { excerpt: "" });
      assert.equal(none.status, 200, `${none}`);
    });

    it("takes no bare https:// for a picture", async () => {
      for (const coverImage of ["https://", "https:///a", "//x.org/a"]) {
        const answer = await (await writer()).post("/api/posts", {
          title: "A picture",
          content: "x",
          coverImage,
        });
        assert.ok(answer.json.fields.coverImage, `${answer}`);
      }
    });

    it("refuses a blank title, and a category that is not there", async () => {
      const blank = await author.post("/api/posts", {
        title: "  \u00a0 ",
        content: "x",
      });
      assert.ok([400, 422].includes(blank.status), `${blank}`);
      assert.ok(blank.json.fields?.title, `${blank}`);
      const nowhere = await author.post("/api/posts", {
        title: "x",
        content: "x",
        category: "no-such-category",
      });
      assert.equal(nowhere.json.code, "NO_SUCH_CATEGORY", `${nowhere}`);
      assert.ok(nowhere.json.fields.category);
    });

    it("leaves announcements to moderators", async () => {
      const body = { title: "News", content: "News.", kind: "ANNOUNCEMENT" };
      const no = await author.post("/api/posts", body);
      assert.equal(no.status, 403);
      assert.equal(no.json.code, "STAFF_ONLY");
      assert.equal((await staff.post("/api/posts", body)).status, 201);
    });

    it("keeps drafts from all others", async () => {
      const user = await writer();
      const draft = await people.post(user, { published: false });
      assert.equal(draft.published, false);
      assert.equal(draft.publishedAt, null);
      for (const client of [reader, people.guest()]) {
        assert.equal((await client.get(`/api/posts/${draft.id}`)).status, 404);
        assert.equal(
          (await client.get(`/api/posts/${draft.slug}`)).status,
          404,
        );
        const list = await client.get(`/api/posts?author=${user.name}`);
        assert.equal(list.data.items.length, 0);
      }
      assert.equal((await user.get(`/api/posts/${draft.id}`)).status, 200);
    });

    it("publishes a draft by an edit, and takes it back", async () => {
      const user = await writer();
      const draft = await people.post(user, { published: false });
      const edit = (body) => user.patch(`/api/posts/${draft.id}`, body);
      const out = await edit({ published: true });
      assert.equal(out.data.published, true);
      assert.ok(out.data.publishedAt);
      assert.equal((await reader.get(`/api/posts/${draft.id}`)).status, 200);
      assert.equal((await edit({ published: false })).data.published, false);
      assert.equal((await reader.get(`/api/posts/${draft.id}`)).status, 404);
    });

    it("shows posts to whom they are for", async () => {
      const user = await writer();
      const friend = await writer();
      await friend.put(`/api/users/${user.name}/follow`);
      // Who follows another is a stranger here.
      await reader.put(`/api/users/${friend.name}/follow`);
      const expected = {
        PUBLIC: [200, 200],
        UNLISTED: [200, 200],
        FOLLOWERS: [404, 200],
        PRIVATE: [404, 404],
      };
      for (const [visibility, [stranger, follower]] of Object.entries(
        expected,
      )) {
        const post = await people.post(user, { visibility });
        const path = `/api/posts/${post.id}`;
        assert.equal(
          (await people.guest().get(path)).status,
          stranger,
          visibility,
        );
        assert.equal((await reader.get(path)).status, stranger, visibility);
        assert.equal((await friend.get(path)).status, follower, visibility);
        assert.equal((await user.get(path)).status, 200, visibility);
        assert.equal(
          (await staff.get(path)).status,
          ["PUBLIC", "UNLISTED"].includes(visibility) ? 200 : 404,
          visibility,
        );
      }
      const list = await people.guest().get(`/api/posts?author=${user.name}`);
      assert.equal(list.data.items.length, 1, "only the public one is listed");
      assert.equal(list.data.total, 1);
    });

    it("hides posts between those who block each other", async () => {
      const user = await writer();
      const post = await people.post(user);
      await stack.lines`SELECT block_put(${user.id}, ${reader.id})`;
      assert.equal((await reader.get(`/api/posts/${post.id}`)).status, 404);
      const comment = await reader.post(`/api/posts/${post.id}/comments`, {
        content: "Hello?",
      });
      assert.equal(comment.status, 404);
      assert.equal((await user.get(`/api/posts/${post.id}`)).status, 200);
      const back = await people.post(reader);
      assert.equal((await user.get(`/api/posts/${back.id}`)).status, 404);
      await stack.sql`DELETE FROM blocks WHERE blocker_id = ${user.id}`;
    });

    it("changes only what an edit names", async () => {
      const user = await writer();
      const post = await people.post(user, { tags: ["kept"] });
      const edit = await user.patch(`/api/posts/${post.id}`, {
        title: "Another title",
      });
      assert.equal(edit.status, 200, `${edit}`);
      assert.equal(edit.data.title, "Another title");
      assert.equal(edit.data.content, post.content);
      assert.deepEqual(edit.data.tags, ["kept"]);
      assert.equal(edit.data.edited, true);
      assert.equal(edit.data.version, post.version + 1);
    });

    it("lets a made excerpt follow the content, and keeps one's own", async () => {
      const user = await writer();
      const post = await people.post(user, { content: "The first words." });
      const edit = async (body) =>
        (await user.patch(`/api/posts/${post.id}`, body)).data.excerpt;
      assert.equal(await edit({ content: "Other words." }), "Other words.");
      assert.equal(await edit({ title: "Only that" }), "Other words.");
      assert.equal(await edit({ excerpt: "My own." }), "My own.");
      assert.equal(await edit({ content: "More words." }), "My own.");
      assert.equal(
        await edit({ excerpt: "", content: "Last words." }),
        "Last words.",
      );
      assert.equal(await edit({ content: "The end." }), "The end.");
    });

    it("refuses an edit of a version that is no more", async () => {
      const user = await writer();
      const post = await people.post(user);
      const edit = (title) =>
        user.patch(`/api/posts/${post.id}`, { title, version: post.version });
      assert.equal((await edit("First")).status, 200);
      const late = await edit("Second");
      assert.equal(late.status, 409, `${late}`);
      assert.equal(late.json.code, "STALE_VERSION");
      const now = (await user.get(`/api/posts/${post.id}`)).data;
      assert.equal(now.title, "First");
    });

    it("lets one of 10 edits of the same version win", async () => {
      const user = await writer();
      const post = await people.post(user);
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          user.patch(`/api/posts/${post.id}`, {
            title: `Title ${i}`,
            version: post.version,
          }),
        ),
      );
      const won = answers.filter((a) => a.status === 200);
      assert.equal(won.length, 1, answers.map(String).join("\n"));
      assert.ok(answers.every((a) => [200, 409].includes(a.status)));
    });

    it("keeps what was before as a revision", async () => {
      const user = await writer();
      const post = await people.post(user, { content: "Before." });
      await user.patch(`/api/posts/${post.id}`, { content: "After." });
      const rows = await stack.sql`SELECT content, version
        FROM post_revisions WHERE post_id = ${post.id}`;
      assert.deepEqual(rows, [{ content: "Before.", version: post.version }]);
    });

    it("lets nobody but author and staff edit or delete", async () => {
      const post = await people.post(await writer());
      const path = `/api/posts/${post.id}`;
      assert.equal((await reader.patch(path, { title: "Mine" })).status, 403);
      assert.equal((await reader.delete(path)).status, 403);
      const guest = people.guest();
      assert.equal((await guest.patch(path, { title: "Mine" })).status, 401);
      const edit = await staff.patch(path, { title: "Moderated" });
      assert.equal(edit.status, 200, `${edit}`);
      assert.equal((await staff.delete(path)).status, 204);
    });

    it("leaves it to the author who may read a post", async () => {
      const [author, helper] = await people.crowd(2);
      const post = await people.post(author);
      await stack.sql`INSERT INTO post_collaborators (post_id, user_id)
        VALUES (${post.id}, (SELECT id FROM users
          WHERE username = ${helper.name}))`;
      const edit = (who, changes) =>
        who.patch(`/api/posts/${post.id}`, changes);
      assert.equal((await edit(helper, { title: "Better" })).status, 200);
      const refused = await edit(helper, { visibility: "PRIVATE" });
      assert.equal(refused.status, 403);
      assert.equal(refused.json.code, "AUTHOR_ONLY");
      assert.equal((await edit(helper, { visibility: "PUBLIC" })).status, 200);
      assert.equal((await edit(author, { visibility: "PRIVATE" })).status, 200);
    });

    it("gives no hint of what one may not see by an edit", async () => {
      const draft = await people.post(await writer(), { published: false });
      const path = `/api/posts/${draft.id}`;
      assert.equal((await reader.patch(path, { title: "x" })).status, 404);
      assert.equal((await reader.delete(path)).status, 404);
    });

    it("deletes: gone from all lists, and only once", async () => {
      const user = await writer();
      const post = await people.post(user, { tags: ["gone-soon"] });
      assert.equal((await user.delete(`/api/posts/${post.id}`)).status, 204);
      assert.equal((await user.delete(`/api/posts/${post.id}`)).status, 404);
      assert.equal((await user.get(`/api/posts/${post.id}`)).status, 404);
      assert.equal((await user.get(`/api/posts/${post.slug}`)).status, 404);
      const list = await user.get("/api/posts?tag=gone-soon");
      assert.equal(list.data.items.length, 0);
      assert.equal(list.data.total, 0);
    });

    it("follows an old slug to the post", async () => {
      const user = await writer();
      const post = await people.post(user);
      await stack.sql`UPDATE posts SET slug = ${post.slug + "-new"}
        WHERE id = ${post.id}`;
      const answer = await user.get(`/api/posts/${post.slug}`);
      assert.ok([200, 301, 308].includes(answer.status), `${answer}`);
    });

    it("counts a view once a viewer a day, and not for a refusal", async () => {
      const [user, one, two, three] = await people.crowd(4);
      const post = await people.post(user);
      const draft = await people.post(user, { published: false });
      const guest = people.guest();
      const waiting = async (id) =>
        Number((await stack.redis("HGET", "views", id)) ?? 0) +
        Number((await stack.redis("HGET", "views:flushing", id)) ?? 0);
      const read = (client, path = `/api/posts/${post.id}`) =>
        client.get(path).then((a) => assert.equal(a.status, 200, `${a}`));
      for (let i = 0; i < 3; i++) await read(one);
      await read(one, `/api/posts/${post.slug}`);
      assert.equal((await one.page(`/post/${post.slug}`)).status, 200);
      assert.equal((await two.page(`/post/${post.slug}`)).status, 200);
      await read(guest);
      await one.request("HEAD", `/api/posts/${post.id}`);
      await eventually("three", async () => (await waiting(post.id)) === 3);
      await read(two);
      assert.equal((await two.get(`/api/posts/${draft.id}`)).status, 404);
      await sleep(1500); // a worker that rests tells what it has yet to tell
      assert.equal(await waiting(post.id), 3);
      assert.equal(await waiting(draft.id), 0);
      const [seen] = await stack.redis("KEYS", `viewers:*:${post.id}`);
      const ttl = await stack.redis("TTL", seen);
      assert.ok(ttl > 86400 && ttl <= 90000, `${ttl} s`);
      const known = (await stack.redis("HGETALL", seen)).join(" ");
      assert.ok(!known.includes(one.id) && !known.includes(guest.ip), known);
      // What a page says whose copy no worker made: seen before.
      const said = await guest.post(`/api/posts/${post.id}/view`);
      assert.equal(said.status, 204, `${said}`);
      await read(three);
      await eventually("a fourth", async () => (await waiting(post.id)) === 4);
      await stack.batch("flush-views");
      assert.equal(await waiting(post.id), 0);
      assert.equal((await one.get(`/api/posts/${post.id}`)).data.views, 4);
    });

    it("keeps a member from another's draft by slug guessing", async () => {
      const draft = await people.post(await writer(), { published: false });
      const answer = await reader.put(`/api/posts/${draft.id}/reactions/LIKE`);
      assert.equal(answer.status, 404);
    });
  });
