// The door of notifications: who is told of what, when, by which ways.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import {
  ann,
  begin,
  ben,
  due,
  jobs,
  like,
  thing,
  put,
  rows,
  settled,
  tell,
  wants,
} from "./door.mjs";
import { child } from "../lib/child.mjs";
import { eventually } from "./runner.mjs";

begin("channels");

// ---- The types ----

test("the types are those of the specification", () => {
  const found = jobs.sql`SELECT type::text, gate, keep::text,
    priority FROM notification_kinds ORDER BY type::text`;
  const all = jobs.sql`SELECT unnest(enum_range(NULL::notification_type))::text
    AS type ORDER BY 1`;
  assert.deepEqual(
    found.map((k) => k.type),
    all.map((k) => k.type),
  );
  const by = (gate) =>
    found
      .filter((k) => k.gate === gate)
      .map((k) => k.type)
      .join(" ");
  assert.equal(by("post_likes"), "COMMENT_LIKED POST_LIKED");
  assert.equal(by("post_comments"), "COMMENT_REPLIED POST_COMMENTED");
  assert.equal(by("new_followers"), "USER_FOLLOWED");
  assert.equal(by("mentions"), "MENTION");
  assert.equal(by("direct_messages"), "DIRECT_MESSAGE TRADE_REQUEST");
  assert.equal(by("group_invites"), "GROUP_INVITE GROUP_POST");
  assert.equal(
    by("event_reminders"),
    "EVENT_REMINDER WATCH_PARTY_INVITE YOUTUBE_PREMIERE",
  );
  const kept = (keep) =>
    found
      .filter((k) => k.keep === keep)
      .map((k) => k.type)
      .join(" ");
  assert.equal(kept("30 days"), "SYSTEM");
  assert.equal(
    kept("90 days"),
    "ACHIEVEMENT_UNLOCKED CONTENT_FEATURED LEVEL_UP MILESTONE_REACHED",
  );
  assert.equal(kept("7 days").split(" ").length, 14);
});

test("every type has a title without holes, and what is known stands in it", () => {
  for (const { type } of jobs.sql`SELECT type FROM notification_kinds`)
    tell({ type, actor: ben.id });
  const titles = rows();
  assert.equal(titles.length, 19);
  for (const n of titles) assert.doesNotMatch(n.title, /[{}]/, n.type);
  jobs.sql`DELETE FROM notifications`;
  tell({
    type: "GROUP_INVITE",
    actor: ben.id,
    data: { groupName: "The {actor}s" },
  });
  assert.equal(rows()[0].title, "user2 invites you to The {actor}s");
});

// ---- Who wants what ----

test("a gate that is off tells nothing; e-mail off is not in-app off", () => {
  wants("post_likes = false");
  assert.equal(tell(like()), "");
  wants("post_likes = true, email_enabled = false");
  for (const type of ["ACHIEVEMENT_UNLOCKED", "LEVEL_UP", "SYSTEM"])
    assert.notEqual(tell({ type }), "", type);
  assert.deepEqual(put("notification.mail"), []);
  assert.equal(rows().length, 3);
});

test("who has no row of preferences is told", () => {
  assert.notEqual(tell(like()), "");
  assert.equal(put("notification.mail").length, 1);
});

test("a type that is off in-app is mailed, and in no list or count", () => {
  wants("in_app_off = '{POST_LIKED,LEVEL_UP,SYSTEM}'");
  tell(like());
  tell({ title: "Notices come anyway" });
  tell({ type: "LEVEL_UP", data: { level: 2 } });
  assert.equal(put("notification.mail").length, 3);
  assert.deepEqual(
    jobs.sql`SELECT title FROM notification_rows ORDER BY created_at`,
    [{ title: "Notices come anyway" }, { title: "You reached level 2" }],
  );
  wants("email_off = '{POST_LIKED}', push_off = '{POST_LIKED}'");
  assert.equal(tell(like("00000000-0000-0000-0000-000000000002")), "");
});

test("the caller can leave channels out", () => {
  tell({ channels: "" });
  tell({ channels: "push,sms" });
  assert.equal(rows().length, 2);
  assert.deepEqual(put("notification.mail"), []);
});

// ---- Consolidation ----

test("one row a day: later, or once it was read, there is another", () => {
  const first = tell(like());
  assert.equal(tell({ ...like(), actor: null }), first);
  assert.equal(tell(like(), "23 hours"), first);
  assert.notEqual(tell(like(), "25 hours"), first);
  jobs.sql`UPDATE notifications SET read = true, read_at = now()`;
  const third = tell(like(), "26 hours");
  assert.equal(rows().length, 3);
  assert.equal(rows().find((n) => n.id === third).actor_count, 1);
  assert.equal(put("notification.mail").length, 3);
});

