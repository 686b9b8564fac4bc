// Mails, from outside: the way out of them, bounces, what was sent, previews.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { addressOf } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";

/** The signature of a link, by the site's key. */
function signed(purpose, what) {
  const secret = readFileSync(join(stack.dir, "secrets/signing_key"), "utf8");
  const [first] = secret.trim().split(",");
  const key = Buffer.from(first.slice(first.indexOf(":") + 1), "hex");
  return createHmac("sha256", key).update(`mail:${purpose}:${what}`).digest()
    .subarray(0, 16).toString("base64url");
}

/** The token of a link that ends mails of a category. */
export function tokenOf(id, category) {
  const what = `${id}.${category}`;
  return `${what}.${signed("unsubscribe", what)}`;
}

const prefs = async (id) =>
  (await stack.sql`SELECT * FROM notification_preferences
    WHERE user_id = ${id}`)[0];

const plain = { check: false, origin: null };

export default () =>
  describe("mailing", () => {
    it("shows what a link would end, and ends nothing by GET", async () => {
      const user = await people.user();
      const token = tokenOf(user.id, "post_liked");
      const answer = await people.guest().page(`/unsubscribe?token=${token}`);
      assert.equal(answer.status, 200, `${answer}`);
      assert.match(answer.text, /likes of your posts/);
      assert.match(answer.headers["cache-control"], /no-store/);
      assert.equal((await prefs(user.id))?.email_off?.length ?? 0, 0);
    });

    it("ends mails of a kind in one click, without cookies or CSRF", async () => {
      const user = await people.user();
      const bodies = [
        ["post_liked", "application/x-www-form-urlencoded",
          "List-Unsubscribe=One-Click"],
        ["mention", "multipart/form-data; boundary=x",
          '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"' +
            "\r\n\r\nOne-Click\r\n--x--\r\n"],
      ];
      for (const [category, type, body] of bodies) {
        const path = `/unsubscribe?token=${tokenOf(user.id, category)}`;
        const answer = await people.guest().request("POST", path, {
          ...plain, body, headers: { "content-type": type },
        });
        assert.equal(answer.status, 200, `${answer}`);
      }
      assert.deepEqual(
        (await prefs(user.id)).email_off, ["POST_LIKED", "MENTION"]);
    });

    it("ends digests, newcomers' mails, and all of them", async () => {
      const user = await people.user();
      const wishes = "/api/notifications/preferences";
      const asked = await user.put(wishes, { weeklyDigest: true });
      assert.equal(asked.data.weeklyDigest, true, `${asked}`);
      const [since, later] = [await prefs(user.id),
        (await user.put(wishes, { weeklyDigest: true }), await prefs(user.id))];
      assert.equal(since.weekly_digest_at, later.weekly_digest_at);
      assert.ok(since.weekly_digest_at);
      const end = (category, more = "") =>
        people.guest().request(
          "POST", `/unsubscribe?token=${tokenOf(user.id, category)}${more}`,
          plain);
      assert.equal((await end("weekly_digest")).status, 200);
      assert.equal((await end("onboarding")).status, 200);
      assert.equal((await end("onboarding")).status, 200);
      let row = await prefs(user.id);
      assert.equal(row.weekly_digest, false);
      assert.equal(row.weekly_digest_at, null);
      assert.deepEqual(row.unsubscribed, ["onboarding"]);
      assert.equal(row.email_enabled, true);
      assert.equal((await end("onboarding", "&all=true")).status, 200);
      row = await prefs(user.id);
      assert.equal(row.email_enabled, false);
    });

    it("refuses links that were changed", async () => {
      const user = await people.user();
      const other = await people.user();
      const token = tokenOf(user.id, "mention");
      const [, category, signature] = token.split(".");
      const bad = [
        "", "x", `${user.id}.mention.`, `${user.id}.system.${signature}`,
        `${other.id}.${category}.${signature}`, token.slice(0, -1),
        ...["click", "open", "bounce", "export"].map((purpose) =>
          `${user.id}.mention.${signed(purpose, `${user.id}.mention`)}`),
      ];
      for (const wrong of bad)
        for (const method of ["GET", "POST"]) {
          const answer = await people.guest().request(
            method, `/unsubscribe?token=${wrong}`, plain);
          assert.equal(answer.status, 400, `${method} ${wrong}: ${answer}`);
        }
      assert.equal((await prefs(other.id))?.email_off?.length ?? 0, 0);
    });

    it("sends clicks only where the signature says", async () => {
      const url = "https://example.com/a?b=c&d=%20e";
      const id = 123456789;
      const path = (to, signature) =>
        `/api/email/track/click?id=${id}&url=${encodeURIComponent(to)}` +
        `&signature=${signature}`;
      const good = signed("click", `${id}:${url}`);
      const answer = await people.guest().get(path(url, good));
      assert.equal(answer.status, 303, `${answer}`);
      assert.equal(answer.headers.location, url);
      for (const evil of ["https://evil.example/", url + "x", "/login"]) {
        const refused = await people.guest().get(path(evil, good));
        assert.equal(refused.status, 400, `${refused}`);
        assert.equal(refused.headers.location, undefined);
      }
      // Signed, but to open: a picture's address leads nowhere.
      const other = signed("open", `${id}:${url}`);
      assert.equal((await people.guest().get(path(url, other))).status, 400);
    });

    it("gives a picture to who has its signature", async () => {
      const path = "/api/email/track/open?id=5&signature=";
      const answer = await people.guest().get(path + signed("open", "5"));
      assert.equal(answer.status, 200, `${answer}`);
      assert.equal(answer.type, "image/gif");
      assert.equal(answer.bytes.subarray(0, 6).toString(), "GIF89a");
      const refused = await people.guest().get(path + signed("open", "6"));
      assert.equal(refused.status, 400);
    });

    it("takes bounces from who knows the secret", async () => {
      const user = await people.user();
      const email = addressOf(user.name);
      const tell = (secret, more = {}) =>
        people.guest().post(
          "/api/email/bounce",
          { email, kind: "hard", messageId: `<${user.name}@x>`, ...more },
          { origin: null, headers: secret
            ? { authorization: `Bearer ${secret}` } : {} });
      assert.equal((await tell(null)).status, 401);
      assert.equal((await tell("wrong")).status, 401);
      assert.equal((await tell("bounces-for-tests", { kind: "odd" })).status, 400);
      assert.equal((await tell("bounces-for-tests")).status, 204);
      assert.equal((await tell("bounces-for-tests")).status, 204);
      let state = (await user.get("/api/users/me/mail")).data;
      assert.equal(state.bounceScore, 2);
      assert.equal(state.suppressed, false);
      await tell("bounces-for-tests", { kind: "complaint", reason: "spam" });
      state = (await user.get("/api/users/me/mail")).data;
      assert.equal(state.suppressed, true);
      assert.equal(state.reason, "bounced");
      assert.equal(state.lastBounce, "spam");

      // They see it and lift it; so can staff, and that is written down.
      const page = await user.page("/settings/email");
      assert.equal(page.status, 200);
      assert.match(page.text, /sends our mails back/);
      const lifted = await user.delete("/api/users/me/mail/suppression");
      assert.equal(lifted.status, 204, `${lifted}`);
      assert.equal((await user.get("/api/users/me/mail")).data.suppressed, false);

      await tell("bounces-for-tests", { kind: "complaint", messageId: "<2@x>" });
      const admin = await people.user("ADMIN");
      const list = await admin.get(
        `/api/admin/mail/suppressions?email=${email.toUpperCase()}`);
      assert.equal(list.data.items.length, 1, `${list}`);
      assert.equal(list.data.items[0].email, email);
      assert.equal((await user.get("/api/admin/mail/suppressions")).status, 403);
      assert.equal((await admin.post("/api/admin/mail/lift", { email })).status,
        400, "staff say why");
      const done = await admin.post("/api/admin/mail/lift",
        { email, detail: "they called" });
      assert.equal(done.status, 204, `${done}`);
      assert.equal((await user.get("/api/users/me/mail")).data.suppressed, false);
      const n = await stack.value`SELECT count(*) FROM audit_log
        WHERE action = 'mail.lift' AND resource_id = ${user.id}`;
      assert.equal(Number(n), 1);
    });

    it("tells nothing of an address that was not proved, and lifts nothing", async () => {
      const user = await people.user();
      const email = addressOf(user.name);
      await stack.sql`INSERT INTO mail_suppressions (email, reason, detail)
        VALUES (${email}, 'bounced', 'their mailbox is full')`;
      const own = "/api/users/me/mail";
      assert.equal((await user.get(own)).data.suppressed, true);
      await stack.sql`UPDATE users SET email_verified_at = NULL
        WHERE id = ${user.id}`;
      for (const answer of [await user.get(own),
        await user.delete(`${own}/suppression`)]) {
        assert.equal(answer.status, 403, `${answer}`);
        assert.equal(answer.json.code, "EMAIL_NOT_VERIFIED");
      }
      const page = await user.page("/settings/email");
      assert.equal(page.status, 200);
      assert.match(page.text, /Confirm your address/);
      assert.doesNotMatch(page.text, /Send mails again|mails back|Mails reach you/);
      const rows = await stack.value`SELECT count(*) FROM mail_suppressions
        WHERE email = ${email}`;
      assert.equal(Number(rows), 1);
    });

    it("lets staff stop mails to an address, with the reason", async () => {
      const admin = await people.user("ADMIN");
      const user = await people.user();
      const email = addressOf(user.name);
      const path = "/api/admin/mail/suppressions";
      const stop = (more, who = admin) => who.post(path,
        { email, reason: "not_permitted", detail: "their lawyer wrote",
          ...more });
      for (const bad of [{ reason: "quiet_hours" }, { detail: "" },
        { email: "a@b\r\nBcc: c@d" }, { days: 0 }])
        assert.equal((await stop(bad)).status, 400, JSON.stringify(bad));
      assert.equal((await stop({}, user)).status, 403);
      assert.equal((await stop({ email: email.toUpperCase() })).status, 204);
      const found = await admin.get(`${path}?email=${email.slice(0, -4)}`);
      const [row] = found.data.items;
      assert.equal(row.email, email, `${found}`);
      assert.equal(row.reason, "not_permitted");
      assert.equal(row.detail, "their lawyer wrote");
      assert.equal(row.until, null);
      const none = await admin.get(`${path}?email=%25`);
      assert.deepEqual(none.data.items, []);
      const skip = () => stack.value`SELECT mail_refused(${user.id}::uuid, 'x',
        false, NULL, 0)::text`;
      assert.equal(await skip(), "not_permitted");

      // What staff must not lift by accident, users must not at all.
      let state = (await user.get("/api/users/me/mail")).data;
      assert.deepEqual([state.suppressed, state.liftable], [true, false]);
      await user.delete("/api/users/me/mail/suppression");
      state = (await user.get("/api/users/me/mail")).data;
      assert.equal(state.suppressed, true);
      const page = await user.page("/settings/email");
      assert.match(page.text, /asked to write no more/);
      assert.doesNotMatch(page.text, /Send mails again/);

      // Said again, it is changed; for some days, it ends by itself.
      assert.equal((await stop({ reason: "bounced", days: 3 })).status, 204);
      assert.equal((await user.get("/api/users/me/mail")).data.liftable, true);
      const days = await stack.value`SELECT extract(day FROM until - created_at)
        FROM mail_suppressions WHERE email = ${email}`;
      assert.equal(Number(days), 3);
      await stack.sql`UPDATE mail_suppressions SET until = clock_now()
        WHERE email = ${email}`;
      assert.notEqual(await skip(), "bounced");
      const actions = await stack.sql`SELECT after->>'why' AS why, after->>'days'
          AS days FROM audit_log
        WHERE action = 'mail.suppress' AND resource_id = ${user.id}
        ORDER BY created_at`;
      assert.deepEqual(actions.map((row) => row.days), [null, "3"]);
      assert.equal(actions[0].why, "their lawyer wrote");
      assert.ok(!JSON.stringify(actions).includes(email));
    });

    it("shows staff the mails of a user, and who gets none, as pages", async () => {
      const admin = await people.user("ADMIN");
      const user = await people.user();
      for (const path of [`/admin/users/${user.id}/mail`,
        "/admin/mail/suppressions"]) {
        assert.equal((await admin.page(path)).status, 200, path);
        assert.notEqual((await user.page(path)).status, 200, path);
      }
    });

    it("lists one's mails, and why some were not sent; only one's own", async () => {
      const user = await people.user();
      const other = await people.user();
      await stack.sql`INSERT INTO mail_skipped (user_id, recipient, template,
          category, reason)
        VALUES (${user.id}, ${addressOf(user.name)}, 'mention', 'mention',
          'seen_on_site')`;
      const own = await user.get("/api/users/me/mail/log");
      assert.equal(own.status, 200, `${own}`);
      const [row] = own.data.items.filter((m) => m.state === "skipped");
      assert.equal(row.reason, "seen_on_site");
      assert.match(row.words, /seen on the site/);
      const none = await other.get("/api/users/me/mail/log");
      assert.ok(none.data.items.every((m) => m.recipient !== row.recipient));
      const admin = await people.user("ADMIN");
      const seen = await admin.get(`/api/admin/users/${user.id}/mail?limit=1`);
      assert.equal(seen.data.items.length, 1);
      assert.equal((await other.get(`/api/admin/users/${user.id}/mail`)).status,
        403);
    });

    it("previews every mail for admins, in a frame that can do nothing", async () => {
      const admin = await people.user("ADMIN");
      const user = await people.user();
      const list = await admin.get("/api/admin/emails");
      assert.ok(list.data.items.length >= 20);
      for (const { name } of list.data.items) {
        const mail = await admin.get(`/api/admin/emails/${name}`);
        assert.equal(mail.status, 200, `${mail}`);
        assert.ok(mail.data.subject && mail.data.text && mail.data.html);
      }
      const html = await admin.get("/api/admin/emails/weekly-digest/html");
      assert.equal(html.type, "text/html");
      assert.match(html.headers["content-security-policy"],
        /^sandbox; default-src 'none'/);
      assert.equal((await admin.get("/api/admin/emails/none")).status, 404);
      assert.equal((await user.get("/api/admin/emails")).status, 403);
      const page = await admin.page("/admin/emails");
      assert.match(page.text, /\/admin\/emails\/welcome/);
      const one = await admin.page("/admin/emails/welcome");
      assert.match(one.text, /<iframe [^>]*sandbox=""/);
      assert.match(one.headers["content-security-policy"], /frame-src 'self'/);
      assert.equal((await user.page("/admin/emails")).status, 403);
    });
  });
