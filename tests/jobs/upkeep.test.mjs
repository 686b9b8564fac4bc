// What the batch programs of content, boards and files do to their tables.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, utimesSync, writeFileSync,
  chmodSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Runner, sleep } from "./runner.mjs";

let db;
let people;

before(async () => {
  db = await Runner.start("upkeep", { run: false });
  people = db.users(12);
  db.sql`DELETE FROM xp_log`;
  db.sql`UPDATE users SET experience = 0, level = 1`;
});
after(() => db.stop());

/**
 * Boards go by hours and days of UTC.  Where the hour is about to turn, its
 * turn is waited for: what was earned in it would lie in the hour before.
 */
async function sameHour() {
  const left = () => 3600000 - (Date.now() % 3600000);
  while (left() < 90000) await sleep(left() + 50);
}

const last = (name) => db.sql`SELECT items, exit_code FROM batch_runs
  WHERE name = ${name} ORDER BY started_at DESC LIMIT 1`[0];
const redis = (...words) => execFileSync("redis-cli",
  ["-s", join(db.dir, "redis.sock"), ...words.map(String)],
  { encoding: "utf8" }).trim();

const newPost = (author, title) => db.psql(["-c", `INSERT INTO posts
  (author_id, title) VALUES ('${author.id}', '${title}') RETURNING id`]).trim();

// ---- publish-scheduled ------------------------------------------------------

test("publish-scheduled: what is due, with its date; not the others", () => {
  const add = (title, at, author = people[0]) => db.psql(["-c", `
    INSERT INTO posts (author_id, title, status, publish_at)
    VALUES ('${author.id}', '${title}', 'scheduled', now() + interval '${at}')
    RETURNING id`]).trim();
  const due = add("Due", "-10 minutes");
  const later = add("Later", "1 hour");
  const gone = add("Gone", "-1 hour");
  const banned = add("Banned", "-1 hour", people[1]);
  db.sql`UPDATE posts SET deleted_at = now() WHERE id = ${gone}`;
  db.sql`UPDATE users SET status = 'BANNED' WHERE id = ${people[1].id}`;
  db.sql`DELETE FROM outbox`;
  const status = (id) => db.sql`SELECT status, published_at = publish_at AS
    dated, post_listed(p) AS listed FROM posts p WHERE id = ${id}`[0];

  assert.equal(db.batch("--dry-run", "publish-scheduled").status, 0);
  assert.equal(last("publish-scheduled").items, 1);
  assert.equal(status(due).status, "scheduled");
  assert.equal(db.batch("publish-scheduled").status, 0);
  assert.deepEqual(status(due),
    { status: "published", dated: true, listed: true });
  for (const id of [later, gone, banned])
    assert.equal(status(id).status, "scheduled");
  assert.deepEqual(db.sql`SELECT event, subject_id, actor_id, data FROM outbox`,
    [{ event: "post.updated", subject_id: due, actor_id: people[0].id,
      data: { mentions: null } }]);
  const [{ n }] = db.sql`SELECT total_posts AS n FROM user_stats
    WHERE user_id = ${people[0].id}`;
  assert.equal(n, 1);
  assert.equal(db.batch("publish-scheduled").status, 0);
  assert.equal(last("publish-scheduled").items, 0);
  db.sql`UPDATE users SET status = 'ACTIVE' WHERE id = ${people[1].id}`;
  assert.equal(db.batch("publish-scheduled").status, 0);
  assert.equal(status(banned).status, "published");
});

// ---- flush-views ------------------------------------------------------------

const views = () => Object.fromEntries(db.sql`SELECT title, views FROM posts
  WHERE title LIKE 'View%'`.map((row) => [row.title, row.views]));

test("flush-views: adds what was counted, once", () => {
  const [a, b] = ["View a", "View b"].map((t) => newPost(people[0], t));
  redis("HSET", "views", a, 3, b, 1, "not-a-post", 5, people[0].id, 9);
  assert.equal(db.batch("--dry-run", "flush-views").status, 0);
  assert.deepEqual(views(), { "View a": 0, "View b": 0 });
  assert.equal(db.batch("flush-views").status, 0);
  assert.deepEqual(views(), { "View a": 3, "View b": 1 });
  assert.equal(redis("EXISTS", "views"), "0");
  assert.equal(db.batch("flush-views").status, 0);
  assert.deepEqual(views(), { "View a": 3, "View b": 1 });
  redis("HSET", "views", a, 2);
  assert.equal(db.batch("flush-views").status, 0);
  assert.deepEqual(views(), { "View a": 5, "View b": 1 });
});

