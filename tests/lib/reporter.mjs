// Prints tests as a list, what failed with why, and at the end the one line
// that scripts/test reads: "N passed, N failed".  A suite is not a test; what
// a test leaves behind, and fails when it is over, is a failure.  So is a run in
// which there was no test: a filter that matches nothing shows nothing.
//
// SPARKLE_FIRST=1 ends it all at the first failure.
//
// Where no test ends for SPARKLE_STALL seconds (600) what runs is named, and
// the suite is ended: a hang must not cost the time of all suites.
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { sleep, top } from "./stack.mjs";

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

function childrenOf() {
  try {
    const list = `/proc/self/task/${process.pid}/children`;
    return readFileSync(list, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Ends the processes of test files: they end their stacks. */
function endChildren() {
  for (const pid of childrenOf()) {
    try {
      process.kill(pid, "SIGTERM");
    } catch {
      // It has just ended.
    }
  }
}

/** Ends all, and waits for what the processes of test files still do. */
async function endHere({ passed, failed }) {
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  endChildren();
  for (let n = 0; n < 600 && childrenOf().length; n++) await sleep(50);
  process.exit(1);
}

const limit = Number(process.env.SPARKLE_STALL ?? 600);

/** Ends everything where nothing ends for too long. */
class Watch {
  constructor() {
    this.running = new Map();
    this.counts = { passed: 0, failed: 0 };
    this.last = performance.now();
    this.timer = setInterval(() => this.look(), 1000);
    this.timer.unref();
  }

  heed(type, data) {
    const key = `${data?.file}:${data?.line}:${data?.name}`;
    if (type === "test:dequeue") this.running.set(key, data.name);
    if (type !== "test:pass" && type !== "test:fail") return;
    this.running.delete(key);
    this.last = performance.now();
  }

  look() {
    if (performance.now() - this.last < limit * 1000) return;
    const names = [...this.running.values()].join(", ");
    const { passed, failed } = this.counts;
    process.stdout.write(
      `${red("FAIL")}  no test ended for ${limit} s\n        running: ` +
        `${names}\n${passed} passed, ${failed + 1} failed\n`,
    );
    endChildren();
    process.exit(1);
  }
}

export default async function* reporter(source) {
  const slow = [];
  const watch = new Watch();
  let passed = 0;
  let failed = 0;
  for await (const { type, data } of source) {
    watch.heed(type, data);
    watch.counts = { passed, failed };
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
      const text = `${indent}${red("FAIL")}  ${data.name}${where}\n${why(error)}\n`;
      if (process.env.SPARKLE_FIRST) {
        process.stdout.write(text);
        await endHere({ passed, failed });
      }
      yield text;
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
  clearInterval(watch.timer);
  if (passed + failed === 0) {
    failed++;
    process.exitCode = 1;
    yield `${red("FAIL")}  there was no test to run\n`;
  }
  if (slow.length) yield `slow:\n  ${slow.join("\n  ")}\n`;
  yield `${passed} passed, ${failed} failed\n`;
}
