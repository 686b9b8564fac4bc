// Texts that mean something to SQL, HTML, scripts or templates: each comes
// back from the API byte for byte, and on pages as text and nothing else.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { elementsOf, textOf } from "../../lib/html.mjs";
import { codeOf, freshName } from "../../lib/people.mjs";
import { each, people, stack } from "../../lib/suite.mjs";

/** One line each: titles have no breaks. */
export const strings = [
  "' OR '1'='1",
  "'; DROP TABLE users; --",
  "'); DELETE FROM posts; --",
  '" OR ""="',
  "1; SELECT pg_sleep(10)",
  "' UNION SELECT password_hash FROM users --",
  "\\'; SELECT 1; --",
  "$$; SELECT 1; $$",
  "E'\\x27'",
  "admin'--",
  "%27%20OR%201=1",
  "$1",
  "$1::uuid",
  '{1,2,"three"}',
  "NULL",
  "\\N",
  "\\",
  "\\\\",
  "%",
  "_%_",
  "' || (SELECT version()) || '",
  "0x3C7363726970743E",
  "<script>alert(1)</script>",
  "</title><script>alert(1)</script>",
  "</textarea><script>alert(1)</script>",
  '"><script>alert(1)</script>',
  "'><img src=x onerror=alert(1)>",
  "<img src=x onerror=alert(1)>",
  "<svg onload=alert(1)>",
  "<svg/onload=alert`1`>",
  "<iframe src=javascript:alert(1)>",
  '<a href="javascript:alert(1)">x</a>',
  "<body onload=alert(1)>",
  '<math><mi//xlink:href="data:x,<script>alert(1)</script>">',
  "<style>*{display:none}</style>",
  "<link rel=stylesheet href=//evil.example>",
  "<meta http-equiv=refresh content=0>",
  "<base href=//evil.example/>",
  "<form action=//evil.example><input name=x>",
  "<!-- <script> -->",
  "<![CDATA[<script>alert(1)</script>]]>",
  "<?php echo 1; ?>",
  '" onmouseover="alert(1)',
  "' onfocus='alert(1)' autofocus='",
  '" autofocus onfocus=alert(1) x="',
  "javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "&lt;script&gt;alert(1)&lt;/script&gt;",
  "&#60;script&#62;",
  "&amp;amp;",
  "\u003cscript\u003e",
  "{{page.title}}",
  "{{{content}}}",
  "{{#viewer}}x{{/viewer}}",
  "{{> layout}}",
  "{{=<% %>=}}",
  "${7*7}",
  "<%= 7*7 %>",
  "#{7*7}",
  "../../../../etc/passwd",
  "..%2f..%2fetc%2fpasswd",
  "|cat /etc/passwd",
  "$(reboot)",
  "`reboot`",
  "; reboot;",
  "CRLF %0d%0aSet-Cookie: x=1",
  "Subject: x",
  "=cmd|' /C calc'!A0",
  "](javascript:alert(1))",
  "[x](javascript:alert(1))",
  '![x](x" onerror="alert(1))',
  "**<b onclick=alert(1)>x</b>**",
  "`<script>`",
  "@everyone @admin",
  "#<b>",
  "\u202Ereversed",
  "Z\u0351a\u0352l\u0353g\u0354o",
  "\u{1F600}\u{1F468}\u200D\u{1F469}\u200D\u{1F467}",
  "word\u2060joiner",
  "İıſK",
];

/** HTML comments and the like show nothing, and alone would be refused. */
const visible = (text) => `${text}\n\nand \`${text}\` again`;

/** Pages end an override where its text ends. */
const closed = (text) => (text.startsWith("\u202e") ? `${text}\u202c` : text);

// An empty element would show that something got out of its place.
const wild = /^(script|svg|iframe|img|math|style|link|meta|base|form|body)$/;

/** What pages have whatever is written: the same for a harmless text. */
const skeleton = (html) =>
  elementsOf(html).map(
    ({ name, attributes }) =>
      `${name} ${Object.keys(attributes).sort().join(" ")}`,
  );

