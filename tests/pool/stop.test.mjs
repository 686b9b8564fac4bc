// The end, and the logs.
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { Daemon, alive, sleep, until } from "./daemon.mjs";

for (const signal of ["SIGTERM", "SIGQUIT", "SIGINT"])
  test(`${signal} lets running requests finish`, async (t) => {
    const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 2 } } });
    const workers = await d.workers();
    const asked = d.ask("sleep 600");
    await d.working(1);
    d.signal(signal);
    assert.equal(await asked, "slept");
    assert.equal(await d.exited, 0);
    assert.ok(workers.every((pid) => !alive(pid)));
    for (const name of ["a.sock", "status.sock", "pid"]) assert.ok(!fs.existsSync(d.file(name)), name);
    assert.equal(d.log().at(-1).msg, "stopped");
  });

test("idle workers do not make the end wait", async (t) => {
  const d = await Daemon.start(t, { master: { process_control_timeout: "1h" } });
  d.signal("SIGTERM");
  assert.equal(await d.exited, 0);
});

test("who does not finish in process_control_timeout is killed", async (t) => {
  const d = await Daemon.start(t, { master: { process_control_timeout: "500ms" } });
  const asked = assert.rejects(d.ask("sleep 9000"));
  await d.working(1);
  const began = Date.now();
  d.signal("SIGTERM");
  assert.equal(await d.exited, 0);
  await asked;
  const ms = Date.now() - began;
  assert.ok(ms >= 450, `${ms}`); // it naps for 9 s, and did not answer
  assert.ok(d.log().some((l) => /worker killed/.test(l.msg)));
});

test("a second signal ends it at once", async (t) => {
  const d = await Daemon.start(t);
  const asked = assert.rejects(d.ask("sleep 9000"));
  await d.working(1);
  d.signal("SIGTERM");
  await d.logged(/^stopping$/);
  d.signal("SIGTERM");
  assert.equal(await d.exited, 0);
  await asked;
});

test("SIGUSR1 reopens the logs in master and workers", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 2, request_slowlog_timeout: "100ms" } } });
  const slow = { a: { pm: "static", max_children: 2, request_slowlog_timeout: "100ms" } };
  d.configure({ pools: slow, master: { slowlog: d.file("slow") } });
  await d.reload();
  await d.ask("sleep 300");
  for (const name of ["log", "slow"]) fs.renameSync(d.file(name), d.file(`${name}.1`));
  d.signal("SIGUSR1");
  await d.logged(/logs reopened/);
  await d.ask("sleep 300");
  await d.logged(/slow request/, "slow");
  assert.equal(d.log("slow").length, 1);
  const worker = (await d.workers())[0];
  const logs = () => fs.readdirSync(`/proc/${worker}/fd`).map((fd) => {
    try {
      return fs.readlinkSync(`/proc/${worker}/fd/${fd}`);
    } catch {
      return "";
    }
  });
  await until("the worker writes to the new one", () => logs().includes(d.file("log")) && !logs().includes(d.file("log.1")));
});
