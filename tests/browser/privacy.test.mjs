// Leaving and staying in a browser: the question, the password asked again,
// the note on every page, and the button that takes it back; on a phone.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { password } from "../lib/people.mjs";
import { people } from "../lib/suite.mjs";
import { Visitor } from "./browser.mjs";

export default () =>
  describe("privacy", () => {
    it("asks to leave, proves who it is, and stays after all", async () => {
      const user = await people.user();
      await people.ageProof(user);
      const visitor = await Visitor.enter({ width: 360 });
      await visitor.takeSession(user);
      const { page } = visitor;
      await visitor.go("/settings/account");
      await page.getByText("I want to delete my account").click();
      await page.getByLabel(/Remove my posts/).check();
      await page.getByRole("button", { name: "Delete my account" }).click();
      const question = page.getByRole("dialog");
      await question.getByText("Delete your account in 14 days?").waitFor();
      visitor.expected.push("/api/users/me/deletion");
      await question.getByRole("button", { name: /Delete/ }).click();
      await page
        .getByRole("dialog")
        .getByLabel("Your password", { exact: true })
        .fill(password);
      await page.keyboard.press("Enter");
      const note = page.getByText(/with your posts, comments and reactions/);
      await note.waitFor();

      await visitor.go("/");
      await page.getByText(/will be deleted on/).waitFor();
      assert.ok(
        await page.evaluate(
          () => document.documentElement.scrollWidth <= innerWidth,
        ),
      );
      await page.getByRole("button", { name: "Keep my account" }).click();
      await page.getByText(/will be deleted on/).waitFor({ state: "detached" });
      const state = await user.get("/api/users/me/deletion");
      assert.equal(state.data.pending, false);
      await visitor.checkFaults();
      await visitor.leave();
    });
  });
