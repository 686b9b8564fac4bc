// "Load more": a plain link or form to the next page, whose items are
// appended here instead. data-more="#feed" names the list.
import { dressed, page, say } from "./dom.js";
import { text } from "./text.js";

function target(more) {
  if (more.tagName === "A") return more.href;
  const query = new URLSearchParams(new FormData(more));
  return `${more.action}?${query}`;
}

async function load(more) {
  const control = more.querySelector("button") ?? more;
  control.setAttribute("aria-busy", "true");
  const next = await page(target(more));
  const list = document.querySelector(more.dataset.more);
  const items = next?.querySelector(more.dataset.more)?.children;
  if (!items || !list) return location.assign(target(more));
  const fresh = [...items];
  const after = next.querySelector(`[data-more="${more.dataset.more}"]`);
  list.append(...fresh);
  const box = more.closest(".more");
  if (after) more.replaceWith(after);
  else box.remove();
  dressed(list);
  const first = fresh[0]?.querySelector("a[href], button");
  first?.focus({ preventScroll: true });
  say(text.loaded);
}

/** Starts to listen. */
export function more() {
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-more]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    load(link);
  });
  addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-more]")) return;
    event.preventDefault();
    load(event.target);
  });
}
