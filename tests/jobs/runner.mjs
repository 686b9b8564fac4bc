// The job runner alone: a private PostgreSQL and Redis, the schema, and
// sparkle-jobs with as many workers as a test wants.
//
//   const jobs = await Runner.start("name", { children: 4 });
//   jobs.sql`SELECT 1 AS one`   jobs.wake()   jobs.workers()   jobs.stop()
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pgBin } from "../lib/postgres.mjs";
import { buildDir, eventually, lull, sleep, top } from "../lib/stack.mjs";
import { fromTemplate } from "../lib/template.mjs";

export { eventually, lull, sleep };

/** [auth] encryption_key of every runner. */
export const encryptionRing = `k1:${"ad".repeat(32)}`;

const isRoot = process.getuid() === 0;

/** Words that run a program as the user who serves. */
export function asUser(words) {
  return isRoot ? ["runuser", "-u", "sparkle", "--", ...words] : words;
}

function literal(value) {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "number") return String(value);
  return `'${String(value).replaceAll("'", "''")}'`;
}

export class Runner {
  static async start(name, options = {}) {
    const jobs = new Runner();
    if (isRoot && spawnSync("id", ["sparkle"]).status !== 0)
      execFileSync("/usr/sbin/useradd", ["--system", "sparkle"]);
    jobs.dir = mkdtempSync(`/tmp/jobs-${name}-`);
    chmodSync(jobs.dir, 0o755);
    process.on("exit", () => jobs.stop());
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
      process.once(signal, () => process.exit(130));
    jobs.call("install", "-d", join(jobs.dir, "run"), join(jobs.dir, "mail"));
    jobs.begin(options);
    jobs.startRedis();
    jobs.loadFunctions();
    jobs.configure(options);
    if (options.run !== false) await jobs.up();
    return jobs;
  }

  call(...words) {
    if (isRoot) spawnSync("chown", ["sparkle", this.dir]);
    const [program, ...args] = asUser(words);
    return execFileSync(program, args, { cwd: "/", encoding: "utf8" });
  }

  // ---- Servers ----

  /** PostgreSQL, with the tables. */
  begin(options) {
    fromTemplate("jobs", this.dir, ["data"], () => {
      this.makeDatabase(options);
      this.pgCtl("stop", "-m", "fast");
    });
    if (existsSync(join(this.dir, "data"))) this.startPostgres(options);
    else this.makeDatabase(options);
  }

  pgCtl(...words) {
    const data = join(this.dir, "data");
    this.call(join(pgBin, "pg_ctl"), "-s", "-w", "-D", data, ...words);
  }

  /** honest: tuned as production is, and syncing, for a benchmark. */
  startPostgres({ honest = false }) {
    const options = [
      ...["-c listen_addresses=''", `-c unix_socket_directories='${this.dir}'`],
      ...["-c jit=off", "-c max_connections=60"],
      ...(honest
        ? ["-c shared_buffers=512MB", "-c max_wal_size=4GB"]
        : ["-c fsync=off"]),
    ].join(" ");
    this.pgCtl("start", "-l", join(this.dir, "postgres.log"), "-o", options);
  }

  startRedis() {
    this.call(
      ...["redis-server", "--port", "0", "--daemonize", "yes", "--save", ""],
      ...["--unixsocket", join(this.dir, "redis.sock"), "--dir", this.dir],
      ...["--pidfile", join(this.dir, "redis.pid")],
    );
  }

  stopRedis() {
    spawnSync("redis-cli", ["-s", join(this.dir, "redis.sock"), "shutdown"]);
  }

  makeDatabase(options) {
    const sql = join(top, "sql");
    this.call(
      ...[join(pgBin, "initdb"), "-D", join(this.dir, "data")],
      ...["-U", "postgres", "-A", "trust", "--no-sync"],
      ...["-E", "UTF8", "--locale=C.UTF-8"],
    );
    this.startPostgres(options);
    this.psql(["-f", join(sql, "roles.sql")], "", "postgres", "postgres");
    this.psql(
      ["-c", "CREATE DATABASE sparkle OWNER sparkle_owner"],
      ...["", "postgres", "postgres"],
    );
    this.psql(["-c", "CREATE TABLE schema_migrations (name text)"]);
    for (const file of readdirSync(join(sql, "migrations")).sort())
      this.migrate(join(sql, "migrations", file));
  }

  loadFunctions() {
    const sql = join(top, "sql");
    const files = readFileSync(join(sql, "features.list"), "utf8")
      .split("\n")
      .filter((line) => line && !line.startsWith("#"));
    const all = files.map((file) => readFileSync(join(sql, file), "utf8"));
    this.psql(["-1", "-f", "-"], all.join("\n"));
  }

  /** In a transaction, unless its first line says otherwise. */
  migrate(file) {
    const outside = readFileSync(file, "utf8").startsWith("-- no-transaction");
    this.psql([...(outside ? [] : ["-1"]), "-f", file]);
  }

  // ---- SQL, as the schema's owner ----

  psql(args, input = "", database = "sparkle", user = "sparkle_owner") {
    const done = spawnSync(
      join(pgBin, "psql"),
      [
        ...["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", this.dir],
        ...["-U", user, "-d", database, ...args],
      ],
      { input, encoding: "utf8", maxBuffer: 1 << 28, timeout: 600000 },
    );
    if (done.status !== 0) throw new Error(`psql: ${done.stderr}`);
    return done.stdout;
  }

