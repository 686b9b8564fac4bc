// Web Push and SMS, to a push service and a gateway that look closely.
import assert from "node:assert/strict";
import { test } from "node:test";
import webpush from "web-push";
import { checkPush } from "../lib/outside.mjs";
import { seal } from "../lib/seal.mjs";
import {
  ann,
  begin,
  ben,
  due,
  jobs,
  outside,
  put,
  settled,
  tell,
  wants,
} from "./door.mjs";
import { encryptionRing, eventually, lull } from "./runner.mjs";

begin("push");

// ---- Push ----

/** A session of a user, which lasts as long as that: its id. */
const session = (user = ann.id, lasts = "1 day") =>
  jobs
    .psql([
      "-c",
      `INSERT INTO sessions (user_id, token_hash, csrf_secret, expires_at)
    VALUES ('${user}', sha256(gen_random_uuid()::text::bytea), '\\x00',
      now() + interval '${lasts}') RETURNING id`,
    ])
    .trim();

const subscribe = (browser, user = ann.id, at = session(user)) =>
  jobs
    .psql([
      "-c",
      `SELECT (push_subscribe('${user}', '${at}', '${browser.endpoint}',
    '\\x${browser.point.toString("hex")}',
    '\\x${browser.auth.toString("hex")}', 'test')).id`,
    ])
    .trim();

const subscribed = () => jobs.sql`SELECT * FROM push_subscriptions`;

test("a push is signed, encrypted, and read by the browser alone", async () => {
  const browser = outside.browser();
  const other = outside.browser();
  subscribe(browser);
  const id = tell({ title: "Grüße ✨", message: "Line one", priority: 2 });
  jobs.wake();
  const [pushed] = await eventually(
    "it comes",
    () => browser.pushed().length && browser.pushed(),
  );
  checkPush(pushed, outside);
  assert.equal(pushed.headers.urgency, "high");
  assert.equal(pushed.headers.topic, id.replaceAll("-", ""));
  assert.deepEqual(pushed.open(browser), {
    ...{
      title: "Grüße ✨",
      body: "Line one",
      url: "/notifications",
      tag: id,
      unread: 1,
    },
  });
  assert.throws(() => pushed.open(other));
  await eventually("its use is noted", () => subscribed()[0].last_used_at);
});

test("npm's web-push and we are read alike", async () => {
  const browser = outside.browser();
  const theirs = webpush.encrypt(
    browser.p256dh,
    browser.authText,
    JSON.stringify({ from: "npm" }),
    "aes128gcm",
  );
  subscribe(browser);
  tell();
  jobs.wake();
  const [ours] = await eventually(
    "ours comes",
    () => browser.pushed().length && browser.pushed(),
  );
  // The same head, but for salt and key: 4096-byte records, a key of 65.
  const head = (body) => body.subarray(16, 22).toString("hex");
  assert.equal(head(ours.body), head(theirs.cipherText));
  assert.equal(head(ours.body), "000010004104");
  const like = Object.create(ours, { body: { value: theirs.cipherText } });
  assert.deepEqual(like.open(browser), { from: "npm" });
  assert.equal(ours.open(browser).title, "News of your account");
});

test("long and odd texts still fit", async () => {
  const browser = outside.browser();
  subscribe(browser);
  tell({ title: "\u{1F600}".repeat(500), message: '\u0001"é'.repeat(600) });
  jobs.wake();
  const [pushed] = await eventually(
    "it comes",
    () => browser.pushed().length && browser.pushed(),
  );
  checkPush(pushed, outside);
  assert.ok(pushed.open(browser).body.startsWith('\u0001"é'));
});

test("a subscription that is gone is removed", async () => {
  const [a, b, c] = [404, 410, 201].map((status) => {
    const browser = outside.browser();
    outside.answers.set(browser.path, [status, {}]);
    subscribe(browser);
    return browser;
  });
  tell();
  jobs.wake();
  await eventually("one is left", () => subscribed().length === 1);
  assert.equal(subscribed()[0].endpoint, c.endpoint);
  await settled();
  for (const browser of [a, b, c]) assert.equal(browser.pushed().length, 1);
});

test("a service that is busy is asked again, when it says", async () => {
  const busy = outside.browser();
  const down = outside.browser();
  outside.answers.set(busy.path, [429, { "Retry-After": "300" }]);
  outside.answers.set(down.path, [503, {}]);
  const ids = [subscribe(busy), subscribe(down)];
  tell();
  jobs.wake();
  const again = () => put("push.send").filter((j) => j.payload.tries === 1);
  await eventually("both wait", () => again().length === 2);
  const wait = (id) => again().find((j) => j.payload.subscription === id).wait;
  assert.equal(wait(ids[0]), 300);
  assert.equal(wait(ids[1]), 30);
  outside.answers.clear();
  due();
  await eventually(
    "both got it",
    () => busy.pushed().length === 2 && down.pushed().length === 2,
  );
  await settled();
  assert.equal(put("push.send").length, 4, "and it ends there");
});

