// The page suite: on the demo community, since pages are to be looked at with
// something on them.
import { describe } from "node:test";
import { begin } from "../lib/suite.mjs";

await begin("page", { demo: true });
const files = await Promise.all(
  ["pages", "admin", "headers", "cache", "cookies", "plain", "maps", "privacy"].map((name) => import(`./${name}.test.mjs`)),
);
describe("page", { concurrency: 4 }, () => {
  for (const file of files) file.default();
});
(await import("./down.test.mjs")).default();
