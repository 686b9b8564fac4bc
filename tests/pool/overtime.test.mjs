// Requests that take too long.
import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { Daemon, lull, until } from "./daemon.mjs";

const quick = {
  pm: "static",
  max_children: 2,
  request_slowlog_timeout: "200ms",
  request_terminate_timeout: "1s",
};

test("the slow log names route, id and statement while the request runs", async (t) => {
  const pool = { ...quick, request_terminate_timeout: "9s" };
  const d = await Daemon.start(t, { pools: { a: pool }, master: { slowlog: "" } });
  const asked = d.ask("sleep 3000 SELECT 'slow' FROM \"posts\"");
  const line = await d.logged(/slow request/);
  assert.equal(line.route, "sleep");
  assert.equal(line.sql, "SELECT 'slow' FROM \"posts\"");
  assert.match(line.request_id, /^toy-/);
  assert.equal(line.sql_running, 1); // so it was not answered yet
  assert.equal(line.sql_count, 1);
  assert.ok(line.ms >= 200, `${line.ms}`);
  assert.equal(await asked, "slept");
  await lull(300);
  assert.equal(d.log().filter((l) => /slow request/.test(l.msg)).length, 1);
  assert.equal((await d.pool()).slow_requests, 1);
});

test("the slow log may be a file of its own", async (t) => {
  const d = await Daemon.start(t, { pools: { a: quick } });
  d.configure({ pools: { a: quick }, master: { slowlog: d.file("slow") } });
  await d.reload();
  await d.ask("sleep 500 SELECT 1");
  assert.equal((await d.logged(/slow request/, "slow")).sql, "SELECT 1");
  assert.doesNotMatch(d.logText(), /slow request/);
});

test("a request over request_terminate_timeout is answered, logged, and ended", async (t) => {
  const d = await Daemon.start(t, { pools: { a: quick } });
  const began = Date.now();
  assert.equal(await d.ask("sleep 9000 SELECT pg_sleep(9)"), "504 too slow");
  const ms = Date.now() - began;
  assert.ok(ms >= 1000, `${ms}`);
  const line = await d.logged(/request terminated/);
  assert.equal(line.route, "sleep");
  assert.equal(line.sql, "SELECT pg_sleep(9)");
  assert.match(line.request_id, /^toy-/);
  const p = await until("there are two again", async () => {
    const now = await d.pool();
    return now.idle_processes === 2 && now;
  });
  assert.equal(p.terminated_requests, 1);
  assert.equal(p.crashed_workers, 0);
});

test("what was answered in part is cut off, and not added to", async (t) => {
  const d = await Daemon.start(t, { pools: { a: quick } });
  assert.equal(await d.ask("partly 9000"), "part");
});

test("a worker that does not heed the signal is killed two seconds later", async (t) => {
  const d = await Daemon.start(t, { pools: { a: quick } });
  const began = Date.now();
  await assert.rejects(d.ask("stubborn 9000"));
  const ms = Date.now() - began;
  assert.ok(ms >= 2900, `${ms}`);
  assert.equal((await d.pool()).killed_workers, 1);
});

test("requests within the time are left alone, however many in a row", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { ...quick, max_children: 1, request_terminate_timeout: "3s" } } });
  const [worker] = await d.workers();
  for (let i = 0; i < 4; i++) assert.equal(await d.ask("sleep 1000"), "slept");
  assert.deepEqual(await d.workers(), [worker]);
  assert.equal((await d.pool()).terminated_requests, 0);
});

test("a client that connects and says nothing does not hold a worker for ever", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { ...quick, max_children: 1 } } });
  const silent = net.connect({ path: d.file("a.sock") });
  silent.on("error", () => {});
  await lull(100);
  assert.equal(await d.ask("echo at last"), "at last");
  silent.destroy();
});
