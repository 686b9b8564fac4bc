// A site whose time a test moves, and people who leave it: for tests of
// deletion, erasure and export.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before } from "node:test";
import { Clock } from "../lib/clock.mjs";
import { People, password } from "../lib/people.mjs";
import { Stack } from "../lib/stack.mjs";

/**
 * Starts a site of its own for the tests of a file, and hands it over:
 * started({ stack, people, clock }).
 */
export function leaving(name, started) {
  let stack;
  before(async () => {
    const clock = new Clock();
    stack = await Stack.start(name, {
      settings:
        clock.settings + "[auth]\nargon2_memory = 1m\nargon2_passes = 1\n",
    });
    started({ stack, people: new People(stack, null), clock });
  });
  after(() => stack?.stop());

  return {
    /** A run of a batch program: { status, stdout, stderr }. */
    batch(...words) {
      const [program, args] = stack.batchWords(...words);
      return spawnSync(program, args, { cwd: "/", encoding: "utf8" });
    },

    statusOf: (user) =>
      stack.value`SELECT status FROM users WHERE id = ${user.id}`,

    /** When the account of a user who asks for its deletion is due, in ms. */
    async leave(user, wish = {}) {
      const asked = await user.post("/api/users/me/deletion", {
        password,
        ...wish,
      });
      assert.equal(asked.status, 201, `${asked}`);
      return Date.parse(asked.data.dueAt);
    },
  };
}
