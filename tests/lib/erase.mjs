// Who leaves, without waiting for the 14 days.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { eventually } from "./stack.mjs";

/** The card of who is shown no longer, wherever an author or actor is. */
export const nobody = {
  id: null,
  username: null,
  name: "Deleted user",
  image: null,
  verified: false,
  level: null,
};

/** Deletes an account, and erases it as the batch program does. */
export async function erase(stack, user) {
  const asked = await user.post("/api/users/me/deletion", {});
  assert.equal(asked.status, 201, `${asked}`);
  await stack.sql`UPDATE deletion_requests
    SET due_at = clock_now() - interval '1 second' WHERE user_id = ${user.id}`;
  const [program, args] = stack.batchWords("account-deletion");
  // Another's run may be on: then it is this one's, or the next.
  await eventually(`${user.name} to be erased`, async () => {
    spawnSync(program, args, { cwd: "/", encoding: "utf8" });
    return stack.value`SELECT done_at IS NOT NULL FROM deletion_requests
      WHERE user_id = ${user.id}`;
  });
}
