// Who is told what: the listeners of notifications and points.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { Runner } from "./runner.mjs";

let jobs;
let ann, ben, cyd, dan;
let post;

before(async () => {
  jobs = await Runner.start("notify");
  [ann, ben, cyd, dan] = jobs.users(4);
  // Long enough here for their likes to give experience.
  jobs.sql`UPDATE users SET created_at = now() - interval '2 days'`;
  post = newPost("Ann's post");
});
after(() => jobs.stop());

beforeEach(async () => {
  await jobs.drained();
  jobs.sql`DELETE FROM notifications`;
});

function newPost(title, status = "published", mentions = "[]") {
  const [{ id }] = JSON.parse(jobs.psql(["-c", `
    WITH made AS (INSERT INTO posts (author_id, title, status)
      VALUES ('${ann.id}', '${title.replaceAll("'", "''")}', '${status}')
      RETURNING *),
    body AS (INSERT INTO post_contents (post_id, content, content_html)
      SELECT id, 'x', '<p>x</p>' FROM made),
    news AS (INSERT INTO outbox (event, subject_id, actor_id, data)
      SELECT 'post.created', id, author_id,
        jsonb_build_object('mentions', '${mentions}'::jsonb) FROM made)
    SELECT json_agg(made) FROM made`]));
  return id;
}

// What nobody wrote before: the same text again earns nothing.
const words = ["Early", "Brisk", "Cloudy", "Distant", "Faint", "Golden", "Icy",
  "Hidden", "Jolly", "Known", "Mellow", "Narrow", "Open", "Proud", "Quiet"];

function comment(author, parent = null, mentions = "[]", excerpt = "Hi") {
  return jobs.psql(["-c", `
    WITH made AS (SELECT c FROM comment_add('${post}',
        ${parent ? `'${parent}'` : "NULL"}, '${author.id}', '# **${words.pop()}**',
        '<p>x</p>', NULL, ${excerpt ? `'${excerpt}'` : "NULL"}) c),
    news AS (INSERT INTO outbox (event, subject_id, actor_id, data)
      SELECT 'comment.created', (c).id, '${author.id}', jsonb_build_object(
        'postId', (c).post_id, 'parentId', (c).parent_id,
        'mentions', '${mentions}'::jsonb) FROM made)
    SELECT (c).id FROM made`]).trim();
}

function react(who, put = true, type = "LIKE", at = null) {
  jobs.psql(["-c", `
    WITH done AS (SELECT * FROM reaction_set(
      '${who.id}', ${at ? "NULL" : `'${post}'`}, ${at ? `'${at}'` : "NULL"},
      '${type}', ${put}))
    INSERT INTO outbox (event, subject_id, actor_id, data)
    SELECT 'reaction.${put ? "created" : "deleted"}', '${at ?? post}',
      '${who.id}', jsonb_build_object('${at ? "commentId" : "postId"}',
        '${at ?? post}', 'type', '${type}', 'owner', '${ann.id}')
    FROM done WHERE changed`]);
}

function follow(who, put = true) {
  jobs.psql(["-c", `
    WITH done AS (SELECT * FROM ${put ? "follow_put" : "follow_remove"}(
      '${who.id}', '${ann.id}'))
    INSERT INTO outbox (event, subject_id, actor_id)
    SELECT 'user.${put ? "followed" : "unfollowed"}', '${ann.id}', '${who.id}'
    FROM done WHERE changed`]);
}

async function told(who) {
  jobs.wake();
  await jobs.drained();
  return jobs.sql`SELECT type, title, message, actor_count, action_url
    FROM notifications WHERE user_id = ${who.id} AND NOT hidden ORDER BY type`;
}

test("a comment tells the author; one's own does not", async () => {
  const id = comment(ben, null, "[]", "Well said");
  comment(ann);
  const [row, ...more] = await told(ann);
  assert.deepEqual(more, []);
  assert.equal(row.type, "POST_COMMENTED");
  assert.equal(row.title, "user2 commented on your post");
  assert.equal(row.message, "Well said");
  assert.match(row.action_url, new RegExp(`^/post/.*#c-${id}$`));
});

test("an answer tells the one answered, and the author of the post", async () => {
  const first = comment(ben);
  await told(ann);
  jobs.sql`DELETE FROM notifications`;
  comment(cyd, first);
  assert.deepEqual((await told(ben)).map((n) => n.type), ["COMMENT_REPLIED"]);
  assert.deepEqual((await told(ann)).map((n) => n.type), ["POST_COMMENTED"]);
});

test("an answer to the author's own comment is told once", async () => {
  const first = comment(ann);
  comment(ben, first);
  assert.deepEqual((await told(ann)).map((n) => n.type), ["COMMENT_REPLIED"]);
});

test("likes become one row; an unlike takes its own back", async () => {
  react(ben);
  react(cyd);
  react(dan, true, "SPARKLE");
  react(ann);
  let [row, ...more] = await told(ann);
  assert.deepEqual(more, []);
  assert.equal(row.actor_count, 3);
  assert.equal(row.title, "user4 and 2 others reacted to your post");
  react(dan, false, "SPARKLE");
  [row] = await told(ann);
  assert.equal(row.title, "user3 and 1 other liked your post");
  react(ben, false);
  react(cyd, false);
  assert.deepEqual(await told(ann), []);
});

