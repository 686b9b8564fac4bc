// What the tests of one suite share: the stack, the document, the people.
//
//   await begin("api");  then import the tests, which import { stack, people }
import { after } from "node:test";
import { Contract } from "./contract.mjs";
import { People } from "./people.mjs";
import { Stack } from "./stack.mjs";

export let stack;
export let contract;
export let people;

// Tests are about what the site does, and not about how dear a hash is; suites
// that run at once have one user, and so share the turns to hash.
const cheapHashes =
  "[auth]\nargon2_memory = 1m\nargon2_passes = 1\nhash_concurrency = 16\n";

export async function begin(name, options = {}) {
  const settings = cheapHashes + (options.settings ?? "");
  stack = await Stack.start(name, { ...options, settings });
  contract = await Contract.of(stack);
  people = new People(stack, contract);
  after(() => {});
  return { stack, contract, people };
}

const wanted = process.env.SPARKLE_FILES?.split(" ").filter(Boolean);

/** Is this a run of some tests only, which cannot tell what all of them did? */
export const partly = Boolean(wanted || process.env.SPARKLE_ONLY);

/**
 * The test files of a list, imported: those in SPARKLE_FILES (names without
 * .test.mjs) where it is set, as `scripts/test --repeat` does.
 */
export async function load(base, names) {
  const files = [];
  for (const name of names.filter((one) => !wanted || wanted.includes(one)))
    files.push(await import(new URL(`${name}.test.mjs`, base)));
  return files;
}

/** Runs a function for each item, a few at a time. */
export async function each(items, atOnce, work) {
  const left = items.entries();
  const lane = async () => {
    for (const [i, item] of left) await work(item, i);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}
