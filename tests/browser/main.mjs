// The browser suite: on the demo community.
import { after, describe } from "node:test";
import { begin, load } from "../lib/suite.mjs";
import { launch, quit } from "./browser.mjs";

await begin("browser", { demo: true });
await launch();
const files = await load(import.meta.url, [
  "journey",
  "account",
  "keyboard",
  "details",
  "direction",
  "factor",
  "targets",
  "codes",
  "drafts",
  "notes",
  "admin",
  "notify",
  "privacy",
  "mails",
  "looks",
]);
describe("browser", { concurrency: 1 }, () => {
  after(quit);
  for (const file of files) file.default();
});
