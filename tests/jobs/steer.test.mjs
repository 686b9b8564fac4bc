// Steering: pausing queues, retrying and cancelling jobs, putting them by
// hand; and that the last free worker is kept for what is urgent.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Runner, eventually, lull } from "./runner.mjs";
import { top } from "../lib/stack.mjs";

const slow = process.env.SPARKLE_ASAN ? 10 : 1;
let jobs;
let hole; // a mail server that takes connections and says nothing
let people;

before(async () => {
  hole = createServer((socket) => {
    hole.open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => hole.open.delete(socket));
  });
  hole.open = new Set();
  await new Promise((go) => hole.listen(0, "127.0.0.1", go));
  jobs = await Runner.start("steer", { children: 3 });
  people = jobs.users(8);
  await jobs.drained();
});
after(() => {
  for (const socket of hole.open) socket.destroy();
  hole.close();
  jobs.stop();
});

const clear = () => jobs.sql`DELETE FROM jobs`;
const job = (id) => jobs.sql`SELECT * FROM jobs WHERE id = ${id}`[0];
const put = (kind, more = "") => jobs.psql(["-c",
  `SELECT job_put('${kind}', 'analytics'${more})`]).trim();
const audit = (action) => jobs.sql`SELECT actor_id, after, user_agent
  FROM audit_log WHERE action = ${action} ORDER BY created_at DESC LIMIT 1`[0];

test("sparklectl pauses and resumes a queue, and it is written down", async () => {
  clear();
  assert.equal(jobs.ctl("jobs", "pause", "analytics").status, 0);
  const id = put("noop");
  jobs.wake();
  await lull(1200);
  assert.equal(job(id).state, "available");
  assert.match(jobs.ctl("jobs").stdout, /^analytics +1 .*paused$/m);
  assert.deepEqual(audit("job.pause"), { actor_id: null,
    after: { queue: "analytics" }, user_agent: "sparklectl" });
  assert.equal(jobs.ctl("jobs", "resume", "analytics").status, 0);
  await eventually("it runs", () => job(id).state === "completed", 5 * slow);
  assert.equal(jobs.ctl("jobs", "pause", "no_such").status, 1);
  assert.equal(jobs.ctl("jobs", "pause").status, 2);
});

test("a discarded job is retried with all its attempts; its trail stays", async () => {
  clear();
  const id = put("no.such.kind", ", p_max_attempts => 1");
  jobs.wake();
  await eventually("it is given up", () => job(id).state === "discarded",
    5 * slow);
  assert.match(jobs.ctl("jobs", "show", id).stdout, /try 1: no handler/);
  assert.equal(jobs.ctl("jobs", "retry", id).status, 0);
  await eventually("it is given up again", () =>
    job(id).state === "discarded" && job(id).errors.length === 2, 5 * slow);
  assert.equal(job(id).attempts, 1);
  assert.equal(audit("job.retry").after.job, Number(id));
});

test("a waiting job is cancelled, a finished one is not", async () => {
  clear();
  const id = put("noop", ", p_run_at => now() + interval '1 hour'");
  assert.equal(jobs.ctl("jobs", "cancel", id).status, 0);
  jobs.sql`UPDATE jobs SET run_at = now() WHERE id = ${id}`;
  await lull(1500);
  assert.equal(job(id).state, "cancelled");
  assert.ok(job(id).finished_at);
  const again = jobs.ctl("jobs", "cancel", id);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /the job is done/);
  assert.equal(jobs.ctl("jobs", "retry", id).status, 0);
  await eventually("it runs", () => job(id).state === "completed", 5 * slow);
  assert.equal(jobs.ctl("jobs", "retry", id).status, 1);
  assert.match(jobs.ctl("jobs", "cancel", "999999").stderr, /no such job/);
  assert.equal(jobs.ctl("jobs", "cancel", "x").status, 2);
});

test("a retry waits for no other of the same key", () => {
  clear();
  jobs.sql`UPDATE job_queues SET paused_at = now() WHERE name = 'analytics'`;
  const id = put("noop", ", p_unique_key => 'k'");
  jobs.sql`UPDATE jobs SET state = 'cancelled' WHERE id = ${id}`;
  put("noop", ", p_unique_key => 'k'");
  const refused = jobs.ctl("jobs", "retry", id);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /jobs_unique_key/);
  jobs.sql`UPDATE job_queues SET paused_at = NULL`;
});

