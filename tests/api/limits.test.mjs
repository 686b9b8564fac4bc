// Rate limits: headers, 429, GCRA, and by whom they count.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { blind } from "../lib/counted.mjs";
import { freshAddress } from "../lib/client.mjs";
import { subjectsTo, tokenTo } from "../lib/links.mjs";
import { addressOf, freshName, password } from "../lib/people.mjs";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";

/** A read that no cache answers. */
const read = (client) =>
  client.get(`/api/users/check-username?username=${freshName("x")}`);

const wrongLogin = (client, email = `${freshName()}@example.org`) =>
  client.post("/api/auth/login", { email, password: "Wrong-Password-1!" });

const randomToken = () => randomBytes(32).toString("base64url");

/** Calls until 429; how many went through in how many seconds, and that
 * answer. */
async function drain(call, most) {
  const began = Date.now();
  for (let n = 0; n <= most; n++) {
    const answer = await call();
    const seconds = (Date.now() - began) / 1000;
    if (answer.status === 429) return { n, answer, seconds };
  }
  assert.fail(`no 429 in ${most} calls`);
}

/** n calls at once: a busy machine gives back slower than they come. */
const burst = (n, call) => Promise.all(Array.from({ length: n }, call));

const leftOf = (answer) => Number(answer.headers["x-ratelimit-remaining"]);

function checkRefusal(answer) {
  assert.equal(answer.json.code, "RATE_LIMIT_ERROR");
  const wait = Number(answer.headers["retry-after"]);
  assert.ok(wait >= 1 && wait <= 900, `Retry-After: ${wait}`);
  assert.equal(answer.headers["x-ratelimit-remaining"], "0");
  assert.ok(
    Date.parse(answer.headers["x-ratelimit-reset"]) > Date.now() - 1000,
  );
}

