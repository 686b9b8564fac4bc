// The operator's suite: one thing after the other, on one stack.
import { describe } from "node:test";
import { begin } from "../lib/suite.mjs";

await begin("operator", { ownPrograms: true });
const files = [];
for (const name of ["reload", "root", "doctor"])
  files.push(await import(`./${name}.test.mjs`));
describe("operator", { concurrency: 1 }, () => {
  for (const file of files) file.default();
});
