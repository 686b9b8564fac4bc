// Dates near to now in words, big numbers short, and what only the owner sees.
import { dress } from "./dom.js";

const lang = document.documentElement.lang || "en";
const near = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
const full = new Intl.DateTimeFormat(lang, {
  dateStyle: "long",
  timeStyle: "short",
});
const short = new Intl.NumberFormat(lang, {
  notation: "compact",
  maximumFractionDigits: 1,
});
const spans = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

/** "3 hours ago" within a week, else null. Both in milliseconds. */
export function ago(then, now) {
  const past = (now - then) / 1000;
  if (!(past < 7 * 86400) || past < -60) return null;
  for (const [unit, size] of spans)
    if (past >= size) return near.format(-Math.floor(past / size), unit);
  return near.format(0, "minute");
}

/** Seconds as 1:05 or 1:02:03. */
export function clock(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const tail = String(seconds % 60).padStart(2, "0");
  if (!parts[0]) return `${parts[1]}:${tail}`;
  return `${parts[0]}:${String(parts[1]).padStart(2, "0")}:${tail}`;
}

function dates(root) {
  for (const node of root.querySelectorAll("time[datetime]")) {
    const then = Date.parse(node.dateTime);
    if (Number.isNaN(then)) continue;
    const words = ago(then, Date.now());
    if (words) node.textContent = words;
    node.title = full.format(then);
  }
}

function numbers(root) {
  for (const node of root.querySelectorAll(".n")) {
    const n = Number(node.textContent);
    if (n >= 1000) node.textContent = short.format(n);
  }
  for (const node of root.querySelectorAll("[data-seek]"))
    node.lastChild.textContent = clock(Number(node.dataset.seek));
}

function owners(root) {
  const { viewer } = document.documentElement.dataset;
  for (const node of root.querySelectorAll("[data-own]"))
    node.hidden = node.dataset.own !== viewer;
  for (const node of root.querySelectorAll("[data-not-own]"))
    node.hidden = node.dataset.notOwn === viewer;
}

/** What overflows must be reachable by keyboard. */
function scrollers(root) {
  for (const node of root.querySelectorAll(".prose :is(pre, table)"))
    if (node.scrollWidth > node.clientWidth) node.tabIndex = 0;
  for (const box of root.querySelectorAll(".prose li > input[type=checkbox]"))
    box.setAttribute("aria-label", box.parentNode.textContent.trim());
}

/** Dresses the page now and each part that comes later. */
export function words() {
  dress(dates);
  dress(numbers);
  dress(owners);
  dress(scrollers);
}
