// explain.mjs - does every statement of every endpoint use its indexes?
//
// usage: node tests/bench/explain.mjs [--dir DIR] [--build DIR]
//
// Asks PostgreSQL for the plan of every statement that `sparklectl describe
// statements` prints, on the benchmark's data (scripts/bench --keep leaves it
// running).  A sequential scan of a table of more than 1,000 rows is a failure.  The last line is 'N passed, N failed'.
import { execFileSync } from "node:child_process";

const top = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const at = (name, otherwise) => {
  const i = process.argv.indexOf(`--${name}`);
  return i > 0 ? process.argv[i + 1] : otherwise;
};
const dir = at("dir", "/tmp/sparkle-bench");
const build = at("build", `${top}/build`);
const asUser = process.getuid() === 0 ? ["runuser", "-u", "sparkle", "--"] : [];
const sh = (input, ...words) =>
  execFileSync(words[0], words.slice(1), { input, encoding: "utf8" });

// A scan of a few pages is right; which tables are larger, the data say.
const large = sh("SELECT string_agg(relname, '|') FROM pg_class " +
  "WHERE relkind IN ('r', 'p') AND reltuples > 1000 " +
  "AND relnamespace = 'public'::regnamespace", ...asUser, "psql", "-h",
  `${dir}/run`, "-U", "postgres", "-d", "sparkle", "-qAt").trim();

/** Numbers the parameters anew without gaps: a statement may leave one out. */
function dense(sql) {
  const seen = [];
  const text = sql.replace(/\$(\d+)/g, (_, n) => {
    if (!seen.includes(n)) seen.push(n);
    return `$${seen.indexOf(n) + 1}`;
  });
  return { text, n: seen.length };
}

let passed = 0, failed = 0;
const rows = sh("", ...asUser, `${build}/sparklectl`, "describe", "statements")
  .trim().split("\n").map((line) => line.split("\t"));
for (const [on, sql] of rows) {
  const { text, n } = dense(sql);
  const args = n > 0 ? `(${Array(n).fill("NULL").join(", ")})` : "";
  let plan;
  try {
    plan = sh(`SET plan_cache_mode = force_generic_plan;
      PREPARE s AS ${text}; EXPLAIN EXECUTE s${args};`, ...asUser, "psql", "-h",
      `${dir}/run`, "-U", "postgres", "-d", "sparkle", "-qAt", "-v",
      "ON_ERROR_STOP=1");
  } catch (error) {
    plan = `Seq Scan on posts (not planned: ${error.message})`;
  }
  const scans = [...plan.matchAll(new RegExp(`Seq Scan on (${large})\\b`, "g"))];
  if (scans.length === 0) {
    passed++;
    continue;
  }
  failed++;
  console.log(`FAILED ${on}: ${scans.map((s) => s[0]).join(", ")}\n  ${text}\n${plan}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
