// What makes tests fail by chance or hang, as far as it can be seen.
//
// A line that is meant says why: "// lint: ..." on it or on the line before (in
// C and in the shell as their comments are).
import { files, read } from "./files.mjs";

const faults = [];

/** Years that come: a date of one year goes by, whatever it is for. */
const year = new Date().getUTCFullYear();
const rules = [
  {
    what: "a program without child(t, ...) outlives a failed test",
    pattern: /(?<![.\w])spawn\(/,
    files: /\.test\.mjs$/,
  },
  {
    what: "a loop without looping(t, ...) outlives a failed test",
    pattern: /while \((running|killing|on|going)\)/,
    files: /\.test\.mjs$/,
  },
  {
    what: "a clock that is set to a fixed year: yearLike()",
    pattern: /(moveTo\(|\bat\()\s*(Date\.(parse|UTC)\()?["'`(]*20\d\d/,
    files: /\.mjs$/,
  },
  {
    what: "an upper limit on a measured time fails on a busy machine",
    pattern:
      /assert\.ok\([^;]*\b(ms|took|takes(\[\w+\])?|elapsed|Date\.now\(\) - \w+)\)* <=? /,
    files: /\.test\.mjs$/,
  },
  {
    what: "the same in C: clock_cpu(), or the outcome",
    pattern: /CU_ASSERT\w*\(clock_steady\(\) - \w+ <=? /,
    files: /_test\.c$/,
  },
  {
    what: "the same in the shell: what is made, or said",
    pattern: /at_most [\d.]+ "\$\(?(took|seconds|ms|elapsed)/,
    files: /\.sh$/,
  },
  {
    what: "a sleep before an assertion: eventually(), or say why",
    pattern: /await sleep\((?!0\))[^;]*\);\s*\n\s*assert\./,
    files: /\.test\.mjs$/,
  },
];

const meant = (lines, n) =>
  [lines[n], lines[n - 1]].some((line) => /(\/\/|\/\*|#) lint: \S/.test(line ?? ""));

function check(file, text, found) {
  const lines = text.split("\n");
  for (const { what, pattern, files: where } of rules) {
    if (!where.test(file)) continue;
    for (const { index } of text.matchAll(new RegExp(pattern, "g"))) {
      const n = text.slice(0, index).split("\n").length - 1;
      if (!meant(lines, n)) found.push(`${file}:${n + 1}: ${what}`);
    }
  }
}

for (const file of files("tests/*.mjs", "tests/*.c", "tests/*.sh"))
  if (!file.startsWith("tests/lint/")) check(file, read(file), faults);

// The rules must see what they are for.
const samples = [];
const bad = `
  const a = spawn("psql");
  while (killing) {}
  clock.moveTo(Date.UTC(${year + 1}, 0, 1));
  assert.ok(Date.now() - began < 1000);
  await sleep(100);
  assert.equal(1, 1);
  spawn("x"); // lint: it is meant
`;
check("x.test.mjs", bad, samples);
check("x_test.c", "CU_ASSERT_TRUE(clock_steady() - a < CLOCK_SECOND);", samples);
check("x_test.c", "CU_ASSERT_TRUE(clock_steady() - a <= 5 * most);", samples);
check("x_test.c", "/* lint: meant */ CU_ASSERT_TRUE(clock_steady() - a < 1);", samples);
check("x.sh", 'check "quick" at_most 5 "$took"', samples);
check("x.test.mjs", "assert.ok(Math.min(...took) < 700);", samples);
check("x.test.mjs", "assert.ok(takes[what] <= 9);", samples);
if (samples.length !== rules.length + 3)
  faults.push(`the rules for tests are blind:\n${samples.join("\n")}`);

for (const fault of faults) console.log(fault);
process.exitCode = faults.length ? 1 : 0;
