// The account suite: races first, while the clock stands; then what expires;
// then a site without its filter.
import { copyFileSync, mkdtempSync, chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Clock } from "../lib/clock.mjs";
import { top } from "../lib/stack.mjs";
import { begin, load } from "../lib/suite.mjs";

const clock = new Clock();
const dir = mkdtempSync("/tmp/sparkle-filter-");
const filter = {
  shipped: join(top, "data/breached-passwords.filter"),
  path: join(dir, "breached.filter"),
};
chmodSync(dir, 0o755);
copyFileSync(filter.shipped, filter.path);
process.on("exit", () => rmSync(dir, { recursive: true }));

await begin("account", {
  patient: true,
  settings: `breached_passwords = ${filter.path}
[limits]
write = 1000
${clock.settings}`,
});
for (const file of await load(import.meta.url, ["race", "clock", "filter"]))
  file.default({ clock, filter });
