// Deletion and export as time goes by: exactly 14 and 7 days, the batch
// programs, what is broken off, who is faster; and what an export holds.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { child } from "../lib/child.mjs";
import { password } from "../lib/people.mjs";
import { seal } from "../lib/seal.mjs";
import { eventually, sleep } from "../lib/stack.mjs";
import { leaving } from "./leaving.mjs";

const deletion = "/api/users/me/deletion";
const exports_ = "/api/users/me/export";
let stack;
let people;
let clock;
const { batch, leave, statusOf } = leaving(
  "privacy",
  (site) => ({ stack, people, clock } = site),
);

/** A batch program beside what else goes on; its exit status. */
function batchBeside(t, ...words) {
  const [program, args] = stack.batchWords(...words);
  const run = child(t, program, args, { cwd: "/", stdio: "ignore" });
  return new Promise((go) => run.on("exit", go));
}

const lastRun = async (name) =>
  (
    await stack.sql`SELECT items, exit_code, dry_run FROM batch_runs
      WHERE name = ${name} ORDER BY id DESC LIMIT 1`
  )[0];

async function exported(user) {
  const asked = await user.post(exports_, { password });
  assert.equal(asked.status, 202, `${asked}`);
  return eventually("the export is ready", async () => {
    const one = await user.get(`${exports_}/${asked.data.id}`);
    return one.data.state === "ready" && one.data;
  });
}

const pathOf = (url) => url.slice(stack.url.length);
const exportFiles = () => readdirSync(join(stack.dir, "exports"));

// ---- 14 days ----------------------------------------------------------------

test("14 days, and not a moment less", async () => {
  const user = await people.user();
  const due = await leave(user);
  clock.moveTo(due - 60000);
  assert.equal(batch("account-deletion").status, 0);
  assert.equal(await statusOf(user), "ACTIVE");
  assert.equal((await user.get(deletion)).data.pending, true);
  clock.moveJustAfter(due);
  assert.equal((await user.delete(deletion)).json.code, "DELETION_BEGUN");
  assert.equal(batch("account-deletion", "--dry-run").status, 0);
  assert.deepEqual(await lastRun("account-deletion"), {
    items: 1,
    exit_code: 0,
    dry_run: true,
  });
  assert.equal(await statusOf(user), "ACTIVE");
  assert.equal(batch("account-deletion").status, 0);
  assert.equal(await statusOf(user), "DELETED");
  assert.equal((await lastRun("account-deletion")).items, 1);
  assert.equal((await user.get(deletion)).status, 401);
  assert.equal(batch("account-deletion").status, 0);
  assert.equal((await lastRun("account-deletion")).items, 0);
});

test("who cancels a moment before keeps everything", async () => {
  const user = await people.user();
  const due = await leave(user);
  clock.moveTo(due - 60000);
  assert.equal((await user.delete(deletion)).status, 204);
  clock.moveJustAfter(due);
  assert.equal(batch("account-deletion").status, 0);
  assert.equal(await statusOf(user), "ACTIVE");
  assert.equal((await user.get("/api/users/me")).status, 200);
});

test("who is banned or locked out meanwhile is erased all the same", async () => {
  const user = await people.user();
  const due = await leave(user);
  await stack.sql`UPDATE users SET status = 'BANNED' WHERE id = ${user.id}`;
  clock.moveJustAfter(due);
  assert.equal(batch("account-deletion").status, 0);
  assert.equal(await statusOf(user), "DELETED");
});

test("an account that staff deleted is erased at the next run", async () => {
  const user = await people.user();
  await stack.sql`UPDATE users SET status = 'DELETED', deleted_at = now()
    WHERE id = ${user.id}`;
  assert.equal(batch("account-deletion").status, 0);
  const name = await stack.value`SELECT username FROM users
    WHERE id = ${user.id}`;
  assert.equal(name, `deleted_${user.id}`);
});

