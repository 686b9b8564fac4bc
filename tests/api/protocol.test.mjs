// HTTP itself: methods, statuses, validators, ids, sizes, media types.
import assert from "node:assert/strict";
import { connect } from "node:tls";
import { before, describe, it } from "node:test";
import { people, stack } from "../lib/suite.mjs";

const ghost = "01890000-0000-7000-8000-000000000000";

/** Raw bytes to the server and what comes back, for what no client sends. */
function raw(bytes) {
  return new Promise((go, fail) => {
    const socket = connect(
      { host: "127.0.0.1", port: stack.port, rejectUnauthorized: false },
      () => socket.write(bytes),
    );
    let got = "";
    socket.on("data", (some) => (got += some.toString("latin1")));
    socket.on("error", fail);
    socket.on("close", () => go(got));
    socket.setTimeout(5000, () => socket.destroy());
  });
}

export default () =>
  describe("protocol", () => {
    let user;
    before(async () => (user = await people.user()));

    it("wraps data in an envelope", async () => {
      const answer = await user.get("/api/categories");
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["content-type"], "application/json");
      assert.deepEqual(Object.keys(answer.json), ["success", "data"]);
      assert.equal(answer.json.success, true);
    });

    it("answers 404 as a problem for an unknown address", async () => {
      const answer = await user.get("/api/nothing-here");
      assert.equal(answer.status, 404);
      assert.equal(answer.json.code, "NOT_FOUND");
      assert.equal(answer.type, "application/problem+json");
    });

    it("answers 404 for an id that nobody has", async () => {
      const answer = await user.get(`/api/posts/${ghost}`);
      assert.equal(answer.status, 404);
      assert.equal(answer.json.code, "NOT_FOUND");
    });

    it("answers 405 with Allow for a method that is not there", async () => {
      const answer = await user.delete("/api/categories");
      assert.equal(answer.status, 405);
      const allow = answer.headers.allow.split(/,\s*/).sort();
      assert.deepEqual(allow, ["GET", "HEAD", "OPTIONS"]);
    });

    it("names all methods of an address in Allow", async () => {
      const answer = await user.put(`/api/posts/${ghost}`, {});
      assert.equal(answer.status, 405);
      const allow = answer.headers.allow.split(/,\s*/).sort();
      assert.deepEqual(allow, ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH"]);
    });

    it("answers OPTIONS with Allow and no body", async () => {
      const answer = await user.request("OPTIONS", "/api/posts");
      assert.equal(answer.status, 204);
      assert.match(answer.headers.allow, /\bPOST\b/);
      assert.match(answer.headers.allow, /\bGET\b/);
      assert.equal(answer.bytes.length, 0);
    });

    it("answers HEAD as GET without a body", async () => {
      const get = await user.get("/api/categories");
      const head = await user.request("HEAD", "/api/categories");
      assert.equal(head.status, 200);
      assert.equal(head.bytes.length, 0);
      assert.equal(head.headers.etag, get.headers.etag);
      assert.equal(head.headers["content-type"], get.headers["content-type"]);
    });

    it("answers HEAD of what is not there with 404", async () => {
      const head = await user.request("HEAD", `/api/posts/${ghost}`);
      assert.equal(head.status, 404);
      assert.equal(head.bytes.length, 0);
    });

    it("gives a strong ETag, and 304 to who has it", async () => {
      const first = await user.get("/api/categories");
      const { etag } = first.headers;
      assert.match(etag, /^"[^"]+"$/);
      const again = await user.get("/api/categories", {
        headers: { "if-none-match": etag },
      });
      assert.equal(again.status, 304);
      assert.equal(again.bytes.length, 0);
      assert.equal(again.headers.etag, etag);
    });

    it("knows lists of ETags, weak ones and *", async () => {
      const { etag } = (await user.get("/api/categories")).headers;
      for (const value of [`"x", ${etag}`, `W/${etag}`, "*"]) {
        const answer = await user.get("/api/categories", {
          headers: { "if-none-match": value },
        });
        assert.equal(answer.status, 304, value);
      }
    });

    it("gives the whole answer to another ETag", async () => {
      const answer = await user.get("/api/categories", {
        headers: { "if-none-match": '"something-else"' },
      });
      assert.equal(answer.status, 200);
      assert.ok(answer.bytes.length > 0);
    });

    it("changes the ETag with the answer", async () => {
      const post = await people.post(user);
      const before_ = await user.get(`/api/posts/${post.id}`);
      await user.put(`/api/posts/${post.id}/reactions/FIRE`);
      const after_ = await user.get(`/api/posts/${post.id}`, {
        headers: { "if-none-match": before_.headers.etag },
      });
      assert.equal(after_.status, 200);
      assert.notEqual(after_.headers.etag, before_.headers.etag);
    });

    it("echoes a trusted proxy's request id", async () => {
      const id = "0123456789abcdef0123456789abcdef";
      const answer = await user.get("/api/nothing", {
        headers: { "x-request-id": id },
      });
      assert.equal(answer.requestId, id);
      assert.equal(answer.json.requestId, id);
    });

    it("makes an id of its own where the given one is not one", async () => {
      const answer = await user.get("/api/categories", {
        headers: { "x-request-id": "<script>alert(1)</script>" },
      });
      assert.match(answer.requestId, /^[0-9a-f]{32}$/);
    });

    it("logs one JSON line a request, with id, route, user, status", async () => {
      const answer = await user.get(`/api/posts/${ghost}?`);
      const [line, ...more] = await stack.logLines(answer.requestId);
      assert.ok(line, "a log line");
      assert.equal(more.length, 0, JSON.stringify(more));
      const text = JSON.stringify(line);
      assert.match(text, /GET \/api\/posts\/\{post\}/);
      assert.match(text, new RegExp(user.id));
      assert.ok(Object.values(line).includes(404), text);
    });

    it("answers 415 for a body that is no JSON", async () => {
      for (const type of [
        "text/plain",
        "application/xml",
        "multipart/form-data",
      ]) {
        const answer = await user.request("POST", "/api/posts", {
          body: "title=a&content=b",
          headers: { "content-type": type },
        });
        assert.equal(answer.status, 415, type);
      }
    });

    it("takes application/json with a charset", async () => {
      const answer = await user.request("POST", "/api/posts/preview", {
        body: '{"content":"Hi"}',
        headers: { "content-type": "Application/JSON; charset=UTF-8" },
      });
      assert.equal(answer.status, 200, `${answer}`);
    });

    it("answers 413 for more than 1 MiB", async () => {
      const answer = await user.post("/api/posts/preview", {
        content: "x".repeat(1100 * 1024),
      });
      assert.equal(answer.status, 413);
      assert.equal(answer.json.code, "PAYLOAD_TOO_LARGE");
    });

    it("reports all faulty fields together", async () => {
      const answer = await user.post("/api/posts", {
        title: "",
        content: 7,
        kind: "POEM",
        tags: ["Not A Tag"],
        unheard: true,
      });
      assert.equal(answer.status, 400);
      assert.equal(answer.json.code, "VALIDATION_ERROR");
      assert.deepEqual(Object.keys(answer.json.fields).sort(), [
        ...["content", "kind", "tags", "title", "unheard"],
      ]);
    });

    it("names what is missing", async () => {
      const answer = await user.post("/api/posts", {});
      assert.equal(answer.status, 400);
      assert.deepEqual(Object.keys(answer.json.fields).sort(), [
        ...["content", "title"],
      ]);
    });

    it("refuses a query that it does not know, by name", async () => {
      const answer = await user.get("/api/posts?colour=red");
      assert.equal(answer.status, 400);
      assert.ok(answer.json.fields.colour);
    });

    it("refuses broken JSON, and JSON that is no object", async () => {
      const staff = await people.user("MODERATOR"); // no limit on posts
      for (const body of ["{", "[]", "1", "", "null", '{"a":1}x', "{'a':1}"]) {
        const answer = await staff.request("POST", "/api/posts", {
          body,
          headers: { "content-type": "application/json" },
        });
        assert.equal(answer.status, 400, body);
      }
    });

    it("keeps secrets out of errors and logs", async () => {
      const secret = "never-Shown-1-anywhere-" + "x".repeat(600);
      const answer = await people.guest().post("/api/auth/login", {
        email: "nobody@example.org",
        password: secret,
      });
      assert.equal(answer.status, 400);
      assert.ok(!answer.text.includes("never-Shown"));
      assert.ok(!stack.log("sparkle-fcgi.log").includes("never-Shown"));
    });

    it("sends the security headers with every answer", async () => {
      for (const path of ["/api/categories", "/api/nothing", "/api/users/me"]) {
        const { headers } = await people.guest().get(path);
        assert.match(headers["content-security-policy"], /default-src/);
        assert.equal(headers["x-frame-options"], "DENY", path);
        assert.equal(headers["x-content-type-options"], "nosniff");
        assert.ok(headers["strict-transport-security"]);
        assert.ok(headers["permissions-policy"]);
        assert.equal(headers["cross-origin-opener-policy"], "same-origin");
        assert.equal(
          headers["referrer-policy"],
          "strict-origin-when-cross-origin",
        );
      }
    });

    it("gives no CORS to a foreign origin", async () => {
      const answer = await user.request("OPTIONS", "/api/posts", {
        headers: {
          origin: "https://evil.example",
          "access-control-request-method": "POST",
        },
      });
      assert.equal(answer.headers["access-control-allow-origin"], undefined);
    });

    it("survives what is no HTTP, and goes on", async () => {
      const host = `Host: localhost:${stack.port}\r\nConnection: close\r\n`;
      for (const bytes of [
        "\x00\x01\x02\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        `GET /api/posts/%00 HTTP/1.1\r\n${host}\r\n`,
        `GET /api/posts/%zz HTTP/1.1\r\n${host}\r\n`,
        `GET /api/../../etc/passwd HTTP/1.1\r\n${host}\r\n`,
        `GET /api/posts?x=%ff%fe HTTP/1.1\r\n${host}\r\n`,
        `POST /api/posts HTTP/1.1\r\n${host}Content-Length: -5\r\n\r\n`,
        `POST /api/posts HTTP/1.1\r\n${host}Content-Length: 99\r\n\r\n{}`,
        `GET /api/posts HTTP/1.1\r\n${host}Cookie: ${"a=b; ".repeat(3000)}\r\n\r\n`,
        `TRACE /api/posts HTTP/1.1\r\n${host}\r\n`,
        `FROB /api/posts HTTP/1.1\r\n${host}\r\n`,
      ]) {
        const status = Number(/^HTTP\S+ (\d+)/.exec(await raw(bytes))?.[1]);
        assert.ok(
          !(status >= 500 && ![501, 505].includes(status)),
          `${status}: ${bytes}`,
        );
      }
      assert.equal((await user.get("/api/categories")).status, 200);
    });
  });
