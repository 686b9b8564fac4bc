// The suite of sessions: one after the other, for they share the clock.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "node:test";
import { mmdb } from "../lib/mmdb.mjs";
import { begin, load } from "../lib/suite.mjs";
import { clock } from "./lib.mjs";

const dir = mkdtempSync("/tmp/sparkle-geo-");
const file = join(dir, "city.mmdb");
writeFileSync(
  file,
  mmdb({
    "198.51.100.0/24": { city: "Köln", country: "Germany" },
    "203.0.113.0/24": { country: "Iceland" },
  }),
);
const lists = {
  vpn: "# VPNs\n192.0.2.0/25\n2001:db8:77::/48\n10.0.0.0/8\n",
  hosting: "192.0.2.0/24\n",
};
for (const [name, text] of Object.entries(lists))
  writeFileSync(join(dir, name), text);
chmodSync(dir, 0o755);
process.on("exit", () => rmSync(dir, { recursive: true, force: true }));

// Locks are what is tested here; tests/api/limits has the limits.
const limits =
  "[limits]\nauth = 100000\nread = 100000\nwrite = 100000\nflagged = 50\n";
const networks = Object.keys(lists).map((n) => `${n} = ${join(dir, n)}\n`);
await begin("session", {
  patient: true,
  settings: `${clock.settings}${limits}[networks]\n${networks.join("")}
[login]\ngeoip_file = ${file}\n`,
});
const files = await load(import.meta.url, [
  "lock",
  "meanwhile",
  "day",
  "alert",
  "moved",
  "network",
  "rotation",
  "expiry",
  "redis",
  "timing",
]);
describe("sessions", { concurrency: 1 }, () => {
  for (const one of files) one.default();
});
