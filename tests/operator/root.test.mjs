// Root's own commands leave nothing behind that the site cannot use.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { describe, it } from "node:test";
import { stack } from "../lib/suite.mjs";
import { asRoot, asSite, asUs, configured, fileOf, run } from "./lib.mjs";

/** What in the instance belongs to root; nginx and the tests make none. */
async function ofRoot() {
  const dirs = ["run", "mail", "log", "exports", "blobs", "temp"];
  const { stdout } = await run("find", [
    ...dirs.map((name) => `${stack.dir}/${name}`),
    ...["-user", "root"],
  ]);
  return stdout.split("\n").filter(Boolean).sort();
}

const good = (done) =>
  assert.equal(done.status, 0, `${done.stdout}${done.stderr}`);

export default () =>
  describe("root", { concurrency: 1, skip: !asRoot }, () => {
    it("tests mails into a Maildir that is not there yet, and mails go on", async () => {
      for (const name of ["new", "cur", "tmp"])
        rmSync(`${stack.dir}/mail/${name}`, { recursive: true, force: true });
      const before = await ofRoot();
      good(await asUs("sparklectl", "email", "test", "you@example.org"));
      assert.deepEqual(await ofRoot(), before);
      good(await asSite("sparklectl", "email", "test", "you@example.org"));
    });

    it("runs every batch program, and the site runs it after that", async () => {
      const before = await ofRoot();
      const list = await asUs("sparkle-batch", "--list");
      const names = list.stdout.split("\n").filter(Boolean);
      assert.ok(names.length > 10, list.stdout);
      for (const line of names) {
        const [name] = line.split(" ");
        const mine = await asUs("sparkle-batch", name);
        const theirs = await asSite("sparkle-batch", name);
        assert.equal(theirs.status, mine.status, `${name}: ${theirs.stderr}`);
        assert.doesNotMatch(theirs.stderr, /Permission denied/, name);
      }
      assert.deepEqual(await ofRoot(), before);
    });

    it("makes users, jobs and schedules", async () => {
      const before = await ofRoot();
      const words = "Correct-horse-42-battery!\n";
      const made = await run(
        stack.program("sparklectl"),
        [
          ...["--config", stack.conf, "user", "create"],
          ...["ofroot", "ofroot@example.org"],
        ],
        { input: words },
      );
      good(made);
      for (const command of ["user list", "jobs list", "status", "keys list"]) {
        const done = await asUs("sparklectl", ...command.split(" "));
        assert.notEqual(done.status, 2, command);
        assert.doesNotMatch(done.stderr, /Permission denied/, command);
      }
      assert.deepEqual(await ofRoot(), before);
    });

    for (const name of ["sparkle-fcgi", "sparkle-jobs"])
      it(`${name} --test-config works, and is of the site's user`, async () => {
        const before = await ofRoot();
        good(await asUs(name, "-t"));
        assert.deepEqual(await ofRoot(), before);
        // What only root may read is of no use to the program.
        const secret = fileOf("etc/roots", "k\n");
        await run("chmod", ["0600", secret]);
        configured(`[redis]\npassword_file = ${secret}\n`);
        const told = await asUs(name, "-t");
        configured("");
        assert.equal(told.status, 1);
        assert.match(told.stderr, /password_file: \S+roots: Permission denied/);
      });

    it("becomes the user that [master] names", async () => {
      const { stdout } = await run("id", ["-u", "nobody"]);
      const dir = mkdtempSync("/tmp/sparkle-operator-");
      chmodSync(dir, 0o777);
      configured(
        `[master]\nuser = nobody\n[mail]\ntransport = file:${dir}/inbox\n`,
      );
      const done = await asUs("sparklectl", "email", "test", "you@example.org");
      configured("");
      const owner = await run("stat", ["-c", "%u", `${dir}/inbox/new`]);
      rmSync(dir, { recursive: true, force: true });
      good(done);
      assert.equal(owner.stdout, stdout);
    });

    it("still brings the schema up to date, and reloads", async () => {
      const app = stack.program("sparklectl");
      const sql = await run(app, ["--config", stack.conf, "migrate", "--plan"]);
      assert.doesNotMatch(sql.stderr, /password/);
      good(await asUs("sparklectl", "reload"));
    });
  });
