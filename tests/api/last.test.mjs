// What would disturb other tests, and what only the end can tell.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { eventually, top } from "../lib/stack.mjs";
import { contract, people, stack, partly } from "../lib/suite.mjs";
import { account, actions } from "./admin.test.mjs";

export default () =>
  describe("at last", { concurrency: 1 }, () => {
    it("keeps all sessions when Redis forgets everything", async () => {
      const users = await people.crowd(8);
      await stack.redis("FLUSHALL");
      const answers = await Promise.all(
        users.map((user) => user.get("/api/users/me")),
      );
      for (const answer of answers)
        assert.equal(answer.status, 200, `${answer}`);
      for (const user of users) {
        const answer = await user.put("/api/notifications/read-all", {});
        assert.equal(answer.status, 204, `${answer}`);
      }
    });

    it("forgets nobody who logged out when Redis forgets", async () => {
      const user = await people.user();
      const cookies = new Map(user.cookies);
      await user.post("/api/auth/logout");
      await stack.redis("FLUSHALL");
      user.cookies = cookies;
      assert.equal((await user.get("/api/users/me")).status, 401);
    });

    // Here, since other tests make administrators all the time.
    it("the last administrator stays", async () => {
      const { id } = await account("ADMIN");
      await stack.sql`UPDATE users SET role = 'USER'
        WHERE role = 'ADMIN' AND id <> ${id}`;
      const said = await stack.lines`
        SELECT staff_set_role(NULL, ${id}, 'USER', NULL, NULL, 'test', NULL);
        SELECT staff_set_status(NULL, ${id}, 'BANNED', NULL, NULL, NULL,
          'test', NULL)`;
      assert.deepEqual(said, ["LAST_ADMIN", "LAST_ADMIN"]);
      await stack.sql`UPDATE users SET role = 'USER' WHERE id = ${id}`;
    });

    it("of two who take each other's role at once, one stays", async () => {
      for (let round = 0; round < 5; round++) {
        const [one, two] = [
          await people.user("ADMIN"),
          await people.user("ADMIN"),
        ];
        const answers = await Promise.all([
          actions.role(one, two),
          actions.role(two, one),
        ]);
        const statuses = answers.map((answer) => answer.status).sort();
        assert.deepEqual(statuses, [204, 403], `${answers}`);
        const left = await stack.lines`UPDATE users SET role = 'USER'
          WHERE role = 'ADMIN' AND id IN (${one.id}, ${two.id}) RETURNING id`;
        assert.equal(left.length, 1);
      }
    });

    it("has worked off all events and jobs, none in vain", async () => {
      await eventually("nothing is tried again", async () =>
        (await stack.value`SELECT count(*)::int FROM jobs
          WHERE state::text = 'retryable'`) === 0, 60);
      const rows = await stack.sql`SELECT state::text, kind, count(*) AS n
        FROM jobs WHERE state::text = 'discarded'
          AND kind NOT IN ('listed', 'no.such.kind', 'on-the-page') -- by tests
        GROUP BY 1, 2`;
      assert.deepEqual(rows, []);
    });

    it("has counters that equal the rows", async () => {
      await stack.sqlFile(join(top, "sql/check.sql"));
    });

    it("logged no error and only whole JSON lines", () => {
      const lines = stack.log("sparkle-fcgi.log").split("\n").filter(Boolean);
      const errors = [];
      for (const line of lines) {
        let entry;
        assert.doesNotThrow(() => (entry = JSON.parse(line)), line);
        if (entry.level === "error") errors.push(line);
      }
      assert.deepEqual(errors, []);
    });

    it("hit every route with success", (t) => {
      if (partly) return t.skip("not all tests ran");
      t.diagnostic(
        `note: ${contract.answers} answers held to the document, ` +
          `${contract.seen.size} routes`,
      );
      assert.deepEqual(contract.unseen(), []);
    });
  });
