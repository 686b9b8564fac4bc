// A reload never takes the site down: what would is refused, and said.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { eventually } from "../lib/stack.mjs";
import { stack } from "../lib/suite.mjs";
import { asSite, asUs, configured, fileOf, ready } from "./lib.mjs";

// name, lines of conf.d (a function of the stack), what is said, by whom.
const both = ["sparkle-fcgi", "sparkle-jobs"];
const zero = "0".repeat(64);
const faults = [
  [
    "a wrong password of the database",
    () => `[database]\npassword_file = ${fileOf("etc/bad-password", "wrong\n")}`,
    /password authentication failed[^]*PostgreSQL does not let us in/,
  ],
  [
    "a database that is not there",
    () => "[database]\nname = elsewhere",
    /"elsewhere"[^]*PostgreSQL does not let us in/,
  ],
  [
    "another database host",
    () => `[database]\nhost = ${stack.dir}/none`,
    /PostgreSQL does not let us in/,
  ],
  [
    "another socket of Redis",
    () => `[redis]\nsocket = ${stack.dir}/run/none.sock`,
    /No such file[^]*Redis does not answer/,
  ],
  [
    "a password that Redis does not know",
    () => `[redis]\npassword_file = ${fileOf("etc/bad-redis", "wrong\n")}`,
    /Redis does not answer/,
  ],
  [
    "more workers than PostgreSQL takes",
    () => "[pool api]\nmax_children = 1000",
    /max_children of all pools need \d{4} connections, PostgreSQL lets \d+ in/,
  ],
  [
    "more jobs' workers than PostgreSQL takes",
    () => "[jobs main]\nmax_children = 900",
    /max_children of all pools need \d+ connections/,
  ],
  [
    "a scheme of the site's address that there is not",
    () => "[site]\nurl = htps://example.org",
    /zz-operator\.conf:2: \[site\] url = htps:\/\/example\.org: is no https/,
  ],
  [
    "an address with a slash at its end",
    () => "[site]\nurl = https://example.org/",
    /\[site\] url = \S+: is to be written as https:\/\/example\.org$/m,
  ],
  [
    "an address of capitals with a path",
    () => "[site]\nurl = https://Example.org/forum",
    /\[site\] url = \S+: is to be written as https:\/\/Example\.org$/im,
  ],
  [
    "a transport that there is not",
    () => "[mail]\ntransport = smpt://mail.example.org",
    /\[mail\] transport = smpt:\/\/mail\.example\.org: is none of smtp/,
  ],
  [
    "a transport without a host",
    () => "[mail]\ntransport = smtp://",
    /\[mail\] transport = smtp:\/\/: the transport is no smtp:\/\/HOST/,
  ],
  [
    "a backup relay that is another machine",
    () => "[mail]\nbackup = relay:mail.example.org",
    /\[mail\] backup = \S+: relay: wants 127\.0\.0\.1/,
  ],
  [
    "a sender without an address",
    () => "[site]\nmail_from = Sparkle",
    /\[site\] mail_from = Sparkle: has no address/,
  ],
  [
    "certificates of authorities that are not there",
    () => "[mail]\ntls_ca = /nonexistent/ca.pem",
    /\[mail\] tls_ca = \S+: No such file/,
  ],
  [
    "an SMS gateway that is no address",
    () => "[sms]\nurl = sms.example.org/send",
    /\[sms\] url = \S+: is no address that begins with https/,
  ],
  [
    "a contact for push that is a bare address",
    () => "[push]\ncontact = admin@example.org",
    /\[push\] contact = \S+: is neither mailto:ADDRESS nor https:\/\/HOST/,
  ],
  [
    "a contact for push that is not encrypted",
    () => "[push]\ncontact = http://example.org/contact",
    /\[push\] contact = \S+: is neither mailto:/,
  ],
  [
    "a contact for push without an address",
    () => "[push]\ncontact = mailto:",
    /\[push\] contact = mailto:: is neither mailto:/,
  ],
  [
    "origins with a path",
    () => "[site]\ncors_origins = https://a.example https://b.example/x",
    /cors_origins = [^:]+: ?\/\/.*: is to be written as https:\/\/b\.example$/m,
  ],
  [
    "a value that goes on behind a blank and ;",
    () => "[site]\nname = Stars ; Stripes",
    /zz-operator\.conf:2: name has a blank and ; in it/,
  ],
  [
    "a value that goes on behind a blank and #",
    () => "[site]\nname = We are #1",
    /zz-operator\.conf:2: name has a blank and # in it/,
  ],
  [
    "a sample's key in production",
    () =>
      "[site]\nproduction = yes\n" +
      `[auth]\npepper_file = ${fileOf("etc/sample", `1:${zero}\n`)}`,
    /\[auth\] pepper: the key 1 is a sample/,
  ],
  [
    "a clock of tests in production",
    () =>
      `[site]\nproduction = yes\nclock_file = ${fileOf("etc/clock", "\0".repeat(8))}`,
    /\[site\] clock_file is for tests only/,
  ],
  [
    "pages that are not there",
    () => "[site]\nweb = /nonexistent",
    /\/nonexistent/,
    ["sparkle-fcgi"],
  ],
  [
    "mail templates that are not there",
    () => "[site]\nemails = /nonexistent",
    /\/nonexistent/,
  ],
  [
    "two pools on one socket",
    () => `[pool api]\nlisten = ${stack.dir}/run/page.sock`,
    /listen: \S+page\.sock is named twice/,
    ["sparkle-fcgi"],
  ],
  [
    "a socket in a directory that is not there",
    () => `[pool api]\nlisten = ${stack.dir}/none/api.sock`,
    /\[pool api\] listen: cannot listen on .*No such file/,
    ["sparkle-fcgi"],
  ],
  [
    "a Maildir where nothing can be made",
    () => "[mail]\ntransport = file:/proc/mail",
    /\[mail\] transport = file:\/proc\/mail: /,
    ["sparkle-jobs"],
  ],
  [
    "no directory for exports",
    () => "[privacy]\nexports = /nonexistent",
    /\[privacy\] exports = \/nonexistent: No such file/,
    ["sparkle-jobs"],
  ],
  [
    "temporary directories of another user",
    () => "[upkeep]\ntemp_dirs = /proc/1 /tmp",
    /\[upkeep\] temp_dirs = \/proc\/1 \/tmp: \/proc\/1: /,
    ["sparkle-jobs"],
  ],
];