export default () =>
  describe("limits", () => {
    it("tells limit, remaining and reset with each answer", async () => {
      const client = people.guest();
      const first = (await read(client)).headers;
      const second = (await read(client)).headers;
      assert.equal(first["x-ratelimit-limit"], "100");
      // One less, unless one came back meanwhile (each 0.6 s).
      const [one, two] = [first, second].map((h) =>
        Number(h["x-ratelimit-remaining"]),
      );
      assert.ok(one <= 99 && (two === one - 1 || two === one), `${one} ${two}`);
      assert.match(first["x-ratelimit-reset"], /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    });

    it("refuses the 101st read of a visitor in a minute", async () => {
      const client = people.guest();
      const began = Date.now();
      const answers = await Promise.all(
        Array.from({ length: 180 }, () => read(client)),
      );
      const n = answers.filter((a) => a.status === 200).length;
      const refilled = Math.ceil((Date.now() - began) / 600);
      assert.ok(n >= 100 && n <= 100 + refilled, `${n} went through`);
      checkRefusal(answers.find((a) => a.status === 429));
    });

    it("never moves the reset when a blocked caller retries", async () => {
      const client = people.guest();
      const { answer } = await drain(() => wrongLogin(client), 6);
      const reset = Date.parse(answer.headers["x-ratelimit-reset"]);
      for (let i = 0; i < 8; i++) {
        const again = await wrongLogin(client);
        assert.equal(again.status, 429);
        const moved = Date.parse(again.headers["x-ratelimit-reset"]) - reset;
        assert.ok(Math.abs(moved) <= 1000, `moved by ${moved} ms`);
      }
    });

    it("allows 5 logins in 15 minutes from an address, others go on", async () => {
      const client = people.guest();
      const { n, answer } = await drain(() => wrongLogin(client), 6);
      assert.equal(n, 5);
      checkRefusal(answer);
      assert.equal((await wrongLogin(people.guest())).status, 401);
    });

    it("allows 5 logins in 15 minutes to an account, from anywhere", async () => {
      const email = `${freshName()}@example.org`;
      const { n, answer } = await drain(
        () => wrongLogin(people.guest(), email),
        6,
      );
      assert.equal(n, 5);
      checkRefusal(answer);
    });

    it("leaves in a known browser, whatever others at its address do", async () => {
      const [name] = await people.users(1);
      const mine = await people.logIn(name);
      mine.cookies.delete("__Host-session");
      mine.csrf = null;
      const { ip } = mine;
      await drain(() => wrongLogin(people.guest({ ip })), 6);
      await drain(() => wrongLogin(people.guest(), addressOf(name)), 6);
      const again = await mine.post("/api/auth/login", {
        email: addressOf(name),
        password,
      });
      assert.equal(again.status, 200, `${again}`);
      // Another account's browser is a stranger there.
      const [other] = await people.users(1);
      const answer = await wrongLogin(mine, addressOf(other));
      assert.equal(answer.status, 403, "it has a session now, and no token");
      mine.cookies.delete("__Host-session");
      checkRefusal(await wrongLogin(mine, addressOf(other)));
    });

    it("counts a browser of ours by its cookie, over all accounts", async () => {
      const mine = await people.user();
      mine.cookies.delete("__Host-session");
      mine.csrf = null;
      const began = Date.now();
      const answers = await burst(100, () => {
        mine.ip = freshAddress();
        return wrongLogin(mine);
      });
      const n = answers.filter((a) => a.status === 401).length;
      const most = 30 + Math.ceil((Date.now() - began) / 2000);
      assert.ok(n >= 30 && n <= most, `${n} went through, not ${most}`);
      checkRefusal(answers.find((a) => a.status === 429));
    });

    it("has limits apart for logins, links and registrations", async () => {
      const ip = freshAddress();
      await drain(() => wrongLogin(people.guest({ ip })), 6);
      const client = people.guest({ ip });
      const [name] = await people.users(1);
      const email = addressOf(name);
      const forgot = await client.post("/api/auth/forgot-password", { email });
      assert.equal(forgot.status, 202, `${forgot}`);
      const token = await tokenTo(stack, email, "reset-password");
      const newPassword = "Velvet-Otter-77";
      const reset = await client.post("/api/auth/reset-password", {
        token,
        newPassword,
      });
      assert.equal(reset.status, 204, `${reset}`);
      const login = await client.post("/api/auth/login", {
        email,
        password: newPassword,
      });
      assert.equal(login.status, 200, `${login}`);
      const other = people.guest({ ip });
      const made = await other.post("/api/auth/register", {
        ...{ email: addressOf(freshName()), password, agreeToTerms: true },
      });
      assert.equal(made.status, 201, `${made}`);
    });

    it("asks for ten links an hour from an address", async () => {
      const client = people.guest();
      const { n, answer } = await drain(
        () =>
          client.post("/api/auth/forgot-password", {
            email: addressOf(freshName()),
          }),
        12,
      );
      assert.equal(n, 10);
      assert.equal(answer.json.code, "RATE_LIMIT_ERROR");
    });

    it("counts only what failed against an account", async () => {
      const [name] = await people.users(1);
      for (let i = 0; i < 8; i++) await people.logIn(name);
    });

    it("counts logins by address also of who is signed in", async () => {
      const ip = freshAddress();
      const crowd = await people.crowd(6);
      const statuses = [];
      for (const member of crowd) {
        member.ip = ip;
        statuses.push((await wrongLogin(member)).status);
      }
      assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429]);
    });

    it("counts a visitor by address, whatever it claims to be", async () => {
      const ip = freshAddress();
      const { n } = await drain(
        () => wrongLogin(people.guest({ ip: `${freshAddress()}, ${ip}` })),
        6,
      );
      assert.equal(n, 5, "the address nearest to the proxy counts");
    });

    it("counts IPv6 by /64", async () => {
      const net = `2001:db8:${Math.floor(Math.random() * 65535).toString(16)}:1`;
      let i = 1;
      const { n } = await drain(
        () => wrongLogin(people.guest({ ip: `${net}::${(i++).toString(16)}` })),
        6,
      );
      assert.equal(n, 5);
    });

    it("counts who is signed in by the user, not the address", async () => {
      const other = await people.user();
      let one, n, answer, seconds;
      // Beside other suites Redis may be emptied: then all begin anew.
      for (let i = 0; i < 3; i++) {
        one = await people.user();
        ({ n, answer, seconds } = await drain(() => {
          one.ip = freshAddress();
          return one.post("/api/posts", { title: "Again", content: "again" });
        }, 40));
        // Ten at once, and one more each six seconds that this takes.
        if (n <= 11 + seconds / 6) break;
      }
      assert.ok(
        n >= 10 && n <= 11 + seconds / 6,
        `${n} posts went through in ${seconds} s`,
      );
      checkRefusal(answer);
      other.ip = one.ip;
      const fine = await other.post("/api/posts", { title: "a", content: "b" });
      assert.equal(fine.status, 201, `${fine}`);
    });

    it("finds who is signed in, whatever the visitors there do", async () => {
      const user = await people.user();
      const visitor = people.guest({ ip: user.ip });
      await burst(160, () => read(visitor));
      await people.forgetCopies(user);
      const mine = await read(user);
      assert.equal(mine.status, 200, `${mine}`);
      assert.ok(leftOf(mine) > 90, `${leftOf(mine)}`);
    });

    it("counts by the user, too, where a session has just changed", async () => {
      const user = await people.user();
      const proved = await user.post("/api/auth/reauthenticate", { password });
      assert.equal(proved.status, 204, `${proved}`);
      const before = await read(user);
      user.ip = freshAddress();
      await burst(20, () => read(user));
      const after = leftOf(await read(user));
      assert.ok(after < leftOf(before), `${leftOf(before)} ${after}`);
    });

    it("lets invented tokens count for the address", async () => {
      const ip = freshAddress();
      const call = () => {
        const liar = people.guest({ ip });
        liar.cookies.set("__Host-session", `sess_${randomToken()}`);
        return read(liar);
      };
      const before = await blind(stack, "read");
      const began = Date.now();
      const answers = await burst(160, call);
      const n = answers.filter((a) => a.status === 200).length;
      const most = 100 + Math.ceil((Date.now() - began) / 600);
      const more = (await blind(stack, "read")) - before;
      assert.ok(n <= most + more, `${n} went through, not ${most} + ${more}`);
      const left = leftOf(await read(people.guest({ ip })));
      assert.ok(left < 50, `${left} are left to the address`);
    });

    it("counts posts and other writes apart", async () => {
      const user = await people.user();
      await drain(
        () => user.post("/api/posts", { title: "Again", content: "x" }),
        40,
      );
      const put = await user.put("/api/notifications/read-all", {});
      assert.equal(put.status, 204, `${put}`);
      assert.equal((await user.get("/api/users/me")).status, 200);
    });

    it("rings five times a day, whatever is deleted, and whoever asks", async () => {
      const telephone = "/api/users/me/phone";
      let serial = Date.now() % 1e6;
      const fresh = () => `+4917${1e8 + serial++}`;
      const [one, ...others] = await people.crowd(7);
      const codes = [];
      for (let i = 0; i < 6; i++) {
        const put = await one.put(telephone, { number: fresh() });
        codes.push(put.json.code ?? put.status);
        assert.equal((await one.delete(telephone)).status, 204);
      }
      const five = [200, 200, 200, 200, 200, "CODES_USED_UP"];
      assert.deepEqual(codes, five, "to numbers that one user names");
      const number = fresh();
      const answers = [];
      for (const other of others)
        answers.push(await other.put(telephone, { number }));
      assert.deepEqual(
        answers.map((put) => put.json.code ?? put.status),
        five,
        "to one number that six users name",
      );
    });

    it("tells three times an hour that an address was used again", async () => {
      const [name] = await people.users(1);
      const email = addressOf(name);
      const told = () => subjectsTo(stack, email).length;
      for (let i = 1; i <= 5; i++) {
        const answer = await people.guest().post("/api/auth/register", {
          ...{ email, username: freshName(), password, agreeToTerms: true },
        });
        assert.equal(answer.status, 201, `${answer}`);
        await eventually("its event is heard", async () => {
          const open = await stack.value`SELECT (SELECT count(*) FROM outbox o
              JOIN users u ON u.id = o.subject_id WHERE u.email = ${email})
            + (SELECT count(*) FROM jobs j JOIN users u ON u.id = j.subject_id
              WHERE u.email = ${email} AND j.state NOT IN ('completed'))`;
          return Number(open) === 0 && told() >= Math.min(i, 3);
        });
      }
      assert.equal(told(), 3);
    });

    it("exempts staff from api and write", async () => {
      const staff = await people.user("MODERATOR");
      for (let i = 0; i < 110; i++) {
        const answer = await read(staff);
        assert.equal(answer.status, 200, `${i}: ${answer}`);
      }
      await staff.post("/api/auth/reauthenticate", { password });
      const { headers } = await read(staff);
      assert.equal(headers["x-ratelimit-limit"], undefined);
    });

    it("lets through in time what it promised", async () => {
      const user = await people.user();
      const answers = await burst(40, () =>
        user.put("/api/notifications/read-all", {}),
      );
      const answer = answers.find((a) => a.status === 429);
      assert.ok(answer, "40 at once were let through");
      const wait = Number(answer.headers["retry-after"]);
      assert.ok(wait <= 3, `30 a minute: one each 2 s, not ${wait}`);
      await new Promise((go) => setTimeout(go, wait * 1000));
      const again = await user.put("/api/notifications/read-all", {});
      assert.equal(again.status, 204, `${again}`);
    });
  });
