// A new configuration or binary while requests run.
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { Daemon, alive, lull, run, sleep, toy, until } from "./daemon.mjs";

const refused = async (d, pattern) => {
  await d.logged(/reload: refused/);
  return d.logged(pattern);
};

test("SIGHUP takes over a new configuration, under the same process id", async (t) => {
  const d = await Daemon.start(t);
  const [before, old] = [await d.status(), await d.workers()];
  d.configure({ toy: { greeting: "good morning" } });
  await d.reload("SIGHUP");
  // Until they go, an old one may still answer.
  await until("the old workers have gone", () => old.every((pid) => !alive(pid)));
  assert.equal(await d.ask("greeting"), "good morning");
  const after = await d.status();
  assert.equal(after.master_pid, before.master_pid);
  assert.equal(after.start_time, before.start_time);
  assert.equal(after.reloads, 1);
});

test("20 reloads under load: no request fails", async (t) => {
  const d = await Daemon.start(t, {
    pools: {
      a: { pm: "static", max_children: 4 },
      b: { max_children: 6, min_spare_servers: 1, max_spare_servers: 2 },
      c: { pm: "ondemand", max_children: 3, process_idle_timeout: "50ms" },
    },
  });
  const loads = [
    d.load(["echo x", "sleep 3", `echo ${"y".repeat(200)}`], { clients: 6, pool: "a" }),
    d.load(["echo x", "sleep 20"], { clients: 3, pool: "b" }),
    d.load(["echo x"], { clients: 2, pool: "c" }),
  ];
  for (let i = 0; i < 20; i++) {
    await d.reload(i % 2 ? "SIGHUP" : "SIGUSR2");
    await sleep(50);
  }
  const results = await Promise.all(loads.map((l) => l.stop()));
  for (const { failed } of results) assert.deepEqual(failed, []);
  const done = results.reduce((sum, r) => sum + r.done, 0);
  t.diagnostic(`${done} requests, 0 failed, over 20 reloads`);
  assert.ok(done > 200, `only ${done}: no load to speak of`);
  await until("the old workers have gone", async () =>
    (await d.status()).pools.every((p) => p.stopping_processes === 0),
  );
  const served = (await d.status()).pools.reduce((sum, p) => sum + p.accepted_conn, 0);
  assert.equal(served, done);
});

test("old workers go even when connections never cease to wait", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 1 } } });
  const load = d.load(["sleep 5"], { clients: 12 });
  await sleep(200);
  const old = await d.workers();
  await d.reload();
  await until("the old worker has gone", () => old.every((pid) => !alive(pid)));
  assert.deepEqual((await load.stop()).failed, []);
});

test("requests that run are finished by the old workers", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 2 } } });
  const asked = [d.ask("sleep 3000"), d.ask("sleep 3000")];
  await d.working(2);
  await d.reload();
  assert.equal((await d.pool()).stopping_processes, 2);
  assert.equal(await d.ask("echo meanwhile"), "meanwhile");
  assert.deepEqual(await Promise.all(asked), ["slept", "slept"]);
});

test("the old workers' slow requests are still watched", async (t) => {
  const pools = { a: { pm: "static", max_children: 1, request_slowlog_timeout: "400ms", request_terminate_timeout: "1s" } };
  const d = await Daemon.start(t, { pools });
  const asked = d.ask("sleep 5000 SELECT 2");
  await sleep(50);
  await d.reload();
  assert.equal((await d.logged(/slow request/)).sql, "SELECT 2");
  assert.equal(await asked, "504 too slow");
});

test("a bad configuration is refused with file and line, and the old one serves", async (t) => {
  const d = await Daemon.start(t, { toy: { greeting: "first" } });
  const old = await d.workers();
  d.configure({ toy: { greeting: "second" }, raw: "[toy]\ngreting = x\n" });
  d.signal("SIGHUP");
  const line = await refused(d, /has no setting greting/);
  assert.equal(line.msg, `${d.config}:${d.lineOf("greting")}: [toy] has no setting greting`);
  assert.equal(await d.ask("greeting"), "first");
  assert.deepEqual(await d.workers(), old);
  assert.equal((await d.status()).reloads_refused, 1);
  d.configure({ toy: { greeting: "third" } });
  await d.reload();
  // An old worker may have taken a connection before it was told to stop.
  await until("the new one greets", async () => (await d.ask("greeting")) === "third");
});

test("settings that contradict each other are refused with file and line", async (t) => {
  const d = await Daemon.start(t);
  d.configure({ pools: { a: { max_children: 2, min_spare_servers: 1, max_spare_servers: 4 } } });
  d.signal("SIGHUP");
  const line = await refused(d, /max_spare_servers is more than max_children/);
  assert.ok(line.msg.startsWith(`${d.config}:${d.lineOf("max_spare_servers")}: [pool a] `), line.msg);
});

test("what the program itself refuses is refused", async (t) => {
  const d = await Daemon.start(t);
  d.configure({ toy: { refuse: "yes" } });
  d.signal("SIGHUP");
  await refused(d, /the toy refuses/);
  assert.equal(await d.ask("echo on"), "on");
});

