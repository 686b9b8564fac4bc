// jobs.mjs - how fast the queue is, with jobs that do nothing.
//
// usage: scripts/bench jobs [--jobs N] [--seconds N] [--workers N]
//
//   enqueue, bulk       INSERT ... SELECT of all of them
//   enqueue, by 1,000   job_put() a thousand times in a statement
//   enqueue, one by one job_put() in a transaction of its own each: one
//                       connection, and eight (pgbench, prepared)
//   drain               with 1 and 10 places of the queue, and with as many
//                       workers as do best; a second, and a CPU-second of
//                       sparkle-jobs and PostgreSQL together
//   start               from commit to start when all is idle, p50 and p99
//
// PostgreSQL is tuned as production is, and syncs: nothing is switched off.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { pgBin } from "../lib/postgres.mjs";
import { Runner, eventually, sleep } from "../jobs/runner.mjs";
import { cpuOf } from "./lib.mjs";

const options = { jobs: 200000, seconds: 4, workers: 4 };
for (let i = 2; i < process.argv.length; i += 2) {
  const name = process.argv[i].replace(/^--/, "");
  if (!(name in options)) throw new Error(`no option --${name}`);
  options[name] = Number(process.argv[i + 1]);
}
const { jobs: n, seconds } = options;
const jobs = await Runner.start("bench", { run: false, honest: true });
const postmaster = Number(readFileSync(join(jobs.dir, "data/postmaster.pid"),
  "utf8").split("\n")[0]);
jobs.users(1);
jobs.sql`DELETE FROM outbox`;
jobs.sql`DELETE FROM jobs`;

function row(what, count, ms, cpu) {
  const rate = count / (ms / 1000);
  const perCpu = cpu ? `${Math.round(count / (cpu / 1e6))}`.padStart(9) : "";
  console.log(`${what.padEnd(34)} ${`${Math.round(rate)}`.padStart(9)}/s ${
    perCpu}${cpu ? "/CPU-s" : ""}`);
  return rate;
}

function timed(what, count, work) {
  const before = cpuOf([postmaster]);
  const began = performance.now();
  work();
  row(what, count, performance.now() - began, cpuOf([postmaster]) - before);
}

function empty() {
  jobs.psql(["-c", "TRUNCATE jobs"], "", "sparkle", "postgres");
  jobs.psql(["-c", "CHECKPOINT"], "", "sparkle", "postgres");
}

const fill = () => jobs.psql(["-c", `INSERT INTO jobs (queue, kind)
  SELECT 'analytics', 'noop' FROM generate_series(1, ${n})`]);

// ---- Enqueue ----------------------------------------------------------------

function pgbench(clients) {
  const script = join(jobs.dir, "put.sql");
  writeFileSync(script, "SELECT job_put('noop', 'analytics', '{}');\n");
  const out = execFileSync(join(pgBin, "pgbench"), ["-n", "-M",
    "prepared", "-c", clients, "-j", "1", "-T", seconds, "-f", script, "-h",
    jobs.dir, "-U", "sparkle_app", "sparkle"].map(String),
  { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return Number(/actually processed: (\d+)/.exec(out)[1]);
}

function oneByOne(clients) {
  const before = cpuOf([postmaster]);
  const count = pgbench(clients);
  row(`enqueue, one by one, ${clients} connection${clients > 1 ? "s" : ""}`,
    count, seconds * 1000, cpuOf([postmaster]) - before);
}

function enqueue() {
  timed("enqueue, bulk", n, fill);
  empty();
  timed("enqueue, by 1,000", n, () => jobs.psql(["-c",
    Array.from({ length: Math.ceil(n / 1000) }, () =>
      `SELECT count(job_put('noop', 'analytics', '{}'))
        FROM generate_series(1, 1000);`).join("\n")]));
  empty();
  for (const clients of [1, 8, 32]) oneByOne(clients);
  empty();
}

// ---- Drain ------------------------------------------------------------------

async function drain(what, workers, places) {
  empty();
  jobs.configure({ children: workers, pm: "static" });
  jobs.sql`UPDATE job_queues SET concurrency = ${places}, paused_at = now()
    WHERE name = 'analytics'`;
  fill();
  jobs.psql(["-c", "VACUUM ANALYZE jobs"], "", "sparkle", "postgres");
  await jobs.up();
  await eventually("the workers are there", () =>
    jobs.workers().length === workers);
  await sleep(500);
  const roots = [jobs.master(), postmaster];
  const before = cpuOf(roots);
  const began = performance.now();
  jobs.sql`UPDATE job_queues SET paused_at = NULL`;
  jobs.wake();
  await eventually("all are done", () => jobs.sql`SELECT 1 FROM jobs
    WHERE state = 'available' LIMIT 1`.length === 0, 120);
  const rate = row(what, n, performance.now() - began, cpuOf(roots) - before);
  await jobs.killMaster();
  return rate;
}

// ---- From enqueue to start --------------------------------------------------

async function latency() {
  empty();
  jobs.configure({ children: 2 });
  await jobs.up();
  await sleep(1500);
  const psql = spawn("psql", ["-X", "-q", "-A", "-t", "-h", jobs.dir, "-U",
    "sparkle_owner", "sparkle"], { stdio: ["pipe", "pipe", "inherit"] });
  const redis = createConnection(`${jobs.dir}/redis.sock`);
  await once(redis, "connect");
  for (let i = 0; i < 200; i++) {
    await sleep(20);
    psql.stdin.write(`INSERT INTO jobs (queue, kind, created_at)
      VALUES ('analytics', 'noop', clock_timestamp());\n\\echo done\n`);
    await once(psql.stdout, "data");
    redis.write("PUBLISH sparkle:jobs 1\r\n");
  }
  await jobs.drained(10);
  psql.stdin.end();
  redis.destroy();
  const ms = jobs.sql`SELECT extract(epoch FROM started_at - created_at) * 1000
    AS ms FROM jobs ORDER BY 1`.map((r) => r.ms);
  console.log(`start after enqueue, idle: p50 ${ms[100].toFixed(2)} ms, ` +
    `p99 ${ms[197].toFixed(2)} ms`);
}

console.log(`${n} jobs that do nothing; ${options.workers} workers at most\n`);
enqueue();
await drain("drain, 1 place", 1, 1);
await drain("drain, 10 places, 2 workers", 2, 10);
let best = 0;
for (let workers = 1; workers <= options.workers; workers++)
  best = Math.max(best, await drain(`drain, ${workers} workers`, workers, 20));
console.log(`drain, best: ${Math.round(best)}/s`);
await latency();
process.exit(0);
