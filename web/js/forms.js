// Every form with data-api becomes one API call with JSON.
//
//   data-method   PUT, PATCH, DELETE; the form's own method otherwise
//   data-then     what follows: "reload", "refresh #id" (that part of the page
//                 is fetched anew), "stay", or a path, in which {name} is
//                 replaced by that member of the answer's data
//   data-leave    a log-out: drafts are handed to the server first
//   data-say      what to tell after success
//   data-confirm  a question to ask first; data-yes is the button's word
//   data-type     on a field: number, boolean, tags (a list), time (seconds),
//                 optional (left out when empty), changed (left out when not
//                 changed), language (und when empty); on checkboxes of one
//                 name: off (the list of the values of those that are off)
//
// The button that was pressed sends its name and value too.
import { withIdentity } from "./again.js";
import { Problem, goToLogin, notesOf, send } from "./api.js";
import { ask, dressed, make, page, say } from "./dom.js";
import { endDrafts, leaveDrafts } from "./drafts.js";
import { localTarget } from "./local.js";
import { text } from "./text.js";

/** 1:30 and 1:02:03, also as keyboards of telephones have it: 1.30, 1 30,
    1m30s. What is no time goes to the server as it is, to be refused. */
export function seconds(words) {
  const plain = words
    .normalize("NFKC")
    .trim()
    .replace(/^(\d+)h(?:(\d+)m)?(?:(\d+)s)?$/i, (_, h, m, s) =>
      [h, m ?? 0, s ?? 0].join(":"),
    )
    .replace(/^(\d+)m(?:(\d+)s)?$/i, (_, m, s) => `${m}:${s ?? 0}`)
    .replace(/^(\d+)s$/i, "$1");
  if (!/^\d+(?:[:.,' ]\d{1,2}){0,2}$/.test(plain)) return words;
  return plain
    .split(/[:.,' ]/)
    .reduce((sum, part) => sum * 60 + Number(part), 0);
}

const readers = {
  number: (v) => (v === "" ? undefined : Number(v)),
  boolean: (v) => v === "true" || v === "on",
  tags: (v) =>
    v
      .split(/[\s,]+/)
      .map((t) => t.replace(/^#/, "").toLowerCase())
      .filter(Boolean),
  time: (v) => (v.trim() === "" ? undefined : seconds(v.trim())),
  optional: (v) => (v.trim() === "" ? undefined : v),
  language: (v) => v.trim() || "und",
  changed: (v, field) => (v === field.defaultValue ? undefined : v.trim()),
};

function valueOf(field) {
  if (field.type === "checkbox") return field.checked;
  if (field.type === "radio" && !field.checked) return undefined;
  const read = readers[field.dataset.type];
  return read ? read(field.value, field) : field.value;
}

/** The form's fields as the API's input. */
export function inputOf(form, submitter) {
  const input = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled || field.type === "submit") continue;
    if (field.dataset.type === "off") {
      input[field.name] ??= [];
      if (!field.checked) input[field.name].push(field.value);
      continue;
    }
    const value = valueOf(field);
    if (value !== undefined) input[field.name] = value;
  }
  if (submitter?.name) input[submitter.name] = valueOf(submitter);
  return input;
}

function unmark(form) {
  form.querySelector(".alert.problem")?.remove();
  for (const node of form.querySelectorAll(".field-error")) {
    const field = form.elements[node.dataset.for];
    field?.removeAttribute("aria-invalid");
    if (field?.dataset.describedby !== undefined)
      field.setAttribute("aria-describedby", field.dataset.describedby);
    node.remove();
  }
}

let serial = 0;

function mark(field, words) {
  const id = `error-${++serial}`;
  const node = make("p", { class: "field-error", id }, words);
  node.dataset.for = field.name;
  field.dataset.describedby ??= field.getAttribute("aria-describedby") ?? "";
  field.setAttribute("aria-invalid", "true");
  field.setAttribute(
    "aria-describedby",
    `${id} ${field.dataset.describedby}`.trim(),
  );
  (field.closest(".field, .check") ?? field).append(node);
  if (field.closest(".check")) field.closest(".check").after(node);
}

/** Shows what was refused beside its fields; the rest above the form. */
export function showProblem(form, problem) {
  const loose = [];
  let first = null;
  for (const [name, words] of Object.entries(problem.fields)) {
    const field = form.elements[name.replace(/[.[].*$/, "")];
    if (!field?.type || field.type === "hidden") loose.push(words);
    else mark(field, words);
    if (field?.type && field.type !== "hidden") first ??= field;
  }
  const words =
    first && !loose.length
      ? text.check
      : [loose.length ? "" : problem.message, ...loose].join(" ").trim();
  form.prepend(make("p", { class: "alert problem", role: "alert" }, words));
  first?.closest("details")?.setAttribute("open", "");
  (first ?? form.querySelector(".alert.problem")).scrollIntoView({
    block: "nearest",
  });
  first?.focus();
}

async function refresh(selector, data) {
  const fresh = await page(location.href);
  const old = document.querySelector(selector);
  const next = fresh?.querySelector(selector);
  if (!old || !next) return location.reload();
  const token = fresh.querySelector('meta[name="csrf-token"]');
  const mine = document.querySelector('meta[name="csrf-token"]');
  if (token && mine) mine.content = token.content;
  old.replaceWith(next);
  dressed(next);
  const made = data?.id && document.getElementById(`c-${data.id}`);
  if (made) {
    made.tabIndex = -1;
    made.focus({ preventScroll: true });
    made.scrollIntoView({ block: "center" });
  }
}

function follow(form, data) {
  const then = form.dataset.then ?? "reload";
  if (then === "stay") return;
  if (then === "reload") return location.reload();
  if (then.startsWith("refresh ")) return refresh(then.slice(8), data);
  const back = new URLSearchParams(location.search).get("callbackUrl");
  const to = form.hasAttribute("data-callback") && back ? back : then;
  location.assign(
    localTarget(
      to.replace(/\{(\w+)\}/g, (_, name) =>
        encodeURIComponent(
          data?.[name] ?? data?.user?.[name] ?? data?.post?.[name] ?? "",
        ),
      ),
    ),
  );
}

const byId = (field, attribute) =>
  document.getElementById(field?.getAttribute?.(attribute));

/** Tells what the server left out, and waits until the person goes on: what
    was typed stands in the form meanwhile. */
function told(form, notes) {
  const box = make("div", { class: "alert note", role: "status" });
  const go = make("button", { type: "button", class: "button" }, text.goOn);
  const label = (name) => {
    const field = form.elements[name];
    const node = field?.labels?.[0] ?? byId(field, "aria-labelledby");
    return node?.textContent.trim() ?? name;
  };
  form.prepend(box); // empty at first, so that filling it is heard
  const lines = notes.map((n) => `${label(n.field)}: ${n.message}.`);
  box.append(make("p", {}, [text.noted, ...lines].join(" ")), go);
  box.scrollIntoView({ block: "nearest" });
  go.focus({ preventScroll: true });
  return new Promise((resolve) =>
    go.addEventListener("click", () => (box.remove(), resolve())),
  );
}

function busy(form, on, submitter) {
  form.toggleAttribute("data-busy", on);
  for (const button of form.querySelectorAll("button")) button.disabled = on;
  const button = submitter ?? form.querySelector("button:not([type=button])");
  if (on) button?.setAttribute("aria-busy", "true");
  else button?.removeAttribute("aria-busy");
}

function missing(form) {
  const fields = {};
  for (const field of form.querySelectorAll("[data-type=time]"))
    if (typeof (readers.time(field.value) ?? 0) !== "number")
      fields[field.name] = text.timestamp;
  for (const field of form.elements)
    if (field.willValidate && !field.validity.valid)
      fields[field.name] = field.validity.valueMissing
        ? (field.dataset.missing ?? text.required)
        : field.validationMessage;
  return Object.keys(fields).length ? fields : null;
}

async function deliver(form, submitter) {
  const method = form.dataset.method ?? form.method.toUpperCase();
  const input = method === "DELETE" ? undefined : inputOf(form, submitter);
  form.dataset.key ??= crypto.randomUUID();
  const headers =
    method === "POST" ? { "Idempotency-Key": form.dataset.key } : {};
  const data = await send(method, form.getAttribute("action"), input, headers);
  delete form.dataset.key;
  return data;
}

function refused(form, problem) {
  if (!(problem instanceof Problem)) throw problem;
  // Refused input must not be answered from the key's memory next time.
  if (problem.status) delete form.dataset.key;
  if (problem.status === 401 && !form.hasAttribute("data-entry"))
    return goToLogin();
  showProblem(form, problem);
}

async function submit(form, submitter) {
  if (form.hasAttribute("data-busy")) return;
  unmark(form);
  const fields = missing(form);
  if (fields) return showProblem(form, new Problem(400, { fields }));
  const question = submitter?.dataset.confirm ?? form.dataset.confirm;
  const yes = submitter?.textContent.trim() || text.save;
  if (question && !(await ask(question, yes, text.cancel))) return;
  busy(form, true, submitter);
  const isLeaving = form.hasAttribute("data-leave");
  try {
    if (isLeaving && !(await leaveDrafts()))
      return busy(form, false, submitter);
    await announced(form);
    const data = await withIdentity(() => deliver(form, submitter));
    if (isLeaving) endDrafts();
    await arrived(form, data);
  } catch (problem) {
    busy(form, false, submitter);
    form.dispatchEvent(new CustomEvent("refused"));
    return refused(form, problem);
  }
  busy(form, false, submitter);
}

/** Says that the form goes, and waits for who has something to end before. */
async function announced(form) {
  const sending = new CustomEvent("sending");
  sending.waits = [];
  form.dispatchEvent(sending);
  await Promise.all(sending.waits);
}

/** Who listens may have another use for the answer, and say so. */
async function arrived(form, data) {
  const sent = new CustomEvent("sent", {
    bubbles: true,
    cancelable: true,
    detail: data,
  });
  sent.waits = [];
  const goes = form.dispatchEvent(sent);
  await Promise.all(sent.waits);
  if (!goes) return;
  if (form.dataset.say) say(form.dataset.say);
  const notes = notesOf(data);
  if (notes.length) await told(form, notes);
  await follow(form, data);
}

/** Starts to listen; our own messages take the browser's bubbles' place. */
export function forms() {
  addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.hasAttribute("data-api")) return;
    event.preventDefault();
    submit(form, event.submitter);
  });
  addEventListener("input", (event) => {
    const field = event.target;
    if (field.getAttribute?.("aria-invalid") !== "true") return;
    field.removeAttribute("aria-invalid");
  });
}
