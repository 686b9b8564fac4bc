// The operator's suite: one thing after the other, on one stack.
import { describe } from "node:test";
import { begin, load } from "../lib/suite.mjs";

await begin("operator", { ownPrograms: true });
const files = [];
files.push(...(await load(import.meta.url, ["reload", "root", "log", "doctor"])));
describe("operator", { concurrency: 1 }, () => {
  for (const file of files) file.default();
});
