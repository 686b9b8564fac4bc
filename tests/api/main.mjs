// The API suite: all files at once on one stack, then what disturbs others,
// then what only the end can tell.
import { describe } from "node:test";
import { meetOutside } from "../lib/outside.mjs";
import { begin, load } from "../lib/suite.mjs";

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
  "visible",
  "matrix",
  "notification",
  "gone",
  "nobody",
  "channels",
  "codes",
  "draft",
  "idempotency",
  "search",
  "privacy",
  "jobs",
  "document",
];
const files = await load(import.meta.url, together);
describe("api", { concurrency: 6 }, () => {
  for (const file of files) file.default();
});
const alone = ["outage", "malformed/requests", "malformed/injection", "last"];
for (const file of await load(import.meta.url, alone)) file.default();
