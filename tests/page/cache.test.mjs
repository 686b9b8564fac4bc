// The micro-cache: one second for guests, never for who is signed in.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sleep } from "../lib/stack.mjs";
import { people } from "../lib/suite.mjs";

let serial = 0;
/** An address of its own, so that tests do not meet in the cache. */
const fresh = (path) => `${path}?n=${process.pid}${++serial}`;

const state = (answer) => answer.headers["x-cache"];

/** Answers, the last of which is a copy: one lives for a second or two, so on a
 * busy machine some tries may come late. */
async function untilCopied(ask) {
  let answers;
  for (let i = 0; i < 5; i++) {
    answers = await ask();
    if (state(answers.at(-1)) === "HIT") break;
  }
  assert.equal(state(answers.at(-1)), "HIT");
  return answers;
}

export default () =>
  describe("micro-cache", () => {
    it("answers the second guest from a copy", async () => {
      const [first, second] = await untilCopied(async () => {
        const path = fresh("/");
        return [
          await people.guest().page(path),
          await people.guest().page(path),
        ];
      });
      assert.equal(state(first), "MISS");
      assert.equal(second.text, first.text);
    });

    it("keeps it for about a second", async () => {
      const path = fresh("/");
      await people.guest().page(path);
      await untilCopied(async () => {
        await sleep(2200);
        const later = await people.guest().page(path);
        assert.ok(["EXPIRED", "UPDATING", "STALE"].includes(state(later)));
        await sleep(100);
        return [await people.guest().page(path)];
      });
    });

    it("asks the pools but once for 20 guests at once", async () => {
      // Nobody waits longer than 25 ms for another's answer (cache.conf), and
      // a busy machine may take that: the best of some tries counts.
      const tries = [];
      while (tries.length < 30 && !tries.includes(1)) {
        const path = fresh("/");
        const answers = await Promise.all(
          Array.from({ length: 20 }, () => people.guest().page(path)),
        );
        tries.push(answers.filter((a) => state(a) === "MISS").length);
      }
      assert.equal(Math.min(...tries), 1, tries.join(" "));
    });

    it("never gives a copy to who is signed in, nor keeps theirs", async () => {
      const user = await people.user();
      const path = fresh("/");
      await people.guest().page(path);
      const mine = await user.page(path);
      assert.ok(!["HIT", "STALE", "UPDATING"].includes(state(mine)));
      assert.ok(mine.text.includes(`data-viewer="${user.name}"`));
      const again = fresh("/");
      await user.page(again);
      const guest = await people.guest().page(again);
      assert.equal(state(guest), "MISS");
      assert.ok(!guest.text.includes(user.name));
    });

    it("never keeps an answer that sets a cookie, or a refusal", async () => {
      for (const path of ["/post/none-such", "/api/posts/none-such"]) {
        const first = await people.guest().page(fresh(path));
        assert.notEqual(state(first), "HIT");
        const second = await people.guest().page(path);
        assert.notEqual(state(second), "HIT");
      }
    });

    it("keeps nothing that is called private, a guest's page neither", async () => {
      for (const path of ["/reset-password", "/confirm-email"]) {
        // The token is in the page, and in the key of a copy.
        const link = `${path}?token=${"A".repeat(43 - 8)}${String(++serial).padStart(8, "0")}`;
        for (let i = 0; i < 4; i++) {
          const answer = await people.guest().page(link);
          assert.equal(answer.status, 200, `${answer}`);
          assert.equal(answer.headers["cache-control"], "private, no-store");
          assert.equal(state(answer), "MISS", path);
        }
      }
    });

    it("has no copy for scripts of other origins, and keeps none of theirs", async () => {
      const other = { headers: { origin: "https://elsewhere.example" } };
      const [, first, second] = await untilCopied(async () => {
        const path = fresh("/terms");
        const theirs = [
          await people.guest().page(path, other),
          await people.guest().page(path, other),
        ];
        for (const answer of theirs) assert.equal(state(answer), "BYPASS");
        const ours = await people.guest().page(path);
        assert.equal(state(ours), "MISS");
        return [...theirs, ours, await people.guest().page(path)];
      });
      assert.ok(first.text && second.text);
    });

    it("keeps one copy a theme", async () => {
      const get = async (path, theme) => {
        const guest = people.guest();
        if (theme) guest.cookies.set("theme", theme);
        return guest.page(path);
      };
      const [light, dark, copy] = await untilCopied(async () => {
        const path = fresh("/privacy");
        return [
          await get(path, "light"),
          await get(path),
          await get(path, "light"),
        ];
      });
      assert.match(light.text, /data-theme="light"/);
      assert.match(dark.text, /data-theme="dark"/);
      assert.match(copy.text, /data-theme="light"/);
    });

    it("takes the theme letter for letter, as the pages do", async () => {
      // A page made for a word that is no theme must not be kept as another's.
      for (const cookie of [
        ...["theme=Light", "theme=LIGHT", "Theme=light", "theme=lightly"],
        ...[
          "x=1; theme=dark; theme=light",
          "xtheme=light",
          "theme=; theme=light",
        ],
      ]) {
        const path = fresh("/terms");
        const bare = { headers: { cookie } };
        const odd = await people.guest().page(path, bare);
        assert.match(odd.text, /data-theme="dark"/, cookie);
        const good = await people
          .guest()
          .page(path, { headers: { cookie: "a=b; theme=light; c=d" } });
        assert.match(good.text, /data-theme="light"/, cookie);
        const again = await people.guest().page(path, bare);
        assert.match(again.text, /data-theme="dark"/, cookie);
      }
    });

    it("tells no rate limit with a copy", async () => {
      const [first, second] = await untilCopied(async () => {
        const path = `/api/posts?limit=${20 + (serial++ % 70)}`;
        return [await people.guest().get(path), await people.guest().get(path)];
      });
      assert.ok(first.headers["x-ratelimit-limit"]);
      assert.equal(second.headers["x-ratelimit-limit"], undefined);
    });

    it("has each its own request id, copy or not", async () => {
      const path = fresh("/");
      const a = await people.guest().page(path);
      const b = await people.guest().page(path);
      assert.notEqual(a.requestId, b.requestId);
    });

    it("keeps HEAD and GET apart", async () => {
      const path = fresh("/terms");
      const head = await people.guest().page(path, {});
      const again = await people.guest().request("HEAD", path, {
        headers: { accept: "text/html" },
        check: false,
      });
      assert.equal(again.bytes.length, 0);
      assert.ok(head.bytes.length > 0);
    });
  });
