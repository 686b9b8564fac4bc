// After deletion nothing of a user is left but what privacy_remains names:
// every place is filled with rows that hold the user's mark, the clock is
// moved by 14 days, and then all tables, keys and files are searched for it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { Client } from "../lib/client.mjs";
import { nobody } from "../lib/erase.mjs";
import { addressOf } from "../lib/people.mjs";
import { seal } from "../lib/seal.mjs";
import { eventually, top } from "../lib/stack.mjs";
import { leaving } from "./leaving.mjs";

let stack;
let people;
let clock;

const { batch } = leaving(
  "erasure",
  (site) => ({ stack, people, clock } = site),
);

/** Rows of a query that gives names, one a line. */
const names = (text) =>
  stack.psql([], text).then((out) => out.split("\n").filter(Boolean));

// ---- The list ---------------------------------------------------------------

test("every column that refers to users is in the list", async () => {
  const left = await names(`
    SELECT c.conrelid::regclass || '.' || a.attname
    FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    JOIN pg_class r ON r.oid = c.conrelid AND NOT r.relispartition
    WHERE c.contype = 'f' AND c.confrelid = 'users'::regclass
      AND NOT EXISTS (SELECT FROM privacy_places p
        WHERE p.tbl = r.relname AND p.col = a.attname)`);
  assert.deepEqual(left, [], "put them into sql/privacy.sql");
});

test("every table is somebody's in the list, or nobody's", async () => {
  const left = await names(`
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition
      AND (EXISTS (SELECT FROM privacy_places WHERE tbl = c.relname)
        = EXISTS (SELECT FROM site_tables WHERE tbl = c.relname))`);
  assert.deepEqual(left, [], "put them into sql/privacy.sql");
});

test("a new column that refers to users would be missed", async () => {
  const left = await names(`
    BEGIN; CREATE TABLE badges (id int, owner uuid REFERENCES users);
    SELECT a.attname FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.confrelid = 'users'::regclass
      AND NOT EXISTS (SELECT FROM privacy_places p
        WHERE p.tbl = c.conrelid::regclass::text AND p.col = a.attname);
    ROLLBACK`);
  assert.deepEqual(left, ["owner"]);
});

test("what is in no export, and what stays, has a reason", async () => {
  const left = await names(`SELECT tbl FROM privacy_places
    WHERE (file IS NULL OR erase = 'keep') AND coalesce(why, '') = ''
    UNION ALL SELECT place FROM privacy_remains WHERE ground = ''`);
  assert.deepEqual(left, []);
});

test("no export has a column of bytes, and hidden ones exist", async () => {
  const left = await names(`
    SELECT p.tbl || '.' || a.attname FROM privacy_places p
    JOIN pg_attribute a ON a.attrelid = p.tbl::regclass AND a.attnum > 0
    WHERE p.file IS NOT NULL AND a.atttypid = 'bytea'::regtype
      AND a.attname <> ALL (p.hidden)
    UNION ALL SELECT p.tbl || '.' || h FROM privacy_places p, unnest(hidden) h
    WHERE NOT EXISTS (SELECT FROM pg_attribute a
      WHERE a.attrelid = p.tbl::regclass AND a.attname = h)`);
  assert.deepEqual(left, []);
});

// ---- Searching --------------------------------------------------------------

/** Every column of every table where the pattern is: "table.column". */
async function inTables(pattern) {
  const columns = await stack.sql`
    SELECT c.relname AS t, a.attname AS c FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
      AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition`;
  const asks = columns.map(
    ({ t, c }) => `SELECT '${t}.${c}' WHERE EXISTS (SELECT FROM "${t}"
      WHERE "${c}"::text ~* '${pattern}')`,
  );
  return names(asks.join("\nUNION ALL "));
}

const readers = {
  string: (key) => stack.redis("GET", key),
  hash: (key) => stack.redis("HGETALL", key),
  list: (key) => stack.redis("LRANGE", key, 0, -1),
  set: (key) => stack.redis("SMEMBERS", key),
  zset: (key) => stack.redis("ZRANGE", key, 0, -1),
};

