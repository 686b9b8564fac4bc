// What one wants to be told, by which way: preferences, browsers, telephone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { checkPush, outside } from "../lib/outside.mjs";
import { open } from "../lib/seal.mjs";
import { eventually } from "../lib/stack.mjs";
import { contract, people, stack } from "../lib/suite.mjs";

const wishes = "/api/notifications/preferences";
const browsers = "/api/push/subscriptions";
const telephone = "/api/users/me/phone";

const keysOf = ({ endpoint, p256dh, authText }) => ({
  ...{ endpoint, p256dh, auth: authText },
});

export default () =>
  describe("channels", () => {
    let user, other;
    before(async () => ([user, other] = await people.crowd(2)));

    // ---- Preferences ----

    it("tells what is wanted, and the types there are", async () => {
      const { data } = await other.get(wishes); // who changes nothing
      assert.equal(data.postLikes, true);
      assert.equal(data.emailFrequency, "instant");
      assert.equal(data.weeklyDigest, false, "nobody asked for it yet");
      const page = await other.page("/settings/notifications");
      assert.match(page.text, /<input type="checkbox" name="weeklyDigest">/);
      assert.deepEqual(data.emailOff, []);
      assert.equal(data.quietFrom, null);
      assert.equal(data.timeZone, "UTC");
      const { items } = (await user.get("/api/notifications/types")).data;
      assert.equal(items.length, 19);
      const system = items.find((t) => t.type === "SYSTEM");
      assert.equal(system.fixed, true);
      assert.equal(system.gate, null);
      for (const { type, gate, fixed } of items)
        assert.equal(fixed, gate === null, type);
      const liked = items.find((t) => t.type === "POST_LIKED");
      assert.equal(liked.gate, "postLikes");
    });

    it("knows the same types in C, in SQL and in the document", async () => {
      const { items } = (await user.get("/api/notifications/types")).data;
      const sql = await stack.value`SELECT
        to_json(enum_range(NULL::notification_type))`;
      const { parameters } = contract.document.paths["/api/notifications"].get;
      const asked = parameters.find((p) => p.name === "types").schema;
      const sorted = (list) => [...list].sort();
      assert.deepEqual(sorted(asked.items.enum), sorted(sql));
      assert.deepEqual(sorted(items.map((t) => t.type)), sorted(sql));
    });

    it("changes what is given, and leaves the rest", async () => {
      const first = await user.put(wishes, {
        postLikes: false,
        emailOff: ["MENTION", "LEVEL_UP"],
        quietFrom: "22:30",
        quietUntil: "07:00",
        timeZone: "Europe/Berlin",
        emailFrequency: "daily",
      });
      assert.equal(first.status, 200, `${first}`);
      assert.equal(first.data.quietFrom, "22:30");
      const second = await user.put(wishes, { mentions: false, emailOff: [] });
      assert.deepEqual(second.data, {
        ...first.data,
        ...{ mentions: false, emailOff: [] },
      });
      assert.deepEqual((await user.get(wishes)).data, second.data);
      const ended = await user.put(wishes, { quietFrom: "", quietUntil: "" });
      assert.equal(ended.data.quietFrom, null);
      assert.equal((await other.get(wishes)).data.postLikes, true);
    });

    it("refuses half a night, odd times, zones and types", async () => {
      const cases = [
        [{ quietFrom: "22:00", quietUntil: "" }, "QUIET_HOURS_HALF"],
        [{ timeZone: "Mars/Base" }, "TIME_ZONE_UNKNOWN"],
        [{ quietFrom: "24:00" }, "VALIDATION_ERROR"],
        [{ quietFrom: "7:00" }, "VALIDATION_ERROR"],
        [{ emailOff: ["SPAM"] }, "VALIDATION_ERROR"],
        [{ emailFrequency: "yearly" }, "VALIDATION_ERROR"],
        [{ postLikes: "no" }, "VALIDATION_ERROR"],
      ];
      for (const [wish, code] of cases) {
        const answer = await user.put(wishes, wish);
        assert.equal(answer.json.code, code, `${answer}`);
      }
    });

    it("tells nobody what they switched off", async () => {
      const [author, fan] = await people.crowd(2);
      await author.put(wishes, { postLikes: false });
      const post = await people.post(author);
      await fan.put(`/api/posts/${post.id}/reactions/LIKE`);
      await people.comment(fan, post);
      const types = async () =>
        (await author.get("/api/notifications")).data.items.map((n) => n.type);
      await eventually("the comment is told", async () =>
        (await types()).includes("POST_COMMENTED"),
      );
      assert.ok(!(await types()).includes("POST_LIKED"));
    });

    // ---- Push ----

    it("gives its key to who is signed in", async () => {
      const { data } = await user.get("/api/push/key");
      assert.equal(data.publicKey, outside.vapidPublic);
      assert.equal((await people.guest().get("/api/push/key")).status, 401);
    });

    it("subscribes a browser, pushes to it, and forgets it", async () => {
      const [reader, writer] = await people.crowd(2);
      const browser = outside.browser();
      const made = await reader.post(browsers, keysOf(browser));
      assert.equal(made.status, 201, `${made}`);
      const again = await reader.post(browsers, keysOf(browser));
      assert.equal(again.data.id, made.data.id);
      assert.equal((await reader.get(browsers)).data.items.length, 1);
      const post = await people.post(reader);
      await people.comment(writer, post, "For your browser");
      const [pushed] = await eventually(
        "a push message",
        () => browser.pushed().length && browser.pushed(),
      );
      checkPush(pushed, outside);
      assert.equal(pushed.open(browser).body, "For your browser");
      assert.match(pushed.open(browser).url, /^\/post\//);
      const path = `${browsers}/${made.data.id}`;
      assert.equal((await other.delete(path)).status, 404);
      assert.equal((await reader.delete(path)).status, 204);
      assert.equal((await reader.delete(path)).status, 404);
    });

    it("pushes as long as the session lives, whatever its token", async () => {
      const [reader, writer] = await people.crowd(2);
      const elsewhere = await people.logIn(reader.name);
      const [here, there] = [outside.browser(), outside.browser()];
      assert.equal((await reader.post(browsers, keysOf(here))).status, 201);
      assert.equal((await elsewhere.post(browsers, keysOf(there))).status, 201);
      const old = reader.cookies.get("__Host-session");
      await stack.sql`UPDATE sessions SET rotated_at = rotated_at
        - interval '11 minutes' WHERE user_id = ${reader.id}`;
      assert.equal(await people.forgetCopies(reader), 2);
      assert.equal((await reader.get(browsers)).data.items.length, 2);
      assert.notEqual(reader.cookies.get("__Host-session"), old, "rotated");
      assert.equal((await elsewhere.post("/api/auth/logout")).status, 204);
      assert.equal((await reader.get(browsers)).data.items.length, 1);
      await people.comment(writer, await people.post(reader), "Still there?");
      const [pushed] = await eventually(
        "a push message",
        () => here.pushed().length && here.pushed(),
      );
      assert.equal(pushed.open(here).body, "Still there?");
      assert.equal(there.pushed().length, 0);
    });

    it("refuses keys that are none, and another's browser", async () => {
      const browser = outside.browser();
      const good = keysOf(browser);
      const bad = [
        { ...good, p256dh: good.p256dh.slice(0, 40) },
        { ...good, p256dh: Buffer.alloc(65, 4).toString("base64url") },
        { ...good, auth: "AAAA" },
        { ...good, endpoint: good.endpoint.replace("https", "http") },
        { ...good, endpoint: "javascript:alert(1)" },
      ];
      for (const keys of bad) {
        const answer = await user.post(browsers, keys);
        assert.equal(answer.json.code, "VALIDATION_ERROR", `${answer}`);
      }
      assert.equal((await user.post(browsers, good)).status, 201);
      const thief = { ...keysOf(outside.browser()), endpoint: good.endpoint };
      const answer = await other.post(browsers, thief);
      assert.equal(answer.json.code, "SUBSCRIPTION_TAKEN", `${answer}`);
    });

    // ---- SMS ----

    const sms = (number) =>
      outside.texted
        .map((t) => JSON.parse(t.body))
        .filter((t) => t.to === number);

    it("verifies a number by the code that was sent there", async () => {
      const number = "+491701234567";
      assert.equal((await user.get(telephone)).data.number, null);
      const put = await user.put(telephone, { number: "+49 (170) 123-4567" });
      assert.equal(put.status, 200, `${put}`);
      assert.deepEqual(put.data, { number, verified: false });
      const [{ text }] = await eventually(
        "an SMS",
        () => sms(number).length && sms(number),
      );
      const code = text.match(/\b\d{6}\b/)[0];
      const wrong = code === "000000" ? "111111" : "000000";
      const verify = (client, given) =>
        client.post(`${telephone}/verify`, { code: given });
      assert.equal((await verify(user, wrong)).json.code, "WRONG_CODE");
      assert.equal((await verify(other, code)).json.code, "CODE_GONE");
      const done = await verify(user, code);
      assert.deepEqual(done.data, { verified: true });
      assert.equal((await verify(user, code)).json.code, "CODE_GONE");
      assert.equal((await user.get(telephone)).data.verified, true);
      const again = await user.put(telephone, { number });
      assert.deepEqual(again.data, { number, verified: true });
      const [stored] = await stack.sql`SELECT kid, number::text AS hex,
        to_jsonb(p)::text AS all FROM phones p WHERE user_id = ${user.id}`;
      const clear = new RegExp(
        `${number.slice(1)}|${Buffer.from(number).toString("hex")}`,
      );
      assert.doesNotMatch(stored.all, clear);
      const ring = readFileSync(`${stack.dir}/secrets/encryption_key`, "utf8");
      assert.equal(open(ring, user.id, stored.hex.slice(2)), number);
      assert.throws(() => open(ring, other.id, stored.hex.slice(2)));
      const rows = await stack.sql`SELECT payload FROM jobs
        WHERE kind = 'sms.code'`;
      assert.ok(!JSON.stringify(rows).includes(code));
      assert.equal((await user.delete(telephone)).status, 204);
      assert.equal((await user.get(telephone)).data.verified, false);
    });

    it("dies after five wrong codes, and sends five a day", async () => {
      const number = "+491700000001";
      const guesser = await people.user();
      await guesser.put(telephone, { number });
      const [{ text }] = await eventually(
        "an SMS",
        () => sms(number).length && sms(number),
      );
      const code = text.match(/\b\d{6}\b/)[0];
      const wrong = code === "000000" ? "111111" : "000000";
      const verify = (given) =>
        guesser.post(`${telephone}/verify`, { code: given });
      for (let i = 0; i < 5; i++)
        assert.equal((await verify(wrong)).json.code, "WRONG_CODE");
      assert.equal((await verify(code)).json.code, "CODE_GONE");
      for (let i = 2; i <= 5; i++)
        await guesser.put(telephone, { number: `+49170000000${i}` });
      const last = await guesser.put(telephone, { number });
      assert.equal(last.json.code, "CODES_USED_UP", `${last}`);
    });

    it("refuses what is no number", async () => {
      for (const number of [
        "0170 1234567",
        "+49",
        "+0123456789",
        "+49 170 x",
      ]) {
        const answer = await other.put(telephone, { number });
        assert.ok([400, 422].includes(answer.status), `${answer}`);
      }
    });
  });
