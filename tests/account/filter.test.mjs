// Without a filter of breached passwords none is taken; with another one at
// its place it is asked at once.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { addressOf, freshName, password } from "../lib/people.mjs";
import { buildDir } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

// The document says nothing of answers that say that we failed.
const post = (client, path, json) => client.post(path, json, { check: false });

const register = (words = password) =>
  post(people.guest(), "/api/auth/register", {
    email: addressOf(freshName()),
    password: words,
    agreeToTerms: true,
  });

function check(answer) {
  assert.equal(answer.status, 503, `${answer}`);
  assert.equal(answer.json.code, "PASSWORD_UNCHECKED");
  assert.match(answer.json.error, /again later/);
  assert.ok(Number(answer.headers["retry-after"]) > 0);
}

export default ({ filter }) =>
  describe("the filter", { concurrency: 1 }, () => {
    after(() => copyFileSync(filter.shipped, filter.path));

    it("is missed: nothing is taken, and the log says why", async () => {
      const user = await people.user();
      unlinkSync(filter.path);
      const answer = await register();
      check(answer);
      check(
        await post(people.guest(), "/api/auth/password-strength", {
          password: "Velvet-77-Otter",
        }),
      );
      check(
        await post(user, "/api/auth/change-password", {
          currentPassword: password,
          newPassword: "Velvet-77-Otter",
        }),
      );
      const lines = await stack.logLines(answer.requestId);
      const line = lines.find((l) => /no filter of breached/.test(l.msg));
      assert.ok(line, JSON.stringify(lines));
      assert.equal(line.level, "error");
      assert.equal(line.path, filter.path);
      assert.match(line.why, /No such file/);
      assert.ok((await people.logIn(user.name)).id, "who has one signs in");
    });

    it("is damaged: nothing is taken", async () => {
      writeFileSync(filter.path, "a".repeat(8192));
      check(await register());
      unlinkSync(filter.path);
    });

    it("is replaced: the new one is asked, without a restart", async () => {
      const list = "Velvet-Otter-77\nvelvet-otter-78\n";
      execFileSync(
        join(buildDir, "sparklectl"),
        ["breached", "build", `${filter.path}.x`, "--entries", "2"],
        { input: list },
      );
      renameSync(`${filter.path}.x`, filter.path);
      for (const words of ["Velvet-Otter-77", "Velvet-Otter-78!"]) {
        const answer = await register(words);
        assert.equal(answer.status, 400, `${answer}`);
        assert.match(answer.json.fields.password, /breach/);
      }
      const known = await register("Basketball123!");
      assert.equal(known.status, 201, `${known}`);
    });

    it("is built from hashes in their order as from passwords", () => {
      const ctl = join(buildDir, "sparklectl");
      const build = (name, input, ...more) =>
        execFileSync(ctl, ["breached", "build", name, ...more], { input });
      const path = `${filter.path}.y`;
      const hashes =
        "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:10437277\n" +
        "7C4A8D09CA3762AF61E59520943DC26494F8941B:42542807\n";
      build(path, hashes, "--sha1", "--entries", "2");
      const told = execFileSync(ctl, ["breached", "check", path], {
        input: "password\n123456\nVelvet-Otter-77\n",
      });
      assert.match(`${told}`, /^2 of 3 known, by 2 entries/);
      assert.throws(() =>
        build(path, "nonsense\n", "--sha1", "--entries", "1"),
      );
      unlinkSync(path);
    });
  });