test("cancelled and erased at once: one of both, for each of 12", async (t) => {
  const users = await people.crowd(12);
  const due = await Promise.all(users.map((user) => leave(user)));
  const moment = Math.max(...due);
  // Three are in time for sure, and three too late: the others race.
  const [early, late, racing] = [users.slice(0, 3), users.slice(3, 6), users.slice(6)];
  await stack.sql`UPDATE deletion_requests
    SET due_at = ${new Date(moment).toISOString()}
    WHERE done_at IS NULL AND cancelled_at IS NULL`;
  const cancel = (some) => Promise.all(some.map((user) => user.delete(deletion)));
  const inTime = await cancel(early);
  clock.moveTo(moment - 500);
  const raced = Promise.all(
    racing.map(async (user, i) => {
      await sleep(i * 250);
      return user.delete(deletion);
    }),
  );
  const codes = [];
  for (let i = 0; i < 4; i++) codes.push(await batchBeside(t, "account-deletion"));
  await raced;
  if (clock.now() <= moment) clock.moveJustAfter(moment);
  const answers = [...inTime, ...(await cancel(late)), ...(await raced)];
  assert.equal(batch("account-deletion").status, 0);
  assert.deepEqual([...new Set(codes)], [0]);
  const statuses = answers.map((answer) => answer.status);
  assert.deepEqual(statuses.slice(0, 3), [204, 204, 204]);
  for (const [i, user] of [...early, ...late, ...racing].entries()) {
    assert.ok([204, 401, 409].includes(statuses[i]), `${answers[i]}`);
    const kept = statuses[i] === 204;
    assert.equal(await statusOf(user), kept ? "ACTIVE" : "DELETED");
  }
  for (const status of statuses.slice(3, 6)) assert.notEqual(status, 204);
});

test("a run that is broken off is taken up by the next one", async (t) => {
  const user = await people.user();
  const friend = await people.user();
  await stack.sql`INSERT INTO blocks (blocker_id, blocked_id)
    VALUES (${user.id}, ${friend.id})`;
  clock.moveJustAfter(await leave(user));
  const holder = await stack.openPsql(t);
  await holder.run(`BEGIN; SELECT 1 FROM blocks
    WHERE blocker_id = '${user.id}' FOR UPDATE`);
  assert.equal(batch("account-deletion").status, 1);
  const half = await stack.sql`SELECT u.status, u.email LIKE 'deleted%' AS gone,
      d.done_at, d.started_at IS NOT NULL AS begun
    FROM users u JOIN deletion_requests d ON d.user_id = u.id
    WHERE u.id = ${user.id}`;
  assert.deepEqual(half, [
    { status: "DELETED", gone: false, done_at: null, begun: true },
  ]);
  await holder.run("COMMIT");
  await eventually("it is done", async () => {
    assert.notEqual(batch("account-deletion").status, 2);
    return stack.value`SELECT done_at IS NOT NULL FROM deletion_requests
      WHERE user_id = ${user.id}`;
  });
  assert.equal((await stack.sql`SELECT 1 FROM blocks
    WHERE blocker_id = ${user.id}`).length, 0);
});

/** Does the run rest, between its first pass and the second? */
const NANOSLEEP = "230 "; // clock_nanosleep of amd64
function resting() {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      if (words[0].endsWith("sparkle-batch") && words.includes(stack.conf))
        return readFileSync(`/proc/${pid}/syscall`, "utf8").startsWith(NANOSLEEP);
    } catch {
      // It is over.
    }
  return false;
}

test("what a job writes while a run goes on goes as well", async (t) => {
  const psql = await stack.openPsql(t);
  let user;
  // A busy machine may miss the rest, which takes a second: then once more.
  for (let meant = false, i = 0; !meant; i++) {
    assert.ok(i < 20, "in twenty runs no rest was met");
    user = await people.user();
    clock.moveJustAfter(await leave(user));
    let over = false;
    const run = batchBeside(t, "account-deletion").then((status) => {
      over = true;
      return status;
    });
    while (!over && !resting()) await sleep(5);
    await psql.run(`INSERT INTO mail_skipped (user_id, recipient, template,
        category, reason)
      VALUES ('${user.id}', 'was.here@example.org', 't', 'c', 'expired')`);
    meant = resting();
    assert.equal(await run, 0);
  }
  assert.deepEqual(await stack.sql`SELECT 1 FROM mail_skipped
    WHERE user_id = ${user.id}`, []);
  assert.ok(await stack.value`SELECT done_at IS NOT NULL
    FROM deletion_requests WHERE user_id = ${user.id}`);
});

test("with Redis away nothing is erased by halves", async () => {
  const user = await people.user();
  clock.moveJustAfter(await leave(user));
  const socket = join(stack.dir, "run/redis.sock");
  chmodSync(socket, 0);
  if (process.getuid() === 0)
    spawnSync("chown", ["root", socket]);
  const run = batch("account-deletion");
  if (process.getuid() === 0)
    spawnSync("chown", ["sparkle", socket]);
  chmodSync(socket, 0o700);
  assert.equal(run.status, 1);
  const email = await stack.value`SELECT email FROM users
    WHERE id = ${user.id}`;
  assert.doesNotMatch(email, /^deleted/);
  assert.equal(batch("account-deletion").status, 0);
  assert.match(
    await stack.value`SELECT email FROM users WHERE id = ${user.id}`,
    /^deleted_/,
  );
});

test("no row of a live account can be erased", async () => {
  const user = await people.user();
  for (const call of ["privacy_erase", "privacy_erase_ledger"]) {
    const rest = call === "privacy_erase" ? "1, 10" : "10";
    await assert.rejects(
      stack.psql([], `SELECT ${call}('${user.id}', ${rest})`),
      /the account is in use/,
    );
  }
});

