// Compares core/template with npm's mustache on random templates and data,
// and on every page of web/pages with its sample data.
//
//   node tests/mustache-oracle/oracle.mjs PROGRAM [PAIRS [SEED]]
//
// PROGRAM is mustache_oracle. npm's mustache must be in web/node_modules.
// Where npm's mustache is known to leave the specification, the generator
// stays away (see "Known"), and pairs in which a dotted name falls back to an
// outer context are counted as skipped.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";

const web = join(dirname(fileURLToPath(import.meta.url)), "../../web");
const Mustache = createRequire(join(web, "package.json"))("mustache");
const [program, pairs = "10000", seed = "1"] = process.argv.slice(2);

// ---- Chance, with a seed (mulberry32) --------------------------------------

let state = Number(seed) >>> 0;
function chance() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (n) => Math.floor(chance() * n);
const pick = (list) => list[below(list.length)];
const times = (n, make) => Array.from({ length: n }, make);

// ---- Data: the name says the type ------------------------------------------

const scalars = ["s", "t", "n", "z", "b", "c", "u", "x"];
const lists = ["l", "m"];
const objects = ["o", "p"];
const words = ["", "a", "<b>", "\"q\"", "it's", "a & b", "two\nlines", "{{s}}",
  "é✓😀", " ", "0", "false"];

const values = {
  s: () => pick(words),
  t: () => pick(words),
  n: () => below(2000) - 1000,
  z: () => pick([0, 0.5, 7]),
  b: () => chance() < 0.5,
  c: () => chance() < 0.5,
  u: () => null,
  o: (depth) => data(depth + 1),
  p: (depth) => data(depth + 1),
  l: (depth) => times(below(4), () => data(depth + 1)),
  m: () => times(below(4), () => pick(words)),
};

function data(depth) {
  const out = {};
  for (const [name, make] of Object.entries(values))
    if (chance() < 0.55 && (depth < 3 || scalars.includes(name)))
      out[name] = make(depth);
  return out;
}

// ---- Templates -------------------------------------------------------------
// Known: npm's mustache trims lines with two block tags, indents the second
// and further lines of partials that do not stand alone, and does not push
// `true` as a context. So lines that are not for one block tag begin with a
// letter, partials within a line have one line, and {{.}} stands only where
// a text is.

const blanks = () => pick(["", "", " ", "\t", "  "]);

class Maker {
  constructor(level) {
    this.level = level;
    this.open = "{{";
    this.close = "}}";
  }
  tag(sigil, name) {
    return `${this.open}${sigil}${blanks()}${name}${blanks()}${this.close}`;
  }
  name(from) {
    return chance() < 0.25
      ? `${pick(objects)}.${chance() < 0.2 ? "o." : ""}${pick(from)}` : pick(from);
  }
  variable(text) {
    const name = text && chance() < 0.5 ? "." : this.name(scalars);
    const form = below(4);
    if (form === 0)
      return `${this.open}{${blanks()}${name}${blanks()}}${this.close}`;
    return this.tag(form === 1 ? "&" : "", name);
  }
  /** A section around what `body` makes, told whether {{.}} is a text. */
  section(depth, text, body, whole) {
    const name = this.name([...scalars, ...lists, ...objects]);
    const sigil = chance() < 0.7 ? "#" : "^";
    const last = name.split(".").pop();
    const inner = sigil === "#" && ["s", "t", "n", "m"].includes(last);
    const from = this.tag(sigil, name);
    const before = whole();
    const middle = body(depth + 1, sigil === "^" ? text : inner);
    return `${before}${from}${whole("end")}${middle}` +
      `${whole()}${this.tag("/", name)}${whole("end")}`;
  }
  piece(depth, text) {
    const kind = below(10);
    if (kind < 4) return this.variable(text);
    if (kind < 6 && depth < 4)
      return this.section(depth, text, (d, t) => `i${this.inline(d, t)}`, () => "");
    if (kind === 6) return this.tag("!", pick(["note", "two\nlines", "a = b"]));
    if (kind === 7 && this.level < 2) return this.tag(">", pick(this.level === 0 ? ["q0", "q1", "none"] : ["q0", "q1"]));
    return pick([" ", "w", "<i>", "{ ", "} ", "\"", "&amp;", "\nv", "  "]);
  }
  inline(depth, text) {
    return times(below(4), () => this.piece(depth, text)).join("");
  }
  line(depth, text, end) {
    const kind = below(12);
    const alone = (what) => what === "end"
      ? pick(["", "", " ", "\t"]) + end : pick(["", "", " ", "  ", "\t"]);
    if (kind < 5) return `${blanks()}y${this.inline(depth, text)}${end}`;
    if (kind < 8 && depth < 4)
      return this.section(depth, text, (d, t) => this.lines(d, t, end), alone);
    if (kind === 8) return `${blanks()}${this.tag("!", "c")}${alone("end")}`;
    if (kind === 9 && this.level < 3)
      return `${blanks()}${this.tag(">", `p${this.level + below(3 - this.level)}`)}` +
        alone("end");
    if (kind === 10) return `${blanks()}${this.delimiters()}${alone("end")}`;
    return pick(["", " "]) + end;
  }
  delimiters() {
    const [open, close] = pick([["{{", "}}"], ["<%", "%>"], ["[", "]"], ["|", "|"]]);
    const tag = `${this.open}=${blanks()}${open} ${close}${blanks()}=${this.close}`;
    this.open = open;
    this.close = close;
    return tag;
  }
  lines(depth, text, end) {
    return times(below(4), () => this.line(depth, text, end)).join("");
  }
  whole() {
    const end = chance() < 0.8 ? "\n" : "\r\n";
    const source = this.lines(0, false, end) + this.line(0, false, end);
    return chance() < 0.3 && source.endsWith(end) ? source.slice(0, -end.length) : source;
  }
}

