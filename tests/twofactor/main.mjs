// The suite of the second factor: a stack with a clock that tests move, and
// limits that let them try often.
import { describe } from "node:test";
import { Clock } from "../lib/clock.mjs";
import { begin, load } from "../lib/suite.mjs";

const clock = new Clock();
await begin("twofactor", {
  patient: true,
  settings: `${clock.settings}[limits]
auth = 1000000
write = 1000000
read = 1000000
`,
});
const files = await load(import.meta.url, [
  "codes",
  "challenge",
  "races",
  "keys",
]);
// One after the other: they share the clock, and the last turns the keys.
describe("twofactor", { concurrency: 1 }, () => {
  for (const file of files) file.default(clock);
});
