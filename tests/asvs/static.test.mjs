// What can be read in the sources: pages, scripts, the site, the manual.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { top } from "../lib/stack.mjs";
import { contract } from "../lib/suite.mjs";

const read = (path) => readFileSync(join(top, path), "utf8");
const below = (path, pattern) =>
  readdirSync(join(top, path), { recursive: true })
    .filter((name) => pattern.test(name))
    .map((name) => [join(path, name), read(join(path, name))]);

const scripts = () => [
  ...below("web/js", /\.js$/),
  ...below("web/static", /\.js$/),
];
const pages = () => below("web/pages", /\.html$/);

export default () =>
  describe("sources", () => {
    it("write text as text: no script makes HTML of it", () => {
      // The preview shows what the server rendered and sanitised.
      const fine = {
        "web/js/editor.js": ["out.innerHTML = data.contentHtml;"],
      };
      for (const [file, text] of scripts())
        for (const line of text.split("\n")) {
          if (fine[file]?.includes(line.trim())) continue;
          assert.doesNotMatch(
            line,
            /\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function)/,
            file,
          );
        }
    });

    it("listen to no other window", () => {
      for (const [file, text] of scripts())
        assert.doesNotMatch(
          text,
          /addEventListener\(\s*"message"|onmessage/,
          file,
        );
    });

    it("have no inline script or style in a page, and no plug-in", () => {
      for (const [file, text] of pages()) {
        assert.doesNotMatch(text, /\son[a-z]+\s*=|\sstyle\s*=/i, file);
        assert.doesNotMatch(text, /<(object|embed|applet)\b/i, file);
        assert.doesNotMatch(text, /<script(?![^>]*(src=|ld\+json))/i, file);
      }
    });

    it("mask every password, and let managers fill it in", () => {
      let n = 0;
      for (const [file, text] of pages())
        for (const [input] of text.matchAll(/<input[^>]*>/g)) {
          if (!/name="[a-zA-Z]*password"/i.test(input)) continue;
          n++;
          assert.match(input, /type="password"/, `${file}: ${input}`);
          assert.match(input, /autocomplete="(current|new)-password"/, input);
          assert.doesNotMatch(
            input,
            /maxlength="([0-9]|[0-9]{2})"|readonly/,
            input,
          );
        }
      assert.ok(n >= 4);
    });

    it("cut no code that is pasted with blanks", () => {
      const inputs = [...pages()].flatMap(([file, text]) =>
        [...text.matchAll(/<input[^>]*>/g)].map(([input]) => [file, input]),
      );
      const codes = inputs.filter(([, input]) =>
        /one-time-code|name="(?:\w*[cC]ode)"/.test(input),
      );
      assert.ok(codes.length >= 6);
      for (const [file, input] of codes) {
        const [, most = "100"] = /maxlength="(\d+)"/.exec(input) ?? [];
        assert.ok(Number(most) >= 100, `${file}: ${input}`);
        assert.doesNotMatch(input, /pattern=/, `${file}: ${input}`);
      }
      assert.match(read("web/js/again.js"), /one-time-code",\s+maxlength: "100"/);
    });

    // tests/ops/life.sh holds what --hsts-subdomains does.
    it("send HSTS for two years, sub-domains too where setup is told so", () => {
      const [, hsts] = /^hsts=(.*)$/m.exec(read("nginx/values"));
      assert.ok(Number(/max-age=(\d+)/.exec(hsts)[1]) >= 365 * 86400);
      assert.match(read("install/setup.in"), /--hsts-subdomains\) hsts=yes/);
    });

    it("change nothing by GET", () => {
      for (const [path, operations] of Object.entries(contract.document.paths))
        for (const method of Object.keys(operations))
          if (method === "get")
            assert.equal(operations.get.requestBody, undefined, path);
    });

    it("ask for no hint and no secret question", () => {
      const text = JSON.stringify(contract.document);
      assert.doesNotMatch(
        text,
        /"(passwordHint|secretQuestion|securityAnswer)"/i,
      );
      for (const [file, page] of pages())
        assert.doesNotMatch(page, /mother's maiden|secret question/i, file);
    });

    it("have the manual tell ways in, limits, locks, sessions and rights", () => {
      const manual = read("install/man/sparkle.7");
      for (const part of [
        ...["Ways in", "Guessing", "Passwords", "Sessions", "Rights"],
      ])
        assert.match(manual, new RegExp(`^\\.Ss ${part}$`, "m"));
      for (const [what, file, pattern] of [
        ["5 in 15 minutes", "src/core/quota.c", /LIMIT\(auth, "5", "15m"/],
        ["at most 60 sessions", "sql/session.sql", /OFFSET (59|60)/],
        ["after a year in any case", "sql/session.sql", /1 year/],
      ]) {
        assert.ok(manual.replace(/\s+/g, " ").includes(what), what);
        assert.match(read(file), pattern, `${what}: ${file}`);
      }
    });

    it("have the manual tell the words that are no passwords", () => {
      const list = /site_words\[\] = \{([^}]*)\}/.exec(
        read("src/core/password_policy.c"),
      )[1];
      const words = [...list.matchAll(/"([a-z]+)"/g)].map((m) => m[1]);
      assert.ok(words.length >= 5);
      const manual = read("install/man/sparkle.7").replace(/\s+/g, " ");
      assert.ok(manual.includes(`these words: ${words.join(", ")}.`));
      const others = /phrases\[\] = \{([^}]*)\}/.exec(
        read("src/core/password_policy.c"),
      )[1];
      const phrases = others.match(/"([^"]+)"/g).map((w) => w.slice(1, -1));
      assert.equal(phrases.length, 9);
      assert.ok(manual.includes(`these phrases: ${phrases.join(", ")}.`));
    });

    it("lead to no other site after a login", async () => {
      const { localTarget } = await import(join(top, "web/js/local.js"));
      const site = "https://here.example";
      const at = (form) => localTarget(form.replace("HERE", site), site);
      const forms = JSON.parse(read("tests/data/local_targets.json"));
      for (const [form, to] of Object.entries(forms.local))
        assert.equal(at(form), to, form);
      for (const form of [...forms.elsewhere, ...forms.control])
        assert.equal(at(form), "/", form);
      assert.equal(at(`/${"a".repeat(1999)}`).length, 2000);
      assert.equal(at(`/${"a".repeat(2000)}`), "/");
    });
  });
