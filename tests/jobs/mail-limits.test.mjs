// Which mails are put off, left out and come back: limits, suppression,
// bounces.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { buildDir, eventually, top } from "../lib/stack.mjs";
import { Runner } from "./runner.mjs";

let jobs, ann, ben, box;

before(async () => {
  jobs = await Runner.start("limits", { children: 3, run: false });
  box = join(jobs.dir, "bounces");
  jobs.call("mkdir", "-p", `${box}/new`, `${box}/cur`, `${box}/tmp`);
  mkdirSync(join(jobs.dir, "conf.d"));
  writeFileSync(
    join(jobs.dir, "conf.d/mail.conf"),
    `[mail]\nhourly = 20\nhourly_each = 8\ndaily_each = 6\n` +
      `bounces = bounces@sparkle.test\nbounce_maildir = ${box}\n`,
  );
  [ann, ben] = jobs.users(2);
  await jobs.up();
});
after(() => jobs?.stop());

beforeEach(async () => {
  for (const table of ["mail_sent", "mail_skipped", "mail_rates",
    "mail_bounces", "mail_scores", "mail_suppressions", "notifications",
    "notification_preferences", "jobs"])
    jobs.psql(["-c", `DELETE FROM ${table}`]);
  jobs.sql`UPDATE mail_turns SET next_at = '-infinity'`;
  jobs.sql`UPDATE users SET last_seen_at = NULL, status = 'ACTIVE'`;
});

function put(user, mail = "welcome", more = "{}", queue = "email") {
  jobs.sql`SELECT job_put('mail.send', ${queue}, jsonb_build_object('mail',
    ${mail}) || ${more}::jsonb, ${user.id})`;
}

const skipped = () => jobs.sql`SELECT reason FROM mail_skipped
  ORDER BY created_at`.map((row) => row.reason);
const states = () => jobs.sql`SELECT state FROM jobs ORDER BY id`
  .map((row) => row.state);
const sent = () => jobs.sql`SELECT count(*) AS n FROM mail_sent
  WHERE state = 'sent'`[0].n;

/** Waits until no job is to be run now; those put off may be there. */
async function settled() {
  jobs.wake();
  for (let i = 0; i < 200; i++) {
    const busy = states().filter((s) => /available|running|retryable/.test(s));
    if (!busy.length) return;
    await new Promise((go) => setTimeout(go, 50));
  }
  assert.fail("the jobs do not end");
}

// ---- When -------------------------------------------------------------------

test("20 an hour over all workers; the rest waits, one after the other", async () => {
  jobs.sql`SELECT (create_user('r' || n || '@example.org', 'rate' || n, 'x',
    true)).id FROM generate_series(1, 30) n`;
  jobs.sql`SELECT job_put('mail.send', 'email', '{"mail": "welcome"}', id)
    FROM users WHERE username LIKE 'rate%'`;
  await settled();
  assert.equal(sent(), 20);
  const waiting = jobs.sql`SELECT attempts, max_attempts,
      extract(epoch FROM run_at - now()) AS secs
    FROM jobs WHERE state = 'scheduled' ORDER BY run_at`;
  assert.equal(waiting.length, 10);
  assert.ok(waiting.every((job) => job.attempts === 0), "no attempt is lost");
  assert.ok(waiting[0].secs > 3500 && waiting[9].secs < 7300);
  const gaps = waiting.slice(1).map((job, i) => job.secs - waiting[i].secs);
  assert.ok(gaps.every((gap) => gap > 170 && gap < 190), `${gaps}`);
});

test("mails about an account's safety wait for no limit, and leave some", async () => {
  jobs.sql`INSERT INTO mail_rates (minute, n)
    VALUES (date_trunc('minute', now()), 1000)`;
  put(ann, "welcome");
  put(ann, "registered-again", "{}", "security_email");
  await settled();
  assert.deepEqual(states(), ["scheduled", "completed"]);
  assert.equal(sent(), 1);
});

