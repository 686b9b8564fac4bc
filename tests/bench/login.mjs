// login.mjs - does a flood of logins slow down who reads?
//
//   node tests/bench/login.mjs [ROUNDS [SECONDS]]
//
// On a stack of its own, with the demo community and hashes of full cost:
// GET /api/posts?limit=20 by wrk on 8 connections, by turns alone and beside
// 50 people who log in one after the other without pause.  Prints the p99 of
// both, by how much it grows (the median of the rounds, each of which has
// both: neighbours on a shared machine disturb some), the logins, and what the
// auth pool took of memory; fails where the p99 grows by more than a half.
import { readFileSync } from "node:fs";
import { People, password, addressOf } from "../lib/people.mjs";
import { Stack, sleep } from "../lib/stack.mjs";
import { processes, pss, tree, wrk } from "./lib.mjs";

const rounds = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 5);
const PEOPLE = 50;
const MOST = 1.5;

const stack = await Stack.start("bench-login", {
  demo: true,
  settings: "[limits]\nauth = 1000000\nread = 1000000\n",
});
const people = new People(stack, null);
const names = await people.users(PEOPLE);

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** Everybody logs in again and again; .end() tells how often. */
function flood() {
  let over = false;
  const answers = {};
  const lanes = names.map(async (name) => {
    const client = people.guest();
    while (!over) {
      client.cookies.delete("__Host-session");
      const answer = await client
        .post("/api/auth/login", { email: addressOf(name), password })
        .catch(() => ({ status: 0 }));
      answers[answer.status] = (answers[answer.status] ?? 0) + 1;
    }
  });
  return {
    async end() {
      over = true;
      await Promise.all(lanes);
      return answers;
    },
  };
}

/** KiB that the workers of the auth pool have for themselves. */
function authMemory() {
  const master = stack.pid("sparkle-fcgi");
  const members = tree(master);
  return processes()
    .filter((p) => members.has(p.pid) && /pool auth/.test(p.command))
    .reduce((sum, p) => sum + pss(p.pid), 0);
}

const load = () =>
  wrk([], {
    url: `${stack.url}/api/posts?limit=20&sort=recent`,
    // A member's: nginx answers guests from its copy.
    headers: {
      Cookie: `__Host-session=${reader.cookies.get("__Host-session")}`,
    },
    seconds,
  });

const reader = await people.logIn(names[0]);
await load();
const alone = [];
const beside = [];
let logins = {};
let memory = 0;
for (let i = 0; i < rounds; i++) {
  alone.push((await load()).p99);
  const crowd = flood();
  await sleep(1000);
  const watch = setInterval(
    () => (memory = Math.max(memory, authMemory())),
    500,
  );
  beside.push((await load()).p99);
  clearInterval(watch);
  const n = await crowd.end();
  for (const [status, count] of Object.entries(n))
    logins[status] = (logins[status] ?? 0) + count;
  console.log(
    `round ${i + 1}: p99 alone ${alone[i].toFixed(2)} ms, ` +
      `beside logins ${beside[i].toFixed(2)} ms`,
  );
}
const ratio = median(beside.map((ms, i) => ms / alone[i]));
const cores = readFileSync("/proc/cpuinfo", "utf8").match(
  /^processor/gm,
).length;
console.log(`logins by status: ${JSON.stringify(logins)}`);
console.log(`auth pool: ${(memory / 1024).toFixed(0)} MiB at the most`);
console.log(
  `p99 of GET /api/posts, ${cores} cores: alone ${median(alone).toFixed(2)} ms, ` +
    `beside ${PEOPLE} logins ${median(beside).toFixed(2)} ms, ` +
    `ratio ${ratio.toFixed(2)} (at most ${MOST})`,
);
process.exitCode = ratio <= MOST ? 0 : 1;
process.exit();
