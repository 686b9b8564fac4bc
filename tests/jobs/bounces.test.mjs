// The Maildir of mails that came back: none is lost without a word.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { Runner, eventually } from "./runner.mjs";

let jobs, box, to;

before(async () => {
  jobs = await Runner.start("bounces", { run: false });
  box = join(jobs.dir, "bounces");
  jobs.call("mkdir", "-p", `${box}/new`, `${box}/cur`, `${box}/tmp`);
  mkdirSync(join(jobs.dir, "conf.d"));
  writeFileSync(
    join(jobs.dir, "conf.d/mail.conf"),
    `[mail]\nbounces = bounces@sparkle.test\nbounce_maildir = ${box}\n`,
  );
  const [ann] = jobs.users(1);
  await jobs.up();
  jobs.sql`SELECT job_put('mail.send', 'email', '{"mail": "welcome"}',
    ${ann.id})`;
  jobs.wake();
  const mail = await eventually("a mail was sent", () => jobs.mails()[0]);
  to = mail.match(/^Return-Path: <(\S+)>/m)[1];
});
after(() => jobs?.stop());
beforeEach(() => jobs.psql(["-c", "DELETE FROM mail_bounces"]));

const report = (status, { before = "", text = "", more = "" } = {}) =>
  `${before}Delivered-To: ${to}
Content-Type: multipart/report; boundary=b

--b

${text}
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; u1@example.org
Action: failed
Status: ${status}
${more}
--b--
`;

const put = (name, text) =>
  writeFileSync(join(box, "new", name), text, { mode: 0o644 });
const read = () => {
  const done = jobs.batch("mail-bounces");
  assert.equal(done.status, 0, done.stderr);
  assert.deepEqual(readdirSync(join(box, "new")), []);
  return done.stderr;
};
const kinds = () =>
  jobs.sql`SELECT kind, diagnostic FROM mail_bounces`
    .map(({ kind, diagnostic }) => `${kind} ${diagnostic}`);
const isAt = (name) => readdirSync(join(box, "cur")).find((f) => f.startsWith(name));
const doctor = () => jobs.ctl("doctor", "bounces").stdout;

const odd = {
  stored: ["hard 5.1.1", () => report("5.1.1", { before: "Status: RO\n" })],
  spoken: ["hard 5.1.1", () => report("5.1.1", { text: "Status: 4.0.0" })],
  crlf: ["soft 4.2.2", () => report("4.2.2").replaceAll("\n", "\r\n")],
  folded: ["soft 4.2.2", () => report("\n 4.2.2")],
  nul: ["hard 5.1.1", () => report("5.1.1", { before: "X-Junk: \0\0\n" })],
  "nul-in-text": ["hard 5.1.1", () => report("5.1.1", { text: "a\0b" })],
  "nul-in-why": ["hard smtp; 550 n o",
    () => report("5.1.1", { more: "Diagnostic-Code: smtp; 550 n\0o" })],
};
for (const [name, [wanted, text]] of Object.entries(odd))
  test(`a bounce is counted: ${name}`, () => {
    put(name, text());
    assert.match(read(), /bounces read/);
    assert.deepEqual(kinds(), [wanted]);
    assert.match(isAt(name), /:2,S$/);
  });

test("what is not understood is kept, flagged, told and counted", () => {
  assert.match(doctor(), /^ok +bounces +all were understood/);
  put("unclear", report("five"));
  put("large", Buffer.alloc(1024 * 1024 + 1, "x"));
  put("holiday", `Delivered-To: ${to}\n\nI am away.\n`);
  const said = read();
  assert.deepEqual(kinds(), []);
  for (const name of ["unclear", "large"]) {
    assert.match(isAt(name), /:2,FS$/);
    assert.match(said, new RegExp(`not understood.*/cur/${name}:2,FS`));
  }
  assert.match(isAt("holiday"), /:2,S$/);
  assert.match(said, /"taken":0,"let_be":1,"aside":2/);
  assert.equal(
    readFileSync(join(box, "cur", isAt("unclear")), "utf8"), report("five"));
  assert.match(doctor(), /^look +bounces +2 in \S+ not understood\n +-> /);
});
