// Who may see what is asked in sql/visible.sql alone: no other SQL decides by
// a post's visibility, nor looks into blocks and mutes.
import { files, read } from "./files.mjs";

const door = "sql/visible.sql";

/** Decisions, not columns that are written or shown. */
const patterns = [
  /\bvisibility\s*(=(?!\s*coalesce\(\$)|<>|!=|IN\b|NOT\b|IS\b|THEN\b)/gi,
  /\bCASE\s+(\w+\.)?visibility\b/gi,
  /\b(FROM|JOIN|USING|ONLY|EXISTS\s*\(\s*TABLE)\s+(blocks|mutes)\b/gi,
];

/** SQL without comments; C too, of which lines ended in a backslash. */
const bare = (text) =>
  text
    .replace(/\/\*[\s\S]*?\*\//g, (some) => some.replace(/[^\n]/g, " "))
    .replace(/--.*/g, "")
    .replace(/\\$/gm, " ");

function faultsOf(text) {
  const clean = bare(text);
  return patterns.flatMap((pattern) =>
    [...clean.matchAll(pattern)].map(
      ({ index, 0: words }) =>
        `${clean.slice(0, index).split("\n").length}: ${words}`,
    ),
  );
}

// What it must find, and leave.
for (const broken of [
  "WHERE p.visibility = 'PUBLIC'",
  "AND visibility\n  IN ('PUBLIC')",
  "EXISTS (SELECT FROM mutes m WHERE true)",
  "CASE p.visibility WHEN 'PUBLIC' THEN 1 END",
])
  if (!faultsOf(broken).length) throw new Error(`not found: ${broken}`);
for (const fine of [
  "SET visibility = coalesce($1::text::visibility, p.visibility)",
  "p.visibility::text AS visibility, -- visibility = 'PUBLIC'",
  "INSERT INTO blocks (blocker_id) VALUES (1)",
])
  if (faultsOf(fine).length) throw new Error(`found: ${fine}`);

const faults = files("sql/*.sql", "src/*.c", "src/*.h")
  .filter((file) => file !== door && !/^sql\/(migrations|demo)\//.test(file))
  .flatMap((file) =>
    faultsOf(read(file)).map((fault) => `${file}:${fault}: ask ${door}`),
  );
for (const fault of faults) console.log(fault);
process.exitCode = faults.length ? 1 : 0;
