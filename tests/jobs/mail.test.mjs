// Mails on the real sparkle-jobs, into a Maildir, read by Python's own parser.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { Runner, eventually, sleep } from "./runner.mjs";

const slow = process.env.SPARKLE_ASAN ? 10 : 1;
let jobs;

before(async () => {
  jobs = await Runner.start("mail", { children: 6 });
});
after(() => jobs.stop());

const script = `
import sys, json
from email import policy
from email.parser import BytesParser
m = BytesParser(policy=policy.default).parse(sys.stdin.buffer)
print(json.dumps({
  "headers": [[k.lower(), str(v)] for k, v in m.items()],
  "type": m.get_content_type(),
  "text": m.get_body(("plain",)).get_content(),
  "html": m.get_body(("html",)).get_content(),
  "defects": [str(d) for p in m.walk() for d in p.defects],
  "parts": [p.get_content_type() for p in m.walk()],
}))`;

function parse(mail) {
  const done = spawnSync("python3", ["-c", script], { input: mail });
  assert.equal(done.status, 0, String(done.stderr));
  const parsed = JSON.parse(done.stdout);
  parsed.header = (name) =>
    parsed.headers.filter(([k]) => k === name).map(([, v]) => v);
  return parsed;
}

const mailsTo = (address) =>
  jobs.mails().filter((mail) => mail.includes(`Delivered-To: ${address}`));

test("registration: one mail, whose code and link are those of the row", async () => {
  jobs.sql`SELECT (create_user('new@example.org', 'newcomer', 'x')).id`;
  jobs.wake();
  await jobs.drained();
  const mails = mailsTo("new@example.org");
  assert.equal(mails.length, 1);
  const mail = parse(mails[0]);
  assert.deepEqual(mail.defects, []);
  assert.deepEqual(mail.parts, [
    "multipart/alternative",
    "text/plain",
    "text/html",
  ]);
  assert.deepEqual(mail.header("to"), ["newcomer <new@example.org>"]);
  assert.deepEqual(mail.header("from"), ["Sparkle <noreply@sparkle.test>"]);
  assert.deepEqual(mail.header("auto-submitted"), ["auto-generated"]);
  assert.deepEqual(mail.header("x-category"), ["security"]);
  const code = mail.text.match(/^ {4}(\d{6})$/m)[1];
  assert.match(mail.header("subject")[0], new RegExp(code));
  assert.match(mail.html, new RegExp(`>${code}<`));
  const token = mail.text.match(
    /https:\/\/sparkle\.test\/verify-email\?token=(\S+)/,
  )[1];
  const [row] = jobs.sql`
    SELECT encode(sha256(${token}::bytea), 'hex') = encode(link_hash, 'hex')
      AS linked, used_at, died_at FROM email_verifications`;
  assert.deepEqual(row, { linked: true, used_at: null, died_at: null });
  const [sent] = jobs.sql`SELECT * FROM mail_sent`;
  assert.equal(sent.state, "sent");
  assert.equal(sent.message_id, mail.header("message-id")[0]);
  assert.ok(!JSON.stringify(sent).includes(code));
  const payloads = JSON.stringify(jobs.sql`SELECT payload FROM jobs`);
  assert.ok(!payloads.includes(code) && !payloads.includes(token));
});

test("another code kills the one before it", async () => {
  const [{ id }] = jobs.sql`SELECT id FROM users WHERE username = 'newcomer'`;
  jobs.sql`SELECT resend_verification(${id})`;
  jobs.wake();
  await jobs.drained();
  assert.equal(mailsTo("new@example.org").length, 2);
  const live = jobs.sql`SELECT 1 FROM email_verifications
    WHERE died_at IS NULL AND used_at IS NULL`;
  assert.equal(live.length, 1);
});

