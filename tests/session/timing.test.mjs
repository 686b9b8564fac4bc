// Whether an address has an account cannot be told from how long a login
// takes, nor from what comes back.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressOf, freshName } from "../lib/people.mjs";
import { people } from "../lib/suite.mjs";
import { tryIn, wrong } from "./lib.mjs";

const TRIES = 200;

const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;

/** The difference of two means in standard errors. */
function apart(one, other) {
  const error = (list) => {
    const m = mean(list);
    const square = list.reduce((sum, x) => sum + (x - m) ** 2, 0);
    return square / (list.length - 1) / list.length;
  };
  return (
    Math.abs(mean(one) - mean(other)) / Math.sqrt(error(one) + error(other))
  );
}

async function timed(email) {
  const client = people.guest({ contract: null });
  const began = process.hrtime.bigint();
  const answer = await tryIn(client, email, wrong);
  const ms = Number(process.hrtime.bigint() - began) / 1e6;
  assert.equal(answer.status, 401);
  return ms;
}

async function measure() {
  const names = await people.users(TRIES);
  const known = [];
  const unknown = [];
  for (const name of names) {
    const pair = [
      async () => known.push(await timed(addressOf(name))),
      async () => unknown.push(await timed(`${freshName("no")}@example.org`)),
    ];
    if (Math.random() < 0.5) pair.reverse();
    for (const go of pair) await go();
  }
  return {
    known: mean(known),
    unknown: mean(unknown),
    z: apart(known, unknown),
  };
}

export default () =>
  describe("enumeration", () => {
    it("takes the same time for known and unknown addresses", async (t) => {
      // Two standard errors are passed by chance once in twenty times: three
      // times in a row, once in eight thousand.
      let result;
      for (let i = 0; i < 3; i++) {
        result = await measure();
        t.diagnostic(
          `note: login: known ${result.known.toFixed(3)} ms, unknown ` +
            `${result.unknown.toFixed(3)} ms, ${result.z.toFixed(2)} SE apart`,
        );
        if (result.z < 2) return;
      }
      assert.fail(`${result.z.toFixed(2)} standard errors apart`);
    });

    it("answers with the same bytes and headers", async () => {
      const [name] = await people.users(1);
      const answers = [];
      for (const email of [addressOf(name), `${freshName("no")}@example.org`])
        answers.push(await tryIn(people.guest(), email, wrong));
      const strip = (a) =>
        a.text
          .replaceAll(a.requestId, "ID")
          .replace(/\d{4}-\d\d-\d\dT[^"]*/, "");
      assert.equal(strip(answers[0]), strip(answers[1]));
      const [one, other] = answers.map((a) => Object.keys(a.headers).sort());
      assert.deepEqual(one, other);
    });
  });
