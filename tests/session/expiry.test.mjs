// When sessions end: after their time, after a year, and the sixty-first.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { people, stack } from "../lib/suite.mjs";
import { clock, expect } from "./lib.mjs";

const DAY = 86400;

const endOf = async (user) =>
  Date.parse(
    await stack.value`SELECT expires_at FROM sessions
      WHERE user_id = ${user.id} AND ended_at IS NULL`,
  );

export default () =>
  describe("expiry", () => {
    for (const [days, remember] of [
      [30, false],
      [90, true],
    ])
      it(`is after exactly ${days} days without use`, async () => {
        const [name] = await people.users(2);
        const one = await people.logIn(name, { remember });
        const end = await endOf(one);
        assert.ok(Math.abs(end - clock.now() - days * DAY * 1000) < 60e3);
        clock.moveTo(end - 60000);
        await expect(one, 200); // and is extended by it
        const next = await endOf(one);
        assert.ok(next - end > (days - 1) * DAY * 1000);
        clock.moveJustAfter(next);
        await expect(one, 401);
      });

    it("moves by use, a day after it was moved last", async () => {
      const user = await people.user();
      const first = await endOf(user);
      clock.forward(DAY - 60);
      await expect(user, 200);
      assert.equal(await endOf(user), first);
      clock.forward(700);
      await expect(user, 200);
      const second = await endOf(user);
      assert.ok(second - first >= DAY * 1000, `${second - first}`);
    });

    it("never comes nearer, whatever the use", async () => {
      const [name] = await people.users(1);
      const user = await people.logIn(name, { remember: true });
      let last = await endOf(user);
      for (const step of [10, 700, DAY, 3 * DAY, 40 * DAY, 601, 80 * DAY]) {
        clock.forward(step);
        await expect(user, 200);
        const end = await endOf(user);
        assert.ok(end >= last, `${step}: ${end} after ${last}`);
        last = end;
      }
    });

    it("is after a year at the most", async () => {
      const [name] = await people.users(1);
      const user = await people.logIn(name, { remember: true });
      const began = clock.now();
      for (let i = 0; i < 4; i++) {
        clock.forward(80 * DAY);
        await expect(user, 200);
      }
      const end = await endOf(user);
      // A year of the calendar, which may have a leap day.
      const year = new Date(began);
      year.setUTCFullYear(year.getUTCFullYear() + 1);
      const most = year.getTime() + 0.3 * DAY * 1000;
      assert.ok(end <= most && end > clock.now());
      clock.moveTo(end - 60000);
      await expect(user, 200);
      clock.moveJustAfter(end);
      await expect(user, 401);
    });

    it("comes for the session seen longest ago, when there are 61", async () => {
      const [name] = await people.users(1);
      const first = await people.logIn(name);
      const clients = [];
      for (let i = 0; i < 59; i++) {
        clock.forward(1);
        clients.push(await people.logIn(name));
      }
      await expect(first, 200);
      await people.logIn(name);
      const live = await stack.value`SELECT count(*) FROM sessions
        WHERE user_id = ${first.id} AND ended_at IS NULL`;
      assert.equal(live, 60);
      await expect(clients.at(-1), 200);
      let status;
      for (let i = 0; i < 50 && status !== 401; i++) {
        status = (await first.get("/api/users/me")).status;
        await new Promise((go) => setTimeout(go, 100));
      }
      assert.equal(status, 401);
    });

    it("keeps sixty where many log in at once", async () => {
      const [name] = await people.users(1);
      const id = await stack.value`SELECT id FROM users
        WHERE username = ${name}`;
      await stack.sql`
        INSERT INTO sessions (user_id, token_hash, csrf_secret, expires_at)
        SELECT ${id}, sha256(convert_to('s' || ${id} || n, 'UTF8')),
          sha256(''), ${new Date(clock.now() + DAY * 1000).toISOString()}
        FROM generate_series(1, 58) n`;
      await Promise.all(Array.from({ length: 8 }, () => people.logIn(name)));
      const live = await stack.value`SELECT count(*) FROM sessions
        WHERE user_id = ${id} AND ended_at IS NULL`;
      assert.equal(live, 60);
    });

    it("asks for the password again after ten minutes, and takes it", async () => {
      const user = await people.user();
      const fresh = () => stack.value`
        SELECT reauthenticated_at FROM sessions WHERE user_id = ${user.id}`;
      const first = Date.parse(await fresh());
      clock.forward(700);
      const again = await user.post("/api/auth/reauthenticate", {
        password: "Correct-Horse-7-Battery",
      });
      assert.equal(again.status, 204, `${again}`);
      assert.ok(Date.parse(await fresh()) - first > 690e3);
    });
  });
