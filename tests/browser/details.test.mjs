// Smaller things that only a browser can tell.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { addressOf } from "../lib/people.mjs";
import { people } from "../lib/suite.mjs";
import { Visitor, tooWide } from "./browser.mjs";

export default () =>
  describe("details", { concurrency: 1 }, () => {
    let visitor, page, client;
    before(async () => {
      client = await people.user();
      visitor = await Visitor.enter();
      await visitor.takeSession(client);
      ({ page } = visitor);
    });
    after(() => visitor?.leave());

    it("says what is wrong beside the field, and takes it back", async () => {
      const guest = await Visitor.enter();
      guest.expect("/api/auth/login");
      await guest.go("/login");
      await guest.page.getByRole("button", { name: "Log in" }).click();
      const errors = guest.page.locator(".field-error");
      assert.equal(await errors.count(), 2);
      const email = guest.page.getByLabel("E-mail");
      assert.equal(await email.getAttribute("aria-invalid"), "true");
      assert.ok(await email.evaluate((e) => e === document.activeElement));
      await email.fill(addressOf(client.name));
      assert.equal(await email.getAttribute("aria-invalid"), null);
      await guest.page.getByLabel("Password").fill("not-the-Right-1-word");
      await guest.page.getByRole("button", { name: "Log in" }).click();
      await guest.page.locator(".alert.problem").waitFor();
      const words = await guest.page.locator(".alert.problem").textContent();
      assert.match(words, /wrong/);
      await guest.checkFaults();
      await guest.leave();
    });

    it("comes back after the log-in to where it was", async () => {
      const guest = await Visitor.enter();
      await guest.go("/settings");
      assert.match(guest.page.url(), /login\?callbackUrl=/);
      await guest.page.getByLabel("E-mail").fill(addressOf(client.name));
      await guest.page
        .getByLabel("Password")
        .fill((await import("../lib/people.mjs")).password);
      await guest.page.getByRole("button", { name: "Log in" }).click();
      await guest.page.waitForURL((url) => url.pathname === "/settings");
      await guest.checkFaults();
      await guest.leave();
    });

    it("changes the theme at once, and keeps it", async () => {
      await visitor.go("/settings");
      await page.locator("main input[name=theme][value=light]").check({
        force: true,
      });
      const theme = () => page.locator("html").getAttribute("data-theme");
      assert.equal(await theme(), "light");
      await page.reload();
      assert.equal(await theme(), "light");
      await page.locator("main input[name=theme][value=dark]").check({
        force: true,
      });
      await visitor.checkFaults();
    });

    it("loads more of a list without leaving the page", async () => {
      await visitor.go("/");
      const cards = page.locator("#feed .post-card");
      const n = await cards.count();
      assert.equal(n, 20);
      await page.locator("[data-more]").first().click();
      await page.waitForFunction(
        (k) => document.querySelectorAll("#feed .post-card").length > k,
        n,
      );
      const hrefs = await cards
        .locator("h2 a")
        .evaluateAll((all) => all.map((a) => a.href));
      assert.equal(new Set(hrefs).size, hrefs.length, "no post twice");
      await visitor.checkFaults();
    });

    it("keeps what is being written, within a second or so", async () => {
      await visitor.go("/new");
      await page.getByLabel("Title").fill("A thought");
      await page.getByText("Draft saved").waitFor();
      const { items } = (await client.get("/api/drafts?place=new")).data;
      assert.equal(items[0].title, "A thought");
      // What the server has, the browser has no more.
      const left = await page.evaluate(() => Object.keys(localStorage));
      assert.deepEqual(left.filter((key) => key.startsWith("draft:")), []);
      await visitor.checkFaults();
    });

    it("keeps what was written, when the page goes", async () => {
      await visitor.go("/new");
      await page.getByLabel("Title").fill("Half a thought");
      await page.getByLabel("Your post").fill("Not done yet");
      await visitor.go("/");
      await visitor.go("/new");
      await page.waitForFunction(
        () => document.querySelector("#title").value === "Half a thought",
      );
      const content = await page.getByLabel("Your post").inputValue();
      assert.equal(content, "Not done yet");
      await visitor.checkFaults();
    });

    it("reads without scripts", async () => {
      const { Visitor: V } = await import("./browser.mjs");
      const plain = await V.enter({ name: "plain" });
      await plain.context.route("**/*.js", (route) => route.abort());
      await plain.go("/");
      assert.equal(await plain.page.locator("#feed .post-card").count(), 20);
      await plain.page.locator("#feed .post-card h2 a").first().click();
      await plain.page.locator("article h1").waitFor();
      await plain.leave();
    });

    it("asks nothing of YouTube before a click", async () => {
      const post = await people.post(client, { youtubeVideoId: "dQw4w9WgXcQ" });
      const asked = [];
      page.on("request", (r) => asked.push(new URL(r.url()).host));
      await visitor.go(`/post/${post.slug}`);
      await page.waitForLoadState("networkidle");
      assert.deepEqual(
        asked.filter((host) => !host.startsWith("localhost")),
        [],
      );
    });

    it("fits into 320 px without a sideways scroll", async () => {
      const narrow = await Visitor.enter({ width: 320 });
      for (const path of [
        "/",
        "/login",
        "/register",
        "/search?q=a",
        "/terms",
      ]) {
        await narrow.go(path);
        const wide = await tooWide(narrow.page);
        assert.ok(wide <= 0, `${path} is ${wide} px too wide`);
      }
      await narrow.leave();
    });
  });
