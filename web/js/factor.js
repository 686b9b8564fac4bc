// The second factor: the login's second step, setting it up, backup codes.
import { make } from "./dom.js";

function reveal(node) {
  node.hidden = false;
  const title = node.querySelector("[tabindex='-1']");
  title?.focus({ preventScroll: true });
  title?.scrollIntoView({ block: "start" });
}

/** The password was right, and a code is wanted. */
function askCode(first, challenge) {
  const second = document.querySelector("[data-factor-login]");
  const again = second.querySelector("[data-factor-again]");
  second.elements.challenge.value = challenge;
  first.hidden = true;
  second.hidden = false;
  again.href = location.href;
  document.title = document.querySelector("h1").textContent =
    second.dataset.title;
  const lead = document.querySelector(".lead");
  if (lead) lead.textContent = second.dataset.lead;
  second.elements.code.focus();
}

function showCodes(box, codes) {
  const list = box.querySelector(".codes");
  list.replaceChildren(
    ...codes.map((code) => make("li", {}, make("code", {}, code))),
  );
  box.hidden = false;
}

/** Four letters at a time are easier to type. */
const grouped = (secret) => secret.match(/.{1,4}/g).join(" ");

function showSetup(form, data) {
  const panel = form.closest("section").querySelector("[data-factor-panel]");
  panel.querySelector(".qr").src = data.qrCode;
  panel.querySelector("[data-factor-link]").href = data.otpauthUrl;
  panel.querySelector("[data-factor-secret]").textContent = grouped(
    data.secret,
  );
  showCodes(panel.querySelector("[data-codes]"), data.backupCodes);
  form.closest(".setting").hidden = true;
  reveal(panel);
}

function showNew(form, data) {
  const box = form.closest("section").querySelector("[data-codes]");
  showCodes(box, data.backupCodes);
  reveal(box);
}

/** A text file of the codes, made here: they never leave this device. */
function save(box) {
  const codes = [...box.querySelectorAll("code")].map((c) => c.textContent);
  const { site, who } = box.dataset;
  const lines = [`${site}: backup codes of ${who}`, "", ...codes, ""];
  const file = new Blob([lines.join("\r\n")], { type: "text/plain" });
  const url = URL.createObjectURL(file);
  const name = `${site.toLowerCase().replace(/\W+/g, "-")}-backup-codes.txt`;
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

export function factor() {
  addEventListener("sent", (event) => {
    const form = event.target;
    const data = event.detail;
    if (data?.requiresTwoFactor) {
      event.preventDefault();
      askCode(form, data.challenge);
    } else if (form.matches("[data-factor-setup]")) showSetup(form, data);
    else if (form.matches("[data-factor-codes]")) showNew(form, data);
  });
  addEventListener("click", (event) => {
    const box = event.target.closest?.("[data-codes]");
    if (event.target.closest?.("[data-codes-save]")) save(box);
    else if (event.target.closest?.("[data-codes-print]")) print();
  });
}
