// Where the log-in leads: to a place of this site, whatever the link said.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { top } from "../lib/stack.mjs";
import { each, people, stack } from "../lib/suite.mjs";
import { Visitor } from "./browser.mjs";

const { local, elsewhere, control } = JSON.parse(
  readFileSync(join(top, "tests/data/local_targets.json")),
);

const here = (form) => form.replace("HERE", stack.url);
const login = (form) => `/login?callbackUrl=${encodeURIComponent(here(form))}`;

/** Each form with the place where it must lead. */
const forms = [
  ...Object.entries(local),
  ...elsewhere.map((form) => [form, "/"]),
  ...control.map((form) => [form, "/"]),
];

/** Pages of the log-in only: every other place of any site is an empty page. */
async function enter() {
  const visitor = await Visitor.enter();
  await visitor.context.route("**/*", (route) => {
    const at = route.request().url().slice(stack.url.length);
    if (route.request().url().startsWith(stack.url))
      if (/^\/(?:assets\/|login(?:\?|$))/.test(at)) return route.continue();
    return route.fulfill({ contentType: "text/html", body: "<p>Here." });
  });
  return visitor;
}

/** The log-in with such a link. The server refuses control characters itself,
    so those are put into the address of the page. */
async function open(page, form) {
  if (!control.includes(form)) return page.goto(login(form));
  assert.equal((await page.goto(login(form))).status(), 400, form);
  await page.goto("/login");
  return page.evaluate((to) => history.replaceState(0, "", to), login(form));
}

/** Where a browser goes after the form was sent, and answered. */
async function lead(page, form) {
  const went = [];
  await open(page, form);
  const note = (request) => {
    if (request.isNavigationRequest()) went.push(request.url());
  };
  page.on("request", note);
  await Promise.all([
    page.waitForURL((url) => url.pathname !== "/login"),
    page.evaluate(() => {
      document.getElementById("email").value = "somebody@example.org";
      document.getElementById("password").value = "whatever it is";
      document.querySelector("form[data-callback]").requestSubmit();
    }),
  ]);
  page.off("request", note);
  return [...went, page.url()];
}

export default () =>
  describe("where the log-in leads", { concurrency: 1 }, () => {
    it("is here for all forms of a link", async () => {
      assert.ok(elsewhere.length >= 40);
      const guest = await enter();
      guest.expect("/login?callbackUrl=");
      await guest.context.route("**/api/auth/login", (route) =>
        route.fulfill({ json: { success: true, data: {} } }),
      );
      const pages = [guest.page];
      while (pages.length < 4) pages.push(await guest.context.newPage());
      await each(forms, pages.length, async ([form, to]) => {
        const page = pages.pop();
        const went = await lead(page, form);
        const [path] = to.split("#");
        assert.deepEqual(went, [stack.url + path, stack.url + to], form);
        pages.push(page);
      });
      await guest.leave();
    });

    it("is here by the server for who has signed in already", async () => {
      const member = await people.user();
      for (const [form, to] of forms) {
        const answer = await member.page(login(form));
        if (control.includes(form)) {
          assert.equal(answer.status, 400, form);
          continue;
        }
        assert.equal(answer.status, 303, form);
        assert.equal(answer.headers.location, to, form);
      }
      const visitor = await enter();
      await visitor.takeSession(member);
      for (const [form, to] of forms.filter(([f]) => /\.\.|HERE\/\//.test(f))) {
        await visitor.page.goto(login(form));
        assert.equal(visitor.page.url(), stack.url + to, form);
      }
      await visitor.leave();
    });
  });
