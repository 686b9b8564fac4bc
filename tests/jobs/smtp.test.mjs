// Mails by SMTP: the real sparkle-jobs against a real server (aiosmtpd).
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Runner, eventually, lull } from "./runner.mjs";
import { MailServer, certificate } from "./smtp.mjs";

let jobs, certs, tls, implicit, plain, spare;
const made = mkdtempSync("/tmp/certs-");

before(async () => {
  certs = certificate(made);
  const files = ["--cert", certs.cert, "--key", certs.key];
  const login = ["--user", "sparkle", "--password", "s3cret word"];
  tls = await MailServer.start(...files, ...login);
  implicit = await MailServer.start(...files, "--implicit");
  plain = await MailServer.start();
  spare = await MailServer.start();
  jobs = await Runner.start("smtp", { children: 1, run: false });
  writeFileSync(join(jobs.dir, "password"), "s3cret word\n", { mode: 0o644 });
});
after(() => {
  for (const server of [tls, implicit, plain, spare]) server?.stop();
  jobs?.stop();
  rmSync(made, { recursive: true, force: true });
});

/** The programs anew, with these lines in [mail]. */
async function settle(lines) {
  if (jobs.master()) await jobs.killMaster();
  mkdirSync(join(jobs.dir, "conf.d"), { recursive: true });
  writeFileSync(
    join(jobs.dir, "conf.d/mail.conf"),
    `[mail]\nhourly = 0\nhourly_each = 0\n${lines}\n`,
  );
  await jobs.up();
}

let serial = 0;

/** A mail to somebody new; their address and id. */
function send(name = "fine", mail = "welcome") {
  const user = `smtp${++serial}`;
  const email = `${name}x${serial}@example.org`;
  jobs.sql`SELECT (create_user(${email}, ${user}, 'x', true)).id`;
  const [{ id }] = jobs.sql`SELECT id FROM users WHERE email = ${email}`;
  mailTo(id, mail);
  return { email, id };
}

function mailTo(id, mail = "welcome") {
  jobs.sql`SELECT job_put('mail.send', 'email',
    jsonb_build_object('mail', ${mail}), ${id})`;
  jobs.wake();
}

const stateOf = (id) =>
  jobs.sql`SELECT state, provider, response FROM mail_sent
    WHERE user_id = ${id} ORDER BY created_at DESC LIMIT 1`[0];

const tlsLines = () => `transport = smtp://localhost:${tls.port}
tls_ca = ${certs.ca}
user = sparkle
password_file = ${jobs.dir}/password
bounces = bounces@mail.sparkle.test`;

test("STARTTLS with a verified certificate, AUTH by a file, VERP", async () => {
  await settle(tlsLines());
  const { email, id } = send();
  await jobs.drained(20);
  const [mail, ...more] = tls.taken(email);
  assert.equal(more.length, 0);
  assert.equal(mail.tls, true);
  assert.equal(mail.user, "sparkle");
  assert.equal(mail.ehlo, "mail.sparkle.test");
  assert.match(mail.from, /^bounces\+\d+-[0-9a-f]{20}@mail\.sparkle\.test$/);
  assert.match(mail.data, /^From: "Sparkle" <noreply@sparkle\.test>\r\n/);
  assert.equal(stateOf(id).state, "sent");
  assert.equal(stateOf(id).response, "250 OK, taken");
  assert.equal(stateOf(id).provider, `smtp://localhost:${tls.port}`);
  assert.ok(!jobs.kept().includes("s3cret"));
});

test("the mails of a worker use one connection", async () => {
  const all = [send(), send(), send()];
  await jobs.drained(20);
  const peers = new Set(all.map(({ email }) => tls.taken(email)[0].peer));
  assert.equal(peers.size, 1);
});

test("a connection that the server closed meanwhile costs nothing", async () => {
  await tls.down();
  await tls.up();
  const { email } = send();
  await jobs.drained(20);
  assert.equal(tls.taken(email).length, 1);
  const [{ attempts }] = jobs.sql`SELECT attempts FROM jobs
    WHERE kind = 'mail.send' ORDER BY id DESC LIMIT 1`;
  assert.equal(attempts, 1);
});

test("TLS from the start", async () => {
  await settle(`transport = smtps://localhost:${implicit.port}
tls_ca = ${certs.ca}`);
  const { email } = send();
  await jobs.drained(20);
  assert.equal(implicit.taken(email)[0].tls, true);
});

/** Waits for a first failure; its words.  The job goes. */
async function failure() {
  const failed = () => jobs.sql`SELECT id, errors FROM jobs
    WHERE state = 'retryable'`;
  await eventually("it fails", () => failed().length === 1, 15);
  const [{ id, errors }] = failed();
  jobs.sql`DELETE FROM jobs WHERE id = ${id}`;
  return errors[0].error;
}

