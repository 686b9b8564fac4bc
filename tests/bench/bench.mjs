// bench.mjs - how much the program adds to what cannot be avoided.
//
// usage: scripts/bench [--dir DIR] [--port N] [--build DIR] [--posts N]
//                      [--seconds N] [--deep] [--keep] [ROW ...]
//
// --build is where a release build lies (./configure, no --enable-debug);
// --deep adds Z, the list at page depth 1,000; --keep leaves the stack running.
//
// For every row: requests a second, p50, p99, and the CPU that one request
// takes of everything that serves it (nginx, our processes, PostgreSQL,
// Redis), against a bound measured in the same run:
//
//   nginx + a bare libfcgi program answering as many bytes
//   + PostgreSQL's CPU per transaction under pgbench with the row's own SQL
//   + Redis's CPU per EVALSHA of our script, where the row asks it
//
// (A, R: one bare Argon2id hash on top, by libsodium, which we use; told, too, is
// the ratio with that of libargon2, the reference.  C: an nginx static file.)
// Ratio = bound / measured, the median of five rounds (fifteen where passwords
// are hashed); the least and the greatest are told, too.  In each round the row
// and its bound take turns, so that noise of a shared machine meets both.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync, chmodSync } from "node:fs";
import { request } from "node:https";
import { evalsha, oneByOne, pgbench, processes, pss, sleep, tree, wrk } from "./lib.mjs";

const top = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const options = { dir: "/tmp/sparkle-bench", seconds: 8, posts: 100000,
  port: 18443, build: `${top}/build` };
const wanted = [];
if (process.argv.some((word) => word === "--help" || word === "-h")) {
  const text = readFileSync(new URL(import.meta.url), "utf8");
  console.log(text.slice(0, text.indexOf("\nimport")).replaceAll(/^\/\/ ?/gm, ""));
  process.exit();
}
for (let i = 2; i < process.argv.length; i++) {
  const [, name] = /^--(\w+)$/.exec(process.argv[i]) ?? [];
  if (name === "deep" || name === "keep") options[name] = true;
  else if (name) options[name] = isNaN(process.argv[++i]) ? process.argv[i] : Number(process.argv[i]);
  else wanted.push(process.argv[i]);
}
const { dir, seconds, port } = options;
const base = `https://localhost:${port}`;
const conf = `${dir}/etc/sparkle.conf`;

// ---- The stack --------------------------------------------------------------

const scale = options.posts / 100000;
const asUser = process.getuid() === 0 ? ["runuser", "-u", "sparkle", "--"] : [];

function sh(...words) {
  return execFileSync(words[0], words.slice(1), { encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 26 });
}

function psql(sql) {
  return sh(...asUser, "psql", "-h", `${dir}/run`, "-U", "postgres", "-d", "sparkle", "-qAtc", sql).trim();
}

// Locations of the bounds, in the site's own nginx.
function boundLocations() {
  mkdirSync(`${dir}/bench`, { recursive: true });
  return `location /bench/bare { include ${dir}/etc/nginx/snippets/pool.conf;
    fastcgi_pass unix:${dir}/bench/bare.sock; }
location /bench/file/ { alias ${dir}/bench/file/; default_type application/json; }
`;
}

function start() {
  sh(`${top}/scripts/run`, "--dir", dir, "--port", String(port), "--no-demo",
    "--no-build", "--build-dir", options.build, "--detach", "--quiet");
  if (psql("SELECT count(*) FROM users") === "0") {
    console.log(`filling: ${10000 * scale} users, ${options.posts} posts, ` +
      `${300000 * scale} comments, ${1000000 * scale} reactions`);
    console.log(sh(...asUser, `${options.build}/sparklectl`, "--config", conf,
      "--sql", `${top}/sql`, "demo", "--users", String(Math.round(10000 * scale)),
      "--posts", String(options.posts), "--comments", String(Math.round(300000 * scale)),
      "--reactions", String(Math.round(1000000 * scale))).trim());
  }
}

const pidOf = (file) => Number(readFileSync(file, "utf8").split("\n")[0]);

