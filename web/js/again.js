// Some calls want the password, or a code, used of late: asks for it in a
// dialog and makes the call again.
import { Problem, send } from "./api.js";
import { make } from "./dom.js";
import { text } from "./text.js";

function fields() {
  const password = make("input", {
    id: "again-password",
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
  });
  const code = make("input", {
    class: "code-input long",
    id: "again-code",
    name: "code",
    autocomplete: "one-time-code",
    maxlength: "100",
    spellcheck: "false",
    disabled: true,
    required: true,
  });
  const field = (label, input) =>
    make(
      "div",
      { class: "field" },
      make("label", { for: input.id }, label),
      input,
    );
  const other = field(text.againCode, code);
  other.hidden = true;
  return { password, code, one: field(text.againPassword, password), other };
}

/** Shows one of the two fields, and gives it the focus. */
function swap(f, toCode) {
  f.one.hidden = f.password.disabled = toCode;
  f.other.hidden = f.code.disabled = !toCode;
  (toCode ? f.code : f.password).focus();
}

async function prove(form, dialog, said) {
  said.replaceChildren();
  try {
    const input = Object.fromEntries(new FormData(form));
    await send("POST", "/api/auth/reauthenticate", input);
    dialog.close("yes");
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    const words = Object.values(problem.fields).join(" ") || problem.message;
    said.append(make("p", { class: "alert problem", role: "alert" }, words));
  }
}

/** True when the person has proven who it is. */
function ask() {
  const f = fields();
  const said = make("div", { "aria-live": "polite" });
  const change = make("button", { class: "button ghost", type: "button" });
  const cancel = make("button", { class: "button quiet", type: "button" });
  const form = make(
    "form",
    { class: "stack", method: "post", action: "/api/auth/reauthenticate" },
    ...[make("h2", { id: "again" }, text.again), said, f.one, f.other, change],
    make(
      "div",
      { class: "row" },
      ...[cancel, make("button", { class: "button" }, text.againYes)],
    ),
  );
  const dialog = make("dialog", { "aria-labelledby": "again" }, form);
  let code = false;
  change.append(text.againByCode);
  cancel.append(text.cancel);
  change.addEventListener("click", () => {
    code = !code;
    change.textContent = code ? text.againByPassword : text.againByCode;
    swap(f, code);
  });
  cancel.addEventListener("click", () => dialog.close());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    prove(form, dialog, said);
  });
  document.body.append(dialog);
  dialog.showModal();
  f.password.focus();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    }),
  );
}

/** Makes a call, and once more after the person has proven who it is. */
export async function withIdentity(call) {
  try {
    return await call();
  } catch (problem) {
    if (problem.code !== "REAUTHENTICATION_REQUIRED" || !(await ask()))
      throw problem;
    return call();
  }
}
