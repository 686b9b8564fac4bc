// Every mail as its readers see it: in both schemes, at the width of a mail
// program's window and at that of a telephone.  axe-core finds nothing, and a
// picture is left for people to look at.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { people } from "../lib/suite.mjs";
import { Visitor, axe, shots, tooWide } from "./browser.mjs";

// A mail is read within the page of a mail program, which has these.
const ofPages = ["landmark-one-main", "region"];

export default () =>
  describe("mails", { concurrency: 2 }, () => {
    const mails = new Map();
    before(async () => {
      const admin = await people.user("ADMIN");
      const { data } = await admin.get("/api/admin/emails");
      for (const { name } of data.items) {
        const one = await admin.get(`/api/admin/emails/${name}/html`);
        mails.set(name, one.text);
      }
      assert.ok(mails.size >= 20, `${mails.size} mails`);
    });

    for (const scheme of ["dark", "light"])
      for (const width of [360, 700])
        it(`read well in ${scheme} at ${width} px`, async () => {
          const reader = await Visitor.enter({ width, scheme });
          const { page } = reader;
          const faults = [];
          for (const [name, html] of mails) {
            await page.setContent(html);
            await page.screenshot({
              path: `${shots}/mail-${name}-${scheme}-${width}.png`,
              fullPage: true,
            });
            const wide = await tooWide(page);
            if (wide > 0) faults.push(`${name}: ${wide} px too wide`);
            for (const words of await axe(page, ofPages))
              faults.push(`${name}: ${words}`);
          }
          await reader.leave();
          assert.deepEqual(faults, []);
        });
  });
