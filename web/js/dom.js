// Small helpers over the document.

/** Tells everybody, screen readers too; goes away by itself. */
let timer;
export function say(words) {
  const toast = document.getElementById("toast");
  if (!toast) return;
  toast.textContent = words;
  clearTimeout(timer);
  timer = setTimeout(() => (toast.textContent = ""), 5000);
}

/** An element with attributes and children; text is always text. */
export function make(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined && value !== false)
      node.setAttribute(key, value === true ? "" : value);
  node.append(...children);
  return node;
}

/** Asks by a dialog; resolves to true when the person goes on. */
export function ask(question, yes, no) {
  const cancel = make("button", { class: "button quiet", value: "" }, no);
  const go = make("button", { class: "button danger", value: "yes" }, yes);
  const dialog = make(
    "dialog",
    { "aria-labelledby": "ask" },
    make("p", { id: "ask" }, question),
    make("form", { method: "dialog", class: "row" }, cancel, go),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    }),
  );
}

/** The page at `url` as a document, or null. */
export async function page(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    if (!answer.ok) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return null;
  }
}

const dressers = [];

/** Registers work for each new piece of the page, the first included. */
export function dress(fn) {
  dressers.push(fn);
  fn(document);
}

/** Tells the registered work that `root` came into the page. */
export function dressed(root) {
  for (const fn of dressers) fn(root);
}