function pair() {
  const partials = {};
  for (const i of [0, 1, 2]) partials[`p${i}`] = new Maker(i + 1).whole();
  for (const i of [0, 1]) {
    const maker = new Maker(2);
    partials[`q${i}`] = `k${maker.variable(false)}${maker.variable(false)}`;
  }
  return { template: new Maker(0).whole(), partials, data: data(0) };
}

// ---- The oracle ------------------------------------------------------------

let fellBack = false;
const lookup = Mustache.Context.prototype.lookup;
Mustache.Context.prototype.lookup = function (name) {
  const found = lookup.call(this, name);
  if (name.indexOf(".") > 0) {
    const parts = name.split(".");
    let value = lookup.call(this, parts[0]);
    for (const part of parts.slice(1))
      value = value !== null && typeof value === "object" ? value[part] : undefined;
    if ((value ?? null) !== (found ?? null)) fellBack = true;
  }
  return found;
};

/** It escapes / = and ` too. */
const normal = (html) => html.replaceAll("&#x2F;", "/")
  .replaceAll("&#x3D;", "=").replaceAll("&#x60;", "`");

function expected({ template, partials, data }) {
  fellBack = false;
  Mustache.clearCache();
  return normal(Mustache.render(template, data, partials));
}

/** Partials within lines, again: real pages are compared without indentation. */
const shape = (html, loose) => loose ? html?.replace?.(/\n[ \t]+/g, "\n") : html;

/** Every page and what web/preview-data.mjs has for it, in its layout. */
async function realPages() {
  const { pages } = await import(pathToFileURL(join(web, "preview-data.mjs")));
  const partials = {};
  for (const file of readdirSync(join(web, "pages"), { recursive: true }))
    if (file.endsWith(".html"))
      partials[file.slice(0, -5)] = readFileSync(join(web, "pages", file), "utf8");
  return Object.entries(pages).flatMap(([name, page]) => {
    const data = { theme: "dark", year: 2026, page: {}, site: { name: "<S>" },
      content: `<b>${name}</b>`, ...page.data };
    return [partials[page.template], partials.layout].map(
      (template) => ({ template, partials, data, loose: true }));
  });
}

const asked = [...await realPages(), ...times(Number(pairs), pair)];
const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
let passed = 0, failed = 0, skipped = 0;
for (const one of asked) {
  child.stdin.write(`${JSON.stringify(one)}\n`);
  const { value: line } = await answers.next();
  const rendered = line === undefined ? undefined : JSON.parse(line);
  const wanted = shape(expected(one), one.loose);
  if (fellBack) skipped++;
  else if (shape(rendered, one.loose) === wanted) passed++;
  else if (++failed <= 5)
    console.log(JSON.stringify({ ...one, wanted, rendered }, null, 1));
  if (line === undefined) break;
}
child.stdin.end();
console.log(`mustache-oracle: ${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 || passed < asked.length / 2 ? 1 : 0);