test("an act is taken back within five minutes, not later", () => {
  const back = (later) =>
    jobs
      .psql([
        "-c",
        `SET sparkle.clock_offset = '${later}'`,
        "-c",
        `SELECT notification_take_back('${ann.id}', 'POST_LIKED', 'post',
        '${thing}', '${ben.id}')`,
      ])
      .trim();
  tell(like());
  assert.equal(back("6 minutes"), "f");
  assert.equal(rows().length, 1);
  assert.equal(back("4 minutes"), "t");
  assert.equal(rows().length, 0);
  tell(like());
  jobs.sql`UPDATE notifications SET read = true, read_at = now()`;
  assert.equal(back("1 minute"), "t", "also when it was read already");
});

// ---- Mail ----

test("mail waits ten minutes, and names what it is about", async () => {
  tell(like());
  assert.deepEqual(
    put("notification.mail").map((j) => j.wait),
    [600],
  );
  tell({ ...like(), actor: null });
  due();
  const job = await eventually("a mail is put", () => put("mail.send")[0]);
  assert.equal(job.queue, "email");
  assert.equal(job.subject_id, ann.id);
  const { id } = rows()[0];
  assert.deepEqual(job.payload, { mail: "post-liked", notification: id });
});

test("what was taken back meanwhile is not mailed", async () => {
  tell(like());
  jobs.sql`DELETE FROM notifications`;
  due();
  await settled();
  assert.deepEqual(put("mail.send"), []);
});

test("hourly mail waits for the full hour", () => {
  wants("email_frequency = 'hourly'");
  tell(like());
  const [{ run_at, wait }] = put("notification.mail");
  assert.equal(Date.parse(run_at) % 3600000, 0, run_at);
  assert.ok(wait >= 600 && wait <= 4200, `${wait} s`);
});

test("what is urgent is mailed at once, by the lane of security", async () => {
  tell({ priority: 2, title: "Look here" });
  jobs.wake();
  const job = await eventually("a mail is put", () => put("mail.send")[0]);
  assert.equal(job.queue, "security_email");
});

test("who wants mail together or never gets none of each", () => {
  for (const often of ["daily", "weekly", "never"]) {
    wants(`email_frequency = '${often}'`);
    assert.notEqual(tell({ title: often }), "");
  }
  assert.deepEqual(put("notification.mail"), []);
  wants("email_frequency = 'never', in_app_off = '{POST_LIKED}'");
  assert.equal(tell(like()), "", "no way is left");
});

// ---- Quiet hours ----

test("quiet hours end by the clocks of the zone", () => {
  const end = (from, until, zone, at) =>
    jobs
      .psql([
        "-c",
        `SELECT to_char(quiet_end('${from}', '${until}',
      '${zone}', '${at}') AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')`,
      ])
      .trim();
  const cases = [
    ["22:00", "07:00", "UTC", "2026-11-21 21:59Z", ""],
    ["22:00", "07:00", "UTC", "2026-11-21 22:00Z", "2026-11-22 07:00"],
    ["22:00", "07:00", "UTC", "2026-11-21 06:59Z", "2026-11-21 07:00"],
    ["22:00", "07:00", "UTC", "2026-11-21 07:00Z", ""],
    ["12:00", "14:00", "Asia/Kolkata", "2026-11-21 06:30Z", "2026-11-21 08:30"],
    ["12:00", "14:00", "Asia/Kolkata", "2026-11-21 08:30Z", ""],
    ["09:00", "09:00", "UTC", "2026-11-21 09:00Z", ""],
    // Clocks go back, forward, and by half an hour.
    [
      "22:00",
      "07:00",
      "Europe/Berlin",
      "2026-10-24 21:00Z",
      "2026-10-25 06:00",
    ],
    [
      "22:00",
      "07:00",
      "Europe/Berlin",
      "2026-03-28 22:00Z",
      "2026-03-29 05:00",
    ],
    [
      "22:00",
      "07:00",
      "America/New_York",
      "2026-11-01 03:00Z",
      "2026-11-01 12:00",
    ],
    [
      "22:00",
      "02:30",
      "America/New_York",
      "2026-03-08 04:00Z",
      "2026-03-08 07:30",
    ],
    [
      "23:00",
      "07:00",
      "Australia/Lord_Howe",
      "2026-04-04 13:00Z",
      "2026-04-04 20:30",
    ],
    [
      "23:00",
      "07:00",
      "Pacific/Auckland",
      "2026-09-26 12:00Z",
      "2026-09-26 18:00",
    ],
  ];
  for (const [from, until, zone, at, wanted] of cases)
    assert.equal(end(from, until, zone, at), wanted, `${zone} ${at}`);
});