/** Keys of Redis that have the pattern in their name or value. */
async function inRedis(pattern) {
  const found = [];
  for (const key of await stack.redis("KEYS", "*")) {
    const type = await stack.redis("TYPE", key);
    if (type === "none") continue; // it ran out meanwhile
    const value = await readers[type](key);
    if (pattern.test(key) || pattern.test(JSON.stringify(value)))
      found.push({ key, value });
  }
  return found;
}

function* filesBelow(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

/** Its text; none where it was removed meanwhile. */
function textOf(path) {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (error.code === "ENOENT") return "";
    throw error;
  }
}

/** Files of the instance that have the pattern, by their path in it. */
const inFiles = (pattern) =>
  [...filesBelow(stack.dir)]
    .filter((path) => pattern.test(path) || pattern.test(textOf(path)))
    .map((path) => relative(stack.dir, path));

// ---- Filling ----------------------------------------------------------------

const follow = (who, whom) =>
  who.put(`/api/users/${whom.name}/follow`);

/** A user whose every text has its mark, in every place. */
async function fill(mark, ip) {
  await people.create([mark]);
  const me = await people.logIn(mark, { client: new Client(stack, { ip }) });
  me.ip = ip;
  const other = await people.user();
  const third = await people.user();
  const post = await people.post(other, {
    content: `Hello @${mark}, welcome.`,
  });
  const own = await people.post(me, { title: `${mark} speaks` });
  await people.comment(other, own, "I agree.");
  const gone = await people.comment(other, post, "Never mind.");
  await other.delete(`/api/comments/${gone.id}`);
  await people.comment(me, post, `${mark} says hello.`);
  await me.put(`/api/posts/${post.id}/reactions/LIKE`);
  await other.put(`/api/posts/${own.id}/reactions/LOVE`);
  await follow(me, other);
  await follow(other, { name: mark });
  const failed = new Client(stack, { ip });
  await failed.post("/api/auth/login", { email: addressOf(mark), password: "x" });
  await settled();
  const ring = readFileSync(join(stack.dir, "secrets/encryption_key"), "utf8");
  const missing = await stack.psql([
    ...["-v", `me=${me.id}`, "-v", `other=${other.id}`],
    ...["-v", `third=${third.id}`, "-v", `mark=${mark}`, "-v", `ip=${ip}`],
    ...["-v", `phone=${seal(ring, me.id, "+4915112345678").hex}`],
    ...["-f", join(top, "tests/data/erasure.sql")],
  ]);
  return { me, other, third, post, own, missing };
}

/** Nothing is left to be done. */
const settled = () =>
  eventually("all jobs are done", async () => {
    const left = await stack.value`SELECT (SELECT count(*) FROM outbox)
      + (SELECT count(*) FROM jobs WHERE state IN ('available', 'running'))`;
    return left === 0;
  });

async function exported(me) {
  const asked = await me.post("/api/users/me/export", {});
  assert.equal(asked.status, 202, `${asked}`);
  await eventually("the export is ready", async () => {
    const one = await me.get(`/api/users/me/export/${asked.data.id}`);
    return one.data.state === "ready";
  });
}

/** Deletes the account 14 days later. */
async function leave(me, removeContent, mark) {
  const asked = await me.post("/api/users/me/deletion", {
    removeContent,
    reason: mark,
  });
  assert.equal(asked.status, 201, `${asked}`);
  await settled();
  clock.ahead({ days: 14 });
  // A last visit, so that Redis has a copy of the session.
  assert.equal((await me.get("/api/users/me")).status, 200);
  const run = batch("account-deletion");
  assert.equal(run.status, 0, run.stderr);
  await settled();
}

/** The mark, the address, and the mark within bytes, in hex. */
const patternOf = (mark, ip) =>
  `${mark}|${ip.replaceAll(".", "\\.")}|${Buffer.from(mark).toString("hex")}`;

async function checkTables(pattern, allowed) {
  const remains = await stack.sql`SELECT place, columns FROM privacy_remains
    WHERE kind = 'table'`;
  const named = remains.flatMap(({ place, columns }) =>
    columns.map((c) => `${place}.${c}`),
  );
  const found = await inTables(pattern);
  assert.deepEqual(
    found.filter((column) => !named.includes(column)),
    [],
  );
  if (allowed) assert.deepEqual(found.sort(), allowed);
}