const lives = async () => ({
  ready: await ready(),
  pids: both.map((name) => stack.pid(name)),
});

export default () =>
  describe("reload", { concurrency: 1 }, () => {
    after(() => configured(""));

    it("takes over what is good, and says so", async () => {
      const { reloads } = await stack.status();
      configured("[site]\nname = Another name\n");
      const done = await asSite("sparklectl", "reload");
      assert.equal(done.status, 0, done.stderr);
      assert.match(done.stdout, /^sparkle-fcgi: reloaded\nsparkle-jobs: reloaded\n$/);
      const after = await stack.status();
      assert.equal(after.reloads, reloads + 1);
      assert.equal(after.state, "serving");
      configured("");
      const one = await asUs("sparklectl", "reload", "sparkle-fcgi");
      assert.equal(one.status, 0, one.stderr);
      assert.equal(one.stdout, "sparkle-fcgi: reloaded\n");
      assert.equal((await asSite("sparklectl", "reload", "nobody")).status, 2);
    });

    for (const [name, lines, pattern, by = both] of faults)
      it(`refuses ${name}`, async () => {
        const before = await lives();
        configured(`${lines()}\n`);
        const checked = await asSite("sparklectl", "config", "check");
        assert.equal(checked.status, 1, name);
        assert.match(checked.stderr, pattern);
        for (const program of by) {
          const tried = await asSite("sparklectl", "reload", program);
          assert.equal(tried.status, 1, `${program}: ${tried.stdout}`);
          assert.match(tried.stderr, pattern);
        }
        assert.deepEqual(await lives(), before);
        configured("");
      });

    it("hears of a refusal though the new file names another status socket", async () => {
      configured(
        `[master]\nstatus_socket = ${stack.dir}/run/other.status\n` +
          "[redis]\nsocket = /nonexistent\n",
      );
      const tried = await asSite("sparklectl", "reload", "sparkle-fcgi");
      assert.equal(tried.status, 1);
      assert.match(tried.stderr, /Redis does not answer[^]*goes on as before/);
      configured(`[master]\nstatus_socket = ${stack.dir}/run/other.status\n`);
      const moved = await asSite("sparklectl", "reload", "sparkle-fcgi");
      assert.equal(moved.status, 0, moved.stderr);
      configured("");
      const back = await asSite("sparklectl", "reload", "sparkle-fcgi");
      assert.equal(back.status, 0, back.stderr);
      assert.equal(await ready(), 200);
    });

    it("a signal that is refused leaves its reasons in the log", async () => {
      configured("[redis]\nsocket = /nonexistent\n");
      const { reloads_refused: before } = await stack.status();
      process.kill(stack.pid("sparkle-fcgi"), "SIGHUP");
      await eventually(
        "it is refused",
        async () => (await stack.status()).reloads_refused === before + 1,
      );
      const log = stack.log("sparkle-fcgi.log");
      assert.match(log.slice(log.lastIndexOf("reload: refused")), /Redis does not answer/);
      configured("");
      assert.equal(await ready(), 200);
    });

    it("takes contacts for push, and values in quotes as people write them", async () => {
      for (const lines of [
        "[push]\ncontact = mailto:admin@example.org",
        "[push]\ncontact = https://example.org/contact",
        '[push]\ncontact = "mailto:admin@example.org"',
        "[site]\nurl = 'https://example.org'",
      ]) {
        configured(`${lines}\n`);
        const good = await asSite("sparklectl", "config", "check");
        assert.equal(good.status, 0, `${lines}: ${good.stderr}`);
      }
      configured("");
    });

    it("config check finds nothing in what is good", async () => {
      for (const as of [asSite, asUs]) {
        const good = await as("sparklectl", "config", "check");
        assert.equal(good.status, 0, good.stderr);
        assert.match(good.stdout, /is fine\.\n$/);
        assert.equal(good.stderr, "");
      }
    });
  });
