// Drafts: what is typed is kept by the server for its writer, on all devices.
// This device has only what the server has not got yet, under the writer's id,
// and nothing after a log-out.
//
//   <form data-draft="PLACE">   PLACE as in src/draft/draft.h
//
// The server has one text of a place, with a version. Where another device
// wrote there since this page read it, the page keeps both texts, saves
// neither, and asks. A form that is being sent saves nothing more.
import { send } from "./api.js";
import { ask, dress, make, say } from "./dom.js";
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
const patience = 5000; // ms that a form waits for its draft

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

const only = (draft) =>
  Object.fromEntries(kept.map((name) => [name, draft[name] ?? ""]));

const within = (promise, ms) =>
  Promise.race([promise, new Promise((go) => setTimeout(go, ms))]);

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
    this.version = 0; // of the server's text that is known here; 0: of none
    this.status = form.querySelector("[data-status]");
    open.add(this);
    form.addEventListener("input", () => this.typed());
    form.addEventListener("sending", (event) => event.waits.push(this.hold()));
    form.addEventListener("refused", () => this.release());
    form.addEventListener("sent", (event) => event.waits.push(this.done()));
    const local = read(this.key);
    if (local) this.resume(local);
    // Who only reads asks for no draft.
    else if (form.dataset.editor !== undefined) this.load();
    else form.addEventListener("focusin", () => this.load(), { once: true });
  }

  /** What this device had not handed over: with what it knew then. */
  resume({ version, aside, isSwapped, ...draft }) {
    this.version = version ?? 0;
    this.isSaved = this.version > 0;
    if (aside) {
      fill(this.form, draft);
      this.isDirty = true;
      this.isSwapped = isSwapped;
      this.decide(aside);
    } else this.offer(draft, true);
  }

  async there() {
    const place = encodeURIComponent(this.place);
    const answer = await send("GET", `/api/drafts?place=${place}`);
    return answer.items[0];
  }

  /** What the server has; what is typed already stays beside it. */
  load() {
    this.loading = this.there().then(
      (draft) => {
        if (!draft || this.isSent || this.version) return;
        if (draft.dropped) this.version = draft.version;
        else if (same(this.form, this.original)) this.adopt(draft, true);
        else this.meet(draft);
      },
      () => {}, // the first save finds out
    );
  }

  adopt(draft, isOffered) {
    this.version = draft.version;
    this.isSaved = !draft.dropped;
    if (isOffered) this.offer(draft);
  }

  offer(draft, isLocal = false) {
    if (same(this.form, draft)) return;
    fill(this.form, draft);
    if (isLocal) this.typed();
    this.note({}, text.draftBack, [text.draftDrop, () => this.discard()]);
  }

  /** Above the form, in the place of the last: words and buttons. */
  note(attributes, words, ...buttons) {
    this.form.querySelector("[data-draft-note]")?.remove();
    const row = make("div", { class: "row" });
    for (const [label, act] of buttons) {
      const button = make(
        "button",
        { type: "button", class: "button ghost" },
        label,
      );
      button.addEventListener("click", act);
      row.append(button);
    }
    const note = make(
      "div",
      { class: "alert note", "data-draft-note": true, ...attributes },
      make("p", {}, words),
      row,
    );
    this.form.prepend(note);
    return note;
  }

  close() {
    this.form.querySelector("[data-draft-note]")?.remove();
    (this.form.elements.title ?? this.form.elements.content).focus();
  }

  discard() {
    this.drop();
    fill(this.form, this.original);
    this.close();
  }

  typed() {
    if (this.isSent || this.isClosed) return;
    this.isDirty = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), soon);
  }

  stop() {
    clearTimeout(this.timer);
    clearTimeout(this.saver);
    this.timer = this.saver = null;
  }

  keep() {
    this.stop();
    if (this.isClosed || this.isSent) return;
    const { version, aside, isSwapped } = this;
    write(this.key, { ...collect(this.form), version, aside, isSwapped });
    this.say(text.draftKept);
    if (!aside) this.saver = setTimeout(() => this.save(), later);
  }

  /** Hands it to the server; what that has, this device need not keep. */
  async save() {
    this.stop();
    await this.loading;
    await this.saving;
    if (this.isSent || this.isHeld || this.aside) return;
    this.saving = this.put(collect(this.form)).catch(
      () => {}, // it is here, and goes with the next key
    );
    await this.saving;
  }

  async put(draft, again = true) {
    const { version, tried } = this;
    this.isSaved = true; // or so it may be, whatever is heard of it
    this.tried = draft;
    try {
      const made = await send("PUT", this.address, { ...draft, version });
      this.version = made.version;
    } catch (problem) {
      if (problem.status !== 409) throw problem;
      this.tried = tried;
      const there = await this.there();
      if (this.isSent || this.meet(there) || !again) return;
      return this.put(collect(this.form), false);
    }
    if (!same(this.form, draft)) return;
    this.isDirty = false;
    write(this.key, null);
    this.say(text.draftSaved);
  }

  isOurs(there, ...texts) {
    return texts.some((t) => t && kept.every((k) => (t[k] ?? "") === there[k]));
  }

  /** Whether what is there is news: not ours, nor the end of what was never
      seen here. Then there are two texts, or an end that was missed. */
  meet(there) {
    const isOurs =
      !there ||
      (there.dropped
        ? !this.version
        : same(this.form, there) || this.isOurs(there, this.tried));
    if (isOurs) {
      this.adopt(there ?? { version: 0, dropped: true });
      return false;
    }
    const { dropped, version } = there;
    this.isDirty = true;
    this.decide(dropped ? { version, dropped } : { version, ...only(there) });
    return true;
  }

  /** Keeps both texts, and asks which. */
  decide(aside) {
    this.aside = aside;
    this.keep();
    const keep = [text.draftKeep, () => this.settle()];
    if (aside.dropped) {
      const drop = [text.draftDrop, () => this.discard()];
      this.note({ role: "alert" }, text.draftGone, keep, drop);
      return;
    }
    const swap = [text.draftSwap, () => this.swap()];
    const note = this.note({ role: "alert" }, text.draftTwo, keep, swap);
    const words = [aside.title, aside.content].filter(Boolean).join("\n\n");
    note.lastChild.before(
      make(
        "details",
        {},
        make("summary", {}, text.draftOther),
        make("p", { class: "draft-other", dir: "auto" }, words),
      ),
    );
  }

  /** The other text comes into the form, and this one stands aside. */
  swap() {
    const { version } = this.aside;
    const mine = { version, ...only(collect(this.form)) };
    fill(this.form, this.aside);
    this.isSwapped = !this.isSwapped;
    this.decide(mine);
    say(text.draftSwapped);
    this.form.querySelector("[data-draft-note] button").focus();
  }

  /** The text in the form is the one. */
  settle() {
    this.version = this.aside.version;
    this.aside = null;
    this.isSwapped = false;
    this.close();
    this.save();
  }

  say(words) {
    if (this.status) this.status.textContent = words;
  }

  drop() {
    this.stop();
    this.isDirty = false;
    write(this.key, null);
    this.version = this.aside?.version ?? this.version;
    this.aside = null;
    const { saving } = this;
    this.saving = (async () => {
      await saving;
      await this.forgo(this.version).catch(() => {});
      await this.refresh();
    })();
    return this.saving;
  }

  /** Drops what the server has, if it is not of somebody else since. */
  async forgo(version, sent) {
    if (!this.isSaved) return;
    const end = (v) => send("DELETE", `${this.address}?version=${v}`);
    try {
      await end(version);
    } catch (problem) {
      if (problem.status !== 409) throw problem;
      const there = await this.there();
      if (this.isOurs(there, sent, this.tried)) await end(there.version);
    }
  }

  /** The version that is left behind, for what is typed from now on. */
  async refresh() {
    if (!this.isSaved) return;
    const there = await this.there().catch(() => null);
    this.isSaved = Boolean(there && !there.dropped);
    this.version = there?.dropped ? there.version : 0; // of no text unseen
  }

  /** While the form is on its way nothing is saved. */
  async hold() {
    this.stop();
    this.isHeld = true;
    await within(this.saving, patience);
  }

  release() {
    this.isHeld = false;
    if (this.isDirty) this.typed();
  }

  /** It was sent, and stays on the page until the next one is there. */
  async done() {
    const { aside, isSwapped } = this;
    const sent = collect(this.form);
    this.isSent = true;
    this.stop();
    this.isDirty = false;
    this.aside = null;
    write(this.key, null);
    // The text that stood aside stays a draft: the server's, or this one's.
    const left = isSwapped && { ...aside, dropped: undefined };
    const end = left
      ? send("PUT", this.address, left)
      : this.forgo(this.version, sent);
    await within(
      end.catch(() => {}),
      patience,
    );
  }

  /** The page is shown again, by the way back. */
  shown() {
    if (!this.isSent) return;
    this.isSent = this.isHeld = false;
    this.version = 0;
    this.load();
  }
}

/** Before a log-out the server gets what it has not; where it cannot have it,
    whether to go is asked. */
export async function leaveDrafts() {
  await Promise.all([...open].map((d) => (d.isDirty ? d.save() : null)));
  if (![...open].some((d) => d.isDirty)) return true;
  return ask(text.draftLeave, text.draftLeaveYes, text.cancel);
}

/** After it, nothing stays on this device. */
export function endDrafts() {
  for (const draft of open) {
    draft.stop();
    draft.isClosed = true;
  }
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
    for (const draft of open) draft.shown();
  });
}
