// Every route whose answer holds a post, a comment or a member's card, asked by
// everybody about everything: who finds what in there is matrix_table.mjs's to
// say.  Found is what stands anywhere in an answer, as each thing has a word of
// its own.  A route that `places` does not know fails.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { erase } from "../lib/erase.mjs";
import { freshName } from "../lib/people.mjs";
import { contract, each, people, stack } from "../lib/suite.mjs";
import { members, posts, relations, sees } from "./matrix_table.mjs";

const ghost = "01890000-0000-7000-8000-000000000000";

// ---- The world --------------------------------------------------------------

/** Whom and what the tests ask about. */
const world = {};

const newWord = () => freshName("w").replace(/_/g, "").toLowerCase();

/** Does a word or name stand there, and not one that only begins with it? */
const stands = (text, word) => new RegExp(`\\b${word}\\b`).test(text);

async function makePeople() {
  const crowd = await people.crowd(relations.length + 3);
  world.viewers = Object.fromEntries(
    relations.map((one, i) => [one, crowd[i]]),
  );
  Object.assign(world.viewers, {
    guest: people.guest(),
    moderator: await people.user("MODERATOR"),
    admin: await people.user("ADMIN"),
  });
  const [suspended, banned, erased] = crowd.slice(relations.length);
  world.authors = {
    public: world.viewers.author,
    ...{ suspended, banned, erased },
  };
  world.host = await people.user();
}

const authorOf = (name) => world.authors[name] ?? world.authors.public;

const visibilities = {
  unlisted: "UNLISTED",
  followers: "FOLLOWERS",
  reported: "FOLLOWERS",
  private: "PRIVATE",
};

async function makePosts() {
  world.tag = newWord();
  world.word = newWord();
  world.posts = {};
  for (const name of Object.keys(posts)) {
    const word = newWord();
    const post = await people.post(authorOf(name), {
      title: `${world.word} ${word}`,
      content: `Of ${word}.`,
      tags: [world.tag],
      visibility: visibilities[name] ?? "PUBLIC",
    });
    const remark = newWord();
    const id = await stack.value`SELECT (comment_add(${post.id}, NULL,
      ${world.host.id}, ${remark}, ${`<p>${remark}</p>`})).id`;
    const { id: postId, slug } = post;
    world.posts[name] = { id: postId, slug, word, remark, comment: id };
  }
  world.stage = await people.post(world.host);
  world.remarks = {};
  for (const [name, author] of Object.entries(world.authors)) {
    const [leaf, parent, reply] = [newWord(), newWord(), newWord()];
    await people.comment(author, world.stage, leaf);
    const { id } = await people.comment(author, world.stage, parent);
    await people.comment(world.host, world.stage, reply, { parentId: id });
    world.remarks[name] = { leaf, parent, reply, id };
  }
}

/** Each viewer is told of each post, before they mute and block. */
async function tellAll() {
  for (const [relation, viewer] of Object.entries(world.viewers))
    if (!["guest", "author"].includes(relation))
      for (const [name, post] of Object.entries(world.posts))
        await stack.sql`SELECT notification_put(${viewer.id}, 'MENTION',
          ${authorOf(name).id}, 'post', ${post.id}, ${post.word}, 'x',
          ${"/post/" + post.slug}, NULL, '{}'::jsonb)`;
}

async function relate() {
  const { viewers, authors, host } = world;
  const befriend = (a, b) => stack.sql`SELECT follow_put(${a.id}, ${b.id})`;
  for (const author of Object.values(authors)) {
    await befriend(viewers.follower, author);
    await befriend(viewers.muter, author);
    await befriend(author, host);
    await befriend(host, author);
    await stack.sql`INSERT INTO mutes (muter_id, muted_id)
      VALUES (${viewers.muter.id}, ${author.id})`;
    await stack.sql`SELECT block_put(${author.id}, ${viewers.blocked.id}),
      block_put(${viewers.blocker.id}, ${author.id})`;
  }
  for (const [name, post] of Object.entries(world.posts))
    if (!world.authors[name] || name === "public")
      await stack.sql`INSERT INTO post_collaborators (post_id, user_id)
        VALUES (${post.id}, ${viewers.helper.id})`;
}

