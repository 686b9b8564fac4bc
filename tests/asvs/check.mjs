// Holds checklist.tsv and faults.tsv to their items and to the tests there are.
//
//   node tests/asvs/check.mjs     prints what is wrong; status 1 if anything
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readTable } from "../mutate/table.mjs";

const top = join(dirname(fileURLToPath(import.meta.url)), "../..");
const faults = [];

/** Every item of levels 1 and 2: chapter.section, and the last number of each. */
const items = {
  ...{ 3.2: [1, 2], 3.3: [1, 2, 3, 4], 3.4: [1, 2, 3, 4, 5, 6] },
  ...{ 3.5: [1, 2, 3, 4, 5], 3.7: [1, 2], 6.1: [1, 2, 3] },
  ...{ 6.2: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 6.3: [1, 2, 3, 4] },
  ...{ 6.4: [1, 2, 3, 4], 6.5: [1, 2, 3, 4, 5], 6.6: [1, 2, 3] },
  ...{ 6.8: [1, 2, 3, 4], 7.1: [1, 2, 3], 7.2: [1, 2, 3, 4], 7.3: [1, 2] },
  ...{ 7.4: [1, 2, 3, 4, 5], 7.5: [1, 2], 7.6: [1, 2], 8.1: [1, 2] },
  ...{ 8.2: [1, 2, 3], 8.3: [1], 8.4: [1] },
};
const wanted = Object.entries(items).flatMap(([section, numbers]) =>
  numbers.map((n) => `${section}.${n}`),
);

/** All sources of a suite's tests. */
const sources = new Map();
function sourcesOf(suite) {
  if (!sources.has(suite)) {
    let names = [];
    try {
      names = readdirSync(join(top, "tests", suite), { recursive: true });
    } catch {
      faults.push(`there is no suite ${suite}`);
    }
    const texts = names
      .filter((name) => /(\.test\.mjs|_test\.c)$/.test(name))
      .map((name) => readFileSync(join(top, "tests", suite, name), "utf8"));
    sources.set(suite, texts);
  }
  return sources.get(suite);
}

const plain = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Is there it("title" or test(`title`, or { "title", in C? */
function exists(suite, title) {
  const quoted = `["\`]${plain(title)}["\`]`;
  const pattern = new RegExp(`(\\b(it|test)\\(|\\{)\\s*${quoted}\\s*,`);
  return sourcesOf(suite).some((text) => pattern.test(text));
}

const known = new Set(wanted);
const mutantNames = new Set(readTable().map((row) => row.name));
const seen = new Map();
const lines = readFileSync(join(top, "tests/asvs/checklist.tsv"), "utf8");
for (const [i, line] of lines.split("\n").entries()) {
  if (!line || line.startsWith("#")) continue;
  const [item, level, state, suite, words, what, mutants = "", ...more] =
    line.split("\t");
  const fault = (text) => faults.push(`${i + 1}: ${item}: ${text}`);
  if (!what || more.length) fault("wants six columns, or seven");
  for (const name of mutants.split(" ").filter(Boolean))
    if (!mutantNames.has(name)) fault(`there is no mutant ${name}`);
  if (!known.has(item)) fault("is no item of levels 1 and 2");
  if (!["1", "2"].includes(level)) fault("is of no level");
  if (!["test", "n/a", "deviates"].includes(state)) fault(`state ${state}`);
  if (state === "test" && !exists(suite, words))
    fault(`the suite ${suite} has no test "${words}"`);
  if (state !== "test" && (words?.length ?? 0) < 20) fault("says not why");
  seen.set(item, [...(seen.get(item) ?? []), state]);
}
for (const item of wanted)
  if (!seen.has(item)) faults.push(`${item} is missing`);

/** The rows of the faults that are about accounts. */
const span = (from, to) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);
const old = new Set([...span(21, 119), ...span(192, 217)]);
const told = new Set();
const list = readFileSync(join(top, "tests/asvs/faults.tsv"), "utf8");
for (const [i, line] of list.split("\n").entries()) {
  if (!line || line.startsWith("#")) continue;
  const [row, state, suite, words, what, more] = line.split("\t");
  const fault = (text) => faults.push(`faults ${i + 1}: ${row}: ${text}`);
  if (!what || more !== undefined) fault("wants five columns");
  if (!old.has(row)) fault("is no row of accounts");
  if (!["test", "n/a"].includes(state)) fault(`state ${state}`);
  if (state === "test" && !exists(suite, words))
    fault(`the suite ${suite} has no test "${words}"`);
  if (state === "n/a" && (words?.length ?? 0) < 20) fault("says not why");
  told.add(row);
}
for (const row of old)
  if (!told.has(row)) faults.push(`faults: ${row} is missing`);

const count = (state) =>
  [...seen.values()].filter((states) => states.includes(state)).length;
for (const fault of faults) console.log(fault);
console.log(
  `${seen.size} items: ${count("test")} tested, ${count("deviates")} deviate, ` +
    `${count("n/a")} do not apply; ${told.size} old faults`,
);
process.exitCode = faults.length ? 1 : 0;
