// What comes without TLS, and bodies that nobody takes.
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { describe, it } from "node:test";
import { freshAddress } from "../lib/client.mjs";
import { people, stack } from "../lib/suite.mjs";

/** A request over plain HTTP, to the port for it or to that of TLS. */
function plain(method, path, { port = stack.port + 1, body, headers } = {}) {
  return new Promise((go, fail) => {
    const to = { host: "127.0.0.1", port, path, method, agent: false };
    const all = { host: "localhost", ...headers };
    const req = httpRequest({ ...to, headers: all }, (res) => {
      let text = "";
      res.setEncoding("utf8");
      res.on("data", (some) => (text += some));
      res.on("end", () =>
        go({ status: res.statusCode, headers: res.headers, text }),
      );
    });
    req.on("error", fail);
    req.end(body);
  });
}

/** A body without a length, of which the server may stop reading. */
function chunked(method, path, bytes) {
  return new Promise((go, fail) => {
    const to = { host: "127.0.0.1", port: stack.port, path, method };
    const headers = {
      host: `localhost:${stack.port}`,
      "content-type": "application/octet-stream",
      "transfer-encoding": "chunked",
      "x-forwarded-for": freshAddress(),
    };
    let status;
    const req = httpsRequest(
      { ...to, headers, agent: false, rejectUnauthorized: false },
      (res) => {
        status = res.statusCode;
        res.resume();
        res.on("close", () => go(status));
      },
    );
    // nginx hangs up on who goes on after 413.
    req.on("error", (error) => (status ? go(status) : fail(error)));
    const part = Buffer.alloc(65536, "x");
    const more = (left) => {
      if (status || left <= 0) return req.end();
      req.write(part, () => more(left - part.length));
    };
    more(bytes);
  });
}

export default () => {
  describe("plain HTTP", () => {
    for (const [what, port] of [
      ["the port for it", () => stack.port + 1],
      ["the port of TLS", () => stack.port],
    ]) {
      it(`leads readers to https (${what})`, async () => {
        for (const path of [
          ...["/", "/post/x?y=1", "/login?callbackUrl=/a", "/apix", "/api-docs"],
          ...["/health/live", "/xapi/", "/post/api/"],
        ]) {
          const answer = await plain("GET", path, { port: port() });
          assert.equal(answer.status, 301, path);
          assert.equal(answer.headers.location, stack.url + path);
          assert.equal(answer.headers.upgrade, undefined, path);
        }
      });

      it(`refuses calls of the API, and says why (${what})`, async () => {
        for (const [method, path, body] of [
          ["POST", "/api/auth/login", '{"email":"a@b.example","password":"x"}'],
          ["GET", "/api/posts?limit=2"],
          ["DELETE", "/api/users/me/sessions"],
          ["PUT", "/api/nothing/at/all", "x".repeat(200000)],
          ["GET", "//api/posts"],
          ["GET", "/x/../api/posts"],
          ["GET", "/%61pi/posts"],
          ["GET", "/api"],
          ["POST", "/api/"],
        ]) {
          const headers = body && { "content-type": "application/json" };
          const options = { port: port(), body, headers };
          const answer = await plain(method, path, options);
          assert.equal(answer.status, 426, path);
          assert.equal(answer.headers.location, undefined);
          assert.match(answer.headers["content-type"], /^application\/problem/);
          assert.equal(answer.headers.upgrade, "TLS/1.2, HTTP/1.1");
          assert.match(answer.headers.connection, /upgrade/);
          const problem = JSON.parse(answer.text);
          assert.equal(problem.status, 426);
          assert.equal(problem.code, "HTTPS_REQUIRED");
          assert.match(problem.error, /https.*not encrypted.*passwords/);
          assert.match(problem.requestId, /^[0-9a-f]{32}$/);
        }
      });
    }

    it("is none of what came over TLS", async () => {
      const answer = await people.guest().get("/api/posts");
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.upgrade, undefined);
    });
  });

  describe("bodies that no route takes", () => {
    for (const path of ["/api/upload", "/api/upload/image", "/upload", "/new"])
      it(`are refused before they are read: ${path}`, async () => {
        const said = await people.guest().request("POST", path, {
          check: false,
          body: Buffer.alloc(5 * 1000 * 1000),
          headers: { "content-type": "image/png" },
        });
        assert.equal(said.status, 413, `${said}`);
        assert.equal(await chunked("POST", path, 5 * 1000 * 1000), 413);
      });

    it("get the answer of any address that is not there", async () => {
      const answer = await people.guest().request("POST", "/api/upload", {
        body: "x".repeat(1000),
        headers: { "content-type": "image/png" },
      });
      assert.equal(answer.status, 404, `${answer}`);
      assert.equal(answer.type, "application/problem+json");
    });
  });
};
