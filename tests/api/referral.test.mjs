// Referral codes: once each, with points, a row of the ledger and a notice.
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { describe, it } from "node:test";
import { freshAddress } from "../lib/client.mjs";
import { addressOf, codeOf, freshName, password } from "../lib/people.mjs";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

const register = (fields) =>
  people.guest().post("/api/auth/register", {
    email: addressOf(freshName()),
    password,
    agreeToTerms: true,
    ...fields,
  });

async function freshCode(owner) {
  const code = freshName("ref").replaceAll("_", "").toUpperCase();
  await stack.sql`INSERT INTO referrals (referrer_id, code)
    VALUES (${owner.id}, ${code})`;
  return code;
}

export default () =>
  describe("referral", () => {
    it("pays who told once the address is verified, with a row of the ledger", async () => {
      const owner = await people.user();
      const code = await freshCode(owner);
      const name = freshName();
      const points = async () =>
        (await owner.get("/api/users/me")).data.points;
      const early = await register({ referralCode: code });
      assert.equal(early.status, 201, `${early}`);
      assert.equal(await points(), 100, "nobody has verified an address");
      await people.join({ username: name, referralCode: code.toLowerCase() });
      assert.equal(await points(), 600);
      const [row] = await stack.sql`SELECT r.status::text, u.username,
          b.sparkle_points AS points, b.lifetime_earned AS earned,
          (SELECT count(*) FROM currency_transactions t
            WHERE t.user_id = r.referrer_id AND t.source = 'referral'
            AND t.amount = 500) AS rows
        FROM referrals r JOIN users u ON u.id = r.referred_user_id
        JOIN user_balances b ON b.user_id = r.referrer_id
        WHERE r.code = ${code}`;
      assert.deepEqual(row, {
        status: "COMPLETED",
        username: name,
        points: 600,
        earned: 600,
        rows: 1,
      });
      const again = await register({ referralCode: code });
      assert.equal(again.status, 422, `${again}`);
      assert.ok(again.json.fields.referralCode);
    });

    it("makes codes, shows them with links, and who came by them", async () => {
      const owner = await people.user();
      const made = await owner.post("/api/users/me/referrals", {});
      assert.equal(made.status, 201, `${made}`);
      const { code, link, status, joined } = made.data;
      assert.match(code, /^[2-9A-HJ-NP-Z]{10}$/);
      assert.deepEqual({ status, joined }, { status: "PENDING", joined: null });
      const form = await people
        .guest()
        .page(new URL(link).pathname + new URL(link).search);
      assert.ok(form.text.includes(`value="${code}"`), link);
      const name = freshName();
      await people.join({ username: name, referralCode: code });
      const open = (await owner.post("/api/users/me/referrals", {})).data;
      const list = await owner.get("/api/users/me/referrals");
      assert.deepEqual(
        list.data.items.map((f) => [f.code, f.status, f.joined?.username ?? null]),
        [
          [open.code, "PENDING", null],
          [code, "COMPLETED", name],
        ],
      );
      const page = (await owner.page("/settings/account")).text;
      assert.ok(page.includes(`data-copy="${open.link}"`));
      assert.ok(page.includes(`/profile/${name}`));
      const other = await people.user();
      const theirs = await other.get("/api/users/me/referrals");
      assert.deepEqual(theirs.data.items, []);
    });

    it("pages the codes by key", async () => {
      const owner = await people.user();
      for (let i = 0; i < 3; i++) await freshCode(owner);
      const list = (query) => owner.get(`/api/users/me/referrals?${query}`);
      const { data } = await list("limit=2");
      assert.equal(data.items.length, 2);
      assert.equal(data.hasMore, true);
      const rest = (await list(`limit=2&cursor=${data.nextCursor}`)).data;
      assert.equal(rest.items.length, 1);
      assert.ok(!data.items.some((f) => f.id === rest.items[0].id));
    });

    it("makes ten unused codes at the most, however many ask at once", async () => {
      const owner = await people.user();
      const answers = await Promise.all(
        Array.from({ length: 14 }, () =>
          owner.post("/api/users/me/referrals", {}),
        ),
      );
      const made = answers.filter((a) => a.status === 201).length;
      assert.equal(made, 10, answers.map(String).join("\n"));
      const over = answers.find((a) => a.status !== 201);
      assert.equal(over.json.code, "TOO_MANY_REFERRALS", `${over}`);
    });

    it("makes no code before the address is verified", async () => {
      const user = await people.pending();
      const answer = await user.post("/api/users/me/referrals", {});
      assert.equal(answer.status, 403, `${answer}`);
    });

    it("tells who gave the code away", async () => {
      const owner = await people.user();
      const name = freshName();
      const referralCode = await freshCode(owner);
      await people.join({ username: name, referralCode });
      const told = await eventually("a notification", async () => {
        const { data } = await owner.get("/api/notifications");
        return data.items.find((n) => n.title.startsWith(name));
      });
      assert.equal(told.type, "SYSTEM");
      assert.match(told.message, /500/);
    });

    it("makes no account for a code that is no good", async () => {
      const email = addressOf(freshName());
      const answer = await register({ email, referralCode: "NOSUCHCODE" });
      assert.equal(answer.status, 422, `${answer}`);
      const n = await stack.value`SELECT count(*) FROM registrations
        WHERE email = ${email}`;
      assert.equal(n, 0);
    });

    it("uses no code up for an address that is known", async () => {
      const owner = await people.user();
      const code = await freshCode(owner);
      const email = addressOf(owner.name);
      const known = await register({ email, referralCode: code });
      assert.equal(known.status, 201, `${known}`);
      const bad = await register({ email, referralCode: "NOSUCHCODE" });
      assert.equal(bad.status, 422, `${bad}`);
      const status = await stack.value`SELECT status::text FROM referrals
        WHERE code = ${code}`;
      assert.equal(status, "PENDING");
    });

    it("makes the account where the code was used meanwhile", async () => {
      const owner = await people.user();
      const referralCode = await freshCode(owner);
      const late = freshName();
      await register({ email: addressOf(late), username: late, referralCode });
      await people.join({ username: freshName(), referralCode });
      const done = await people.guest().post("/api/auth/verify-email", {
        username: late,
        code: await codeOf(stack, addressOf(late)),
      });
      assert.equal(done.status, 200, `${done}`);
      assert.equal((await owner.get("/api/users/me")).data.points, 600);
    });

    /** Joins by a new code of a referrer; the code as the referrer sees it. */
    async function joinBy(owner, email, ip) {
      const { code } = (await owner.post("/api/users/me/referrals", {})).data;
      const client = people.guest(ip === undefined ? {} : { ip });
      const username = freshName("came");
      await people.join({ username, email, referralCode: code }, client);
      const { data } = await owner.get("/api/users/me/referrals");
      const row = data.items.find((f) => f.code === code);
      return { ...row, username };
    }

    const pointsOf = async (owner) =>
      (await owner.get("/api/users/me")).data.points;

    it("holds who comes to the referrer's own mailbox", async () => {
      const owner = await people.user("USER", freshName("own"));
      const [local] = addressOf(owner.name).split("@");
      const dotted = `${local[0]}.${local.slice(1)}`;
      for (const email of [
        `${local}+tag@example.org`,
        `${dotted}@example.org`,
        `${dotted}+a.b@example.org`,
      ]) {
        const { status, heldAt } = await joinBy(owner, email);
        assert.equal(status, "HELD", email);
        assert.ok(heldAt);
      }
      assert.equal(await pointsOf(owner), 100);
      const fine = await joinBy(owner, `x${local}@example.org`);
      assert.equal(fine.status, "COMPLETED");
      assert.equal(await pointsOf(owner), 600);
    });

    it("pays for one newcomer of a mailbox, whoever invited", async () => {
      const [one, other] = await people.crowd(2);
      const local = freshName("box");
      const first = await joinBy(one, `${local}@example.org`);
      const second = await joinBy(other, `${local}+2@example.org`);
      assert.deepEqual([first.status, second.status], ["COMPLETED", "HELD"]);
      assert.equal(await pointsOf(other), 100);
    });

    it("pays for one newcomer of a network in a day", async () => {
      const [one, other] = await people.crowd(2);
      const net = `2001:db8:${randomInt(65536).toString(16)}:4200`;
      const fresh = () => addressOf(freshName("net"));
      const first = await joinBy(one, fresh(), `${net}::1`);
      const near = `${net.slice(0, -2)}ab::7`;
      const second = await joinBy(other, fresh(), near);
      assert.deepEqual([first.status, second.status], ["COMPLETED", "HELD"]);
      const elsewhere = `${net.slice(0, -4)}4300::1`;
      const third = await joinBy(one, fresh(), elsewhere);
      assert.equal(third.status, "COMPLETED");
      await stack.sql`UPDATE referrals
        SET claimed_at = claimed_at - interval '24 hours 1 second'
        WHERE referrer_id IN (${one.id}, ${other.id})`;
      const nextDay = await joinBy(other, fresh(), `${net}::2`);
      assert.equal(nextDay.status, "COMPLETED");
    });

    it("holds who comes from the referrer's own machine", async () => {
      const owner = await people.user();
      const ip = await stack.value`SELECT host(ip) FROM sessions
        WHERE user_id = ${owner.id} LIMIT 1`;
      const { status } = await joinBy(owner, addressOf(freshName()), ip);
      assert.equal(status, "HELD");
      const page = (await owner.page("/settings/account")).text;
      assert.match(page, /We look at it before the points come/);
    });

    it("pays one of many who come at once from one network", async () => {
      const owner = await people.user();
      const ip = freshAddress();
      const names = Array.from({ length: 5 }, () => freshName("farm"));
      const codes = [];
      for (const username of names) {
        const referralCode = (await owner.post("/api/users/me/referrals", {}))
          .data.code;
        const client = people.guest({ ip });
        const made = await people.ask({ username, referralCode }, client);
        assert.equal(made.status, 201, `${made}`);
        codes.push(await codeOf(stack, addressOf(username)));
      }
      const done = await Promise.all(
        names.map((username, i) =>
          people.guest().post("/api/auth/verify-email", {
            username,
            code: codes[i],
          }),
        ),
      );
      for (const answer of done) assert.equal(answer.status, 200, `${answer}`);
      assert.equal(await pointsOf(owner), 600);
      const { data } = await owner.get("/api/users/me/referrals");
      const statuses = data.items.map((f) => f.status).sort();
      assert.deepEqual(statuses, ["COMPLETED", ...Array(4).fill("HELD")]);
    });

    it("lets staff see, release and refuse what is held, once", async () => {
      const owner = await people.user();
      const staff = await people.user("MODERATOR");
      const [local] = addressOf(owner.name).split("@");
      const one = await joinBy(owner, `${local}+1@example.org`);
      const two = await joinBy(owner, `${local}+2@example.org`);
      const list = await staff.get("/api/admin/referrals?limit=100");
      const held = list.data.items.find((f) => f.id === one.id);
      assert.equal(held.heldFor, "mailbox");
      assert.equal(held.referrer.username, owner.name);
      assert.equal(held.joined.username, one.username);
      const page = await staff.page("/admin/referrals");
      assert.ok(page.text.includes(two.code), `${page}`);
      const decide = (client, { id }, what, reason = "A friend.") =>
        client.post(`/api/admin/referrals/${id}/${what}`, { reason });
      assert.equal((await decide(owner, one, "release")).status, 403);
      assert.equal((await owner.get("/api/admin/referrals")).status, 403);
      const none = await decide(staff, one, "release", "");
      assert.ok(none.json.fields.reason, `${none}`);
      const answers = await Promise.all(
        Array.from({ length: 4 }, () => decide(staff, one, "release")),
      );
      const statuses = answers.map((a) => a.status).sort();
      assert.deepEqual(statuses, [204, 409, 409, 409]);
      assert.equal((await decide(staff, two, "refuse")).status, 204);
      assert.equal((await decide(staff, two, "release")).status, 409);
      assert.equal(await pointsOf(owner), 600);
      const { data } = await owner.get("/api/users/me/referrals");
      const mine = Object.fromEntries(
        data.items.map((f) => [f.code, f.status]),
      );
      assert.deepEqual(mine, {
        [one.code]: "COMPLETED",
        [two.code]: "CANCELLED",
      });
      const audit = await stack.sql`SELECT action, after->>'why' AS why
        FROM audit_log WHERE actor_id = ${staff.id}
          AND action LIKE 'referral.%' ORDER BY created_at`;
      assert.deepEqual(audit, [
        { action: "referral.release", why: "A friend." },
        { action: "referral.refuse", why: "A friend." },
      ]);
    });

    it("lets no staff decide of their own", async () => {
      const staff = await people.user("MODERATOR");
      const [local] = addressOf(staff.name).split("@");
      const held = await joinBy(staff, `${local}+1@example.org`);
      const answer = await staff.post(
        `/api/admin/referrals/${held.id}/release`,
        { reason: "It is me." },
      );
      assert.equal(answer.json.code, "OWN_REFERRAL", `${answer}`);
      assert.equal(await pointsOf(staff), 100);
    });
  });
