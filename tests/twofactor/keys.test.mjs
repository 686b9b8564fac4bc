// Turning all keys while the site is used: nothing that was made under the
// old ones is lost, and they can be dropped once nothing needs them.
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { looping } from "../lib/child.mjs";
import { addressOf, codeOf, freshName } from "../lib/people.mjs";
import { open, seal } from "../lib/seal.mjs";
import { people, stack } from "../lib/suite.mjs";
import { base, codeAt, logIn, withFactor } from "./people.mjs";

const ringOf = (name) =>
  readFileSync(`${stack.dir}/secrets/${name}`, "utf8").trim();
const idsOf = (name) =>
  ringOf(name)
    .split(",")
    .map((key) => key.split(":")[0]);

/** What `keys list` says, as {ring: {key: {state, values}}}. */
async function keysList() {
  const rings = {};
  for (const line of (await stack.ctl(["keys", "list"])).split("\n").slice(1)) {
    const found = /^(\S+)\s+(\S+)\s+(in use|next|old|missing)\s.*\s(\d+)$/.exec(
      line,
    );
    if (!found) continue;
    const [, ring, key, state, values] = found;
    rings[ring] ??= {};
    rings[ring][key] = { state, values: Number(values) };
  }
  return rings;
}

const number = "+4915112345678";

const refused = async (...args) => {
  try {
    await stack.ctl(args);
  } catch (error) {
    return error.stderr;
  }
  return null;
};

