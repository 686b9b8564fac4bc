// Chromium, and what every page of a test is watched for: script errors,
// broken policy, failed requests.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { freshAddress } from "../lib/client.mjs";
import { output } from "../lib/stack.mjs";
import { stack } from "../lib/suite.mjs";

/** Pictures of pages, for people to look at. */
export const shots = join(output, "screenshots");

let browser;

export async function launch() {
  rmSync(shots, { recursive: true, force: true });
  mkdirSync(shots, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-dev-shm-usage",
      // A context's ignoreHTTPSErrors does not count for service workers.
      "--ignore-certificate-errors",
    ],
  });
}

export const quit = () => browser?.close();

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
);

/** What axe-core finds in a page as it is now, in words; but for some rules. */
export async function axe(page, except = []) {
  // Run by the devtools' own way in, which the page's policy does not bind.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate((rules) => {
    const off = rules.map((rule) => [rule, { enabled: false }]);
    return window.axe.run({ rules: Object.fromEntries(off) });
  }, except);
  return violations.map(
    (v) =>
      `${v.id}: ${v.help}\n` +
      v.nodes
        .slice(0, 3)
        .map((n) => `  ${n.html.slice(0, 160)} ${n.any[0]?.message ?? ""}`)
        .join("\n"),
  );
}

/** By how many pixels a page is wider than its window. */
export const tooWide = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

/** Told by the page itself, before anything of it runs. */
function watchPolicy() {
  window.violations = [];
  addEventListener("securitypolicyviolation", (event) =>
    window.violations.push(
      `${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}`,
    ),
  );
}

/** A person with a browser of its own; `faults` is what went wrong. */
export class Visitor {
  static async enter({
    width = 1280,
    theme,
    scheme,
    name,
    reduced = true,
  } = {}) {
    const visitor = new Visitor();
    visitor.faults = [];
    visitor.expected = [];
    visitor.context = await browser.newContext({
      baseURL: stack.url,
      ignoreHTTPSErrors: true,
      viewport: { width, height: width < 600 ? 740 : 860 },
      colorScheme: scheme,
      reducedMotion: reduced ? "reduce" : "no-preference",
      extraHTTPHeaders: { "X-Forwarded-For": freshAddress() },
    });
    await visitor.context.addInitScript(watchPolicy);
    if (theme) await visitor.setTheme(theme);
    visitor.page = await visitor.context.newPage();
    visitor.watch();
    visitor.name = name;
    return visitor;
  }

  setTheme(theme) {
    return this.context.addCookies([
      { name: "theme", value: theme, url: stack.url, secure: true },
    ]);
  }

  /** The session of an HTTP client, so that nobody types a password again. */
  takeSession(client) {
    const value = client.cookies.get("__Host-session");
    return this.context.addCookies([
      {
        name: "__Host-session",
        value,
        url: `${stack.url}/`,
        secure: true,
        httpOnly: true,
        sameSite: "Lax",
      },
    ]);
  }

  watch() {
    const { page } = this;
    page.on("pageerror", (error) => this.faults.push(`script: ${error}`));
    page.on("console", (message) => {
      if (message.type() !== "error") return;
      // The network's failures are told below, with their addresses.
      if (/Failed to load resource/.test(message.text())) return;
      this.faults.push(`console: ${message.text()}`);
    });
    page.on("response", (response) => {
      const known = this.expected.some((path) => response.url().includes(path));
      if (response.status() >= 400 && !known)
        this.faults.push(`${response.status()}: ${response.url()}`);
    });
  }

  /** Addresses whose refusal the test is about. */
  expect(...paths) {
    this.expected.push(...paths);
  }

  async go(path) {
    const response = await this.page.goto(path);
    await this.page.evaluate(() => document.fonts.ready);
    return response;
  }

  /** Waits until every button and form that was used has its answer. */
  async settle() {
    await this.page.waitForFunction(
      () => !document.querySelector("[data-busy]"),
    );
  }

  async checkFaults() {
    const violations = await this.page.evaluate(() => window.violations ?? []);
    assert.deepEqual([...this.faults, ...violations], []);
  }

  leave() {
    return this.context.close();
  }
}
