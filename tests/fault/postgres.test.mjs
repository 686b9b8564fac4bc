// PostgreSQL goes away and comes back: 503 with Retry-After meanwhile, well
// within 3 s afterwards, and nothing of ours restarts.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pgBin } from "../lib/postgres.mjs";
import { eventually, sleep } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";
import { mixed } from "./mix.mjs";

const control = (...words) =>
  stack.runAsUser(
    ...[join(pgBin, "pg_ctl"), ...words, "-s", "-w"],
    ...[
      "-D",
      join(stack.dir, "postgres"),
      "-l",
      join(stack.dir, "log/postgres.log"),
    ],
  );

export default () =>
  describe("PostgreSQL", { concurrency: 1 }, () => {
    it("away for 3 s: 503 with Retry-After, well again within 3 s", async (t) => {
      const pid = stack.pid("sparkle-fcgi");
      const { start_time } = await stack.status();
      const load = mixed(150).start(t);
      await sleep(1000);
      const leaving = Date.now();
      await control("stop", "-m", "fast");
      await sleep(3000);
      await control("start");
      const back = Date.now();
      await sleep(6000);
      await load.stop();
      t.diagnostic(`note: PostgreSQL restart: ${load}`);
      for (const failure of load.failed) {
        assert.equal(failure.status, 503, load.why());
        assert.ok(Number(failure.retryAfter) > 0, `${failure.text}`);
      }
      assert.ok(load.failed.length > 50, "it was really away");
      const late = load.failed.filter((f) => f.began > back + 3000);
      assert.equal(late.length, 0, `${late.length} failed after 3 s`);
      const early = load.failed.filter((f) => f.ended < leaving);
      assert.equal(early.length, 0);
      const last = Math.max(...load.failed.map((f) => f.began)) - back;
      t.diagnostic(`note: last refusal ${last} ms after it was back`);
      assert.equal(stack.pid("sparkle-fcgi"), pid);
      assert.equal((await stack.status()).start_time, start_time);
    });

    it("was told to health while it was away", async () => {
      const guest = people.guest({ contract: null });
      await control("stop", "-m", "immediate");
      const ready = await eventually("not ready", async () => {
        const answer = await guest.get("/health/ready");
        return answer.status === 503 && answer;
      });
      assert.match(ready.text, /down/);
      assert.equal((await guest.get("/health/live")).status, 200);
      await control("start");
      await stack.ready();
    });

    it("serves a member afterwards, writes and all", async () => {
      const user = await people.user();
      const post = await people.post(user);
      await people.comment(user, post);
    });
  });
