// Deletion and export of accounts, as far as the clock need not move: what is
// asked, by whom, and how often.  The rest is in tests/jobs/privacy.test.mjs.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tokenTo, tokensTo } from "../lib/links.mjs";
import { addressOf, freshName, mailsTo, password } from "../lib/people.mjs";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

const deletion = "/api/users/me/deletion";
const exports_ = "/api/users/me/export";
const day = 86400000;

const codes = (answers) => answers.map((a) => a.json?.code ?? a.status).sort();

async function exported(user) {
  const asked = await user.post(exports_, {});
  assert.equal(asked.status, 202, `${asked}`);
  return eventually("the export is ready", async () => {
    const answer = await user.get(`${exports_}/${asked.data.id}`);
    return answer.data.state === "ready" && answer.data;
  });
}

const pathOf = (url) => url.slice(stack.url.length);

export default () =>
  describe("privacy", () => {
    it("takes a request for deletion, tells of it, and takes it back", async () => {
      const user = await people.user();
      const none = await user.get(deletion);
      assert.deepEqual(none.data, {
        pending: false,
        requestedAt: null,
        dueAt: null,
        removeContent: false,
      });
      const asked = await user.post(deletion, { removeContent: true });
      assert.equal(asked.status, 201, `${asked}`);
      const { requestedAt, dueAt } = asked.data;
      assert.equal(Date.parse(dueAt) - Date.parse(requestedAt), 14 * day);
      assert.deepEqual((await user.get(deletion)).data, asked.data);
      assert.equal(asked.data.removeContent, true);
      const again = await user.post(deletion, {});
      assert.equal(again.json.code, "DELETION_PENDING");

      assert.equal((await user.delete(deletion)).status, 204);
      assert.equal((await user.get(deletion)).data.pending, false);
      assert.equal((await user.delete(deletion)).json.code, "NO_DELETION");
      assert.equal((await user.post(deletion, {})).status, 201);
    });

    it("mails the day, and a banner tells it on every page", async () => {
      const user = await people.user();
      assert.doesNotMatch((await user.page("/")).text, /will be deleted on/);
      await user.post(deletion, {});
      const mail = await eventually("the mail", () =>
        mailsTo(stack, addressOf(user.name)).find((m) =>
          /will be deleted/.test(m.headers.subject),
        ),
      );
      const [date] = mail.text.match(/\d+ [A-Z][a-z]+ \d{4}/);
      for (const path of ["/", "/settings", "/search?q=x"]) {
        const page = await user.page(path);
        assert.ok(page.text.includes(`will be deleted on ${date}`), path);
        assert.match(page.text, /Keep my account/);
      }
      const guest = await people.guest().page("/");
      assert.doesNotMatch(guest.text, /will be deleted on/);
      await user.delete(deletion);
      assert.doesNotMatch((await user.page("/")).text, /will be deleted on/);
    });

    it("warns the account, and writes both down without an address", async () => {
      const user = await people.user();
      await user.post(deletion, {});
      await user.delete(deletion);
      const [alert] = await stack.sql`SELECT severity, host(ip) AS ip
        FROM security_alerts WHERE user_id = ${user.id}
          AND type = 'ACCOUNT_DELETION_REQUESTED'`;
      assert.deepEqual(alert, { severity: "high", ip: user.ip });
      const log = await stack.sql`SELECT * FROM audit_log
        WHERE actor_id = ${user.id} ORDER BY id`;
      assert.deepEqual(
        log.map((row) => row.action),
        ["account.deletion_requested", "account.deletion_cancelled"],
      );
      assert.equal(log[0].resource_id, user.id);
      assert.doesNotMatch(JSON.stringify(log), /example\.org/);
    });

    it("asks for the password, unless it was used within ten minutes", async () => {
      const user = await people.user();
      await people.ageProof(user);
      for (const path of [deletion, exports_]) {
        const late = await user.post(path, {});
        assert.equal(late.json.code, "REAUTHENTICATION_REQUIRED", `${late}`);
        const wrong = await user.post(path, { password: "Wrong-Horse-8-Bat" });
        assert.equal(wrong.json.code, "WRONG_PASSWORD", `${wrong}`);
      }
      assert.equal((await user.post(deletion, { password })).status, 201);
    });

    it("exports no mail of who has an address after one", async () => {
      const name = freshName("squat");
      const email = addressOf(name);
      const squatter = await people.pending(name);
      await stack.sql`UPDATE users SET username = ${freshName()}
        WHERE id = ${squatter.id}`;
      await stack.sql`DELETE FROM user_names_old
        WHERE user_id = ${squatter.id}`;
      await eventually(
        "its mail",
        () => tokensTo(stack, email, "verify-email")[0],
      );
      const to = addressOf(freshName("moved"));
      await squatter.post("/api/auth/email-change", { email: to });
      const token = await tokenTo(stack, to, "confirm-email");
      const moved = await people
        .guest()
        .post("/api/auth/email-change/confirm", { token });
      assert.equal(moved.status, 204, `${moved}`);

      await people.create([name]);
      const [{ id }] = await stack.sql`SELECT id FROM users
        WHERE email = ${email}`;
      await stack.sql`INSERT INTO mail_sent (message_id, user_id, recipient,
          template, category, subject)
        VALUES (${`<${name}@test>`}, ${id}, ${email}, 't', 'c', 's')`;
      await stack.sql`INSERT INTO mail_scores (email, score)
        VALUES (${email}, 2)`;
      const seen = await stack.sql`SELECT p.tbl, r.shown
        FROM privacy_places p, privacy_rows(p.n, ${squatter.id}) r
        WHERE p.tbl IN ('mail_sent', 'mail_scores', 'login_locks')
          AND r.shown LIKE ${`%${name}@%`}`;
      assert.ok(seen.length > 0, "its own mails to that address are there");
      for (const { tbl, shown } of seen) {
        assert.equal(tbl, "mail_sent");
        assert.equal(JSON.parse(shown).user_id, squatter.id);
      }
    });

    it("keeps strangers and visitors out", async () => {
      const guest = people.guest();
      for (const path of [deletion, exports_])
        for (const method of ["get", "post"]) {
          const body = method === "post" ? {} : undefined;
          const answer = await guest[method](path, body);
          assert.equal(answer.status, 401, `${answer}`);
        }
      const [owner, other] = await people.crowd(2);
      const { id } = (await owner.post(exports_, {})).data;
      assert.equal((await other.get(`${exports_}/${id}`)).status, 404);
    });

    it("refuses a form of another site", async () => {
      const user = await people.user();
      for (const path of [deletion, exports_]) {
        const answer = await user.post(path, {}, { csrf: null });
        assert.equal(answer.json.code, "CSRF_ERROR");
      }
    });

    it("takes one of four requests at once", async () => {
      const user = await people.user();
      const answers = await Promise.all(
        Array.from({ length: 4 }, () => user.post(deletion, {})),
      );
      const refused = Array(3).fill("DELETION_PENDING");
      assert.deepEqual(codes(answers), [201, ...refused]);
    });

    it("makes an export, mails a link, and sends the file by it", async () => {
      const user = await people.user();
      await people.post(user, { title: "Mine alone" });
      const made = await exported(user);
      assert.equal(Date.parse(made.expiresAt) > Date.now() + 6.9 * day, true);
      const mail = await eventually("the mail", () =>
        mailsTo(stack, addressOf(user.name)).find((m) =>
          /are ready/.test(m.headers.subject),
        ),
      );
      assert.ok(mail.text.replaceAll("&amp;", "&").includes(made.url));

      const file = await people.guest().get(pathOf(made.url));
      assert.equal(file.status, 200);
      assert.equal(file.bytes.length, made.size);
      assert.equal(file.bytes.toString("latin1", 0, 4), "PK\x03\x04");
      assert.equal(file.type, "application/zip");
      assert.match(file.headers["content-disposition"], /attachment/);
      assert.equal(file.headers["cache-control"], "private, no-store");
      const listed = (await user.get(exports_)).data.items;
      assert.deepEqual(
        listed.map((e) => e.state),
        ["ready"],
      );
    });

    it("sends the file to nobody without the whole link", async () => {
      const user = await people.user();
      const { url, id } = await exported(user);
      const guest = people.guest();
      const path = pathOf(url);
      const [base, token] = path.split("?token=");
      const other = "0190a6d2-0000-7000-8000-000000000000";
      for (const bad of [
        `${base}?token=${token.slice(0, -1)}`,
        `${base}?token=${token.replace(/.$/, (c) => (c === "A" ? "B" : "A"))}`,
        `${base}?token=k9${token.slice(2)}`,
        `${base}?token=.`,
        `${path.replace(id, other)}`,
      ])
        assert.equal((await guest.get(bad)).status, 404, bad);
      assert.equal((await guest.get(base)).status, 400);
      const [{ path: name }] = await stack.sql`SELECT path FROM data_exports
        WHERE id = ${id}`;
      assert.match(name, /^[A-Za-z0-9_-]{43}\.zip$/);
      const direct = await guest.get(`/internal/exports/${name}`, {
        check: false,
      });
      assert.equal(direct.status, 404);
      assert.ok(!stack.log("sparkle-fcgi.log").includes(token));
      assert.ok(!stack.log("access.log").includes(token));
    });

    it("makes one export at a time, and one a day", async () => {
      const user = await people.user();
      const racing = await Promise.all(
        Array.from({ length: 4 }, () => user.post(exports_, {})),
      );
      const codesSeen = codes(racing);
      assert.equal(codesSeen[0], 202);
      for (const code of codesSeen.slice(1))
        assert.match(String(code), /^EXPORT_(RUNNING|DAILY_LIMIT)$/);
      await eventually("it is ready", async () => {
        const { items } = (await user.get(exports_)).data;
        return items.length === 1 && items[0].state === "ready";
      });
      const again = await user.post(exports_, {});
      assert.equal(again.json.code, "EXPORT_DAILY_LIMIT");
    });
  });
