// The rows of mutants.tsv, and whether they fit the tree.
//
//   node tests/mutate/table.mjs    prints what is wrong; status 1 if anything
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const top = join(dirname(fileURLToPath(import.meta.url)), "../..");
const table = join(top, "tests/mutate/mutants.tsv");
const columns = ["name", "control", "file", "after", "old", "new", "tests"];

/** Where what is changed must begin behind `after`, in characters. */
const reach = 2500;

export function readTable() {
  const rows = [];
  for (const [i, line] of readFileSync(table, "utf8").split("\n").entries()) {
    if (!line || line.startsWith("#")) continue;
    const cells = line.split("\t");
    const row = { line: i + 1, width: cells.length };
    for (const [n, column] of columns.entries()) row[column] = cells[n] ?? "";
    row.tests = row.tests.split(" ").filter(Boolean);
    rows.push(row);
  }
  return rows;
}

/** Where a text is that a file has once; else what is wrong. */
function once(text, part) {
  const at = text.indexOf(part);
  if (at < 0) return { fault: `there is no "${part}"` };
  if (text.indexOf(part, at + 1) >= 0)
    return { fault: `"${part}" is there more than once` };
  return { at };
}

/** Where a row changes a text; else what is wrong. */
function place(row, text) {
  if (!row.after) return once(text, row.old);
  const { at, fault } = once(text, row.after);
  if (fault) return { fault };
  const from = at + row.after.length;
  const found = text.slice(from, from + reach).indexOf(row.old);
  if (found < 0)
    return { fault: `there is no "${row.old}" after "${row.after}"` };
  return { at: from + found };
}

/** The text of a row's file with the row's change. */
export function mutated(row, text) {
  const { at, fault } = place(row, text);
  if (fault) throw new Error(`${row.name}: ${row.file}: ${fault}`);
  return text.slice(0, at) + row.new + text.slice(at + row.old.length);
}

const fileOf = (target) => {
  const [suite, name] = target.split("/");
  return suite === "unit"
    ? `tests/unit/${name}_test.c`
    : `tests/${suite}/${name}.test.mjs`;
};

function rowFaults(row) {
  const faults = [];
  if (row.width !== columns.length) return [`wants ${columns.length} columns`];
  if (!row.name || !row.control || !row.old) faults.push("wants name, control, old");
  if (row.old === row.new) faults.push("changes nothing");
  if (!row.tests.length) faults.push("names no test");
  for (const target of row.tests)
    if (!existsSync(join(top, fileOf(target))))
      faults.push(`there is no ${fileOf(target)}`);
  const path = join(top, row.file);
  if (!existsSync(path)) return [...faults, `there is no file ${row.file}`];
  const { fault } = place(row, readFileSync(path, "utf8"));
  return fault ? [...faults, `${row.file}: ${fault}`] : faults;
}

export function tableFaults(rows) {
  const faults = [];
  const names = new Set();
  for (const row of rows) {
    const more = names.has(row.name) ? ["its name is another's"] : [];
    names.add(row.name);
    for (const fault of [...rowFaults(row), ...more])
      faults.push(`mutants.tsv:${row.line}: ${row.name}: ${fault}`);
  }
  return faults;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = readTable();
  const faults = tableFaults(rows);
  for (const fault of faults) console.log(fault);
  console.log(`${rows.length} mutants`);
  process.exitCode = faults.length ? 1 : 0;
}
