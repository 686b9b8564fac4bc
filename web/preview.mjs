// Looks at every page with sample data, without the server: npm mustache in
// place of the core's engine. For developers; nothing of this is shipped.
//
//   node preview.mjs            screenshots to /tmp/web-shots, axe on each page
//   node preview.mjs --serve N  serves the pages on port N (GET only)
//   node preview.mjs post home  only these pages
import { createServer } from "node:http";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import Mustache from "mustache";
import { pages } from "./preview-data.mjs";

const root = dirname(fileURLToPath(import.meta.url));
const asset = JSON.parse(readFileSync(join(root, "dist/manifest.json")));
const types = {
  ".css": "text/css",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
  ".ico": "image/x-icon",
  ".webmanifest": "application/manifest+json",
  ".html": "text/html",
  ".txt": "text/plain",
  ".json": "application/json",
};
const policy =
  "default-src 'self'; img-src 'self'; object-src 'none'; " +
  "frame-src https://www.youtube-nocookie.com; base-uri 'none'; " +
  "form-action 'self'; frame-ancestors 'none'";

const template = (name) =>
  readFileSync(join(root, "pages", `${name}.html`), "utf8").replace(
    /@(isolated|typed)/g,
    "",
  );

/** The core's second rendering of times: createdAt@date beside createdAt. */
function dated(value) {
  if (Array.isArray(value)) return value.map(dated);
  if (!value || typeof value !== "object") return value;
  const out = {};
  for (const [key, member] of Object.entries(value)) {
    out[key] = dated(member);
    if (typeof member === "string" && /^\d{4}-\d\d-\d\dT/.test(member))
      out[`${key}@date`] = new Intl.DateTimeFormat("en-GB", {
        dateStyle: "medium",
        timeZone: "UTC",
      }).format(new Date(member));
  }
  return out;
}

export function render(name, theme) {
  const page = pages[name];
  const data = dated({
    site: { name: "Sparkle Universe", url: "https://sparkle.example" },
    page: {},
    csrf: "csrf",
    theme,
    requestId: "01J0SAMPLE",
    path: "/",
    pathEncoded: "%2F",
    year: 2026,
    ...page.data,
  });
  data.asset = asset;
  const content = Mustache.render(template(page.template), data, template);
  return Mustache.render(template("layout"), { ...data, content }, template);
}

function answer(request, response) {
  const url = new URL(request.url, "http://x");
  const file = join(root, "dist", url.pathname);
  response.setHeader("Content-Security-Policy", policy);
  if (extname(file) && existsSync(file)) {
    response.setHeader("Content-Type", types[extname(file)] ?? "text/plain");
    return response.end(readFileSync(file));
  }
  if (url.pathname === "/api/openapi.json" && pages["api-docs"].openapi)
    return response.end(JSON.stringify(pages["api-docs"].openapi));
  const name = url.pathname.slice(1);
  if (!pages[name]) return response.writeHead(404).end("{}");
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.end(render(name, url.searchParams.get("theme") ?? "dark"));
}

async function axe(page, label) {
  const source = join(root, "node_modules/axe-core/axe.min.js");
  await page.evaluate(readFileSync(source, "utf8"));
  const { violations } = await page.evaluate(() => window.axe.run());
  for (const v of violations)
    console.log(
      `AXE ${label}: ${v.id}: ${v.help}\n` +
        v.nodes
          .slice(0, 3)
          .map(
            (n) =>
              `    ${n.html.slice(0, 140)}\n    ${n.any[0]?.message ?? ""}`,
          )
          .join("\n"),
    );
  return violations.length;
}

async function look(browser, base, name) {
  let faults = 0;
  for (const theme of ["dark", "light"])
    for (const width of [360, 1280]) {
      const page = await browser.newPage({
        viewport: { width, height: width === 360 ? 720 : 860 },
        reducedMotion: "reduce",
      });
      const label = `${name}-${theme}-${width}`;
      page.on("pageerror", (e) => console.log(`ERROR ${label}: ${e}`));
      page.on("console", (m) => {
        if (m.type() === "error" && !/404/.test(m.text()))
          console.log(`CONSOLE ${label}: ${m.text()}`);
      });
      await page.goto(`${base}/${name}?theme=${theme}`);
      await page.evaluate(() => document.fonts.ready);
      await page.waitForTimeout(60);
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth - innerWidth,
      );
      if (wide > 0) console.log(`WIDE ${label}: ${wide}px too wide`);
      await page.screenshot({
        path: `/tmp/web-shots/${label}.png`,
        fullPage: true,
      });
      faults += await axe(page, label);
      await page.close();
    }
  return faults;
}

function sizes(names) {
  const size = (path) => readFileSync(join(root, "dist", path) + ".gz").length;
  const rest = size(asset.css) + size(asset.js);
  for (const name of names) {
    const html = gzipSync(render(name, "dark")).length;
    console.log(
      `${name}: html ${html} + css and js ${rest} = ` +
        `${html + rest} bytes packed`,
    );
  }
}

const server = createServer(answer);
const serve = process.argv.indexOf("--serve");
if (serve > 0) {
  server.listen(Number(process.argv[serve + 1]), "127.0.0.1");
} else {
  const { chromium } = await import("playwright-core");
  mkdirSync("/tmp/web-shots", { recursive: true });
  await new Promise((go) => server.listen(0, "127.0.0.1", go));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  const asked = process.argv.slice(2);
  const names = asked.length ? asked : Object.keys(pages);
  let faults = 0;
  for (const name of names)
    faults += await look(
      browser,
      `http://127.0.0.1:${server.address().port}`,
      name,
    );
  await browser.close();
  server.close();
  sizes(names);
  console.log(`${names.length} pages, ${faults} axe violations`);
  process.exitCode = faults ? 1 : 0;
}
