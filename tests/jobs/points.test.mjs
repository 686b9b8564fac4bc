// What earns experience, how much of it a day, and what does not.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { child, psqlOf } from "../lib/child.mjs";
import { Runner, sleep } from "./runner.mjs";

let jobs;
let people;
let writers;
let post;

before(async () => {
  jobs = await Runner.start("points", { children: 4 });
  people = jobs.users(40);
  // Long enough here to give others something.
  jobs.sql`UPDATE users SET created_at = now() - interval '2 days'`;
  writers = people.slice(1);
  post = jobs.psql(["-c", `
    WITH made AS (INSERT INTO posts (author_id, title, status)
      VALUES ('${people[0].id}', 'Here', 'published') RETURNING id)
    INSERT INTO post_contents (post_id, content, content_html)
    SELECT id, 'x', '<p>x</p>' FROM made RETURNING post_id`]).trim();
});
after(() => jobs.stop());

/** Caps go by days of UTC: where one is about to turn, that is waited for. */
beforeEach(async () => {
  const left = () => 86400000 - (Date.now() % 86400000);
  while (left() < 90000) await sleep(left() + 50);
});

/** Somebody whom no other test has. */
const somebody = () => writers.pop();

/** A comment for each text, one after the other; their ids. */
const comments = (who, texts) => jobs.psql(["-f", "-"], texts.map((text) => `
  WITH made AS (SELECT c FROM comment_add('${post}', NULL, '${who.id}',
      '${text}', '<p>x</p>') c),
  news AS (INSERT INTO outbox (event, subject_id, actor_id, data)
    SELECT 'comment.created', (c).id, '${who.id}', '{}' FROM made)
  SELECT (c).id FROM made;`).join("\n")).trim().split("\n");
const comment = (who, text) => comments(who, [text])[0];

const remove = (who, ids) => jobs.psql(["-f", "-"], ids.map((id) => `
  INSERT INTO outbox (event, subject_id, actor_id, data)
  SELECT 'comment.deleted', '${id}', '${who.id}', '{}'
  WHERE comment_remove('${id}', '${who.id}');`).join("\n"));

async function done() {
  jobs.wake();
  await jobs.drained();
}

const earned = (who, source = "comment_created") => jobs.sql`
  SELECT coalesce(sum(amount), 0) AS n FROM xp_log
  WHERE user_id = ${who.id} AND source = ${source}`[0].n;

const faults = () => jobs.sql`SELECT * FROM ledger_audit()`;

const words = ["river", "lantern", "copper", "monday", "velvet", "thunder",
  "kitchen", "puzzle", "window", "harvest"];
/** Texts of which no two are alike. */
const unlike = (n) => [0, 3, 5, 7].map((k) =>
  words[(n * (k + 1) + Math.floor(n / 10) * k) % 10] +
  String.fromCharCode(97 + ((n * 7 + k) % 26), 97 + ((n * 11 + k) % 26)))
  .join(` ${"qxzjvk"[n % 6]}${n} `);

const login = () => ["-X", "-q", "-h", jobs.dir, "-U", "sparkle_owner",
  "-d", "sparkle", "-v", "ON_ERROR_STOP=1"];

