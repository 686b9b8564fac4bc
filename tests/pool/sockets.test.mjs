// Listening sockets, systemd, the command line.
import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import { test } from "node:test";
import { child } from "../lib/child.mjs";
import { Daemon, askAt, helper, run, sleep, toy, until } from "./daemon.mjs";

const freePort = () =>
  new Promise((done) => {
    const s = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = s.address();
      s.close(() => done(port));
    });
  });

test("a stale Unix socket is replaced", async (t) => {
  const first = new Daemon({});
  t.after(() => fs.rmSync(first.dir, { recursive: true }));
  await first.launch();
  process.kill(first.pid, "SIGKILL");
  await first.exited;
  assert.ok(fs.existsSync(first.file("a.sock")));
  await until("its workers have gone", () => askAt({ path: first.file("a.sock") }, "echo x").then(() => false, () => true));
  fs.rmSync(first.file("log"));
  await first.launch();
  assert.equal(await first.ask("echo hi"), "hi");
  first.signal("SIGTERM");
  assert.equal(await first.exited, 0);
});

test("a live Unix socket is refused, and left alone", async (t) => {
  const d = await Daemon.start(t);
  const other = new Daemon({ pools: { a: { listen: d.file("a.sock") } } });
  t.after(() => other.end());
  await other.launch({ ready: null });
  assert.equal(await other.exited, 1);
  assert.match(other.logText(), /another program listens there/);
  assert.equal(await d.ask("echo still"), "still");
});

test("a file that is no socket is not removed", async (t) => {
  const d = new Daemon({});
  t.after(() => d.end());
  fs.writeFileSync(d.file("a.sock"), "precious");
  await d.launch({ ready: null });
  assert.equal(await d.exited, 1);
  assert.equal(fs.readFileSync(d.file("a.sock"), "utf8"), "precious");
});

test("two masters with one pid file: the second is refused", async (t) => {
  const d = await Daemon.start(t);
  const other = new Daemon({ master: { pid_file: d.file("pid") } });
  t.after(() => other.end());
  await other.launch({ ready: null });
  assert.equal(await other.exited, 1);
  assert.match(other.logText(), /another master is running/);
  assert.equal(fs.readFileSync(d.file("pid"), "utf8"), `${d.pid}\n`);
});

test("listen_mode holds", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { listen_mode: "0600" } }, master: { status_mode: "0640" } });
  assert.equal(fs.statSync(d.file("a.sock")).mode & 0o777, 0o600);
  assert.equal(fs.statSync(d.file("status.sock")).mode & 0o777, 0o640);
});

test("TCP: host:port, and its queue is known", async (t) => {
  const port = await freePort();
  const d = await Daemon.start(t, {
    pools: { a: { listen: `127.0.0.1:${port}`, listen_mode: null, pm: "static", max_children: 1 } },
  });
  assert.equal(await askAt({ port, host: "127.0.0.1" }, "echo hi"), "hi");
  const there = { port, host: "127.0.0.1" };
  const asked = [askAt(there, "sleep 5000")];
  await d.working(1);
  for (let i = 0; i < 3; i++) asked.push(askAt(there, "echo hi"));
  await until("three wait", async () => (await d.pool()).listen_queue === 3);
  await Promise.all(asked);
  const load = Array.from({ length: 30 }, () => askAt({ port, host: "127.0.0.1" }, "sleep 10"));
  await d.reload();
  assert.deepEqual(new Set(await Promise.all(load)), new Set(["slept"]));
});

for (const [what, name] of [["by name", "a"], ["by address", "whatever.socket"]])
  test(`socket activation: systemd's socket is found ${what}, and is kept`, async (t) => {
    const d = await Daemon.start(t, {
      command: (self) => [helper, "listen", name, self.file("a.sock"), toy],
    });
    fs.chmodSync(d.file("a.sock"), 0o666);
    assert.equal(await d.ask("echo hi"), "hi");
    await d.reload();
    assert.equal(await d.ask("echo hi again"), "hi again");
    d.signal("SIGTERM");
    assert.equal(await d.exited, 0);
    assert.ok(fs.existsSync(d.file("a.sock")), "the file is systemd's");
  });

test("systemd is told: ready, reloading, watchdog, stopping", async (t) => {
  const d = new Daemon({});
  const notes = [];
  const listener = child(t, helper, ["notified", d.file("notify")], { stdio: ["ignore", "pipe", "inherit"] });
  listener.stdout.on("data", (b) => notes.push(...b.toString().trimEnd().split("\n")));
  t.after(() => d.end());
  await until("somebody listens", () => notes.includes("listening"));
  const said = (pattern) => until(`systemd hears ${pattern}`, () => notes.some((n) => pattern.test(n)));
  await d.launch({ env: { NOTIFY_SOCKET: d.file("notify"), WATCHDOG_USEC: "400000" } });
  await said(/^READY=1 STATUS=\d+ workers/);
  await said(/^WATCHDOG=1/);
  notes.length = 0;
  await d.reload();
  await said(/^RELOADING=1 MONOTONIC_USEC=\d+/);
  await said(/^READY=1/);
  notes.length = 0;
  await said(/^WATCHDOG=1/);
  d.signal("SIGTERM");
  await said(/^STOPPING=1/);
});

test("--test-config says what is wrong, with file and line", async (t) => {
  const d = new Daemon({});
  t.after(() => d.end());
  const good = await run(toy, ["--test-config", "--config", d.config]);
  assert.equal(good.status, 0);
  assert.match(good.stdout, /toy\.conf: the configuration is good/);
  d.configure({ raw: "[pool a]\npm = sometimes\n[nonsense]\n" });
  const bad = await run(toy, ["-t", "-c", d.config]);
  assert.equal(bad.status, 1);
  const lines = bad.stderr.trimEnd().split("\n");
  assert.equal(lines[0], `${d.config}:${d.lineOf("pm =")}: pm = sometimes is none of static, dynamic, ondemand`);
  assert.equal(lines[1], `${d.config}:${d.lineOf("[nonsense]")}: there is no section [nonsense]`);
});

test("a program without a pool does not start", async (t) => {
  const d = new Daemon({ pools: {} });
  t.after(() => d.end());
  assert.match((await run(toy, ["-t", "-c", d.config])).stderr, /no \[pool NAME\]/);
});

test("--help, --version, and a word too many", async () => {
  const help = await run(toy, ["--help"]);
  assert.equal(help.status, 0);
  assert.match(help.stdout, /--test-config/);
  assert.equal((await run(toy, ["--version"])).stdout, "toy 1\n");
  assert.equal((await run(toy, ["--nonsense"])).status, 2);
  assert.equal((await run(toy, ["word"])).status, 2);
});

test("--daemonize returns once it serves, or with a failure", async (t) => {
  const d = new Daemon({ toy: { start_delay: "300ms" } });
  t.after(() => d.end());
  const began = Date.now();
  assert.equal((await run(toy, ["-D", "-c", d.config])).status, 0);
  assert.ok(Date.now() - began >= 300);
  assert.equal(await d.ask("echo hi"), "hi");
  const pid = Number(fs.readFileSync(d.file("pid"), "utf8"));
  assert.equal((await run(toy, ["-D", "-c", d.config])).status, 1, "it is running already");
  process.kill(pid, "SIGTERM");
  await until("it has ended", () => !fs.existsSync(d.file("pid")));
});
