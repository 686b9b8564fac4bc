// Drafts: what is typed is kept by the server for its writer, on all devices.
// This device has only what the server has not got yet, under the writer's id,
// and nothing after a log-out.
//
//   <form data-draft="PLACE">   PLACE as in src/draft/draft.h
import { send } from "./api.js";
import { dress, make } from "./dom.js";
import { text } from "./text.js";

const kept = [
  "title",
  "content",
  "tags",
  "excerpt",
  "category",
  "kind",
  "youtubeVideoId",
];
const soon = 600; // ms after a key, until it is kept here
const later = 3000; // and by the server

const viewer = () => document.documentElement.dataset.viewerId;

function collect(form) {
  const draft = {};
  for (const name of kept)
    if (form.elements[name]) draft[name] = form.elements[name].value;
  return draft;
}

function fill(form, draft) {
  for (const name of kept)
    if (form.elements[name] && typeof draft[name] === "string")
      form.elements[name].value = draft[name];
}

const same = (form, draft) =>
  Object.entries(collect(form)).every(([k, v]) => v === (draft[k] ?? ""));

// Without storage there is no net, and the form still works.
function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function write(key, draft) {
  try {
    if (draft) localStorage.setItem(key, JSON.stringify(draft));
    else localStorage.removeItem(key);
  } catch {
    // See above.
  }
}

/** Takes drafts off this device: all, or those of other people. */
function forget(isGone = () => true) {
  try {
    for (const key of Object.keys(localStorage))
      if (key.startsWith("draft:") && isGone(key)) localStorage.removeItem(key);
  } catch {
    // See above.
  }
}

const open = new Set();

class Draft {
  constructor(form) {
    this.form = form;
    this.place = form.dataset.draft;
    this.key = `draft:${viewer()}:${this.place}`;
    this.address = `/api/drafts/${this.place}`;
    this.original = collect(form);
    this.status = form.querySelector("[data-status]");
    open.add(this);
    form.addEventListener("input", () => this.typed());
    form.addEventListener("sent", () => this.done());
    const local = read(this.key);
    if (local) this.offer(local, true);
    // Who only reads asks for no draft.
    else if (form.dataset.editor !== undefined) this.load();
    else form.addEventListener("focusin", () => this.load(), { once: true });
  }

  /** What the server has, unless something is typed already. */
  async load() {
    const place = encodeURIComponent(this.place);
    const answer = await send("GET", `/api/drafts?place=${place}`).catch(
      () => null,
    );
    const [draft] = answer?.items ?? [];
    this.isSaved = this.isSaved || Boolean(draft);
    if (draft && same(this.form, this.original)) this.offer(draft);
  }

  offer(draft, isLocal = false) {
    if (same(this.form, draft)) return;
    fill(this.form, draft);
    if (isLocal) this.typed();
    const button = make(
      "button",
      { type: "button", class: "button ghost" },
      text.draftDrop,
    );
    const note = make(
      "div",
      { class: "alert note row between", "data-draft-note": true },
      make("span", {}, text.draftBack),
      button,
    );
    button.addEventListener("click", () => {
      this.drop();
      fill(this.form, this.original);
      note.remove();
      (this.form.elements.title ?? this.form.elements.content).focus();
    });
    this.form.prepend(note);
  }

  typed() {
    if (this.isSent || this.isClosed) return;
    this.isDirty = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), soon);
  }

  keep() {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.isClosed) return;
    write(this.key, collect(this.form));
    this.say(text.draftKept);
    clearTimeout(this.saver);
    this.saver = setTimeout(() => this.save(), later);
  }

  /** Hands it to the server; what that has, this device need not keep. */
  async save() {
    clearTimeout(this.timer);
    clearTimeout(this.saver);
    this.timer = this.saver = null;
    await this.saving;
    if (this.isSent) return;
    const draft = collect(this.form);
    this.saving = send("PUT", this.address, draft).then(
      () => {
        this.isSaved = true;
        if (!same(this.form, draft)) return;
        this.isDirty = false;
        write(this.key, null);
        this.say(text.draftSaved);
      },
      () => {}, // it is here, and goes with the next key
    );
    await this.saving;
  }

  say(words) {
    if (this.status) this.status.textContent = words;
  }

  drop() {
    clearTimeout(this.timer);
    clearTimeout(this.saver);
    this.timer = this.saver = null;
    this.isDirty = false;
    write(this.key, null);
    const gone = () => send("DELETE", this.address).catch(() => {});
    if (this.saving) this.saving.then(gone);
    else if (this.isSaved) gone();
    this.saving = null;
    this.isSaved = false;
  }

  done() {
    this.isSent = true; // and stays on the page until the next one is there
    this.drop();
  }
}

/** Before a log-out: the server gets what it has not; then all goes. */
export async function leaveDrafts() {
  await Promise.all([...open].map((d) => (d.isDirty ? d.save() : null)));
  for (const draft of open) draft.isClosed = true;
  forget();
}

/** The draft of a form that came into the page by a script. */
export function draftOf(form) {
  if (viewer()) new Draft(form);
}

/** Starts to keep the drafts of all forms. */
export function drafts() {
  if (!viewer()) return;
  forget((key) => !key.startsWith(`draft:${viewer()}:`));
  const seen = new WeakSet();
  dress((root) => {
    for (const form of root.querySelectorAll("form[data-draft]")) {
      if (!seen.has(form)) new Draft(form);
      seen.add(form);
    }
  });
  // Who leaves sooner loses nothing.
  addEventListener("pagehide", () => {
    for (const draft of open) if (draft.timer) draft.keep();
  });
  addEventListener("pageshow", () => {
    for (const draft of open) draft.isSent = false;
  });
}