test("an address that is taken is found before it is too late", async (t) => {
  const d = await Daemon.start(t);
  const other = await Daemon.start(t);
  d.configure({ pools: { a: {}, b: { listen: other.file("a.sock") } } });
  d.signal("SIGHUP");
  await refused(d, /another program listens there/);
  assert.equal(await d.ask("echo on"), "on");
  assert.equal(await other.ask("echo on"), "on");
});

test("sockets that could not be made are found before it is too late", async (t) => {
  const d = await Daemon.start(t);
  const cases = [
    [{ pools: { a: {}, b: { listen: d.file("none/b.sock") } } }, /\[pool b\] listen: cannot listen on .*none.b\.sock: No such file/],
    [{ master: { status_socket: d.file("none/status") } }, /\[master\] status_socket: cannot listen on .*: No such file/],
    [{ pools: { a: {}, b: { listen_owner: "nobody-of-this-name" } } }, /\[pool b\] listen: .*: there is no such owner/],
    [{ pools: { a: {}, b: { listen: "nowhere.invalid:99999" } } }, /no such address/],
    [{ master: { pid_file: d.file("none/pid") } }, /\[master\] pid_file: .*none.pid: No such file/],
    [{ master: { log: d.file("none/log") } }, /\[master\] log: .*none.log: No such file/],
    [{ master: { slowlog: d.file("none/slow") } }, /\[master\] slowlog: .*none.slow: No such file/],
  ];
  for (const [options, pattern] of cases) {
    d.configure(options);
    d.signal("SIGHUP");
    await d.logged(pattern);
    assert.match((await d.get("/reload")).body, pattern);
  }
  assert.equal(await d.ask("echo on"), "on");
  assert.equal((await d.status()).reloads, 0);
});

test("another master's pid file is not taken", async (t) => {
  const d = await Daemon.start(t);
  const other = await Daemon.start(t);
  d.configure({ master: { pid_file: other.file("pid") } });
  d.signal("SIGHUP");
  await refused(d, /another master is running/);
  assert.equal(await d.ask("echo on"), "on");
});

// What names one socket twice: pools, and how they name it.
const twins = (d) => [
  { a: {}, b: { listen: d.file("a.sock") } },
  { a: {}, b: { listen: `${d.dir}//a.sock` } },
  { a: {}, b: { listen: `${d.dir}/./a.sock` } },
  { a: {}, b: { listen: d.file("new.sock") }, c: { listen: d.file("new.sock") } },
  { a: {}, b: { listen: d.file("status.sock") } },
  { a: {}, b: { listen: "127.0.0.1:9" }, c: { listen: "localhost:9" } },
  { a: {}, b: { listen: "127.0.0.1:9" }, c: { listen: "9" } },
  { a: {}, b: { listen: "[::]:9" }, c: { listen: "127.0.0.1:9" } },
  { a: {}, b: { listen: "[::1]:9" }, c: { listen: "[0::1]:9" } },
];

test("a socket that is named twice is refused, and all goes on", async (t) => {
  const d = await Daemon.start(t);
  const old = await d.workers();
  for (const [i, pools] of twins(d).entries()) {
    d.configure({ pools });
    d.signal("SIGHUP");
    await until("it is refused", async () => (await d.status()).reloads_refused === i + 1);
    const { body } = await d.get("/reload");
    assert.match(body, /^\S+:\d+: \[pool [bc]\] listen: \S+ is named twice: /, JSON.stringify(pools));
    assert.equal(await d.ask("echo on"), "on");
  }
  assert.deepEqual(await d.workers(), old);
});

test("sockets that differ are not refused", async (t) => {
  const d = new Daemon({});
  t.after(() => d.end());
  fs.mkdirSync(d.file("other"));
  for (const pools of [
    { a: {}, b: { listen: d.file("other/a.sock") } },
    { a: { listen: "127.0.0.1:9" }, b: { listen: "127.0.0.2:9" } },
    { a: { listen: "127.0.0.1:9" }, b: { listen: "127.0.0.1:10" } },
    { a: { listen: "[::1]:9" }, b: { listen: "127.0.0.1:9" } },
    { a: { listen: null }, b: { listen: null } },
  ]) {
    d.configure({ pools });
    const { stderr } = await run(toy, ["-t", "-c", d.config]);
    assert.doesNotMatch(stderr ?? "", /named twice/, JSON.stringify(pools));
  }
});

test("a socket that is lost after the check does not end the service", async (t) => {
  const d = await Daemon.start(t);
  const taken = d.file("b.sock");
  fs.chmodSync(d.dir, 0o777); // the checker, who is nobody, makes the file
  d.configure({ pools: { a: {}, b: {} }, toy: { spoil: taken, greeting: "new" } });
  d.signal("SIGHUP");
  await d.logged(/the old workers go on until the sockets can be opened/);
  await d.logged(/b\.sock: a file that is no socket is there/);
  assert.equal(await d.ask("echo on"), "on");
  fs.rmSync(taken);
  await d.logged(/^reloaded$/);
  assert.equal(await d.ask("greeting", "b"), "new");
});

