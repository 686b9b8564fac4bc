// How good a new password is, told while it is typed: a field with
// data-strong asks the server, which alone knows the rules, a moment after the
// last key.  The answer goes into the [data-strength] beside it.
import { send } from "./api.js";
import { make } from "./dom.js";
import { text } from "./text.js";

const pause = 400;

function show(panel, { score, errors }) {
  panel.hidden = false;
  panel.querySelector("meter").value = score;
  const words = errors.length ? errors : [text.strong];
  const advice = words.map((one) => make("li", {}, one));
  panel.querySelector("ul").replaceChildren(...advice);
}

/** What the rules look at besides the password. */
function around(field) {
  const { username, email } = field.form.elements;
  const input = { password: field.value };
  if (username?.value) input.username = username.value;
  if (email?.value) input.email = email.value;
  return input;
}

async function judge(field, panel) {
  const asked = field.value;
  try {
    const verdict = await send(
      "POST",
      "/api/auth/password-strength",
      around(field),
    );
    if (field.value === asked) show(panel, verdict);
  } catch {
    panel.hidden = true; // a help, not a gate: the form itself is checked
  }
}

/** Starts to listen, once for all fields that are there or come. */
export function strength() {
  let timer;
  addEventListener("input", ({ target }) => {
    if (!target.matches?.("[data-strong]")) return;
    const panel = target.closest(".field")?.querySelector("[data-strength]");
    clearTimeout(timer);
    if (!panel) return;
    if (target.value) timer = setTimeout(judge, pause, target, panel);
    else panel.hidden = true;
  });
}
