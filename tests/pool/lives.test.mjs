// The life and death of workers, and what rights they have.
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { Daemon, alive, asRoot, run, lull, sleep, toy, until } from "./daemon.mjs";

test("a crash harms only its own request, is logged, and is made good", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 2 } } });
  await sleep(1100); // so that it does not die at once
  const other = d.ask("sleep 500");
  await assert.rejects(d.ask("crash"));
  const line = await d.logged(/worker died by a signal/);
  assert.equal(line.signal, 6);
  assert.equal(line.route, "crash");
  assert.match(line.request_id, /^toy-/);
  assert.equal(await other, "slept");
  await until("there are two again", async () => (await d.pool()).idle_processes === 2);
  assert.equal((await d.pool()).crashed_workers, 1);
});

test("a worker that ends by itself is replaced", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 1 } } });
  await sleep(1100);
  await assert.rejects(d.ask("exit 7"));
  assert.equal((await d.logged(/worker failed/)).status, 7);
  assert.equal(await d.ask("echo back"), "back");
});

test("workers that die at once are tried again more and more slowly", async (t) => {
  const d = await Daemon.start(t, {
    pools: { a: { pm: "static", max_children: 4 } },
    master: { restart_backoff: "50ms", restart_backoff_max: "5s" },
    toy: { die_at_start: "yes" },
    ready: null,
  });
  await d.logged(/crash loop/);
  const waits = d.log().filter((l) => l.wait_ms).map((l) => l.wait_ms);
  assert.ok(waits.length >= 5);
  assert.deepEqual(waits, [...waits].sort((a, b) => a - b));
  assert.equal(waits[0], 50);
  const before = (await d.pool()).started_workers;
  await lull(1000);
  assert.ok((await d.pool()).started_workers - before <= 2);
  assert.equal((await d.get("/health/live")).status, 503);
  // The one that mends the configuration is not kept waiting.
  d.configure({ pools: { a: { pm: "static", max_children: 4 } } });
  await d.reload();
  assert.equal(await d.ask("echo hi"), "hi");
});

test("kill -9 of workers costs the requests they hold and no other", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 4 } } });
  const load = d.load(["echo x", "sleep 5"], { clients: 4 });
  let killed = 0;
  for (let i = 0; i < 5; i++) {
    await sleep(1050);
    const [victim] = await d.workers();
    process.kill(victim, "SIGKILL");
    killed++;
  }
  const { done, failed } = await load.stop();
  assert.ok(failed.length <= killed, failed.join("\n"));
  assert.ok(done > 500, `${done}`);
});

test("workers leave when their master is killed, once their request is done", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 2 } } });
  const workers = await d.workers();
  const asked = d.ask("sleep 700");
  await d.working(1);
  process.kill(d.pid, "SIGKILL");
  assert.equal(await d.exited, "SIGKILL");
  assert.equal(await asked, "slept");
  await until("they have gone", () => workers.every((pid) => !alive(pid)));
});

test("workers never run as root", { skip: !asRoot && "not root" }, async (t) => {
  const d = await Daemon.start(t);
  assert.notEqual(await d.ask("uid"), "0");
  d.configure({ master: { user: "root" } });
  const said = await run(toy, ["-t", "--config", d.config]);
  assert.equal(said.status, 1);
  assert.match(said.stderr, /toy\.conf:\d+: user root is root/);
  d.configure({ master: { user: "" } });
  assert.match((await run(toy, ["-t", "--config", d.config])).stderr, /\[master\] user: root starts this/);
});

test("nice and memory_limit hold in the workers", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { nice: 7, memory_limit: "300m", max_children: 5 } } });
  const [limit, nice] = (await d.ask("limit")).split(" ");
  assert.equal(nice, "7");
  if (limit === "-1") return t.skip("a sanitizer needs the addresses");
  assert.equal(limit, `${300 * 1024 * 1024}`);
  const got = Number(await d.ask("eat 1000"));
  assert.ok(got > 50 && got < 300, `${got}`);
});

test("ps tells whose worker it is", async (t) => {
  const d = await Daemon.start(t, { pools: { a: {}, other: {} } });
  const title = (pid) => fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replace(/\0+$/, "");
  assert.equal(title((await d.workers("other"))[0]), "toy: pool other");
  await d.reload(); // the master still knows its own words
  assert.equal(title((await d.workers("a"))[0]), "toy: pool a");
});

test("a connection whose wake-up went to a worker that is held up is served by another", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 3 } } });
  for (const held of await d.workers()) {
    process.kill(held, "SIGSTOP");
    assert.equal(await d.ask("echo x", "a", 3000), "x");
    process.kill(held, "SIGCONT");
  }
});
