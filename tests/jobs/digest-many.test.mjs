// The weekly digest for many: how much memory it takes, and whether anybody
// gets two when it is killed on the way.
//
// SPARKLE_USERS=100000 node --test tests/jobs/digest-many.test.mjs   for many
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { child } from "../lib/child.mjs";
import { Clock, yearLike } from "../lib/clock.mjs";
import { buildDir, sleep } from "../lib/stack.mjs";
import { Runner } from "./runner.mjs";

const users = Number(process.env.SPARKLE_USERS ?? 12000);
let jobs, clock;

before(async () => {
  clock = new Clock();
  jobs = await Runner.start("many", { run: false });
  mkdirSync(join(jobs.dir, "conf.d"));
  writeFileSync(join(jobs.dir, "conf.d/test.conf"), clock.settings);
  clock.moveTo(Date.parse(`${yearLike(2027)}-07-19T08:10Z`));
  const ahead = `SET sparkle.clock_offset = '${clock.shift / 1000} seconds'`;
  jobs.psql(["-c", ahead, "-c", `
    INSERT INTO users (email, username, status, email_verified_at,
      last_seen_at)
    SELECT 'd' || n || '@x.org', 'digest' || n, 'ACTIVE', now(), clock_now()
    FROM generate_series(1, ${users}) n`, "-c", `
    INSERT INTO notification_preferences (user_id, weekly_digest)
    SELECT id, true FROM users`]);
  // Three of four follow somebody who wrote; drafts tell nobody anything.
  jobs.psql(["-c", ahead, "-c", `
    INSERT INTO posts (author_id, title, status, published_at)
    SELECT id, 'By ' || username, 'published', clock_now() - interval '1 day'
    FROM users WHERE username ~ '^digest[1-3]$'`, "-c", `
    INSERT INTO follows (follower_id, following_id, created_at)
    SELECT u.id, a.id, now() - interval '1 year' FROM users u
    JOIN users a ON a.username = 'digest' || (1 + hashtext(u.username) & 3)
    WHERE a.id <> u.id`, "-c", "ANALYZE"]);
});
after(() => jobs?.stop());

/** A run; killed after so many ms.  Its peak of memory in MiB. */
async function run(t, killAfter) {
  const root = process.getuid() === 0;
  const words = [join(buildDir, "sparkle-batch"), "--config", jobs.conf,
    "digest-weekly"];
  const as = ["setpriv", "--reuid=sparkle", "--regid=sparkle", "--clear-groups"];
  const [program, ...rest] = [...(root ? as : []), ...words];
  const one = child(t, program, rest, { cwd: "/", stdio: "ignore" });
  const ended = new Promise((go) => one.once("exit", go));
  let peak = 0;
  const began = Date.now();
  while (one.exitCode === null && one.signalCode === null) {
    try {
      const status = readFileSync(`/proc/${one.pid}/status`, "utf8");
      if (/^Name:\s+sparkle-batch/m.test(status))
        peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    } catch {
      // It is over.
    }
    if (killAfter && Date.now() - began > killAfter) one.kill("SIGKILL");
    await sleep(5);
  }
  await ended;
  return { peak: peak / 1024, ms: Date.now() - began, code: one.exitCode };
}

const count = () => jobs.sql`SELECT count(*) AS n,
    count(DISTINCT subject_id) AS people FROM jobs
  WHERE kind = 'mail.send'`[0];

test(`${users} users: flat memory, killed on the way, nobody twice`, async (t) => {
  const first = await run(t, users / 8);
  const between = count();
  // The server may still be at the killed one's step, which holds the lock.
  let second;
  for (let i = 0; i < 100; i++) {
    second = await run(t);
    if (second.code !== 3) break;
    await sleep(200);
  }
  assert.equal(second.code, 0);
  const { n, people } = count();
  const third = await run(t);
  assert.equal(third.code, 0);
  t.diagnostic(`note: killed after ${first.ms} ms with ${between.n} put; ` +
    `${n} put in all, ${second.ms} ms more; peak ` +
    `${Math.max(first.peak, second.peak).toFixed(1)} MiB`);
  const [{ wanted }] = jobs.sql`SELECT count(*) AS wanted FROM users u
    WHERE EXISTS (SELECT FROM follows f JOIN posts p
      ON p.author_id = f.following_id WHERE f.follower_id = u.id)`;
  assert.equal(n, people, "nobody twice");
  assert.equal(n, wanted);
  assert.deepEqual(count(), { n, people }, "a third run adds none");
  assert.ok(second.peak > 1 && second.peak < 64, `${second.peak} MiB`);
});
