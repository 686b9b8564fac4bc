// The second factor, as a person has it: set up, codes kept, two steps to
// sign in, switched off.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { generateSync } from "otplib";
import { after, before, describe, it } from "node:test";
import { addressOf, password } from "../lib/people.mjs";
import { people } from "../lib/suite.mjs";
import { Visitor, axe, shots } from "./browser.mjs";

const accessible = async ({ page }) => assert.deepEqual(await axe(page), []);

const later = () => Date.now() / 1000 + 30;

export default () =>
  describe("second factor", { concurrency: 1 }, () => {
    let user, owner, secret, codes;
    before(async () => {
      user = await people.user();
      owner = await Visitor.enter({ name: user.name, width: 360 });
      await owner.takeSession(user);
    });
    after(() => owner?.leave());

    const shot = (visitor, name) =>
      visitor.page.screenshot({
        path: `${shots}/factor-${name}.png`,
        fullPage: true,
      });

    it("is set up by picture or text, after the password", async () => {
      const { page } = owner;
      await people.ageProof(user);
      owner.expect("/api/auth/2fa/setup");
      await owner.go("/settings/security");
      await page.getByRole("button", { name: "Set it up" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Your password").fill(password);
      await shot(owner, "again");
      await accessible(owner);
      await dialog.getByRole("button", { name: "Confirm" }).click();
      await page.getByText("Add it to your authenticator").waitFor();
      const picture = page.getByAltText("QR code for your authenticator");
      await picture.evaluate((img) => img.decode());
      assert.ok(await picture.evaluate((img) => img.naturalWidth > 100));
      secret = (
        await page.locator("[data-factor-secret]").textContent()
      ).replaceAll(" ", "");
      assert.match(secret, /^[A-Z2-7]{32}$/);
      codes = await page.locator(".codes code").allTextContents();
      assert.equal(codes.length, 10);
      await shot(owner, "setup");
      await accessible(owner);
    });

    it("gives the backup codes as a file, and alone on paper", async () => {
      const { page } = owner;
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Download" }).click(),
      ]);
      assert.match(download.suggestedFilename(), /-backup-codes\.txt$/);
      const text = readFileSync(await download.path(), "utf8");
      for (const code of codes) assert.ok(text.includes(`${code}\r\n`));
      await page.emulateMedia({ media: "print" });
      assert.equal(await page.locator(".codes").isVisible(), true);
      const hidden = { state: "hidden" }; // soon, on a busy machine
      await page.getByText("Prove that it works").waitFor(hidden);
      assert.equal(await page.locator(".site-header").isVisible(), false);
      await page.emulateMedia({ media: "screen" });
    });

    it("is on once a code proves it", async () => {
      const { page } = owner;
      owner.expect("/api/auth/2fa/enable");
      const field = page.getByLabel("Code", { exact: true });
      await field.fill("000000");
      await page.getByRole("button", { name: "Switch it on" }).click();
      await page.locator(".alert.problem, .field-error").first().waitFor();
      await field.fill(generateSync({ secret }));
      await page.getByRole("button", { name: "Switch it on" }).click();
      await page.getByText("of your backup codes are left").waitFor();
      assert.match(await page.locator("#two-factor").innerText(), /10 of your/);
      await shot(owner, "on");
      await owner.checkFaults();
    });

    it("asks for a code when one signs in, pasted as it is shown", async () => {
      const guest = await Visitor.enter({ width: 360, theme: "light" });
      const { page } = guest;
      guest.expect("/api/auth/login/2fa");
      await guest.go("/login?callbackUrl=/settings");
      await page.getByLabel("E-mail").fill(addressOf(user.name));
      await page.getByLabel("Password").fill(password);
      await page.getByRole("button", { name: "Log in" }).click();
      const field = page.getByLabel("Code", { exact: true });
      await field.waitFor();
      assert.equal(await field.getAttribute("autocomplete"), "one-time-code");
      assert.ok(
        await field.evaluate((node) => node === document.activeElement),
      );
      await shot(guest, "login");
      await accessible(guest);
      await field.fill("000000");
      await page.getByRole("button", { name: "Log in" }).click();
      await page.locator(".field-error, .alert.problem").first().waitFor();
      const code = generateSync({ secret, epoch: later() });
      await field.fill("");
      await page.evaluate(
        ([text]) => {
          const data = new DataTransfer();
          data.setData("text/plain", text);
          document.activeElement.value = text;
        },
        [`${code.slice(0, 3)} ${code.slice(3)}`],
      );
      await page.keyboard.press("Enter");
      await page.waitForURL((url) => url.pathname === "/settings");
      await guest.checkFaults();
      await guest.leave();
    });

    it("is switched off by password and a backup code", async () => {
      const { page } = owner;
      await owner.go("/settings/security");
      await page.getByText("Switch it off").first().click();
      await page.getByLabel("Your password").fill(password);
      await page
        .getByLabel("Code", { exact: true })
        .fill(codes[9].toLowerCase());
      await shot(owner, "off");
      await accessible(owner);
      await page.getByRole("button", { name: "Switch it off" }).click();
      await page.getByRole("button", { name: "Set it up" }).waitFor();
      await owner.checkFaults();
    });
  });
