// Digests: who gets one, when, and what is in it.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Clock, yearLike } from "../lib/clock.mjs";
import { top } from "../lib/stack.mjs";
import { Runner } from "./runner.mjs";

let jobs, clock;
let ann, ben, cyd;

before(async () => {
  clock = new Clock();
  jobs = await Runner.start("digest", { children: 2, run: false });
  mkdirSync(join(jobs.dir, "conf.d"));
  writeFileSync(
    join(jobs.dir, "conf.d/test.conf"),
    `${clock.settings}[mail]\nhourly = 0\nhourly_each = 0\ndaily_each = 0\n`,
  );
  [ann, ben, cyd] = jobs.users(3);
});
after(() => jobs?.stop());

/** SQL at the test's time. */
function sqlAt(text) {
  const ahead = `${clock.shift / 1000} seconds`;
  return jobs.psql(["-c", `SET sparkle.clock_offset = '${ahead}'`, "-c", text]);
}

// A Monday is a Monday: every year that is taken has the days of 2027.
const year = yearLike(2027);
const at = (day) => clock.moveTo(Date.parse(`${year}-${day}`));

function batch(name, ...words) {
  const done = jobs.batch(name, ...words);
  assert.equal(done.status, 0, done.stderr);
  return done;
}

const digests = () => jobs.sql`SELECT username, digest, period::text,
    d.created_at FROM mail_digests d JOIN users u ON u.id = d.user_id
    ORDER BY d.created_at, username`;

function post(author, title, more = {}) {
  const { visibility = "PUBLIC", status = "published", score = 0 } = more;
  return sqlAt(`WITH p AS (INSERT INTO posts (author_id, title, status,
      visibility, published_at, score)
    VALUES ('${author.id}', '${title}', '${status}', '${visibility}',
      CASE WHEN '${status}' = 'published' THEN clock_now()
        - interval '1 hour' END, ${score}) RETURNING id)
    INSERT INTO post_contents (post_id, content, content_html)
    SELECT id, 'x', '<p>x</p>' FROM p`);
}

/** All have asked for the weekly digest, and have all other defaults. */
const allAsked = () => jobs.psql([
  "-c", "DELETE FROM notification_preferences",
  "-c", `INSERT INTO notification_preferences (user_id, weekly_digest)
    SELECT id, true FROM users`]);

const seenNow = () => sqlAt("UPDATE users SET last_seen_at = clock_now()");

test("morning in five zones, over the changes of summer time", () => {
  const zones = {
    user1: "Europe/Berlin",
    user2: "America/New_York",
    user3: "Asia/Kolkata",
    zone4: "Australia/Lord_Howe", // half an hour of summer time
    zone5: "Pacific/Auckland",
  };
  for (const name of ["zone4", "zone5"])
    jobs.sql`SELECT (create_user(${`${name}@example.org`}, ${name}, 'x',
      true)).id`;
  for (const [name, zone] of Object.entries(zones))
    jobs.sql`UPDATE users SET time_zone = ${zone} WHERE username = ${name}`;
  jobs.psql(["-c", `INSERT INTO notification_preferences (user_id,
      email_frequency) SELECT id, 'daily' FROM users
    ON CONFLICT (user_id) DO UPDATE SET email_frequency = 'daily'`]);
  // Changes in a year like 2027: New York 14 March and 7 November, Berlin 28
  // March and 31 October, Auckland and Lord Howe 4 April.
  const spans = [
    ["03-13T12:00Z", 60], ["03-27T12:00Z", 60],
    ["04-03T00:00Z", 60], ["10-30T12:00Z", 60],
  ];
  for (const [from, hours] of spans) {
    at(from);
    jobs.sql`DELETE FROM mail_digests`;
    jobs.sql`DELETE FROM notifications`;
    sqlAt(`INSERT INTO notifications (user_id, type, title, created_at,
        expires_at)
      SELECT id, 'SYSTEM', 'News', clock_now() + n * interval '6 hours',
        clock_now() + interval '30 days'
      FROM users, generate_series(0, 12) n`);
    seenNow();
    everyHour(hours, "daily");
    for (const [name, zone] of Object.entries(zones)) {
      const got = jobs.sql`SELECT period::text,
          to_char(d.created_at AT TIME ZONE ${zone}, 'YYYY-MM-DD HH24') AS at
        FROM mail_digests d JOIN users u ON u.id = d.user_id
        WHERE u.username = ${name} ORDER BY 1`;
      assert.ok(got.length >= 2 && got.length <= 3, `${name} ${from}`);
      for (const row of got) assert.equal(row.at, `${row.period} 08`, name);
      assert.equal(new Set(got.map((r) => r.period)).size, got.length);
    }
  }
  jobs.sql`DELETE FROM jobs`;
  jobs.sql`DELETE FROM mail_digests`;
  jobs.sql`DELETE FROM notifications`;
  jobs.sql`DELETE FROM users WHERE username LIKE 'zone%'`;
  allAsked();
  jobs.sql`UPDATE users SET time_zone = 'Europe/Berlin'`;
});

