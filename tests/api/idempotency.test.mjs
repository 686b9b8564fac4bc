// Idempotency-Key: one effect and one answer, however often it is sent.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, describe, it } from "node:test";
import { people, stack } from "../lib/suite.mjs";
import { tokenOf as unsubscribing } from "./mailing.test.mjs";

export default () =>
  describe("idempotency", () => {
    let user, post;
    before(async () => {
      user = await people.user();
      post = await people.post(user);
    });

    const say = (client, content, key, id = post.id) =>
      client.post(
        `/api/posts/${id}/comments`,
        { content },
        { headers: { "idempotency-key": key } },
      );

    it("gives the first answer again, and does nothing more", async () => {
      const key = randomUUID();
      const first = await say(user, "Once", key);
      const again = await say(user, "Once", key);
      assert.equal(first.status, 201, `${first}`);
      assert.equal(again.status, 201, `${again}`);
      assert.deepEqual(again.json, first.json);
      const n = await stack.value`SELECT count(*) FROM comments
        WHERE content = 'Once' AND post_id = ${post.id}`;
      assert.equal(n, 1);
    });

    it("refuses the key with another body", async () => {
      const key = randomUUID();
      await say(user, "This", key);
      const other = await say(user, "That", key);
      assert.equal(other.status, 409, `${other}`);
      assert.match(other.json.code, /^IDEMPOTENCY_/);
    });

    it("refuses the key at another address", async () => {
      const key = randomUUID();
      const second = await people.post(user);
      await say(user, "Here", key);
      const other = await say(user, "Here", key, second.id);
      assert.equal(other.status, 409, `${other}`);
    });

    it("refuses the key with another query", async () => {
      const guest = people.guest();
      const ask = (query) =>
        guest.request("POST", `/unsubscribe?${query}`, {
          headers: { "idempotency-key": key },
          check: false,
        });
      const key = randomUUID();
      const token = unsubscribing(user.id, "mention");
      assert.equal((await ask(`token=${token}`)).status, 200);
      const other = await ask(`token=${token}&all=true`);
      assert.equal(other.status, 409, `${other}`);
    });

    it("keeps the keys of users apart", async () => {
      const key = randomUUID();
      const stranger = await people.user();
      const one = await say(user, "Same", key);
      const two = await say(stranger, "Same", key);
      assert.equal(two.status, 201, `${two}`);
      assert.notEqual(two.data.id, one.data.id);
    });

    it("has one effect of 20 calls at once", async () => {
      const caller = await people.user();
      const key = randomUUID();
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => say(caller, "Racing", key)),
      );
      const made = answers.filter((a) => a.status === 201);
      assert.ok(made.length >= 1, answers.map(String).join("\n"));
      assert.equal(new Set(made.map((a) => a.data.id)).size, 1);
      for (const answer of answers)
        assert.ok([201, 409].includes(answer.status), `${answer}`);
      const n = await stack.value`SELECT count(*) FROM comments
        WHERE content = 'Racing'`;
      assert.equal(n, 1);
    });

    it("lets the key of a refused call be used again", async () => {
      const key = randomUUID();
      const bad = await say(user, "", key);
      assert.equal(bad.status, 400);
      const good = await say(user, "Better now", key);
      assert.ok([201, 409].includes(good.status), `${good}`);
    });

    it("is done again where others got in its way", async () => {
      await stack.sql`CREATE SEQUENCE disturb_n;
        CREATE FUNCTION disturb() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER AS $$ BEGIN
          IF nextval('disturb_n') < 3 THEN
            RAISE EXCEPTION 'in the way' USING ERRCODE = '40P01';
          END IF;
          RETURN NEW;
        END $$;
        CREATE TRIGGER disturb BEFORE INSERT ON post_contents
        FOR EACH ROW WHEN (NEW.content = 'Disturbed')
        EXECUTE FUNCTION disturb()`;
      const key = randomUUID();
      const write = () =>
        user.post(
          "/api/posts",
          { title: "Of many", content: "Disturbed" },
          { headers: { "idempotency-key": key } },
        );
      const made = await write();
      assert.equal(made.status, 201, `${made}`);
      assert.equal((await write()).data.id, made.data.id);
      await stack.sql`DROP TRIGGER disturb ON post_contents`;
      assert.equal(await stack.value`SELECT last_value FROM disturb_n`, 3);
      const n = await stack.value`SELECT count(*) FROM post_contents
        WHERE content = 'Disturbed'`;
      assert.equal(n, 1);
    });

    it("frees the key of what the schema refused, without a word", async () => {
      const key = randomUUID();
      const write = (category) =>
        user.post(
          "/api/posts",
          { title: "Where", content: "Words", category },
          { headers: { "idempotency-key": key } },
        );
      const refused = await write("no-such-category");
      assert.ok(refused.status >= 400 && refused.status < 500, `${refused}`);
      const said = await stack.logLines(refused.requestId);
      assert.ok(!JSON.stringify(said).includes("25P02"), JSON.stringify(said));
      const good = await write();
      assert.equal(good.status, 201, `${good}`);
      assert.ok(!stack.log("sparkle-fcgi.log").includes("25P02"));
    });

    it("keeps the keys of guests behind one address apart", async () => {
      const key = randomUUID();
      const [one, two] = [people.guest(), people.guest()];
      two.ip = one.ip;
      const ask = (guest, agent) =>
        guest.post(
          "/api/auth/forgot-password",
          { email: `${agent}@example.org` },
          { headers: { "idempotency-key": key, "user-agent": agent } },
        );
      assert.equal((await ask(one, "one")).status, 202);
      assert.equal((await ask(two, "two")).status, 202);
      const kept = await stack.sql`SELECT key FROM idempotency_keys
        WHERE scope = ${`ip:${one.ip}`}`;
      assert.equal(kept.length, 2);
      assert.ok(kept.every((row) => row.key !== key));
      assert.equal((await ask(one, "two")).status, 202);
    });

    it("refuses a key that is none", async () => {
      for (const key of ["x".repeat(300), "\u00e9"]) {
        const answer = await say(user, "Odd key", key);
        assert.ok(answer.status < 500, `${answer}`);
      }
    });
  });
