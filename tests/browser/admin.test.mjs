// Staff at work in a browser: finding an account, suspending it by the form
// and its question, reading the log of it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { people, stack } from "../lib/suite.mjs";
import { Visitor } from "./browser.mjs";

async function enter(client, options) {
  const visitor = await Visitor.enter(options);
  await visitor.takeSession(client);
  return visitor;
}

export default () =>
  describe("administration", () => {
    it("finds, suspends and reads about it, by mouse", async () => {
      const admin = await people.user("ADMIN");
      const user = await people.user();
      const visitor = await enter(admin);
      const { page } = visitor;
      await visitor.go("/");
      await page.locator("details.menu > summary").click();
      await page.getByRole("link", { name: "Administration" }).click();
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.getByRole("link", { name: "Users", exact: true }).click();
      await page.getByLabel(/begins with/).fill(user.name);
      await page.getByRole("button", { name: "Find" }).click();
      await page.getByRole("link", { name: user.name, exact: true }).click();

      const form = page.locator("section", {
        has: page.getByRole("heading", { name: "Suspend" }),
      });
      await form.getByLabel("For how many days").fill("3");
      await form.getByLabel("Reason").fill("too much of it");
      await form.getByRole("button", { name: "Suspend" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByText(/All sessions end at once/).waitFor();
      await dialog.getByRole("button", { name: "Suspend" }).click();
      await page.getByText(/SUSPENDED until .*too much of it/).waitFor();
      assert.equal((await user.get("/api/users/me")).status, 401);
      await page.getByRole("heading", { name: "Make active" }).waitFor();

      await page.getByRole("link", { name: "Audit log" }).click();
      await page.getByLabel("By", { exact: true }).fill(admin.name);
      await page.getByRole("button", { name: "Find" }).click();
      const entry = page.locator("details", { hasText: user.name });
      await entry.locator("summary").click();
      await entry.getByText("too much of it").waitFor();
      await visitor.checkFaults();
      await visitor.leave();
    });

    it("stops mails to an address, finds it, and lets them go again", async () => {
      const admin = await people.user("ADMIN");
      const visitor = await enter(admin, { width: 360 });
      const { page } = visitor;
      const email = `nobody-${Date.now()}@example.org`;
      await visitor.go("/admin/emails");
      await page.getByRole("link", { name: "Addresses without mails" }).click();
      await page.waitForLoadState(); // until then no script takes the form
      const add = page.locator("section", {
        has: page.getByRole("heading", { name: "Add an address" }),
      });
      await add.getByRole("button").click();
      await add.locator(".field-error").first().waitFor();
      await add.getByLabel("Address").fill(email);
      await add.getByLabel("Reason").fill("their letter came back");
      await add.getByRole("button").click();
      await page.getByText("their letter came back").waitFor();

      await page.getByLabel("Address begins with").fill(email.slice(0, 12));
      await page.getByRole("button", { name: "Find" }).click();
      const row = page.locator("article", { hasText: email });
      await row.getByText("Mails come back").waitFor();
      await visitor.checkFaults();
      await row.getByLabel(/Reason/).fill("they have moved");
      await row.getByRole("button", { name: `Remove ${email}` }).click();
      await page
        .getByRole("dialog")
        .getByRole("button", { name: "Remove" })
        .click();
      await row.waitFor({ state: "detached" });
      const why = await stack.value`SELECT after->>'why' FROM audit_log
        WHERE action = 'mail.lift' ORDER BY created_at DESC LIMIT 1`;
      assert.equal(why, "they have moved");
      await visitor.leave();
    });

    it("asks before it acts, and does nothing when told no", async () => {
      const admin = await people.user("ADMIN");
      const user = await people.user();
      const visitor = await enter(admin);
      const { page } = visitor;
      await visitor.go(`/admin/users/${user.id}`);
      await page.getByRole("button", { name: "Sign out everywhere" }).click();
      await page.getByRole("dialog").getByText("Cancel").click();
      assert.equal((await user.get("/api/users/me")).status, 200);
      await visitor.leave();
    });

    it("says at the field what is missing", async () => {
      const admin = await people.user("ADMIN");
      const user = await people.user();
      const visitor = await enter(admin, { width: 360 });
      const { page } = visitor;
      await visitor.go(`/admin/users/${user.id}`);
      const form = page.locator("section", {
        has: page.getByRole("heading", { name: "Ban" }),
      });
      await form.getByRole("button", { name: "Ban" }).click();
      await form.locator(".field-error").first().waitFor();
      const status = await stack.value`SELECT status::text FROM users
        WHERE id = ${user.id}`;
      assert.equal(status, "ACTIVE");
      await visitor.leave();
    });
  });
