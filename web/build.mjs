// Builds web/dist from web/{css,js,icons.svg,static} and the Inter font.
//
//   node build.mjs           writes web/dist
//   node build.mjs --check   fails when web/dist is not what would be written
//
// dist/assets/   hashed names, immutable, served at /assets/
// dist/error/    pages for nginx to show when everything behind is down
// dist/*         served at /: icons, web manifest, robots.txt
// dist/manifest.json   what templates know as {{asset.*}}
//
// The same input gives the same bytes: no times, no absolute paths.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, "dist");
const font = join(root, "node_modules/@fontsource-variable/inter");
const targets = ["chrome123", "firefox121", "safari17.5"];
const packed = /\.(css|js|svg|html|txt|json|webmanifest|ico)$/;

/** Static error pages: status, title, message. */
const errors = [
  [
    403,
    "This is not for you",
    "You do not have the right to see this. Perhaps you are signed in as somebody else?",
  ],
  [
    404,
    "Lost in space",
    "There is nothing at this address. It may have moved, or never have been.",
  ],
  [
    413,
    "Too big",
    "What you sent is larger than we can take. Try something smaller.",
  ],
  [
    429,
    "A little slower, please",
    "Too many requests came from your address. Wait a minute and try again.",
  ],
  [
    500,
    "Something broke",
    "The fault is ours, and it has been written down. Please try again.",
  ],
  [502, "Just a moment", "The site is restarting. Try again in a few seconds."],
  [
    503,
    "Back in a moment",
    "The site is busy or being looked after. Try again shortly.",
  ],
  [
    504,
    "That took too long",
    "The answer did not come in time. Please try again.",
  ],
];

const hash = (bytes) =>
  createHash("sha256").update(bytes).digest("hex").slice(0, 10);

const out = new Map();

function asset(name, ext, bytes) {
  const file = `assets/${name}-${hash(bytes)}.${ext}`;
  out.set(file, Buffer.from(bytes));
  return `/${file}`;
}

async function styles(fontUrl) {
  const result = await build({
    entryPoints: [join(root, "css/app.css")],
    bundle: true,
    minify: true,
    write: false,
    target: targets,
    external: ["*.woff2"],
    legalComments: "none",
    logLevel: "warning",
  });
  const css = result.outputFiles[0].text.replace("inter.woff2", fontUrl);
  return asset("app", "css", css);
}

async function scripts() {
  const result = await build({
    entryPoints: [join(root, "js/app.js")],
    bundle: true,
    format: "esm",
    minify: true,
    write: false,
    target: targets,
    legalComments: "none",
    logLevel: "warning",
  });
  return asset("app", "js", result.outputFiles[0].contents);
}

function statics() {
  for (const name of readdirSync(join(root, "static")).sort())
    if (statSync(join(root, "static", name)).isFile())
      out.set(name, readFileSync(join(root, "static", name)));
}

function errorPages(css) {
  const page = readFileSync(join(root, "static/error/page.html"), "utf8");
  for (const [status, title, message] of errors) {
    const values = { status, title, message, css };
    const html = page.replace(/\{\{(\w+)\}\}/g, (_, name) => values[name]);
    out.set(`error/${status}.html`, Buffer.from(html));
  }
}

function pack() {
  for (const [name, bytes] of [...out]) {
    if (!packed.test(name) || name === "manifest.json") continue;
    // nginx reads error pages through SSI: it cannot do that packed.
    if (name.startsWith("error/")) continue;
    const small = gzipSync(bytes, { level: 9 });
    // Byte 9 names the system that packed; the same everywhere, please.
    small[9] = 255;
    out.set(`${name}.gz`, small);
  }
}

function walk(dir) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      relative(dir, join(entry.parentPath ?? entry.path, entry.name)),
    );
}

/** What is packed may be packed by another zlib: the content counts. */
function same(name, a, b) {
  if (!name.endsWith(".gz")) return a.equals(b);
  return gunzipSync(a).equals(gunzipSync(b));
}

function check() {
  const wrong = walk(dist).filter((name) => !out.has(name));
  for (const [name, bytes] of out) {
    const file = join(dist, name);
    if (!existsSync(file) || !same(name, readFileSync(file), bytes))
      wrong.push(name);
  }
  if (!wrong.length) return;
  console.error(`web/dist is stale: ${wrong.join(", ")}\nrun: npm run build`);
  process.exit(1);
}

function write() {
  rmSync(dist, { recursive: true, force: true });
  for (const [name, bytes] of out) {
    mkdirSync(dirname(join(dist, name)), { recursive: true });
    writeFileSync(join(dist, name), bytes);
  }
}

const inter = readFileSync(join(font, "files/inter-latin-wght-normal.woff2"));
const fontUrl = asset("inter", "woff2", inter);
out.set("assets/inter-LICENSE.txt", readFileSync(join(font, "LICENSE")));
const css = await styles(fontUrl);
const js = await scripts();
const icons = asset("icons", "svg", readFileSync(join(root, "icons.svg")));
statics();
errorPages(css);
out.set(
  "manifest.json",
  Buffer.from(
    JSON.stringify({ css, js, icons, font: fontUrl }, null, 2) + "\n",
  ),
);
pack();
if (process.argv.includes("--check")) check();
else write();
