// The limits while Redis is away; after the others, whom it would disturb.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { blind, counted } from "../lib/counted.mjs";
import { freshName } from "../lib/people.mjs";
import { eventually, sleep } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

async function withoutRedis(work) {
  const pid = Number(readFileSync(join(stack.dir, "run/redis.pid"), "utf8"));
  process.kill(pid, "SIGKILL");
  await sleep(100);
  try {
    return await work();
  } finally {
    await stack.runAsUser("redis-server", join(stack.dir, "etc/redis.conf"));
    await eventually("Redis answers", () =>
      stack.redis("PING").catch(() => null),
    );
  }
}

const wrongLogin = (client, email) =>
  client.post("/api/auth/login", { email, password: "Wrong-Password-1!" });

const statuses = async (n, call) => {
  const list = [];
  for (let i = 0; i < n; i++) list.push((await call()).status);
  return list;
};

export default () =>
  describe("without Redis", { concurrency: 1 }, () => {
    const five = [401, 401, 401, 401, 401, 429, 429];

    it("limits logins all the same, by address and by account", async () => {
      const before = await blind(stack, "auth");
      const fresh = () => `${freshName()}@example.org`;
      const both = async () => {
        const [one, email] = [people.guest(), fresh()];
        return [
          await statuses(7, () => wrongLogin(one, fresh())),
          await statuses(7, () => wrongLogin(people.guest(), email)),
        ];
      };
      await withoutRedis(async () => {
        // Keys that share one of 4,096 places let fewer pass, never more.
        let got;
        for (let i = 0; i < 4 && !isDeepStrictEqual(got, [five, five]); i++) {
          got = await both();
          for (const list of got)
            assert.ok(list.filter((status) => status === 401).length <= 5);
        }
        assert.deepEqual(got, [five, five]);
      });
      assert.ok((await blind(stack, "auth")) > before);
    });

    it("lets reads and writes pass, and counts them", async () => {
      const user = await people.user();
      const restored = () =>
        counted(stack, "sparkle_sessions_read_total", 'from="postgresql"');
      const errors = () => counted(stack, "sparkle_request_redis_errors_total");
      const before =
        (await blind(stack, "read")) + (await blind(stack, "write"));
      const [reads, failures] = [await restored(), await errors()];
      await withoutRedis(async () => {
        const read = () => user.get("/api/users/me");
        const write = () => user.put("/api/notifications/read-all", {});
        assert.ok((await statuses(40, write)).every((s) => s === 204));
        assert.ok((await statuses(5, read)).every((s) => s === 200));
      });
      assert.ok(
        (await blind(stack, "read")) + (await blind(stack, "write")) >=
          before + 45,
      );
      assert.ok((await restored()) >= reads + 45, "sessions are restored");
      assert.ok((await errors()) >= failures + 45, "the errors are counted");
    });
  });
