// The settings' part about one's data, and the note on every page: what they
// offer in each state, and that the page is whole in all of them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { elementsOf, faultsOf } from "../lib/html.mjs";
import { eventually } from "../lib/stack.mjs";
import { people } from "../lib/suite.mjs";

async function settings(user) {
  const page = await user.page("/settings/account");
  assert.equal(page.status, 200, `${page}`);
  assert.deepEqual(faultsOf(page.text), []);
  assert.equal(page.headers["cache-control"], "private, no-store");
  return page.text;
}

/** The forms of a page, by what they call: "POST /api/..". */
const forms = (html) =>
  elementsOf(html)
    .filter((e) => e.name === "form" && e.attributes.action)
    .map((e) => e.attributes)
    .map((a) => `${a["data-method"] ?? a.method.toUpperCase()} ${a.action}`);

const ask = "POST /api/users/me/deletion";
const keep = "DELETE /api/users/me/deletion";
const copy = "POST /api/users/me/export";

export default () =>
  describe("privacy", () => {
    it("offers a copy, and a way out", async () => {
      const html = await settings(await people.user());
      assert.ok(forms(html).includes(copy));
      assert.ok(forms(html).includes(ask));
      assert.ok(!forms(html).includes(keep));
      const names = elementsOf(html).map((e) => e.attributes.name);
      assert.ok(names.includes("removeContent") && names.includes("reason"));
      const reason = elementsOf(html).find((e) => e.attributes.name === "reason");
      const label = elementsOf(html).find(
        (e) => e.name === "label" && e.attributes.for === reason.attributes.id,
      );
      assert.ok(label);
    });

    it("offers to stay, here and on every page, until one does", async () => {
      const user = await people.user();
      await user.post("/api/users/me/deletion", { removeContent: true });
      const html = await settings(user);
      assert.match(html, /with your posts, comments and reactions/);
      assert.ok(!forms(html).includes(ask));
      assert.equal(forms(html).filter((f) => f === keep).length, 2);
      for (const path of ["/", "/settings", "/notifications", "/new"])
        assert.ok(forms((await user.page(path)).text).includes(keep), path);
      await user.delete("/api/users/me/deletion");
      assert.ok(!forms(await settings(user)).includes(keep));
    });

    it("offers the file, and the signed link in the page is good", async () => {
      const user = await people.user();
      await user.post("/api/users/me/export", {});
      const html = await eventually("the link is there", async () => {
        const now = await settings(user);
        assert.ok(!forms(now).includes(copy));
        return /data-exports/.test(now) && now;
      });
      const { href } = elementsOf(html).find((e) =>
        e.attributes.href?.includes("/api/data-exports/"),
      ).attributes;
      const { pathname, search } = new URL(href);
      const file = await people.guest().get(pathname + search);
      assert.equal(file.status, 200, `${file}`);
      assert.equal(file.type, "application/zip");
    });
  });
