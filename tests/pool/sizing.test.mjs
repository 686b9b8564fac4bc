// How many workers a pool has: static, dynamic, ondemand, max_requests.
import assert from "node:assert/strict";
import fs from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { test } from "node:test";
import { child } from "../lib/child.mjs";
import { Daemon, sleep, until } from "./daemon.mjs";

const napping = (d, n, ms = 1500) => Array.from({ length: n }, () => d.ask(`sleep ${ms}`));

test("static: max_children workers, no more, no less", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 3 } } });
  assert.equal((await d.workers()).length, 3);
  const asked = napping(d, 6, 3000);
  const busy = await until("three work and three wait", async () => {
    const p = await d.pool();
    return p.active_processes === 3 && p.listen_queue === 3 && p;
  });
  assert.equal(busy.total_processes, 3);
  assert.deepEqual(new Set(await Promise.all(asked)), new Set(["slept"]));
  assert.equal((await d.pool()).total_processes, 3);
});

test("dynamic: begins with start_servers", async (t) => {
  const d = await Daemon.start(t, {
    pools: { a: { max_children: 8, start_servers: 3, min_spare_servers: 2, max_spare_servers: 4 } },
  });
  assert.equal((await d.pool()).total_processes, 3);
});

test("dynamic: without start_servers, half way between the spares", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { max_children: 8, min_spare_servers: 2, max_spare_servers: 6 } } });
  assert.equal((await d.pool()).total_processes, 4);
});

test("dynamic: keeps min_spare_servers idle while others work, then shrinks to max_spare_servers", async (t) => {
  const d = await Daemon.start(t, {
    pools: { a: { max_children: 9, start_servers: 2, min_spare_servers: 2, max_spare_servers: 3 } },
  });
  const asked = napping(d, 4, 4000);
  const grown = await until("it has grown", async () => {
    const p = await d.pool();
    return p.active_processes === 4 && p.idle_processes >= 2 && p;
  });
  assert.ok(grown.total_processes <= 9);
  await Promise.all(asked);
  await until("it has shrunk", async () => (await d.pool()).total_processes === 3);
});

test("dynamic: a connection that finds all workers busy does not wait for the next second", async (t) => {
  // A busy machine may take as long: the best of some tries counts.
  const took = [];
  while (took.length < 5 && !(Math.min(...took) < 700)) {
    const d = await Daemon.start(t, {
      pools: { a: { max_children: 6, start_servers: 1, min_spare_servers: 1, max_spare_servers: 2 } },
    });
    const asked = napping(d, 2, 2500);
    await sleep(100);
    const began = Date.now();
    await d.ask("echo quick");
    took.push(Date.now() - began);
    await Promise.all(asked);
  }
  // lint: the best of five, since how soon is what this is about
  assert.ok(Math.min(...took) < 700, `${took} ms`);
});

const cores = availableParallelism();

/** A pool of many, and what one lane after the other asks for so long. */
async function crowd(t, words, seconds) {
  const most = cores + 14;
  const d = await Daemon.start(t, {
    pools: { a: { max_children: most, start_servers: 1, min_spare_servers: 1, max_spare_servers: 3 } },
  });
  const end = Date.now() + seconds * 1000;
  let n = 0;
  const lane = async () => {
    for (; Date.now() < end; n++) await d.ask(words);
  };
  await Promise.all(Array.from({ length: most }, lane));
  return { n, most, pool: await d.pool() };
}

test("dynamic: does not grow for quick requests while the processors are busy", async (t) => {
  Array.from({ length: cores }, () =>
    child(t, "nice", ["sh", "-c", "while :; do :; done"], { stdio: "ignore" }));
  // Where many others are busy, too, no request is quick: the smallest counts.
  const seen = [];
  const small = ({ n, most, pool }) =>
    n > most && pool.total_processes < most - 4 && pool.started_workers < 2 * most;
  while (seen.length < 5 && !seen.some(small)) seen.push(await crowd(t, "echo quick", 4));
  assert.ok(seen.some(small), JSON.stringify(seen));
});

/** Milliseconds that a processor idled, since the boot. */
const idleTime = () => cpus().reduce((n, { times }) => n + times.idle, 0) / cores;

