// kill -9 of sparkle-jobs again and again while it sends by SMTP to a real
// server (aiosmtpd): every mail is taken exactly once, or listed as maybe
// sent; none is lost, none comes twice.
//
// SPARKLE_MAILS=10000 node --test tests/jobs/mail-kill.test.mjs   for all of them
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Runner, sleep } from "./runner.mjs";
import { MailServer } from "./smtp.mjs";

const mails = Number(process.env.SPARKLE_MAILS ?? 300);
const every = mails > 1000 ? 2000 : 250; // ms
let jobs, server;

before(async () => {
  server = await MailServer.start();
  jobs = await Runner.start("mail-kill", {
    children: 6,
    transport: `relay:127.0.0.1:${server.port}
hourly = 0
hourly_each = 0
daily_each = 0`,
  });
  jobs.users(100);
});
after(() => {
  jobs?.stop();
  server?.stop();
});

const left = () => jobs.sql`SELECT count(*) AS n FROM jobs
  WHERE kind = 'mail.send' AND state NOT IN ('completed', 'discarded')`[0].n;

/** Kills by turns a worker and the master with all of them. */
async function killing(until) {
  const killed = { workers: 0, masters: 0 };
  for (let i = 1; !until.done; i++) {
    await sleep(every);
    if (until.done) break;
    if (i % 4 !== 0) {
      const all = jobs.workers();
      for (const pid of all.filter(() => Math.random() < 0.7)) {
        jobs.kill(pid);
        killed.workers++;
      }
      continue;
    }
    await jobs.killMaster();
    await jobs.up();
    killed.masters++;
  }
  return killed;
}

test(`${mails} mails under kill -9`, async (t) => {
  const until = {};
  const began = Date.now();
  jobs.psql(["-c", `
    INSERT INTO jobs (queue, kind, payload, subject_id, max_attempts)
    SELECT 'email', 'mail.send', '{"mail": "welcome"}', u.id, 1000
    FROM generate_series(1, ${Math.ceil(mails / 100)}), users u
    LIMIT ${mails}`]);
  const killer = killing(until);
  jobs.wake();
  while (left() > 0 && Date.now() - began < mails * 100 + 60000)
    await sleep(300);
  until.done = true;
  const killed = await killer;
  await jobs.drained(60);

  const ids = server.taken().map((mail) =>
    mail.data.match(/^Message-ID: (\S+)/m)[1]);
  const rows = jobs.sql`SELECT message_id, state FROM mail_sent`;
  const of = (state) =>
    rows.filter((row) => row.state === state).map((row) => row.message_id);
  const doubtful = new Set([...of("maybe_sent"), ...of("sending")]);
  t.diagnostic(
    `note: killed ${killed.workers} workers and ${killed.masters} masters ` +
      `in ${Math.round((Date.now() - began) / 1000)} s; taken ${ids.length}, ` +
      `sent ${of("sent").length}, maybe sent ${doubtful.size}, of which ` +
      `${[...doubtful].filter((id) => ids.includes(id)).length} were taken`,
  );
  assert.equal(new Set(ids).size, ids.length, "a mail was taken twice");
  const got = new Set(ids);
  assert.deepEqual(of("sent").filter((id) => !got.has(id)), [], "lost");
  assert.deepEqual(
    ids.filter((id) => !of("sent").includes(id) && !doubtful.has(id)), [],
    "taken, and not known of");
  assert.equal(of("sent").length + doubtful.size, mails);
  assert.deepEqual(of("failed"), []);
});
