// Every script is one that the language knows: parsed, all in one process.
// node --experimental-vm-modules tests/lint/parse.mjs
import { SourceTextModule } from "node:vm";
import { files, read } from "./files.mjs";

let bad = 0;
for (const file of files("web/*.js", "web/*.mjs", "tests/*.mjs")) {
  if (file.includes("/dist/")) continue;
  try {
    new SourceTextModule(read(file), { identifier: file });
  } catch (e) {
    bad++;
    console.log(`${file}: ${e.message}`);
  }
}
process.exit(bad ? 1 : 0);
