// Renders the PNG icons and the share image into ../static from the drawings.
// Run by hand when a drawing changes; the PNGs are committed.
import { chromium } from "playwright-core";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
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

async function shot(markup, width, height, name, url) {
  const page = await browser.newPage({ viewport: { width, height } });
  if (url) await page.goto(url);
  await page.setContent(markup, { waitUntil: "load" });
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({
    path: here(`../static/${name}`),
    omitBackground: true,
  });
  await page.close();
}

const svg = (file, size) =>
  `<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>` +
  readFileSync(here(file), "utf8");

for (const size of [192, 512])
  await shot(
    svg("../static/favicon.svg", size),
    size,
    size,
    `icon-${size}x${size}.png`,
  );
await shot(
  svg("icon-maskable.svg", 512),
  512,
  512,
  "icon-maskable-512x512.png",
);
await shot(svg("icon-maskable.svg", 180), 180, 180, "apple-touch-icon.png");
await shot(svg("../static/favicon.svg", 32), 32, 32, "favicon-32x32.png");

// An .ico may hold a PNG: a header of 22 bytes about it.
const png = readFileSync(here("../static/favicon-32x32.png"));
const head = Buffer.from([
  0, 0, 1, 0, 1, 0, 32, 32, 0, 0, 1, 0, 32, 0, 0, 0, 0, 0, 22, 0, 0, 0,
]);
head.writeUInt32LE(png.length, 14);
writeFileSync(here("../static/favicon.ico"), Buffer.concat([head, png]));

const art = readFileSync(here("../pages/site/hero-art.html"), "utf8").replace(
  'width="420" height="360"',
  'width="580" height="500"',
);
const og = readFileSync(here("og-image.html"), "utf8").replace("ART", art);
writeFileSync(here("og-tmp.html"), og);
const page = await browser.newPage({ viewport: { width: 1200, height: 630 } });
await page.goto(new URL("og-tmp.html", import.meta.url).href);
await page.evaluate(() => document.fonts.ready);
await page.screenshot({ path: here("../static/og-image.png") });
await browser.close();
(await import("node:fs")).unlinkSync(here("og-tmp.html"));
