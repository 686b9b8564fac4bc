// See timing, which runs this.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Client } from "../lib/client.mjs";
import { addressOf, freshName, password } from "../lib/people.mjs";
import { sleep } from "../lib/stack.mjs";
import { begin } from "../lib/suite.mjs";

const tries = Number(process.env.TRIES ?? 200);
const { stack, people } = await begin("timing");

const mean = (all) => all.reduce((a, b) => a + b, 0) / all.length;
const variance = (all) => {
  const m = mean(all);
  return all.reduce((sum, x) => sum + (x - m) ** 2, 0) / (all.length - 1);
};

/** Nothing is under way: what an answer set off must not slow the next. */
async function quiet() {
  for (let calm = 0; calm < 2; await sleep(5)) {
    const [{ n }] = await stack.sql`SELECT (SELECT count(*) FROM outbox)
      + (SELECT count(*) FROM jobs WHERE state::text
        IN ('available', 'running')) AS n`;
    calm = Number(n) === 0 ? calm + 1 : 0;
  }
  await sleep(15);
}

/** Headers but for what differs by nature; addresses have lengths, and nginx
 * closes a connection after its thousandth request. */
const kept = (answer) => {
  const headers = { ...answer.headers };
  const natural = ["date", "x-request-id", "x-ratelimit-reset"];
  for (const name of [...natural, "content-length", "connection"])
    delete headers[name];
  return { status: answer.status, headers };
};

/** One call from an address of its own; its milliseconds and its answer. */
async function timed(call, email) {
  const client = new Client(stack);
  const began = process.hrtime.bigint();
  const answer = await call(client, email);
  return {
    ms: Number(process.hrtime.bigint() - began) / 1e6,
    text: answer.text
      .replaceAll(email, "ADDRESS")
      .replace(/"username":"many\w+"/, '"username":"NAME"')
      .replace(answer.requestId, "REQUEST"),
    ...kept(answer),
  };
}

const calls = {
  login: (client, email) =>
    client.post("/api/auth/login", { email, password: "Wrong-Otter-77" }),
  forgot: (client, email) =>
    client.post("/api/auth/forgot-password", { email }),
  register: (client, email) =>
    client.post("/api/auth/register", {
      email,
      password,
      agreeToTerms: true,
    }),
};

async function measure(call) {
  const names = await people.users(tries + 10);
  const ms = { known: [], unknown: [] };
  for (let i = 0; i < tries + 10; i++) {
    const emails = {
      known: addressOf(names[i]),
      unknown: addressOf(freshName("many")),
    };
    const turns = Object.keys(emails);
    if (Math.random() < 0.5) turns.reverse();
    const answers = {};
    for (const turn of turns) {
      await quiet();
      answers[turn] = await timed(call, emails[turn]);
      // The first ones warm up.
      if (i >= 10) ms[turn].push(answers[turn].ms);
    }
    const [a, b] = [answers.known, answers.unknown];
    delete a.ms;
    delete b.ms;
    assert.deepEqual(a, b);
  }
  return ms;
}

/** The slowest of each side are the machine's doing; both lose as many. */
const trimmed = (all) =>
  [...all].sort((a, b) => a - b).slice(0, Math.ceil(all.length * 0.95));

describe(`${tries} times a known and an unknown address`, () => {
  for (const [name, call] of Object.entries(calls))
    it(name, async (t) => {
      const ms = await measure(call);
      const report = (known, unknown) => {
        const gap = mean(known) - mean(unknown);
        const error = Math.sqrt(
          variance(known) / known.length + variance(unknown) / unknown.length,
        );
        return { gap, error, ratio: Math.abs(gap) / error };
      };
      const all = report(ms.known, ms.unknown);
      const most = report(trimmed(ms.known), trimmed(ms.unknown));
      t.diagnostic(
        `note: ${name}: known ${mean(ms.known).toFixed(3)} ms, unknown ` +
          `${mean(ms.unknown).toFixed(3)} ms, differ by ` +
          `${all.ratio.toFixed(2)} standard errors ` +
          `(${most.gap.toFixed(3)} ms, ${most.ratio.toFixed(2)} without the ` +
          "slowest twentieth)",
      );
      assert.ok(all.ratio < 2, `${all.gap} ms, ${all.ratio} standard errors`);
    });
});
