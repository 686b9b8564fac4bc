// A whole stack of our own: started by scripts/run in a directory and on
// ports of its own, stopped when this process ends, whatever ends it.
//
//   const stack = await Stack.start("api", { settings: "[limits]\n..." });
//   await stack.sql("SELECT 1")   await stack.redis("PING")
//
// X-Forwarded-For and X-Request-Id of 127.0.0.1 are believed (--trust), so
// that each caller of a test has an address, and so rate limits, of its own.
import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createConnection, createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { psqlOf } from "./child.mjs";
import { pgBin } from "./postgres.mjs";
import { fromTemplate } from "./template.mjs";

export const top = join(dirname(fileURLToPath(import.meta.url)), "../..");
const run = promisify(execFile);

/** Where the programs were built: SPARKLE_BUILD, or build/. */
export const buildDir = process.env.SPARKLE_BUILD ?? join(top, "build");

/** What suites leave for people to look at. */
export const output = join(top, "build/test");

export const sleep = (ms) => new Promise((go) => setTimeout(go, ms));

/**
 * Time in which something must not happen, or in which a load goes on: a busy
 * machine can hide a fault from it, but not make one.
 */
export const lull = sleep;

/** Asks until the answer is true, ten times at least, or fails with what was
 * waited for. */
export async function eventually(what, ask, seconds = 10) {
  const end = Date.now() + seconds * 1000;
  let pause = 20;
  for (let n = 0; n < 10 || Date.now() < end; n++) {
    const last = await ask();
    if (last) return last;
    await sleep(pause);
    pause = Math.min(pause * 1.5, 250);
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}

function portIsFree(port) {
  return new Promise((tell) => {
    const server = createServer();
    server.once("error", () => tell(false));
    server.listen(port, "127.0.0.1", () => server.close(() => tell(true)));
  });
}

/** Processes look at different ranges, as what is free is taken later. */
async function freePorts() {
  const first = 20000 + (process.pid % 12) * 1000;
  for (let i = 0; i < 50; i++) {
    const port = first + Math.floor(Math.random() * 999);
    if ((await portIsFree(port)) && (await portIsFree(port + 1))) return port;
  }
  throw new Error("no free ports");
}

const programs = [
  "sparkle-fcgi",
  "sparkle-jobs",
  "sparkle-batch",
  "sparklectl",
];

const isRoot = process.getuid() === 0;

/** A silent server is given up only after what a statement may take. */
const patientSettings = "[database]\ntimeout = 90s\n";

/** libpq's; over what sql/roles.sql gives the role. */
const patience = "-c lock_timeout=60s -c statement_timeout=60s";

/** The user who serves: scripts/run makes it, but our files come first. */
function serviceUser() {
  if (!isRoot) return null;
  const ask = () => spawnSync("getent", ["passwd", "sparkle"]);
  if (ask().status !== 0)
    execFileSync("/usr/sbin/useradd", [
      ...["--system", "--user-group", "--no-create-home"],
      ...["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"],
      "sparkle",
    ]);
  const [, , uid, gid] = ask().stdout.toString().split(":");
  return { uid: Number(uid), gid: Number(gid) };
}

function makeDirs(owner, ...dirs) {
  for (const dir of dirs) {
    mkdirSync(dir, { recursive: true });
    chmodSync(dir, 0o755);
    if (owner) chownSync(dir, owner.uid, owner.gid);
  }
}

export class Stack {
  constructor(name, dir, port) {
    Object.assign(this, { name, dir, port });
    this.url = `https://localhost:${port}`;
    this.conf = join(dir, "etc/sparkle.conf");
    this.failed = false;
    this.env = { ...process.env };
  }

  /**
   * settings: lines for conf.d; args: more options of scripts/run, which has
   * --no-demo unless demo is true; ownPrograms: a copy of the programs, that
   * a test may replace; patient: fifty may wait for one row, on any machine,
   * so that neither locks nor statements are given up.
   */
  static async start(name, options = {}) {
    const { settings = "", args = [], demo = false, ownPrograms } = options;
    const owner = serviceUser();
    const dir = mkdtempSync(`/tmp/sparkle-test-${name}-`);
    const stack = new Stack(name, dir, await freePorts());
    if (options.patient) stack.env.PGOPTIONS = patience;
    makeDirs(owner, dir, join(dir, "etc"), join(dir, "etc/conf.d"));
    const extra = join(dir, "etc/conf.d/test.conf");
    writeFileSync(extra, options.patient ? settings + patientSettings : settings);
    if (owner) chownSync(extra, owner.uid, owner.gid);
    stack.stopWithUs();
    stack.bin = ownPrograms ? stack.copyPrograms() : buildDir;
    stack.args = [
      ...["--dir", dir, "--port", stack.port, "--http-port", stack.port + 1],
      ...["--trust", "127.0.0.1", "--detach", "--no-build", "--quiet"],
      ...["--build-dir", stack.bin, ...(demo ? [] : ["--no-demo"]), ...args],
    ].map(String);
    const parts = ["postgres", "secrets", "tls"];
    if (!demo)
      fromTemplate("stack", dir, parts, () => {
        stack.up();
        stack.down();
      });
    stack.up();
    await stack.ready();
    return stack;
  }

  copyPrograms() {
    const bin = join(this.dir, "bin");
    makeDirs(null, bin);
    for (const name of programs)
      copyFileSync(join(buildDir, name), join(bin, name));
    return bin;
  }

  /** Starts everything. */
  up() {
    const { status, stdout, stderr } = spawnSync(
      join(top, "scripts/run"),
      this.args,
      { env: this.env, stdio: ["ignore", "pipe", "pipe"], timeout: 180000 },
    );
    if (status === 0) return;
    this.failed = true;
    throw new Error(`scripts/run failed (${status}):\n${stdout}${stderr}`);
  }

  ready() {
    const ask = async () => {
      const { request } = await import("./client.mjs");
      const answer = await request(this, "GET", "/health/ready").catch(
        () => null,
      );
      return answer?.status === 200;
    };
    return eventually("/health/ready answers 200", ask, 20);
  }

  /** Stops everything. */
  down() {
    spawnSync(join(top, "scripts/stop"), ["--dir", this.dir, "--quiet"], {
      stdio: ["ignore", "ignore", "inherit"],
      timeout: 120000,
    });
  }

  /** The same for good; the directory goes, its logs stay where we failed. */
  stop() {
    if (this.stopped) return;
    this.stopped = true;
    this.down();
    if (this.failed || process.exitCode) this.keepLogs();
    if (!process.env.SPARKLE_KEEP)
      rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  keepLogs() {
    const to = join(output, "logs", this.name);
    rmSync(to, { recursive: true, force: true });
    if (!existsSync(join(this.dir, "log"))) return;
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(this.dir, "log"), to, { recursive: true });
    process.stderr.write(`the logs are in ${to}\n`);
  }

  stopWithUs() {
    process.on("exit", () => this.stop());
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
      process.once(signal, () => process.exit(130));
  }

  // ---- PostgreSQL ----

  psqlWords(more = []) {
    const password = readFileSync(join(this.dir, "secrets/owner_password"));
    return {
      env: {
        ...process.env,
        PATH: `${pgBin}:${process.env.PATH}`,
        PGPASSWORD: String(password).trim(),
      },
      args: [
        ...["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"],
        ...["-h", join(this.dir, "run"), "-U", "sparkle_owner"],
        ...["-d", "sparkle", ...more],
      ],
    };
  }

  psql(more, input) {
    const { env, args } = this.psqlWords(more);
    const psql = spawn("psql", args, { env, stdio: ["pipe", "pipe", "pipe"] });
    psql.stdin.on("error", () => {});
    psql.stdin.end(input);
    let out = "";
    let err = "";
    psql.stdout.on("data", (some) => (out += some));
    psql.stderr.on("data", (some) => (err += some));
    return new Promise((go, fail) =>
      psql.on("close", (status) =>
        status === 0 ? go(out) : fail(new Error(`psql: ${err}`)),
      ),
    );
  }

  /** psql for the transactions of a test, connected; it ends with the test. */
  async openPsql(t) {
    const { env, args } = this.psqlWords();
    const psql = psqlOf(t, args, env);
    await psql.run("SELECT 1");
    return psql;
  }

  /**
   * The rows of a statement as objects, run as the schema's owner; each
   * ${value} becomes a literal: stack.sql`SELECT * FROM t WHERE id = ${id}`.
   */
  async sql(strings, ...values) {
    const text = Array.isArray(strings)
      ? String.raw({ raw: strings }, ...values.map(literal))
      : strings;
    if (!/^\s*(select|with|values)\b/i.test(text))
      return void (await this.psql([], text));
    const wrapped = /\b(insert into|update|delete from)\b/i.test(text)
      ? `WITH _ AS (${text}) SELECT json_agg(_) FROM _`
      : `SELECT json_agg(_) FROM (${text}) _`;
    return JSON.parse((await this.psql([], wrapped)).trim() || "null") ?? [];
  }

  /** The lines that a statement prints, where sql`` cannot wrap it. */
  async lines(strings, ...values) {
    const text = String.raw({ raw: strings }, ...values.map(literal));
    return (await this.psql([], text)).split("\n").filter(Boolean);
  }

  /** The first column of the first row. */
  async value(strings, ...values) {
    const [row] = await this.sql(strings, ...values);
    return row && Object.values(row)[0];
  }

  sqlFile(path) {
    return this.psql(["-f", path], "");
  }

  // ---- Redis ----

  /** One command; strings, numbers, arrays and null as they come. */
  redis(...words) {
    return new Promise((go, fail) => {
      const socket = createConnection(join(this.dir, "run/redis.sock"));
      let got = Buffer.alloc(0);
      socket.on("error", fail);
      socket.on("data", (some) => {
        got = Buffer.concat([got, some]);
        const answer = readReply(got, 0);
        if (!answer) return;
        socket.destroy();
        if (answer.value instanceof Error) fail(answer.value);
        else go(answer.value);
      });
      const parts = words.map(
        (w) => `$${Buffer.byteLength(String(w))}\r\n${w}\r\n`,
      );
      socket.write(`*${words.length}\r\n${parts.join("")}`);
    });
  }

  // ---- Our own programs ----

  pid(name) {
    return Number(readFileSync(join(this.dir, `run/${name}.pid`), "utf8"));
  }

  program(name) {
    const copied = join(this.dir, "app/bin", name);
    return existsSync(copied) ? copied : join(this.bin, name);
  }

  /** A command line as the user who serves. */
  asUser(program, ...args) {
    return isRoot
      ? ["runuser", ["-u", "sparkle", "--", program, ...args]]
      : [program, args];
  }

  async runAsUser(...words) {
    const [program, args] = this.asUser(...words);
    return (await run(program, args, { cwd: "/", timeout: 60000 })).stdout;
  }

  /** The program and arguments that run a batch program. */
  batchWords(...words) {
    return this.asUser(
      ...[this.program("sparkle-batch"), "--config", this.conf, ...words],
    );
  }

  /** Runs one, which must end well; what it printed. */
  async batch(...words) {
    const [program, args] = this.batchWords(...words);
    return (await run(program, args, { cwd: "/", timeout: 60000 })).stdout;
  }

  /** Starts one of our programs again, after a test ended it. */
  startProgram(name) {
    const log = openSync(join(this.dir, "log", `${name}.log`), "a");
    const [program, args] = this.asUser(
      ...["setsid", this.program(name), "--config", this.conf],
    );
    const options = {
      ...{ cwd: "/", detached: true, env: this.env },
      stdio: ["ignore", log, log],
    };
    spawn(program, args, options).unref();
    closeSync(log);
  }

  /** Runs sparklectl as the user who serves. */
  async ctl(args, input = "") {
    const [program, rest] = this.asUser(
      ...[this.program("sparklectl"), "--config", this.conf, ...args],
    );
    const promise = run(program, rest, { cwd: "/", maxBuffer: 1 << 26 });
    promise.child.stdin.on("error", () => {});
    promise.child.stdin.end(input);
    return (await promise).stdout;
  }

  /** Workers of a program's master: its children. */
  workers(name = "sparkle-fcgi") {
    const { stdout } = spawnSync("pgrep", ["-P", String(this.pid(name))]);
    return stdout.toString().split("\n").filter(Boolean).map(Number);
  }

  /** What the master tells of itself and its pools. */
  async status() {
    const { request } = await import("./client.mjs");
    // A master that is replacing itself does not answer for a moment.
    const answer = await eventually("/status answers", async () => {
      const some = await request(this, "GET", "/status?json");
      return some.status === 200 && some;
    });
    return JSON.parse(answer.text);
  }

  log(name) {
    const file = join(this.dir, "log", name);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** The lines that a program logged about a request, its own among them. */
  async logLines(requestId, name = "sparkle-fcgi.log") {
    const lines = () => {
      const told = this.log(name).split("\n").slice(0, -1);
      const found = told.filter((line) => line.includes(requestId));
      return found.some((line) => line.includes('"route"')) && found;
    };
    // The answer comes before the line.
    return (await eventually(`a line of ${requestId}`, lines)).map((line) => {
      try {
        return JSON.parse(line);
      } catch {
        return { broken: line };
      }
    });
  }
}

function literal(value) {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "number" || typeof value === "boolean")
    return String(value);
  if (Array.isArray(value)) return `ARRAY[${value.map(literal).join(",")}]`;
  const text = String(value).replaceAll("'", "''");
  return text.includes("\\")
    ? ` E'${text.replaceAll("\\", "\\\\")}'`
    : `'${text}'`;
}

/** A reply of RESP2 at a place, or null where it is not whole yet. */
function readReply(bytes, at) {
  const end = bytes.indexOf("\r\n", at);
  if (end < 0) return null;
  const line = bytes.toString("utf8", at + 1, end);
  const next = end + 2;
  switch (String.fromCharCode(bytes[at])) {
    case "+":
      return { value: line, next };
    case "-":
      return { value: new Error(line), next };
    case ":":
      return { value: Number(line), next };
    case "$": {
      const n = Number(line);
      if (n < 0) return { value: null, next };
      if (bytes.length < next + n + 2) return null;
      return {
        value: bytes.toString("utf8", next, next + n),
        next: next + n + 2,
      };
    }
    default:
      return readArray(bytes, next, Number(line));
  }
}

function readArray(bytes, at, n) {
  if (n < 0) return { value: null, next: at };
  const value = [];
  for (let i = 0; i < n; i++) {
    const item = readReply(bytes, at);
    if (!item) return null;
    value.push(item.value);
    at = item.next;
  }
  return { value, next: at };
}
