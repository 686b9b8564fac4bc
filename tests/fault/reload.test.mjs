// Reloads and a new binary under load: no request fails.
import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  readlinkSync,
  renameSync,
  statSync,
} from "node:fs";
import { describe, it } from "node:test";
import { eventually, sleep } from "../lib/stack.mjs";
import { stack } from "../lib/suite.mjs";
import { countWritten, long, mixed } from "./mix.mjs";

const gone = (pid) => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

/** What a process runs; null: it has ended (a pool that shrinks). */
function binary(pid) {
  const link = `/proc/${pid}/exe`;
  try {
    return { path: readlinkSync(link), ino: statSync(link).ino };
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}

/** Signals the master, and waits until the old workers have gone. */
async function reload(signal) {
  const { reloads } = await stack.status();
  const old = stack.workers();
  process.kill(stack.pid("sparkle-fcgi"), signal);
  await eventually(
    "the reload",
    async () => (await stack.status()).reloads === reloads + 1,
    60,
  );
  return old;
}

export default () =>
  describe("reload", { concurrency: 1 }, () => {
    it(`${long ? 100 : 20} reloads fail no request`, async (t) => {
      const times = long ? 100 : 20;
      const before = await stack.status();
      const load = mixed().start(t);
      await sleep(500);
      let old = [];
      for (let i = 0; i < times; i++) {
        old = await reload(i % 2 ? "SIGHUP" : "SIGUSR2");
        await sleep(100);
      }
      await load.stop();
      t.diagnostic(`note: ${times} reloads: ${load}`);
      assert.equal(load.failed.length, 0, load.why());
      const after = await stack.status();
      assert.equal(after.master_pid, before.master_pid);
      assert.equal(after.reloads, before.reloads + times);
      await eventually("the old workers have gone", () => old.every(gone), 35);
    });

    it("a new binary fails no request, and is the one that runs", async (t) => {
      const program = stack.program("sparkle-fcgi");
      const pid = stack.pid("sparkle-fcgi");
      const load = mixed().start(t);
      await sleep(500);
      copyFileSync(program, `${program}.new`);
      appendFileSync(`${program}.new`, "another build");
      renameSync(`${program}.new`, program);
      const old = await reload("SIGUSR2");
      await sleep(1500);
      await load.stop();
      t.diagnostic(`note: binary upgrade: ${load}`);
      assert.equal(load.failed.length, 0, load.why());
      await eventually("the old workers have gone", () => old.every(gone), 35);
      assert.equal(stack.pid("sparkle-fcgi"), pid);
      const wanted = statSync(program).ino;
      assert.equal(binary(pid).ino, wanted);
      const workers = stack.workers().map(binary).filter(Boolean);
      assert.ok(workers.length > 0);
      for (const each of workers) {
        assert.equal(each.path, program);
        assert.equal(each.ino, wanted);
      }
    });

    it("kept every write that it promised, once", async () => {
      const { rows, promised } = await countWritten();
      assert.equal(rows, promised);
    });
  });
