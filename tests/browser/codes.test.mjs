// Codes and times as people paste and type them, and a mail's link that is
// opened twice.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressOf, codeOf, freshName, password } from "../lib/people.mjs";
import { tokenTo } from "../lib/links.mjs";
import { people, stack } from "../lib/suite.mjs";
import { Visitor, axe, shots } from "./browser.mjs";

/** Registered, the address not verified yet. */
async function newcomer() {
  const name = freshName();
  const made = await people.guest().post("/api/auth/register", {
    email: addressOf(name),
    username: name,
    password,
    agreeToTerms: true,
  });
  assert.equal(made.status, 201, `${made}`);
  return name;
}

export default () =>
  describe("codes", { concurrency: 1 }, () => {
    it("are pasted with blanks, whole", async () => {
      const name = await newcomer();
      const visitor = await Visitor.enter({ width: 360 });
      const code = await codeOf(stack, addressOf(name));
      await visitor.go(`/verify-email?username=${name}`);
      await visitor.page.getByLabel("Code").focus();
      // As the clipboard would: a maxlength cuts it.
      await visitor.page.keyboard.insertText(
        `    ${code.slice(0, 3)} ${code.slice(3)}`,
      );
      await visitor.page.getByRole("button", { name: "Confirm" }).click();
      await visitor.page.waitForURL((url) => url.pathname === "/login");
      await visitor.checkFaults();
      await visitor.leave();
    });

    it("come by a link, which says so when it is opened again", async () => {
      const name = await newcomer();
      const token = await tokenTo(stack, addressOf(name), "verify-email");
      const visitor = await Visitor.enter({ width: 360 });
      const { page } = visitor;
      const confirmed = page.getByRole("heading", {
        name: "Your address is confirmed",
      });
      await visitor.go(`/verify-email?token=${token}`);
      await page.getByRole("button", { name: "Confirm my address" }).click();
      await confirmed.waitFor();
      assert.equal(page.url(), `${stack.url}/verify-email?done=1`);
      await visitor.go(`/verify-email?token=${token}`);
      await confirmed.waitFor();
      assert.equal(
        await page.getByRole("button", { name: "Confirm my address" }).count(),
        0,
      );
      assert.deepEqual(await axe(page), []);
      await page.screenshot({ path: `${shots}/verified-again.png` });
      await page.getByRole("link", { name: "Go on" }).click();
      await page.waitForURL((url) => url.pathname === "/login");
      await visitor.checkFaults();
      await visitor.leave();
    });

    it("of time are typed on a telephone", async () => {
      const user = await people.user();
      const post = await people.post(user, { youtubeVideoId: "dQw4w9WgXcQ" });
      const visitor = await Visitor.enter({ width: 360 });
      await visitor.takeSession(user);
      const { page } = visitor;
      await visitor.go(`/post/${post.slug}`);
      const at = page.getByLabel("Time in the video");
      // Keyboards for numbers have no colon on iPhones.
      assert.equal(await at.getAttribute("inputmode"), null);
      const say = async (time, words) => {
        await page.getByLabel("Your comment").fill(words);
        await at.fill(time);
        await page.getByRole("button", { name: "Comment", exact: true }).click();
      };
      await say("soon", "Nothing");
      await page.getByText("Write the time as 1:30.").waitFor();
      const times = [
        ["1:30", 90],
        ["1.30", 90],
        [" 2,05 ", 125],
        ["1:02:03", 3723],
        ["2m5s", 125],
        ["\uff11\uff1a\uff13\uff10", 90],
        ["42", 42],
      ];
      for (const [time, seconds] of times) {
        const words = `At ${JSON.stringify(time)} in the video`;
        await say(time, words);
        await page.locator("#thread").getByText(words).waitFor();
        const [row] = await stack.sql`SELECT youtube_timestamp AS at
          FROM comments WHERE post_id = ${post.id} AND content = ${words}`;
        assert.equal(row.at, seconds, time);
      }
      await visitor.checkFaults();
      await visitor.leave();
    });
  });