test("flush-views: a run that died half-way adds nothing twice", () => {
  const [{ id }] = db.sql`SELECT id FROM posts WHERE title = 'View a'`;
  redis("HSET", "views:flushing", id, 10, "token", "abc");
  redis("HSET", "views", id, 1);
  assert.equal(db.batch("flush-views").status, 0);
  assert.equal(views()["View a"], 15);
  // As if it had died after adding, before dropping.
  redis("HSET", "views:flushing", id, 10, "token", "abc");
  assert.equal(db.batch("flush-views").status, 0);
  assert.equal(views()["View a"], 15);
  assert.equal(db.batch("flush-views").status, 0);
  assert.equal(views()["View a"], 16);
});

// ---- Leaderboards -----------------------------------------------------------

/** Experience at a time; the ledger of the test. */
const earn = (who, amount, at) => db.psql(["-c", `
  INSERT INTO xp_log (user_id, amount, source, key, total_xp, created_at)
  VALUES ('${who.id}', ${amount}, 'test', md5(random()::text),
    ${amount} + (SELECT coalesce(sum(amount), 0) FROM xp_log
      WHERE user_id = '${who.id}'), ${at})`]);
const yesterday =
  "date_trunc('day', now(), 'UTC') - interval '1 day' + interval '5 hours'";
const board = (name) => redis("ZREVRANGE", `leaderboard:${name}`, 0, -1,
  "WITHSCORES").split("\n").filter(Boolean);

test("leaderboard-update: boards of times and of all time, as they stand", async () => {
  await sameHour();
  const [a, b, c] = people;
  earn(a, 5, "now()");
  earn(b, 7, "now()");
  earn(c, 100, yesterday);
  db.sql`UPDATE users SET status = 'SUSPENDED' WHERE id = ${people[5].id}`;
  earn(people[5], 1000, "now()");
  db.sql`UPDATE users SET experience = 50 WHERE id = ${c.id}`;
  const post = newPost(a, "Liked");
  db.sql`UPDATE posts SET status = 'published' WHERE id = ${post}`;
  for (const who of [a, b, c])
    db.sql`INSERT INTO reactions (user_id, post_id, type)
      VALUES (${who.id}, ${post}, 'LIKE')`;
  redis("SET", "leaderboard:daily:posts", "something else");
  assert.equal(db.batch("leaderboard-update").status, 0);
  assert.deepEqual(board("hourly:xp"), [b.id, "7", a.id, "5"]);
  assert.deepEqual(board("all-time:xp"), [c.id, "50"]);
  assert.deepEqual(board("daily:reactions"), [a.id, "2"]);
  assert.equal(board("daily:posts")[0], a.id);
  redis("FLUSHALL");
  assert.equal(db.batch("leaderboard-update").status, 0);
  assert.deepEqual(board("hourly:xp"), [b.id, "7", a.id, "5"]);
});

test("leaderboard-reset: archives what ended, pays the first ten, once", async () => {
  await sameHour();
  // Soon after midnight what was published an hour ago is yesterday's, too.
  db.sql`UPDATE posts SET published_at = now() WHERE published_at < now()`;
  people.slice(0, 12).forEach((who, i) => earn(who, 100 - i, yesterday));
  const [{ before }] = db.sql`SELECT sum(sparkle_points) AS before
    FROM user_balances`;
  assert.equal(db.batch("--dry-run", "leaderboard-reset", "daily").status, 0);
  assert.equal(db.sql`SELECT 1 FROM leaderboard_archives`.length, 0);
  assert.equal(db.batch("leaderboard-reset", "daily").status, 0);
  const rows = db.sql`SELECT rank, user_id, score, starts_at =
    date_trunc('day', now(), 'UTC') - interval '1 day' AS dated
    FROM leaderboard_archives WHERE board = 'daily' AND metric = 'xp'
    ORDER BY rank`;
  assert.equal(rows.length, 11, "all but the suspended one");
  assert.deepEqual(rows[0],
    { rank: 1, user_id: people[2].id, score: 198, dated: true });
  assert.deepEqual(rows[1].user_id, people[0].id);
  const paid = db.sql`SELECT user_id, amount FROM currency_transactions
    WHERE source = 'leaderboard' AND key LIKE 'leaderboard:daily:xp:%'
    ORDER BY amount DESC`;
  assert.equal(paid.length, 10);
  assert.deepEqual(paid[0], { user_id: people[2].id, amount: 10 });
  assert.equal(paid[9].amount, 1);
  assert.equal(db.batch("leaderboard-reset", "daily").status, 0);
  const [{ after }] = db.sql`SELECT sum(sparkle_points) AS after
    FROM user_balances`;
  assert.equal(after - before, 55);
  assert.equal(last("leaderboard-reset-daily").items, 0);
  assert.deepEqual(db.sql`SELECT * FROM ledger_audit()
    WHERE counter LIKE 'user_balances%'`, []);
});