function roots() {
  return {
    nginx: pidOf(`${dir}/run/nginx.pid`),
    fcgi: pidOf(`${dir}/run/sparkle-fcgi.pid`),
    jobs: pidOf(`${dir}/run/sparkle-jobs.pid`),
    postgres: pidOf(`${dir}/postgres/postmaster.pid`),
    redis: pidOf(`${dir}/run/redis.pid`),
  };
}

function fetchOnce(path, headers = {}, method = "GET", body) {
  return new Promise((resolve, reject) => {
    const how = { rejectUnauthorized: false, headers, method };
    const req = request(base + path, how, (res) => {
      const parts = [];
      res.on("data", (d) => parts.push(d));
      res.on("end", () => resolve({ status: res.statusCode, headers: res.headers,
        body: Buffer.concat(parts) }));
    });
    req.on("error", reject);
    if (body) req.write(body);
    req.end();
  });
}

async function signIn() {
  // A session too many ends another, and all copies are doubted for a while.
  psql("DELETE FROM sessions WHERE user_id = (SELECT id FROM users " +
    "WHERE email = 'admin@example.org')");
  const res = await fetchOnce("/api/auth/login", { "content-type": "application/json",
    origin: base }, "POST", JSON.stringify({ email: "admin@example.org",
    password: "Sparkle-demo-2026!" }));
  if (res.status !== 200) throw new Error(`login: ${res.status} ${res.body}`);
  const cookie = res.headers["set-cookie"]
    .find((c) => c.startsWith("__Host-session=")).split(";")[0];
  const csrf = JSON.parse((await fetchOnce("/api/auth/csrf", { cookie })).body).data.token;
  return { cookie, "x-csrf-token": csrf, origin: base };
}

// ---- Statements for pgbench -------------------------------------------------

let listed;
function statement(route, find = () => true) {
  listed ??= sh(...asUser, `${options.build}/sparklectl`, "describe", "statements")
    .split("\n").map((line) => line.split("\t"));
  const row = listed.find(([on, sql]) => on === route && find(sql));
  if (!row) throw new Error(`no statement of ${route}`);
  return row[1];
}

/** Puts values for $n: null is NULL, {sql} is as it stands, else a literal. */
function filled(sql, values) {
  return sql.replace(/\$(\d+)/g, (_, n) => {
    const v = values[n - 1];
    if (v === undefined) throw new Error(`no value for $${n} of ${sql}`);
    if (v === null) return "NULL";
    if (v.sql) return v.sql;
    return `'${String(v).replaceAll("'", "''")}'`;
  });
}

/** Logins of many users, each in turn. */
const members = (emails) => {
  let n = 0;
  return () => JSON.stringify({ email: emails[n++ % emails.length], password: "Sparkle-demo-2026!" });
};

/** Registrations, each with an address of its own; their mails are made beside
 * them, and PostgreSQL's part of that counts as theirs. */
const newcomers = () => {
  let n = 0;
  const stem = `r${Date.now()}`;
  return () => JSON.stringify({ email: `${stem}-${n++}@example.org`,
    password: "Correct-Horse-7-Battery", agreeToTerms: true });
};

/** Nobody signs in for the hundredth time: sixty sessions of one user begin to
 * end each other, which is no part of a login. */
const forgetLogins = () => psql(["sessions", "devices", "login_history"].map((table) =>
  `DELETE FROM ${table} t USING users u WHERE u.id = t.user_id AND u.username <> 'admin'`).join(";"));

/** What a login of any of these asks PostgreSQL, as a script of pgbench. */
function loginSql(emails) {
  const ids = psql(`SELECT array_agg(id ORDER BY email) FROM users WHERE email IN (${
    emails.map((email) => `'${email}'`)})`);
  const one = (list, type) => `('${list}'::${type}[])[:n]`;
  const digest = { sql: "sha256(gen_random_uuid()::text::bytea)" };
  const email = { sql: one(`{${emails.toSorted()}}`, "text") };
  const subject = { sql: `sha256(${email.sql}::bytea)` };
  const route = "POST /api/auth/login";
  return [`\\set n random(1, ${emails.length})\n` + [
    filled(statement(route, (sql) => sql.includes("FROM login_try(")),
      [email, subject, null]),
    filled(statement(route, (sql) => sql.includes("FROM login_done(")),
      [{ sql: one(ids, "uuid") }, subject, digest, digest, digest, "bench", "127.0.0.1",
        "false", null, null, "0123456789abcdef0123456789abcdef", null, digest, null]),
  ].join(";\n")];
}

