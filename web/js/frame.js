// The frame: theme, menus, the current page in the navigation, the bell.
import { send } from "./api.js";
import { text } from "./text.js";

const root = document.documentElement;

function isLight() {
  if (root.dataset.theme !== "system") return root.dataset.theme === "light";
  return matchMedia("(prefers-color-scheme: light)").matches;
}

function paintTheme() {
  for (const radio of document.querySelectorAll("[data-theme-picker] input"))
    radio.checked = radio.value === root.dataset.theme;
  const meta = document.querySelector('meta[name="theme-color"]');
  if (meta) meta.content = getComputedStyle(root).backgroundColor;
}

function setTheme(theme) {
  root.dataset.theme = theme;
  const age = 365 * 24 * 3600;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${theme}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
  paintTheme();
}

function themes() {
  paintTheme();
  addEventListener("change", (event) => {
    const radio = event.target;
    if (radio.closest?.("[data-theme-picker]")) setTheme(radio.value);
  });
  addEventListener("click", (event) => {
    if (event.target.closest?.("[data-theme-toggle]"))
      setTheme(isLight() ? "dark" : "light");
  });
}

function close(menu, focus) {
  menu.open = false;
  if (focus) menu.querySelector("summary").focus();
}

function menus() {
  addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(".menu[open]"))
      if (!menu.contains(event.target)) close(menu, false);
  });
  addEventListener("keydown", (event) => {
    const menu = document.querySelector(".menu[open]");
    if (event.key === "Escape" && menu) close(menu, true);
  });
}

function here() {
  for (const link of document.querySelectorAll(".site-nav a"))
    if (link.pathname + link.search === location.pathname + location.search)
      link.setAttribute("aria-current", "page");
}

function paintBell(badge, n) {
  badge.dataset.unread = n;
  badge.textContent = n > 99 ? "99+" : n;
  badge.parentNode.title = text.unread(n);
}

async function askBell(badge) {
  if (document.hidden) return;
  try {
    const data = await send("GET", "/api/notifications/unread-count");
    paintBell(badge, data.unread);
  } catch {
    // The bell may be late; the page must not mind.
  }
}

/** Asks once a minute, and only while somebody looks; at first where the page
    does not say. */
function bell() {
  const badge = document.querySelector("[data-unread]");
  if (!badge) return;
  const { unread } = badge.dataset;
  paintBell(badge, Number(unread) || 0);
  if (unread === "") askBell(badge);
  setInterval(() => askBell(badge), 60000);
  addEventListener("sent", (event) => {
    if (event.target.closest(".notice")) askBell(badge);
  });
}

/** A notification that is opened is read, whatever the next page does. */
function notices() {
  addEventListener("click", (event) => {
    const link = event.target.closest?.(".notice a[data-read-url]");
    if (!link || link.closest(".notice").dataset.read === "true") return;
    const token = document.querySelector('meta[name="csrf-token"]')?.content;
    fetch(link.dataset.readUrl, {
      method: "PUT",
      keepalive: true,
      headers: { "X-CSRF-Token": token ?? "" },
    });
  });
}

/** Sets all of it up. */
export function frame() {
  themes();
  menus();
  here();
  bell();
  notices();
}
