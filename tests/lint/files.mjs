// The files that git knows, or would take.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const top = join(dirname(fileURLToPath(import.meta.url)), "../..");

export function files(...patterns) {
  const words = [
    "ls-files",
    "--cached",
    "--others",
    "--exclude-standard",
    "--",
  ];
  return execFileSync("git", [...words, ...patterns], { cwd: top })
    .toString()
    .split("\n")
    .filter((file) => file && existsSync(join(top, file)));
}

export const read = (file) => readFileSync(join(top, file), "utf8");
