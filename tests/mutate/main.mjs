// The command of tests/mutate/run, which tells its usage.
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Copy, endAll } from "./copy.mjs";
import { readTable, tableFaults } from "./table.mjs";

const say = (text) => process.stderr.write(`${text}\n`);

function leave(text) {
  say(text);
  process.exit(2);
}

function optionsRead() {
  const options = {
    only: { type: "string", default: "" },
    jobs: { type: "string", default: "1" },
    list: { type: "boolean", default: false },
  };
  try {
    const { values } = parseArgs({ options });
    if (!/^[1-9]\d?$/.test(values.jobs)) throw new Error("--jobs N: 1 to 99");
    return values;
  } catch (error) {
    return leave(`${error.message}\ntests/mutate/run --help`);
  }
}

const wordsOf = (row) =>
  [row.name, row.control, row.file, row.old, ...row.tests].join(" ");

/** Whether all words are there; of "this|that" one is enough. */
const hasAll = (text, words) =>
  words.every((word) => word.split("|").some((one) => text.includes(one)));

/** Columns as wide as they must be. */
function printTable(rows) {
  const wide = rows[0].map((_, n) => Math.max(...rows.map((row) => row[n].length)));
  for (const row of rows)
    console.log(row.map((cell, n) => cell.padEnd(wide[n])).join("  ").trimEnd());
}

function list(rows) {
  printTable([
    ["mutant", "control", "file", "tests"],
    ...rows.map((row) => [row.name, row.control, row.file, row.tests.join(" ")]),
  ]);
}

/** The tests of all rows, once, by suite. */
function allTests(rows) {
  const targets = [...new Set(rows.flatMap((row) => row.tests))];
  return targets.sort((a, b) => a.localeCompare(b));
}

async function judge(copy, row) {
  const began = performance.now();
  const done = { row };
  try {
    await copy.change(row);
    Object.assign(done, await copy.test(row.tests));
  } catch (error) {
    done.fault = error.message;
  }
  copy.restore();
  done.seconds = Math.round((performance.now() - began) / 1000);
  return done;
}

const verdict = ({ by, fault }) =>
  fault ? "NOT JUDGED" : by ? `killed by ${by}` : "SURVIVED";

async function runAll(copies, rows) {
  const left = rows.entries();
  const all = [];
  const lane = async (copy) => {
    for (const [i, row] of left) {
      const done = await judge(copy, row);
      all[i] = done;
      const n = all.filter(Boolean).length;
      say(`[${n}/${rows.length}] ${row.name}: ${verdict(done)} (${done.seconds} s)`);
      if (done.fault) say(done.fault.replace(/^/gm, "    "));
    }
  };
  await Promise.all(copies.map(lane));
  return all;
}

function report(all) {
  printTable([
    ["mutant", "control", "killed by", "seconds"],
    ...all.map((done) => [
      ...[done.row.name, done.row.control],
      done.by ?? verdict(done),
      String(done.seconds),
    ]),
  ]);
  const killed = all.filter((done) => done.by && !done.fault).length;
  const survived = all.filter((done) => !done.by && !done.fault).length;
  console.log(
    `${all.length} mutants: ${killed} killed, ${survived} survived, ` +
      `${all.length - killed - survived} not judged`,
  );
  return killed === all.length;
}

async function prepare(dir, n, rows) {
  const copies = [];
  for (let i = 0; i < n; i++) {
    say(`copy ${i + 1} of ${n}: build`);
    copies.push(await Copy.make(join(dir, `${i + 1}`)));
    await copies[i].build();
  }
  say(`the tests of ${rows.length} rows, without a mutant`);
  const failed = await copies[0].test(allTests(rows));
  if (failed)
    leave(`they fail without a mutant: ${failed.by ?? ""}\n${failed.out ?? failed.fault}`);
  return copies;
}

async function main() {
  const options = optionsRead();
  const words = options.only.split(/\s+/).filter(Boolean);
  const table = readTable();
  const rows = table.filter((row) => hasAll(wordsOf(row), words));
  if (!rows.length) leave(`no row has "${options.only}"`);
  if (options.list) return list(rows);
  const faults = tableFaults(table);
  if (faults.length) leave(faults.join("\n"));
  setPriority(10);
  const dir = mkdtempSync(join(tmpdir(), "sparkle-mutate-"));
  chmodSync(dir, 0o755);
  process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.once(signal, () => endAll().then(() => process.exit(130)));
  const n = Math.min(Number(options.jobs), rows.length);
  const copies = await prepare(dir, n, rows);
  if (!report(await runAll(copies, rows))) process.exitCode = 1;
}

await main().catch((error) => leave(error.message));