test("6 a day to one address, the seventh is left out", async () => {
  for (let i = 0; i < 7; i++) put(ann);
  await settled();
  assert.equal(sent(), 6);
  assert.deepEqual(skipped(), ["daily_limit"]);
});

test("8 an hour to one address; the ninth waits, those about safety do not", () => {
  const later = (always) => jobs.sql`SELECT skip, later > now() AS waits
    FROM mail_check(${ann.id}, 'u1@example.org', 'x', ${always}, NULL, 0, 8,
      0)`[0];
  jobs.psql(["-c", `INSERT INTO mail_sent (message_id, recipient, template,
      category, subject, state)
    SELECT 'm' || n, 'u1@example.org', 'x', 'x', 'x', 'sent'
    FROM generate_series(1, 7) n`]);
  assert.deepEqual(later("false"), { skip: null, waits: null });
  jobs.psql(["-c", `INSERT INTO mail_sent (message_id, recipient, template,
      category, subject, state)
    VALUES ('m8', 'u1@example.org', 'x', 'x', 'x', 'maybe_sent')`]);
  assert.deepEqual(later("false"), { skip: null, waits: true });
  assert.deepEqual(later("true"), { skip: null, waits: null });
});

// ---- Why not ----------------------------------------------------------------

/** A notification of ann's; its id. */
function notice(more = {}) {
  const fields = {
    user_id: ann.id, type: "SYSTEM", title: "News", action_url: "/x", ...more,
  };
  const names = Object.keys(fields).join(", ");
  const values = Object.values(fields).map((v) => `'${v}'`).join(", ");
  return jobs.psql(["-c", `INSERT INTO notifications (${names})
    VALUES (${values}) RETURNING id`]).trim();
}

async function reasonFor(id) {
  put(ann, "system-notification", JSON.stringify({ notification: id }));
  await settled();
  const [reason] = skipped();
  return reason ?? (sent() === 1 ? "sent" : "lost");
}

function newPost(author, more = "") {
  return jobs.psql(["-c", `WITH p AS (INSERT INTO posts (author_id, title,
      status, published_at) VALUES ('${author.id}', 'A post', 'published',
      now()) RETURNING id), c AS (INSERT INTO post_contents (post_id, content,
      content_html) SELECT id, 'x', 'x' FROM p) SELECT id FROM p; ${more}`])
    .trim().split("\n")[0];
}

const cases = {
  "nothing against it": ["sent", () => notice()],
  "seen on the site": ["seen_on_site", () => {
    jobs.sql`UPDATE users SET last_seen_at = now() - interval '9 minutes'`;
    return notice();
  }],
  "seen eleven minutes ago": ["sent", () => {
    jobs.sql`UPDATE users SET last_seen_at = now() - interval '11 minutes'`;
    return notice();
  }],
  "read by then": ["already_read", () =>
    notice({ read: true, read_at: "2026-01-01" })],
  "taken back": ["content_deleted", () => {
    const id = notice();
    jobs.sql`DELETE FROM notifications`;
    return id;
  }],
  "another's notification": ["content_deleted", () =>
    notice({ user_id: ben.id })],
  "too old": ["expired", () => notice({ expires_at: "2026-01-01" })],
  "the post was deleted": ["content_deleted", () => {
    const id = newPost(ben);
    jobs.sql`UPDATE posts SET deleted_at = now()`;
    return notice({ type: "MENTION", entity_type: "post", entity_id: id });
  }],
  "the post became private": ["not_permitted", () => {
    const id = newPost(ben);
    jobs.sql`UPDATE posts SET visibility = 'PRIVATE'`;
    return notice({ type: "MENTION", entity_type: "post", entity_id: id });
  }],
  "who did it is blocked by now": ["not_permitted", () => {
    jobs.sql`INSERT INTO blocks (blocker_id, blocked_id)
      VALUES (${ann.id}, ${ben.id})`;
    return notice({ type: "USER_FOLLOWED", actor_id: ben.id });
  }, () => jobs.sql`DELETE FROM blocks`],
  "switched off by then": ["preference", () => {
    jobs.sql`INSERT INTO notification_preferences (user_id, email_off)
      VALUES (${ann.id}, '{SYSTEM}')`;
    return notice();
  }],
  "all mails switched off": ["preference", () => {
    jobs.sql`INSERT INTO notification_preferences (user_id, email_enabled)
      VALUES (${ann.id}, false)`;
    return notice();
  }],
  suspended: ["suspended", () => {
    jobs.sql`UPDATE users SET status = 'SUSPENDED'`;
    return notice();
  }],
  "bounced too often": ["bounced", () => {
    jobs.sql`SELECT mail_bounce('u1@example.org', 'hard', 'm' || n, 'no')
      FROM generate_series(1, 2) n`;
    return notice();
  }],
  "bounced a month ago": ["sent", () => {
    jobs.sql`INSERT INTO mail_scores (email, score, updated_at)
      VALUES ('u1@example.org', 9, now() - interval '31 days')`;
    return notice();
  }],
};