test("the weekly digest: Mondays at eight, with something new, once", () => {
  at("06-07T05:30Z"); // 07:30 in Berlin
  seenNow();
  jobs.sql`INSERT INTO follows (follower_id, following_id)
    VALUES (${ann.id}, ${ben.id})`;
  post(ben, "Fresh");
  batch("digest-weekly");
  assert.deepEqual(digests(), []);
  clock.ahead({ hours: 1 });
  const dry = batch("--dry-run", "digest-weekly");
  assert.match(dry.stderr, /"rows":1/);
  assert.deepEqual(digests(), []);
  batch("digest-weekly");
  assert.deepEqual(digests().map((d) => [d.username, d.period]), [
    ["user1", `${year}-06-07`],
  ]);
  batch("digest-weekly");
  clock.ahead({ hours: 1 });
  batch("digest-weekly");
  assert.equal(digests().length, 1);
  assert.equal(jobs.sql`SELECT id FROM jobs WHERE kind = 'mail.send'`.length, 1);
});

test("no second one within six days, whatever zone one moves to", () => {
  jobs.sql`UPDATE users SET time_zone = 'America/Los_Angeles'`;
  at("06-07T15:10Z"); // Monday, eight in Los Angeles
  batch("digest-weekly");
  assert.equal(digests().length, 1);
  jobs.sql`UPDATE users SET time_zone = 'UTC'`;
  at("06-14T08:10Z");
  post(ben, "Next week");
  seenNow();
  batch("digest-weekly");
  assert.equal(digests().length, 2);
});

test("not to whom it is not for", () => {
  const deny = [
    "UPDATE users SET status = 'SUSPENDED'",
    "UPDATE users SET email_verified_at = NULL",
    "UPDATE users SET last_seen_at = clock_now() - interval '181 days'",
    "DELETE FROM notification_preferences",
    `DELETE FROM notification_preferences;
     INSERT INTO notification_preferences (user_id) SELECT id FROM users`,
    "UPDATE notification_preferences SET weekly_digest = false",
    "UPDATE notification_preferences SET email_enabled = false",
    "UPDATE notification_preferences SET email_frequency = 'never'",
    "UPDATE notification_preferences SET email_frequency = 'daily'",
    "DELETE FROM follows", // so nothing is new
  ];
  at("06-21T08:10Z");
  post(ben, "The week after");
  seenNow();
  for (const statement of deny) {
    const count = batchAfter(`BEGIN; ${statement}; COMMIT`);
    assert.equal(count, 0, statement);
    sqlAt(`UPDATE users SET status = 'ACTIVE', last_seen_at = clock_now(),
      email_verified_at = clock_now()`);
    allAsked();
  }
  jobs.sql`INSERT INTO follows (follower_id, following_id)
    VALUES (${ann.id}, ${ben.id})`;
  assert.equal(batchAfter("SELECT 1"), 1);
  const asked = `UPDATE notification_preferences SET weekly_digest = false,
    email_frequency = 'weekly'`;
  assert.equal(batchAfter(asked), 1, "who wants all mails weekly");
  allAsked();
});

