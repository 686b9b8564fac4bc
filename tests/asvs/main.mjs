// The suite of what the check-list wants and no other suite has: on a stack
// without a demo, whose clock moves.
import { describe } from "node:test";
import { Clock } from "../lib/clock.mjs";
import { begin, load } from "../lib/suite.mjs";

const clock = new Clock();
await begin("asvs", { settings: `${clock.settings}[limits]\nauth = 10000\n` });
const files = await load(import.meta.url, ["static", "accounts"]);
describe("asvs", { concurrency: 1 }, () => {
  for (const file of files) file.default(clock);
});
