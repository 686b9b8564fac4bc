// What people are told of texts: plain, and cut between what they see as
// characters.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seal } from "../lib/seal.mjs";
import {
  ann,
  begin,
  ben,
  due,
  jobs,
  outside,
  rows,
  tell,
  thing,
  wants,
} from "./door.mjs";
import { encryptionRing, eventually } from "./runner.mjs";

begin("texts");

// Seven code points that are one character; a flag; a Tamil syllable.
const family = "\u{1F468}\u200D\u{1F469}\u200D\u{1F467}\u200D\u{1F466}";
const flag = "\u{1F1EF}\u{1F1F5}";
const ni = "\u0BA8\u0BBF";
const whole = [...new Intl.Segmenter().segment(family)].length === 1;

/** Whether that is so many of `unit` and an ellipsis, `most` code points. */
function checkCut(text, unit, most) {
  const count = [...unit].length;
  const times = Math.floor((most - 1) / count);
  assert.equal(text, `${unit.repeat(times)}…`);
}

// ---- Excerpts of comments ----

const comment = (content, excerpt = "NULL") =>
  jobs
    .psql([
      "-c",
      `SELECT (comment_add('${thing}', NULL, '${ben.id}', $t$${content}$t$,
        '<p>x</p>', NULL, ${excerpt})).id`,
    ])
    .trim();
const excerptOf = (id) =>
  jobs.sql`SELECT excerpt FROM comments WHERE id = ${id}`[0].excerpt;
const waiting = () =>
  jobs.sql`SELECT comment_id AS id FROM comment_excerpt_stale`;
const make = () =>
  assert.equal(jobs.batch("comment-excerpt").status, 0);
const made = () => jobs.sql`SELECT items::int AS n FROM batch_runs
  WHERE name = 'comment-excerpt' ORDER BY started_at DESC LIMIT 1`[0].n;

test("comment-excerpt: plain, cut in whole characters, each once", () => {
  make();
  const plain = comment("# A **head**\n\n> and [a link](https://e.example)\n");
  const long = {};
  for (const unit of [family, flag, ni])
    long[unit] = comment(unit.repeat(200));
  comment("written by a program", "'written by a program'");
  assert.equal(waiting().length, 4);
  assert.equal(jobs.batch("--dry-run", "comment-excerpt").status, 0);
  assert.equal(made(), 4);
  assert.equal(excerptOf(plain), null);
  make();
  assert.equal(made(), 4);
  assert.equal(excerptOf(plain), "A head and a link");
  assert.ok(whole, "the segmenter knows families");
  for (const [unit, id] of Object.entries(long))
    checkCut(excerptOf(id), unit, 200);
  make();
  assert.equal(made(), 0);
});

test("comment-excerpt: more than a step has, and what was changed by SQL", () => {
  jobs.sql`INSERT INTO comments (post_id, author_id, number, path,
      content, content_html)
    SELECT ${thing}, ${ben.id}, 1000 + n, 'x' || n, 'Text _' || n || '_', ''
    FROM generate_series(1, 300) n`;
  const ids = jobs.sql`SELECT id FROM comments WHERE number > 1000
    ORDER BY number`.map((c) => c.id);
  make();
  assert.equal(made(), 300);
  assert.equal(excerptOf(ids[299]), "Text 300");
  jobs.sql`UPDATE comments SET content = '~~new~~ text' WHERE id = ${ids[7]}`;
  jobs.sql`UPDATE comments SET score = 7 WHERE id = ${ids[8]}`;
  assert.deepEqual(waiting(), [{ id: ids[7] }]);
  make();
  assert.equal(excerptOf(ids[7]), "new text");
});

test("comment-excerpt: what was deleted meanwhile is not said again", () => {
  const id = comment("Secret");
  jobs.sql`UPDATE comments SET deleted_at = now(), excerpt = NULL
    WHERE id = ${id}`;
  make();
  assert.equal(excerptOf(id), null);
  assert.deepEqual(waiting(), []);
});

// ---- What is sent ----

const subscribe = (browser) =>
  jobs.psql([
    "-c",
    `WITH s AS (INSERT INTO sessions (user_id, token_hash, csrf_secret,
        expires_at)
      VALUES ('${ann.id}', sha256(gen_random_uuid()::text::bytea), '\\x00',
        now() + interval '1 day') RETURNING id)
    SELECT push_subscribe('${ann.id}', s.id, '${browser.endpoint}',
      '\\x${browser.point.toString("hex")}',
      '\\x${browser.auth.toString("hex")}', 'test') FROM s`,
  ]);

test("pushes and SMS are cut in whole characters; the list has the whole", async () => {
  const browser = outside.browser();
  subscribe(browser);
  wants("sms_enabled = true");
  const { kid, hex } = seal(encryptionRing, ann.id, "+491701234567");
  jobs.sql`INSERT INTO phones (user_id, number, kid, verified_at)
    VALUES (${ann.id}, decode(${hex}, 'hex'), ${kid}, now())`;
  const title = family.repeat(70);
  const message = flag.repeat(200);
  tell({ title, message, priority: 3 });
  due();
  const [pushed] = await eventually(
    "the push comes",
    () => browser.pushed().length && browser.pushed(),
  );
  const says = pushed.open(browser);
  checkCut(says.title, family, 150);
  checkCut(says.body, flag, 250);
  await eventually("the SMS comes", () => outside.texted.length > 0);
  const { text } = JSON.parse(outside.texted[0].body);
  const [, sent] = /^Sparkle Universe: (.*) https?:/.exec(`${text} http:`);
  checkCut(sent.trim(), family, 200);
  assert.equal(rows()[0].title, title);
  assert.equal(rows()[0].message, message);
});

test("names in titles are whole", () => {
  const groupName = family.repeat(60);
  tell({ type: "GROUP_INVITE", actor: ben.id, data: { groupName } });
  assert.equal(rows()[0].title, `user2 invites you to ${groupName}`);
});

test("a digest has the summary that its author wrote, whole", () => {
  const excerpt = flag.repeat(250);
  jobs.sql`INSERT INTO follows (follower_id, following_id)
    VALUES (${ann.id}, ${ben.id})`;
  jobs.sql`INSERT INTO posts (author_id, title, excerpt, status, published_at)
    VALUES (${ben.id}, 'Summed up', ${excerpt}, 'published', now())`;
  const [{ content }] = jobs.sql`SELECT digest_content(${ann.id}, 'daily')
    AS content`;
  assert.equal(content.posts[0].excerpt, excerpt);
});