test("accounts begin without it, and ask by the switch or the frequency", () => {
  const [{ id }] = jobs.sql`SELECT (create_user('quiet@example.org', 'quiet',
    'x', true)).id`;
  const chosen = (sets) => {
    if (sets) jobs.psql(["-c", `SELECT 1 FROM notification_prefer('${id}', ${
      [...Array(10).fill("NULL"), sets.digest ?? "NULL", "NULL", "NULL", "NULL",
        sets.often ?? "NULL", "NULL", "NULL", "NULL"].join(", ")})`]);
    return jobs.sql`SELECT digest_wanted('weekly', w) AS wanted,
        weekly_digest_at IS NOT NULL AS dated
      FROM notification_preferences w WHERE user_id = ${id}`[0];
  };
  const end = (category) => jobs.sql`SELECT mail_unsubscribe(${id},
    ${category})`;
  assert.deepEqual(chosen(), { wanted: false, dated: false });
  assert.deepEqual(chosen({ digest: true }), { wanted: true, dated: true });
  end("weekly_digest");
  assert.deepEqual(chosen(), { wanted: false, dated: false });
  assert.deepEqual(chosen({ often: "'weekly'" }),
    { wanted: true, dated: false });
  end("daily_digest");
  assert.equal(chosen().wanted, true, "that was another one");
  end("weekly_digest");
  assert.equal(chosen().wanted, false);
  jobs.sql`DELETE FROM users WHERE id = ${id}`;
});

test("the migration keeps it for those alone who chose it by name", () => {
  const script = readFileSync(
    `${top}/sql/migrations/0015-digest-opt-in.sql`, "utf8");
  const out = jobs.psql([], `BEGIN;
    ALTER TABLE notification_preferences DROP COLUMN weekly_digest_at;
    DELETE FROM notification_preferences;
    INSERT INTO notification_preferences (user_id, weekly_digest,
        email_frequency)
      VALUES ('${ann.id}', true, 'instant'), ('${ben.id}', true, 'weekly'),
        ('${cyd.id}', false, 'hourly');
    ${script};
    SELECT 'kept ' || string_agg(username, ' ') FROM users JOIN
      notification_preferences w ON w.user_id = users.id WHERE weekly_digest;
    ROLLBACK;`);
  assert.match(out, /^\s*kept user2\s*$/m);
});

/** What the program does in each of the hours to come. */
function everyHour(hours, digest) {
  const script = [];
  for (let i = 0; i < hours; i++)
    script.push(
      `SET sparkle.clock_offset = '${clock.shift / 1000 + i * 3600} seconds';`,
      `SELECT digest_step('${digest}', digest_zones('${digest}'),
        '00000000-0000-0000-0000-000000000000', 5000, false);`,
    );
  jobs.psql([], script.join("\n"));
}

/** How many a run would make after a statement. */
function batchAfter(statement) {
  sqlAt(statement);
  const { stderr } = batch("--dry-run", "digest-weekly");
  return Number(stderr.match(/"rows":(\d+)/)[1]);
}

