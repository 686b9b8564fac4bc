// Databases that were made once, to begin others with: initdb and migrations
// are most of what a stack's start takes.
//
// SPARKLE_TEMPLATE names the directory that keeps them, of one tree and one
// run; it is for who starts many stacks one after the other (tests/mutate).
// The functions of sql/ are loaded at each start, so they may differ.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";

const kept = process.env.SPARKLE_TEMPLATE;

function copy(from, to, parts) {
  mkdirSync(to, { recursive: true });
  const names = parts.filter((part) => existsSync(join(from, part)));
  const words = ["-a", ...names.map((part) => join(from, part)), to];
  const { status, stderr } = spawnSync("cp", words);
  if (status !== 0) throw new Error(`cp: ${stderr}`);
}

/**
 * Fills parts of a directory from the template of a name; where there is none
 * yet, `make` fills them, stopped and whole, and they are kept.
 */
export function fromTemplate(name, dir, parts, make) {
  if (!kept) return;
  const template = join(kept, name);
  if (existsSync(template)) return copy(template, dir, parts);
  make();
  copy(dir, `${template}.new`, parts);
  renameSync(`${template}.new`, template);
}
