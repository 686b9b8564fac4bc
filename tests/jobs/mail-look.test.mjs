// What every mail looks like, with its sample and with data of any kind, as
// Python's parsers read it; and that each type of notification has its own.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { buildDir, top } from "../lib/stack.mjs";
import { Runner } from "./runner.mjs";

const site = "https://sparkle.test";
let jobs, kinds, samples;

const ctl = (...words) =>
  spawnSync(join(buildDir, "sparklectl"), ["--config", jobs.conf, ...words], {
    encoding: "utf8", maxBuffer: 1 << 26,
  });

before(async () => {
  jobs = await Runner.start("look", { children: 3, run: false });
  mkdirSync(join(jobs.dir, "conf.d"));
  writeFileSync(join(jobs.dir, "conf.d/mail.conf"),
    "[mail]\nhourly = 0\nhourly_each = 0\ndaily_each = 0\n");
  const names = ctl("email", "list").stdout.split("\n").filter(Boolean)
    .map((line) => line.split(" ")[0]);
  samples = new Map(names.map((name) => [name, JSON.parse(
    readFileSync(join(top, "emails", `${name}.json`), "utf8"))]));
  kinds = jobs.sql`SELECT type, mail FROM notification_kinds ORDER BY nr`;
});
after(() => jobs?.stop());

/** Messages as Python reads them. */
function read(messages) {
  const done = spawnSync("python3", [join(top, "tests/jobs/mail.py")], {
    input: JSON.stringify(messages), encoding: "utf8", maxBuffer: 1 << 28,
  });
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout);
}

/** Mails made of what `change` makes of their samples: [name, message]. */
function previews(change, among = [...samples.keys()]) {
  const file = join(jobs.dir, "data.json");
  const raw = among.map((name) => {
    const sample = structuredClone(samples.get(name));
    writeFileSync(file, JSON.stringify(change(sample)));
    const done = ctl("email", "preview", name, "--raw", "--data", file);
    assert.equal(done.status, 0, `${name}: ${done.stderr}`);
    return done.stdout;
  });
  const mails = read(raw);
  return among.map((name, i) => [name, mails[i]]);
}

/** The mails of notifications. */
const notices = () => kinds.map(({ mail }) => mail);

/** All texts of a value, replaced by what `by` makes of them. */
function replaced(value, by, key = "") {
  if (typeof value === "string") return by(value, key);
  if (Array.isArray(value)) return value.map((v) => replaced(v, by, key));
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value)
      .map(([k, v]) => [k, replaced(v, by, k)]));
  return value;
}

const squeezed = (s) =>
  s.replace(/[\u2066-\u2069]/g, "").replace(/\s+/g, " ").trim();