test("the last administrator cannot go, nor can the last two at once", async () => {
  const first = await people.user("ADMIN");
  const alone = await first.post(deletion, { password });
  assert.equal(alone.json.code, "LAST_ADMINISTRATOR", `${alone}`);
  const second = await people.user("ADMIN");
  const answers = await Promise.all(
    [first, second].map((admin) => admin.post(deletion, { password })),
  );
  assert.deepEqual(
    answers.map((a) => a.json.code ?? a.status).sort(),
    [201, "LAST_ADMINISTRATOR"],
    answers.join("\n"),
  );
});

// ---- Exports ----------------------------------------------------------------

const reader = `
import sys, json, zipfile
z = zipfile.ZipFile(sys.argv[1])
bad = z.testzip()
print(json.dumps({"bad": bad, "files": {
    n: json.loads(z.read(n)) for n in z.namelist()}}))`;

/** What the zip holds, read by Python's own zipfile and json. */
async function contents(url) {
  const answer = await people.guest().get(pathOf(url));
  assert.equal(answer.status, 200, `${answer}`);
  const file = join(clock.dir, "export.zip");
  writeFileSync(file, answer.bytes);
  const done = spawnSync("python3", ["-c", reader, file], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  assert.equal(done.status, 0, done.stderr);
  const { bad, files } = JSON.parse(done.stdout);
  assert.equal(bad, null);
  return files;
}

test("an export holds every row that belongs to the user, and no secret", async () => {
  const user = await people.user();
  const other = await people.user();
  const post = await people.post(user, { title: "Something of mine" });
  await people.comment(other, post, "A remark by somebody else.");
  await people.comment(user, post, "A remark of mine.");
  await user.put(`/api/users/${other.name}/follow`);
  await people.posts(user, 350);
  const ring = readFileSync(join(stack.dir, "secrets/encryption_key"), "utf8");
  const { kid, hex } = seal(ring, user.id, "+4915112345678");
  await stack.sql`INSERT INTO phones (user_id, number, kid)
    VALUES (${user.id}, decode(${hex}, 'hex'), ${kid})`;
  const files = await contents((await exported(user)).url);

  const places = await stack.sql`SELECT n, file, tbl, col FROM privacy_places`;
  const { files: listed, leftOut } = files["index.json"];
  for (const { n, file, tbl } of places) {
    if (!file) {
      assert.ok(leftOut.some((l) => l.table === tbl && l.why), tbl);
      continue;
    }
    const name = `data/${file}.json`;
    const rows = files[name];
    assert.ok(rows, `${name} is missing`);
    const count = await stack.value`
      SELECT count(*) FROM privacy_rows(${n}, ${user.id})`;
    const changing = /^(mails|audit_log|exports|sessions)$/.test(file);
    if (!changing) assert.equal(rows.length, count, name);
    assert.equal(listed.find((l) => l.file === name).rows, rows.length);
  }
  assert.equal(Object.keys(files).length, listed.length + 1);
  assert.equal(files["data/posts.json"].length, 351);
  assert.equal(files["data/comments.json"].length, 1);
  assert.equal(files["data/account.json"][0].username, user.name);
  assert.equal(files["data/following.json"][0].following_id, other.id);
  assert.equal(files["data/phone.json"][0].number, "+4915112345678");
  const text = JSON.stringify(files);
  assert.doesNotMatch(text, /\$argon2|token_hash|csrf_secret|password_hash/);
  assert.doesNotMatch(
    JSON.stringify(files["data/comments.json"]),
    /by somebody else/,
  );
});

test("an export is offered for 7 days, and not a moment more", async () => {
  const user = await people.user();
  const { url, expiresAt, id } = await exported(user);
  const guest = people.guest();
  clock.moveTo(Date.parse(expiresAt) - 60000);
  assert.equal((await guest.get(pathOf(url))).status, 200);
  assert.equal(batch("data-exports").status, 0);
  assert.equal((await guest.get(pathOf(url))).status, 200);
  clock.moveJustAfter(Date.parse(expiresAt));
  const late = await guest.get(pathOf(url));
  assert.equal(late.json.code, "EXPORT_EXPIRED", `${late}`);
  const before = exportFiles().length;
  assert.equal(batch("data-exports", "--dry-run").status, 0);
  assert.equal(exportFiles().length, before);
  assert.equal(batch("data-exports").status, 0);
  assert.equal(exportFiles().length, 0);
  await user.post("/api/auth/login", {});
  const [row] = await stack.sql`SELECT state, path FROM data_exports
    WHERE id = ${id}`;
  assert.deepEqual(row, { state: "expired", path: null });
  assert.equal((await guest.get(pathOf(url))).status, 410);
});

test("a link whose file is lost leaves its token in no log", async () => {
  const user = await people.user();
  const { url } = await exported(user);
  const [name] = await stack.lines`SELECT path FROM data_exports
    WHERE user_id = ${user.id}`;
  rmSync(join(stack.dir, "exports", name));
  const answer = await people.guest().request("GET", pathOf(url), {
    check: false,
  });
  assert.equal(answer.status, 404, `${answer}`);
  const token = new URL(url).searchParams.get("token");
  for (const log of readdirSync(join(stack.dir, "log")))
    assert.ok(!stack.log(log).includes(token), log);
});

test("another export can be had a day later, not before", async () => {
  const user = await people.user();
  await exported(user);
  const [{ at }] = await stack.sql`SELECT extract(epoch FROM created_at) * 1000
    AS at FROM data_exports WHERE user_id = ${user.id}`;
  clock.moveTo(Number(at) + 86400000 - 60000);
  const early = await user.post(exports_, { password });
  assert.equal(early.json.code, "EXPORT_DAILY_LIMIT", `${early}`);
  clock.moveJustAfter(Number(at) + 86400000);
  assert.equal((await user.post(exports_, { password })).status, 202);
});

test("an export that fails three times says so, and another may follow", async () => {
  const user = await people.user();
  const dir = join(stack.dir, "exports");
  spawnSync("chown", ["root", dir]);
  chmodSync(dir, 0o500);
  const { id } = (await user.post(exports_, { password })).data;
  await eventually(
    "it is given up",
    async () =>
      (await user.get(`${exports_}/${id}`)).data.state === "failed",
    30,
  );
  spawnSync("chown", ["sparkle", dir]);
  chmodSync(dir, 0o750);
  const error = await stack.value`SELECT error FROM data_exports
    WHERE id = ${id}`;
  assert.match(error, /Permission denied/);
  assert.equal((await exported(user)).state, "ready");
});

test("a disk that is full leaves nothing that hinders the next", async (t) => {
  const user = await people.user();
  const dir = join(stack.dir, "exports");
  await stack.sql`INSERT INTO mail_skipped (user_id, recipient, template,
      category, reason, detail)
    SELECT ${user.id}, 'x@example.org', 't', 'c', 'expired',
      md5(random()::text) || md5(random()::text) || md5(random()::text)
    FROM generate_series(1, 4000)`;
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o",
    "size=64k,mode=1777", "tmpfs", dir]);
  if (mounted.status !== 0) return t.skip("nothing can be mounted here");
  try {
    const { id } = (await user.post(exports_, { password })).data;
    await eventually(
      "it is given up",
      async () =>
        (await user.get(`${exports_}/${id}`)).data.state === "failed",
      30,
    );
    const trails = await stack.sql`SELECT errors::text FROM jobs
      WHERE kind = 'privacy.export' AND subject_id = ${user.id}`;
    assert.equal((trails[0].errors.match(/Write error/g) ?? []).length, 3,
      trails[0].errors);
  } finally {
    spawnSync("umount", [dir]);
  }
  for (let i = 0; i < 6; i++)
    assert.equal((await exported(await people.user())).state, "ready");
});

