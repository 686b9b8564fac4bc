// People with a second factor, and what their authenticators show.
import assert from "node:assert/strict";
import { generateSync } from "otplib";
import { addressOf, password } from "../lib/people.mjs";
import { people } from "../lib/suite.mjs";

export const base = "/api/auth/2fa";
export const STEP = 30000;

/** What an authenticator shows at a time, in milliseconds since 1970. */
export const codeAt = (secret, ms) =>
  generateSync({ secret, epoch: Math.floor(ms / 1000) });

/** A code that is not one of a secret around a time. */
export function wrongCode(secret, ms) {
  const right = [-2, -1, 0, 1, 2].map((n) => codeAt(secret, ms + n * STEP));
  for (let n = 0; ; n++) {
    const code = String(n).padStart(6, "0");
    if (!right.includes(code)) return code;
  }
}

/** Sets up and switches on; goes on to a step that is not used. */
export async function withFactor(clock, user) {
  user ??= await people.user();
  const set = await user.post(`${base}/setup`);
  assert.equal(set.status, 200, `${set}`);
  const code = codeAt(set.data.secret, clock.now());
  const on = await user.post(`${base}/enable`, { code });
  assert.equal(on.status, 200, `${on}`);
  clock.forward(60);
  return { user, ...set.data };
}

/** POST /api/auth/login of a name, with what else is given. */
export function logIn(name, more = {}, client = people.guest()) {
  return client.post("/api/auth/login", {
    email: addressOf(name),
    password,
    ...more,
  });
}

/** The challenge for a name, and the client that it belongs to. */
export async function challengeOf(name, more = {}) {
  const client = people.guest();
  const answer = await logIn(name, more, client);
  assert.equal(answer.status, 200, `${answer}`);
  assert.equal(answer.data.requiresTwoFactor, true);
  const { challenge } = answer.data;
  const prove = (code, who = client) =>
    who.post("/api/auth/login/2fa", { challenge, code });
  return { client, challenge, prove, answer };
}