async function setStates() {
  const { draft, scheduled, deleted, reported } = world.posts;
  const { author } = world.viewers;
  await stack.sql`UPDATE posts SET status = 'draft', published_at = NULL
    WHERE id = ${draft.id}`;
  await stack.sql`UPDATE posts SET status = 'scheduled', published_at = NULL,
    publish_at = clock_now() + interval '1 day' WHERE id = ${scheduled.id}`;
  assert.equal((await author.delete(`/api/posts/${deleted.id}`)).status, 204);
  await people.report(world.viewers.follower, reported);
  const { suspended, banned, erased } = world.authors;
  await stack.sql`UPDATE users SET status = 'SUSPENDED',
    suspended_until = clock_now() + interval '1 day'
    WHERE id = ${suspended.id}`;
  await stack.sql`UPDATE users SET status = 'BANNED' WHERE id = ${banned.id}`;
  await erase(stack, erased);
}

// ---- Asking -----------------------------------------------------------------

let cases = 0;
const faults = [];

function compare(found, wanted, what) {
  cases++;
  if (found !== wanted) faults.push(`${what}: ${found ? "seen" : "not seen"}`);
}

const unseen = (status) => [401, 404].includes(status);

/** The limits of calls are another test's. */
async function forgetLimits() {
  const callers = Object.values(world.viewers).map(({ id, ip }) => id ?? ip);
  const keys = (await stack.redis("KEYS", "quota:*")).filter((key) =>
    callers.some((caller) => key.includes(caller)));
  if (keys.length) await stack.redis("DEL", ...keys);
}

/** An answer as text; nothing where the viewer is not let in. */
async function ask(viewer, path) {
  const answer = await viewer.page(path);
  const toLogin = /^\/login/.test(answer.headers.location ?? "");
  assert.ok(
    answer.status === 200 || unseen(answer.status) || toLogin,
    `${answer}`,
  );
  return { ...answer, text: answer.status === 200 ? answer.text : "" };
}

/**
 * What all viewers find of the posts in an answer; guests come last, when
 * copies for all were made.  Where others' posts may push them out it counts
 * what is seen and should not be.
 */
async function scan(path, kind, crowded = false) {
  await each([...relations].reverse(), 3, async (relation) => {
    const { text } = await ask(world.viewers[relation], path);
    for (const [name, post] of Object.entries(world.posts)) {
      const wanted = sees(posts[name], kind, relation);
      if (!(crowded && wanted))
        compare(
          stands(text, post.word),
          wanted,
          `${path} by ${relation}: ${name}`,
        );
    }
    for (const name of ["banned", "erased"])
      compare(stands(text, world.authors[name].name), false, `${path}: ${name}`);
  });
}

/** A list of each author's. */
async function scanAuthors(pathOf) {
  for (const [author, { name: username }] of Object.entries(world.authors))
    await each(relations, 3, async (relation) => {
      const { text } = await ask(world.viewers[relation], pathOf(username));
      for (const [name, post] of Object.entries(world.posts))
        compare(
          stands(text, post.word),
          (world.authors[name] ? name : "public") === author &&
            sees(posts[name], "author", relation),
          `${pathOf(author)} by ${relation}: ${name}`,
        );
    });
}

/** What is at a post's address: a word of it, or as if it never was. */
async function address(pathOf, word = "word") {
  for (const [name, post] of Object.entries(world.posts))
    await each(relations, 3, async (relation) => {
      const viewer = world.viewers[relation];
      const { text, status } = await ask(viewer, pathOf(post.id));
      const wanted = sees(posts[name], "address", relation);
      const what = `${pathOf(name)} by ${relation}`;
      compare(stands(text, post[word]), wanted, what);
      compare(status === 200, wanted, what);
    });
}

