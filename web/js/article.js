// The post's page: the video on demand, seek links, replies, editing.
import { make } from "./dom.js";
import { draftOf } from "./drafts.js";
import { text } from "./text.js";

/** Nothing is asked of YouTube before somebody clicks. */
function play(start) {
  const box = document.querySelector("[data-video]");
  if (!box) return;
  const id = encodeURIComponent(box.dataset.video);
  const src =
    `https://www.youtube-nocookie.com/embed/${id}` +
    `?autoplay=1&rel=0&start=${start}`;
  const frame = make("iframe", {
    src,
    title: text.video,
    allow: "autoplay; encrypted-media; picture-in-picture; fullscreen",
    referrerpolicy: "strict-origin-when-cross-origin",
  });
  const next = make("div", { class: "video", id: "video" }, frame);
  next.dataset.video = box.dataset.video;
  box.replaceWith(next);
  frame.focus();
  next.scrollIntoView({ block: "center" });
}

function composer() {
  return document.getElementById("composer");
}

/** The composer's copy, answering one comment. */
function reply(button) {
  const comment = button.closest(".comment");
  const open = comment.querySelector("form.composer");
  if (open) return open.remove();
  const form = composer()?.cloneNode(true);
  if (!form) return;
  form.removeAttribute("id");
  form.querySelector(".problem")?.remove();
  form.querySelector("[data-draft-note]")?.remove();
  form.dataset.draft = `reply-${button.dataset.reply}`;
  const area = form.querySelector("textarea");
  area.id = `reply-${button.dataset.reply}`;
  area.value = "";
  const label = form.querySelector("label");
  label.htmlFor = area.id;
  label.textContent = text.reply(button.dataset.who);
  label.classList.remove("sr");
  form.querySelector("[data-type=time]")?.closest(".field").remove();
  form.append(
    make("input", {
      type: "hidden",
      name: "parentId",
      value: button.dataset.reply,
    }),
  );
  comment.querySelector(".inner").append(form);
  draftOf(form);
  area.focus();
}

/** The comment's own text in a form of its own. */
function edit(button) {
  const comment = button.closest(".comment");
  const prose = comment.querySelector(".prose");
  if (comment.querySelector("form.edit")) return;
  const id = `edit-${button.dataset.edit}`;
  const area = make("textarea", {
    id,
    name: "content",
    maxlength: 5000,
    required: true,
    dir: "auto",
  });
  area.value = prose.dataset.source;
  const stop = make(
    "button",
    { type: "button", class: "button quiet" },
    text.cancel,
  );
  const form = make(
    "form",
    {
      method: "post",
      action: `/api/comments/${button.dataset.edit}`,
      class: "edit stack",
      "data-api": true,
      "data-method": "PATCH",
      "data-then": "refresh #comments",
      "data-draft": `edit-${button.dataset.edit}`,
      novalidate: true,
    },
    make(
      "div",
      { class: "field" },
      make("label", { class: "sr", for: id }, text.edit),
      area,
    ),
    make(
      "div",
      { class: "row" },
      make("button", { class: "button" }, text.save),
      stop,
    ),
  );
  stop.addEventListener("click", () => {
    form.remove();
    prose.hidden = false;
    button.focus();
  });
  prose.hidden = true;
  prose.after(form);
  draftOf(form);
  area.focus();
}

function click(event) {
  const on = (selector) => event.target.closest?.(selector);
  const video = on("a[data-video]");
  const seek = on("[data-seek]");
  if (video || seek) {
    event.preventDefault();
    play(Number(seek?.dataset.seek ?? 0));
  }
  if (on("[data-reply]")) reply(on("[data-reply]"));
  if (on("[data-edit]")) edit(on("[data-edit]"));
}

/** A guest's page is a copy: once somebody looks at it, it says so. */
function seen() {
  const { view } = document.querySelector("[data-article]").dataset;
  if (!view) return;
  const tell = () => {
    if (document.hidden) return;
    document.removeEventListener("visibilitychange", tell);
    navigator.sendBeacon(view);
  };
  document.addEventListener("visibilitychange", tell);
  tell();
}

/** Starts to listen. */
export function article() {
  addEventListener("click", click);
  seen();
}
