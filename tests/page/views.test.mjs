// Views of guests, whose pages come from the micro-cache.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

/** Those that wait, and those that a test here brought to the post. */
const views = async (id) =>
  Number((await stack.redis("HGET", "views", id)) ?? 0) +
  Number((await stack.redis("HGET", "views:flushing", id)) ?? 0) +
  Number(await stack.value`SELECT views FROM posts WHERE id = ${id}`);
const counted = (id, n) =>
  eventually(`${n} views`, async () => (await views(id)) === n, 30);

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0";
const as = (agent) => ({ headers: { "user-agent": agent } });

/** What a guest's browser does: the page, and what its script then says. */
async function visit(guest, post, agent = firefox) {
  const page = await guest.page(`/post/${post.slug}`, as(agent));
  assert.equal(page.status, 200);
  const [, view] = /data-view="([^"]+)"/.exec(page.text);
  const said = await guest.request("POST", view, as(agent));
  assert.equal(said.status, 204, `${said}`);
  return page.headers["x-cache"];
}

export default () =>
  describe("views", () => {
    it("counts 40 guests as 40, and again as none", async () => {
      const post = await people.post(await people.user());
      const guests = [];
      const states = new Set();
      // A busy machine may be too late for a copy: until one was given.
      do {
        const more = Array.from({ length: 40 }, () => people.guest());
        guests.push(...more);
        const seen = await Promise.all(more.map((g) => visit(g, post)));
        seen.forEach((state) => states.add(state));
      } while (!states.has("HIT") && guests.length < 2000);
      assert.ok(states.has("HIT"));
      const n = guests.length;
      await counted(post.id, n);
      await Promise.all(guests.map((g) => visit(g, post)));
      const last = people.guest();
      await visit(last, post);
      await counted(post.id, n + 1);
      await stack.batch("flush-views");
      await visit(guests[7], post);
      await counted(post.id, n + 1);
    });

    it("counts a member once, whose page asks for no more", async () => {
      const post = await people.post(await people.user());
      const member = await people.user();
      const page = await member.page(`/post/${post.slug}`);
      assert.ok(!page.text.includes("data-view="));
      const said = await member.post(`/api/posts/${post.id}/view`);
      assert.equal(said.status, 204);
      await visit(people.guest(), post);
      await counted(post.id, 2);
    });

    it("counts no robots, and four browsers of an address at most", async () => {
      const post = await people.post(await people.user());
      for (const robot of [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Slackbot-LinkExpanding 1.0",
        "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/140.0",
      ])
        await visit(people.guest(), post, robot);
      const home = people.guest();
      const systems = ["Windows", "iPhone", "Android", "Linux", "CrOS", "iPad"];
      for (const system of systems)
        await visit(home, post, `Mozilla/5.0 (${system}) Firefox/140.0`);
      await visit(home, post, "Mozilla/5.0 (Windows) Firefox/141.0");
      await visit(people.guest(), post);
      await counted(post.id, 5);
    });

    it("takes no word for what is not there, or from another site", async () => {
      const author = await people.user();
      const hidden = await people.post(author, { visibility: "PRIVATE" });
      const open = await people.post(author);
      const guest = people.guest();
      const view = (post, options) =>
        guest.request("POST", `/api/posts/${post.id}/view`, options);
      assert.equal((await view(hidden)).status, 404);
      const away = await view(open, { origin: "https://evil.example" });
      assert.equal(away.status, 403);
      await visit(guest, open);
      await counted(open.id, 1);
      assert.equal(await views(hidden.id), 0);
    });
  });