const maxId = "ffffffff-ffff-ffff-ffff-ffffffffffff";

// ---- Rows -------------------------------------------------------------------

const pgEnv = () => {
  const text = readFileSync(conf, "utf8");
  const password = /^\s*password_file\s*=\s*(\S+)/m.exec(
    text.slice(text.indexOf("[database]")))?.[1];
  return { PGHOST: `${dir}/run`, PGUSER: "sparkle_app", PGDATABASE: "sparkle",
    PGPASSWORD: password ? readFileSync(password, "utf8").trim() : "" };
};

async function main() {
  start();
  const r = roots();
  const all = [r.nginx, r.fcgi, r.postgres, r.redis];
  const locals = `${dir}/etc/nginx/snippets/local`;
  mkdirSync(locals, { recursive: true });
  writeFileSync(`${locals}/bench.conf`, boundLocations());
  mkdirSync(`${dir}/bench/file`, { recursive: true });
  chmodSync(`${dir}/bench`, 0o777);
  process.kill(r.nginx, "SIGHUP");
  // Logins are limited for everybody; here they are the load.
  mkdirSync(`${dir}/etc/conf.d`, { recursive: true });
  writeFileSync(`${dir}/etc/conf.d/bench.conf`, "[limits]\nauth = 1000000\nauth_window = 1s\n");
  process.kill(r.fcgi, "SIGHUP");
  await sleep(2);
  sh("cc", "-O2", "-o", `${dir}/bench/bare`, `${top}/tests/bench/bare.c`, "-lfcgi");
  sh("cc", "-O2", "-o", `${dir}/bench/argon2`, `${top}/tests/bench/argon2.c`, "-lsodium", "-largon2");
  const bare = spawn(`${dir}/bench/bare`, [`${dir}/bench/bare.sock`, "8"], { stdio: "ignore" });
  process.on("exit", () => bare.kill());
  await sleep(1);

  const me = await signIn();
  const viewer = psql("SELECT id FROM users WHERE username = 'admin'");
  const posts = psql("SELECT id FROM posts WHERE status='published' AND visibility='PUBLIC' " +
    "AND deleted_at IS NULL AND comments_enabled ORDER BY published_at DESC LIMIT 20").split("\n");
  const deep = psql("SELECT (extract(epoch FROM published_at) * 1000000)::bigint " +
    "- 946684800000000 || ' ' || id FROM posts WHERE status='published' AND visibility='PUBLIC' " +
    "AND deleted_at IS NULL ORDER BY published_at DESC, id DESC OFFSET 20000 LIMIT 1").split(" ");
  // The demo's people all have one password.
  const logins = psql("SELECT email FROM users WHERE status = 'ACTIVE' AND role = 'USER' " +
    "AND email LIKE '%@example.org' AND created_at < (SELECT max(created_at) FROM posts) " +
    "AND password_hash = (SELECT password_hash FROM users WHERE password_hash LIKE '$argon2%' " +
    "GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) ORDER BY id LIMIT 600").split("\n");
  const bareOf = (size, slice) => wrk([r.nginx, bare.pid], {
    url: `${base}/bench/bare?${Math.round(size)}`, seconds: slice });
  const list = statement("GET /api/posts", (sql) => sql.includes("site_total") &&
    sql.includes("ORDER BY row.published_at"));
  const listSql = filled(list, [viewer, "infinity", maxId, 20, 0]);
  const session = scriptCall(me.cookie);
  const rows = {
    H: { load: { url: `${base}/api/hello` }, target: 0.85 },
    L: { load: { url: `${base}/api/posts?limit=20&sort=recent`, headers: me },
      sql: [listSql], redis: true, target: 0.75 },
    D: { load: { url: `${base}/api/posts/${posts[0]}`, headers: me,
        paths: posts.map((id) => `/api/posts/${id}`) },
      sql: posts.map((id) => filled(statement("GET /api/posts/{post}"),
        [viewer, id, "true"])), redis: true, target: 0.75 },
    P: { load: { url: `${base}/`, headers: me }, sql: [listSql, "page"], redis: true,
      target: 0.5 },
    C: { load: { url: `${base}/api/posts?limit=20&sort=recent` }, file: true, target: 0.6 },
    W: { load: { url: `${base}/api/posts/${posts[0]}/comments`, method: "POST",
        headers: { ...me, "content-type": "application/json" },
        body: JSON.stringify({ content: "A **comment** of the benchmark, of one line." }),
        paths: posts.map((id) => `/api/posts/${id}/comments`) },
      sql: posts.map((id) => filled(statement("POST /api/posts/{post}/comments"),
        [viewer, id, null, "A **comment** of the benchmark, of one line.",
          "<p>A <strong>comment</strong> of the benchmark, of one line.</p>", null, "{}",
          "0123456789abcdef0123456789abcdef",
          "A comment of the benchmark, of one line."])), redis: true, target: 0.75 },
    A: { load: { url: `${base}/api/auth/login`, bodies: members(logins),
        headers: { "content-type": "application/json", origin: base } },
      sql: loginSql(logins), before: forgetLogins, argon2: true, target: 0.95 },
    R: { load: { url: `${base}/api/auth/register`, bodies: newcomers(),
        headers: { "content-type": "application/json", origin: base } },
      sql: ["SELECT registration_begin('b' || gen_random_uuid() || '@example.org', NULL, 'x', NULL, NULL, 'b')"],
      argon2: true, target: 0.6 },
  };
  if (options.deep)
    rows.Z = { load: { url: `${base}/api/posts?limit=20&sort=recent&cursor=${cursorText(deep)}`,
      headers: me }, sql: [filled(list, [viewer, null, deep[1], 20, 0]
        .map((v, i) => (i === 1 ? psql(`SELECT published_at FROM posts WHERE id='${deep[1]}'`) : v)))],
      redis: true, target: 0.75 };
  console.log("row   req/s   p50 ms   p99 ms  errors   bytes  CPU us/req  bound us  ratio  target");
  const results = {};
  for (const [name, row] of Object.entries(rows)) {
    if (wanted.length && !wanted.includes(name)) continue;
    results[name] = await measure(name, row, { r, all, bareOf, session });
  }
  writeFileSync(`${dir}/bench/result.json`, JSON.stringify(results, null, 1));
  await sleep(5); // What is idle gives back what it took.
  memory(r);
  bare.kill();
  if (!options.keep) sh(`${top}/scripts/stop`, "--dir", dir);
}