for (const [name, [reason, prepare, undo]] of Object.entries(cases))
  test(`at the time of sending: ${name}`, async () => {
    try {
      assert.equal(await reasonFor(prepare()), reason);
    } finally {
      undo?.();
      jobs.sql`DELETE FROM posts`;
    }
  });

test("unsubscribed from a kind; from all; not from safety", async () => {
  jobs.sql`SELECT mail_unsubscribe(${ann.id}, 'onboarding')`;
  put(ann);
  await settled();
  assert.deepEqual(skipped(), ["unsubscribed"]);
  jobs.sql`SELECT mail_unsubscribe(${ann.id}, 'system')`;
  const [prefs] = jobs.sql`SELECT email_off, email_enabled
    FROM notification_preferences`;
  assert.deepEqual(prefs, { email_off: ["SYSTEM"], email_enabled: true });
  put(ann, "registered-again", "{}", "security_email");
  await settled();
  assert.equal(sent(), 1);
});

test("a notification of every type has a mail that says what happened", async () => {
  const kinds = jobs.sql`SELECT type::text, mail FROM notification_kinds`;
  assert.equal(kinds.length, 19);
  const [{ id }] = jobs.sql`SELECT id FROM users WHERE username = 'user2'`;
  const post = newPost(ben);
  jobs.sql`INSERT INTO mail_rates (minute, n)
    VALUES (date_trunc('minute', now()), -100)`; // room for all of them
  kinds.forEach(({ type, mail }, i) => {
    const user = `kind${i}`;
    jobs.sql`SELECT (create_user(${`${user}@example.org`}, ${user}, 'x',
      true)).id`;
    jobs.psql(["-c", `
      WITH n AS (SELECT p.id, u.id AS user_id FROM users u, notification_put(
          u.id, '${type}', '${id}', 'post', '${post}', NULL, 'Well said',
          '/post/a-post') p WHERE u.username = '${user}')
      SELECT job_put('mail.send', 'email', jsonb_build_object('mail',
        '${mail}', 'notification', id, 'data', '{}'::jsonb), user_id) FROM n`]);
  });
  jobs.sql`DELETE FROM jobs WHERE kind <> 'mail.send'`;
  await settled();
  assert.deepEqual(skipped(), []);
  kinds.forEach(({ type }, i) => {
    const mail = jobs.mails().find((m) =>
      m.includes(`Delivered-To: kind${i}@`));
    assert.ok(mail, type);
    const [{ title }] = jobs.sql`SELECT title FROM notifications n
      JOIN users u ON u.id = n.user_id
      WHERE u.username = ${`kind${i}`} AND n.type = ${type}
      ORDER BY n.id DESC LIMIT 1`;
    assert.ok(mail.replace(/\r?\n /g, " ").includes(`Subject: ${title}`),
      `${type}: ${title}\n${mail.slice(0, 600)}`);
    assert.match(mail, new RegExp(`^X-Category: ${type.toLowerCase()}$`, "m"));
    assert.match(mail, new RegExp(`token=\\S+\\.${type.toLowerCase()}\\.`));
    assert.match(mail, /https:\/\/sparkle\.test\/post\/a-post/);
  });
  jobs.sql`DELETE FROM posts`;
});

