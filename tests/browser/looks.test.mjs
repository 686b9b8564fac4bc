// Every page in both themes and at two widths: axe-core finds nothing, the
// policy is kept, and a picture is left for people to look at.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";
import { fill, forStaff, pageRows } from "../page/pages.test.mjs";
import { Visitor, axe, shots, tooWide } from "./browser.mjs";

const nameOf = (path) =>
  path === "/"
    ? "home"
    : path
        .slice(1)
        .replace(/\{|\}/g, "")
        .replace(/[^a-z]+/g, "-");

/** Something of the demo that has a lot on it. */
async function values() {
  const post = await stack.value`SELECT slug FROM posts
    WHERE status = 'published' AND visibility = 'PUBLIC'
      AND deleted_at IS NULL ORDER BY comment_count DESC LIMIT 1`;
  const username = await stack.value`SELECT username FROM users u
    JOIN user_stats s ON s.user_id = u.id WHERE status = 'ACTIVE'
    ORDER BY total_posts DESC LIMIT 1`;
  return {
    post,
    username,
    user: await stack.value`SELECT id FROM users
      WHERE username = ${username}`,
    job: await stack.value`SELECT max(id) FROM jobs`,
    mail: "welcome",
    category: await stack.value`SELECT slug FROM categories
      ORDER BY post_count DESC LIMIT 1`,
    tag: await stack.value`SELECT name FROM tags
      ORDER BY post_count DESC LIMIT 1`,
  };
}

export default () =>
  describe("looks", { concurrency: 2 }, () => {
    let member, admin, list;

    before(async () => {
      member = await people.user();
      admin = await people.user("ADMIN");
      const fan = await people.user();
      const own = await people.post(member, { title: "My own post" });
      await people.comment(fan, own, "What a post! *Really.*");
      await fan.put(`/api/posts/${own.id}/reactions/LIKE`);
      await fan.put(`/api/users/${member.name}/follow`);
      const notification = await eventually(
        "the author is told",
        () => stack.value`SELECT id FROM notifications
          WHERE user_id = ${member.id} AND type::text LIKE '%LIKE%' LIMIT 1`,
      );
      const there = { ...(await values()), notification };
      const rows = await pageRows();
      list = rows.flatMap((row) => {
        const { path, access } = row;
        const mine = path === "/post/{post}/edit";
        const url = fill(path, mine ? { post: own.slug } : there);
        const entry = { url, name: nameOf(path), member: access !== "anyone" };
        if (path === "/unsubscribe") entry.missing = true; // a mail's token
        if (forStaff(row)) return [{ ...entry, staff: true }];
        const both = /^\/(post\/\{post\}|profile.*)?$/.test(path);
        return both
          ? [entry, { ...entry, name: `${entry.name}-member`, member: true }]
          : [entry];
      });
      list.push(
        { url: "/search?q=marathon", name: "search-results" },
        { url: "/?sort=trending", name: "home-trending" },
        { url: "/nowhere", name: "not-found", missing: true },
      );
    });

    for (const theme of ["dark", "light"])
      for (const width of [360, 1280])
        it(`has no fault in ${theme} at ${width} px`, async () => {
          const faults = [];
          const guest = await Visitor.enter({ width, theme });
          const signedIn = await Visitor.enter({ width, theme });
          await signedIn.takeSession(member);
          const staff = await Visitor.enter({ width, theme });
          await staff.takeSession(admin);
          for (const entry of list) {
            const visitor = entry.staff
              ? staff
              : entry.member
                ? signedIn
                : guest;
            if (entry.missing) visitor.expect(entry.url);
            await visitor.go(entry.url);
            const { page } = visitor;
            await page.screenshot({
              path: join(shots, `${entry.name}-${theme}-${width}.png`),
              fullPage: true,
            });
            const wide = await tooWide(page);
            if (wide > 0) faults.push(`${entry.url}: ${wide} px too wide`);
            const seen = await page.locator("html").getAttribute("data-theme");
            if (seen !== theme) faults.push(`${entry.url}: theme ${seen}`);
            for (const words of await axe(page))
              faults.push(`${entry.url}: ${words}`);
            const broken = await page.evaluate(() => window.violations);
            faults.push(...broken.map((b) => `${entry.url}: ${b}`));
          }
          for (const visitor of [guest, signedIn, staff]) {
            faults.push(...visitor.faults);
            await visitor.leave();
          }
          assert.deepEqual(faults, []);
        });

    after(() => console.error(`screenshots are in ${shots}`));
  });
