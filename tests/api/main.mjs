// The API suite: all files at once on one stack, then what disturbs others,
// then what only the end can tell.
import { describe } from "node:test";
import { meetOutside } from "../lib/outside.mjs";
import { begin } from "../lib/suite.mjs";

// A Redis that a loaded machine keeps waiting is not gone: limits are tested.
await begin("api", {
  patient: true,
  settings:
    (await meetOutside()) +
    "[mail]\nbounce_secret = bounces-for-tests\nhourly = 0\n" +
    "[redis]\ntimeout = 5s\n",
});
const together = [
  "protocol",
  "limits",
  "csrf",
  "session",
  "twofactor",
  "account",
  "password",
  "email",
  "mailing",
  "referral",
  "faults",
  "admin",
  "admin_list",
  "admin_status",
  "staff",
  "sparklectl",
  "plan",
  "post",
  "feed",
  "comment",
  "reaction",
  "follow",
  "notification",
  "channels",
  "idempotency",
  "search",
  "privacy",
  "jobs",
  "document",
];
const files = await Promise.all(
  together.map((name) => import(`./${name}.test.mjs`)),
);
describe("api", { concurrency: 6 }, () => {
  for (const file of files) file.default();
});
(await import("./outage.test.mjs")).default();
(await import("./malformed/requests.test.mjs")).default();
(await import("./malformed/injection.test.mjs")).default();
(await import("./last.test.mjs")).default();
