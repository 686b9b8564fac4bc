// sparkle-batch --scheduled: as cron and timers start it.  cron mails whatever
// is said, so what is well says nothing; the journal keeps it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { child } from "../lib/child.mjs";
import { Runner, asUser, eventually } from "./runner.mjs";

let db;
let people;

before(async () => {
  db = await Runner.start("scheduled", { run: false });
  people = db.users(2);
});
after(() => db.stop());

const scheduled = (...args) => db.batch("--scheduled", ...args);
const last = (name) => db.sql`SELECT items, exit_code FROM batch_runs
  WHERE name = ${name} ORDER BY started_at DESC LIMIT 1`[0];

/** One that finds nothing says so on standard error, or in the journal. */
function journalled(name, inJournal) {
  const path = join(db.dir, `${name}.journal`);
  const file = openSync(path, "a+");
  const { dev, ino } = fstatSync(file);
  const [program, ...words] = asUser([
    ...["env", `JOURNAL_STREAM=${dev}:${inJournal ? ino : 1}`],
    ...[db.programPath("sparkle-batch"), "--config", db.conf],
    ...["--scheduled", name],
  ]);
  spawnSync(program, words, { cwd: "/", stdio: ["ignore", file, file] });
  closeSync(file);
  return readFileSync(path, "utf8");
}

test("every program of cron's file says nothing where all is well", () => {
  const lines = db.ctl("describe", "batches", "--cron").stdout.split("\n");
  const names = lines
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split(" ").at(-1));
  assert.ok(names.length >= 15, `${names}`);
  // What is kept by no program yet is no matter of this test.
  db.sql`UPDATE data_retention_policies SET enabled = false
    WHERE table_name IN ('posts', 'comments', 'users')`;
  for (const name of names) {
    const run = scheduled(name);
    assert.equal(run.stdout + run.stderr, "", name);
    assert.equal(run.status, 0, name);
    assert.equal(last(name).exit_code, 0, name);
  }
});

test("cron's file says of each program that repairs whether it does", () => {
  const said = db.ctl("describe", "batches", "--cron").stdout;
  assert.match(said, /^# counter-audit repairs what it finds/m);
  assert.match(said, /^# trending-decay repairs what it finds/m);
  assert.match(said, /^# ledger-audit only reports; --repair by hand/m);
  assert.equal(said.match(/^#/gm).length, 3);
});

test("counter-audit and trending-decay repair, and say what was wrong", () => {
  const [{ id }] = people;
  db.sql`UPDATE user_stats SET total_posts = 7 WHERE user_id = ${id}`;
  const counted = scheduled("counter-audit");
  assert.equal(counted.status, 0);
  assert.match(counted.stderr, /user_stats\.total_posts/);
  assert.equal(scheduled("counter-audit").stderr, "");

  db.psql(["-c", `INSERT INTO posts (author_id, title, status, published_at)
    VALUES ('${id}', 'Ranked', 'published', now())`]);
  db.sql`UPDATE posts SET hot = hot + 1000000 WHERE title = 'Ranked'`;
  const ranked = scheduled("trending-decay");
  assert.equal(ranked.status, 0);
  assert.match(ranked.stderr, /1 posts had a wrong rank/);
  assert.equal(scheduled("trending-decay").stderr, "");
});

test("ledger-audit only reports", () => {
  const [{ id }] = people;
  db.sql`UPDATE user_balances SET sparkle_points = sparkle_points + 1
    WHERE user_id = ${id}`;
  for (let i = 0; i < 2; i++) {
    const run = scheduled("ledger-audit");
    assert.equal(run.status, 1);
    assert.match(run.stderr, /user_balances\.sparkle_points/);
  }
  assert.equal(scheduled("ledger-audit", "--repair").status, 0);
  assert.equal(scheduled("ledger-audit").stderr, "");
});

test("a run that is left to another is no reason for a mail", async (t) => {
  const holder = child(t, "psql", ["-X", "-h", db.dir, "-U", "sparkle_app",
    "-d", "sparkle"], { stdio: ["pipe", "ignore", "inherit"] });
  // A run that ends just now may hold the lock: waited for, without an end.
  holder.stdin.write("SET lock_timeout = 0; SET statement_timeout = 0; SELECT pg_advisory_lock(hashtext('sparkle.batch'), "
    + "hashtext('temp-files'));\n");
  await eventually("the lock is held", () =>
    db.batch("temp-files").status === 3);
  assert.match(db.batch("temp-files").stderr, /another run of it is going on/);
  const run = scheduled("temp-files");
  assert.equal(run.stdout + run.stderr, "");
  assert.equal(run.status, 3);
});

test("a name that is nearly right is told", () => {
  for (const [name, meant] of [["ledger-audti", "ledger-audit"],
    ["everything", null], ["temp-file", "temp-files"]]) {
    const run = db.batch(name);
    assert.equal(run.status, 2);
    if (meant) assert.match(run.stderr, new RegExp(`did you mean ${meant}`));
    else assert.doesNotMatch(run.stderr, /did you mean/);
  }
  for (const [words, meant] of [[["docter"], "doctor"],
    [["user", "lsit"], "user list"], [["migrat", "--plan"], "migrate"]]) {
    const run = db.ctl(...words);
    assert.equal(run.status, 2);
    assert.match(run.stderr, new RegExp(`did you mean ${meant}`));
  }
  assert.match(db.ctl("zzz").stderr, /--help lists them/);
});

test("what fails says so", () => {
  const broken = join(db.dir, "none.conf");
  const [program, ...words] = asUser([
    ...[db.programPath("sparkle-batch"), "--config", broken],
    ...["--scheduled", "temp-files"],
  ]);
  const run = spawnSync(program, words, { encoding: "utf8", cwd: "/" });
  assert.equal(run.status, 1);
  assert.match(run.stderr, /none\.conf/);
});

test("the journal keeps each line with its priority", () => {
  assert.match(journalled("jobs-cleanup", true),
    /^<6>\{"time":.*"msg":"batch done".*\}\n$/);
  assert.equal(journalled("temp-files", false), "");
});
