// Forgotten passwords and another address, by the mails' links.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { tokenTo } from "../lib/links.mjs";
import { addressOf, freshName, password } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";
import { Visitor } from "./browser.mjs";

const fresh = "Velvet-Otter-77";

export default () =>
  describe("account", { concurrency: 1 }, () => {
    const name = freshName("nova");
    const moved = addressOf(freshName("moved"));
    let visitor, page;

    before(async () => {
      await people.create([name]);
      visitor = await Visitor.enter({ name });
      page = visitor.page;
    });
    after(() => visitor?.leave());

    const logIn = async (email, words) => {
      await visitor.go("/login");
      await page.getByLabel("E-mail").fill(email);
      await page.getByLabel("Password").fill(words);
      await page.getByRole("button", { name: "Log in" }).click();
      await page.waitForURL(`${stack.url}/`);
    };

    it("asks for a link, from the log-in", async () => {
      await visitor.go("/login");
      await page.getByRole("link", { name: "Forgot your password?" }).click();
      await page.getByLabel("E-mail").fill(addressOf(name));
      await page.getByRole("button", { name: "Mail me a link" }).click();
      await page.getByText("a mail is on its way").waitFor();
      await visitor.checkFaults();
    });

    it("is told how good a password is while typing", async () => {
      const token = await tokenTo(stack, addressOf(name), "reset-password");
      await visitor.go(`/reset-password?token=${token}`);
      const field = page.getByLabel("New password");
      const advice = page.locator(".strength-advice");
      await field.pressSequentially("password1234");
      await advice.getByText("known from a breach").waitFor();
      assert.equal(await page.locator("meter").getAttribute("max"), "100");
      await field.fill("");
      await field.pressSequentially(fresh);
      await advice.getByText("This one is good.").waitFor();
      await visitor.checkFaults();
    });

    it("chooses a new one, and logs in with it", async () => {
      await page.getByRole("button", { name: "Change my password" }).click();
      await page.getByText("Your password is changed").waitFor();
      await logIn(addressOf(name), fresh);
      await visitor.checkFaults();
    });

    it("changes the password in the settings, where it is asked", async () => {
      await visitor.go("/settings");
      await page.getByRole("link", { name: "Account", exact: true }).click();
      await page.getByLabel("Your password now").fill(fresh);
      await page.getByLabel("New password").fill(password);
      await page.getByRole("button", { name: "Change my password" }).click();
      await page.getByText("All your other sessions have ended").waitFor();
      await visitor.checkFaults();
    });

    it("makes a code to invite by, and copies its link", async () => {
      await visitor.context.grantPermissions([
        "clipboard-read",
        "clipboard-write",
      ]);
      await page.getByRole("button", { name: "Make a code" }).click();
      await page.getByText("Here is a new code").waitFor();
      await page.getByRole("button", { name: "Copy the link" }).click();
      await page.getByText("Copied.").waitFor();
      const link = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(link, /\/register\?ref=[2-9A-HJ-NP-Z]{10}$/);
      assert.ok(await page.getByRole("link", { name: link }).isVisible());
      await visitor.checkFaults();
    });

    it("asks for another address, confirms it by a click", async () => {
      await page.getByLabel("New address").fill(moved);
      await page.getByRole("button", { name: "Change my address" }).click();
      await page.getByText(`A mail is on its way to ${moved}`).waitFor();
      const token = await tokenTo(stack, moved, "confirm-email");
      await visitor.go(`/confirm-email?token=${token}`);
      await page.getByRole("button", { name: "Use this address" }).click();
      await page.getByText("It is your address now").waitFor();
      await visitor.go("/settings/account");
      await page.getByText(`Your address is ${moved}`).waitFor();
      await visitor.checkFaults();
    });

    it("undoes it from the old one, and is logged out", async () => {
      const token = await tokenTo(stack, addressOf(name), "undo-email");
      await visitor.go(`/undo-email?token=${token}`);
      await page.getByRole("button", { name: "Give me back" }).click();
      await page.getByText("Your old address is back").waitFor();
      await visitor.go("/");
      await page.getByRole("link", { name: "Log in" }).first().waitFor();
      await visitor.checkFaults();
    });
  });