/** Statements by twelve at once, each of which takes every twelfth. */
const together = (t, statements) => Promise.all(Array.from({ length: 12 },
  (_, k) => new Promise((resolve, reject) => {
    const psql = child(t, "psql", [...login(), ...statements
      .filter((_, i) => i % 12 === k).flatMap((text) => ["-c", text])],
      { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    psql.stderr.on("data", (some) => (said += some));
    psql.on("close", (code) => code === 0 ? resolve() : reject(Error(said)));
  })));

test("60 comments in a row earn less and less, and no more than the cap", async () => {
  const ann = somebody();
  const texts = Array.from({ length: 60 }, (_, i) => unlike(i));
  comments(ann, texts.slice(0, 7));
  await done();
  assert.equal(earned(ann), 6 * 5 + 2);
  comments(ann, texts.slice(7));
  await done();
  // Six of 5, six of 2, six of 1.
  assert.equal(earned(ann), 48);
  const [{ times }] = jobs.sql`SELECT times FROM xp_days
    WHERE user_id = ${ann.id} AND source = 'comment_created'`;
  assert.equal(times, 18);
  // The next day begins anew.
  jobs.sql`UPDATE xp_days SET day = day - 1 WHERE user_id = ${ann.id}`;
  comment(ann, "Tomorrow there is something else to say");
  await done();
  assert.equal(earned(ann), 53);
});

test("60 at once get what 60 in a row get", async (t) => {
  const ben = somebody();
  const calls = Array.from({ length: 60 }, (_, i) => `SELECT 1 FROM
    add_experience('${ben.id}', NULL, 'comment_created', 'race-${i}',
      p_text => '${unlike(i)}')`);
  await together(t, calls);
  assert.equal(earned(ben), 48);
  assert.deepEqual(faults(), []);
});

test("a cap holds where amounts do not shrink", async (t) => {
  const cyd = somebody();
  jobs.sql`INSERT INTO xp_sources (source, amount, daily_cap)
    VALUES ('test_capped', 7, 20)`;
  await together(t, Array.from({ length: 24 }, (_, i) => `SELECT 1 FROM
    add_experience('${cyd.id}', NULL, 'test_capped', 'k${i}')`));
  assert.equal(earned(cyd, "test_capped"), 20);
});

test("the same text earns once, however it is dressed", async () => {
  const dan = somebody();
  const alike = [
    "What a great video, thank you!",
    "what a GREAT video - thank you",
    "What a great video, thank you! 2",
    "Whaaat a grëat   video, thank you!!! 😀",
    "Ｗｈａｔ a great video, thank you",
    "What a really great video, thank you!",
    "W h a t a great video, tha\u200bnk you",
  ];
  comments(dan, alike);
  await done();
  assert.equal(earned(dan), 5);
  comment(dan, "I met the band at the station in Leeds once");
  await done();
  assert.equal(earned(dan), 10);
  // It is nobody else's.
  const eve = somebody();
  comment(eve, alike[0]);
  await done();
  assert.equal(earned(eve), 5);
});

test("signs alone are a text, too", async () => {
  const fay = somebody();
  comments(fay, ["👍", "👍👍 👍", "10/10", "10 / 10", "🎉"]);
  await done();
  assert.equal(earned(fay), 15, "a thumb, a mark, a party");
});

test("short texts that share a word are not the same", () => {
  const pairs = [
    ["Thanks!", "Thanks a lot for the timestamps"],
    ["Yes", "No"],
    ["検索を試す", "音楽が好き"],
    ["I like the first one", "The second song is better than this"],
  ];
  const who = somebody();
  for (const pair of pairs)
    for (const text of pair) {
      const [{ fresh }] = jobs.sql`SELECT text_fresh(${who.id}, ${text})
        AS fresh`;
      assert.ok(fresh, text);
    }
});

test("the same text at once earns once", async (t) => {
  const gil = somebody();
  await together(t, Array.from({ length: 24 }, (_, i) => `SELECT 1 FROM
    add_experience('${gil.id}', NULL, 'comment_created', 'same-${i}',
      p_text => 'One text, written by hand')`));
  assert.equal(earned(gil), 5);
});

test("a post and a comment of one text earn once", async () => {
  const hal = somebody();
  const text = "Every episode of the spring tour, ranked by its weather";
  const publish = () => jobs.psql(["-c", `
    WITH made AS (INSERT INTO posts (author_id, title, status)
      VALUES ('${hal.id}', 'Ranked', 'published') RETURNING *),
    body AS (INSERT INTO post_contents (post_id, content, content_html)
      SELECT id, '${text}', '' FROM made)
    INSERT INTO outbox (event, subject_id, actor_id, data)
    SELECT 'post.created', id, author_id, '{}' FROM made`]);
  publish();
  await done();
  publish();
  comment(hal, text);
  await done();
  assert.equal(earned(hal, "post_published"), 25);
  assert.equal(earned(hal), 0);
});

test("what is deleted is taken back, and writing it again earns nothing", async () => {
  const ida = somebody();
  const before = jobs.sql`SELECT experience FROM users
    WHERE id = ${ida.id}`[0].experience;
  for (let i = 0; i < 4; i++) {
    const id = comment(ida, "Write, delete, and write again");
    await done();
    remove(ida, [id]);
    await done();
    assert.equal(earned(ida), 0, `round ${i}`);
  }
  // The day's share is used up by what is taken back.
  const ids = comments(ida, Array.from({ length: 20 }, (_, i) => unlike(i)));
  await done();
  remove(ida, ids);
  await done();
  assert.equal(earned(ida), 0);
  comments(ida, Array.from({ length: 10 }, (_, i) => unlike(20 + i)));
  await done();
  assert.equal(earned(ida), 0);
  const [{ experience }] = jobs.sql`SELECT experience FROM users
    WHERE id = ${ida.id}`;
  assert.equal(experience, before);
  assert.deepEqual(faults(), []);
});

test("a deletion before its comment's turn comes leaves nothing", async () => {
  const jan = somebody();
  jobs.sql`UPDATE job_queues SET paused_at = now()`;
  remove(jan, [comment(jan, "Gone before anybody looked")]);
  jobs.sql`UPDATE job_queues SET paused_at = NULL`;
  await done();
  assert.equal(earned(jan), 0);
});

test("a level that was reached stays, and is paid once", async () => {
  const kim = somebody();
  const give = (key, amount) => jobs.sql`SELECT new_level FROM
    add_experience(${kim.id}, ${amount}, 'test_level', ${key})`[0].new_level;
  assert.equal(give("a", 100), 2);
  const taken = () => jobs.sql`SELECT take_experience(${kim.id},
    'test_level', 'a') AS n`[0].n;
  assert.equal(taken(), 100);
  assert.equal(taken(), 0, "once");
  const of = () => jobs.sql`SELECT level, experience FROM users
    WHERE id = ${kim.id}`[0];
  const { level, experience } = of();
  assert.equal(level, 2);
  give("b", 100);
  assert.deepEqual(of(), { level: 2, experience: experience + 100 });
  const paid = jobs.sql`SELECT 1 FROM currency_transactions
    WHERE user_id = ${kim.id} AND source = 'level_up'`;
  assert.equal(paid.length, 1);
  assert.deepEqual(faults(), []);
});

test("one member's likes count five a day, newcomers' not at all", async () => {
  const [lea, max, young] = [somebody(), somebody(), somebody()];
  jobs.sql`UPDATE users SET created_at = now() WHERE id = ${young.id}`;
  const like = (who, key) => jobs.sql`SELECT added FROM
    add_experience(${lea.id}, NULL, 'reaction_received', ${key},
      p_actor => ${who.id})`[0].added;
  const given = Array.from({ length: 8 }, (_, i) => like(max, `m${i}`));
  assert.deepEqual(given, [1, 1, 1, 1, 1, 0, 0, 0]);
  assert.equal(like(young, "n"), 0);
  jobs.sql`UPDATE users SET created_at = now() - interval '24 hours'
    WHERE id = ${young.id}`;
  assert.equal(like(young, "n"), 1);
});

// ---- The order of the ledgers -----------------------------------------------

const move = (who, i) => `
  SELECT 1 FROM add_points('${who.id}', ${i % 3 === 2 ? -1 : 10 + i},
    'sparkle', '${i % 3 === 2 ? "spend" : "earn"}', 'test', 'move-${i}');
  SELECT 1 FROM add_experience('${who.id}', 1, 'test_move', '${i}')`;
const ledger = (who) => jobs.sql`SELECT number, balance_before, balance_after,
    key, created_at FROM currency_transactions
  WHERE user_id = ${who.id} AND currency = 'sparkle' ORDER BY number`;

function chains(rows) {
  let balance = 0;
  rows.forEach((row, i) => {
    assert.equal(row.number, i + 1);
    assert.equal(row.balance_before, balance);
    balance = row.balance_after;
  });
  assert.deepEqual(faults(), []);
}

test("rows of many writers chain by their number", async (t) => {
  const ned = somebody();
  await together(t, Array.from({ length: 60 }, (_, i) => move(ned, i)));
  const rows = ledger(ned);
  assert.equal(rows.filter((row) => /^move-/.test(row.key)).length, 60);
  chains(rows);
});

test("who begins first and comes second stands second", async (t) => {
  const may = somebody();
  const first = psqlOf(t, login());
  await first.run("BEGIN; SELECT now()");
  jobs.psql(["-c", move(may, 0)]);
  await first.run(`${move(may, 1)}; COMMIT`);
  first.end();
  const rows = ledger(may).slice(-2);
  assert.deepEqual(rows.map((row) => row.key), ["move-0", "move-1"]);
  assert.ok(rows[0].created_at > rows[1].created_at, "by time it is last");
  chains(ledger(may));
});

test("the audit finds a row that is missing or does not follow", () => {
  const [ola, pia] = [somebody(), somebody()];
  const pay = (who, key) => jobs.sql`SELECT 1 FROM add_points(${who.id}, 5,
    'sparkle', 'earn', 'test', ${key})`;
  for (const who of [ola, pia]) for (const key of ["a", "b", "c"]) pay(who, key);
  const of = (who) => faults().filter((f) => f.key === who.id)
    .map((f) => f.counter);
  assert.deepEqual(of(ola), []);
  jobs.sql`DELETE FROM currency_transactions
    WHERE user_id = ${ola.id} AND key = 'b'`;
  assert.ok(of(ola).includes("currency_transactions.sparkle[4]"), `${of(ola)}`);
  jobs.sql`UPDATE currency_transactions SET balance_before = 1,
    balance_after = 6 WHERE user_id = ${pia.id} AND key = 'b'`;
  assert.ok(of(pia).includes("currency_transactions.sparkle[3]"), `${of(pia)}`);
  jobs.sql`UPDATE xp_log SET total_xp = total_xp + 1
    WHERE user_id = ${pia.id} AND number = 1`;
  assert.ok(of(pia).includes("xp_log[1]"), `${of(pia)}`);
  jobs.sql`SELECT ledger_repair()`;
  assert.ok(of(pia).includes("xp_log[1]"), "nothing hides it");
});
