// Codes as people paste them: with blanks before, between and after, dashes,
// in full width, as mails, SMS and authenticators show them.
import assert from "node:assert/strict";
import { generateSync } from "otplib";
import { describe, it } from "node:test";
import { outside } from "../lib/outside.mjs";
import {
  addressOf,
  codeOf,
  freshName,
  password,
} from "../lib/people.mjs";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

const wide = (code) =>
  code.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));

/** A code of six, in ways to paste it. */
const pasted = (code) => [
  `    ${code}`,
  `${code}\r\n`,
  `${code.slice(0, 3)} ${code.slice(3)}`,
  `\t${code.slice(0, 3)}-${code.slice(3)} `,
  `\u00a0${code.slice(0, 2)}\u200b${code.slice(2)}\ufeff`,
  wide(code),
  [...code].join(" "),
];

const other = (code) => (code === "000000" ? "111111" : "000000");

export default () =>
  describe("codes", { concurrency: 4 }, () => {
    for (const [i, way] of pasted("123456").entries())
      it(`of the mail may be pasted as ${JSON.stringify(way)}`, async () => {
        const username = freshName();
        const made = await people.ask({ username });
        assert.equal(made.status, 201, `${made}`);
        const code = await codeOf(stack, addressOf(username));
        const verify = (given) =>
          people
            .guest()
            .post("/api/auth/verify-email", { code: given, username });
        const wrong = await verify(pasted(other(code))[i]);
        assert.equal(wrong.json.code, "WRONG_CODE", `${wrong}`);
        const done = await verify(pasted(code)[i]);
        assert.equal(done.status, 200, `${done}`);
      });

    it("of the authenticator, too, wherever one is given", async () => {
      const user = await people.user();
      const set = (await user.post("/api/auth/2fa/setup")).data;
      const code = (steps) =>
        generateSync({
          secret: set.secret,
          epoch: Date.now() / 1000 + 30 * steps,
        });
      const enable = `  ${code(0).slice(0, 3)}\u2009${code(0).slice(3)}\n`;
      const on = await user.post("/api/auth/2fa/enable", { code: enable });
      assert.equal(on.status, 200, `${on}`);
      const [first, second, third, fourth] = set.backupCodes;
      const login = { email: addressOf(user.name), password };
      const twice = await people.guest().post("/api/auth/login", {
        ...login,
        twoFactorCode: `\u00a0 ${wide(first.toLowerCase())}\t`,
      });
      assert.equal(twice.status, 200, `${twice}`);
      assert.ok(twice.data.user, "signed in at once");
      const guest = people.guest();
      const asked = (await guest.post("/api/auth/login", login)).data;
      const step = await guest.post("/api/auth/login/2fa", {
        challenge: asked.challenge,
        code: `${second.replace("-", " \u2013 ")}\r\n`,
      });
      assert.equal(step.status, 200, `${step}`);
      const again = await user.post("/api/auth/reauthenticate", {
        code: [...third].join(" "),
      });
      assert.ok(again.status < 300, `${again}`);
      const off = await user.post("/api/auth/2fa/disable", {
        password,
        code: `   ${fourth.replace("-", "")}`,
      });
      assert.ok(off.status < 300, `${off}`);
    });

    it("of an SMS, and those that invite", async () => {
      const user = await people.user();
      const number = "+491709876543";
      await user.put("/api/users/me/phone", { number });
      const [text] = await eventually("an SMS", () => {
        const all = outside.texted.map((t) => JSON.parse(t.body));
        const mine = all.filter((t) => t.to === number).map((t) => t.text);
        return mine.length && mine;
      });
      const [code] = text.match(/\b\d{6}\b/);
      const done = await user.post("/api/users/me/phone/verify", {
        code: ` ${code.slice(0, 3)} ${code.slice(3)} `,
      });
      assert.deepEqual(done.data, { verified: true }, `${done}`);
      const invitation = (await user.post("/api/users/me/referrals")).data.code;
      await people.join({
        username: freshName(),
        referralCode: ` ${invitation.slice(0, 5)} ${wide(invitation.slice(5))}`,
      });
      const [row] = await stack.sql`SELECT status::text FROM referrals
        WHERE code = ${invitation}`;
      assert.notEqual(row.status, "PENDING");
    });

    it("are refused by name where they have none of six digits", async () => {
      const user = await people.user();
      for (const code of ["", "  ", "12345", "1234567", "12a456", "1 2 3"]) {
        const answer = await user.post("/api/auth/verify-email", { code });
        assert.equal(answer.status, 400, `${code}: ${answer}`);
        assert.ok(answer.json.fields.code, `${answer}`);
      }
      const long = { code: `${" ".repeat(100)}123456` };
      const answer = await user.post("/api/auth/verify-email", long);
      assert.match(answer.json.fields.code, /at most 100/, `${answer}`);
    });
  });