export default () =>
  describe("injection", { concurrency: 1 }, () => {
    let author, reader;
    const posts = new Map();

    before(async () => {
      author = await people.user("ADMIN");
      reader = await people.user("ADMIN");
    });

    it("has 60 strings and more", () => {
      assert.ok(new Set(strings).size >= 60, `${strings.length}`);
    });

    it("takes each into every text of a post and a comment", async () => {
      await each(strings, 4, async (text) => {
        const post = await people.post(author, {
          title: text,
          content: visible(text),
          excerpt: text,
        });
        const comment = await people.comment(author, post, visible(text));
        posts.set(text, { post, comment });
      });
      assert.equal(posts.size, new Set(strings).size);
    });

    it("gives each back byte for byte", async () => {
      await each([...posts], 4, async ([text, { post, comment }]) => {
        const read = (await reader.get(`/api/posts/${post.id}`)).data;
        assert.equal(read.title, text);
        assert.equal(read.excerpt, text);
        assert.equal(read.content, visible(text));
        const list = await reader.get(`/api/posts/${post.id}/comments`);
        const mine = list.data.items.find((c) => c.id === comment.id);
        assert.equal(mine.content, visible(text));
        for (const { name, attributes } of elementsOf(
          read.contentHtml + mine.contentHtml,
        )) {
          assert.ok(!wild.test(name), `${name} of ${text}`);
          for (const [key, value] of Object.entries(attributes)) {
            assert.ok(!/^(on|style)/.test(key), `${key} of ${text}`);
            assert.ok(
              !/^(javascript|data):/i.test(value),
              `${value} of ${text}`,
            );
          }
        }
      });
    });

    it("changes each by edits, byte for byte", async () => {
      const post = await people.post(author);
      for (const text of strings) {
        const edit = await author.patch(`/api/posts/${post.id}`, {
          title: text,
          excerpt: text,
          content: visible(text),
        });
        assert.equal(edit.status, 200, `${text}: ${edit}`);
        assert.equal(edit.data.title, text);
        assert.equal(edit.data.content, visible(text));
      }
    });

    it("shows each on pages as text, with no element of its own", async () => {
      const plain = await people.post(author, {
        title: "harmless",
        content: "harmless\n\nand `harmless` again",
        excerpt: "harmless",
      });
      await people.comment(author, plain, visible("harmless"));
      const wanted = skeleton((await reader.page(`/post/${plain.slug}`)).text);
      await each([...posts], 4, async ([text, { post }]) => {
        const page = await reader.page(`/post/${post.slug}`);
        assert.equal(page.status, 200, `${text}: ${page.status}`);
        const got = skeleton(page.text);
        const extra = got.filter(
          (item) => wild.test(item.split(" ")[0]) && !wanted.includes(item),
        );
        assert.deepEqual(extra, [], `new elements for ${text}`);
        assert.equal(
          got.filter((item) => /\bon\w+/.test(item)).length,
          0,
          `a handler for ${text}`,
        );
        const titles = elementsOf(page.text).filter((e) => e.name === "h1");
        assert.equal(textOf(page.text, titles[0]), closed(text));
      });
    });

    it("shows each in lists, the editor and the search form", async () => {
      await each(strings, 4, async (text) => {
        const found = await reader.page(
          `/search?q=${encodeURIComponent(text)}`,
        );
        assert.ok(found.status < 500, `${text}: ${found.status}`);
        const fields = elementsOf(found.text).filter(
          (e) => e.name === "input" && e.attributes.id === "q",
        );
        if (found.status === 200)
          assert.equal(fields[0].attributes.value, text, text);
        const { post } = posts.get(text);
        const editor = await author.page(`/post/${post.slug}/edit`);
        assert.equal(editor.status, 200);
        const title = elementsOf(editor.text).find(
          (e) => e.attributes.id === "title",
        );
        assert.equal(title.attributes.value, text);
        const area = elementsOf(editor.text).find(
          (e) => e.attributes.id === "content",
        );
        assert.equal(textOf(editor.text, area), visible(text));
      });
    });

    it("takes each as a query, a path and a name, with no harm", async () => {
      const guest = people.guest();
      await each(strings, 4, async (text) => {
        guest.ip = people.guest().ip;
        const word = encodeURIComponent(text);
        for (const path of [
          `/api/search?q=${word}`,
          `/api/posts?tag=${word}`,
          `/api/posts?author=${word}`,
          `/api/posts/${word}`,
          `/api/users/${word}`,
          `/api/users/check-username?username=${word}`,
          `/post/${word}`,
          `/profile/${word}`,
          `/tag/${word}`,
        ]) {
          const answer = await guest.get(path, { check: false });
          assert.ok(answer.status < 500, `${answer}`);
        }
      });
    });

    it("refuses each as a user name and as an address", async () => {
      await each(strings, 4, async (text) => {
        const guest = people.guest();
        const answer = await guest.post("/api/auth/register", {
          email: text,
          username: text,
          password: text.padEnd(12, "x"),
          agreeToTerms: true,
        });
        const known = [400, 409, 422];
        assert.ok(known.includes(answer.status), `${text}: ${answer}`);
      });
    });

    it("logs in with each as a password, where it is one", async () => {
      await each(strings.slice(0, 24), 4, async (text) => {
        const words = text.padEnd(12, "x");
        const name = freshName("odd");
        const email = `${name}@example.org`;
        const fields = { email, username: name, password: words };
        const made = await people.ask(fields);
        if (made.status !== 201) return;
        const done = await people.guest().post("/api/auth/verify-email", {
          username: name,
          code: await codeOf(stack, email),
        });
        assert.equal(done.status, 200, `${text}: ${done}`);
        const login = await people
          .guest()
          .post("/api/auth/login", { email, password: words });
        assert.equal(login.status, 200, `${text}: ${login}`);
      });
    });

    it("left the tables as they were", async () => {
      assert.ok((await stack.value`SELECT count(*) FROM users`) > 0);
      assert.ok((await stack.value`SELECT count(*) FROM posts`) > 0);
    });
  });
