// A toy daemon of one test: its directory, configuration, log and clients.
//
//   const d = await Daemon.start(t, { pools: { a: { pm: "static" } } });
//   await d.ask("echo hi")
//
// The test's context ends it, and fails the test if anything was left behind.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const top = path.resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
const build = process.env.SPARKLE_BUILD ?? path.join(top, "build");
export const toy = process.env.SPARKLE_TOY ?? path.join(build, "tests/pool/toy");
export const helper = process.env.SPARKLE_HELPER ?? path.join(build, "tests/pool/helper");

export const asRoot = process.getuid() === 0;
export { lull, sleep } from "../lib/stack.mjs";
import { sleep } from "../lib/stack.mjs";

/** Waits until check() gives something true, and returns it. */
export async function until(what, check, ms = 30000) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > end) assert.fail(`waited ${ms} ms in vain until ${what}`);
    await sleep(20);
  }
}

/** Sends a line and resolves with all that comes back; rejects where nothing does. */
export function askAt(address, line, ms = 60000) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(address);
    let got = "";
    socket.setTimeout(ms, () => socket.destroy(new Error(`no answer to ${line}`)));
    socket.on("connect", () => socket.write(`${line}\n`));
    socket.on("data", (bytes) => (got += bytes));
    socket.on("error", (error) => (got ? resolve(got) : reject(error)));
    socket.on("close", () =>
      got ? resolve(got.replace(/\n$/, "")) : reject(new Error(`closed without an answer to ${line}`)),
    );
  });
}

export const alive = (pid) => {
  try {
    // A zombie that nobody reaps in a container is as good as gone.
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

const sectionText = (name, settings) =>
  `[${name}]\n${Object.entries(settings)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join("")}\n`;

export class Daemon {
  constructor(options) {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), "sparkle-pool-"));
    fs.chmodSync(this.dir, 0o755);
    this.binary = options.binary ?? toy;
    this.config = path.join(this.dir, "toy.conf");
    this.written = "";
    this.loads = [];
    this.configure(options);
  }

  file(name) {
    return path.join(this.dir, name);
  }

  /** Writes the configuration; `raw` goes at its end. */
  configure({ pools = { a: {} }, master = {}, toy = {}, raw = "" }) {
    const all = {
      master: {
        pid_file: this.file("pid"),
        log: this.file("log"),
        status_socket: this.file("status.sock"),
        ...(asRoot ? { user: "nobody" } : {}),
        ...master,
      },
      toy,
    };
    for (const [name, settings] of Object.entries(pools)) {
      all[`pool ${name}`] = { listen: this.file(`${name}.sock`), listen_mode: "0666", ...settings };
      for (const key of Object.keys(all[`pool ${name}`]))
        if (all[`pool ${name}`][key] === null) delete all[`pool ${name}`][key];
    }
    this.written = Object.entries(all).map(([name, s]) => sectionText(name, s)).join("") + raw;
    fs.writeFileSync(this.config, this.written);
  }

  /** The line of the configuration file in which `text` stands. */
  lineOf(text) {
    return this.written.split("\n").findIndex((line) => line.includes(text)) + 1;
  }

  static async start(t, options = {}) {
    const d = new Daemon(options);
    t.after(() => d.end());
    await d.launch(options);
    return d;
  }

  async launch({ env = {}, command, ready = /"msg":"serving"/ } = {}) {
    const [program, ...words] = command?.(this) ?? [this.binary];
    this.process = spawn(program, [...words, "--config", this.config], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.stderr = "";
    this.process.stderr.on("data", (bytes) => (this.stderr += bytes));
    this.exited = new Promise((done) => this.process.on("exit", (code, signal) => done(signal ?? code)));
    let gone = false;
    this.exited.then(() => (gone = true));
    if (ready)
      await until("the daemon serves", () => {
        if (gone) assert.fail(`the daemon ended: ${this.stderr}${this.logText()}`);
        return ready.test(this.logText());
      });
    return this;
  }

  get pid() {
    return this.process.pid;
  }

  /** Not process.kill: it may have gone, and not be noticed yet. */
  signal(name) {
    return this.process.kill(name);
  }

  async end() {
    for (const load of this.loads) await load.stop();
    if (this.process && this.process.exitCode === null && this.process.signalCode === null) {
      this.signal("SIGTERM");
      const late = setTimeout(() => this.signal("SIGKILL"), 60000);
      const status = await this.exited;
      clearTimeout(late);
      assert.equal(status, 0, `the daemon ended with ${status}: ${this.stderr}`);
    }
    assert.doesNotMatch(this.stderr ?? "", /Sanitizer|runtime error/);
    assert.doesNotMatch(this.logText(), /"bug":/);
    fs.rmSync(this.dir, { recursive: true, force: true });
  }

  ask(line, pool = "a", ms) {
    return askAt({ path: this.file(`${pool}.sock`) }, line, ms);
  }

  /** What the status socket says: { status, headers, body }. */
  get(url, method = "GET") {
    return new Promise((resolve, reject) => {
      const options = { socketPath: this.file("status.sock"), path: url, method, agent: false };
      const request = http.request(options, (answer) => {
        let body = "";
        answer.on("data", (bytes) => (body += bytes));
        answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body }));
      });
      request.on("error", reject);
      request.end();
    });
  }

  async status() {
    return JSON.parse((await this.get("/status?json&full")).body);
  }

  async pool(name = "a") {
    return (await this.status()).pools.find((pool) => pool.pool === name);
  }

  /** Waits until so many workers of a pool serve. */
  async working(n, name = "a") {
    await until(`${n} work`, async () => (await this.pool(name)).active_processes === n);
  }

  async workers(name = "a") {
    const all = (await this.status()).processes;
    return all.filter((p) => p.pool === name).map((p) => p.pid);
  }

  logText(name = "log") {
    try {
      return fs.readFileSync(this.file(name), "utf8");
    } catch {
      return "";
    }
  }

  log(name) {
    return this.logText(name)
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
  }

  /** The first log line whose message matches, once it is there. */
  logged(pattern, name, ms) {
    return until(`${name ?? "log"} says ${pattern}`, () => this.log(name).find((l) => pattern.test(l.msg)), ms);
  }

  /** Signals, and waits until the new generation serves alone. */
  async reload(signal = "SIGHUP") {
    const done = () => this.log().filter((l) => l.msg === "reloaded").length;
    const before = done();
    this.signal(signal);
    await until("it is reloaded", () => done() > before);
  }

  /** Clients that ask without a pause; stop() says how it went. */
  load(lines = ["echo x"], { clients = 4, pool = "a" } = {}) {
    const result = { done: 0, failed: [] };
    let on = true;
    const lane = async (i) => {
      for (let n = i; on; n++) {
        const line = lines[n % lines.length];
        try {
          const answer = await this.ask(line, pool);
          if (line.startsWith("echo ") && answer !== line.slice(5)) throw new Error(`${line}: ${answer}`);
          result.done++;
        } catch (error) {
          result.failed.push(error.message);
        }
      }
    };
    const lanes = Array.from({ length: clients }, (_, i) => lane(i));
    const stop = async () => {
      on = false;
      await Promise.all(lanes);
      return result;
    };
    this.loads.push({ stop });
    return { result, stop };
  }
}

/** Runs a program to its end: { status, stdout, stderr }. */
export async function run(program, words, options = {}) {
  try {
    return { status: 0, ...(await promisify(execFile)(program, words, options)) };
  } catch (error) {
    return { status: error.code, stdout: error.stdout, stderr: error.stderr };
  }
}