export default (clock) =>
  describe("keys", { concurrency: 1 }, () => {
    let factor, pending, newcomer, answers;

    it("lists one key a ring, and what needs it", async () => {
      factor = await withFactor(clock);
      const rings = await keysList();
      assert.deepEqual(Object.keys(rings), ["encryption", "pepper", "signing"]);
      for (const keys of Object.values(rings)) {
        assert.equal(keys.k1.state, "in use");
        assert.ok(keys.k1.values > 0, JSON.stringify(rings));
      }
    });

    it("counts telephone numbers, too", async () => {
      const before = (await keysList()).encryption.k1.values;
      const ring = ringOf("encryption_key");
      const { kid, hex } = seal(ring, factor.user.id, number);
      await stack.sql`INSERT INTO phones (user_id, number, kid)
        VALUES (${factor.user.id}, decode(${hex}, 'hex'), ${kid})`;
      assert.equal((await keysList()).encryption.k1.values, before + 1);
    });

    it("adds a key that is not used yet", async () => {
      await stack.ctl(["keys", "add", "encryption"]);
      assert.deepEqual(idsOf("encryption_key"), ["k1", "k2"]);
      assert.equal((await keysList()).encryption.k2.state, "next");
    });

    it("turns all rings, and no request fails", async (t) => {
      const name = freshName("pending");
      pending = await people.pending(name);
      pending.code = await codeOf(stack, addressOf(name), 20);
      const username = freshName("pending");
      newcomer = { username };
      const made = await people.ask({ username });
      assert.equal(made.status, 201, `${made}`);
      newcomer.code = await codeOf(stack, addressOf(username), 20);

      answers = [];
      const use = looping(t, async () => {
        answers.push(await factor.user.get(base));
      });
      const said = await stack.ctl(["keys", "rotate", "all"]);
      await use.stop();
      assert.match(said, /encryption: key k2 is in use/);
      for (const answer of answers)
        assert.equal(answer.status, 200, `${answer}`);
      for (const file of ["encryption_key", "pepper", "signing_key"]) {
        assert.deepEqual(idsOf(file), ["k2", "k1"]);
        assert.equal(
          statSync(`${stack.dir}/secrets/${file}`).mode & 0o777,
          0o600,
        );
      }
    });

    it("still reads what is under the old keys", async () => {
      const right = await logIn(factor.user.name, {
        twoFactorCode: codeAt(factor.secret, clock.now()),
      });
      assert.equal(right.status, 200, `${right}`);
      const backup = await logIn(factor.user.name, {
        twoFactorCode: factor.backupCodes[0],
      });
      assert.equal(backup.status, 200, `${backup}`);
      const code = pending.code;
      const verified = await pending.post("/api/auth/verify-email", { code });
      const joined = await people
        .guest()
        .post("/api/auth/verify-email", newcomer);
      assert.equal(joined.status, 200, `${joined}`);
      assert.equal(verified.status, 200, `${verified}`);
    });

    it("puts a password under the new pepper at its next use", async () => {
      const hash = await stack.value`SELECT password_hash FROM users
        WHERE id = ${factor.user.id}`;
      assert.match(hash, /\$pepper=k2$/);
    });

    it("keeps the old key while values need it", async () => {
      const { encryption } = await keysList();
      assert.ok(encryption.k1.values > 0);
      assert.match(
        await refused("keys", "drop", "encryption", "k1"),
        /values need it still/,
      );
      assert.match(
        await refused("keys", "drop", "encryption", "k2"),
        /not an old key/,
      );
    });

    it("counts first, and then seals all anew", async () => {
      const { encryption } = await keysList();
      await stack.batch("--dry-run", "key-rotation");
      const dry = await stack.value`SELECT items FROM batch_runs
        WHERE name = 'key-rotation' AND dry_run`;
      assert.equal(dry, encryption.k1.values);
      assert.equal((await keysList()).encryption.k1.values, dry);
      await stack.batch("key-rotation");
      const after = (await keysList()).encryption;
      assert.equal(after.k1.values, 0);
      assert.equal(
        after.k2.values,
        encryption.k1.values + (encryption.k2.values ?? 0),
      );
    });

    it("drops the old key, and still opens every secret", async () => {
      await stack.ctl(["keys", "drop", "encryption", "k1"]);
      assert.deepEqual(idsOf("encryption_key"), ["k2"]);
      const hex = await stack.value`SELECT encode(number, 'hex') FROM phones
        WHERE user_id = ${factor.user.id}`;
      assert.equal(
        open(ringOf("encryption_key"), factor.user.id, hex),
        number,
      );
      clock.forward(120);
      const right = await logIn(factor.user.name, {
        twoFactorCode: codeAt(factor.secret, clock.now()),
      });
      assert.equal(right.status, 200, `${right}`);
      const retired = await stack.value`SELECT retired_at IS NOT NULL
        FROM encryption_keys WHERE purpose = 'encryption' AND kid = 'k1'`;
      assert.equal(retired, true);
    });

    it("leaves a damaged secret alone, and says so", async () => {
      const victim = await withFactor(clock);
      await stack.sql`UPDATE two_factor SET kid = 'k1', secret =
        overlay(secret PLACING '\\x00'::bytea FROM octet_length(secret))
        WHERE user_id = ${victim.user.id}`;
      await stack.ctl(["keys", "rotate", "encryption"]);
      await stack.sql`UPDATE two_factor SET kid = 'k2'
        WHERE user_id = ${victim.user.id}`;
      const failed = await stack
        .batch("key-rotation")
        .then(() => null)
        .catch((error) => error);
      assert.equal(failed?.code, 1);
      assert.match(failed.stderr, /damaged/);
      const { encryption } = await keysList();
      assert.equal(encryption.k2.values, 1);
      const right = await logIn(factor.user.name, {
        twoFactorCode: codeAt(factor.secret, clock.now() + 30000),
      });
      assert.equal(right.status, 200, `${right}`);
    });

    it("starts no program with a key that cannot be read", async () => {
      const bad = `${stack.dir}/temp/bad`;
      const conf = readFileSync(stack.conf, "utf8").replace(
        /^encryption_key_file = .*$/m,
        `encryption_key_file = ${bad}`,
      );
      writeFileSync(`${stack.dir}/etc/bad.conf`, conf, { mode: 0o644 });
      writeFileSync(bad, "some words that are no key\n", { mode: 0o644 });
      for (const program of ["sparkle-fcgi", "sparkle-jobs"]) {
        const failed = await stack
          .runAsUser(
            ...[stack.program(program), "--test-config"],
            ...["--config", `${stack.dir}/etc/bad.conf`],
          )
          .then(() => null)
          .catch((error) => error);
        assert.notEqual(failed, null, program);
        assert.match(failed.stderr, /\[auth\] encryption_key: /);
      }
    });

    it("writes no key where anybody could read it", async () => {
      const log = stack.log("sparkle-fcgi.log") + stack.log("sparkle-jobs.log");
      for (const file of ["encryption_key", "pepper", "signing_key"])
        for (const key of ringOf(file).split(","))
          assert.ok(!log.includes(key.split(":")[1]));
    });
  });