test("leaderboard-reset: days that were missed are made up for", () => {
  db.sql`DELETE FROM leaderboard_archives`;
  db.sql`INSERT INTO leaderboard_archives (board, metric, starts_at, rank,
      user_id, score)
    VALUES ('daily', 'xp', date_trunc('day', now(), 'UTC') -
      interval '4 days', 1, ${people[0].id}, 1)`;
  earn(people[3], 3, `${yesterday} - interval '2 days'`);
  assert.equal(db.batch("leaderboard-reset", "daily").status, 0);
  const days = db.sql`SELECT DISTINCT starts_at FROM leaderboard_archives
    WHERE board = 'daily' AND metric = 'xp' ORDER BY 1`;
  assert.equal(days.length, 3, "the old one, three days ago and yesterday");
});

test("leaderboard-reset weekly and monthly end with their periods", () => {
  db.sql`DELETE FROM leaderboard_archives`;
  // One after the other: the last second of a month may be in last week.
  for (const [which, period, who, amount] of [
    ["weekly", "week", people[6], 400],
    ["monthly", "month", people[4], 500],
  ]) {
    db.sql`DELETE FROM xp_log WHERE source = 'test'`;
    earn(who, amount,
      `date_trunc('${period}', now(), 'UTC') - interval '1 second'`);
    assert.equal(db.batch("leaderboard-reset", which).status, 0);
  }
  const first = (name) => db.sql`SELECT user_id, score, extract(dow FROM
    starts_at AT TIME ZONE 'UTC') AS dow, extract(day FROM starts_at
    AT TIME ZONE 'UTC') AS day FROM leaderboard_archives
    WHERE board = ${name} AND metric = 'xp' ORDER BY rank LIMIT 1`[0];
  assert.equal(first("weekly").user_id, people[6].id);
  assert.equal(first("weekly").dow, 1);
  assert.equal(first("monthly").user_id, people[4].id);
  assert.equal(first("monthly").day, 1);
  assert.equal(db.batch("leaderboard-reset", "yearly").status, 2);
});

// ---- temp-files -------------------------------------------------------------

test("temp-files: old ones below its directories, and nothing else", () => {
  const dir = join(db.dir, "tmp");
  const old = Date.now() / 1000 - 25 * 3600;
  const make = (path, time) => {
    writeFileSync(path, "x");
    utimesSync(path, time, time);
    return path;
  };
  for (const name of ["", "part", "empty"]) {
    mkdirSync(join(dir, name), { recursive: true });
    chmodSync(join(dir, name), 0o777);
  }
  const outside = make(join(db.dir, "outside"), old);
  const gone = [make(join(dir, "a"), old), make(join(dir, "part/b"), old)];
  const now = Date.now() / 1000;
  const kept = [make(join(dir, "new"), now), make(join(dir, "part/new"), now),
    outside];
  symlinkSync(outside, join(dir, "link"));
  symlinkSync(db.dir, join(dir, "way-out"));
  utimesSync(join(dir, "empty"), old, old);
  db.configure({ more: `[upkeep]\ntemp_dirs = ${dir} ${join(db.dir, "none")}` });
  assert.equal(db.batch("--dry-run", "temp-files").status, 0);
  assert.equal(last("temp-files").items, 2);
  assert.ok(gone.every(existsSync));
  assert.equal(db.batch("temp-files").status, 0);
  assert.ok(!gone.some(existsSync));
  assert.ok(kept.every(existsSync));
  assert.ok(existsSync(join(dir, "link")));
  assert.ok(!existsSync(join(dir, "empty")));
  assert.equal(db.batch("temp-files").status, 0);
  assert.equal(last("temp-files").items, 0);
});

// ---- Audits -----------------------------------------------------------------

