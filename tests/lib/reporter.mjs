// Prints tests as a list, what failed with why, and at the end the one line
// that scripts/test reads: "N passed, N failed".  A suite is not a test; what
// a test leaves behind, and fails when it is over, is a failure.
import { relative } from "node:path";
import { top } from "./stack.mjs";

const red = (s) => (process.stdout.isTTY ? `\x1b[31m${s}\x1b[0m` : s);

function why(error) {
  const cause = error?.cause instanceof Error ? error.cause : error;
  const text = cause?.stack ?? cause?.message ?? String(error?.cause ?? error);
  return text
    .split("\n")
    .filter((line) => !/^\s+at .*(node:|node_modules)/.test(line))
    .slice(0, 30)
    .map((line) => `        ${line.replaceAll(top, ".")}`)
    .join("\n");
}

export default async function* reporter(source) {
  const path = [];
  const slow = [];
  let passed = 0;
  let failed = 0;
  for await (const { type, data } of source) {
    if (type === "test:start") path[data.nesting] = data.name;
    if (type === "test:diagnostic" && /^note: /.test(data.message))
      yield `    ${data.message}\n`;
    if (
      type === "test:diagnostic" &&
      /asynchronous activity/.test(data.message)
    ) {
      failed++;
      yield `${red("FAIL")}  after its end\n        ${data.message}\n`;
    }
    if (type !== "test:pass" && type !== "test:fail") continue;
    const isSuite = data.details?.type === "suite";
    const ms = Math.round(data.details?.duration_ms ?? 0);
    const indent = "  ".repeat(data.nesting);
    if (type === "test:fail") {
      const error = data.details.error;
      // A suite fails with its tests: they are counted, it is not.
      if (isSuite && error?.failureType === "subtestsFailed") continue;
      failed++;
      const where = data.file ? ` (${relative(top, data.file)})` : "";
      yield `${indent}${red("FAIL")}  ${data.name}${where}\n${why(error)}\n`;
    } else if (isSuite) {
      yield `${indent}${data.name}: ${ms} ms\n`;
    } else if (data.skip === undefined) {
      passed++;
      if (ms > 1500) slow.push(`${ms} ms  ${data.name}`);
      yield `${indent}ok    ${data.name}\n`;
    } else {
      yield `${indent}skip  ${data.name}: ${data.skip}\n`;
    }
  }
  if (slow.length) yield `slow:\n  ${slow.join("\n  ")}\n`;
  yield `${passed} passed, ${failed} failed\n`;
}
