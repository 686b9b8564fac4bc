// sparklectl migrate --plan: which locks a migration will take, and how large
// what it locks is.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { freshName } from "../lib/people.mjs";
import { stack } from "../lib/suite.mjs";
import { top } from "../lib/stack.mjs";

/** What --plan says of a migration after all that there are. */
async function planOf(sql) {
  const dir = mkdtempSync("/tmp/sparkle-test-plan-");
  try {
    chmodSync(dir, 0o755);
    cpSync(join(top, "sql"), join(dir, "sql"), { recursive: true });
    writeFileSync(join(dir, "sql/migrations/9000-plan.sql"), sql);
    return await stack.ctl(["--sql", join(dir, "sql"), "migrate", "--plan"]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What sparkle-fcgi says of its configuration with this directory's files. */
async function checkWith(dir) {
  const conf = join(stack.dir, "etc/older.conf");
  const text = readFileSync(stack.conf, "utf8");
  writeFileSync(conf, text.replace(/^web = .*$/m, `web = ${dir}/web`));
  chmodSync(conf, 0o644);
  const [program, args] = stack.asUser(
    ...[stack.program("sparkle-fcgi"), "--config", conf, "--test-config"],
  );
  return promisify(execFile)(program, args, { cwd: "/" });
}

export default () =>
  describe("sparklectl migrate --plan", () => {
    it("tells the locks of tables that were never analysed", async () => {
      const name = freshName("plan").toLowerCase();
      await stack.sql(`CREATE TABLE ${name} (a int, b int)
        WITH (autovacuum_enabled = false);
        CREATE INDEX ${name}_b ON ${name} (b);
        CREATE VIEW ${name}_v AS SELECT a FROM ${name}`);
      const said = await planOf(`SELECT 1; ALTER TABLE ${name} ADD c int;
        DROP INDEX ${name}_b; TRUNCATE ${name}; -- DROP TABLE users;
        DROP TABLE public.${name}, ${name}_none; DROP VIEW ${name}_v;
        INSERT INTO ${name} VALUES ('; DROP TABLE posts');`);
      const unknown = "rows unknown until it is analysed, \\d+ (bytes|kB)";
      for (const line of [
        `ALTER TABLE ${name}: ACCESS EXCLUSIVE: [^;]*; ${unknown}`,
        `DROP INDEX ${name}_b of ${name}: ACCESS EXCLUSIVE: [^;]*; ${unknown}`,
        `TRUNCATE ${name}: ACCESS EXCLUSIVE: [^;]*; ${unknown}`,
        `DROP TABLE public.${name}: ACCESS EXCLUSIVE: [^;]*; ${unknown}`,
        `DROP VIEW ${name}_v: ACCESS EXCLUSIVE: [^;]* \\(a view\\)`,
        `INSERT INTO ${name}: ROW EXCLUSIVE: blocks nobody; ${unknown}`,
      ])
        assert.match(said, new RegExp(`^    ${line}$`, "m"));
      assert.doesNotMatch(said, /_none|users|posts/);
      await stack.sql(`DROP TABLE ${name} CASCADE`);
    });

    it("tells how many rows there are about", async () => {
      const name = freshName("plan").toLowerCase();
      await stack.sql(`CREATE TABLE ${name} (a int)
        WITH (autovacuum_enabled = false);
        INSERT INTO ${name} SELECT generate_series(1, 50);
        ANALYZE ${name}`);
      const said = await planOf(`DELETE FROM ${name};`);
      assert.match(said, new RegExp(`DELETE FROM ${name}: .*; about 50 rows, `));
      await stack.sql(`DROP TABLE ${name}`);
    });

    it("counts the partitions of a table", async () => {
      const name = freshName("plan").toLowerCase();
      await stack.sql(`CREATE TABLE ${name} (a int) PARTITION BY RANGE (a);
        CREATE TABLE ${name}_1 PARTITION OF ${name}
          FOR VALUES FROM (0) TO (10) WITH (autovacuum_enabled = false);
        CREATE TABLE ${name}_2 PARTITION OF ${name}
          FOR VALUES FROM (10) TO (20) WITH (autovacuum_enabled = false);
        INSERT INTO ${name} SELECT generate_series(1, 19);
        ANALYZE ${name}_1; ANALYZE ${name}_2`);
      const said = await planOf(`ALTER TABLE ${name} ADD b int;`);
      assert.match(said, new RegExp(`ALTER TABLE ${name}: .*; about 19 rows`));
      await stack.sql(`DROP TABLE ${name}`);
    });

    it("says that the database is newer, and the program starts", async () => {
      const dir = mkdtempSync("/tmp/sparkle-test-plan-");
      chmodSync(dir, 0o755);
      cpSync(join(top, "sql"), join(dir, "sql"), { recursive: true });
      const last = readdirSync(join(dir, "sql/migrations")).sort().at(-1);
      rmSync(join(dir, "sql/migrations", last));
      mkdirSync(join(dir, "web"));
      for (const name of ["pages", "dist"])
        symlinkSync(join(top, "web", name), join(dir, "web", name));
      const { stderr } = await checkWith(dir);
      assert.match(stderr, new RegExp(`${last.slice(0, -4)}.*newer than this`));
      const args = ["--sql", join(dir, "sql"), "migrate"];
      await assert.rejects(stack.ctl(args), /newer than this program/);
      rmSync(dir, { recursive: true });
    });

    it("says where it cannot tell", async () => {
      const said = await planOf("DO $$ BEGIN DROP TABLE users; END $$;");
      assert.match(said, /^ {4}DO: look at it/m);
    });
  });
