// sparkle-batch: what each program does, and that two never overlap.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { child, psqlOf } from "../lib/child.mjs";
import { Runner, eventually } from "./runner.mjs";

let db;

before(async () => {
  db = await Runner.start("batch", { run: false });
  db.users(2);
});
after(() => db.stop());

const runs = (name) => db.sql`SELECT items, exit_code, dry_run,
  finished_at IS NOT NULL AS finished FROM batch_runs WHERE name = ${name}
  ORDER BY started_at`;

test("--list names the programs; a wrong name or option is usage", () => {
  const list = db.batch("--list");
  assert.equal(list.status, 0);
  for (const name of ["jobs-cleanup", "session-cleanup", "old-logs",
    "idempotency-keys", "expired-notifications", "counter-audit",
    "partition-maintenance"])
    assert.match(list.stdout, new RegExp(`^${name} `, "m"));
  assert.equal(db.batch("no-such-program").status, 2);
  assert.equal(db.batch().status, 2);
  assert.equal(db.batch("old-logs", "--repair").status, 2);
  assert.equal(db.batch("old-logs", "--wat").status, 2);
});

test("expired-notifications: in chunks, not the live ones; a dry run counts", () => {
  const [{ id }] = db.sql`SELECT id FROM users LIMIT 1`;
  db.sql`INSERT INTO notifications (user_id, type, title, expires_at)
    SELECT ${id}, 'SYSTEM', 'x', now() - interval '1 day'
    FROM generate_series(1, 12345)`;
  const live = db.sql`SELECT 1 FROM notifications
    WHERE expires_at > now()`.length;
  assert.equal(db.batch("--dry-run", "expired-notifications").status, 0);
  assert.equal(db.sql`SELECT 1 FROM notifications`.length, 12345 + live);
  assert.equal(db.batch("expired-notifications").status, 0);
  assert.equal(db.sql`SELECT 1 FROM notifications`.length, live);
  assert.deepEqual(runs("expired-notifications"), [
    { items: 12345, exit_code: 0, dry_run: true, finished: true },
    { items: 12345, exit_code: 0, dry_run: false, finished: true },
  ]);
});

test("jobs-cleanup: the newest 100, the last hour, the counts of the rest", () => {
  db.sql`DELETE FROM jobs`;
  db.sql`INSERT INTO jobs (queue, kind, state, finished_at)
    SELECT 'event', 'a', 'completed', now() - interval '2 hours'
    FROM generate_series(1, 7000)`;
  db.sql`INSERT INTO jobs (queue, kind, state, finished_at)
    SELECT 'event', 'a', 'completed', now() - n * interval '1 s'
    FROM generate_series(1, 30) n`;
  db.sql`INSERT INTO jobs (queue, kind, state, finished_at)
    SELECT 'push', 'b', 'completed', now() - n * interval '1 day'
    FROM generate_series(1, 150) n`;
  db.sql`INSERT INTO jobs (queue, kind, state, finished_at)
    SELECT 'push', 'b', 'discarded', now() - n * interval '12 hours'
    FROM generate_series(1, 3) n`;
  db.sql`INSERT INTO jobs (queue, kind) VALUES ('push', 'waiting')`;
  assert.equal(db.batch("jobs-cleanup").status, 0);
  const left = db.sql`SELECT queue, state, count(*) AS n FROM jobs
    GROUP BY 1, 2 ORDER BY 1, 2`;
  const of = (queue, state) =>
    left.find((row) => row.queue === queue && row.state === state)?.n ?? 0;
  assert.equal(of("push", "completed"), 100);
  assert.equal(of("push", "available"), 1);
  assert.ok(of("push", "discarded") >= 1 && of("push", "discarded") <= 2);
  assert.ok(of("event", "completed") >= 30);
  const [{ n }] = db.sql`SELECT sum(n) AS n FROM job_archive`;
  const [{ rows }] = db.sql`SELECT count(*) AS rows FROM jobs`;
  assert.equal(n + rows, 7000 + 30 + 150 + 3 + 1);
});