test("mail waits for the end of quiet hours; what is most urgent does not", () => {
  const now = new Date();
  const at = (hours) =>
    new Date(now.getTime() + hours * 3600000).toISOString().slice(11, 16);
  wants(`quiet_from = '${at(-1)}', quiet_until = '${at(3)}'`);
  tell({ title: "soon" });
  const [job] = put("notification.mail");
  assert.ok(job.wait > 2.9 * 3600 && job.wait <= 3 * 3600, `${job.wait} s`);
  tell({ title: "now", priority: 3 });
  assert.equal(put("notification.mail")[1].wait, 0);
  assert.equal(rows().length, 2, "in-app at once");
});

test("a mail whose delay would end in quiet hours waits for their end", () => {
  const now = Date.now();
  const at = (minutes) =>
    new Date(now + minutes * 60000).toISOString().slice(11, 16);
  wants(`quiet_from = '${at(5)}', quiet_until = '${at(180)}'`);
  tell({ title: "before they begin" });
  const [job] = put("notification.mail");
  assert.ok(job.wait > 2.9 * 3600 && job.wait <= 3 * 3600, `${job.wait} s`);
});

test("a time zone must be one", () => {
  const set = (zone) => () =>
    jobs.psql([
      "-c",
      `UPDATE users SET time_zone = '${zone}'
      WHERE id = '${ann.id}'`,
    ]);
  for (const zone of [
    "Europe/Berlin",
    "America/Argentina/Ushuaia",
    "UTC",
    "Etc/GMT+5",
  ])
    set(zone)();
  for (const zone of ["Mars/Base", "FOO5", "<+03>-3", "", "europe/../x"])
    assert.throws(set(zone), /no such time zone/, zone);
  set("UTC")();
});

// ---- Open tabs ----

test("open tabs hear of it after the commit", async (t) => {
  const heard = [];
  const ear = child(t, "redis-cli", [
    ...["-s", join(jobs.dir, "redis.sock"), "subscribe"],
    `notifications:${ann.id}`,
  ]);
  ear.stdout.on("data", (some) => heard.push(some));
  await eventually("it listens", () => heard.length > 0);
  tell({ title: "Hello" });
  tell({ title: "Again" });
  jobs.wake();
  const words = () =>
    Buffer.concat(heard)
      .toString()
      .split("\n")
      .filter((l) => l.startsWith("{"))
      .map((l) => JSON.parse(l));
  await eventually("two words", () => words().length === 2);
  ear.kill();
  const last = words().at(-1);
  assert.equal(last.type, "notification");
  assert.equal(last.unread, 2);
  assert.equal(last.notification.title, "Again");
});

// ---- To everybody ----

test("a word to everybody: once each, by what they want", async () => {
  jobs.psql([
    "-c",
    `SELECT create_user('bulk' || n || '@example.org', 'bulk' || n, 'x', true)
    FROM generate_series(1, 1100) n`,
    ...["-c", "UPDATE users SET status = 'BANNED' WHERE username = 'bulk7'"],
    ...["-c", "UPDATE users SET role = 'ADMIN' WHERE username = 'bulk8'"],
  ]);
  wants("email_enabled = true");
  jobs.sql`UPDATE notification_preferences SET email_enabled = false
    WHERE user_id = ${ann.id}`;
  const bulk = (what) =>
    jobs.ctl("jobs", "put", "notification.bulk", JSON.stringify(what));
  const told = (title) => jobs.sql`SELECT user_id FROM notifications
    WHERE title = ${title} AND type = 'SYSTEM'`;
  assert.equal(bulk({ title: "To all", url: "/terms" }).status, 0);
  jobs.wake();
  await eventually("all were told", () => told("To all").length === 1101, 60);
  await eventually(
    "in three jobs",
    () =>
      put("notification.bulk").filter((j) => j.state === "completed").length ===
      3,
  );
  const ids = new Set(told("To all").map((n) => n.user_id));
  assert.equal(ids.size, 1101, "nobody twice, the banned one not");
  const mails = put("notification.mail").map((j) => j.payload.notification);
  assert.equal(mails.length, 1100, "who wants no mail gets none");
  assert.equal(bulk({ title: "To one", role: "ADMIN" }).status, 0);
  jobs.wake();
  await eventually("one was told", () => told("To one").length === 1);
  await settled();
  assert.equal(told("To one").length, 1);
  for (const bad of [{}, { title: "x", priority: 4 }, { title: "x", role: "X" }])
    assert.equal(bulk(bad).status, 1, JSON.stringify(bad));
});
