// kill -9 of sparkle-jobs, workers and master, during 10,000 events and 500
// mails: every listener's effect exactly once, in the order of each subject;
// every mail in the Maildir once, or noted as maybe sent; none lost.
//
// usage: node --test tests/fault/jobs-kill.mjs   (SPARKLE_EVENTS=n for more)
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { effects, follow, watchEffects } from "../jobs/effects.mjs";
import { Runner, sleep } from "../jobs/runner.mjs";

const events = Number(process.env.SPARKLE_EVENTS ?? 10000);
const mails = 500;
let jobs;

before(async () => {
  jobs = await Runner.start("kill", {
    children: 6,
    mail: "hourly = 0\nhourly_each = 0\ndaily_each = 0",
  });
  jobs.users(100);
  await jobs.drained();
  watchEffects(jobs);
});
after(() => jobs.stop());

/** Kills a worker every 100 ms or so, everything every second; counts. */
function killing() {
  const state = { on: true, workers: 0, masters: 0 };
  state.done = (async () => {
    for (let i = 1; state.on; i++) {
      await sleep(50 + Math.random() * 100);
      const all = jobs.workers();
      if (all.length) {
        jobs.kill(all[Math.floor(Math.random() * all.length)]);
        state.workers++;
      }
      if (i % 10 !== 0) continue;
      await jobs.killMaster();
      await jobs.up();
      state.masters++;
    }
  })();
  return state;
}

test(`${events} events and ${mails} mails under kill -9`, async (t) => {
  const chunk = 500;
  const killer = killing();
  jobs.psql([
    "-c",
    `
    INSERT INTO jobs (queue, kind, payload, subject_id)
    SELECT 'email', 'mail.send', '{"mail": "welcome"}', u.id
    FROM generate_series(1, ${mails / 100}), users u`,
  ]);
  for (let from = 0; from < events; from += chunk) {
    follow(jobs, chunk / 100, from / 100 + 1);
    await sleep(200);
  }
  await sleep(2000);
  killer.on = false;
  await killer.done;
  const began = Date.now();
  await jobs.drained(120);
  t.diagnostic(
    `note: killed ${killer.workers} workers and ` +
      `${killer.masters} masters; drained ${Date.now() - began} ms after`,
  );

  assert.deepEqual(effects(jobs), {
    rows: events,
    different: events,
    disorder: 0,
  });

  const states = Object.fromEntries(
    jobs.sql`SELECT state, count(*) AS n
    FROM mail_sent GROUP BY 1`.map((row) => [row.state, row.n]),
  );
  const boxed = jobs.mails().map((m) => m.match(/^Message-ID: (\S+)/m)[1]);
  t.diagnostic(
    `note: mails ${JSON.stringify(states)}, ${boxed.length} in the box`,
  );
  assert.equal(new Set(boxed).size, boxed.length, "a mail twice");
  assert.equal((states.sent ?? 0) + (states.maybe_sent ?? 0), mails);
  assert.ok(boxed.length >= (states.sent ?? 0));
  const lost =
    jobs.sql`SELECT message_id FROM mail_sent WHERE state = 'sent'`.filter(
      (row) => !boxed.includes(row.message_id),
    );
  assert.deepEqual(lost, []);
});
