// Redis forgets everything, and then is away: nobody is logged out, and no
// read fails.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { eventually, sleep } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";
import { noLogins, readsOnly } from "./mix.mjs";

async function stopRedis() {
  const pid = Number(readFileSync(join(stack.dir, "run/redis.pid"), "utf8"));
  process.kill(pid, "SIGKILL");
  await sleep(100);
}

async function startRedis() {
  await stack.runAsUser("redis-server", join(stack.dir, "etc/redis.conf"));
  await eventually("Redis answers", () =>
    stack.redis("PING").catch(() => null),
  );
}

export default () =>
  describe("Redis", { concurrency: 1 }, () => {
    it("flushed 5 times under load: nothing fails", async (t) => {
      const load = noLogins().start(t);
      for (let i = 0; i < 5; i++) {
        await sleep(600);
        await stack.redis("FLUSHALL");
      }
      await sleep(600);
      await load.stop();
      t.diagnostic(`note: Redis flushed: ${load}`);
      assert.equal(load.failed.length, 0, load.why());
    });

    it("killed for 3 s and back: no 5xx on reads, nobody logged out", async (t) => {
      const load = readsOnly().start(t);
      await sleep(500);
      await stopRedis();
      await sleep(3000);
      await startRedis();
      await sleep(2000);
      await load.stop();
      t.diagnostic(`note: Redis restart: ${load}`);
      assert.equal(load.failed.length, 0, load.why());
    });

    it("lets members write while it is away", async () => {
      const user = await people.user();
      user.contract = null;
      await stopRedis();
      const posted = await user.post("/api/posts", {
        title: "Without Redis",
        content: "It works.",
      });
      assert.equal(posted.status, 201, `${posted}`);
      const ready = await user.get("/health/ready");
      assert.match(ready.text, /degraded/);
      await startRedis();
      assert.equal((await user.get("/api/users/me")).status, 200);
    });

    it("limits again, once it is back", async () => {
      const { headers } = await eventually("limits are counted", async () => {
        const answer = await people.guest().get("/api/posts?limit=3&page=2");
        return answer.headers["x-ratelimit-limit"] && answer;
      });
      assert.ok(Number(headers["x-ratelimit-remaining"]) > 0);
    });
  });