test("files that no export has are swept away, others are not", async () => {
  const user = await people.user();
  await exported(user);
  const [known] = await stack.lines`SELECT path FROM data_exports
    WHERE user_id = ${user.id}`;
  const dir = join(stack.dir, "exports");
  const old = new Date(Date.now() - 2 * 86400000);
  for (const name of ["lost.zip", "lost.zip.part", "notes.txt", "new.zip"])
    writeFileSync(join(dir, name), "x");
  for (const name of ["lost.zip", "lost.zip.part", "notes.txt", known])
    utimesSync(join(dir, name), old, old);
  // By the time of this run, which may not be the kernel's.
  const now = new Date();
  utimesSync(join(dir, "new.zip"), now, now);
  assert.equal(batch("data-exports").status, 0);
  const left = exportFiles();
  assert.ok(left.includes(known));
  assert.deepEqual(
    left.filter((f) => /lost|notes|new/.test(f)).sort(),
    ["new.zip", "notes.txt"],
  );
});

test("an account that goes takes its export along", async () => {
  const user = await people.user();
  clock.moveJustAfter(await leave(user));
  const { url } = await exported(user);
  const [name] = await stack.lines`SELECT path FROM data_exports
    WHERE user_id = ${user.id}`;
  assert.ok(exportFiles().includes(name));
  assert.equal(batch("account-deletion").status, 0);
  assert.ok(!exportFiles().includes(name));
  assert.equal((await people.guest().get(pathOf(url))).status, 404);
});