test("a certificate that nobody vouches for: not sent, tried again", async () => {
  await settle(`transport = smtps://localhost:${implicit.port}`);
  const { email, id } = send();
  assert.match(await failure(), /certificate/i);
  assert.equal(implicit.taken(email).length, 0);
  assert.equal(stateOf(id).state, "failed");
});

test("a server without TLS gets neither password nor mail", async () => {
  await settle(`transport = smtp://localhost:${plain.port}
user = sparkle
password = s3cret word`);
  const { email } = send();
  assert.match(await failure(), /TLS|SSL|tls|ssl/);
  assert.equal(plain.taken(email).length, 0);
});

test("a wrong password is no bounce", async () => {
  await settle(tlsLines().replace(/^password_file.*$/m, "password = wrong"));
  const { id } = send();
  assert.match(await failure(), /535|denied/i);
  assert.equal(stateOf(id).state, "failed");
  assert.deepEqual(jobs.sql`SELECT * FROM mail_bounces`, []);
});

test("a failure that cannot be noted with what came of it is noted alone", async () => {
  await settle(`transport = relay:127.0.0.1:${plain.port}`);
  jobs.psql([
    "-c",
    `CREATE FUNCTION qa_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'not today'; END $$;
    CREATE TRIGGER qa_refuse BEFORE UPDATE ON mail_sent FOR EACH ROW
      WHEN (new.state = 'failed') EXECUTE FUNCTION qa_refuse()`,
  ]);
  send("later-1");
  assert.match(await failure(), /451/);
  assert.match(jobs.kept(), /could not be noted: not today/);
  jobs.psql(["-c", "DROP FUNCTION qa_refuse CASCADE"]);
});

test("a mail server of this machine needs no TLS, another does", async () => {
  await settle("transport = relay:192.0.2.1:25");
  send();
  assert.match(await failure(), /relay: wants 127\.0\.0\.1/);
  await settle(`transport = relay:127.0.0.1:${plain.port}`);
  const { email } = send();
  await jobs.drained(20);
  assert.equal(plain.taken(email).length, 1);
});

test("451: tried again, sent once", async () => {
  const { email, id } = send("later-1");
  await jobs.drained(30);
  assert.equal(plain.taken(email).length, 1);
  assert.equal(stateOf(id).state, "sent");
  const [job] = jobs.sql`SELECT attempts, errors FROM jobs
    WHERE subject_id = ${id} AND kind = 'mail.send'`;
  assert.equal(job.attempts, 2);
  assert.match(job.errors[0].error, /^451 4\.7\.1 Not now/);
});

test("550: a bounce, not tried again; the second ends mails", async () => {
  const { email, id } = send("refused");
  await jobs.drained(20);
  assert.equal(stateOf(id).state, "failed");
  const bounces = () => jobs.sql`SELECT kind, diagnostic FROM mail_bounces
    WHERE email = ${email}`;
  assert.equal(bounces().length, 1);
  assert.equal(bounces()[0].kind, "hard");
  assert.match(bounces()[0].diagnostic, /^550 5\.1\.1/);
  mailTo(id);
  await jobs.drained(20);
  mailTo(id);
  await jobs.drained(20);
  assert.equal(bounces().length, 2);
  const skipped = jobs.sql`SELECT reason FROM mail_skipped
    WHERE user_id = ${id}`;
  assert.deepEqual(skipped, [{ reason: "bounced" }]);
});

test("554 after DATA is a refusal, too", async () => {
  const { id } = send("spam");
  await jobs.drained(20);
  assert.equal(stateOf(id).state, "failed");
  assert.match(stateOf(id).response, /^554/);
});

test("hung up before DATA: tried again, sent once", async () => {
  const { email, id } = send("hangup");
  await jobs.drained(30);
  assert.equal(plain.taken(email).length, 1);
  assert.equal(stateOf(id).state, "sent");
});

test("hung up after DATA: maybe sent, and never again", async () => {
  const { email, id } = send("drop");
  await jobs.drained(20);
  assert.equal(stateOf(id).state, "maybe_sent");
  await lull(3000);
  assert.equal(plain.taken(email).length, 1);
  const [job] = jobs.sql`SELECT state FROM jobs WHERE subject_id = ${id}
    AND kind = 'mail.send'`;
  assert.equal(job.state, "discarded");
  assert.deepEqual(
    jobs.sql`SELECT * FROM mail_bounces WHERE email = ${email}`, []);
});

test("the first provider is down: the second takes it", async () => {
  await settle(`transport = relay:127.0.0.1:${plain.port}
backup = relay:127.0.0.1:${spare.port}`);
  await plain.down();
  const { email, id } = send();
  await jobs.drained(20);
  assert.equal(spare.taken(email).length, 1);
  assert.equal(stateOf(id).provider, `relay:127.0.0.1:${spare.port}`);
  await plain.up();
  const next = send();
  await jobs.drained(20);
  assert.equal(plain.taken(next.email).length, 1);
});

test("a refusal of the first is not asked of the second", async () => {
  const { email } = send("refused");
  await jobs.drained(20);
  assert.equal(spare.taken(email).length, 0);
});
