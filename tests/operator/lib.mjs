// What the operator's tests share: commands with their status, a piece of
// configuration that is there for a while.
import { spawn } from "node:child_process";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { request } from "../lib/client.mjs";
import { stack } from "../lib/suite.mjs";

export const asRoot = process.getuid() === 0;

/** Runs a program to its end: { status, stdout, stderr }. */
export function run(program, args, { input = "", env } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, {
      cwd: "/",
      env: { ...process.env, ...env },
      timeout: 120000,
    });
    const said = { stdout: "", stderr: "" };
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    for (const name of ["stdout", "stderr"])
      child[name].on("data", (some) => (said[name] += some));
    child.on("error", fail);
    child.on("close", (status) => done({ status, ...said }));
  });
}

/** One of our programs as the user who serves. */
export function asSite(name, ...args) {
  const [program, words] = stack.asUser(
    ...[stack.program(name), "--config", stack.conf, ...args],
  );
  return run(program, words);
}

/** One of our programs as whoever runs the tests: root, mostly. */
export const asUs = (name, ...args) =>
  run(stack.program(name), ["--config", stack.conf, ...args]);

const extra = () => join(stack.dir, "etc/conf.d/zz-operator.conf");

/** Lines that are read last; undo with configured("") . */
export function configured(lines) {
  if (lines === "") rmSync(extra(), { force: true });
  else writeFileSync(extra(), lines, { mode: 0o644 });
}

/** A file that the site's user may read, with some text. */
export function fileOf(name, text) {
  const path = join(stack.dir, name);
  writeFileSync(path, text);
  chmodSync(path, 0o644);
  return path;
}

export const ready = async () =>
  (await request(stack, "GET", "/health/ready")).status;
