// The fault suite: one thing after the other, on one stack.
import { describe } from "node:test";
import { begin, load } from "../lib/suite.mjs";

await begin("fault", {
  ownPrograms: true,
  // The load comes from few users.
  settings:
    "[limits]\nread = 1000000\nwrite = 1000000\npost = 1000000\nauth = 1000000\n",
});
const { prepare } = await import("./mix.mjs");
await prepare();
const files = await load(import.meta.url, [
  "reload",
  "kill",
  "postgres",
  "redis",
  "jobs",
]);
describe("fault", { concurrency: 1 }, () => {
  for (const file of files) file.default();
});
