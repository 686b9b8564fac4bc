// Fifty at once: one effect, and no fault.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { people, stack } from "../lib/suite.mjs";
import { base, challengeOf, codeAt, withFactor, wrongCode } from "./people.mjs";

const fifty = (call) => Promise.all(Array.from({ length: 50 }, call));
const tally = (answers) => {
  const n = {};
  for (const { status } of answers) n[status] = (n[status] ?? 0) + 1;
  return n;
};

export default (clock) =>
  describe("races", { concurrency: 1 }, () => {
    it("uses one backup code once", async () => {
      const { user, backupCodes } = await withFactor(clock);
      const gates = [];
      for (let i = 0; i < 50; i++) gates.push(await challengeOf(user.name));
      const answers = await fifty((_, i) => gates[i].prove(backupCodes[4]));
      const n = tally(answers);
      assert.equal(n[200], 1, JSON.stringify(n));
      assert.equal((n[422] ?? 0) + (n[429] ?? 0), 49, JSON.stringify(n));
      assert.equal((await user.get(base)).data.backupCodesLeft, 9);
    });

    it("uses one backup code once in the database, too", async () => {
      const { user } = await withFactor(clock);
      const hash = await stack.value`SELECT encode(code_hmac, 'hex')
        FROM backup_codes WHERE user_id = ${user.id} LIMIT 1`;
      const used = await fifty(
        () => stack.lines`SELECT backup_code_use(${user.id},
          decode(${hash}, 'hex'), NULL)`,
      );
      assert.equal(used.filter(([line]) => line === "t").length, 1);
    });

    it("uses one code of the authenticator once", async () => {
      const { user, secret } = await withFactor(clock);
      const gates = [];
      for (let i = 0; i < 50; i++) gates.push(await challengeOf(user.name));
      const code = codeAt(secret, clock.now());
      const n = tally(await fifty((_, i) => gates[i].prove(code)));
      assert.equal(n[200], 1, JSON.stringify(n));
      assert.equal((n[422] ?? 0) + (n[429] ?? 0), 49, JSON.stringify(n));
    });

    it("uses one step once in the database, too", async () => {
      const { user } = await withFactor(clock);
      const step = Math.floor(clock.now() / 30000);
      const used = await fifty(
        () => stack.lines`SELECT twofactor_step(${user.id}, ${step})`,
      );
      assert.equal(used.filter(([line]) => line === "t").length, 1);
    });

    it("begins one session of one challenge", async () => {
      const { user, secret, backupCodes } = await withFactor(clock);
      const { prove } = await challengeOf(user.name);
      const before = await stack.value`SELECT count(*) FROM sessions
        WHERE user_id = ${user.id}`;
      const code = codeAt(secret, clock.now());
      const n = tally(
        await Promise.all([
          prove(code),
          prove(backupCodes[0]),
          prove(backupCodes[1]),
        ]),
      );
      assert.equal(n[200], 1, JSON.stringify(n));
      const after = await stack.value`SELECT count(*) FROM sessions
        WHERE user_id = ${user.id}`;
      assert.equal(after - before, 1);
    });

    it("looks at five wrong codes, however many come at once", async () => {
      const { user, secret } = await withFactor(clock);
      const code = wrongCode(secret, clock.now());
      const n = tally(
        await fifty(() => user.post("/api/auth/reauthenticate", { code })),
      );
      assert.deepEqual(n, { 422: 5, 429: 45 });
    });

    it("switches on one set-up of many at once", async () => {
      const user = await people.user();
      const sets = await Promise.all(
        Array.from({ length: 8 }, () => user.post(`${base}/setup`)),
      );
      const codes = sets.map(({ data }) => codeAt(data.secret, clock.now()));
      const n = tally(
        await Promise.all(
          codes
            .slice(0, 5)
            .map((code) => user.post(`${base}/enable`, { code })),
        ),
      );
      assert.ok((n[200] ?? 0) <= 1, JSON.stringify(n));
      assert.ok(!Object.keys(n).some((s) => s >= 500), JSON.stringify(n));
      const left = await stack.value`SELECT count(*) FROM backup_codes
        WHERE user_id = ${user.id}`;
      assert.equal(left, 10);
    });
  });