test("names and titles cannot inject headers, parts or HTML", async () => {
  jobs.sql`SELECT (create_user('evil@example.org', 'evil', 'x', true)).id`;
  const name = '<img src=x onerror=alert(1)> "Zoë", =?utf-8?q?x?=';
  jobs.sql`UPDATE profiles SET display_name = ${name}
    WHERE user_id = (SELECT id FROM users WHERE username = 'evil')`;
  jobs.sql`INSERT INTO outbox (event, subject_id, actor_id)
    SELECT 'user.verified', id, id FROM users WHERE username = 'evil'`;
  jobs.wake();
  await jobs.drained();
  const [raw] = mailsTo("evil@example.org");
  const mail = parse(raw);
  assert.deepEqual(mail.defects, []);
  assert.equal(mail.parts.length, 3);
  assert.deepEqual(mail.header("bcc"), []);
  assert.ok(mail.text.includes(name));
  assert.ok(!mail.html.includes("<img src=x"));
  assert.ok(mail.html.includes("&lt;img src=x"));
  assert.ok(mail.header("subject")[0].includes("Zoë"));
});

const strict = `
import sys, json, re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.parser import BytesParser
from email.utils import parseaddr
out = []
# display_name puts a blank between encoded words, against RFC 2047, 6.2.
def name(raw):
    value = re.sub(r"\\r?\\n", "", message_from_bytes(raw)["To"])
    return str(make_header(decode_header(parseaddr(value)[0])))
for raw in json.load(sys.stdin):
    raw = raw.encode("ascii")
    head = re.split(rb"\\r?\\n\\r?\\n", raw, maxsplit=1)[0]
    m = BytesParser(policy=policy.default).parsebytes(raw)
    to = m["To"].addresses
    out.append({
        "names": sorted(k.lower() for k in m.keys()),
        "lines": max(len(line) for line in head.splitlines()
            if not line.startswith(b" <https://")),
        "defects": [str(d) for p in m.walk() for d in p.defects]
            + [str(d) for v in m.values() for d in v.defects],
        "to": [[name(raw), a.addr_spec] for a in to],
        "from": [a.addr_spec for a in m["From"].addresses],
        "subject": m["Subject"],
        "text": m.get_body(("plain",)).get_content(),
    })
print(json.dumps(out))`;

test("hostile names and titles: Python reads one value in each header", async () => {
  const clean = (s) =>
    s
      .replace(/[\u202a-\u202e\u2066-\u2069]/g, "")
      .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ")
      .trim();
  const hostile = [
    "a\r\nBcc: eve@example.org",
    "a\n\n<p>body</p>",
    "\r\n\r\n--=_x--",
    "\u202emoc.elpmaxe@eve\u202c",
    "\u2066\u2067x",
    "שלום \u202d עולם",
    "👩‍👩‍👧‍👦🏳️‍🌈".repeat(4),
    "x".repeat(100),
    "字".repeat(100),
    "a\u2028Bcc: eve@example.org",
    "=?utf-8?b?QmNjOiBl?=",
    '"\\" <eve@x.y>,',
    "eve@example.org, mallory",
    "a\tb\u0085c",
    "a@b (comment) \\",
  ];
  hostile.forEach((words, i) => {
    const [{ id }] = jobs.sql`SELECT (create_user(${`h${i}@example.org`},
      ${`hostile${i}`}, 'x', true)).id`;
    jobs.sql`UPDATE profiles SET display_name = ${words} WHERE user_id = ${id}`;
    jobs.sql`INSERT INTO notifications (user_id, type, title, message)
      VALUES (${id}, 'SYSTEM', ${words.repeat(4)}, ${words})`;
    jobs.sql`SELECT job_put('mail.send', 'email', jsonb_build_object('mail',
        'system-notification', 'notification', n.id), user_id)
      FROM notifications n WHERE user_id = ${id} AND message = ${words}`;
  });
  jobs.wake();
  await jobs.drained(10 * slow);
  const raw = hostile.map((_, i) =>
    mailsTo(`h${i}@example.org`).find((mail) =>
      /X-Category: system/.test(mail),
    ),
  );
  const done = spawnSync("python3", ["-c", strict], {
    input: JSON.stringify(raw),
    encoding: "utf8",
  });
  assert.equal(done.status, 0, done.stderr);
  const squeezed = (s) => s.replace(/\s+/g, " ").trim();
  JSON.parse(done.stdout).forEach((mail, i) => {
    const words = hostile[i];
    assert.deepEqual(mail.defects, [], words);
    assert.deepEqual(
      mail.names.filter((n) => n !== "delivered-to" && n !== "return-path"),
      [
        "auto-submitted",
        "content-type",
        "date",
        "from",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "message-id",
        "mime-version",
        "subject",
        "to",
        "x-category",
      ],
      words,
    );
    assert.ok(mail.lines <= 78, `${words}: ${mail.lines}`);
    assert.deepEqual(mail.from, ["noreply@sparkle.test"]);
    assert.equal(mail.to.length, 1, words);
    assert.equal(mail.to[0][1], `h${i}@example.org`);
    assert.equal(squeezed(mail.to[0][0]), squeezed(clean(words)));
    const [subject, whole] = [mail.subject, clean(words.repeat(4))]
      .map(squeezed);
    if ([...words].length * 4 <= 150) assert.equal(subject, whole);
    else {
      // Longer ones are cut where people would.
      const rest = whole.slice(subject.length - 1);
      assert.equal(subject, `${whole.slice(0, -rest.length)}…`);
      assert.ok([...subject].length <= 150 && [...subject].length > 100);
    }
    // A name that runs to the left is isolated, by us alone.
    const marks = /[\u202a-\u202e\u2066-\u2069]/;
    const ours = /\u2068([^\u2068\u2069]*)\u2069/g;
    assert.doesNotMatch(mail.text.replace(ours, "$1"), marks, words);
    assert.equal(ours.test(mail.text), /\p{Script=Hebrew}/u.test(words), words);
  });
});

