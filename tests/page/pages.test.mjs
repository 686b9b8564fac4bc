// Every page that the program offers: who gets it, and whether it is whole.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { decode, elementsOf, faultsOf, textOf } from "../lib/html.mjs";
import { freshName } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";

/** The rows that are pages: {on, path, access}. */
export async function pageRows() {
  const lines = (await stack.ctl(["describe", "routes"])).split("\n");
  return lines
    .map((line) => /^GET (\/\S*)\s+\S+\s+(signed in|\S+)/.exec(line))
    .filter((m) => m && !/^\/(api|health|\.well-known)\//.test(m[1]))
    .map(([, path, access]) => ({ path, access }));
}

async function noticeOf({ id }) {
  await stack.sql`INSERT INTO notifications (user_id, type, title)
    VALUES (${id}, 'SYSTEM', 'A notice <of> the pages')`;
  return stack.value`SELECT id FROM notifications WHERE user_id = ${id}
    LIMIT 1`;
}

/** Values for the names in paths, of something that is there. */
export async function pathValues(author) {
  const post = await people.post(author, {
    tags: ["page-suite"],
    title: 'A page <suite> & "its" post',
    content: "# Head\n\nWords, **bold**, and [a link](https://example.org/).\n",
  });
  await people.comment(author, post, "A remark with `code`.");
  const category = await stack.value`SELECT slug FROM categories LIMIT 1`;
  return {
    post: post.slug,
    category,
    tag: "page-suite",
    username: author.name,
    user: author.id,
    job: await stack.value`SELECT job_put('noop', 'analytics',
      p_run_at => now() + interval '1 day')`,
    mail: "welcome",
    notification: await noticeOf(author),
  };
}

/** Whether a row is for moderators or administrators only. */
export const forStaff = ({ access }) => /^(admins|moderators)$/.test(access);

export const fill = (path, values) =>
  path.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "missing");

const attributesOf = (html, name, key, value) =>
  elementsOf(html).find(
    (e) => e.name === name && (!key || e.attributes[key] === value),
  )?.attributes;

function checkWhole(answer) {
  const html = answer.text;
  assert.match(answer.headers["content-type"], /^text\/html; ?charset=utf-8/i);
  assert.match(html, /^<!doctype html>/i);
  assert.deepEqual(faultsOf(html), [], answer.path);
  const title = elementsOf(html).find((e) => e.name === "title");
  assert.ok(textOf(html, title).trim().length > 5, answer.path);
  assert.equal(elementsOf(html).filter((e) => e.name === "h1").length, 1);
  assert.equal(attributesOf(html, "html").lang, "en");
  const description = attributesOf(html, "meta", "name", "description");
  assert.ok(description?.content, `${answer.path} has a description`);
  const canonical = attributesOf(html, "link", "rel", "canonical");
  assert.match(canonical.href, new RegExp(`^${stack.url}/`), answer.path);
  for (const property of ["og:title", "og:image", "og:url", "og:type"])
    assert.ok(
      attributesOf(html, "meta", "property", property)?.content,
      `${answer.path} ${property}`,
    );
  const ids = elementsOf(html)
    .map((e) => e.attributes.id)
    .filter(Boolean);
  assert.equal(new Set(ids).size, ids.length, `ids once: ${answer.path}`);
  assert.doesNotMatch(html, /\{\{|\}\}/, "no template left over");
}

function checkPolicy(answer) {
  for (const { name, attributes } of elementsOf(answer.text)) {
    assert.ok(!("style" in attributes), `style on ${name} of ${answer.path}`);
    for (const key of Object.keys(attributes))
      assert.ok(!/^on/.test(key), `${key} on ${name} of ${answer.path}`);
    if (name === "script" && attributes.type !== "application/ld+json")
      assert.ok(attributes.src, `an inline script on ${answer.path}`);
  }
}