test("session-cleanup and idempotency-keys forget what ended long ago", () => {
  const [{ id }] = db.sql`SELECT id FROM users LIMIT 1`;
  for (const days of [1, 29, 31, 400])
    db.sql`INSERT INTO sessions (user_id, token_hash, csrf_secret, expires_at)
      VALUES (${id}, sha256(random()::text::bytea), '\\x00',
        now() - ${days} * interval '1 day')`;
  assert.equal(db.batch("session-cleanup").status, 0);
  assert.equal(db.sql`SELECT 1 FROM sessions`.length, 2);
  db.sql`INSERT INTO idempotency_keys (scope, key, route, request_hash,
      expires_at)
    SELECT 'ip:x', n::text, 'POST /', '\\x00', now() + (n - 2)
      * interval '1 hour' FROM generate_series(1, 3) n`;
  assert.equal(db.batch("idempotency-keys").status, 0);
  assert.equal(db.sql`SELECT 1 FROM idempotency_keys`.length, 1);
});

test("old-logs keeps what its policies say", () => {
  for (const days of [1, 89, 91])
    db.sql`INSERT INTO login_history (email_hash, success, created_at)
      VALUES ('\\x00', false, now() - ${days} * interval '1 day')`;
  db.sql`UPDATE data_retention_policies SET enabled = false
    WHERE table_name = 'batch_runs'`;
  db.sql`INSERT INTO batch_runs (name, started_at)
    VALUES ('ancient', now() - interval '10 years')`;
  db.sql`INSERT INTO data_retention_policies (table_name, time_column,
    ground) VALUES ('tags', 'created_at', 'a mistake')`;
  assert.deepEqual(db.sql`SELECT keep::text FROM data_retention_policies
    WHERE table_name = 'tags'`, [{ keep: "30 days" }]);
  const done = db.batch("old-logs");
  assert.equal(done.status, 1, "an unknown table is an error");
  assert.match(done.stderr, /nothing keeps the policy of tags/);
  assert.doesNotMatch(done.stderr, /policy of (?!tags)/);
  assert.equal(db.sql`SELECT 1 FROM login_history`.length, 2);
  assert.equal(runs("ancient").length, 1);
  db.sql`UPDATE data_retention_policies SET enabled = false
    WHERE table_name = 'tags'`;
  assert.equal(db.batch("old-logs").status, 0);
});

/** Posts of a user, deleted so many days ago; null: not. */
const deletedPosts = (author, posts) => {
  for (const [title, days] of Object.entries(posts))
    db.psql(["-c", `INSERT INTO posts (author_id, title, status, published_at,
        deleted_at)
      VALUES ('${author}', '${title}', 'published', now(),
        now() - interval '${days ?? 0} days' * ${days === null ? "NULL" : 1});
      INSERT INTO post_contents (post_id, content, content_html)
      SELECT id, 'Words.', '<p>Words.</p>' FROM posts
      WHERE title = '${title}'`]);
};
const postOf = (title) =>
  db.sql`SELECT id FROM posts WHERE title = ${title}`[0]?.id;

test("old-logs purges posts that were deleted, if nothing hangs on them", () => {
  const [{ id }, { id: other }] = db.sql`SELECT id FROM users LIMIT 2`;
  const audit = () => db.sql`SELECT * FROM counter_audit() ORDER BY 1, 2`;
  deletedPosts(id, { living: null, fresh: 29, gone: 31, liked: 31,
    accused: 400, judged: 31 });
  const [liked, accused, judged] = ["liked", "accused", "judged"].map(postOf);
  db.sql`SELECT reaction_set(${other}::uuid, ${liked}::uuid, NULL::uuid,
    'LIKE'::reaction_type, true)`;
  for (const [post, status] of [[accused, "open"], [judged, "resolved"]])
    db.sql`INSERT INTO reports (reporter_id, post_id, reason, status)
      SELECT ${other}, ${post}, (enum_range(NULL::report_reason))[1],
        CASE ${status} WHEN 'open' THEN 'open'::report_status
          ELSE (SELECT max(s) FROM unnest(enum_range(NULL::report_status)) s)
        END`;
  const before = audit();
  const texts = () => Object.fromEntries(db.sql`SELECT p.id, c.content
    FROM posts p JOIN post_contents c ON c.post_id = p.id
    WHERE p.author_id = ${id}`.map((row) => [row.id, row.content]));
  const all = texts();
  assert.equal(db.batch("old-logs", "--dry-run").status, 0);
  assert.deepEqual(texts(), all);
  const kept = { ...all, [liked]: "", [judged]: "" };
  delete kept[postOf("gone")];
  assert.equal(db.batch("old-logs").status, 0);
  assert.deepEqual(texts(), kept);
  assert.deepEqual(audit(), before);
  const [{ title }] = db.sql`SELECT title FROM posts WHERE id = ${liked}`;
  assert.equal(title, "Deleted post");
  // What was emptied is not due again.
  const due = db.sql`SELECT 1 FROM posts_outdated WHERE whole OR NOT empty`;
  assert.equal(due.length, 0);
});

