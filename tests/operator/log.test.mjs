// [master] log_level: what each level writes, and that none writes secrets.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { request } from "../lib/client.mjs";
import { freshName, password } from "../lib/people.mjs";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";
import { asSite, configured } from "./lib.mjs";

const programs = ["sparkle-fcgi", "sparkle-jobs"];
const lengths = () => programs.map((name) => stack.log(`${name}.log`).length);

/** The lines that both programs wrote since then, as objects. */
const written = (from) =>
  programs.flatMap((name, i) =>
    stack
      .log(`${name}.log`)
      .slice(from[i])
      .split("\n")
      .slice(0, -1)
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line)));

// Workers of before the reload end their work, and log as before.
let old = new Set();
const since = (from) => written(from).filter(({ pid }) => !old.has(pid));

async function level(name) {
  old = new Set(written([0, 0]).map(({ pid }) => pid));
  configured(name ? `[master]\nlog_level = ${name}\n[jobs_master]\nlog_level = ${name}\n` : "");
  const done = await asSite("sparklectl", "reload");
  assert.equal(done.status, 0, done.stderr);
  return lengths();
}

const levels = ["debug", "info", "warn", "error"];

/** What the site does is the same at each level: a request that is answered,
 * one that is refused, a mail. */
async function traffic() {
  assert.equal((await request(stack, "GET", "/api/categories")).status, 200);
  const [name] = await people.users(1);
  const mine = await people.logIn(name);
  assert.equal((await mine.get("/api/users/me")).status, 200);
  return { token: mine.cookies.get("__Host-session"), name };
}

export default () =>
  describe("log level", { concurrency: 1 }, () => {
    after(() => level(""));

    it("debug: a line a statement, command, request and job, without secrets", async () => {
      const from = await level("debug");
      const { token } = await traffic();
      const found = await eventually("all kinds are there", () => {
        const lines = since(from).filter((line) => line.level === "debug");
        const of = (msg) => lines.filter((line) => line.msg === msg);
        const [statement, command, begins, job] = [
          "statement", "command to Redis", "request begins", "job",
        ].map(of);
        return statement.length && command.length && begins.length && job.length
          ? { statement, command, begins, job }
          : null;
      });
      for (const line of found.statement) {
        assert.match(line.sql, /^\S/);
        assert.equal(typeof line.ms, "number");
        assert.match(line.state, /^[0-9A-Z]{5}$/);
      }
      assert.ok(found.command.every((line) => /^[A-Z]+$/.test(line.command)));
      assert.ok(found.begins.every((line) => line.id && line.route));
      assert.ok(found.job.every((line) => line.kind && line.queue && line.outcome));
      const all = JSON.stringify(since(from));
      assert.ok(token.length > 20);
      for (const secret of [token, password])
        assert.ok(!all.includes(secret), "a secret is in the log");
    });

    for (const [i, name] of levels.entries())
      it(`${name}: nothing below it`, async () => {
        await level(name);
        // What the reload itself says is written before the new level holds.
        const from = lengths();
        const id = freshName();
        await request(stack, "GET", "/api/categories", {
          headers: { "x-request-id": id },
        });
        await traffic();
        const found = new Set(since(from).map((line) => line.level));
        for (const other of levels.slice(0, i))
          assert.ok(!found.has(other), `${other} at ${name}`);
        if (i < 2)
          await eventually("a request's line", () =>
            since(from).some((line) => line.level === "info" && line.msg === "request"));
      });
  });
