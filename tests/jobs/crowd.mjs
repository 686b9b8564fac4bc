// Notifications under a crowd, on the whole stack, for minutes:
//
//   node tests/jobs/crowd.mjs [OPERATIONS]     10000
//
// 3,000 users like one post: one row, of 3,000 actors.  Then 12 users act on
// each other's posts, and read and delete what they are told, all at once, by
// the API: every unread count equals the rows, on the list, at the bell and in
// the database.  SPARKLE_BUILD names the programs.
import assert from "node:assert/strict";
import { freshAddress } from "../lib/client.mjs";
import { eventually } from "../lib/stack.mjs";
import { begin, each, people, stack } from "../lib/suite.mjs";

const operations = Number(process.argv[2] ?? 10000);
// A member acts faster here than anybody may.
const settings = "[limits]\nread = 1000000\nwrite = 1000000\n";

await begin("crowd", { settings });

const say = (words) => console.log(words);
const pick = (list) => list[Math.floor(Math.random() * list.length)];

const idle = () =>
  eventually(
    "all events and jobs are done",
    async () =>
      (await stack.value`SELECT (SELECT count(*) FROM outbox) + (SELECT count(*)
        FROM jobs WHERE state IN ('available', 'running', 'retryable'))`) === 0,
    300,
  );

// ---- 3,000 likes of one post ----

async function likes() {
  const author = await people.user();
  const post = await people.post(author);
  await stack.psql(
    [],
    `
    INSERT INTO users (email, username, status, email_verified_at)
    SELECT 'fan' || n || '@x.org', 'fan' || n, 'ACTIVE', now()
    FROM generate_series(1, 3000) n;`,
  );
  await idle();
  const begun = Date.now();
  await stack.psql(
    [],
    `
    WITH fans AS (INSERT INTO reactions (user_id, post_id, type)
      SELECT id, '${post.id}', 'LIKE' FROM users WHERE username LIKE 'fan%'
      RETURNING *)
    INSERT INTO outbox (event, subject_id, actor_id, data)
    SELECT 'reaction.created', post_id, user_id, jsonb_build_object('postId',
      post_id, 'type', 'LIKE', 'owner', '${author.id}') FROM fans`,
  );
  await idle();
  const { items } = (await author.get("/api/notifications")).data;
  const rows = items.filter((n) => n.type === "POST_LIKED");
  assert.equal(rows.length, 1);
  assert.equal(rows[0].actors, 3000);
  assert.match(rows[0].title, /^fan\d+ and 2999 others liked your post$/);
  say(`3,000 likes: one row, ${Date.now() - begun} ms`);
}

// ---- Mixed operations ----

const acts = [
  [8, (me, { post }) => me.put(`/api/posts/${post.id}/reactions/LIKE`)],
  [5, (me, { post }) => me.delete(`/api/posts/${post.id}/reactions/LIKE`)],
  [
    3,
    (me, { post }) =>
      me.post(`/api/posts/${post.id}/comments`, { content: "Yes." }),
  ],
  [2, (me, { name }) => me.put(`/api/users/${name}/follow`)],
  [2, (me, { name }) => me.delete(`/api/users/${name}/follow`)],
  [4, (me) => me.get("/api/notifications/unread-count")],
  [5, (me) => on(me, (n) => me.put(`/api/notifications/${n.id}/read`))],
  [1, (me) => me.put("/api/notifications/read-all", {})],
  [
    2,
    (me) =>
      on(me, (n) => me.put("/api/notifications/read-all", { upTo: n.id })),
  ],
  [2, (me) => on(me, (n) => me.delete(`/api/notifications/${n.id}`))],
];
const deck = acts.flatMap(([weight, act]) => Array(weight).fill(act));

/** One of the latest notifications, which another may read or delete first. */
async function on(me, act) {
  const { items } = (await me.get("/api/notifications?limit=10")).data;
  return items.length ? act(pick(items)) : me.get("/api/notifications");
}

async function unreadOf(user) {
  const counted = (await user.get("/api/notifications/unread-count")).data;
  let listed = 0;
  let cursor = "";
  do {
    const page = await user.get(
      `/api/notifications?unreadOnly=true&limit=100${cursor}`,
    );
    listed += page.data.items.length;
    cursor = page.data.hasMore && `&cursor=${page.data.nextCursor}`;
  } while (cursor);
  const html = (await user.page("/settings/notifications")).text;
  const stored = await stack.value`SELECT count(*) FROM notifications
    WHERE user_id = ${user.id} AND NOT read AND NOT hidden`;
  const bell = Number(/data-unread="(\d+)"/.exec(html)[1]);
  return { counted: counted.unread, listed, stored, bell };
}

async function mixed() {
  const users = await people.crowd(12);
  for (const user of users) user.post_ = await people.post(user);
  const whose = users.map((u) => ({ name: u.name, post: u.post_ }));
  const statuses = new Map();
  const begun = Date.now();
  await each(Array.from({ length: operations }), 24, async () => {
    const me = pick(users);
    me.ip = freshAddress();
    const other = pick(whose.filter((o) => o.name !== me.name));
    const { status } = await pick(deck)(me, other);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  });
  const seconds = (Date.now() - begun) / 1000;
  await idle();
  for (const user of users) {
    const seen = await unreadOf(user);
    const { stored } = seen;
    const told = Math.min(stored, 100);
    const wanted = { counted: told, listed: stored, stored, bell: told };
    assert.deepEqual(seen, wanted, user.name);
  }
  const twice = await stack.sql`SELECT user_id, group_key FROM notifications
    WHERE NOT read AND group_key IS NOT NULL GROUP BY 1, 2
    HAVING count(*) > 1`;
  assert.deepEqual(twice, []);
  const own = await stack.sql`SELECT n.id FROM notifications n
    JOIN notification_actors a ON a.notification_id = n.id
    WHERE a.actor_id = n.user_id`;
  assert.deepEqual(own, []);
  const off = await stack.sql`SELECT * FROM counter_audit()
    WHERE counter LIKE 'notifications%'`;
  assert.deepEqual(off, []);
  say(`${operations} operations in ${seconds.toFixed(1)} s: counts are right`);
  say(
    [...statuses]
      .sort()
      .map(([k, n]) => `${k}: ${n}`)
      .join("  "),
  );
  for (const status of statuses.keys()) assert.ok(status < 500, `${status}`);
}

await likes();
await mixed();
process.exit();