test("in it: the best five, nothing hidden, deleted, muted or a draft", async () => {
  at("07-05T08:10Z");
  jobs.sql`DELETE FROM jobs`;
  jobs.sql`DELETE FROM posts`;
  jobs.sql`INSERT INTO follows (follower_id, following_id)
    VALUES (${ann.id}, ${cyd.id}) ON CONFLICT DO NOTHING`;
  for (let i = 1; i <= 7; i++) post(ben, `Ben ${i}`, { score: i });
  post(ben, "Ben draft", { status: "draft", score: 99 });
  post(ben, "Ben private", { visibility: "PRIVATE", score: 99 });
  post(ben, "Ben unlisted", { visibility: "UNLISTED", score: 99 });
  post(ben, "Ben for followers", { visibility: "FOLLOWERS", score: 50 });
  post(ben, "Ben deleted", { score: 99 });
  post(cyd, "Cyd muted", { score: 99 });
  jobs.sql`UPDATE posts SET deleted_at = now() WHERE title = 'Ben deleted'`;
  jobs.sql`UPDATE posts SET reaction_count = 1, comment_count = 2
    WHERE title = 'Ben 7'`;
  jobs.sql`INSERT INTO mutes (muter_id, muted_id)
    VALUES (${ann.id}, ${cyd.id})`;
  sqlAt(`INSERT INTO follows (follower_id, following_id, created_at)
    VALUES ('${cyd.id}', '${ann.id}', clock_now())`);
  seenNow();
  batch("digest-weekly");
  await jobs.up();
  await jobs.drained(30);
  const mail = jobs.mails().find((m) => m.includes("Delivered-To: u1@"));
  const titles = [...mail.split("text/html")[0].matchAll(/\* (.*)/g)].map(
    (m) => m[1].trim());
  assert.deepEqual(titles,
    ["Ben for followers", "Ben 7", "Ben 6", "Ben 5", "Ben 4"]);
  assert.match(mail, /1 new follower, 0 achievements, 0 unread/);
  assert.match(mail, /, 1 like, 2 comments$/m);
  assert.match(mail, /, 0 likes, 0 comments$/m);
  assert.match(mail, /^X-Category: weekly_digest/m);
  assert.match(mail, /^List-Unsubscribe-Post: List-Unsubscribe=One-Click/m);
  const [row] = jobs.sql`SELECT message_id FROM mail_digests
    WHERE user_id = ${ann.id} AND period = '${year}-07-05'`;
  assert.ok(mail.includes(`Message-ID: ${row.message_id}`));
});

test("the way out is signed for this user and these mails", () => {
  const mail = jobs.mails().find((m) => m.includes("Delivered-To: u1@"));
  const [, token] = mail.match(
    /^List-Unsubscribe:\s+<https:\/\/sparkle\.test\/unsubscribe\?token=(\S+)>/m);
  const what = `${ann.id}.weekly_digest`;
  const signature = createHmac("sha256", Buffer.from("ab".repeat(32), "hex"))
    .update(`mail:unsubscribe:${what}`).digest().subarray(0, 16);
  assert.equal(token, `${what}.${signature.toString("base64url")}`);
  assert.ok(!mail.includes("/track/"), "nothing is counted by default");
});

test("where the site counts, links and a picture say so, and are signed", async () => {
  await jobs.killMaster();
  appendFileSync(join(jobs.dir, "conf.d/test.conf"), "track = yes\n");
  at("07-26T08:10Z");
  post(ben, "Count me");
  seenNow();
  batch("digest-weekly");
  await jobs.up();
  await jobs.drained(30);
  const [raw] = jobs.mails().filter((m) => /\* Count me/.test(m));
  const html = raw.split("text/html")[1].replace(/=\r?\n/g, "")
    .replace(/=3D/g, "=");
  const links = [...html.matchAll(/href="([^"]+)"/g)].map((m) =>
    m[1].replaceAll("&amp;", "&"));
  const straight = links.filter((link) => !link.includes("/track/click?"));
  assert.ok(straight.length === 1 && straight[0].includes("/unsubscribe?"),
    `${straight}`);
  const url = new URL(links.find((link) => link.includes("count-me")));
  const [id, to] = ["id", "url"].map((name) => url.searchParams.get(name));
  assert.match(to, /^https:\/\/sparkle\.test\/post\/count-me/);
  const sign = (purpose, what) =>
    createHmac("sha256", Buffer.from("ab".repeat(32), "hex"))
      .update(`mail:${purpose}:${what}`).digest().subarray(0, 16)
      .toString("base64url");
  assert.equal(url.searchParams.get("signature"), sign("click", `${id}:${to}`));
  assert.ok(html.includes(`/track/open?id=${id}&amp;signature=` +
    sign("open", id)));
  assert.ok(!raw.split("text/html")[0].includes("/track/"), "the text is plain");
  jobs.sql`DELETE FROM mail_digests`;
});

