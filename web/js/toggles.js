// Reaction and follow buttons: shown at once, taken back when refused.
//
//   <button data-toggle="/api/..." aria-pressed="false">  PUT on, DELETE off
//   <span data-count>3</span> in it goes up and down with it
//   [data-reacted="LIKE FIRE"] on an ancestor says what is pressed at first
import { Problem, goToLogin, send } from "./api.js";
import { dress, say } from "./dom.js";

function paint(button, on, step) {
  button.setAttribute("aria-pressed", String(on));
  const count = button.querySelector("[data-count]");
  if (!count) return;
  const n = Math.max(0, (Number(count.dataset.count) || 0) + step);
  count.dataset.count = n;
  count.textContent = n || !count.hasAttribute("data-blank") ? n : "";
}

async function toggle(button) {
  if (!document.documentElement.dataset.viewer) return goToLogin();
  if (button.dataset.busy) return;
  const on = button.getAttribute("aria-pressed") !== "true";
  button.dataset.busy = "1";
  paint(button, on, on ? 1 : -1);
  try {
    await send(on ? "PUT" : "DELETE", button.dataset.toggle);
  } catch (problem) {
    paint(button, !on, on ? -1 : 1);
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 401) goToLogin();
    else say(problem.message);
  } finally {
    delete button.dataset.busy;
  }
}

function begin(root) {
  for (const button of root.querySelectorAll("[data-type][data-toggle]")) {
    const on = button.closest("[data-reacted]")?.dataset.reacted ?? "";
    const pressed = on.split(" ").includes(button.dataset.type);
    button.setAttribute("aria-pressed", String(pressed));
  }
}

/** Starts to listen. */
export function toggles() {
  dress(begin);
  addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-toggle]");
    if (button) toggle(button);
  });
}