test("names and titles are isolated in our sentences", async () => {
  const title = "שלום (1)";
  const [{ id }] = jobs.sql`SELECT (create_user('rtl@example.org', 'rtl', 'x',
    true)).id`;
  jobs.sql`UPDATE profiles SET display_name = 'נועה' WHERE user_id = ${id}`;
  const post = randomUUID();
  const notice = randomUUID();
  jobs.sql`INSERT INTO posts (id, author_id, title, status, published_at)
    VALUES (${post}, ${id}, ${title}, 'published', clock_now())`;
  jobs.sql`INSERT INTO notifications (id, user_id, type, title, message,
      entity_type, entity_id)
    VALUES (${notice}, ${id}, 'POST_COMMENTED', 'bob commented on your post',
      'مرحبا', 'post', ${post})`;
  jobs.sql`SELECT job_put('mail.send', 'email', jsonb_build_object('mail',
    'new-comment', 'notification', ${notice}::text), ${id}::uuid)`;
  jobs.wake();
  await jobs.drained();
  const mail = mailsTo("rtl@example.org")
    .map(parse)
    .find((m) => m.text.includes("something new"));
  assert.equal(
    mail.header("subject")[0],
    `bob commented on your post: \u2068${title}\u2069`,
  );
  assert.ok(mail.text.includes("Hello \u2068נועה\u2069,"), mail.text);
  assert.ok(mail.text.includes(`below "\u2068${title}\u2069"`), mail.text);
  assert.ok(mail.html.includes("Hello <bdi>נועה</bdi>,"), mail.html);
  assert.ok(mail.html.includes(`<bdi>${title}</bdi></a>`), mail.html);
  assert.match(mail.html, /<p dir="auto"[^>]*>مرحبا</);
});

test("an address that is registered already is told, and nobody else", async () => {
  jobs.sql`SELECT registration_begin('evil@example.org', 'other', 'x', NULL,
    NULL, NULL)`;
  jobs.wake();
  await jobs.drained();
  const mails = mailsTo("evil@example.org").map(parse);
  assert.ok(mails.some((m) => /already have/.test(m.header("subject")[0])));
});