test("in the daily one: what the switches let into mails, and still is there", () => {
  at("07-28T08:10Z");
  const asked = (off, more) => {
    jobs.sql`DELETE FROM notifications`;
    jobs.sql`DELETE FROM notification_preferences`;
    jobs.sql`INSERT INTO notification_preferences (user_id, email_frequency,
      email_off) VALUES (${ann.id}, 'daily', ${off})`;
    sqlAt(`INSERT INTO notifications (user_id, type, actor_id, title,
        created_at, expires_at, hidden)
      SELECT '${ann.id}', t::notification_type, '${cyd.id}', t,
        clock_now() - interval '1 hour', clock_now() + interval '7 days',
        t = 'LEVEL_UP'
      FROM unnest('{MENTION,USER_FOLLOWED,LEVEL_UP}'::text[]) t; ${more}`);
    return sqlAt(`SELECT coalesce(string_agg(type::text, ' ' ORDER BY type), '')
      FROM digest_notices('${ann.id}', clock_now() - interval '1 day')`)
      .trim().split("\n").pop();
  };
  jobs.sql`DELETE FROM mutes`;
  assert.equal(asked("{}", ""), "USER_FOLLOWED LEVEL_UP MENTION");
  assert.equal(asked("{MENTION}", ""), "USER_FOLLOWED LEVEL_UP");
  assert.equal(asked("{}", "UPDATE notification_preferences SET new_followers "
    + "= false"), "LEVEL_UP MENTION");
  assert.equal(asked("{}", "UPDATE notification_preferences SET email_frequency "
    + "= 'instant'"), "USER_FOLLOWED MENTION");
  assert.equal(asked("{}", `INSERT INTO mutes (muter_id, muted_id)
    VALUES ('${ann.id}', '${cyd.id}')`), "");
  assert.equal(asked("{}", `DELETE FROM mutes; UPDATE notifications
    SET entity_type = 'post', entity_id = uuidv7() WHERE type = 'MENTION'`),
    "USER_FOLLOWED LEVEL_UP");
  jobs.sql`DELETE FROM notifications`;
  allAsked();
});

test("what is gone when the mail leaves is no mail", async () => {
  await jobs.killMaster();
  at("08-02T08:10Z");
  jobs.sql`DELETE FROM posts`;
  jobs.sql`DELETE FROM follows WHERE follower_id = ${cyd.id}`;
  post(ben, "Soon gone");
  seenNow();
  batch("digest-weekly");
  jobs.sql`UPDATE posts SET deleted_at = now()`;
  await jobs.up();
  await jobs.drained(30);
  const [{ reason }] = jobs.sql`SELECT reason FROM mail_skipped
    WHERE user_id = ${ann.id}`;
  assert.equal(reason, "nothing_new");
  const sent = jobs.sql`SELECT 1 FROM mail_sent WHERE state = 'sending'`;
  assert.deepEqual(sent, []);
});

test("a run that is killed goes on, and doubles nothing", () => {
  at("08-09T08:10Z");
  jobs.psql(["-c", `
    INSERT INTO users (email, username, status, email_verified_at)
    SELECT 'd' || n || '@x.org', 'digest' || n, 'ACTIVE', now()
    FROM generate_series(1, 12000) n`]);
  allAsked();
  sqlAt(`INSERT INTO follows (follower_id, following_id)
    SELECT id, '${ben.id}' FROM users WHERE username LIKE 'digest%'`);
  post(ben, "For all of them");
  seenNow();
  // A first run that dies after its first step of 5,000.
  sqlAt(`SELECT digest_step('weekly', digest_zones('weekly'),
    '00000000-0000-0000-0000-000000000000', 5000, false)`);
  assert.equal(jobs.sql`SELECT 1 FROM mail_digests
    WHERE period = '${year}-08-09'`.length, 4999); // nothing new for one
  batch("digest-weekly");
  batch("digest-weekly");
  const [{ n, people }] = jobs.sql`SELECT count(*) AS n,
    count(DISTINCT subject_id) AS people FROM jobs
    WHERE kind = 'mail.send' AND payload->'data'->>'period' = '${year}-08-09'`;
  assert.equal(n, people);
  assert.equal(n, 12002);
  const [run] = jobs.sql`SELECT items, exit_code FROM batch_runs
    WHERE name = 'digest-weekly' AND NOT dry_run AND items > 0
    ORDER BY id DESC LIMIT 1`;
  assert.deepEqual(run, { items: 7003, exit_code: 0 });
});
