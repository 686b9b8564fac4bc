// Buttons with data-copy put those words on the clipboard.
import { say } from "./dom.js";
import { text } from "./text.js";

export function copy() {
  addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      say(text.copied);
    } catch {
      // Not allowed, or no TLS: the words stand beside the button.
      say(text.copyFailed);
    }
  });
}
