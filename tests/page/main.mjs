// The page suite: on the demo community, since pages are to be looked at with
// something on them.
import { describe } from "node:test";
import { begin, load } from "../lib/suite.mjs";

await begin("page", { demo: true });
const files = await load(import.meta.url, [
  "pages",
  "direction",
  "nobody",
  "admin",
  "headers",
  "cache",
  "views",
  "cookies",
  "plain",
  "maps",
  "privacy",
]);
describe("page", { concurrency: 4 }, () => {
  for (const file of files) file.default();
});
for (const file of await load(import.meta.url, ["down"])) file.default();