test("putting by hand: the kind, its queue and its payload are checked", async () => {
  clear();
  const put = (...args) => jobs.ctl("jobs", "put", ...args);
  assert.equal(put("noop", '{"note": "hello"}').status, 0);
  await eventually("it ran", () => jobs.sql`SELECT 1 FROM jobs
    WHERE kind = 'noop' AND state = 'completed'`.length === 1, 5 * slow);
  for (const [words, say] of [
    [["noop", '{"nope": 1}'], /no such member/],
    [["noop", "[]"], /must be an object/],
    [["noop", "{}", "--queue", "no_such"], /no such queue/],
    [["noop", "{}", "--queue", "email"], /must be a queue whose jobs/],
    [["__proto__"], /no such kind/],
    [["notify-comment"], /no such kind/],
  ]) {
    const refused = put(...words);
    assert.equal(refused.status, 1, words.join(" "));
    assert.match(refused.stderr, say);
  }
  assert.equal(put().status, 2);
});

test("jobs list finds by queue, kind and state", () => {
  const list = (...args) => jobs.ctl("jobs", "list", ...args).stdout
    .trim().split("\n").length - 1;
  clear();
  for (const state of ["completed", "discarded", "discarded"])
    jobs.sql`INSERT INTO jobs (queue, kind, state) VALUES ('push', 'p',
      ${state})`;
  jobs.sql`INSERT INTO jobs (queue, kind, state) VALUES ('event', 'e',
    'completed')`;
  assert.equal(list(), 4);
  assert.equal(list("--queue", "push"), 3);
  assert.equal(list("--queue", "push", "--state", "discarded"), 2);
  assert.equal(list("--kind", "e"), 1);
  assert.equal(list("--limit", "2"), 2);
  assert.equal(jobs.ctl("jobs", "list", "--state", "odd").status, 2);
});

/** What /metrics of sparkle-jobs says, as {name{labels}: value}. */
function metrics() {
  return new Promise((go, fail) => {
    const from = { socketPath: join(jobs.dir, "run/status"), path: "/metrics" };
    request(from, (res) => {
      let text = "";
      res.on("data", (some) => (text += some));
      res.on("end", () => go(Object.fromEntries(text.split("\n")
        .filter((line) => line && !line.startsWith("#"))
        .map((line) => line.match(/^(.*) (\S+)$/).slice(1)))));
    }).on("error", fail).end();
  });
}

test("metrics: what waits, runs and fails, and the batch programs", async () => {
  clear();
  jobs.configure({ children: 3, settings: "", master:
    `status_socket = ${join(jobs.dir, "run/status")}` });
  await jobs.killMaster();
  await jobs.up();
  jobs.sql`UPDATE job_queues SET paused_at = now() WHERE name = 'analytics'`;
  for (let i = 0; i < 7; i++) put("noop");
  put("noop", ", p_run_at => now() + interval '1 hour'");
  jobs.psql(["-c", "SELECT job_put('no.such.kind', 'event')"]);
  assert.equal(jobs.batch("jobs-cleanup").status, 0);
  const has = async (name, value) => (await metrics())[name] === value;
  await eventually("seven wait", () =>
    has('sparkle_jobs{queue="analytics",state="available"}', "7"), 60 * slow);
  // The gauges are set one after the other.
  await eventually("one is for later", () =>
    has('sparkle_jobs{queue="analytics",state="scheduled"}', "1"), 60 * slow);
  await eventually("the queue is paused", () =>
    has('sparkle_jobs_paused{queue="analytics"}', "1"), 60 * slow);
  await eventually("the oldest has an age", async () =>
    (await metrics())['sparkle_jobs_oldest_age_milliseconds{queue="analytics"}']
      > 0, 60 * slow);
  await eventually("one failed", async () =>
    (await metrics())['sparkle_jobs_failed_total{queue="event"}'] >= 1,
  60 * slow);
  await eventually("the batch ran", async () => (await metrics())[
    'sparkle_batch_last_success_timestamp{batch="jobs-cleanup"}'], 60 * slow);
  const all = await metrics();
  assert.ok(all['sparkle_batch_last_success_timestamp{batch="jobs-cleanup"}']
    > Date.now() / 1000 - 120);
  jobs.sql`UPDATE job_queues SET paused_at = NULL`;
  jobs.psql(["-c", `SELECT job_put('mail.send', 'email',
    '{"mail": "welcome"}', '${people[6].id}')`]);
  jobs.wake();
  await eventually("a mail was sent", () =>
    has('sparkle_mails_total{outcome="sent"}', "1"), 15 * slow);
  await eventually("none waits", () =>
    has('sparkle_jobs{queue="analytics",state="available"}', undefined),
  15 * slow);
  await eventually("seven ran", () =>
    has('sparkle_jobs_run_total{queue="analytics"}', "7"), 15 * slow);
});