test("a service that refuses is not asked for ever", async () => {
  const browser = outside.browser();
  outside.answers.set(browser.path, [403, {}]);
  subscribe(browser);
  for (let i = 0; i < 10; i++) {
    tell({ title: `${i}` });
    jobs.wake();
    await settled();
  }
  assert.deepEqual(subscribed(), []);
  assert.equal(browser.pushed().length, 10);
});

test("a message that is given up counts as a refusal", async () => {
  const browser = outside.browser();
  outside.answers.set(browser.path, ["hang up"]);
  subscribe(browser);
  const failures = () => subscribed()[0]?.failures;
  const last = () => put("push.send").filter((j) => j.state === "scheduled");
  const giveUp = async (title) => {
    tell({ title });
    jobs.wake();
    await eventually("it is to be tried again", () => last().length === 1, 15);
    const before = failures();
    jobs.sql`UPDATE jobs SET payload = payload || '{"tries": 4}'
      WHERE kind = 'push.send' AND state = 'scheduled'`;
    due();
    await eventually("it is given up", () => failures() !== before, 15);
    assert.deepEqual(last(), []);
  };
  await giveUp("first");
  assert.equal(failures(), 1);
  jobs.sql`UPDATE push_subscriptions SET failures = 9`;
  await giveUp("tenth");
  assert.deepEqual(subscribed(), []);
  assert.equal(browser.pushed().length, 4);
});

test("what was read is not pushed any more", async () => {
  const browser = outside.browser();
  jobs.sql`UPDATE job_queues SET paused_at = now() WHERE name = 'push'`;
  subscribe(browser);
  tell();
  jobs.sql`UPDATE notifications SET read = true, read_at = now()`;
  jobs.sql`UPDATE job_queues SET paused_at = NULL WHERE name = 'push'`;
  jobs.wake();
  await settled();
  assert.equal(browser.pushed().length, 0);
});

test("a notification goes to the browsers of its user alone", () => {
  const [mine, others] = [ann, ben].map((user) =>
    subscribe(outside.browser(), user.id));
  const notice = tell();
  const said = (id) => jobs.sql`SELECT title FROM push_message(${id}, ${notice})`;
  assert.equal(said(mine).length, 1);
  assert.deepEqual(said(others), []);
});

test("a browser is told as long as its session lives", async () => {
  const [here, out, stale, old] = [1, 2, 3, 4].map(() => outside.browser());
  const lives = session();
  subscribe(here, ann.id, lives);
  const ended = session();
  subscribe(out, ann.id, ended);
  subscribe(stale, ann.id, session(ann.id, "-1 s"));
  const year = session();
  jobs.sql`UPDATE sessions SET absolute_expires_at = now() WHERE id = ${year}`;
  subscribe(old, ann.id, year);
  // Put while it lived, and ended before it was sent.
  jobs.sql`UPDATE job_queues SET paused_at = now() WHERE name = 'push'`;
  tell({ title: "first" });
  assert.equal(put("push.send").length, 2, "expired ones get no job");
  jobs.sql`SELECT session_end(${ended}, NULL, 'logout')`;
  jobs.sql`UPDATE job_queues SET paused_at = NULL WHERE name = 'push'`;
  tell({ title: "second" });
  jobs.wake();
  await eventually("both come", () => here.pushed().length === 2);
  await settled();
  for (const gone of [out, stale, old]) assert.equal(gone.pushed().length, 0);
  assert.equal(jobs.batch("session-cleanup").status, 0);
  assert.deepEqual(
    subscribed().map((s) => s.session_id),
    [lives],
  );
});

test("who signs in again on a browser gets it back", () => {
  const browser = outside.browser();
  const first = session();
  const id = subscribe(browser, ann.id, first);
  jobs.sql`SELECT sessions_end(${ann.id})`;
  assert.equal(tell() && put("push.send").length, 0);
  const next = session();
  assert.equal(subscribe(browser, ann.id, next), id);
  assert.equal(tell() && put("push.send").length, 1);
  assert.equal(subscribed()[0].session_id, next);
});

test("nobody takes another's browser by its address", () => {
  const browser = outside.browser();
  subscribe(browser);
  const thief = { ...outside.browser(), endpoint: browser.endpoint };
  assert.throws(() => subscribe(thief, ben.id), /other keys/);
  const { auth, point } = thief;
  for (const other of [{ auth }, { point }])
    assert.throws(
      () => subscribe({ ...browser, ...other }, ben.id),
      /other keys/,
      "one of the two keys is not enough",
    );
  subscribe(browser, ben.id);
  assert.equal(subscribed()[0].user_id, ben.id, "who has the keys has it");
});

