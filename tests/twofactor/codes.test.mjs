// Codes of otplib, an independent authenticator: at random times, at the
// edges of their window, and again.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { describe, it } from "node:test";
import { addressOf, password } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";
import { STEP, base, codeAt, logIn, withFactor, wrongCode } from "./people.mjs";

const codes = 100;

/** Where in the window a code is given: its beginning, its end, or anywhere. */
const places = [
  (start) => start - STEP + 50, // just begun to count
  (start) => start + 2 * STEP - 15000, // about to end
  (start) => start + 50,
  (start) => start + randomInt(STEP - 1500),
  (start) => start - randomInt(STEP - 100),
];

export default (clock) =>
  describe("codes", { concurrency: 1 }, () => {
    it(`takes ${codes} codes of otplib, and each but once`, async () => {
      const { user, secret } = await withFactor(clock);
      let start = Math.ceil(clock.now() / STEP) * STEP;
      for (let i = 0; i < codes; i++) {
        start += (3 + randomInt(200)) * STEP;
        clock.moveTo(places[i % places.length](start));
        const twoFactorCode = codeAt(secret, start);
        const right = await logIn(user.name, { twoFactorCode });
        assert.equal(right.status, 200, `code ${i}: ${right}`);
        assert.equal(right.data.user.username, user.name);
        const again = await logIn(user.name, { twoFactorCode });
        assert.equal(again.status, 422, `code ${i}, again: ${again}`);
        assert.equal(again.json.code, "WRONG_FACTOR");
      }
      const last = await stack.value`SELECT last_step FROM two_factor
        WHERE user_id = ${user.id}`;
      assert.equal(last, start / STEP);
    });

    it("takes none before its window, nor after it", async () => {
      const { user, secret } = await withFactor(clock);
      const start = Math.ceil(clock.now() / STEP) * STEP + 10 * STEP;
      const twoFactorCode = codeAt(secret, start);
      clock.moveTo(start - STEP - 20000);
      const early = await logIn(user.name, { twoFactorCode });
      assert.equal(early.status, 422, `${early}`);
      clock.moveJustAfter(start + 2 * STEP);
      const late = await logIn(user.name, { twoFactorCode });
      assert.equal(late.status, 422, `${late}`);
    });

    it("takes no code older than one that was used", async () => {
      const { user, secret } = await withFactor(clock);
      const now = clock.now();
      const used = await logIn(user.name, {
        twoFactorCode: codeAt(secret, now),
      });
      assert.equal(used.status, 200, `${used}`);
      const older = await logIn(user.name, {
        twoFactorCode: codeAt(secret, now - STEP),
      });
      assert.equal(older.status, 422, `${older}`);
    });

    it("takes no code of one door at another", async () => {
      const { user, secret } = await withFactor(clock);
      const code = codeAt(secret, clock.now());
      assert.equal(
        (await logIn(user.name, { twoFactorCode: code })).status,
        200,
      );
      const other = await user.post("/api/auth/reauthenticate", { code });
      assert.equal(other.json.code, "WRONG_FACTOR", `${other}`);
      const off = await user.post(`${base}/disable`, { password, code });
      assert.equal(off.json.code, "WRONG_FACTOR", `${off}`);
    });

    it("proves who one is in place of the password", async () => {
      const { user, secret } = await withFactor(clock);
      clock.forward(660);
      const first = await user.post(`${base}/backup-codes`);
      assert.equal(first.json.code, "REAUTHENTICATION_REQUIRED", `${first}`);
      const code = codeAt(secret, clock.now());
      const proof = await user.post("/api/auth/reauthenticate", { code });
      assert.equal(proof.status, 204, `${proof}`);
      const second = await user.post(`${base}/backup-codes`);
      assert.equal(second.status, 200, `${second}`);
    });

    it("takes no more than five wrong codes in a quarter of an hour", async () => {
      const { user, secret } = await withFactor(clock);
      const twoFactorCode = wrongCode(secret, clock.now());
      // The password's lock is another matter: codes given when signed in.
      const prove = (code) => user.post("/api/auth/reauthenticate", { code });
      for (let i = 0; i < 5; i++) {
        const wrong = await prove(twoFactorCode);
        assert.equal(wrong.status, 422, `${wrong}`);
      }
      const right = await prove(codeAt(secret, clock.now()));
      assert.equal(right.status, 429, `${right}`);
      assert.equal(right.json.code, "TOO_MANY_CODES");
      assert.equal(right.headers["retry-after"], "900");
      clock.forward(14 * 60 + 30);
      const still = await prove(codeAt(secret, clock.now()));
      assert.equal(still.status, 429, `${still}`);
      clock.forward(30);
      const later = await prove(codeAt(secret, clock.now()));
      assert.equal(later.status, 204, `${later}`);
    });

    it("has a picture that zbarimg reads as the address", async () => {
      const user = await people.user();
      const { data } = await user.post(`${base}/setup`);
      const png = Buffer.from(data.qrCode.split(",")[1], "base64");
      const file = `${stack.dir}/temp/qr.png`;
      if (spawnSync("zbarimg", ["--version"]).error) assert.fail("no zbarimg");
      (await import("node:fs")).writeFileSync(file, png);
      const read = execFileSync("zbarimg", ["--quiet", "--raw", file], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
      assert.equal(read.trim(), data.otpauthUrl);
      assert.ok(
        data.otpauthUrl.includes(encodeURIComponent(addressOf(user.name))),
      );
    });

    it("forgets a set-up that nobody proved, and no other", async () => {
      const { user } = await withFactor(clock);
      const late = await people.user();
      await late.post(`${base}/setup`);
      clock.forward(601);
      const soon = await people.user();
      await soon.post(`${base}/setup`);
      await stack.batch("two-factor-setups");
      for (const [who, n] of [
        [late, 0],
        [soon, 10],
        [user, 10],
      ]) {
        const left = await stack.value`SELECT count(*) FROM backup_codes
          WHERE user_id = ${who.id}`;
        assert.equal(left, n, who.name);
        const rows = await stack.value`SELECT count(*) FROM two_factor
          WHERE user_id = ${who.id}`;
        assert.equal(rows, n / 10, who.name);
      }
    });

    it("keeps a set-up for ten minutes exactly", async () => {
      const begun = async () => {
        const user = await people.user();
        const { secret } = (await user.post(`${base}/setup`)).data;
        const limit = await stack.value`SELECT
          extract(epoch FROM setup_expires_at) * 1000 FROM two_factor
          WHERE user_id = ${user.id}`;
        const enable = () =>
          user.post(`${base}/enable`, { code: codeAt(secret, clock.now()) });
        return { limit, enable };
      };
      const early = await begun();
      clock.moveTo(early.limit - 60000);
      const right = await early.enable();
      assert.equal(right.status, 200, `${right}`);
      const late = await begun();
      clock.moveJustAfter(late.limit);
      const gone = await late.enable();
      assert.equal(gone.status, 410, `${gone}`);
    });
  });
