// The status socket.
import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { Daemon, run, lull, until } from "./daemon.mjs";

test("status as text, in php-fpm's words", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 2 } } });
  await d.ask("echo x");
  const { status, headers, body } = await d.get("/status");
  assert.equal(status, 200);
  assert.match(headers["content-type"], /^text\/plain/);
  for (const line of [
    /^pool: +a$/m,
    /^process manager: +static$/m,
    /^accepted conn: +1$/m,
    /^listen queue: +0$/m,
    /^listen queue len: +511$/m,
    /^idle processes: +2$/m,
    /^active processes: +0$/m,
    /^total processes: +2$/m,
    /^max children reached: +0$/m,
    /^slow requests: +0$/m,
  ])
    assert.match(body, line);
  assert.doesNotMatch(body, /^pid:/m);
  assert.match((await d.get("/status?full")).body, /^route: +echo$/m);
});

test("status as JSON, in full: what each worker does just now", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 2 }, b: {} } });
  const asked = d.ask('sleep 3000 SELECT "x"');
  const s = await until("it runs for a while", async () => {
    const now = await d.status();
    return now.processes.some((p) => p.state === "Running" && p.request_duration >= 150000) && now;
  });
  assert.equal(s.master_pid, d.pid);
  assert.deepEqual(s.pools.map((p) => p.pool), ["a", "b"]);
  const busy = s.processes.find((p) => p.state === "Running");
  assert.equal(busy.route, "sleep");
  assert.equal(busy.sql, 'SELECT "x"');
  assert.match(busy.request_id, new RegExp(`^toy-${busy.pid}-`));
  assert.ok(busy.request_duration < 3000000);
  assert.ok(busy.sql_duration > 0);
  assert.ok(busy.rss > 100000);
  await asked;
  assert.equal((await d.status()).processes.find((p) => p.pid === busy.pid).state, "Idle");
  assert.equal(JSON.parse((await d.get("/status?json")).body).processes, undefined);
});

test("metrics for Prometheus: every line is well-formed, histograms add up", async (t) => {
  const d = await Daemon.start(t);
  for (let i = 0; i < 7; i++) await d.ask("echo x");
  await d.ask("nonsense");
  await d.ask("sleep 30");
  const { headers, body } = await d.get("/metrics");
  assert.match(headers["content-type"], /version=0\.0\.4/);
  const line =
    /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[0-9.]+)$/;
  for (const l of body.trimEnd().split("\n")) assert.match(l, line);
  assert.match(body, /^toy_requests_total\{command="echo",outcome="good"\} 7$/m);
  assert.match(body, /^toy_requests_total\{command="echo",outcome="bad"\} 1$/m);
  assert.match(body, /^toy_requests_total\{command="sleep",outcome="good"\} 1$/m);
  assert.doesNotMatch(body, /command="crash"/);
  assert.match(body, /^toy_duration_seconds_count 9$/m);
  assert.match(body, /^toy_duration_seconds_bucket\{le="\+Inf"\} 9$/m);
  const buckets = [...body.matchAll(/^toy_duration_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm)];
  assert.deepEqual(buckets.map((b) => b[1]).slice(0, 4), ["0.0005", "0.001", "0.0025", "0.005"]);
  const counts = buckets.map((b) => Number(b[2]));
  assert.deepEqual(counts, [...counts].sort((a, b) => a - b));
  assert.ok(Number(/^toy_duration_seconds_sum (.+)$/m.exec(body)[1]) >= 0.03);
  assert.match(body, /^sparkle_pool_workers_max\{pool="a"\} 5$/m);
  const promtool = await run("promtool", ["--version"]);
  if (promtool.status === "ENOENT") t.diagnostic("promtool is not here to look, too");
});

test("metrics as text and JSON tell the same", async (t) => {
  const d = await Daemon.start(t);
  await d.ask("echo x");
  const { body } = await d.get("/metrics?text");
  assert.match(body, /^toy_requests_total\{command="echo",outcome="good"\} 1$/m);
  assert.match(body, /^toy_duration_seconds 1, mean \d+\.\d{3} ms$/m);
  const json = JSON.parse((await d.get("/metrics?json")).body);
  const echo = json.find((m) => m.labels.command === "echo");
  assert.deepEqual(echo, {
    name: "toy_requests_total",
    type: "counter",
    labels: { command: "echo", outcome: "good" },
    value: 1,
  });
});

test("what dead workers and older generations counted stays counted", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 1, max_requests: 2 } } });
  const total = async () =>
    Number(/^toy_requests_total\{command="pid",outcome="good"\} (\d+)$/m.exec((await d.get("/metrics")).body)[1]);
  for (let i = 0; i < 5; i++) await d.ask("pid");
  assert.equal(await total(), 5);
  await d.reload();
  for (let i = 0; i < 2; i++) await d.ask("pid");
  await until("the old ones are gone", async () => (await d.pool()).stopping_processes === 0);
  assert.equal(await total(), 7);
  assert.equal((await d.pool()).accepted_conn, 7);
});

test("health, an unknown path, other methods, nonsense", async (t) => {
  const d = await Daemon.start(t);
  assert.deepEqual((({ status, body }) => [status, body])(await d.get("/health/live")), [200, "ok\n"]);
  assert.equal((await d.get("/else")).status, 404);
  const post = await d.get("/status", "POST");
  assert.equal(post.status, 405);
  assert.equal(post.headers.allow, "GET, HEAD");
  const head = await d.get("/status", "HEAD");
  assert.equal(head.body, "");
  assert.ok(Number(head.headers["content-length"]) > 100);
  const raw = (text) =>
    new Promise((done) => {
      const s = net.connect({ path: d.file("status.sock") });
      let got = "";
      s.on("data", (b) => (got += b));
      s.on("error", () => done(got));
      s.on("close", () => done(got));
      s.end(text);
    });
  assert.match(await raw("nonsense\r\n\r\n"), /^HTTP\/1\.0 400 /);
  assert.match(await raw("\0\x01\x02\r\n\r\n"), /^(HTTP\/1\.0 400 |$)/);
  assert.match(await raw("x".repeat(5000)), /^HTTP\/1\.0 400 /);
  assert.match(await raw("GET /status HTTP/1.0\n\n"), /^HTTP\/1\.0 200 /);
  assert.equal(await d.ask("echo fine"), "fine");
});

test("slow and silent clients neither stop the master nor each other", async (t) => {
  const d = await Daemon.start(t, { pools: { a: { pm: "static", max_children: 2 } } });
  const silent = Array.from({ length: 60 }, () => net.connect({ path: d.file("status.sock") }));
  for (const s of silent) s.on("error", () => {});
  silent[0].write("GET /sta");
  for (const s of silent.slice(1, 20)) s.write("GET /metrics HTTP/1.0\r\n\r\n"); // and never reads
  for (const s of silent.slice(1, 20)) s.pause();
  await lull(100);
  assert.equal((await d.get("/health/live")).status, 200);
  const [victim] = await d.workers();
  process.kill(victim, "SIGKILL"); // the master still does its work
  await until("there are two again", async () => (await d.pool()).idle_processes === 2);
  await until("they were all let go", () => silent.slice(20).every((s) => s.closed || s.readyState !== "open"), 8000);
  for (const s of silent) s.destroy();
});
