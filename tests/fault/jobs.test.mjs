// kill -9 of sparkle-jobs, master and workers, during 10,000 events: every
// listener has its effect exactly once.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { eventually, sleep, top } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";
import { long } from "./mix.mjs";

const users = 101;
const perUser = 100; // each but the author likes each post: 10,000 events

/** One row for each time that a job was completed. */
const watch = `
  CREATE TABLE qa_done (job bigint, event bigint, listener text);
  CREATE FUNCTION qa_done() RETURNS trigger LANGUAGE plpgsql
  SECURITY DEFINER AS $$
  BEGIN
    IF NEW.state = 'completed' THEN
      INSERT INTO qa_done VALUES (NEW.id, NEW.event_id, NEW.listener);
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER qa_done AFTER UPDATE OF state ON jobs
    FOR EACH ROW EXECUTE FUNCTION qa_done();`;

const pending = async () =>
  Number(
    await stack.value`SELECT (SELECT count(*) FROM outbox)
      + (SELECT count(*) FROM jobs WHERE state IN
        ('available', 'running', 'retryable')) AS n`,
  );

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function killMaster() {
  const workers = stack.workers("sparkle-jobs");
  process.kill(stack.pid("sparkle-jobs"), "SIGKILL");
  await sleep(200);
  stack.startProgram("sparkle-jobs");
  return workers;
}

/** Events as the reaction's own statement writes them. */
const likes = (authors, fans) => `
  WITH made AS (
    SELECT p.id, p.author_id, u.id AS fan
    FROM posts p CROSS JOIN users u
    WHERE p.title LIKE 'Number %' AND p.author_id = ${authors}
      AND u.id IN (${fans})
  ), done AS (
    SELECT made.*, (reaction_set(fan, id, NULL, 'LIKE', TRUE)).changed FROM made
  )
  INSERT INTO outbox (event, subject_id, actor_id, data)
  SELECT 'reaction.created', id, fan, jsonb_build_object('postId', id,
    'type', 'LIKE', 'owner', author_id)
  FROM done WHERE changed`;

export default () =>
  describe("jobs", { concurrency: 1 }, () => {
    let author, fans, orphans;

    it("takes 10,000 events while it is killed", async (t) => {
      await eventually(
        "the queue is empty",
        async () => (await pending()) === 0,
        30,
      );
      await stack.psql([], watch);
      const names = await people.users(users);
      const rows = await stack.lines`SELECT id FROM users
        WHERE username = ANY (${names}) ORDER BY username`;
      [author, ...fans] = rows;
      await people.posts({ id: author }, perUser);
      orphans = new Set();
      const quoted = (list) => list.map((id) => `'${id}'`).join(",");
      const writing = (async () => {
        for (let i = 0; i < fans.length; i += 10)
          await stack.psql(
            [],
            likes(quoted([author]), quoted(fans.slice(i, i + 10))),
          );
      })();
      let kills = 0;
      let masters = 0;
      const began = Date.now();
      // Not for long: whoever dies at once again and again is started later
      // and later (restart_backoff).
      const end = began + (long ? 30000 : 20000);
      let open = true;
      writing.finally(() => (open = false));
      // A fast machine is through before it is killed often enough: then there
      // is nothing to do, and it is killed all the same.
      const enough = () => masters >= 1 && kills >= 6;
      const busy = async () => open || (await pending()) > 0;
      while (!enough() || ((await busy()) && Date.now() < end)) {
        if (masters < 4 && kills % 6 === 5) {
          for (const pid of await killMaster()) orphans.add(pid);
          masters++;
          await sleep(600);
        }
        const workers = stack.workers("sparkle-jobs");
        if (workers.length) {
          const pid = workers[Math.floor(Math.random() * workers.length)];
          try {
            process.kill(pid, "SIGKILL");
          } catch {
            // It went by itself.
          }
        }
        kills++;
        await sleep(400);
      }
      await writing;
      t.diagnostic(
        `note: ${kills} kills, ${masters} of the master, ` +
          `in ${Math.round((Date.now() - began) / 1000)} s`,
      );
      await eventually("all is done", async () => (await pending()) === 0, 90);
    });

    it("ran each listener of each event exactly once", async () => {
      const rows = await stack.sql`
        SELECT listener, count(*) AS n, count(DISTINCT event) AS events
        FROM qa_done WHERE listener IS NOT NULL GROUP BY 1 ORDER BY 1`;
      const of = (name) => rows.find((row) => row.listener === name);
      for (const name of ["notify-liked", "xp-reaction"]) {
        assert.equal(
          of(name)?.events,
          10000,
          `${name} ${JSON.stringify(rows)}`,
        );
        assert.equal(of(name).n, 10000, `${name}: twice`);
      }
      for (const row of rows) assert.equal(row.n, row.events, row.listener);
      const bad = await stack.value`SELECT count(*) FROM jobs
        WHERE state IN ('discarded', 'retryable')`;
      assert.equal(bad, 0);
    });

    it("left exactly the effects that it should", async () => {
      const notices = await stack.sql`
        SELECT actor_count, count(*) AS n,
          count(DISTINCT entity_id) AS posts
        FROM notifications
        WHERE user_id = ${author} AND type = 'POST_LIKED' GROUP BY 1`;
      assert.deepEqual(notices, [
        { actor_count: fans.length, n: perUser, posts: perUser },
      ]);
      await stack.psql([], "DROP TRIGGER qa_done ON jobs; DROP TABLE qa_done;");
      await stack.sqlFile(join(top, "sql/check.sql"));
    });

    it("left no worker of a killed master behind", async () => {
      await eventually(
        "the orphans have gone",
        () => [...orphans].every((pid) => !alive(pid)),
        20,
      );
    });
  });