test("ledger-audit reports a balance that its ledger does not make", () => {
  // Rows that were taken out above would be missed.
  db.sql`DELETE FROM xp_log`;
  for (const who of people) earn(who, 5, "now()");
  db.sql`UPDATE users u SET experience = coalesce((SELECT sum(amount)
    FROM xp_log WHERE user_id = u.id), 0)`;
  db.sql`UPDATE users SET level = level_for_xp(experience)`;
  assert.equal(db.batch("ledger-audit").status, 0);
  db.sql`UPDATE user_balances SET sparkle_points = sparkle_points + 1
    WHERE user_id = ${people[0].id}`;
  const found = db.batch("ledger-audit");
  assert.equal(found.status, 1);
  assert.match(found.stderr, /user_balances\.sparkle_points/);
  db.sql`UPDATE users SET experience = experience + 250
    WHERE id = ${people[1].id}`;
  const kept = () => db.sql`SELECT id, experience, level, sparkle_points,
      lifetime_earned FROM users JOIN user_balances ON user_id = id
    ORDER BY id`;
  const wrong = kept();
  assert.equal(db.batch("--dry-run", "ledger-audit", "--repair").status, 0);
  assert.deepEqual(kept(), wrong);
  assert.equal(db.batch("ledger-audit", "--repair").status, 0);
  assert.equal(last("ledger-audit").items, 2);
  assert.equal(db.batch("ledger-audit").status, 0);
  const now = kept();
  const [before, after] = [wrong, now].map((all) =>
    all.find((u) => u.id === people[0].id));
  assert.equal(after.sparkle_points, before.sparkle_points - 1);
});

test("trending-decay finds, and with --repair mends, a wrong rank", () => {
  assert.equal(db.batch("trending-decay").status, 0);
  db.sql`UPDATE posts SET hot = hot + 1000000 WHERE title = 'Liked'`;
  assert.equal(db.batch("trending-decay").status, 1);
  assert.equal(db.batch("--dry-run", "trending-decay").status, 0);
  assert.equal(last("trending-decay").items, 1);
  assert.equal(db.batch("trending-decay", "--repair").status, 0);
  assert.equal(db.batch("trending-decay").status, 0);
});

test("a dry run is not able to write, whatever a program does", () => {
  db.sql`UPDATE user_stats SET total_posts = 7
    WHERE user_id = ${people[2].id}`;
  db.batch("counter-audit", "--dry-run", "--repair");
  assert.equal(db.sql`SELECT total_posts AS n FROM user_stats
    WHERE user_id = ${people[2].id}`[0].n, 7);
  assert.equal(db.batch("counter-audit", "--repair").status, 0);
  assert.equal(db.sql`SELECT total_posts AS n FROM user_stats
    WHERE user_id = ${people[2].id}`[0].n, 0);
});

test("partition-maintenance drops what is older than a year", () => {
  db.sql`SELECT audit_log_add_month((now() - interval '20 months')::date)`;
  const part = db.sql`SELECT 'audit_log_' || to_char(now() AT TIME ZONE 'UTC'
    - interval '20 months', 'YYYY_MM') AS part`[0].part;
  const there = () =>
    db.sql`SELECT to_regclass(${part}) IS NOT NULL AS there`[0].there;
  assert.equal(there(), true);
  assert.equal(db.batch("--dry-run", "partition-maintenance").status, 0);
  assert.equal(there(), true);
  assert.equal(db.batch("partition-maintenance").status, 0);
  assert.equal(there(), false);
});

test("on a terminal a run shows how far it is", () => {
  db.sql`INSERT INTO notifications (user_id, type, title, expires_at)
    SELECT ${people[0].id}, 'SYSTEM', 'x', now() - interval '1 day'
    FROM generate_series(1, 6000)`;
  const words = `${db.programPath("sparkle-batch")} --config ${db.conf} ` +
    "expired-notifications";
  const said = execFileSync("script", ["-qec", db.asUserWords(words),
    "/dev/null"], { encoding: "utf8" });
  assert.match(said, /expired-notifications: 5000 rows, \d+\/s/);
  assert.match(said, /expired-notifications: 6000 rows/);
});

test("without Redis, what needs it fails and says so", () => {
  db.stopRedis();
  for (const name of ["flush-views", "leaderboard-update"]) {
    const failed = db.batch(name);
    assert.equal(failed.status, 1, name);
    assert.match(failed.stderr, /Redis does not answer/);
  }
  assert.equal(db.batch("publish-scheduled").status, 0);
});
