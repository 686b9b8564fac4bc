// Drafts: of their writer in any browser, and of nobody who uses it next.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { people } from "../lib/suite.mjs";
import { Visitor, axe, shots } from "./browser.mjs";

const keysOf = (page) =>
  page.evaluate(() =>
    Object.keys(localStorage).filter((key) => key.startsWith("draft:")),
  );

async function enter(user) {
  const visitor = await Visitor.enter({ width: 360 });
  await visitor.takeSession(user);
  return visitor;
}

export default () =>
  describe("drafts", { concurrency: 1 }, () => {
    it("go to the server at the log-out, and nobody else finds them", async () => {
      const [writer, next] = [await people.user(), await people.user()];
      const visitor = await enter(writer);
      const { page } = visitor;
      await visitor.go("/new");
      await page.getByLabel("Title").fill("A secret of mine");
      await page.getByLabel("Your post").fill("Not for others");
      await page.locator(".site-header .menu summary").last().click();
      await page.getByRole("button", { name: "Log out" }).first().click();
      await page.waitForURL((url) => url.pathname === "/");
      await page.locator("html:not([data-viewer])").waitFor();
      assert.deepEqual(await keysOf(page), []);
      await visitor.takeSession(next);
      await visitor.go("/new");
      await page.getByLabel("Title").fill("Mine");
      await page.getByText("Draft saved").waitFor();
      assert.equal(await page.getByLabel("Your post").inputValue(), "");
      assert.equal(await page.getByText("We brought back").count(), 0);
      await visitor.checkFaults();
      await visitor.leave();
      const elsewhere = await enter(await people.logIn(writer.name));
      await elsewhere.go("/new");
      await elsewhere.page.getByText("We brought back").waitFor();
      const title = elsewhere.page.getByLabel("Title");
      assert.equal(await title.inputValue(), "A secret of mine");
      assert.deepEqual(await axe(elsewhere.page), []);
      const path = `${shots}/draft-back.png`;
      await elsewhere.page.screenshot({ path, fullPage: true });
      await elsewhere.page.getByRole("button", { name: "Discard it" }).click();
      assert.equal(await title.inputValue(), "");
      await elsewhere.checkFaults();
      await elsewhere.leave();
    });

    it("are kept by user, and those of others go", async () => {
      const user = await people.user();
      const visitor = await enter(user);
      const { page } = visitor;
      await visitor.go("/about-nothing-yet").catch(() => {});
      visitor.faults.length = 0;
      await page.evaluate((id) => {
        const draft = JSON.stringify({ title: "Somebody's" });
        localStorage.setItem("draft:new", draft);
        localStorage.setItem("draft:01900000-0000-7000-8000-000000000000:new", draft);
        localStorage.setItem(`draft:${id}:new`, JSON.stringify({ title: "My own" }));
      }, user.id);
      await visitor.go("/new");
      await page.getByText("We brought back").waitFor();
      assert.equal(await page.getByLabel("Title").inputValue(), "My own");
      const others = (await keysOf(page)).filter((k) => !k.includes(user.id));
      assert.deepEqual(others, []);
      await page.getByText("Draft saved").waitFor();
      assert.deepEqual(await keysOf(page), []);
      await visitor.checkFaults();
      await visitor.leave();
    });

    it("of comments and replies come back, and go when they are sent", async () => {
      const user = await people.user();
      const post = await people.post(user);
      const first = await people.comment(user, post, "First of all");
      const visitor = await enter(user);
      const { page } = visitor;
      await visitor.go(`/post/${post.slug}`);
      const draftsAre = async (...wanted) => {
        const { items } = (await user.get("/api/drafts")).data;
        return items.map((d) => d.content).sort().join() === wanted.join();
      };
      const until = async (...wanted) => {
        while (!(await draftsAre(...wanted))) await page.waitForTimeout(100);
      };
      await page.getByLabel("Your comment").fill("A half remark");
      await page.locator(`[data-reply="${first.id}"]`).click();
      await page.locator(`#reply-${first.id}`).fill("B half reply");
      await until("A half remark", "B half reply");
      await visitor.leave();
      const other = await enter(await people.logIn(user.name));
      await other.go(`/post/${post.slug}`);
      const area = other.page.getByLabel("Your comment");
      await area.focus();
      await other.page.waitForFunction(
        () => document.getElementById("comment").value === "A half remark",
      );
      await other.page.locator(`[data-reply="${first.id}"]`).click();
      const reply = other.page.locator(`#reply-${first.id}`);
      await other.page.waitForFunction(
        (id) => document.getElementById(`reply-${id}`).value === "B half reply",
        first.id,
      );
      await reply.locator("xpath=ancestor::form").getByRole("button", { name: "Comment" }).click();
      await other.page.locator("#thread").getByText("B half reply").waitFor();
      await until("A half remark");
      await other.checkFaults();
      await other.leave();
    });
  });