  /** Rows as objects; a statement that gives none: an empty list. */
  sql(strings, ...values) {
    const text = String.raw({ raw: strings }, ...values.map(literal));
    if (!/^\s*(select|with)\b/i.test(text)) {
      this.psql(["-c", text]);
      return [];
    }
    const rows = this.psql(["-c", `SELECT json_agg(_) FROM (${text}) _`]);
    return JSON.parse(rows.trim() || "null") ?? [];
  }

  // ---- sparkle-jobs ----

  configure(options) {
    const { children = 3, settings = "", master = "", more = "" } = options;
    const { database = "sparkle", web, pm = "dynamic" } = options;
    const { mail = "" } = options;
    const { transport = `file:${join(this.dir, "mail")}` } = options;
    this.conf = join(this.dir, "sparkle.conf");
    this.pidFile = join(this.dir, "run/sparkle-jobs.pid");
    this.log = join(this.dir, "run/sparkle-jobs.log");
    writeFileSync(
      this.conf,
      `[site]
url = https://sparkle.test
mail_from = Sparkle <noreply@sparkle.test>
emails = ${join(top, "emails")}
${web ? `web = ${web}` : ""}
[database]
host = ${this.dir}
name = ${database}
[redis]
socket = ${join(this.dir, "redis.sock")}
[auth]
pepper = k1:${"ac".repeat(32)}
encryption_key = ${encryptionRing}
signing_key = k1:${"ab".repeat(32)}
[mail]
transport = ${transport}
${mail}
[jobs_master]
pid_file = ${this.pidFile}
log = ${this.log}
restart_backoff = 20ms
${master}
[jobs main]
pm = ${pm}
max_children = ${children}
start_servers = 1
min_spare_servers = 1
max_spare_servers = 1
${settings}
${more}
`,
    );
  }

  async up() {
    const [program, ...args] = asUser([
      ...[join(buildDir, "sparkle-jobs"), "--config", this.conf],
    ]);
    this.child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.child.stderr.on("data", (some) => (this.said = (this.said ?? "") + some));
    await eventually(`sparkle-jobs runs: ${this.said}`, () =>
      this.workers().length > 0, 15);
  }

  master() {
    try {
      return Number(readFileSync(this.pidFile, "utf8"));
    } catch {
      return 0;
    }
  }

  workers() {
    const master = this.master();
    if (!master) return [];
    try {
      const list = `/proc/${master}/task/${master}/children`;
      return readFileSync(list, "utf8").split(" ").filter(Boolean).map(Number);
    } catch {
      return [];
    }
  }

  /** kill -9 of the master; its workers leave by themselves. */
  async killMaster() {
    const all = [this.master(), ...this.workers()];
    for (const pid of all) this.kill(pid);
    await eventually("all are gone", () =>
      all.every((pid) => !existsSync(`/proc/${pid}`)));
    rmSync(this.pidFile, { force: true });
  }

  kill(pid, signal = "SIGKILL") {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (error.code !== "ESRCH") throw error;
    }
  }

  kept() {
    return existsSync(this.log) ? readFileSync(this.log, "utf8") : "";
  }

  wake() {
    spawnSync("redis-cli", [
      ...["-s", join(this.dir, "redis.sock"), "publish", "sparkle:jobs", "1"],
    ]);
  }

  /** Waits until no event and no job is left to be done by now. */
  drained(seconds = 30) {
    return eventually("all jobs are done", () => {
      const [{ left }] = this.sql`
        SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM jobs
          WHERE state NOT IN ('completed', 'discarded')
            AND (state <> 'scheduled' OR run_at <= now())) AS left`;
      return left === 0;
    }, seconds);
  }

  mails() {
    const box = join(this.dir, "mail/new");
    if (!existsSync(box)) return [];
    return readdirSync(box).map((file) => readFileSync(join(box, file), "utf8"));
  }

  /** n users; their rows. */
  users(n, verified = true) {
    this.sql`SELECT (create_user('u' || n || '@example.org', 'user' || n,
      'x', ${verified})).id FROM generate_series(1, ${n}) n`;
    return this.sql`SELECT id, username, email FROM users ORDER BY id`;
  }

  batch(...args) {
    return this.program("sparkle-batch", ...args);
  }

  ctl(...args) {
    return this.program("sparklectl", ...args);
  }

  /** What sparkle-jobs says of its configuration. */
  testConfig() {
    return this.program("sparkle-jobs", "--test-config");
  }

  programPath(name) {
    return join(buildDir, name);
  }

  /** A command line for a shell, as the user who serves. */
  asUserWords(words) {
    return isRoot ? `runuser -u sparkle -- ${words}` : words;
  }

  program(name, ...args) {
    const [program, ...words] = asUser([
      ...[this.programPath(name), "--config", this.conf, ...args],
    ]);
    return spawnSync(program, words, { encoding: "utf8", cwd: "/" });
  }

  stop() {
    if (this.stopped) return;
    this.stopped = true;
    for (const pid of [this.master(), ...this.workers()])
      if (pid) this.kill(pid);
    this.stopRedis();
    try {
      this.call(
        ...[join(pgBin, "pg_ctl"), "stop", "-s", "-m", "immediate"],
        ...["-D", join(this.dir, "data")],
      );
    } catch {
      // It was not running.
    }
    if (process.exitCode) {
      mkdirSync(join(top, "build/test/logs"), { recursive: true });
      writeFileSync(
        join(top, "build/test/logs/sparkle-jobs.log"),
        this.kept() + (this.said ?? ""),
      );
    }
    if (!process.env.SPARKLE_KEEP)
      rmSync(this.dir, { recursive: true, force: true });
  }
}