function cursorText([key, id]) {
  const bytes = Buffer.alloc(24);
  bytes.writeBigInt64BE(BigInt(key));
  Buffer.from(id.replaceAll("-", ""), "hex").copy(bytes, 8);
  return bytes.toString("base64url");
}

/** The words of the script that a request with a session runs. */
function scriptCall(cookie) {
  const socket = `${dir}/run/redis.sock`;
  const seen = sh(...asUser, "timeout", "2", "bash", "-c",
    `redis-cli -s ${socket} monitor & sleep 0.3; curl -sk -o /dev/null -H 'Cookie: ${cookie}' ` +
    `'${base}/api/posts?limit=1'; sleep 0.3; kill %1`);
  const call = seen.split("\n").find((line) => /"EVALSHA"/i.test(line));
  if (!call) throw new Error("no EVALSHA was seen");
  return [...call.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((m) => m[1]);
}

/** CPU of what the row cannot avoid, part by part, in microseconds; and how much
 * more it were with the reference of Argon2id. */
async function boundOf(row, bytes, slice, { r, bareOf, session }) {
  if (row.file) {
    writeFileSync(`${dir}/bench/file/f.json`, "x".repeat(Math.round(bytes)));
    const file = await wrk([r.nginx], { url: `${base}/bench/file/f.json`, seconds: slice });
    return { parts: [file.cpu], more: 0 };
  }
  const parts = [(await bareOf(bytes, slice)).cpu];
  const sql = row.sql?.filter((s) => s !== "page");
  if (sql) parts.push((await pgbench(r.postgres, pgEnv(), sql, row.argon2 ? 3 * slice : slice)).cpu);
  if (row.sql?.includes("page"))
    parts.push((await pgbench(r.postgres, pgEnv(),
      [statement("GET /api/categories", (s) => !s.includes("$1"))], slice)).cpu);
  if (row.redis) parts.push((await evalsha(r.redis, `${dir}/run/redis.sock`, session, 30000)).cpu);
  if (!row.argon2) return { parts, more: 0 };
  const [reference, ours] =
    sh(`${dir}/bench/argon2`, "19456", "2", String(20 * slice)).split(" ").map(Number);
  return { parts: [...parts, ours], more: reference - ours };
}

/** Hashes wait for the memory that the machine's neighbours use, too. */
const roundsOf = (row) => (row.argon2 ? 15 : 5);
const sum = (list) => list.reduce((a, b) => a + b, 0);
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

/** Rounds of load and bound by turns, each a ratio; the median one is told, as
 * neighbours on a shared machine disturb some. */
async function measure(name, row, { r, all, bareOf, session }) {
  const times = roundsOf(row);
  const slice = Math.max(1, Math.round((2 * seconds) / times));
  const load = () => (row.load.bodies ? oneByOne : wrk)(all, { ...row.load, seconds: slice });
  await load(); // warm
  psql("VACUUM (ANALYZE)"); // as autovacuum would, at a time of its own choice
  const rounds = [];
  for (let i = 0; i < times; i++) {
    row.before?.();
    const run = await load();
    row.before?.();
    const { parts, more } = await boundOf(row, run.bytes, slice, { r, bareOf, session });
    rounds.push({ ...run, parts, ratio: sum(parts) / run.cpu,
      reference: (sum(parts) + more) / run.cpu });
  }
  const ratio = median(rounds.map((round) => round.ratio));
  const told = rounds.find((round) => round.ratio === ratio);
  const of = (key) => median(rounds.map((round) => round[key]));
  const result = { rate: of("rate"), p50: of("p50"), p99: of("p99"),
    errors: sum(rounds.map((round) => round.errors)), bytes: told.bytes, cpu: told.cpu,
    bound: sum(told.parts), parts: told.parts, ratio, target: row.target,
    ratios: rounds.map((round) => round.ratio), reference: of("reference") };
  console.log(`${name}  ${result.rate.toFixed(0).padStart(8)} ${result.p50.toFixed(2).padStart(8)} ` +
    `${result.p99.toFixed(2).padStart(8)} ${String(result.errors).padStart(7)} ` +
    `${result.bytes.toFixed(0).padStart(7)} ${result.cpu.toFixed(1).padStart(11)} ` +
    `${result.bound.toFixed(1).padStart(9)} ${ratio.toFixed(2).padStart(6)}  >= ${row.target}` +
    `   (${told.parts.map((p) => p.toFixed(0)).join(" + ")}; ` +
    `${Math.min(...result.ratios).toFixed(2)} to ${Math.max(...result.ratios).toFixed(2)})` +
    (row.argon2 ? `   ${of("reference").toFixed(2)} with libargon2's` : ""));
  return result;
}

/** The idle memory of our own processes, as proportional sets. */
function memory(r) {
  const all = processes();
  let sum = 0, n = 0;
  for (const root of [r.fcgi, r.jobs])
    for (const pid of tree(root, all)) {
      const size = pss(pid);
      sum += size;
      n += size > 0 ? 1 : 0;
    }
  console.log(`memory: ${n} processes of ours, ${(sum / 1024).toFixed(1)} MB PSS together; ` +
    `masters ${(pss(r.fcgi) / 1024).toFixed(1)} and ${(pss(r.jobs) / 1024).toFixed(1)} MB`);
}

await main();