test("old-logs purges comments from the leaves upwards", () => {
  const [{ id }] = db.sql`SELECT id FROM users LIMIT 1`;
  deletedPosts(id, { talk: null });
  const post = postOf("talk");
  // number: [answers, days since it was deleted]
  const comments = { 1: [null, 40], 2: [1, 40], 3: [null, 40], 4: [3, null],
    5: [null, 29], 6: [null, null] };
  for (const [number, [parent, days]] of Object.entries(comments))
    db.psql(["-c", `INSERT INTO comments (post_id, author_id, parent_id,
        number, path, depth, content, content_html, reply_count, deleted_at)
      SELECT '${post}', '${id}', u.id, ${number},
        coalesce(u.path, '') || lpad(to_hex(${number}), 6, '0'),
        coalesce(u.depth + 1, 0), 'Said ${number}', '<p>x</p>',
        ${number === "3" ? 1 : 0},
        ${days === null ? "NULL" : `now() - interval '${days} days'`}
      FROM (SELECT 1) one LEFT JOIN comments u
        ON u.post_id = '${post}' AND u.number = ${parent ?? 0}`]);
  const left = () => db.sql`SELECT number, content FROM comments
    WHERE post_id = ${post} ORDER BY number`.map((r) => [r.number, r.content]);
  db.sql`SELECT counter_repair()`; // rows by hand are not counted
  const audit = () => db.sql`SELECT * FROM counter_audit() ORDER BY 1, 2`;
  const before = audit();
  assert.equal(db.batch("old-logs").status, 0);
  const stub = [3, "[deleted]"];
  const rest = [[4, "Said 4"], [5, "Said 5"], [6, "Said 6"]];
  assert.deepEqual(left(), [[1, "[deleted]"], stub, ...rest]);
  assert.equal(db.batch("old-logs").status, 0);
  assert.deepEqual(left(), [stub, ...rest]);
  assert.deepEqual(audit(), before);
});

test("what is restored while it is purged stays", async (t) => {
  const [{ id }] = db.sql`SELECT id FROM users LIMIT 1`;
  const login = ["-X", "-q", "-h", db.dir, "-U", "sparkle_owner",
    "-d", "sparkle"];
  deletedPosts(id, { "back whole": 40, "back in use": 40, "talked about": null });
  const [whole, used, talk] =
    ["back whole", "back in use", "talked about"].map(postOf);
  db.sql`SELECT share_add(${used}::uuid, ${id}::uuid, 'link')`;
  for (const [number, parent] of [[1, null], [2, null], [3, 2]])
    db.psql(["-c", `INSERT INTO comments (post_id, author_id, parent_id,
        number, path, depth, content, content_html, deleted_at)
      SELECT '${talk}', '${id}', u.id, ${number}, coalesce(u.path, '')
          || lpad(to_hex(${number}), 6, '0'), coalesce(u.depth + 1, 0),
        'Back ${number}', '<p>x</p>',
        CASE WHEN ${number} < 3 THEN now() - interval '40 days' END
      FROM (SELECT 1) one LEFT JOIN comments u
        ON u.post_id = '${talk}' AND u.number = ${parent ?? 0}`]);
  db.psql(["-c", `INSERT INTO users (email, username, status, deleted_at)
      VALUES ('back@example.org', 'back', 'DELETED',
        now() - interval '400 days');
    UPDATE users SET email = 'deleted_' || id WHERE username = 'back'`]);
  db.sql`SELECT counter_repair()`;
  // An account that was erased has an end; here, another one.
  for (const [table, where, end] of [
    ["comments", `post_id = '${talk}'`, "NULL"],
    ["posts", `id IN ('${whole}', '${used}')`, "NULL"],
    ["users", "username = 'back'", "now()"]]) {
    const rows = () => db.sql([`SELECT to_jsonb(t) - 'deleted_at'
      - 'updated_at' AS row FROM ${table} t WHERE ${where} ORDER BY id`]);
    const before = rows();
    assert.ok(before.length, table);
    const due = db.sql([`SELECT 1 FROM ${table}_outdated`]);
    assert.ok(due.length, `${table} are due`);
    const restorer = psqlOf(t, login);
    await restorer.run("SET lock_timeout = 0; SET statement_timeout = 0");
    // The view says of them that they are due until this is committed.
    await restorer.run(`BEGIN; UPDATE ${table} SET deleted_at = ${end}
      WHERE ${where} AND deleted_at IS NOT NULL`);
    const purger = psqlOf(t, login);
    await purger.run(`SET lock_timeout = 0; SET statement_timeout = 0;
      SET application_name = 'purger ${table}'`);
    const purged = purger.run(`SELECT ${table}_purge(1000)`);
    await eventually(`the purge of ${table} waits`, () => db.sql`SELECT 1
      FROM pg_stat_activity WHERE application_name = ${`purger ${table}`}
        AND wait_event_type = 'Lock'`.length === 1);
    await restorer.run("COMMIT");
    await purged;
    assert.deepEqual(rows(), before, table);
    restorer.end();
    purger.end();
  }
  db.sql`SELECT counter_repair()`; // restored by hand, too
});

