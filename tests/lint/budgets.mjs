// Files: 400 lines as a rule, 500 at most.  Functions: 15 lines in the
// median, 40 as a rule, 70 at most; braces three deep.
import { execFileSync } from "node:child_process";
import { files, read, top } from "./files.mjs";

const faults = [];
const notes = [];

for (const file of files(
  "src/*.[ch]",
  "tests/*.[ch]",
  "scripts",
  "tests/*.mjs",
  "tests/*.sh",
)) {
  if (/node_modules|\/data\//.test(file)) continue;
  const lines = read(file).split("\n").length - 1;
  if (lines > 500) faults.push(`${file}: ${lines} lines`);
  else if (lines > 400) notes.push(`${file}: ${lines} lines`);
}

/** Every function of src: {file, line, end, name}. */
function functions() {
  const format = "%F\t%n\t%{end}\t%N";
  const out = execFileSync(
    "ctags",
    ["-x", "--languages=C", "--c-kinds=f", `--_xformat=${format}`, "-L", "-"],
    { cwd: top, input: files("src/*.c", "src/*.h").join("\n") },
  );
  return out
    .toString()
    .split("\n")
    .filter(Boolean)
    .map((row) => {
      const [file, line, end, name] = row.split("\t");
      return { file, line: Number(line), end: Number(end), name };
    })
    .filter(({ end }) => end > 0);
}

/** How deep braces go in a function; strings and comments do not count. */
function depthOf(lines) {
  const text = lines
    .join("\n")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""')
    .replace(/'(?:[^'\\]|\\.)'/g, "0");
  let depth = 0;
  let most = 0;
  for (const c of text) {
    if (c === "{") most = Math.max(most, ++depth);
    if (c === "}") depth--;
  }
  return most - 1;
}

const sources = new Map();
const lengths = [];
for (const { file, line, end, name } of functions()) {
  const n = end - line + 1;
  lengths.push(n);
  const where = `${file}:${line}: ${name}`;
  if (n > 70) faults.push(`${where} has ${n} lines`);
  else if (n > 40) notes.push(`${where} has ${n} lines`);
  if (!sources.has(file)) sources.set(file, read(file).split("\n"));
  const depth = depthOf(sources.get(file).slice(line - 1, end));
  if (depth > 4) faults.push(`${where} is ${depth} braces deep`);
  else if (depth > 3) notes.push(`${where} is ${depth} braces deep`);
}
lengths.sort((a, b) => a - b);
const median = lengths[lengths.length >> 1];
if (median > 20) faults.push(`the median function has ${median} lines`);

for (const fault of faults) console.log(fault);
console.log(
  `${lengths.length} functions, median ${median} lines, ` +
    `longest ${lengths.at(-1)}; over the rule: ${notes.length}`,
);
for (const note of notes.slice(0, 40)) console.log(`  ${note}`);
process.exitCode = faults.length ? 1 : 0;
