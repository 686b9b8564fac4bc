// The guards of sql/privacy*.sql that the programs do not come to, since they
// look themselves before: called directly.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../lib/stack.mjs";
import { leaving } from "./leaving.mjs";

let stack;
let people;
let clock;
const { batch, leave, statusOf } = leaving(
  "closing",
  (site) => ({ stack, people, clock } = site),
);

test("an account is signed out before anything of it goes", async () => {
  const user = await people.user();
  const due = await leave(user);
  clock.moveJustAfter(due);
  assert.equal((await user.get("/api/users/me")).status, 200);
  const open = () => stack.value`SELECT count(*)::int FROM sessions
    WHERE user_id = ${user.id} AND ended_at IS NULL`;
  assert.equal(await open(), 1);
  await stack.psql([], `SET sparkle.clock_offset = '${clock.shift} ms';
    SELECT privacy_erase_begin('${user.id}')`);
  assert.equal(await open(), 0);
  await eventually("no copy of the session is good", async () =>
    (await user.get("/api/users/me")).status === 401);
  assert.equal(batch("account-deletion").status, 0);
  assert.match(
    await stack.value`SELECT email FROM users WHERE id = ${user.id}`,
    /^deleted_/,
  );
});

test("an account closes on its day, and not where its owner kept it", async () => {
  const [early, kept] = [await people.user(), await people.user()];
  const begins = async (user) => {
    const said = await stack.lines`SET sparkle.clock_offset
        = ${`${clock.shift} ms`};
      SELECT privacy_erase_begin(${user.id})`;
    return said.at(-1) === "t";
  };
  const due = await leave(early);
  await leave(kept);
  assert.equal((await kept.delete("/api/users/me/deletion")).status, 204);
  clock.moveTo(due - 60000);
  assert.equal(await begins(early), false);
  clock.ahead({ days: 1 });
  assert.equal(await begins(kept), false);
  for (const user of [early, kept])
    assert.equal(await statusOf(user), "ACTIVE");
  assert.equal(await begins(early), true);
  assert.equal(await statusOf(early), "DELETED");
});

test("an address that was never proved is not the account's", async () => {
  const user = await people.user();
  const [named, proved] = ["named@example.org", "proved@example.org"];
  // Mails to both are looked for by these; the row of the other stays.
  const said = await stack.lines`BEGIN;
    INSERT INTO email_verifications (user_id, email, code_hash, link_hash,
      used_at)
    SELECT ${user.id}, v.email, sha256(v.email::bytea),
      sha256(('link' || v.email)::bytea), v.used_at
    FROM (VALUES (${named}, NULL), (${proved}, clock_now()))
      v(email, used_at);
    SELECT unnest(privacy_addresses(${user.id}));
    ROLLBACK`;
  assert.ok(said.includes(proved), `${said}`);
  assert.ok(!said.includes(named), `${said}`);
});

test("what is under way of others names nobody who is erased", async () => {
  const [user, other] = [await people.user(), await people.user()];
  const data = JSON.stringify({ mentions: [user.name, other.name] });
  // In one transaction, lest the event is worked off before.
  const said = await stack.lines`BEGIN;
    INSERT INTO outbox (event, subject_id, actor_id, data)
    VALUES ('no.event', gen_random_uuid(), ${other.id}, ${data});
    SELECT job_put('no.such', 'analytics', ${data}, ${other.id}) > 0;
    SELECT privacy_erase_events(${user.id}, 10),
      privacy_erase_jobs(${user.id}, 10) >= 0;
    SELECT data->>'mentions' FROM outbox WHERE actor_id = ${other.id}
      AND event = 'no.event';
    SELECT payload->>'mentions' FROM jobs WHERE subject_id = ${other.id}
      AND kind = 'no.such';
    ROLLBACK`;
  const left = JSON.stringify(["deleted_user", other.name]).replace(",", ", ");
  assert.deepEqual(said.slice(-2), [left, left]);
});
