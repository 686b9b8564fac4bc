// Of accounts: what no other suite asks.
import assert from "node:assert/strict";
import { generateSync } from "otplib";
import { describe, it } from "node:test";
import { addressOf, freshName, mailsTo, password } from "../lib/people.mjs";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

const logIn = (email, words, client = people.guest()) =>
  client.post("/api/auth/login", { email, password: words });

export default (clock) =>
  describe("accounts", { concurrency: 1 }, () => {
    it("are none on a new site: nobody has a name and a known password", async () => {
      assert.equal(await stack.value`SELECT count(*) FROM users`, 0);
    });

    it("take a long password, and no shorter, longer or other form of it", async () => {
      const name = freshName("long");
      const words = `Aa1! ${"correct horse battery ".repeat(5)}staple`.slice(
        0,
        100,
      );
      await people.join({ username: name, password: words });
      assert.equal((await logIn(addressOf(name), words)).status, 200);
      for (const other of [
        words.slice(0, 72),
        words.slice(0, -1),
        `${words}x`,
        ` ${words}`,
        words.toLowerCase(),
      ]) {
        const answer = await logIn(addressOf(name), other);
        assert.equal(answer.status, 401, `${answer}`);
        await logIn(addressOf(name), words);
      }
    });

    it("keep a second factor through a new password by mail", async () => {
      const user = await people.user();
      const { data } = await user.post("/api/auth/2fa/setup");
      const epoch = Math.floor(clock.now() / 1000);
      const code = generateSync({ secret: data.secret, epoch });
      const on = await user.post("/api/auth/2fa/enable", { code });
      assert.equal(on.status, 200, `${on}`);
      const guest = people.guest();
      await guest.post("/api/auth/forgot-password", {
        email: addressOf(user.name),
      });
      const token = await eventually("a mail with a link", () =>
        mailsTo(stack, addressOf(user.name))
          .map((mail) => /[?&]token=([A-Za-z0-9_-]+)/.exec(mail.text)?.[1])
          .find(Boolean),
      );
      const newPassword = "Velvet-Otter-77-again";
      const reset = await guest.post("/api/auth/reset-password", {
        token,
        newPassword,
      });
      assert.ok(reset.status < 300, `${reset}`);
      assert.equal((await guest.get("/api/users/me")).status, 401);
      const answer = await logIn(addressOf(user.name), newPassword);
      assert.equal(answer.data.requiresTwoFactor, true, `${answer}`);
      assert.equal(answer.data.user, null);
    });

    it("can be left from every page", async () => {
      const user = await people.user();
      for (const path of [
        "/",
        "/settings",
        "/settings/security",
        "/notifications",
        "/new",
      ]) {
        const page = await user.page(path);
        assert.equal(page.status, 200, `${page}`);
        assert.match(page.text, /action="\/api\/auth\/logout"/, path);
      }
    });

    it("have a new token at each login, however they came", async () => {
      const user = await people.user();
      const first = user.cookies.get("__Host-session");
      const again = await people.logIn(user.name, { client: user });
      assert.notEqual(again.cookies.get("__Host-session"), first);
    });

    it("end the session that the browser had, once it signs in anew", async () => {
      const user = await people.user();
      const other = await people.logIn(user.name);
      const late = people.guest();
      late.cookies.set("__Host-session", user.cookies.get("__Host-session"));
      const wrong = await logIn(addressOf(user.name), "Wrong-Otter-77", user);
      assert.equal(wrong.status, 401);
      assert.equal((await late.get("/api/users/me")).status, 200);
      await people.logIn(user.name, { client: user });
      assert.equal((await user.get("/api/users/me")).status, 200);
      assert.equal((await late.get("/api/users/me")).status, 401);
      assert.equal((await other.get("/api/users/me")).status, 200);
    });

    it("have a new token once they proved themselves again", async () => {
      const user = await people.user();
      const first = user.cookies.get("__Host-session");
      const proved = await user.post("/api/auth/reauthenticate", { password });
      assert.equal(proved.status, 204, `${proved}`);
      assert.equal((await user.get("/api/users/me")).status, 200);
      const next = user.cookies.get("__Host-session");
      assert.notEqual(next, first);
      assert.equal((await user.get("/api/users/me")).status, 200);
      assert.equal(user.cookies.get("__Host-session"), next);
      clock.forward(61);
      user.cookies.set("__Host-session", first);
      assert.equal((await user.get("/api/users/me")).status, 401);
    });

    it("of the role SYSTEM have no password", async () => {
      const { id } = await people.user();
      await assert.rejects(
        stack.sql`UPDATE users SET role = 'SYSTEM' WHERE id = ${id}`,
        /users_system_no_login/,
      );
      await stack.sql`UPDATE users SET role = 'SYSTEM', password_hash = NULL
        WHERE id = ${id}`;
    });

    it("keep their password for years", async () => {
      const user = await people.user();
      clock.forward(3 * 366 * 86400);
      const answer = await logIn(addressOf(user.name), password);
      assert.equal(answer.status, 200, `${answer}`);
    });
  });
