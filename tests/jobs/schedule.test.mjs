// Jobs put by the clock: when a schedule is due, in any zone, and that
// sparkle-jobs puts it once.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Runner, eventually, lull } from "./runner.mjs";

const slow = process.env.SPARKLE_ASAN ? 10 : 1;
let jobs;

before(async () => {
  jobs = await Runner.start("schedule", { children: 2 });
});
after(() => jobs.stop());

const next = (cron, zone, after) =>
  jobs.sql`SELECT to_char(cron_next(${cron}, ${zone}, ${after}) AT TIME ZONE
    'UTC', 'YYYY-MM-DD HH24:MI') AS at`[0].at;

test("cron's fields", () => {
  const from = "2026-11-21 08:30:20Z"; // a Saturday
  const due = (cron) => next(cron, "UTC", from);
  assert.equal(due("* * * * *"), "2026-11-21 08:31");
  assert.equal(due("30 8 * * *"), "2026-11-22 08:30");
  assert.equal(due("*/15 * * * *"), "2026-11-21 08:45");
  assert.equal(due("5/20 9-10 * * *"), "2026-11-21 09:05");
  assert.equal(due("0 3 * * 0"), "2026-11-22 03:00");
  assert.equal(due("0 3 * * 7"), "2026-11-22 03:00");
  assert.equal(due("0 0 1 * *"), "2026-12-01 00:00");
  assert.equal(due("0 0 29 2 *"), "2028-02-29 00:00");
  assert.equal(due("0 0 1,15 1-6 *"), "2027-01-01 00:00");
  // Both days given: either.
  assert.equal(due("0 0 13 * 1"), "2026-11-23 00:00");
  assert.equal(due("every 90 minutes"), "2026-11-21 10:00");
});

test("what is no schedule is refused", () => {
  const refused = (cron, zone = "UTC") =>
    assert.throws(() => jobs.sql`INSERT INTO job_schedules
      (name, queue, kind, cron, time_zone)
      VALUES ('bad', 'analytics', 'noop', ${cron}, ${zone})`, /bad|ERROR/);
  for (const cron of ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *",
    "* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *", "a * * * *",
    "every 0 minutes", "every day", "0 0 30 2 *"])
    refused(cron);
  refused("* * * * *", "Mars/Olympus");
});

test("local times over the change of clocks", () => {
  // Berlin, 29 March 2026: 02:00 becomes 03:00; 25 October: 03:00 becomes 02:00.
  const berlin = (cron, after) => next(cron, "Europe/Berlin", after);
  assert.equal(berlin("30 2 * * *", "2026-03-29 00:00Z"), "2026-03-29 01:30");
  assert.equal(berlin("30 2 * * *", "2026-03-29 01:30Z"), "2026-03-30 00:30");
  assert.equal(berlin("30 2 * * *", "2026-10-24 12:00Z"), "2026-10-25 01:30");
  assert.equal(berlin("30 2 * * *", "2026-10-25 01:30Z"), "2026-10-26 01:30");
  // Every half hour follows the real time through the hour that comes twice.
  const times = [];
  let at = "2026-10-24 23:45Z";
  for (let i = 0; i < 5; i++) {
    at = berlin("*/30 * * * *", at);
    times.push(at.slice(11));
    at += "Z";
  }
  assert.deepEqual(times, ["00:00", "00:30", "01:00", "01:30", "02:00"]);
  // Half an hour of change, and the south.
  assert.equal(next("0 9 * * *", "Australia/Lord_Howe", "2026-10-04 00:00Z"),
    "2026-10-04 22:00");
  assert.equal(next("0 9 * * *", "Australia/Lord_Howe", "2026-10-02 00:00Z"),
    "2026-10-02 22:30");
  assert.equal(next("15 0 * * *", "Asia/Kathmandu", "2026-01-01 00:00Z"),
    "2026-01-01 18:30");
});

const runs = () => jobs.sql`SELECT state FROM jobs
  WHERE unique_key = 'schedule:tick' ORDER BY id`;

test("sparkle-jobs puts what is due, missed ones once", async () => {
  jobs.sql`INSERT INTO job_schedules (name, queue, kind, cron)
    VALUES ('tick', 'analytics', 'noop',
      (extract(minute FROM now())::int + 30) % 60 || ' * * * *')`; // not soon
  await lull(1200);
  assert.deepEqual(runs(), []);
  jobs.sql`UPDATE job_schedules SET next_run_at = now() - interval '3 days'
    WHERE name = 'tick'`;
  await eventually("it ran", () => runs().length === 1 &&
    runs()[0].state === "completed", 5 * slow);
  await lull(2100);
  assert.equal(runs().length, 1);
  const [row] = jobs.sql`SELECT next_run_at > now() AS later,
    last_run_at > now() - interval '1 minute' AS ran FROM job_schedules`;
  assert.deepEqual(row, { later: true, ran: true });
});

test("while its job is unfinished no second one is put", async () => {
  jobs.sql`DELETE FROM jobs`;
  jobs.sql`UPDATE job_queues SET paused_at = now() WHERE name = 'analytics'`;
  jobs.sql`UPDATE job_schedules SET cron = 'every 1 second'`;
  await lull(3200);
  assert.equal(runs().length, 1);
  jobs.sql`UPDATE job_queues SET paused_at = NULL`;
  await eventually("it goes on", () => runs().length >= 2, 6 * slow);
});

test("a schedule that fails is switched off, and stops nobody", async () => {
  jobs.psql(["-c", `ALTER TABLE job_schedules DISABLE TRIGGER ALL`], "",
    "sparkle", "postgres");
  jobs.sql`INSERT INTO job_schedules (name, queue, kind, cron, next_run_at)
    VALUES ('broken', 'analytics', 'noop', 'nonsense', now())`;
  jobs.psql(["-c", `ALTER TABLE job_schedules ENABLE TRIGGER ALL`], "",
    "sparkle", "postgres");
  await eventually("it is off", () => jobs.sql`SELECT 1 FROM job_schedules
    WHERE name = 'broken' AND NOT enabled`.length === 1, 5 * slow);
  const n = runs().length;
  await eventually("the other goes on", () => runs().length > n, 6 * slow);
});

test("sparklectl: schedule, list, take back", () => {
  assert.equal(jobs.ctl("jobs", "schedule", "nightly", "0 4 * * *", "noop",
    '{"note": "hi"}', "--zone", "Europe/Berlin").status, 0);
  assert.match(jobs.ctl("jobs", "schedules").stdout,
    /^nightly +0 4 \* \* \* +Europe\/Berlin +analytics +noop /m);
  const refused = jobs.ctl("jobs", "schedule", "bad", "0 4 * *", "noop");
  assert.equal(refused.status, 1);
  const unknown = jobs.ctl("jobs", "schedule", "bad", "0 4 * * *", "nope");
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /nope: no such kind/);
  assert.equal(jobs.ctl("jobs", "unschedule", "nightly").status, 0);
  assert.equal(jobs.ctl("jobs", "unschedule", "nightly").status, 1);
});
