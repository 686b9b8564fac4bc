// A worker whose lease ran out while it was at work, and whose job another one
// has by now: nothing that it does afterwards may touch that job.
//
// The only worker is held by a mail server that does not answer, or by a lock;
// meanwhile the row becomes another's, as job_tend() and job_lease() make it.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { psqlOf } from "../lib/child.mjs";
import { Runner, eventually } from "./runner.mjs";

let jobs, door, people;

/** A mail server that greets nobody until it is told to; then a `rcpt` answers
 * to RCPT, and all else is well. */
class Door {
  static async open() {
    const one = new Door();
    one.held = [];
    one.server = createServer((socket) => {
      socket.on("error", () => {});
      one.held.push(socket);
    });
    await new Promise((go) => one.server.listen(0, "127.0.0.1", go));
    one.port = one.server.address().port;
    return one;
  }

  answer(socket, rcpt) {
    let body = false;
    let kept = "";
    socket.on("data", (some) => {
      kept += some;
      for (let at; (at = kept.indexOf("\r\n")) >= 0; ) {
        const line = kept.slice(0, at);
        kept = kept.slice(at + 2);
        if (body && line !== ".") continue;
        const code = /^RCPT/.test(line) ? rcpt : /^DATA/.test(line) ? "354" : "250";
        body = /^DATA/.test(line);
        socket.write(`${code} so be it\r\n`);
      }
    });
    socket.write("220 here\r\n");
  }

  close() {
    for (const socket of this.held) socket.destroy();
    this.server.close();
  }
}

before(async () => {
  door = await Door.open();
  jobs = await Runner.start("lease", {
    children: 1,
    transport: `relay:127.0.0.1:${door.port}`,
    mail: "timeout = 90s\nhourly = 1",
    more: "[database]\ntimeout = 90s", // as long as a lock may take
    run: false,
  });
  // A lock is waited for as long as a test holds it.
  for (const limit of ["lock_timeout", "statement_timeout"])
    asked(`ALTER ROLE sparkle_app SET ${limit} = '60s'`);
  await jobs.up();
  people = jobs.users(1);
  await jobs.drained();
});
after(() => {
  door?.close();
  jobs?.stop();
});
beforeEach(() => {
  for (const table of ["jobs", "mail_sent", "mail_rates"])
    jobs.psql(["-c", `DELETE FROM ${table}`]);
  // A worker keeps its connection for the next mail.
  for (const socket of door.held.splice(0)) socket.destroy();
});

/** What the database's administrator hears; others do not see who waits. */
const asked = (sql) => jobs.psql(["-c", sql], "", "sparkle", "postgres").trim();

/** A mail that the worker has taken; its job's id. */
const put = () => {
  const id = jobs.psql(["-c", `SELECT job_put('mail.send', 'email',
    '{"mail": "welcome"}', '${people[0].id}')`]).trim();
  jobs.wake();
  return id;
};

const row = (id) => jobs.sql`SELECT * FROM jobs WHERE id = ${id}`[0];

/** The lease has run out, and another took the job: what its row is then. */
function takeOver(id) {
  assert.equal(row(id).state, "running");
  jobs.sql`UPDATE jobs SET leased_until = now() - interval '1 s'
    WHERE id = ${id}`;
  jobs.sql`UPDATE jobs SET worker = 'another/1/1', attempts = attempts + 1,
    started_at = now(), leased_until = now() + interval '1 hour'
    WHERE id = ${id}`;
  return row(id);
}

/** Waits until the only worker has done with what it was at: it takes more. */
async function over() {
  const id = jobs.psql(["-c", "SELECT job_put('no.such', 'analytics')"]).trim();
  jobs.wake();
  await eventually("the worker takes another job", () =>
    row(id).errors.length > 0, 60);
}

/** The mail that is put hangs at the door. */
async function hanging() {
  const id = put();
  const socket = await eventually("a worker calls", () => door.held[0], 60);
  return { id, socket };
}

test("who lost the lease does not complete another's job", async () => {
  const { id, socket } = await hanging();
  const others = takeOver(id);
  door.answer(socket, "250");
  await over();
  assert.deepEqual(row(id), others);
});

test("who lost the lease does not fail another's job", async () => {
  const { id, socket } = await hanging();
  const others = takeOver(id);
  door.answer(socket, "451");
  await over();
  assert.deepEqual(row(id), others);
});

test("who lost the lease notes nothing of how it failed", async () => {
  const { id, socket } = await hanging();
  const noted = () => jobs.sql`SELECT m.*, (SELECT count(*) FROM mail_bounces)
    AS bounces FROM mail_sent m WHERE job_id = ${id}`;
  const [before] = noted();
  assert.equal(before.state, "sending");
  takeOver(id);
  door.answer(socket, "550"); // a bounce, were it ours to note
  await over();
  assert.deepEqual(noted(), [before]);
});

test("who lost the lease does not extend it, and gives up", async () => {
  const { id, socket } = await hanging();
  const others = takeOver(id);
  const left = new Promise((go) => socket.once("close", go));
  socket.resume(); // only who reads hears of the end
  await Promise.race([left, eventually("it hangs up, or the lease is longer",
    () => row(id).leased_until !== others.leased_until, 60)]);
  door.close();
  await over();
  assert.deepEqual(row(id), others);
});

test("who lost the lease does not put another's job off", async (t) => {
  // One mail an hour, and it is gone; who has to wait asks for its turn.
  const psql = psqlOf(t, ["-X", "-q", "-h", jobs.dir, "-U", "sparkle_owner",
    "-d", "sparkle"]);
  jobs.sql`INSERT INTO mail_rates (minute, urgent, n)
    VALUES (date_trunc('minute', now()), false, 1)`;
  await psql.run("BEGIN; SELECT 1 FROM mail_turns FOR UPDATE");
  const id = put();
  await eventually("the worker waits for its turn", () =>
    asked("SELECT count(*) FROM pg_locks WHERE NOT granted") !== "0", 60);
  const others = takeOver(id);
  await psql.run("COMMIT");
  await over();
  assert.deepEqual(row(id), others);
});
