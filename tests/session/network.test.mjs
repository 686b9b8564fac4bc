// Networks that hide who is behind them: noted in the history, and limited.
// main.mjs has the lists: 192.0.2.0/25 and 2001:db8:77::/48 are a VPN's, all
// of 192.0.2.0/24 a data centre's, and 10.0.0.0/8 stands there wrongly.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { people, stack } from "../lib/suite.mjs";
import { alertsOf, freshUser, tryIn, wrong } from "./lib.mjs";

const limitOf = (answer) => Number(answer.headers["x-ratelimit-limit"]);

export default () =>
  describe("networks on lists", () => {
    it("are noted in the history", async () => {
      const user = await freshUser();
      const kinds = [
        ["192.0.2.1", "vpn", "through a VPN"],
        ["192.0.2.127", "vpn", "through a VPN"],
        ["192.0.2.128", "hosting", "from a data centre"],
        ["2001:db8:77:ffff::1", "vpn", "through a VPN"],
        ["2001:db8:78::1", null, null],
        ["192.0.3.0", null, null],
        ["10.1.2.3", null, null],
      ];
      for (const [ip] of kinds) {
        const answer = await tryIn(people.guest({ ip }), user.email, wrong);
        assert.match(`${answer.status}`, /^(401|423)$/, `${answer}`);
      }
      const rows = await stack.sql`SELECT host(ip) AS ip, network
        FROM login_history WHERE user_id = ${user.id} ORDER BY created_at, id`;
      assert.deepEqual(
        rows.map((r) => [r.ip, r.network]),
        kinds.map(([ip, kind]) => [ip, kind]),
      );
    });

    it("are told of in words to who signed in from there", async () => {
      const user = await freshUser();
      const client = people.guest({ ip: "192.0.2.200" });
      assert.equal((await tryIn(client, user.email)).status, 200);
      const [item] = (await client.get("/api/auth/login-history")).data.items;
      assert.equal(item.network, "hosting");
      assert.equal(item.networkName, "from a data centre");
      const page = await client.request("GET", "/settings/security", {
        headers: { accept: "text/html" },
        check: false,
      });
      assert.match(page.text, /192\.0\.2\.200[^\n]*, <bdi>from a data centre/);
      const other = people.guest({ ip: "192.0.2.2" });
      assert.equal((await tryIn(other, user.email)).status, 200);
      const [alert] = await alertsOf(user, "NEW_IP_LOGIN");
      assert.equal(alert.data.network, "vpn");
    });

    it("have their share of a limit, and others all of it", async () => {
      const limitFrom = async (ip) =>
        limitOf(await tryIn(people.guest({ ip }), "x@example.org", wrong));
      assert.equal(await limitFrom("192.0.2.9"), 50000);
      assert.equal(await limitFrom("::ffff:192.0.2.9"), 50000);
      assert.equal(await limitFrom("192.0.3.9"), 100000);
      assert.equal(await limitFrom("10.9.9.9"), 100000);
    });

    it("have it signed in too, known to Redis or not", async () => {
      const user = await people.user();
      const limitFrom = async (ip) => {
        user.ip = ip;
        return limitOf(await user.get("/api/users/me"));
      };
      assert.equal(await limitFrom("192.0.2.9"), 50000);
      await people.forgetCopies(user);
      assert.equal(await limitFrom("192.0.2.9"), 50000);
      await people.forgetCopies(user);
      assert.equal(await limitFrom("192.0.3.9"), 100000);
    });
  });
