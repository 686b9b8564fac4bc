// Push messages on this device, and the device's time zone: settings.
//
//   <div data-push="KEY"><p data-push-says></p><button aria-pressed></button>
//   <button data-zone="#field">   puts the zone's name into the field
//
// Our side of a subscription is known by its id, kept on the device. It ends
// with the session; so who switched it on and signs in again after the session
// ran out is told anew, and nobody else who uses the device.
//
// A log-out clears the device (Clear-Site-Data: "storage"), and the service
// worker and its subscription with it. What stays is the browser's permission,
// which is the site's, and a cookie with the ids of those who had switched push
// on here. When one of them signs in again both are made anew, unasked.
import { Problem, send } from "./api.js";
import { say } from "./dom.js";
import { text } from "./text.js";

const kept = "push-subscription";
const owner = "push-owner";
const told = "push-told"; // in this session
const tried = "push-tried"; // in this tab
const cookie = "__Host-push";
const most = 4; // people
const year = 365 * 24 * 60 * 60;

const viewer = () => document.documentElement.dataset.viewer;
const viewerId = () => document.documentElement.dataset.viewerId;

function remembered() {
  const prefix = `${cookie}=`;
  const found = document.cookie.split("; ").find((c) => c.startsWith(prefix));
  return (found?.slice(prefix.length) ?? "").split(".").filter(Boolean);
}

function remember(isOn) {
  const others = remembered().filter((id) => id !== viewerId());
  const ids = (isOn ? [viewerId(), ...others] : others).slice(0, most);
  const age = ids.length ? year : 0;
  document.cookie =
    `${cookie}=${ids.join(".")}; Path=/; Max-Age=${age}; Secure; ` +
    "SameSite=Strict";
}

const able = () =>
  "serviceWorker" in navigator &&
  "PushManager" in window &&
  window.Notification;

async function current() {
  const worker = await navigator.serviceWorker.getRegistration("/");
  return worker?.pushManager.getSubscription();
}

async function tell(subscription) {
  const { endpoint, keys } = subscription.toJSON();
  const { p256dh, auth } = keys;
  const input = { endpoint, p256dh, auth };
  const made = await send("POST", "/api/push/subscriptions", input);
  localStorage.setItem(kept, made.id);
  localStorage.setItem(owner, viewer());
  localStorage.setItem(told, "yes");
  remember(true);
}

async function subscribe(key) {
  await navigator.serviceWorker.register("/sw.js");
  const worker = await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: key };
  return worker.pushManager.subscribe(options);
}

/** A subscription in the place of the one that a log-out took, if the browser
    still allows it; a push service that fails is asked once a tab. */
async function again() {
  const isAllowed = Notification.permission === "granted";
  if (!isAllowed || sessionStorage.getItem(tried)) return null;
  sessionStorage.setItem(tried, "yes");
  const { publicKey } = await send("GET", "/api/push/key");
  return subscribe(publicKey);
}

// Between two sessions there is a page for visitors: the log-in, if no other.
async function renew() {
  if (!viewer()) localStorage.removeItem(told);
  if (!viewer() || !able() || localStorage.getItem(told)) return;
  const isMine =
    localStorage.getItem(owner) === viewer() ||
    remembered().includes(viewerId());
  if (!isMine) return;
  const subscription = (await current()) ?? (await again());
  if (subscription) await tell(subscription);
}

async function switchOn(key) {
  if ((await Notification.requestPermission()) !== "granted")
    throw new Problem(400, { title: text.pushDenied });
  await tell(await subscribe(key));
}

async function switchOff() {
  const id = localStorage.getItem(kept);
  await (await current())?.unsubscribe();
  for (const name of [kept, owner, told]) localStorage.removeItem(name);
  remember(false);
  if (id) await send("DELETE", `/api/push/subscriptions/${id}`).catch(() => {});
}

async function press(box, button) {
  const on = button.getAttribute("aria-pressed") !== "true";
  button.disabled = true;
  try {
    await (on ? switchOn(box.dataset.push) : switchOff());
    button.setAttribute("aria-pressed", String(on));
    say(on ? text.pushOn : text.pushOff);
  } catch (problem) {
    say(problem instanceof Problem ? problem.message : text.pushFailed);
  }
  button.disabled = false;
}

async function device(box) {
  const button = box.querySelector("button");
  if (!able()) {
    box.querySelector("[data-push-says]").textContent = text.pushUnable;
    return;
  }
  const subscription = await current().catch(() => null);
  const on = subscription && localStorage.getItem(owner) === viewer();
  button.setAttribute("aria-pressed", String(Boolean(on)));
  button.disabled = false;
  button.addEventListener("click", () => press(box, button));
}

/** Sets both up where the page has them. */
export function push() {
  const box = document.querySelector("[data-push]");
  renew()
    .catch(() => {})
    .then(() => box && device(box));
  const zone = document.querySelector("[data-zone]");
  zone?.addEventListener("click", () => {
    const field = document.querySelector(zone.dataset.zone);
    field.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
    field.focus();
  });
}