test("old-logs purges erased accounts that nothing counts any more", () => {
  const account = (name, days, erased = true) => {
    db.psql(["-c", `WITH made AS (
        INSERT INTO users (email, username, status, deleted_at)
        VALUES ('${name}@example.org', '${name}', 'DELETED',
          now() - interval '${days} days') RETURNING id)
      SELECT * FROM made`]);
    if (erased)
      db.sql`UPDATE users SET email = 'deleted_' || id
        WHERE username = ${name}`;
  };
  account("old_gone", 366);
  account("old_fresh", 364);
  account("old_named", 366, false);
  account("old_writer", 366);
  account("old_payer", 366);
  const of = (name) =>
    db.sql`SELECT id FROM users WHERE username = ${name}`[0].id;
  deletedPosts(of("old_writer"), { "by old writer": null });
  db.sql`INSERT INTO currency_transactions (user_id, amount, currency, type,
      source, key, balance_before, balance_after)
    VALUES (${of("old_payer")}, 5, 'sparkle', 'earn', 'x', 'x', 0, 5)`;
  assert.equal(db.batch("old-logs").status, 0);
  const left = db.sql`SELECT username FROM users
    WHERE username LIKE 'old\\_%' ORDER BY 1`.map((row) => row.username);
  assert.deepEqual(left, ["old_fresh", "old_named", "old_payer", "old_writer"]);
});

test("old-logs sweeps what dropped drafts left, and no draft", () => {
  const [{ id }] = db.sql`SELECT id FROM users LIMIT 1`;
  const drafts = { "dropped": [true, 8], "late": [true, 6], "old": [false, 800] };
  for (const [title, [dropped, days]] of Object.entries(drafts))
    db.sql`INSERT INTO drafts (user_id, place, title, content, tags, excerpt,
        category, kind, youtube_video_id, dropped, saved_at)
      VALUES (${id}, ${title}, ${title}, '', '', '', '', '', '', ${dropped},
        now() - ${days} * interval '1 day')`;
  assert.equal(db.batch("old-logs").status, 0);
  const left = db.sql`SELECT title FROM drafts WHERE user_id = ${id} ORDER BY 1`;
  assert.deepEqual(left.map((row) => row.title), ["late", "old"]);
});

test("old-logs purges months of the audit log that have no partition", () => {
  for (const days of [1, 360, 370, 4000])
    db.sql`INSERT INTO audit_log (action, created_at)
      VALUES ('purge.test', now() - ${days} * interval '1 day')`;
  const kept = () => db.sql`SELECT 1 FROM audit_log
    WHERE action = 'purge.test'`.length;
  db.sql`UPDATE data_retention_policies SET keep = '1 day'
    WHERE table_name = 'audit_log'`;
  assert.equal(db.batch("old-logs", "--dry-run").status, 0);
  assert.equal(kept(), 4);
  assert.equal(db.batch("old-logs").status, 0);
  assert.equal(kept(), 2, "a year is the least");
});