/** What must hold whatever a mail is made of. */
function sound(name, mail) {
  assert.deepEqual(mail.defects, [], name);
  assert.deepEqual(mail.parts,
    ["multipart/alternative", "text/plain", "text/html"], name);
  assert.deepEqual(mail.to, ["somebody@example.org"], name);
  const letters = [...mail.subject].length;
  assert.ok(letters > 0 && letters <= 150, `${name}: ${mail.subject}`);
  assert.ok(mail.longest <= 200, `${name}: a line of ${mail.longest}`);
  assert.equal(mail.names.includes("bcc"), false, name);
  assert.equal(mail.names.length, new Set(mail.names).size, name);
  assert.deepEqual(mail.sources, [], `${name} fetches something`);
  assert.doesNotMatch(mail.html + mail.text,
    /\{\{|\}\}|undefined|\[object|href=""|[\u202a-\u202e]/, name);
  for (const link of mail.links)
    assert.match(link, /^https:\/\/sparkle\.(test|example)(\/|$)/, name);
  const text = squeezed(mail.text);
  for (const link of mail.links)
    if (link !== `${site}/privacy`)
      assert.ok(text.includes(link), `${name}: the text lacks ${link}`);
}

test("every mail has templates, a sample, and room for all its words", () => {
  const wanted = ["welcome", "verification", "password-reset",
    "password-changed", "new-sign-in", "account-locked", "email-change",
    "email-changed", "account-deletion", "data-export-ready",
    "weekly-digest", "daily-digest", ...kinds.map(({ mail }) => mail)];
  for (const name of wanted) assert.ok(samples.has(name), name);
  for (const [name, mail] of previews((sample) => sample)) {
    sound(name, mail);
    // A name that the sample lacks leaves such traces.
    for (const part of [mail.html, mail.text])
      assert.doesNotMatch(part, /null\b|Hello ,|<b><\/b>|  \* *$/m, name);
    assert.match(mail.html, /<h1 [^>]*>\s*\S/, name);
    assert.ok(mail.html.length < 100000, "Gmail cuts what is longer");
    const [words, text] = [squeezed(mail.words), squeezed(mail.text)];
    replaced(samples.get(name), (value) => {
      const shown = squeezed(value);
      if (words.includes(shown))
        assert.ok(text.includes(shown), `${name}: the text lacks ${shown}`);
    });
    const unsubscribe = mail.headers["list-unsubscribe"];
    if (mail.headers["x-category"] === "security") {
      assert.equal(unsubscribe, undefined, name);
      continue;
    }
    assert.match(unsubscribe, /^\s*<https:\/\/sparkle\.test\/unsubscribe\?/, name);
    assert.equal(mail.headers["list-unsubscribe-post"],
      "List-Unsubscribe=One-Click", name);
    for (const link of [unsubscribe.trim().slice(1, -1),
      `${site}/settings/notifications`])
      assert.ok(mail.links.includes(link), `${name} lacks ${link}`);
  }
});

// Lines, markup, addresses, directions, sizes; links are held to be links.
const evil = {
  markup: "<script>alert(1)</script>",
  attribute: "\"'><img src=//evil.example/x onerror=alert(1)>",
  lines: "a\r\nBcc: eve@example.org\r\n\r\n--=_x\r\n<p>x</p>",
  template: "{{user.email}}{{{site.url}}}{{> layout}}",
  encoded: "=?utf-8?b?QmNjOiBldmVAZXhhbXBsZS5vcmc=?= =?",
  address: '"\\" <eve@evil.example>, Eve (x) <eve@evil.example>',
  letters: "x".repeat(10000),
  script: "字".repeat(10000),
  turned: "\u202Eevil\u202D \u2067x \u0000 \u2028 Bcc: eve@example.org",
  hebrew: "שלום \u2066עולם",
  family: "👩‍👩‍👧‍👦🏳️‍🌈e\u0301".repeat(30),
  blank: "\u3164\u00ad\u200b",
};

// What people cannot choose: addresses of ours, names of accounts.
const kept = ["link", "path", "username", "actorUsername"];
const poisoned = (words) => previews((sample) =>
  replaced(sample, (value, key) => (kept.includes(key) ? value : words)));
let fine; // tags and headers of each, made of a harmless word

for (const [what, words] of Object.entries(evil))
  test(`hostile data: ${what} makes no header, tag or attribute`, () => {
    fine ??= new Map(poisoned("fine"));
    for (const [name, mail] of poisoned(words)) {
      const { tags, names } = fine.get(name);
      assert.deepEqual(mail.tags, tags, name);
      assert.deepEqual(mail.names, names, name);
      if (what !== "template") sound(name, mail);
      assert.ok([...mail.headers.to].length < 200, name);
    }
  });

test("a link that is none leads to the notifications", () => {
  const wrong = ["javascript:alert(1)", " https://evil.example", "data:x,y",
    "JaVaScRiPt://%0aalert(1)", 'https://x" onclick="alert(1)', "", "x",
    "https://a\r\nBcc: b"];
  const some = ["mention", "group-invite", "system-notification"];
  for (const link of wrong)
    for (const [name, mail] of previews((s) => ({ ...s, link }), some)) {
      sound(name, mail);
      assert.ok(mail.links.includes(`${site}/notifications`),
        `${name} ${link}: ${mail.links}`);
    }
  const rooted = (s) => ({ ...s, link: "//evil.example/x" });
  for (const [name, mail] of previews(rooted, notices())) {
    sound(name, mail);
    assert.ok(mail.links.includes(`${site}//evil.example/x`), name);
  }
});

test("a mail without what may be missing is whole still", () => {
  for (const [name, mail] of previews(({ user }) => ({ user }), notices())) {
    sound(name, mail);
    for (const part of [mail.html, mail.text])
      assert.doesNotMatch(part, /null\b|Hello ,|<b><\/b>|<bdi><\/bdi>/, name);
    assert.match(mail.html, /<h1 [^>]*>\s*[^\s<]/, name);
    assert.match(mail.text, /^\s*\S/, name);
  }
  const has = (name, key) => key in samples.get(name).notification;
  const keys = new Set(notices()
    .flatMap((name) => Object.keys(samples.get(name).notification)));
  for (const key of keys)
    for (const [name, mail] of previews((sample) => {
      delete sample.notification[key];
      return sample;
    }, notices().filter((name) => has(name, key))))
      sound(`${name} without ${key}`, mail);
});

test("all 19 types of notification leave as mails of their own", async () => {
  const [ann, ben] = jobs.users(2);
  const names = { groupName: "G <b>", eventName: "E", videoTitle: "V",
    channelName: "C", questName: "Q", milestoneName: "M", level: 7,
    achievementName: "A", postTitle: "P \u202e", offered: ["one", "two"] };
  assert.equal(kinds.length, 19);
  assert.equal(new Set(kinds.map(({ mail }) => mail)).size, 19);
  for (const { type } of kinds)
    jobs.sql`SELECT id FROM notification_put(${ann.id}, ${type}, ${ben.id},
      p_message => 'Some words', p_action_url => ${`/x/${type}`},
      p_data => ${JSON.stringify(names)}::jsonb)`;
  jobs.sql`UPDATE jobs SET run_at = clock_now() WHERE kind = 'notification.mail'`;
  jobs.sql`UPDATE users SET last_seen_at = NULL`;
  await jobs.up();
  await jobs.drained(60);
  const sent = jobs.sql`SELECT s.template, s.state, n.type, n.title, s.message_id
    FROM mail_sent s JOIN notifications n ON n.id = s.notification_id`;
  const expected = Object.fromEntries(kinds.map(({ type, mail }) =>
    [type, mail]));
  assert.deepEqual(
    Object.fromEntries(sent.map(({ type, template }) => [type, template])),
    expected);
  assert.deepEqual([...new Set(sent.map(({ state }) => state))], ["sent"]);
  const mails = read(jobs.mails().filter((mail) =>
    /^Delivered-To: u1@/m.test(mail)).map((m) => m.replace(/^.*?^(?=From)/ms, "")));
  for (const { type, title, message_id } of sent) {
    const mail = mails.find((m) => m.headers["message-id"] === message_id);
    assert.ok(mail, type);
    assert.deepEqual(mail.defects, [], type);
    assert.equal(mail.headers["x-category"], type.toLowerCase());
    assert.ok(squeezed(mail.subject).startsWith(squeezed(title)), type);
    assert.ok(mail.links.includes(`${site}/x/${type}`), `${type} ${mail.links}`);
    assert.ok(mail.text.includes(`${site}/x/${type}`), type);
    assert.match(mail.headers["list-unsubscribe"], /unsubscribe\?token=/, type);
    jobs.sql`SELECT mail_unsubscribe(${ann.id}, ${mail.headers["x-category"]})`;
  }
  const [{ n }] = jobs.sql`SELECT cardinality(email_off) AS n
    FROM notification_preferences WHERE user_id = ${ann.id}`;
  assert.equal(n, 19, "each can be left by its own link");
});

test("a mail that there is not is refused before it is queued", () => {
  const put = (payload) =>
    ctl("jobs", "put", "mail.send", JSON.stringify(payload));
  for (const mail of ["nothing", "Welcome", "welcome ", "../layout", "layout",
    "part/title", "", "x".repeat(50)]) {
    const done = put({ mail });
    assert.notEqual(done.status, 0, mail);
    assert.match(done.stderr, /mail: must be a mail of sparklectl email list/,
      mail);
  }
  const before = jobs.sql`SELECT count(*) AS n FROM jobs`[0].n;
  assert.equal(put({ mail: "group-invite" }).status, 0);
  assert.equal(jobs.sql`SELECT count(*) AS n FROM jobs`[0].n, before + 1);
  jobs.sql`DELETE FROM jobs WHERE payload->>'mail' = 'group-invite'`;
});
