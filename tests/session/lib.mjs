// What the tests of sessions share: the clock, tries, and what came of them.
import assert from "node:assert/strict";
import { Clock } from "../lib/clock.mjs";
import { eventually } from "../lib/stack.mjs";
import { addressOf, mailsTo, password } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";

export const clock = new Clock();

/** A try to sign in; the answer. */
export const tryIn = (client, email, words = password, more = {}) =>
  client.post("/api/auth/login", { email, password: words, ...more });

export const wrong = "Wrong-Password-1!";

/** n failures of strangers, each from an address of its own. */
export async function fail(n, email) {
  const answers = [];
  for (let i = 0; i < n; i++)
    answers.push(await tryIn(people.guest(), email, wrong));
  return answers.map((a) => a.status);
}

export async function freshUser() {
  const [name] = await people.users(1);
  const id = await stack.value`SELECT id FROM users WHERE username = ${name}`;
  return { name, id, email: addressOf(name) };
}

export const alertsOf = (user, type) =>
  stack.sql`SELECT * FROM security_alerts
    WHERE user_id = ${user.id} AND type = ${type} ORDER BY created_at`;

export function mailAbout(user, words) {
  const email = addressOf(user.name);
  return eventually(`a mail to ${email} with ${words}`, () =>
    mailsTo(stack, email).find((m) => m.text.includes(words)),
  );
}

export const tokenOf = (client) => client.cookies.get("__Host-session");

/** The session's cookie that an answer sets, or undefined. */
export const newToken = (answer) =>
  (answer.headers["set-cookie"] ?? [])
    .find((c) => c.startsWith("__Host-session="))
    ?.match(/=([^;]*)/)[1];

export async function expect(client, status) {
  const answer = await client.get("/api/users/me");
  assert.equal(answer.status, status, `${answer}`);
  return answer;
}

export const browsers = {
  firefox: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
  newFirefox: "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Firefox/141.0",
  chrome: "Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/142.0 Safari/537",
};

/** The same browser, signed out: it kept no more than the device cookie. */
export function signedOut(client) {
  const other = people.guest({ ip: client.ip });
  const name = "__Host-device";
  other.cookies.set(name, client.cookies.get(name));
  return other;
}

/** The same browser, with another token in its jar. */
export function withToken(client, token) {
  const other = people.guest({ ip: client.ip });
  other.cookies.set("__Host-session", token);
  other.csrf = client.csrf;
  return other;
}