async function checkElsewhere(pattern, hashes) {
  const remains = await stack.sql`SELECT kind, place FROM privacy_remains`;
  const of = (kind) =>
    remains.filter((r) => r.kind === kind).map((r) => r.place);
  const keys = await inRedis(
    new RegExp([pattern, ...hashes.filter(Boolean)].join("|"), "i"),
  );
  for (const { key, value } of keys) {
    const place = of("redis").find((p) => key.startsWith(p.slice(0, -1)));
    assert.ok(place, `${key} is left in Redis`);
    if (key.startsWith("session:")) assert.match(value, /^[-?]/);
  }
  const files = inFiles(new RegExp(pattern, "i"));
  assert.deepEqual(
    files.filter((f) => !of("file").some((place) => f.startsWith(place))),
    [],
  );
}

// ---- The test itself --------------------------------------------------------

const scenarios = [
  ["content removed", "zqgone", "203.0.113.77", true],
  ["content kept", "zqkept", "198.51.100.99", false],
];
for (const [name, mark, ip, removes] of scenarios)
  test(`nothing is left but what is named: ${name}`, async () => {
    const { me, other, post, own, missing } = await fill(mark, ip);
    assert.equal(missing, "data_exports user_id\ndeletion_requests user_id\n");
    await exported(me);
    assert.ok((await inTables(patternOf(mark, ip))).length > 60);
    assert.equal(readdirSync(join(stack.dir, "exports")).length, 1);
    const hashes = await names(`SELECT encode(h, 'hex') FROM sessions,
      unnest(ARRAY[token_hash, previous_hash]) h WHERE user_id = '${me.id}'`);

    await stack.redis("ZADD", "leaderboard:weekly:test", 7, me.id);
    assert.ok((await inRedis(new RegExp(me.id))).length >= 2);

    await leave(me, removes, mark);
    assert.deepEqual(await inRedis(new RegExp(me.id)), []);

    // What others wrote of the user stays, and what the log says.
    await checkTables(patternOf(mark, ip));
    await checkElsewhere(patternOf(mark, ip), hashes);
    assert.deepEqual(readdirSync(join(stack.dir, "exports")), []);
    const [user] = await stack.sql`SELECT status, email, username,
        password_hash, image, deleted_at IS NOT NULL AS deleted
      FROM users WHERE id = ${me.id}`;
    assert.deepEqual(user, {
      status: "DELETED",
      email: `deleted_${me.id}`,
      username: `deleted_${me.id}`,
      password_hash: null,
      image: null,
      deleted: true,
    });
    assert.equal((await me.get("/api/users/me")).status, 401);
    assert.equal((await people.guest().get(`/api/users/${mark}`)).status, 404);
    await checkContent(other, { post, own, removes });
    assert.deepEqual(await stack.sql`SELECT * FROM counter_audit()`, []);
    assert.deepEqual(await stack.sql`SELECT * FROM ledger_audit()`, []);
  });

async function checkContent(other, { post, own, removes }) {
  const shown = await other.get(`/api/posts/${own.id}`);
  assert.equal(shown.status, removes ? 404 : 200, `${shown}`);
  if (!removes) {
    assert.deepEqual(shown.data.author, nobody);
    const page = await other.page(`/post/${own.slug}`);
    assert.match(page.text, /Deleted user/i);
  }
  const [name] = await names(`SELECT author_name FROM posts
    WHERE id = '${own.id}'`);
  assert.equal(name, "Deleted User");
  const detail = await other.get(`/api/posts/${post.id}`);
  assert.equal(detail.data._count.comments, removes ? 0 : 1);
  assert.equal(detail.data._count.reactions, removes ? 0 : 1);
  const followed = await stack.sql`SELECT title, actor_count AS n, message
    FROM notifications WHERE user_id = ${other.id}
      AND type = 'USER_FOLLOWED'`;
  assert.equal(followed.length, 1);
  assert.match(followed[0].title, /^user_\w+ follows you$/);
  assert.deepEqual([followed[0].n, followed[0].message], [1, ""]);
}

test("who left may come back with the same name and address", async () => {
  await people.create(["zqgone"]);
  const back = await people.logIn("zqgone");
  assert.equal((await back.get("/api/users/me")).data.username, "zqgone");
});