test("a like of a comment is told apart from those of its post", async () => {
  const id = comment(ann);
  react(ben, true, "LOVE", id);
  react(cyd, true, "LIKE", id);
  const [row, ...more] = await told(ann);
  assert.deepEqual(more, []);
  assert.equal(row.type, "COMMENT_LIKED");
  assert.equal(row.title, "user3 and 1 other liked your comment");
  assert.match(row.action_url, new RegExp(`#c-${id}$`));
});

test("a like undone before anybody looked tells nobody", async () => {
  jobs.sql`UPDATE job_queues SET paused_at = now()`;
  react(ben);
  react(ben, false);
  jobs.sql`UPDATE job_queues SET paused_at = NULL`;
  assert.deepEqual(await told(ann), []);
});

test("followers are told of, and taken back", async () => {
  follow(ben);
  follow(cyd);
  let [row] = await told(ann);
  assert.equal(row.title, "user3 and 1 other follow you");
  assert.equal(row.action_url, "/profile/user3");
  follow(cyd, false);
  [row] = await told(ann);
  assert.equal(row.title, "user2 follows you");
  follow(ben, false);
});

test("those named in a comment are told, by any spelling, once", async () => {
  comment(ben, null, '["USER3", "user3", "user2", "nobody"]');
  assert.deepEqual((await told(cyd)).map((n) => n.type), ["MENTION"]);
  assert.deepEqual(await told(ben), []);
});

test("a draft tells those it names when it is published", async () => {
  const draft = newPost("Soon", "draft", '["user3"]');
  assert.deepEqual(await told(cyd), []);
  jobs.psql(["-c", `
    WITH made AS (UPDATE posts SET status = 'published' WHERE id = '${draft}'
      RETURNING *)
    INSERT INTO outbox (event, subject_id, actor_id, data)
    SELECT 'post.updated', id, author_id, '{"mentions": null}' FROM made`]);
  assert.deepEqual((await told(cyd)).map((n) => n.type), ["MENTION"]);
});

test("blocked, muted and unwanted: nobody is told", async () => {
  jobs.sql`INSERT INTO blocks (blocker_id, blocked_id)
    VALUES (${ann.id}, ${ben.id})`;
  jobs.sql`INSERT INTO mutes (muter_id, muted_id)
    VALUES (${ann.id}, ${cyd.id})`;
  jobs.sql`UPDATE notification_preferences SET post_likes = false
    WHERE user_id = ${ann.id}`;
  comment(ben);
  comment(cyd);
  react(dan);
  assert.deepEqual(await told(ann), []);
  jobs.sql`UPDATE notification_preferences SET post_likes = true,
    in_app_off = '{POST_COMMENTED}' WHERE user_id = ${ann.id}`;
  comment(dan);
  assert.deepEqual(await told(ann), []);
  jobs.sql`DELETE FROM blocks`;
  jobs.sql`DELETE FROM mutes`;
  jobs.sql`DELETE FROM notification_preferences`;
  comment(dan);
  assert.equal((await told(ann)).length, 1);
});

test("experience comes once for each deed, and counters are right", async () => {
  const [{ xp }] = jobs.sql`SELECT sum(amount) AS xp FROM xp_log
    WHERE user_id = ${ben.id} AND source = 'comment_created'`;
  const [{ n }] = jobs.sql`SELECT count(*) AS n FROM comments
    WHERE author_id = ${ben.id}`;
  assert.equal(xp, 5 * n);
  const [{ likes }] = jobs.sql`SELECT count(*) AS likes FROM xp_log
    WHERE user_id = ${ann.id} AND source = 'reaction_received'`;
  assert.equal(likes, 5);
  assert.deepEqual(jobs.sql`SELECT * FROM counter_audit()
    UNION ALL SELECT * FROM ledger_audit()`, []);
});

test("3,000 likes of one post become one row", async (t) => {
  jobs.psql(["-c", `
    INSERT INTO users (email, username, status, email_verified_at)
    SELECT 'fan' || n || '@x.org', 'fan' || n, 'ACTIVE', now()
    FROM generate_series(1, 3000) n`]);
  jobs.psql(["-c", `
    WITH fans AS (INSERT INTO reactions (user_id, post_id, type)
      SELECT id, '${post}', 'LIKE' FROM users WHERE username LIKE 'fan%'
      RETURNING *)
    INSERT INTO outbox (event, subject_id, actor_id, data)
    SELECT 'reaction.created', post_id, user_id, jsonb_build_object('postId',
      post_id, 'type', 'LIKE', 'owner', '${ann.id}') FROM fans`]);
  const begin = Date.now();
  const rows = (await told(ann)).filter((n) => n.type === "POST_LIKED");
  t.diagnostic(`note: 3,000 likes told of in ${Date.now() - begin} ms`);
  assert.equal(rows.length, 1);
  assert.equal(rows[0].actor_count, 3000);
});
