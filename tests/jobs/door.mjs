// What the tests of notifications share: two users, the door, its jobs.
import { after, before, beforeEach } from "node:test";
import { Outside } from "../lib/outside.mjs";
import { Runner, eventually } from "./runner.mjs";

export let outside, jobs, ann, ben;

/** Starts all of it for the tests of a file. */
export function begin(name) {
  before(async () => {
    outside = await Outside.start();
    jobs = await Runner.start(name, { settings: outside.settings });
    [ann, ben] = jobs.users(2);
    jobs.sql`INSERT INTO posts (id, author_id, title, status)
      VALUES (${thing}, ${ann.id}, 'A post', 'published')`;
    // Mails are another's test: they stay where they are put.
    jobs.sql`UPDATE job_queues SET paused_at = now() WHERE name IN
    ('email', 'security_email')`;
  });
  after(() => {
    jobs.stop();
    outside.stop();
  });

  beforeEach(() => {
    const tables = [
      ...["notifications", "jobs", "push_subscriptions", "phones"],
      ...["mail_skipped", "notification_preferences"],
    ];
    jobs.psql(["-c", tables.map((t) => `DELETE FROM ${t}`).join("; ")]);
    outside.pushed.length = outside.texted.length = 0;
    outside.answers.clear();
  });
}

/** The post that they tell of. */
export const thing = "00000000-0000-0000-0000-000000000001";

/** Calls the door; later: as if so much time had passed ("25 hours"). */
export function tell(options = {}, later = "0 s") {
  const given = { user: ann.id, type: "SYSTEM", entity: thing, ...options };
  const words = [
    `'${given.user}', '${given.type}'`,
    given.actor ? `'${given.actor}'` : "NULL",
    `'post', '${given.entity}'`,
  ];
  if (given.title) words.push(`p_title => '${given.title}'`);
  if (given.message) words.push(`p_message => '${given.message}'`);
  if (given.priority) words.push(`p_priority => ${given.priority}`);
  if (given.data) words.push(`p_data => '${JSON.stringify(given.data)}'`);
  if (given.channels !== undefined)
    words.push(`p_channels => '{${given.channels}}'`);
  const out = jobs.psql([
    "-c",
    `SET sparkle.clock_offset = '${later}'`,
    "-c",
    `SELECT id FROM notification_put(${words.join(", ")})`,
  ]);
  return out.trim();
}

export const like = (entity = thing) => ({
  type: "POST_LIKED",
  actor: ben.id,
  entity,
});

export const wants = (sets) =>
  jobs.psql([
    "-c",
    `INSERT INTO notification_preferences (user_id)
    VALUES ('${ann.id}') ON CONFLICT DO NOTHING`,
    "-c",
    `UPDATE notification_preferences SET ${sets}`,
  ]);

export const put = (kind) => jobs.sql`SELECT *,
  extract(epoch FROM run_at - created_at)::int AS wait FROM jobs
  WHERE kind = ${kind} ORDER BY id`;

export const due = () => {
  jobs.sql`UPDATE jobs SET run_at = now() WHERE state = 'scheduled'`;
  jobs.wake();
};

/** Waits until no job is left but mails, whose queues stand. */
export const settled = () =>
  eventually(
    "all but mails is done",
    () =>
      jobs.sql`SELECT 1 AS one FROM jobs WHERE kind <> 'mail.send'
      AND state NOT IN ('completed', 'discarded', 'scheduled')`.length === 0,
  );

export const rows = () =>
  jobs.sql`SELECT * FROM notifications ORDER BY created_at`;
