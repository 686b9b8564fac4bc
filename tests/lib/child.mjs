// Programs and loops that a test runs beside itself.  They end with the test,
// whatever its end: one that outlives a failure keeps the suite from ending.
//
//   const psql = child(t, "psql", ["-X"], { stdio: ["pipe", "pipe", "ignore"] });
//   const killer = looping(t, async () => { ... });   await killer.stop();
import { spawn } from "node:child_process";
import { once } from "node:events";

/** Starts a program; SIGKILL at the end of the test, if it still runs then. */
export function child(t, program, args = [], options = {}) {
  const one = spawn(program, args, options);
  one.on("error", () => {}); // there is an exit, too, or nothing to end
  one.stdin?.on("error", () => {});
  const closed = new Promise((go) => {
    one.once("close", go);
    one.once("error", go);
  });
  t.after(async () => {
    if (one.exitCode === null && one.signalCode === null) one.kill("SIGKILL");
    await closed;
  });
  return one;
}

/** psql for one statement after the other: run() comes back when it is done. */
export function psqlOf(t, args, env = process.env) {
  const psql = child(t, "psql", args, {
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const run = async (sql) => {
    psql.stdin.write(`${sql};\n\\echo done\n`);
    for (let out = ""; !out.includes("done"); )
      out += (await once(psql.stdout, "data"))[0];
  };
  return { run, end: () => psql.stdin.end() };
}

/**
 * Does a step again and again; stop() waits for the step that runs, and throws
 * what a step threw.  A test that ends before stops it as well.
 */
export function looping(t, step) {
  let on = true;
  let fault;
  const done = (async () => {
    while (on) await step();
  })().catch((error) => {
    fault = error;
  });
  const stop = async () => {
    on = false;
    await done;
    if (fault) throw fault;
  };
  t.after(() => stop().catch(() => {}));
  return { stop };
}