test("another configuration ends the wait for a socket", async (t) => {
  const d = await Daemon.start(t);
  fs.chmodSync(d.dir, 0o777);
  d.configure({ pools: { a: {}, b: {} }, toy: { spoil: d.file("b.sock") } });
  d.signal("SIGHUP");
  await d.logged(/the old workers go on until the sockets can be opened/);
  d.configure({ toy: { greeting: "again" } });
  d.signal("SIGHUP");
  await d.logged(/^reloaded$/);
  await until("the new one greets", async () => (await d.ask("greeting")) === "again");
});

test("a new binary takes over without a lost request", async (t) => {
  const dir = fs.mkdtempSync("/tmp/sparkle-toy-");
  fs.chmodSync(dir, 0o755);
  t.after(() => fs.rmSync(dir, { recursive: true }));
  const binary = `${dir}/toy`;
  fs.copyFileSync(toy, binary);
  const d = await Daemon.start(t, { binary, pools: { a: { pm: "static", max_children: 3 } } });
  assert.equal(await d.ask("version"), "toy-version-1");
  const load = d.load(["echo x", "sleep 3"]);
  const bytes = fs.readFileSync(toy);
  const at = bytes.indexOf("toy-version-1");
  bytes.write("toy-version-2", at);
  fs.writeFileSync(`${dir}/new`, bytes, { mode: 0o755 });
  fs.renameSync(`${dir}/new`, binary);
  await d.reload("SIGUSR2");
  await until("the new one answers", async () => (await d.ask("version")) === "toy-version-2");
  await lull(200);
  assert.deepEqual((await load.stop()).failed, []);

  fs.writeFileSync(`${dir}/new`, "no program at all", { mode: 0o755 });
  fs.renameSync(`${dir}/new`, binary);
  d.signal("SIGUSR2");
  await refused(d, /Exec format error/);
  assert.equal(await d.ask("version"), "toy-version-2");

  fs.rmSync(binary);
  d.signal("SIGUSR2");
  await refused(d, /No such file/);
  assert.equal(await d.ask("version"), "toy-version-2");
});

test("old workers go on serving while the new ones do not come up", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 2 } } });
  const old = await d.workers();
  d.configure({ pools: { a: { pm: "static", max_children: 2 } }, toy: { die_at_start: "yes" } });
  d.signal("SIGHUP");
  await d.logged(/crash loop/);
  for (let i = 0; i < 10; i++) assert.ok(old.includes(Number(await d.ask("pid"))));
  d.configure({ pools: { a: { pm: "static", max_children: 2 } } });
  await d.reload();
  await until("the new ones answer", async () => !old.includes(Number(await d.ask("pid"))));
});

test("new workers that need long to start are waited for", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 2 } } });
  const load = d.load();
  d.configure({ pools: { a: { pm: "static", max_children: 2 } }, toy: { start_delay: "1500ms" } });
  await d.reload();
  await lull(100);
  assert.deepEqual((await load.stop()).failed, []);
});

test("pools come and go", async (t) => {
  const d = await Daemon.start(t, { pools: { a: {}, b: {} } });
  const asked = d.ask("sleep 800", "b");
  await d.working(1, "b");
  d.configure({ pools: { a: {}, c: {} } });
  await d.reload();
  assert.equal(await d.ask("echo new", "c"), "new");
  assert.equal(await asked, "slept");
  await assert.rejects(d.ask("echo gone", "b"));
  assert.deepEqual((await d.status()).pools.map((p) => p.pool), ["a", "c"]);
  assert.ok(!fs.existsSync(d.file("b.sock")));
});

test("reloads that come in a heap end in the last configuration", async (t) => {
  const d = await Daemon.start(t);
  const load = d.load();
  for (let i = 0; i < 30; i++) {
    d.configure({ toy: { greeting: `number ${i}` } });
    d.signal("SIGHUP");
    await sleep(i % 7);
  }
  await until("the last one greets", async () => (await d.ask("greeting")) === "number 29");
  assert.deepEqual((await load.stop()).failed, []);
});

test("a file that turns bad after the check does not end the service", async (t) => {
  const d = await Daemon.start(t);
  fs.chmodSync(d.dir, 0o777); // the checker, who is nobody, spoils it
  d.configure({ toy: { spoil: d.config } });
  d.signal("SIGHUP");
  await d.logged(/changed after it was checked/);
  await d.logged(/toy\.conf:1: not a \[section\]/);
  assert.equal(await d.ask("echo on"), "on");
  d.configure({ toy: { greeting: "better" } });
  await d.logged(/^reloaded$/);
  // An old worker may have taken a connection before it was told to stop.
  await until("the new one greets", async () => (await d.ask("greeting")) === "better");
});

test("another max_children and backlog are taken over", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 2 } } });
  d.configure({ pools: { a: { pm: "static", max_children: 5, listen_backlog: 100 } } });
  await d.reload();
  await until("there are five", async () => (await d.pool()).total_processes === 5);
  assert.equal((await d.pool()).listen_queue_len, 100);
});