test("old-logs keeps a change of address that an erasure would miss", () => {
  const [{ id }] = db.sql`SELECT id FROM users LIMIT 1`;
  const change = (name, days, confirmed) => db.psql(["-c", `
    INSERT INTO email_changes (user_id, old_email, new_email, created_at,
      expires_at, confirmed_at, died_at)
    SELECT '${id}', '${name}@old.example', '${name}@new.example', t,
      t + interval '1 day', CASE WHEN ${confirmed} THEN t END,
      CASE WHEN NOT ${confirmed} THEN t END
    FROM (SELECT now() - interval '${days} days' AS t) t`]);
  change("never", 31, false);
  change("fresh", 29, false);
  change("confirmed", 89, true);
  change("past", 91, true);
  change("from", 91, true);
  change("to", 91, true);
  db.sql`INSERT INTO mail_suppressions (email, reason)
    VALUES ('from@old.example', 'bounced'), ('to@new.example', 'bounced')`;
  const left = () => db.sql`SELECT split_part(old_email, '@', 1) AS name
    FROM email_changes ORDER BY 1`.map((row) => row.name);
  assert.equal(db.batch("old-logs", "--dry-run").status, 0);
  assert.equal(left().length, 6);
  assert.equal(db.batch("old-logs").status, 0);
  assert.deepEqual(left(), ["confirmed", "fresh", "from", "to"]);
  const [{ found }] = db.sql`SELECT privacy_addresses(${id}) AS found`;
  for (const { email } of db.sql`SELECT email FROM mail_suppressions`)
    assert.ok(found.includes(email), email);
  db.sql`DELETE FROM mail_suppressions`;
  assert.equal(db.batch("old-logs").status, 0);
  assert.deepEqual(left(), ["confirmed", "fresh"]);
});

test("old-logs keeps requests for deletion until 90 days after their end", () => {
  const [{ id }] = db.sql`SELECT id FROM users LIMIT 1`;
  const request = (column, days) => db.psql(["-c", `
    INSERT INTO deletion_requests (user_id, reason, created_at${column})
    VALUES ('${id}', '${column}${days}', now() - interval '110 days'
      ${column ? `, now() - interval '${days} days'` : ""})`]);
  for (const column of [", done_at", ", cancelled_at"])
    for (const days of [89, 91]) request(column, days);
  request("", "");
  assert.equal(db.batch("old-logs").status, 0);
  assert.deepEqual(
    db.sql`SELECT reason FROM deletion_requests ORDER BY 1`
      .map((row) => row.reason),
    ["", ", cancelled_at89", ", done_at89"],
  );
});

test("counter-audit finds, and with --repair mends, a wrong counter", () => {
  assert.equal(db.batch("counter-audit").status, 0);
  db.sql`UPDATE user_stats SET total_posts = 7 WHERE user_id =
    (SELECT id FROM users LIMIT 1)`;
  const found = db.batch("counter-audit");
  assert.equal(found.status, 1);
  assert.match(found.stderr, /user_stats\.total_posts/);
  assert.equal(db.batch("counter-audit", "--repair").status, 0);
  assert.equal(db.batch("counter-audit").status, 0);
});

test("partition-maintenance makes the months to come", () => {
  const next = db.sql`SELECT 'audit_log_' || to_char(now() AT TIME ZONE 'UTC'
    + interval '1 month', 'YYYY_MM') AS part`[0].part;
  db.psql(["-c", `DROP TABLE ${next}`]);
  assert.equal(db.batch("partition-maintenance").status, 0);
  assert.equal(db.sql`SELECT to_regclass(${next}) IS NOT NULL AS there`[0].there,
    true);
  assert.equal(runs("partition-maintenance")[0].items, 1);
});

test("a second run leaves at once, with status 3", async (t) => {
  const holder = child(t, "psql", ["-X", "-h", db.dir, "-U", "sparkle_app",
    "-d", "sparkle"], { stdio: ["pipe", "ignore", "inherit"] });
  // A run that ends just now may hold the lock: waited for, without an end.
  holder.stdin.write("SET lock_timeout = 0; SET statement_timeout = 0;\n" +
    "SELECT pg_advisory_lock(hashtext('sparkle.batch'), hashtext('old-logs'));\n");
  await eventually("the lock is held", () => db.batch("old-logs").status === 3);
  assert.equal(db.batch("jobs-cleanup").status, 0);
  holder.kill("SIGKILL");
  await eventually("the lock is free", () => db.batch("old-logs").status === 0);
});
