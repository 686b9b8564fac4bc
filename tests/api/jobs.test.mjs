// The queues for administrators: looking, putting, pausing, retrying,
// cancelling; and that nobody else may.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

const calls = [
  ["GET", "/api/admin/jobs"],
  ["GET", "/api/admin/jobs/list"],
  ["GET", "/api/admin/jobs/kinds"],
  ["GET", "/api/admin/jobs/schedules"],
  ["GET", "/api/admin/jobs/1"],
  ["POST", "/api/admin/jobs"],
  ["POST", "/api/admin/jobs/queues/video/pause"],
  ["POST", "/api/admin/jobs/queues/video/resume"],
  ["POST", "/api/admin/jobs/1/retry"],
  ["POST", "/api/admin/jobs/1/cancel"],
];

export default () =>
  describe("jobs", () => {
    let admin;
    const put = (fields) =>
      admin.post("/api/admin/jobs", { queue: "video", kind: "noop", ...fields });
    const read = async (id) => (await admin.get(`/api/admin/jobs/${id}`)).data;
    const audited = (action, queue) =>
      stack.sql`SELECT resource_type, after, host(ip) AS ip, request_id
        FROM audit_log WHERE action = ${action} AND actor_id = ${admin.id}
          AND after->>'queue' = ${queue} ORDER BY created_at DESC LIMIT 1`;

    before(async () => (admin = await people.user("ADMIN")));

    it("is for administrators only", async () => {
      const guest = people.guest();
      const staff = await people.user("MODERATOR");
      for (const [method, path] of calls) {
        const json = method === "POST" ? { json: {} } : {};
        const nobody = await guest.request(method, path, json);
        assert.equal(nobody.status, 401, `${nobody}`);
        const somebody = await staff.request(method, path, json);
        assert.equal(somebody.status, 403, `${somebody}`);
      }
      for (const path of ["/admin/jobs", "/admin/jobs/1"])
        assert.equal((await staff.page(path)).status, 403);
    });

    it("lists the queues in the order of their lanes", async () => {
      const { data } = await admin.get("/api/admin/jobs");
      const names = data.items.map((q) => q.name);
      assert.equal(names[0], "security_email");
      for (const [name, concurrency] of [["email", 5], ["notification", 10],
        ["push", 5], ["sms", 1], ["image", 2], ["video", 1], ["analytics", 20],
        ["cleanup", 1], ["achievement", 5], ["leaderboard", 3],
        ["youtube", 2], ["moderation", 5]])
        assert.equal(data.items.find((q) => q.name === name)?.concurrency,
          concurrency, name);
    });

    it("puts a job that runs, and writes it down", async () => {
      const made = await put({ queue: "analytics", payload: { note: "hi" } });
      assert.equal(made.status, 201, `${made}`);
      assert.deepEqual(made.data.payload, { note: "hi" });
      const done = await eventually("it ran", async () => {
        const job = await read(made.data.id);
        return job.state === "completed" && job;
      });
      assert.equal(done.attempts, 1);
      assert.deepEqual(done.errors, []);
      const [row] = await audited("job.put", "analytics");
      assert.equal(row.resource_type, "job");
      assert.deepEqual(row.after,
        { job: made.data.id, kind: "noop", queue: "analytics" });
      assert.equal(row.ip, admin.ip);
      assert.ok(row.request_id);
    });

    it("checks kind, queue and payload by their rows", async () => {
      for (const [fields, status, field] of [
        [{ kind: "no.such" }, 400, "kind"],
        [{ kind: "__proto__" }, 400, "kind"],
        [{ kind: "constructor" }, 400, "kind"],
        [{ kind: "notify-comment" }, 400, "kind"],
        [{ queue: "no_such" }, 404, "queue"],
        [{ queue: "email" }, 400, "queue"],
        [{ payload: { nope: 1 } }, 400, "payload"],
        [{ payload: { note: 7 } }, 400, "payload"],
        [{ payload: [] }, 400, "payload"],
        [{ payload: "{}" }, 400, "payload"],
        [{ payload: { note: "x".repeat(201) } }, 400, "payload"],
        [{ priority: 101 }, 400, "priority"],
        [{ runAt: "tomorrow" }, 400, "runAt"],
        [{ kind: undefined }, 400, "kind"],
      ]) {
        const refused = await put(fields);
        assert.equal(refused.status, status, `${JSON.stringify(fields)} ${refused}`);
        assert.ok(refused.json.fields?.[field], `${refused}`);
      }
    });

    it("names the kinds that may be put, with their payloads", async () => {
      const { data } = await admin.get("/api/admin/jobs/kinds");
      const noop = data.items.find((kind) => kind.name === "noop");
      assert.equal(noop.queue, "analytics");
      assert.match(noop.payload, /note: /);
    });

    it("keeps one job of a key, pauses, cancels, retries", async () => {
      const pause = await admin.post("/api/admin/jobs/queues/video/pause");
      assert.equal(pause.status, 204, `${pause}`);
      assert.deepEqual((await audited("job.pause", "video"))[0].after,
        { queue: "video" });
      const first = (await put({ uniqueKey: "only", priority: 3 })).data;
      assert.equal(first.state, "available");
      assert.equal(first.priority, 3);
      const second = await put({ uniqueKey: "only" });
      assert.equal(second.status, 409);
      assert.equal(second.json.code, "JOB_WAITS");

      const queue = (await admin.get("/api/admin/jobs")).data.items
        .find((q) => q.name === "video");
      assert.equal(queue.paused, true);
      assert.equal(queue.available, 1);

      const cancelled = await admin.post(`/api/admin/jobs/${first.id}/cancel`);
      assert.equal(cancelled.status, 200, `${cancelled}`);
      assert.equal(cancelled.data.state, "cancelled");
      const again = await admin.post(`/api/admin/jobs/${first.id}/cancel`);
      assert.equal(again.status, 409);
      assert.equal(again.json.code, "JOB_DONE");

      const third = (await put({ uniqueKey: "only" })).data;
      const taken = await admin.post(`/api/admin/jobs/${first.id}/retry`);
      assert.equal(taken.json.code, "JOB_WAITS", `${taken}`);
      await admin.post(`/api/admin/jobs/${third.id}/cancel`);
      const retried = await admin.post(`/api/admin/jobs/${first.id}/retry`);
      assert.equal(retried.data.state, "available", `${retried}`);

      const resumed = await admin.post("/api/admin/jobs/queues/video/resume");
      assert.equal(resumed.status, 204);
      await eventually("it runs", async () =>
        (await read(first.id)).state === "completed");
      const done = await admin.post(`/api/admin/jobs/${first.id}/retry`);
      assert.equal(done.json.code, "JOB_DONE");
    });

    it("says what is not there", async () => {
      for (const [method, path] of [
        ["GET", "/api/admin/jobs/999999999"],
        ["POST", "/api/admin/jobs/999999999/retry"],
        ["POST", "/api/admin/jobs/999999999/cancel"],
        ["POST", "/api/admin/jobs/queues/no_such/pause"],
      ])
        assert.equal((await admin.request(method, path)).status, 404, path);
      assert.equal((await admin.get("/api/admin/jobs/x")).status, 400);
    });

    it("keeps the trail of a job that fails", async () => {
      const id = await stack.value`SELECT job_put('no.such.kind', 'youtube',
        p_max_attempts => 1) AS id`;
      await eventually("it is given up", async () =>
        (await read(id)).state === "discarded", 20);
      const job = await read(id);
      assert.equal(job.errors.length, 1);
      assert.match(job.error, /no handler/);
      const page = await admin.page(`/admin/jobs/${id}`);
      assert.equal(page.status, 200);
      assert.match(page.text, /no handler of this name/);
    });

    it("lists jobs by queue, kind and state, page by page", async () => {
      await stack.psql([], `INSERT INTO jobs (queue, kind, state, finished_at)
        SELECT 'moderation', 'listed', CASE WHEN n % 2 = 0 THEN 'cancelled'
          ELSE 'discarded' END::job_state, now()
        FROM generate_series(1, 25) n`);
      const seen = [];
      for (let cursor = ""; cursor !== null; ) {
        const { data } = await admin.get(
          `/api/admin/jobs/list?queue=moderation&limit=10${cursor}`);
        seen.push(...data.items);
        cursor = data.nextCursor && `&cursor=${data.nextCursor}`;
      }
      assert.equal(seen.length, 25);
      assert.deepEqual(seen.map((j) => j.id),
        seen.map((j) => j.id).sort((a, b) => b - a));
      const of = async (query) =>
        (await admin.get(`/api/admin/jobs/list?limit=100&${query}`)).data.items
          .length;
      assert.equal(await of("kind=listed&state=discarded"), 13);
      assert.equal(await of("kind=listed&state=cancelled"), 12);
      assert.equal(await of("kind=listed&state=running"), 0);
      assert.equal(await of("queue=moderation&kind=none"), 0);
      assert.equal(
        (await admin.get("/api/admin/jobs/list?state=odd")).status, 400);
    });

    it("shows schedules", async () => {
      await stack.ctl(["jobs", "schedule", "api-test", "0 4 * * 1", "noop"]);
      const { data } = await admin.get("/api/admin/jobs/schedules");
      const row = data.items.find((s) => s.name === "api-test");
      assert.equal(row.cron, "0 4 * * 1");
      assert.ok(Date.parse(row.nextRunAt) > Date.now());
      await stack.ctl(["jobs", "unschedule", "api-test"]);
    });

    it("shows the page with the queues", async () => {
      await stack.psql([], `INSERT INTO jobs (queue, kind, state, finished_at)
        VALUES ('image', 'on-the-page', 'discarded', now())`);
      const page = await admin.page("/admin/jobs?queue=image&state=discarded");
      assert.equal(page.status, 200);
      assert.match(page.text, /security_email/);
      assert.match(page.text, /on-the-page/);
      const none = await admin.page("/admin/jobs?queue=image&state=cancelled");
      assert.doesNotMatch(none.text, /on-the-page/);
    });
  });