/** A change of what one does not see is answered as that of nothing. */
async function changes(method, pathOf, json, key = "id") {
  for (const [name, post] of Object.entries(world.posts)) {
    await forgetLimits();
    await each(relations, 3, async (relation) => {
      if (sees(posts[name], "address", relation)) return;
      const viewer = world.viewers[relation];
      const told = async (id) => {
        const answer = await viewer.request(method, pathOf(id), { json });
        const { requestId, ...rest } = answer.json;
        return JSON.stringify([answer.status, rest]);
      };
      const here = await told(post[key]);
      compare(here !== (await told(ghost)), false, `${method} ${pathOf(name)}`);
      assert.match(here, /^\[40[14],/, `${pathOf(name)} by ${relation}`);
    });
  }
}

/** Cards: whether each author's name stands in an answer about them, or that
 * has all of them. */
async function cards(pathOf) {
  for (const [name, author] of Object.entries(world.authors))
    await each(relations, 3, async (relation) => {
      const { text } = await ask(world.viewers[relation], pathOf(author.name));
      compare(
        stands(text, author.name),
        sees(members[name], "card", relation),
        `${pathOf(name)} by ${relation}`,
      );
    });
}

/** Lists of a member's own: there, or nothing is. */
async function lists(pathOf) {
  for (const [name, author] of Object.entries(world.authors))
    await each(relations, 3, async (relation) => {
      const { status } = await ask(world.viewers[relation], pathOf(author.name));
      compare(
        status === 200,
        sees(members[name], "card", relation),
        `${pathOf(name)} by ${relation}`,
      );
    });
}

async function remarks(path) {
  await each(relations, 3, async (relation) => {
    const { text } = await ask(world.viewers[relation], path);
    for (const [name, remark] of Object.entries(world.remarks)) {
      const wanted = sees(members[name], "comment", relation);
      for (const part of ["leaf", "parent"])
        compare(
          stands(text, remark[part]),
          wanted,
          `${path} by ${relation}: ${part} of ${name}`,
        );
      // Which stays, under a stub.
      if (!/sort=(best|new)/.test(path))
        compare(stands(text, remark.reply), true, `${path}: reply`);
    }
  });
}

/** Acts on whom one is parted from, or on what they wrote, are acts on nothing. */
async function parted(method, path, options) {
  for (const relation of ["blocked", "blocker"]) {
    const viewer = world.viewers[relation];
    const { status } = await viewer.request(method, path, options);
    compare(status !== 404, false, `${method} ${path} by ${relation}`);
  }
}

const follow = () => `/api/users/${world.authors.public.name}/follow`;
const like = (id) => `/api/comments/${id}/reactions/LIKE`;

async function countNotices(path) {
  await each(relations, 3, async (relation) => {
    const { status, text } = await ask(world.viewers[relation], path);
    if (status !== 200) return;
    const n = Object.values(posts).filter((row) =>
      sees(row, "notices", relation)).length;
    const { unread } = JSON.parse(text).data;
    const welcome = relation === "author" ? unread : n + 1;
    compare(unread === welcome, true, `${path} by ${relation}: ${unread}`);
  });
}

// ---- The routes -------------------------------------------------------------

const own = "only what is one's own";
const staff = "staff look into accounts whoever they are to them";
const none = "holds no post, comment or card";
const still = (...names) =>
  Object.fromEntries(names.map((name) => [name, none]));

/** Route -> how it is asked, or why it holds nothing of others. */
const places = {
  "GET /api/posts": async () => {
    const tag = `tag=${world.tag}&limit=100`;
    for (const more of ["", "&page=1", "&sort=popular", "&sort=trending"])
      await scan(`/api/posts?${tag}${more}`, "lists");
    await scan(`/api/posts?${tag}&timeRange=day&kind=ARTICLE`, "lists");
    for (const filter of ["limit=100", "kind=ARTICLE&limit=100"])
      await scan(`/api/posts?${filter}`, "lists", true);
    await scan("/api/posts?sort=following&limit=100", "following");
    await scanAuthors((name) => `/api/posts?author=${name}&limit=100`);
  },
  "GET /api/posts/{post}": () => address((id) => `/api/posts/${id}`),
  "POST /api/posts/{post}/view": () =>
    changes("POST", (id) => `/api/posts/${id}/view`),
  "PATCH /api/posts/{post}": () =>
    changes("PATCH", (id) => `/api/posts/${id}`, { title: "Mine" }),
  "DELETE /api/posts/{post}": () =>
    changes("DELETE", (id) => `/api/posts/${id}`),
  "POST /api/posts": own,
  "GET /api/posts/{post}/comments": async () => {
    await address((id) => `/api/posts/${id}/comments`, "remark");
    for (const sort of ["thread", "best", "new"])
      await remarks(`/api/posts/${world.stage.id}/comments?limit=100&sort=${sort}`);
  },
  "POST /api/posts/{post}/comments": async () => {
    const json = { content: "x" };
    await changes("POST", (id) => `/api/posts/${id}/comments`, json);
    await parted("POST", `/api/posts/${world.stage.id}/comments`, {
      json: { ...json, parentId: world.remarks.public.id },
    });
  },
  "PATCH /api/comments/{comment}": () =>
    changes("PATCH", (id) => `/api/comments/${id}`, { content: "x" }, "comment"),
  "DELETE /api/comments/{comment}": () =>
    changes("DELETE", (id) => `/api/comments/${id}`, undefined, "comment"),
  "PUT /api/posts/{post}/reactions/{type}": () =>
    changes("PUT", (id) => `/api/posts/${id}/reactions/LIKE`),
  "DELETE /api/posts/{post}/reactions/{type}": () =>
    changes("DELETE", (id) => `/api/posts/${id}/reactions/LIKE`),
  "PUT /api/comments/{comment}/reactions/{type}": async () => {
    await changes("PUT", like, undefined, "comment");
    await parted("PUT", like(world.remarks.public.id));
  },
  "DELETE /api/comments/{comment}/reactions/{type}": () =>
    changes("DELETE", like, undefined, "comment"),
  "GET /api/search": async () => {
    for (const sort of ["relevance", "recent", "popular"])
      await scan(`/api/search?q=${world.word}&limit=100&sortBy=${sort}`, "lists");
    await scan(`/api/search?q=tag:${world.tag}&limit=100`, "lists");
  },
  "GET /api/users/{username}": () => cards((name) => `/api/users/${name}`),
  "PUT /api/users/{username}/follow": () => parted("PUT", follow()),
  "DELETE /api/users/{username}/follow": () => parted("DELETE", follow()),
  "GET /api/users/{username}/followers": async () => {
    await cards(() => `/api/users/${world.host.name}/followers?limit=100`);
    await lists((name) => `/api/users/${name}/followers`);
  },
  "GET /api/users/{username}/following": async () => {
    await cards(() => `/api/users/${world.host.name}/following?limit=100`);
    await lists((name) => `/api/users/${name}/following`);
  },
  "GET /api/notifications": () =>
    scan("/api/notifications?limit=100", "notices"),
  "GET /api/notifications/unread-count": () =>
    countNotices("/api/notifications/unread-count"),
  "GET /api/notifications/{notification}/actors": own,
  "GET /notifications": () => scan("/notifications", "notices"),
  "GET /notifications/{notification}/actors": own,
  "GET /": async () => {
    await scan("/", "lists", true);
    await scan("/?sort=following", "following");
  },
  "GET /post/{post}": async () => {
    await address((id) => `/post/${id}`);
    await address((id) => `/post/${id}`, "remark");
    await remarks(`/post/${world.stage.id}`);
  },
  "GET /post/{post}/edit": own,
  "GET /tag/{tag}": () => scan(`/tag/${world.tag}`, "lists"),
  "GET /category/{category}": "a filter of GET /api/posts",
  "GET /search": () => scan(`/search?q=${world.word}`, "lists"),
  "GET /profile/{username}": async () => {
    await scanAuthors((name) => `/profile/${name}`);
    await lists((name) => `/profile/${name}`);
  },
  "GET /api/users/me/referrals": own,
  ...still(
    ...["GET /privacy", "GET /terms", "GET /register", "GET /verify-email"],
    ...["GET /forgot-password", "GET /reset-password", "GET /confirm-email"],
    ...["GET /undo-email", "GET /login", "GET /unsubscribe"],
  ),
  "GET /welcome": own,
  "GET /new": own,
  "GET /api/users/me": own,
  "POST /api/users/me/referrals": own,
  "POST /api/auth/login": own,
  "POST /api/auth/login/2fa": own,
  "GET /api/admin/users/{user}": staff,
  "GET /api/admin/users": staff,
  "GET /api/admin/referrals": staff,
};

/** Does a schema hold a post, a comment or a card anywhere? */
function holds(node, depth = 0) {
  const at = contract.resolve(node);
  if (!at || typeof at !== "object" || depth > 12) return false;
  const names = Object.keys(at.properties ?? {});
  const has = (...all) => all.every((name) => names.includes(name));
  if (has("slug", "title", "author") || has("postId", "contentHtml")) return true;
  if (has("username", "image", "verified")) return true;
  return [
    ...Object.values(at.properties ?? {}),
    ...[at.items, ...(at.allOf ?? []), ...(at.anyOf ?? []), ...(at.oneOf ?? [])],
  ].some((one) => holds(one, depth + 1));
}

/** Routes that could show somebody else's things. */
async function candidates() {
  const api = contract
    .routes()
    .filter(({ name, operation }) =>
      /\{(post|comment|username)\}/.test(name) ||
      Object.entries(operation.responses).some(([status, response]) =>
        status.startsWith("2") &&
        Object.values(contract.resolve(response).content ?? {}).some((media) =>
          holds(media.schema))))
    .map(({ name }) => name);
  const all = (await stack.ctl(["describe", "routes"])).split("\n");
  const pages = all
    .map((line) => /^(GET \/\S*)/.exec(line)?.[1])
    .filter((name) => name && !/^GET \/(api|health|admin|settings)/.test(name));
  return [...new Set([...api, ...pages])];
}

export default () =>
  describe("who sees what", { concurrency: 1 }, () => {
    before(async () => {
      await makePeople();
      await makePosts();
      await tellAll();
      await relate();
      await setStates();
    });
    after(() => console.error(`    note: ${cases} cases of who sees what`));

    it("knows every route that may show what is another's", async () => {
      const known = new Set(Object.keys(places));
      const found = await candidates();
      assert.deepEqual(found.filter((name) => !known.has(name)), []);
      found.push("GET /api/notifications/unread-count"); // says how many
      assert.deepEqual([...known].filter((name) => !found.includes(name)), []);
    });

    it("says by no ETag that there is something", async () => {
      for (const name of ["followers", "private", "draft"]) {
        const path = `/api/posts/${world.posts[name].id}`;
        const { etag } = (await world.viewers.author.get(path)).headers;
        assert.ok(etag);
        for (const relation of ["guest", "stranger", "blocked", "moderator"]) {
          const headers = { "if-none-match": etag };
          const viewer = world.viewers[relation];
          const answer = await viewer.get(path, { headers });
          assert.equal(answer.status, 404, `${answer}`);
        }
      }
    });

    for (const [route, probe] of Object.entries(places))
      if (typeof probe === "function")
        it(route, async () => {
          faults.length = 0;
          await forgetLimits();
          await probe();
          assert.deepEqual(faults, []);
        });
  });
