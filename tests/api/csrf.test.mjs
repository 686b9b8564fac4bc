// Forged requests: the session's token and the origin.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { people } from "../lib/suite.mjs";

export default () =>
  describe("csrf", () => {
    let user;
    before(async () => (user = await people.user()));

    const write = (options) =>
      user.put("/api/notifications/read-all", {}, options);

    async function refused(options, code) {
      const answer = await write(options);
      assert.equal(answer.status, 403, `${answer}`);
      if (code) assert.equal(answer.json.code, code);
    }

    it("lets through the token from the right origin", async () => {
      assert.equal((await write()).status, 204);
    });

    it("refuses a write without the token", () =>
      refused({ csrf: null }, "CSRF_ERROR"));

    it("refuses a wrong token, a longer and a shorter one", async () => {
      await refused({ csrf: "x".repeat(user.csrf.length) }, "CSRF_ERROR");
      await refused({ csrf: user.csrf + "x" }, "CSRF_ERROR");
      await refused({ csrf: user.csrf.slice(0, -1) }, "CSRF_ERROR");
    });

    it("refuses another user's token", async () => {
      const other = await people.user();
      await refused({ csrf: other.csrf }, "CSRF_ERROR");
    });

    it("refuses a foreign origin, even with the token", async () => {
      await refused({ origin: "https://evil.example" });
      await refused({ origin: "null" });
      await refused({ origin: user.stack.url.replace("https", "http") });
      await refused({ origin: `${user.stack.url}.evil.example` });
    });

    it("refuses a write that names no origin at all", () =>
      refused({ origin: null }));

    it("takes Sec-Fetch-Site: same-origin for an origin", async () => {
      const answer = await write({
        origin: null,
        headers: { "sec-fetch-site": "same-origin" },
      });
      assert.equal(answer.status, 204, `${answer}`);
    });

    it("refuses Sec-Fetch-Site: cross-site", () =>
      refused({ origin: null, headers: { "sec-fetch-site": "cross-site" } }));

    it("refuses Sec-Fetch-Site: same-site and none", async () => {
      for (const site of ["same-site", "none"])
        await refused({ origin: null, headers: { "sec-fetch-site": site } });
    });

    it("believes the origin more than Sec-Fetch-Site", () =>
      refused({
        origin: "https://evil.example",
        headers: { "sec-fetch-site": "same-origin" },
      }));

    it("refuses the right token from another session of the user", async () => {
      const again = await people.logIn(user.name);
      assert.notEqual(again.csrf, user.csrf);
      await refused({ csrf: again.csrf }, "CSRF_ERROR");
    });

    it("refuses every unsafe method alike", async () => {
      for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
        const path = {
          POST: "/api/auth/logout",
          PUT: "/api/notifications/read-all",
          PATCH: "/api/users/me",
          DELETE: "/api/auth/sessions",
        }[method];
        const answer = await user.request(method, path, {
          csrf: null,
          ...(method === "DELETE" ? {} : { json: {} }),
          check: false,
        });
        if (answer.status === 405 || answer.status === 404) continue;
        assert.equal(answer.status, 403, `${method}: ${answer}`);
        assert.equal(answer.json.code, "CSRF_ERROR");
      }
    });

    it("lets no other page log its visitors in", async () => {
      const answer = await people
        .guest()
        .post(
          "/api/auth/login",
          { email: "a@example.org", password: "Whatever-It-1s" },
          { origin: "https://evil.example" },
        );
      assert.equal(answer.status, 403);
      assert.equal(answer.json.code, "CSRF_ERROR");
    });

    it("gives no token to visitors", async () => {
      const answer = await people.guest().get("/api/auth/csrf");
      assert.equal(answer.status, 401);
    });

    it("gives the token to a page's meta tag, under a mask", async () => {
      const tokens = [];
      for (let i = 0; i < 2; i++) {
        const page = await user.page("/settings");
        const [, token] = /name="csrf-token" content="([^"]+)"/.exec(page.text);
        assert.ok(!page.text.includes(user.csrf));
        tokens.push(token);
      }
      assert.notEqual(tokens[0], tokens[1]);
      const stranger = await people.user();
      const path = "/api/notifications/read-all";
      for (const csrf of tokens) {
        assert.equal((await user.put(path, {}, { csrf })).status, 204);
        assert.equal((await stranger.put(path, {}, { csrf })).status, 403);
      }
      const mask = Buffer.alloc(32).toString("base64url");
      for (const csrf of [mask, mask + mask, tokens[0] + "AA", "!", "="])
        assert.equal((await user.put(path, {}, { csrf })).status, 403, csrf);
    });
  });