export default () =>
  describe("pages", () => {
    let rows, values, user, admin;
    before(async () => {
      user = await people.user();
      admin = await people.user("ADMIN");
      [rows, values] = await Promise.all([pageRows(), pathValues(user)]);
    });

    it("are all there", () => {
      const paths = rows.map((row) => row.path);
      for (const path of [
        ...["/", "/post/{post}", "/new", "/category/{category}", "/tag/{tag}"],
        ...["/profile/{username}", "/notifications", "/search", "/register"],
        ...["/login", "/verify-email", "/welcome", "/settings", "/api-docs"],
        ...["/privacy", "/terms", "/post/{post}/edit"],
      ])
        assert.ok(paths.includes(path), path);
    });

    it("answer visitors with 200, or lead to the log-in", async () => {
      for (const { path, access } of rows) {
        const answer = await people.guest().page(fill(path, values));
        if (access === "anyone") {
          // Without a mail's token it says what to do, and that it is wrong.
          const wanted = path === "/unsubscribe" ? 400 : 200;
          assert.equal(answer.status, wanted, `${path} ${answer.status}`);
          continue;
        }
        assert.equal(answer.status, 303, path);
        const where = encodeURIComponent(fill(path, values));
        assert.equal(
          decodeURIComponent(answer.headers.location).toLowerCase(),
          decodeURIComponent(`/login?callbackUrl=${where}`).toLowerCase(),
        );
      }
    });

    it("are whole, for visitors", async () => {
      for (const { path, access } of rows)
        if (access === "anyone") {
          const answer = await people.guest().page(fill(path, values));
          checkWhole(answer);
          checkPolicy(answer);
        }
    });

    it("are whole, for who is signed in", async () => {
      for (const row of rows) {
        const { path } = row;
        const who = forStaff(row) ? admin : user;
        const answer = await who.page(fill(path, values));
        if (/^\/(login|register)$/.test(path)) {
          assert.equal(answer.status, 303, path);
          assert.equal(answer.headers.location, "/");
          continue;
        }
        const wanted = path === "/unsubscribe" ? 400 : 200;
        assert.equal(answer.status, wanted, path);
        checkWhole(answer);
        checkPolicy(answer);
      }
    });

    it("know the viewer, and carry the token", async () => {
      const html = (await user.page("/")).text;
      assert.equal(attributesOf(html, "html")["data-viewer"], user.name);
      const token = attributesOf(html, "meta", "name", "csrf-token");
      const { csrf } = user;
      user.csrf = token.content;
      const path = "/api/notifications/read-all";
      assert.equal((await user.put(path, {})).status, 204);
      // Another token: one bit of its first byte (RFC 4648: base64url).
      const other = Buffer.from(token.content, "base64url");
      other[0] ^= 1;
      user.csrf = other.toString("base64url");
      assert.equal((await user.put(path, {})).status, 403);
      user.csrf = csrf;
      const guest = (await people.guest().page("/")).text;
      assert.equal(attributesOf(guest, "html")["data-viewer"], undefined);
    });

    it("carry the token under a mask of their own each", async () => {
      const tokens = new Set();
      for (let i = 0; i < 4; i++) {
        const { text } = await user.page("/search?q=x");
        assert.ok(!text.includes(user.csrf), "the bare token");
        tokens.add(attributesOf(text, "meta", "name", "csrf-token").content);
      }
      assert.equal(tokens.size, 4);
    });

    it("name title and address of a post", async () => {
      const answer = await user.page(`/post/${values.post}`);
      const title = elementsOf(answer.text).find((e) => e.name === "title");
      assert.match(textOf(answer.text, title), /^A page <suite> & "its" post/);
      const canonical = attributesOf(answer.text, "link", "rel", "canonical");
      assert.equal(canonical.href, `${stack.url}/post/${values.post}`);
    });

    it("show a post with its comments", async () => {
      const html = (await people.guest().page(`/post/${values.post}`)).text;
      assert.match(html, /<strong>bold<\/strong>/);
      assert.match(html, /A remark with <code dir="ltr">code<\/code>/);
      const link = attributesOf(html, "a", "href", "https://example.org/");
      assert.match(link.rel, /nofollow/);
      assert.match(link.rel, /noopener/);
    });

    it("show the home page's posts, in each order, by cursor", async () => {
      const titles = (html) =>
        elementsOf(html).filter((e) => /^\/post\//.test(e.attributes.href));
      for (const sort of ["", "?sort=popular", "?sort=trending"]) {
        const first = (await people.guest().page(`/${sort}`)).text;
        const more = elementsOf(first).find(
          (e) => e.name === "a" && e.attributes.rel === "next",
        );
        assert.ok(more, `more to load of /${sort}`);
        const next = await people.guest().page(`/${more.attributes.href}`);
        assert.equal(next.status, 200);
        const seen = new Set(titles(first).map((e) => e.attributes.href));
        const fresh = titles(next.text).map((e) => e.attributes.href);
        assert.ok(fresh.length > 0, `the second page of /${sort}`);
        assert.ok(
          fresh.every((href) => !seen.has(href)),
          `/${sort}`,
        );
      }
    });

    it("take parameters that strangers add", async () => {
      const answer = await people.guest().page("/?utm_source=x&fbclid=y");
      assert.equal(answer.status, 200);
    });

    it("answer 400 to a cursor that is none, as a page", async () => {
      const answer = await people.guest().page("/?cursor=nonsense");
      assert.equal(answer.status, 400);
      assert.match(answer.type, /html/);
    });

    it("find posts by the search page", async () => {
      const answer = await people.guest().page("/search?q=suite");
      assert.equal(answer.status, 200);
      assert.ok(answer.text.includes(`/post/${values.post}`));
    });

    it("put the theme of the cookie into the page", async () => {
      for (const [cookie, theme] of [
        [null, "dark"],
        ["light", "light"],
        ["dark", "dark"],
        ["system", "system"],
        ['"><script>', "dark"],
      ]) {
        const guest = people.guest();
        if (cookie) guest.cookies.set("theme", cookie);
        const html = (await guest.page("/privacy")).text;
        assert.equal(attributesOf(html, "html")["data-theme"], theme, cookie);
      }
    });

    it("answer 404 as a page with the request's id", async () => {
      for (const path of [
        "/nowhere",
        "/post/no-such-post",
        "/profile/nobody_x",
      ]) {
        const answer = await people.guest().page(path);
        assert.equal(answer.status, 404, path);
        assert.match(answer.type, /html/);
        assert.ok(answer.text.includes(answer.requestId), path);
        assert.deepEqual(faultsOf(answer.text), []);
      }
    });

    it("lead drafts to nobody, and editors to their author", async () => {
      const other = await people.user();
      const draft = await people.post(user, { published: false });
      assert.equal((await other.page(`/post/${draft.slug}`)).status, 404);
      assert.equal((await user.page(`/post/${draft.slug}`)).status, 200);
      const edit = await other.page(`/post/${values.post}/edit`);
      assert.ok([403, 404].includes(edit.status), `${edit.status}`);
    });

    it("lead from a user's old name to the new one", async () => {
      const [name] = await people.users(1);
      const fresh = freshName("renamed");
      await stack.sql`UPDATE users SET username = ${fresh}
        WHERE username = ${name}`;
      const page = await people.guest().page(`/profile/${name}`);
      assert.equal(page.status, 303);
      assert.equal(page.headers.location, `/profile/${fresh}`);
    });

    it("have assets that are there, packed, and never change", async () => {
      const html = (await people.guest().page("/")).text;
      const assets = elementsOf(html)
        .flatMap((e) => [e.attributes.href, e.attributes.src])
        .filter((url) => /^\/(assets\/|favicon|manifest|apple)/.test(url ?? ""))
        .map((url) => decode(url).split("#")[0]);
      assert.ok(assets.length >= 5);
      for (const path of new Set(assets)) {
        const answer = await people.guest().page(path, {
          headers: { "accept-encoding": "gzip", accept: "*/*" },
        });
        assert.equal(answer.status, 200, path);
        const kept = answer.headers["cache-control"];
        assert.match(kept, /^\/assets/.test(path) ? /immutable/ : /max-age/);
        if (/\.(css|js)$/.test(path))
          assert.equal(answer.headers["content-encoding"], "gzip", path);
      }
    });

    it("weigh under 60 KB with styles and scripts, packed", async () => {
      const packed = { "accept-encoding": "gzip" };
      for (const { path, access } of rows.filter(
        (r) => r.access === "anyone",
      )) {
        const page = await people
          .guest()
          .page(fill(path, values), { headers: packed });
        const plain = (await people.guest().page(fill(path, values))).text;
        const urls = elementsOf(plain)
          .map((e) => e.attributes.src ?? e.attributes.href)
          .filter((url) => /^\/assets\/app-.*\.(css|js)$/.test(url ?? ""));
        let sum = page.bytes.length;
        for (const url of new Set(urls))
          sum += (await people.guest().page(url, { headers: packed })).bytes
            .length;
        assert.ok(sum < 60 * 1024, `${path}: ${sum} ${access}`);
      }
    });
  });
