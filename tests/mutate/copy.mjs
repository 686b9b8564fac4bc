// A copy of the tree that is built, changed and tested, and goes at the end.
//
//   const copy = await Copy.make(dir);   await copy.build()
//   copy.change(row)   await copy.test(["api/post", "unit/access"])
//   copy.restore()
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { mutated, top } from "./table.mjs";

const ccache = "/usr/lib/ccache";

/** The programs that run. */
const running = new Set();

/** Ends them, and waits for the stacks that they stop. */
export function endAll() {
  const closed = [...running].map((one) => {
    try {
      process.kill(-one.pid, "SIGTERM");
    } catch {
      // It has just ended.
    }
    return new Promise((go) => one.on("close", go));
  });
  return Promise.all(closed);
}

/** Runs a program to its end: its status, and all that it printed. */
function run(words, env, cwd) {
  const [program, ...args] = words;
  const stdio = ["ignore", "pipe", "pipe"];
  const one = spawn(program, args, { cwd, env, stdio, detached: true });
  running.add(one);
  let out = "";
  one.stdout.on("data", (some) => (out += some));
  one.stderr.on("data", (some) => (out += some));
  return new Promise((go, fail) => {
    one.on("error", fail);
    one.on("close", (status) => {
      running.delete(one);
      go({ status, out });
    });
  });
}

const tail = (text) => text.split("\n").slice(-25).join("\n");

export class Copy {
  static async make(dir) {
    const copy = new Copy();
    copy.dir = dir;
    copy.bin = join(dir, "build/test");
    const path = existsSync(ccache) ? `${ccache}:` : "";
    // ccache takes what was built elsewhere for ours: paths below DIR are
    // relative, and the directory is no part of what is compared.
    copy.env = {
      ...process.env,
      PATH: path + process.env.PATH,
      ...{ CCACHE_BASEDIR: dir, CCACHE_NOHASHDIR: "1" },
      ...{ SPARKLE_BUILD: copy.bin, SPARKLE_FIRST: "1", SPARKLE_STALL: "600" },
      // The stacks begin with what the first of them made: see lib/template.
      SPARKLE_TEMPLATE: join(dir, "build/template"),
    };
    for (const name of ["SPARKLE_ONLY", "SPARKLE_FILES", "SPARKLE_KEEP"])
      delete copy.env[name];
    await copy.fill();
    return copy;
  }

  async must(what, words) {
    const { status, out } = await run(words, this.env, this.dir);
    if (status !== 0) throw new Error(`${what}:\n${tail(out)}`);
  }

  /** What git knows or would take, and what autogen.sh and npm made. */
  async fill() {
    mkdirSync(this.dir);
    chmodSync(this.dir, 0o755); // the service user looks in
    const script = `cd "$1" && { git ls-files -z --cached --others \
      --exclude-standard; find configure Makefile.in aclocal.m4 build-aux m4 \
      -type f -print0 2>/dev/null; } |
      tar --null --ignore-failed-read -T - -cf - | tar -C "$2" -xf -`;
    await this.must("the copy", ["bash", "-c", script, "-", top, this.dir]);
    for (const part of ["tests", "web"]) {
      const modules = join(top, part, "node_modules");
      if (existsSync(modules))
        symlinkSync(modules, join(this.dir, part, "node_modules"));
    }
  }

  /** All programs and the unit tests, as scripts/test builds them. */
  async build() {
    const script = `top=$1; for part in common packages build; do
      . "$top/scripts/lib/$part.sh"; done; quiet=yes
      build_make "$2" --enable-werror
      make -s -C "$2" check TESTS=`;
    await this.must("the build", ["bash", "-ec", script, "-", this.dir, this.bin]);
  }

  /** A change may leave a variable unused: that is no error. */
  rebuild(targets) {
    const units = targets.some((target) => target.startsWith("unit/"));
    const make = ["make", "-s", "-C", this.bin, "CFLAGS=-g -O2 -Wno-error"];
    return this.must("it does not build", [
      ...make,
      ...(targets.every((target) => target.startsWith("unit/")) ? [] : ["all"]),
      ...(units ? ["tests/unit/unit"] : []),
    ]);
  }

  async change(row) {
    const path = join(this.dir, row.file);
    this.changed = { path, text: readFileSync(path, "utf8") };
    writeFileSync(path, mutated(row, this.changed.text));
    if (/\.[ch]$|\.def$/.test(row.file)) await this.rebuild(row.tests);
  }

  /** What depends on it is built again with the next one. */
  restore() {
    if (this.changed) writeFileSync(this.changed.path, this.changed.text);
    this.changed = undefined;
  }

  /**
   * Runs tests ("SUITE/FILE"), those of a suite that stand together at once,
   * to the first that fails.  Null where all pass; else which one, or, where
   * it is no test that failed, `fault`.
   */
  async test(targets) {
    const groups = [];
    for (const target of targets) {
      const [suite, name] = target.split("/");
      if (groups.at(-1)?.suite !== suite) groups.push({ suite, names: [] });
      groups.at(-1).names.push(name);
    }
    for (const group of groups) {
      const failed = await this.testSuite(group);
      if (failed) return failed;
    }
    return null;
  }

  async testSuite({ suite, names }) {
    const words = [join(this.dir, "tests", suite, "run")];
    const env = { ...this.env };
    if (suite === "unit") words.push(...names);
    else env.SPARKLE_FILES = names.join(" ");
    const { status, out } = await run(words, env, this.dir);
    const failed = firstFailure(suite, out);
    // Nothing was noticed where a suite hangs: the machine may be too busy.
    if (failed && !/^no test ended/.test(failed))
      return { by: `${suite}: ${failed}`, out };
    if (status === 0 && /^\d+ passed, 0 failed$/m.test(out)) return null;
    return { fault: `tests/${suite}/run ended with ${status}:\n${tail(out)}` };
  }
}

/** The title of the first test that failed; null where none is told. */
function firstFailure(suite, out) {
  const pattern =
    suite === "unit"
      ? /^Suite .*?, Test (.*?) had failures:$/m
      : /^ *(?:\x1b\[31m)?FAIL(?:\x1b\[0m)? {2}(.*?)(?: \([^()]*\))?$/m;
  return pattern.exec(out)?.[1] ?? null;
}
