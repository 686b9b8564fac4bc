// Redis forgets, is away, or hangs: no login is lost, and none comes back.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { eventually, sleep } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";
import { clock, expect, newToken, tokenOf, withToken } from "./lib.mjs";

const redisPid = () =>
  Number(readFileSync(join(stack.dir, "run/redis.pid"), "utf8"));

/** Runs something while Redis takes connections and answers none. */
async function whileRedisHangs(work) {
  process.kill(redisPid(), "SIGSTOP");
  try {
    return await work();
  } finally {
    process.kill(redisPid(), "SIGCONT");
  }
}

export default () =>
  describe("without Redis", () => {
    it("forgets no login, in the middle of use and of rotation", async () => {
      const users = await people.crowd(6);
      for (const wait of [0, 601]) {
        clock.forward(wait);
        const calls = users.map(async (user) => {
          for (let i = 0; i < 8; i++) await expect(user, 200);
        });
        for (let i = 0; i < 5; i++) {
          await stack.redis("FLUSHALL");
          await sleep(20);
        }
        await Promise.all(calls);
      }
    });

    it("forgets no end", async () => {
      const user = await people.user();
      const token = tokenOf(user);
      await user.post("/api/auth/logout");
      await stack.redis("FLUSHALL");
      await expect(withToken(user, token), 401);
    });

    it("ends a session while Redis hangs, also for its copy", async () => {
      const user = await people.user();
      const token = tokenOf(user);
      await expect(user, 200); // the copy is there
      const kept = (await stack.redis("KEYS", "session:*")).length;
      assert.ok(kept > 0);
      await whileRedisHangs(async () => {
        const answer = await user.post("/api/auth/logout");
        assert.equal(answer.status, 204, `${answer}`);
      });
      for (let i = 0; i < 25; i++) {
        await expect(withToken(user, token), 401);
        await sleep(60);
      }
    });

    it("takes a role away while Redis hangs", async () => {
      const admin = await people.user("ADMIN");
      const user = await people.user("MODERATOR");
      const ask = () => user.get("/api/users/me");
      assert.equal((await ask()).data.role, "MODERATOR");
      await whileRedisHangs(() =>
        stack.ctl(["user", "role", user.name, "USER"]),
      );
      const role = async () =>
        (await user.page("/")).text.includes("data-staff");
      await eventually("the copy is gone", async () => !(await role()), 15);
      assert.ok(admin.id);
    });

    it("rotates without Redis too", async () => {
      const user = await people.user();
      const old = tokenOf(user);
      clock.forward(601);
      await whileRedisHangs(async () => {
        assert.ok(newToken(await expect(user, 200)));
        await expect(user, 200);
        await expect(withToken(user, old), 200);
      });
      clock.forward(61);
      await expect(user, 200);
      await expect(withToken(user, old), 401);
      await expect(user, 401);
    });
  });