test("a worker that died between sending and noting: maybe sent, not again", async () => {
  const [{ id }] = jobs.sql`SELECT id FROM users WHERE username = 'evil'`;
  const before = mailsTo("evil@example.org").length;
  jobs.psql([
    "-c",
    `
    WITH job AS (
      INSERT INTO jobs (queue, kind, payload, subject_id, state, worker,
        leased_until, attempts)
      VALUES ('email', 'mail.send', '{"mail": "welcome"}', '${id}', 'running',
        'elsewhere/1/1', now() + interval '1 s', 1)
      RETURNING id)
    INSERT INTO mail_sent (message_id, job_id, user_id, recipient, template,
      category, subject)
    SELECT '<' || id || '.${id}@sparkle.test>', id, '${id}',
      'evil@example.org', 'welcome', 'onboarding', 'x' FROM job`,
  ]);
  await jobs.drained(60);
  assert.equal(mailsTo("evil@example.org").length, before);
  const states = jobs.sql`SELECT state FROM mail_sent WHERE subject = 'x'`;
  assert.deepEqual(states, [{ state: "maybe_sent" }]);
});

test("suppressed addresses get no welcome, but their codes", async () => {
  jobs.sql`INSERT INTO mail_suppressions (email, category, reason)
    VALUES ('quiet@example.org', '', 'bounced')`;
  jobs.sql`SELECT (create_user('quiet@example.org', 'quiet', 'x')).id`;
  const welcome = async () => {
    jobs.sql`INSERT INTO outbox (event, subject_id, actor_id)
      SELECT 'user.verified', id, id FROM users WHERE username = 'quiet'`;
    jobs.wake();
    await jobs.drained();
  };
  await welcome();
  jobs.sql`UPDATE users SET email_verified_at = clock_now()
    WHERE username = 'quiet'`;
  await welcome();
  assert.equal(mailsTo("quiet@example.org").length, 1);
  const skipped = jobs.sql`SELECT template, reason FROM mail_skipped
    ORDER BY created_at`;
  // Nothing is said of an address that was not proved.
  assert.deepEqual(skipped, [
    { template: "welcome", reason: "not_permitted" },
    { template: "welcome", reason: "bounced" },
  ]);
});

test("a transport that fails is tried again, and the mail sent once", async () => {
  const [{ id }] = jobs.sql`SELECT id FROM users WHERE username = 'evil'`;
  const before = mailsTo("evil@example.org").length;
  const box = `${jobs.dir}/mail/new`;
  if (process.getuid() !== 0) return;
  jobs.call("chmod", "500", box);
  jobs.sql`SELECT job_put('mail.send', 'email', '{"mail": "welcome"}', ${id})`;
  jobs.wake();
  const failed = () => jobs.sql`SELECT errors FROM jobs
    WHERE state = 'retryable'`;
  await eventually("it fails", () => failed().length === 1, 5 * slow);
  assert.match(failed()[0].errors[0].error, /Permission denied/);
  jobs.call("chmod", "700", box);
  await jobs.drained(10 * slow);
  assert.equal(mailsTo("evil@example.org").length, before + 1);
});

// Within 2 s, which the long run holds it to (long.test.mjs): here, before them.
test("a code leaves before 100,000 other mails that are queued", async (t) => {
  const [{ id }] = jobs.sql`SELECT id FROM users WHERE username = 'evil'`;
  jobs.sql`INSERT INTO jobs (queue, kind, payload)
    SELECT 'email', 'mail.send', '{"mail": "welcome"}'
    FROM generate_series(1, 100000)`;
  jobs.wake();
  await sleep(500);
  const name = "urgent1";
  const begin = Date.now();
  jobs.sql`SELECT (create_user(${`${name}@example.org`}, ${name}, 'x')).id`;
  jobs.wake();
  await eventually("the code is there", () =>
    mailsTo(`${name}@example.org`).length === 1, 60 * slow);
  const ms = Date.now() - begin;
  const [{ n }] = jobs.sql`SELECT count(*) AS n FROM jobs
    WHERE queue = 'email' AND state <> 'completed'`;
  t.diagnostic(`note: the code left within ${ms} ms`);
  assert.ok(n > 50000, `${n} others wait still`);
  jobs.sql`DELETE FROM jobs WHERE state = 'available'`;
  assert.ok(id);
});