test("sparklectl status shows the last runs", () => {
  const said = jobs.ctl("status").stdout;
  assert.match(said, /^jobs-cleanup +\d{4}-\d\d-\d\d \d\d:\d\d +\d+ +\d+ *$/m);
  assert.match(said, /^old-logs +- .*never ran/m);
});

test("sparklectl status --json is one document with all of it", () => {
  const said = JSON.parse(jobs.ctl("status", "--json").stdout);
  assert.equal(said["sparkle-fcgi"], null, "it does not run here");
  const program = said["sparkle-jobs"];
  assert.deepEqual(program.pools.map(({ pool }) => pool), ["main"]);
  assert.ok(program.processes.length > 0);
  const queues = jobs.sql`SELECT name FROM job_queues ORDER BY name`;
  assert.deepEqual(said.queues.map(({ queue }) => queue),
    queues.map(({ name }) => name));
  for (const queue of said.queues) {
    assert.equal(typeof queue.paused, "boolean");
    for (const count of ["waiting", "running", "discarded"])
      assert.ok(Number.isInteger(queue[count]), count);
  }
  const batch = (name) => said.batches.find((one) => one.batch === name);
  const ran = batch("jobs-cleanup");
  assert.match(ran.startedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(ran.exitCode, 0);
  assert.deepEqual(batch("old-logs"),
    { batch: "old-logs", startedAt: null, ms: null, rows: null, exitCode: null });
  const list = jobs.ctl("describe", "batches").stdout.trim().split("\n");
  assert.equal(said.batches.length, list.length);
});

test("mails that hang do not hold up a security mail", async () => {
  clear();
  const { port } = hole.address();
  await jobs.killMaster();
  jobs.configure({ children: 3, settings: "",
    transport: `smtp://127.0.0.1:${port}` });
  await jobs.up();
  const mail = (queue, who) => jobs.psql(["-c", `SELECT job_put('mail.send',
    '${queue}', '{"mail": "welcome"}', '${who.id}')`]).trim();
  const slowOnes = people.slice(0, 6).map((who) => mail("email", who));
  jobs.wake();
  const running = (queue) => jobs.sql`SELECT id FROM jobs
    WHERE queue = ${queue} AND state = 'running'`;
  await eventually("all but one worker hang", () =>
    running("email").length === 2, 10 * slow);
  await lull(1500);
  assert.equal(running("email").length, 2, "the last one is kept free");
  mail("security_email", people[7]);
  jobs.wake();
  await eventually("it is begun", () =>
    running("security_email").length === 1, 30 * slow);
  assert.equal(running("email").length, 2, "while the others still hang");
  assert.equal(slowOnes.length, 6);
});

test("a worker killed while it acts: its job is taken up at once", async () => {
  const [victim] = jobs.sql`SELECT id, worker FROM jobs
    WHERE queue = 'email' AND state = 'running' ORDER BY id LIMIT 1`;
  // Its master sees it die; where a lease ran out it would say so.
  jobs.kill(Number(victim.worker.split("/")[1]));
  await eventually("it is resumed", () =>
    job(victim.id).errors.some((e) => /worker died/.test(e.error)), 60);
});

test("a database behind the program: sparkle-jobs does not start", () => {
  jobs.psql(["-c", "CREATE DATABASE empty OWNER sparkle_owner"], "",
    "postgres", "postgres");
  jobs.psql(["-c", "GRANT CONNECT ON DATABASE empty TO sparkle_app"], "",
    "postgres", "postgres");
  jobs.configure({ children: 1, database: "empty", web: join(top, "web") });
  const said = jobs.testConfig();
  assert.notEqual(said.status, 0);
  assert.match(said.stderr + said.stdout,
    /behind this program by \d+ migrations; run: sparklectl migrate/);
});
