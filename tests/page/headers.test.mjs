// Security headers on every kind of answer, each once.
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { describe, it } from "node:test";
import { people, stack } from "../lib/suite.mjs";

const wanted = {
  "content-security-policy": /default-src 'self'/,
  "strict-transport-security": /max-age=\d+/,
  "x-frame-options": /^DENY$/,
  "x-content-type-options": /^nosniff$/,
  "referrer-policy": /^strict-origin-when-cross-origin$/,
  "permissions-policy": /camera=\(\)/,
  "cross-origin-opener-policy": /^same-origin$/,
  "x-request-id": /^[0-9a-f]{32}$/,
};

export function checkHeaders(answer) {
  for (const [name, pattern] of Object.entries(wanted)) {
    assert.match(answer.headers[name] ?? "", pattern, `${name} of ${answer}`);
    const times = answer.rawHeaders.filter(
      (word, i) => i % 2 === 0 && word.toLowerCase() === name,
    );
    assert.equal(times.length, 1, `${name} once at ${answer.path}`);
  }
  const policy = answer.headers["content-security-policy"];
  assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval|\*/);
  assert.equal(answer.headers["x-powered-by"], undefined);
  assert.doesNotMatch(answer.headers.server ?? "", /\d/);
}

export default () =>
  describe("headers", () => {
    for (const [what, path, status] of [
      ["a page", "/", 200],
      ["a page that is not there", "/nowhere", 404],
      ["an API answer", "/api/categories", 200],
      ["an API problem", "/api/nothing", 404],
      ["a call that wants a session", "/api/users/me", 401],
      ["a redirect", "/notifications", 303],
      ["a static file", "/favicon.svg", 200],
      ["a static file that is not there", "/assets/none.css", 404],
      ["what nginx forbids", "/error/404.html", 404],
      ["the health", "/health/live", 200],
      ["robots.txt", "/robots.txt", 200],
    ])
      it(`stand on ${what}`, async () => {
        const answer = await people.guest().page(path);
        assert.equal(answer.status, status, `${answer}`);
        checkHeaders(answer);
      });

    it("stand on 429 of the application", async () => {
      const guest = people.guest();
      let answer;
      for (let i = 0; i < 7; i++)
        answer = await guest.post("/api/auth/login", {
          email: "nobody@example.org",
          password: "x",
        });
      assert.equal(answer.status, 429);
      checkHeaders(answer);
    });

    it("stand on 413 of nginx", async () => {
      const guest = people.guest();
      const answer = await guest.request("POST", "/api/posts", {
        check: false,
        body: "x".repeat(1200000),
        headers: { "content-type": "application/json" },
      });
      assert.equal(answer.status, 413);
      assert.equal(answer.type, "application/problem+json");
      checkHeaders(answer);
    });

    it("stand on 304", async () => {
      const user = await people.user();
      const { etag } = (await user.get("/api/categories")).headers;
      const answer = await user.get("/api/categories", {
        headers: { "if-none-match": etag },
      });
      assert.equal(answer.status, 304);
      checkHeaders(answer);
    });

    it("lead from http to https", async () => {
      const answer = await new Promise((go, fail) =>
        httpRequest(
          {
            ...{ host: "127.0.0.1", port: stack.port + 1, path: "/post/x?y=1" },
            headers: { host: "localhost" },
          },
          (res) => {
            res.resume();
            go(res);
          },
        )
          .on("error", fail)
          .end(),
      );
      assert.equal(answer.statusCode, 301);
      assert.equal(answer.headers.location, `${stack.url}/post/x?y=1`);
    });

    it("keep old TLS out", async () => {
      const { connect } = await import("node:tls");
      const refused = await new Promise((go) => {
        const socket = connect(
          {
            ...{ host: "127.0.0.1", port: stack.port },
            ...{ rejectUnauthorized: false, maxVersion: "TLSv1.1" },
            ...{ minVersion: "TLSv1" },
          },
          () => {
            socket.destroy();
            go(false);
          },
        );
        socket.on("error", () => go(true));
      });
      assert.ok(refused);
    });
  });
