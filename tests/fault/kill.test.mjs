// kill -9 of random workers: only what they were at fails.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually, sleep } from "../lib/stack.mjs";
import { stack } from "../lib/suite.mjs";
import { long, mixed } from "./mix.mjs";

/** 1; 0 where it left by itself, as workers of a pool that shrinks do. */
function killed(pid) {
  try {
    process.kill(pid, "SIGKILL");
    return 1;
  } catch (error) {
    if (error.code === "ESRCH") return 0;
    throw error;
  }
}

export default () =>
  describe("kill", { concurrency: 1 }, () => {
    const seconds = long ? 60 : 15;

    it(`one worker a second for ${seconds} s: only its request fails`, async (t) => {
      const load = mixed().start(t);
      await sleep(500);
      let kills = 0;
      for (let i = 0; i < seconds; i++) {
        const workers = stack.workers();
        const one = workers[Math.floor(Math.random() * workers.length)];
        kills += killed(one);
        await sleep(1000);
      }
      await load.stop();
      t.diagnostic(`note: ${kills} kills: ${load}`);
      assert.ok(load.failed.length <= kills, load.why());
      const lines = stack.log("sparkle-fcgi.log").split("\n");
      const deaths = lines.filter((line) => /died by a signal/.test(line));
      const known = ({ requestId }) =>
        deaths.some((line) => line.includes(requestId));
      for (const failure of load.failed)
        assert.equal(failure.status, 502, load.why());
      // One that dies between accepting and reading knows no request.
      const unknown = load.failed.filter((failure) => !known(failure));
      assert.ok(unknown.length <= 1 + kills / 20, load.why());
      // One that was leaving when it was killed may have left.
      assert.ok(deaths.length >= kills * 0.8, `${deaths.length} deaths logged`);
    });

    it("has as many workers as before, soon after", async (t) => {
      await eventually("every pool has a worker that waits", async () =>
        (await stack.status()).pools
          .filter((pool) => pool.process_manager !== "ondemand")
          .every((pool) => pool.idle_processes > 0),
      );
      const load = mixed().start(t);
      await sleep(2000);
      await load.stop();
      assert.equal(load.failed.length, 0, load.why());
    });
  });
