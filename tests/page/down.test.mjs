// When everything behind nginx is down: static error pages, problem+json for
// programs, copies for guests, and all of it well again afterwards.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { elementsOf, faultsOf } from "../lib/html.mjs";
import { eventually, sleep } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";
import { checkHeaders } from "./headers.test.mjs";

const gone = (pid) => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

export default () =>
  describe("pools down", { concurrency: 1 }, () => {
    it("stop", async () => {
      await people.guest().page("/?kept=1");
      const pid = stack.pid("sparkle-fcgi");
      process.kill(pid, "SIGTERM");
      await eventually("the pools are gone", () => gone(pid), 35);
    });

    it("gives people a whole page with the request's id", async () => {
      const answer = await people.guest().page("/post/not-in-the-cache");
      assert.ok([502, 503, 504].includes(answer.status), `${answer}`);
      assert.match(answer.type, /html/);
      assert.deepEqual(faultsOf(answer.text), []);
      assert.ok(answer.text.includes(answer.requestId));
      checkHeaders(answer);
      assert.ok(Number(answer.headers["retry-after"]) > 0);
      assert.match(answer.headers["cache-control"], /no-store/);
    });

    it("tells the error log no secret of a mail's link", async () => {
      const secret = "secret-of-a-link-7f3";
      for (const path of [
        ...["/verify-email", "/reset-password", "/confirm-email"],
        ...["/undo-email", "/unsubscribe", "/api/email/track/click"],
        "/api/data-exports/01900000-0000-7000-8000-000000000000/file",
      ]) {
        const answer = await people.guest().page(`${path}?token=${secret}`);
        assert.ok(answer.status >= 500, `${path} ${answer.status}`);
        assert.equal(answer.headers["referrer-policy"], "strict-origin", path);
      }
      await people.guest().page("/other?kept=out");
      const logs = readdirSync(join(stack.dir, "log"));
      const said = logs.map((name) => stack.log(name)).join("");
      assert.ok(said.includes("/other"), "the log works");
      assert.ok(!said.includes(secret));
    });

    it("gives the page its styles", async () => {
      const answer = await people.guest().page("/nothing-at-all");
      const sheet = elementsOf(answer.text).find(
        (e) => e.name === "link" && e.attributes.rel === "stylesheet",
      );
      const css = await people.guest().page(sheet.attributes.href);
      assert.equal(css.status, 200);
    });

    it("gives programs problem+json", async () => {
      const guest = people.guest();
      for (const [method, path] of [
        ["GET", "/api/posts/not-in-the-cache"],
        ["POST", "/api/auth/login"],
        ["GET", "/api/users/me"],
        ["GET", "/health/ready"],
      ]) {
        const answer = await guest.request(method, path, {
          check: false,
          ...(method === "POST" ? { json: {} } : {}),
        });
        assert.ok([502, 503, 504].includes(answer.status), `${answer}`);
        assert.equal(answer.type, "application/problem+json", path);
        assert.equal(answer.json.code, "SERVICE_UNAVAILABLE");
        assert.equal(answer.json.requestId, answer.requestId);
        checkHeaders(answer);
      }
    });

    it("gives guests the copy that it has", async () => {
      const answer = await people.guest().page("/?kept=1");
      assert.equal(answer.status, 200, `${answer.status}`);
      assert.match(answer.headers["x-cache"], /STALE|HIT|UPDATING/);
    });

    it("serves static files", async () => {
      const answer = await people.guest().page("/favicon.svg");
      assert.equal(answer.status, 200);
    });

    it("is well again when the pools are back", async () => {
      stack.startProgram("sparkle-fcgi");
      await stack.ready();
      await sleep(100);
      const answer = await people.guest().page("/?kept=2");
      assert.equal(answer.status, 200);
    });
  });