// ---- Bounces ----------------------------------------------------------------

const score = () => jobs.sql`SELECT score::float FROM mail_scores
  WHERE email = 'u1@example.org'`[0]?.score;

test("scores: soft 1, hard 2, a success takes 0.1 off", async () => {
  jobs.sql`SELECT mail_bounce('u1@example.org', 'soft', 'a', 'full')`;
  assert.equal(score(), 1);
  jobs.sql`SELECT mail_bounce('u1@example.org', 'hard', 'b', 'gone')`;
  jobs.sql`SELECT mail_bounce('u1@example.org', 'hard', 'b', 'told twice')`;
  assert.equal(score(), 3);
  put(ann);
  await settled();
  assert.equal(score(), 2.9);
});

function report(to, status, more = "") {
  return `Delivered-To: ${to}
From: MAILER-DAEMON@mx.example.org
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Final-Recipient: rfc822; u1@example.org
Action: failed
${status ? `Status: ${status}` : ""}
${more}
--b--
`;
}

test("bounces in the Maildir: by signed addresses, counted once", async () => {
  const before = new Set(jobs.mails());
  put(ann);
  const mail = await eventually("the mail is there", () =>
    jobs.mails().find((m) => /u1@example\.org/.test(m) && !before.has(m)));
  await settled();
  const to = mail.match(/^Return-Path: <(\S+)>/m)[1];
  assert.match(to, /^bounces\+\d+-[0-9a-f]{20}@sparkle\.test$/);
  const forged = to.replace(/-./, (s) => (s === "-0" ? "-1" : "-0"));
  const guesses = (n) => "+1-2@x ".repeat(n);
  writeFileSync(join(box, "new", "guessed"),
    `${guesses(100)}\n${report(to, "5.1.1")}`, { mode: 0o644 });
  assert.equal(jobs.batch("mail-bounces").status, 0);
  assert.deepEqual(jobs.sql`SELECT 1 AS one FROM mail_bounces`, [],
    "not all that looks like an address of ours is tried");
  const files = {
    hard: report(to, "5.1.1", "Diagnostic-Code: smtp; 550 nobody here"),
    twice: report(to, "5.1.1", "Diagnostic-Code: smtp; 550 nobody here"),
    forged: report(forged, "5.1.1"),
    holiday: report(to, "", "I am away until Monday"),
    empty: "",
  };
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(box, "new", name), text, { mode: 0o644 });
  assert.equal(jobs.batch("--dry-run", "mail-bounces").status, 0);
  assert.equal(readdirSync(join(box, "new")).length, 5);
  const done = jobs.batch("mail-bounces");
  assert.equal(done.status, 0, done.stderr);
  assert.equal(readdirSync(join(box, "new")).length, 0);
  assert.equal(readdirSync(join(box, "cur")).length, 6);
  const rows = jobs.sql`SELECT email, kind, diagnostic FROM mail_bounces`;
  assert.deepEqual(rows, [{
    email: "u1@example.org", kind: "hard",
    diagnostic: "smtp; 550 nobody here",
  }]);
  // Not in UTF-8, after words that only look like the address.
  writeFileSync(join(box, "new", "spam"),
    Buffer.from(`${guesses(90)}\n${report(to, "", "Feedback-Type: ab\xfcse")}`,
      "latin1"));
  assert.equal(jobs.batch("mail-bounces").status, 0);
  assert.equal(readdirSync(join(box, "new")).length, 0);
  assert.equal(score(), 6);
});