test("sparklectl doctor looks at our key", () => {
  const [, key] = /^vapid_key = (.*)$/m.exec(outside.settings);
  const found = (replacement) => {
    const settings = outside.settings.replace(/^vapid_key.*$/m, replacement);
    jobs.configure({ settings });
    return /^(\S+) +push key /m.exec(jobs.ctl("doctor").stdout)[1];
  };
  for (const bad of [key.slice(1), "0".repeat(64), "f".repeat(64), `${key}ff`])
    assert.equal(found(`vapid_key = ${bad}`), "BROKEN", bad);
  assert.equal(found(""), "look");
  assert.equal(found("$&"), "ok");
});

// ---- SMS ----

const phone = (verified = true, number = "+491701234567", of = ann.id) => {
  const { kid, hex } = seal(encryptionRing, of, number);
  jobs.sql`INSERT INTO phones (user_id, number, kid, verified_at)
    VALUES (${ann.id}, decode(${hex}, 'hex'), ${kid},
      CASE ${verified ? 1 : 0} WHEN 1 THEN now() END)`;
};

test("an SMS is of what is urgent, for who wants it, to a verified number", async () => {
  wants("sms_enabled = true");
  tell({ title: "no number", priority: 2 });
  phone(false);
  tell({ title: "not verified", priority: 2 });
  jobs.sql`DELETE FROM phones`;
  phone();
  tell({ title: "not urgent", priority: 1 });
  wants("sms_enabled = false");
  tell({ title: "not wanted", priority: 3 });
  wants("sms_enabled = true");
  tell({ title: 'Odd "words" \\\\ here', priority: 2 });
  jobs.wake();
  await eventually("it comes", () => outside.texted.length > 0);
  await settled();
  assert.equal(outside.texted.length, 1);
  const [{ headers, body }] = outside.texted;
  assert.equal(headers.authorization, "Bearer gateway-key");
  assert.equal(headers["content-type"], "application/json");
  const { to, text } = JSON.parse(body);
  assert.equal(to, "+491701234567");
  assert.match(text, /^Sparkle Universe: Odd "words" \\\\ here/);
});

test("a number that was sealed for somebody else gets no SMS", async () => {
  wants("sms_enabled = true");
  const odd = [
    () => phone(true, "+491701234567", ben.id),
    () => phone(true, "no number"),
  ];
  for (const [before, make] of odd.entries()) {
    jobs.sql`DELETE FROM phones`;
    make();
    tell({ title: "urgent", priority: 2 });
    jobs.wake();
    await eventually("it is given up", () => {
      const tries = put("sms.send");
      return (
        tries.length > before && tries.every((j) => j.state === "discarded")
      );
    });
  }
  assert.equal(outside.texted.length, 0);
  assert.match(jobs.kept(), /telephone number cannot be opened/);
});

test("a gateway that is down is asked again, one that refuses is not", async () => {
  wants("sms_enabled = true");
  phone();
  outside.smsStatus = 503;
  tell({ priority: 2 });
  jobs.wake();
  await eventually("it was asked", () => outside.texted.length === 1);
  outside.smsStatus = 200;
  await eventually("it was asked again", () => outside.texted.length === 2, 15);
  await settled();
  outside.smsStatus = 400;
  tell({ priority: 2 });
  jobs.wake();
  await eventually("it is given up", () =>
    put("sms.send").some((j) => j.state === "discarded"),
  );
  outside.smsStatus = undefined;
  assert.equal(outside.texted.length, 3);
  assert.doesNotMatch(jobs.kept(), /gateway-key|\+49170/);
});

test("a code waits for no push service that does not answer", async () => {
  for (let i = 0; i < 8; i++) {
    const browser = outside.browser();
    outside.answers.set(browser.path, ["wait"]);
    subscribe(browser);
  }
  tell();
  jobs.wake();
  const busy = () => put("push.send").filter((j) => j.state === "running");
  await eventually("all who push wait", () => busy().length === 2);
  const { kid, hex } = seal(encryptionRing, ann.id, "+491701234567");
  jobs.psql([
    "-c",
    `SELECT phone_put('${ann.id}', '\\x${hex}', '${kid}', NULL)`,
  ]);
  jobs.wake();
  // A push gives up after some seconds: the code comes before that.
  await eventually("the code comes, or they wait no longer", () =>
    outside.texted.length === 1 || busy().length < 2, 60);
  assert.equal(outside.texted.length, 1, "while they still wait");
  jobs.sql`DELETE FROM push_subscriptions`;
  outside.push.closeAllConnections();
});

// ---- Where nothing may go ----

test("a subscription cannot lead into our own network", async () => {
  await jobs.killMaster();
  jobs.configure({
    settings: outside.settings.replace("allow_private = yes", ""),
  });
  const browser = outside.browser();
  subscribe(browser);
  await jobs.up();
  tell();
  jobs.wake();
  await eventually(
    "it was tried",
    () => put("push.send").some((j) => j.payload.tries === 1),
    15,
  );
  await lull(100);
  assert.equal(browser.pushed().length, 0);
});
