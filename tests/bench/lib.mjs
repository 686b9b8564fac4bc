// lib.mjs - what the benchmark measures with: processes' CPU from /proc, wrk,
// pgbench, redis-benchmark.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pgBin } from "../lib/postgres.mjs";

/** Scripts for wrk and pgbench; gone when we are. */
const scratch = mkdtempSync(join(tmpdir(), "sparkle-bench-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => process.exit(1));

export const sleep = (seconds) =>
  new Promise((done) => setTimeout(done, seconds * 1000));

const tick = 1e6 / Number(execFileSync("getconf", ["CLK_TCK"]));

/** Processes as {pid, ppid, name, command, cpu} with cpu in microseconds. */
export function processes() {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        const rest = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return [{
          pid: Number(pid),
          ppid: Number(rest[1]),
          command: command.replaceAll("\0", " "),
          cpu: (Number(rest[11]) + Number(rest[12]) + Number(rest[13]) +
            Number(rest[14])) * tick,
        }];
      } catch {
        return [];
      }
    });
}

/** The pids below a root, itself included. */
export function tree(root, all = processes()) {
  const found = new Set([root]);
  for (let grew = true; grew;) {
    grew = false;
    for (const p of all)
      if (found.has(p.ppid) && !found.has(p.pid)) {
        found.add(p.pid);
        grew = true;
      }
  }
  return found;
}

/** CPU microseconds used so far by the trees of these roots. */
export function cpuOf(roots) {
  const all = processes();
  let sum = 0;
  for (const root of roots) {
    const members = tree(root, all);
    for (const p of all) if (members.has(p.pid)) sum += p.cpu;
  }
  return sum;
}

/** Proportional set size of one process, in KiB; 0 if it has ended. */
export function pss(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let out = "", err = "";
    child.stdout.on("data", (d) => (out += d));
    child.stderr.on("data", (d) => (err += d));
    child.on("error", reject);
    child.on("close", (code) => code === 0 ? resolve(out)
      : reject(new Error(`${command}: ${code}: ${err}${out}`)));
  });
}

const units = { us: 1e-3, ms: 1, s: 1000, m: 60000 };
const millis = (text) => {
  const m = /([\d.]+)(us|ms|s|m)/.exec(text);
  return m ? Number(m[1]) * units[m[2]] : NaN;
};

/** Loads an address: {rate, p50, p99, errors, requests, cpu per request}. */
export async function wrk(roots, { url, paths = [], headers = {}, body,
  method = "GET", seconds }) {
  const lua = join(scratch, "load.lua");
  const list = (paths.length ? paths : [new URL(url).pathname + new URL(url).search])
    .map((p) => JSON.stringify(p)).join(",");
  writeFileSync(lua, `
local paths, n = {${list}}, 0
wrk.method = ${JSON.stringify(method)}
${Object.entries(headers).map(([k, v]) => `wrk.headers[${JSON.stringify(k)}] = ${JSON.stringify(v)}`).join("\n")}
${body ? `wrk.body = ${JSON.stringify(body)}` : ""}
function request() n = n + 1; return wrk.format(nil, paths[n % #paths + 1]) end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %f %f %d\\n", summary.requests,
    summary.duration, e.status + e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99), summary.bytes))
end`);
  const before = cpuOf(roots);
  const out = await run("wrk", ["-t1", "-c8", `-d${seconds}s`,
    "-s", lua, url]);
  const used = cpuOf(roots) - before;
  const [, requests, duration, errors, p50, p99, bytes] =
    /RESULT (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+) (\d+)/.exec(out);
  return {
    requests: Number(requests),
    rate: Number(requests) / (Number(duration) / 1e6),
    errors: Number(errors),
    p50: Number(p50) / 1000,
    p99: Number(p99) / 1000,
    bytes: Number(bytes) / Number(requests),
    cpu: used / Number(requests),
  };
}

/** Posts JSON one after the other on one connection, until the time is over and
 * the last is answered: wrk hangs up on those it has asked for, which counts
 * where a second has but a few. */
export async function oneByOne(roots, { url, headers, bodies, seconds }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  const post = (body) => new Promise((resolve, reject) => {
    const asked = request(url, { agent, method: "POST", headers }, (answer) => {
      let bytes = 0;
      answer.on("data", (some) => (bytes += some.length));
      answer.on("end", () => resolve({ bytes, good: answer.statusCode < 300 }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
  await post(bodies()); // the handshake
  const took = [], sizes = [];
  let errors = 0;
  const before = cpuOf(roots), began = performance.now();
  for (let t = began; t < began + seconds * 1000;) {
    const { bytes, good } = await post(bodies());
    took.push(performance.now() - t);
    t += took.at(-1);
    sizes.push(bytes);
    errors += good ? 0 : 1;
  }
  const used = cpuOf(roots) - before;
  agent.destroy();
  const sorted = took.toSorted((a, b) => a - b);
  const at = (part) => sorted[Math.floor(part * (sorted.length - 1))];
  return { requests: took.length, rate: took.length / ((performance.now() - began) / 1000),
    errors, p50: at(0.5), p99: at(0.99), cpu: used / took.length,
    bytes: sizes.reduce((a, b) => a + b, 0) / sizes.length };
}

/** Runs statements as prepared ones on 8 connections; CPU of PostgreSQL per
 * transaction, in microseconds. */
export async function pgbench(postmaster, env, statements, seconds) {
  const files = statements.flatMap((sql, i) => {
    const name = join(scratch, `${i}.sql`);
    writeFileSync(name, sql + ";\n");
    return ["-f", name];
  });
  const before = cpuOf([postmaster]);
  const out = await run(join(pgBin, "pgbench"),
    ["-n", "-M", "prepared", "-c", "8", "-j", "1", "-T", String(seconds),
      ...files], { env: { ...process.env, ...env } });
  // Only when the postmaster has reaped a backend is its CPU counted there.
  await sleep(1);
  const used = cpuOf([postmaster]) - before;
  const n = Number(/actually processed: (\d+)/.exec(out)[1]);
  return { cpu: used / n, rate: n / seconds };
}

/** CPU of Redis per EVALSHA of a script, in microseconds. */
export async function evalsha(pid, socket, words, n) {
  const before = cpuOf([pid]);
  await run("redis-benchmark", ["-s", socket, "-n", String(n), "-c", "8", "-q",
    ...words]);
  return { cpu: (cpuOf([pid]) - before) / n };
}

export { millis, run };