test("dynamic: grows for quick requests that wait, not compute", async (t) => {
  const before = idleTime();
  const { most, pool } = await crowd(t, "sleep 10", 8);
  if (idleTime() - before < 8000 * 0.8) return t.skip("others keep the processors busy");
  assert.ok(pool.max_active_processes > most / 2, `${pool.max_active_processes} of ${most} at most`);
});

test("max_children is reached: counted, logged, and everybody is served in the end", async (t) => {
  const d = await Daemon.start(t, {
    pools: { a: { max_children: 2, start_servers: 1, min_spare_servers: 1, max_spare_servers: 1 } },
  });
  const asked = napping(d, 6, 600);
  const line = await d.logged(/max_children is reached/);
  assert.equal(line.pool, "a");
  assert.deepEqual(new Set(await Promise.all(asked)), new Set(["slept"]));
  const p = await d.pool();
  assert.ok(p.max_children_reached >= 1);
  assert.ok(p.max_listen_queue >= 1);
  assert.equal(p.max_active_processes, 2);
});

test("ondemand: no worker until a connection comes, none when it was idle for long", async (t) => {
  const d = await Daemon.start(t, {
    pools: { a: { pm: "ondemand", max_children: 4, process_idle_timeout: "1s" } },
  });
  assert.equal((await d.pool()).total_processes, 0);
  assert.equal(await d.ask("echo hi"), "hi");
  assert.equal((await d.pool()).total_processes, 1);
  await until("it has gone", async () => (await d.pool()).total_processes === 0);
  assert.equal(await d.ask("echo again"), "again");
});

test("ondemand: grows with a burst up to max_children", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "ondemand", max_children: 5 } } });
  const asked = napping(d, 10, 1500);
  await until("all five work", async () => (await d.pool()).active_processes === 5);
  assert.deepEqual(new Set(await Promise.all(asked)), new Set(["slept"]));
  assert.equal((await d.pool()).total_processes, 5);
});

test("ondemand: an idle worker takes the next connection, and no other is made", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "ondemand", max_children: 5 } } });
  for (let i = 0; i < 50; i++) assert.equal(await d.ask(`echo ${i}`), `${i}`);
  assert.ok((await d.pool()).started_workers <= 2);
});

test("a job pool without a socket works on its own", async (t) => {
  const d = await Daemon.start(t, { pools: { a: {}, j: { listen: null, listen_mode: null, pm: "static", max_children: 2 } } });
  await until("jobs are done", async () => (await d.pool("j")).accepted_conn > 5);
  const jobs = JSON.parse((await d.get("/metrics?json")).body).find((m) => m.name === "toy_jobs_total");
  assert.ok(jobs.value > 5);
});

test("an ondemand job pool has as many workers as the program wants", async (t) => {
  const dir = fs.mkdtempSync("/tmp/sparkle-wanted-");
  t.after(() => fs.rmSync(dir, { recursive: true }));
  const file = `${dir}/wanted`;
  fs.writeFileSync(file, "0");
  const d = await Daemon.start(t, {
    pools: {
      a: {},
      j: { listen: null, listen_mode: null, pm: "ondemand", max_children: 4, process_idle_timeout: "1ms" },
    },
    toy: { wanted_file: file },
  });
  const count = async (n) => until(`there are ${n}`, async () => (await d.pool("j")).total_processes === n, 6000);
  await count(0);
  fs.writeFileSync(file, "3");
  await count(3);
  fs.writeFileSync(file, "9");
  await count(4);
  fs.writeFileSync(file, "1");
  await count(1);
});

test("max_requests replaces workers, and no request is lost", async (t) => {
  const d = await Daemon.start(t, {
    pools: { a: { pm: "static", max_children: 2, max_requests: 10, max_requests_jitter: 50 } },
  });
  const load = d.load(["pid"], { clients: 3 });
  await until("300 are done", () => load.result.done >= 300);
  const { done, failed } = await load.stop();
  assert.deepEqual(failed, []);
  const p = await d.pool();
  // Each serves 10 to 15.
  assert.ok(p.started_workers >= Math.floor(done / 15) && p.started_workers <= done / 10 + 3, `${p.started_workers}`);
  assert.equal(p.crashed_workers, 0);
  assert.equal(p.accepted_conn, done);
});
