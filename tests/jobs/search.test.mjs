// What searches read of posts that the programs did not write themselves.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Runner } from "./runner.mjs";

let db;
let author;

before(async () => {
  db = await Runner.start("search", { run: false });
  [author] = db.users(1);
});
after(() => db.stop());

const waiting = () =>
  db.sql`SELECT count(*)::int AS n FROM post_search_stale`[0].n;
/** The lexemes of all posts, in order. */
const lexemes = () =>
  db.sql`SELECT coalesce(string_agg(lexeme, ' ' ORDER BY lexeme), '') AS all
    FROM (SELECT DISTINCT lexeme FROM post_contents, unnest(search)) w`[0].all;
const index = () => assert.equal(db.batch("search-index").status, 0);
const last = () => db.sql`SELECT items, exit_code FROM batch_runs
  WHERE name = 'search-index' ORDER BY started_at DESC LIMIT 1`[0];

test("search-index: posts written by SQL, all of them, once", () => {
  db.psql(["-c", `WITH made AS (
      INSERT INTO posts (author_id, title, tags, status, published_at)
      SELECT '${author.id}', 'Head', '{tag}', 'published', now()
      FROM generate_series(1, 150) RETURNING id)
    INSERT INTO post_contents (post_id, content, content_html)
    SELECT id, 'Bodies', '' FROM made`]);
  assert.equal(lexemes(), "");
  assert.equal(waiting(), 150);
  assert.equal(db.batch("--dry-run", "search-index").status, 0);
  assert.deepEqual(last(), { items: 150, exit_code: 0 });
  assert.equal(lexemes(), "");
  index();
  assert.deepEqual(last(), { items: 150, exit_code: 0 });
  assert.equal(waiting(), 0);
  assert.equal(lexemes(), "^head bodi bodies head tag");
  index();
  assert.equal(last().items, 0);
});

test("a changed title waits, and a changed text is found no more", () => {
  db.sql`UPDATE posts SET title = 'Tail'`;
  assert.equal(waiting(), 150);
  index();
  assert.equal(lexemes(), "^tail bodi bodies tag tail");
  db.sql`UPDATE post_contents SET content = ''`;
  assert.equal(lexemes(), "");
  index();
  assert.equal(lexemes(), "^tail tag tail");
  db.sql`UPDATE posts SET featured = true`;
  assert.equal(waiting(), 0);
});
