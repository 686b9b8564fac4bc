// The editor: tools and preview. Its draft is kept by drafts.js.
import { send } from "./api.js";
import { dressed } from "./dom.js";
import { text } from "./text.js";

const tools = {
  bold: ["**", "**"],
  italic: ["*", "*"],
  code: ["`", "`"],
  link: ["[", "](https://)"],
  heading: ["\n## ", ""],
  quote: ["\n> ", ""],
  list: ["\n- ", ""],
};

/** Puts the tool's marks about the selection, and selects what was inside.
    execCommand keeps the browser's undo; setRangeText is the net. */
function apply(area, [before, after]) {
  const { selectionStart: from, selectionEnd: to, value } = area;
  let open = before;
  if (open.startsWith("\n") && (from === 0 || value[from - 1] === "\n"))
    open = open.slice(1);
  const inner = value.slice(from, to);
  area.focus();
  const whole = open + inner + after;
  if (!document.execCommand("insertText", false, whole))
    area.setRangeText(whole, from, to, "end");
  area.setSelectionRange(from + open.length, from + open.length + inner.length);
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

function toolbar(form, area) {
  for (const button of form.querySelectorAll("[data-tool]"))
    button.addEventListener("click", () =>
      apply(area, tools[button.dataset.tool]),
    );
  area.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const name = { b: "bold", i: "italic", k: "link" }[event.key.toLowerCase()];
    if (!name) return;
    event.preventDefault();
    apply(area, tools[name]);
  });
}

async function preview(area, out) {
  if (!area.value.trim()) return (out.textContent = text.nothing);
  out.setAttribute("aria-busy", "true");
  try {
    const data = await send("POST", "/api/posts/preview", {
      content: area.value,
    });
    // Made safe by the server, exactly as the post itself will be.
    out.innerHTML = data.contentHtml;
    dressed(out);
  } catch (problem) {
    out.textContent = problem.message;
  }
  out.removeAttribute("aria-busy");
}

function tabs(form, area) {
  const [write, show] = form.querySelectorAll("[role=tab]");
  const out = form.querySelector(".preview");
  const pick = (previewing) => {
    write.setAttribute("aria-selected", String(!previewing));
    show.setAttribute("aria-selected", String(previewing));
    write.tabIndex = previewing ? -1 : 0;
    show.tabIndex = previewing ? 0 : -1;
    form.querySelector("#write-panel").hidden = previewing;
    form.querySelector("#preview-panel").hidden = !previewing;
    if (previewing) preview(area, out);
  };
  write.addEventListener("click", () => pick(false));
  show.addEventListener("click", () => pick(true));
  form.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
    if (!/^Arrow(Left|Right)$/.test(event.key)) return;
    const next = event.target === write ? show : write;
    next.focus();
    next.click();
  });
}

/** Selects show what the post has: Mustache cannot compare. */
function selects(form) {
  for (const select of form.querySelectorAll("select[data-value]"))
    if (select.dataset.value) select.value = select.dataset.value;
}

/** A whole YouTube address is as good as its id. */
function video(form) {
  const field = form.elements.youtubeVideoId;
  field?.addEventListener("change", () => {
    const found = /(?:v=|youtu\.be\/|shorts\/|embed\/)([\w-]{11})/.exec(
      field.value,
    );
    if (found) field.value = found[1];
  });
}

/** Sets up the one editor of the page. */
export function editor() {
  const form = document.querySelector("[data-editor]");
  const area = form.elements.content;
  selects(form);
  video(form);
  toolbar(form, area);
  tabs(form, area);
}
