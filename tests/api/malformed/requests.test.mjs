// Over 2,000 malformed requests made from the document: none breaks anything,
// and each refusal names what it refuses.
import assert from "node:assert/strict";
import { createECDH, randomBytes } from "node:crypto";
import { before, describe, it } from "node:test";
import { freshAddress } from "../../lib/client.mjs";
import { addressOf, freshName, password } from "../../lib/people.mjs";
import { contract, each, people, stack, partly } from "../../lib/suite.mjs";
import { Generator } from "./generate.mjs";

/** What is wrong with an answer, or null. */
function fault(request, answer) {
  if (answer.status >= 500 && answer.status !== 501) return "a server fault";
  if (answer.status === 429) return "counted by the rate limit";
  // nginx has no problem+json for what it cannot read at all.
  const byNginx = answer.type === "text/html";
  const { wants } = request;
  if (wants === null) return null;
  if (wants === "fits")
    return answer.status === 400 ? "refused, though it fits" : null;
  if (/^\d+$/.test(wants) && wants !== "400")
    return answer.status === Number(wants) ||
      (wants === "405" && [400, 405, 501].includes(answer.status))
      ? null
      : `not ${wants}`;
  if (answer.status !== 400) return "not refused";
  if (byNginx) return null;
  const fields = Object.keys(answer.json.fields ?? {});
  if (wants === "400")
    return fields.length || answer.json.code !== "VALIDATION_ERROR"
      ? null
      : "names nothing";
  const inPath = request.path.split("?")[0].includes("%");
  return fields.includes(wants) || (inPath && fields.includes("path"))
    ? null
    : `does not name ${wants}`;
}

async function target() {
  const client = await people.user("ADMIN");
  const author = await people.user();
  const post = await people.post(author);
  const comment = await people.comment(client, post);
  const notices = await client.get("/api/notifications");
  const values = {
    place: "new",
    post: post.id,
    comment: comment.id,
    notification: notices.data.items[0].id,
    username: author.name,
    user: author.id,
    referral: author.id,
    type: "LIKE",
  };
  return { client, values };
}

const bodies = () => ({
  "POST /api/auth/register": {
    email: addressOf(freshName("bad")),
    username: freshName("bad"),
    password,
    agreeToTerms: true,
  },
  "POST /api/auth/login": { email: "nobody@example.org", password },
  "POST /api/auth/login/2fa": { challenge: "login_x", code: "123456" },
  "POST /api/auth/reset-password": {
    token: "reset_x",
    newPassword: password,
  },
  "POST /api/auth/change-password": {
    currentPassword: password,
    newPassword: password,
  },
  "POST /api/auth/reauthenticate": { password },
  "POST /api/auth/2fa/enable": { code: "123456" },
  "POST /api/auth/2fa/disable": { password, code: "123456" },
  "POST /api/auth/verify-email": { code: "123456" },
  "PUT /api/admin/users/{user}/role": { role: "USER", reason: "because" },
  "PUT /api/admin/users/{user}/status": { status: "BANNED", reason: "because" },
  "POST /api/admin/users/{user}/password-reset": { reason: "because" },
  "POST /api/admin/users/{user}/remove-2fa": { reason: "because" },
  "POST /api/admin/jobs": {
    queue: "video",
    kind: "noop",
    payload: {},
  },
  "POST /api/email/bounce": {
    email: "nobody@example.org",
    kind: "soft",
    messageId: "<x@example.org>",
  },
  "POST /api/admin/mail/suppressions": {
    email: "nobody@example.org",
    reason: "bounced",
    detail: "because",
  },
  "POST /api/admin/mail/lift": {
    email: "nobody@example.org",
    detail: "because",
  },
  "POST /api/push/subscriptions": {
    endpoint: "https://push.example.org/malformed",
    p256dh: createECDH("prime256v1").generateKeys("base64url"),
    auth: randomBytes(16).toString("base64url"),
  },
  "POST /api/posts": { title: "A title", content: "Words" },
  "POST /api/posts/preview": { content: "Words" },
  "PATCH /api/posts/{post}": { title: "Another" },
  "POST /api/posts/{post}/comments": { content: "Words" },
  "PATCH /api/comments/{comment}": { content: "Words" },
});

async function send(client, request) {
  // Who signs in is limited by the address, whoever asks.
  if (/^\/api\/auth\/(login|register)($|[/?])/.test(request.path))
    client = people.guest();
  client.ip = freshAddress();
  const headers = request.type === null ? {} : { "content-type": request.type };
  const options = {
    check: false,
    body: request.body,
    headers: request.body ? headers : {},
  };
  let answer = await client.request(request.method, request.path, options);
  // What takes the password is limited by the user, not by the address.
  for (let i = 0; answer.status === 429 && client.id && i < 9; i++) {
    await stack.redis("DEL", `quota:auth:${client.id}`);
    answer = await client.request(request.method, request.path, options);
  }
  return answer;
}

export default () =>
  describe("malformed requests", { concurrency: 1 }, () => {
    let client, generator;
    let sent = 0;

    before(async () => {
      const { values, client: admin } = await target();
      client = admin;
      generator = new Generator(contract, values, bodies());
    });

    for (const route of contract.routes())
      it(`${route.name} refuses what is malformed`, async () => {
        // Who signed out can try no more.
        if (/logout$/.test(route.name)) return;
        const faults = [];
        await each([...generator.of(route)], 6, async (request) => {
          sent++;
          const answer = await send(client, request);
          const wrong = fault(request, answer);
          if (wrong) faults.push(`${request.what}: ${wrong}: ${answer}`);
        });
        assert.equal(
          faults.length,
          0,
          `${faults.length} faults\n${faults.slice(0, 12).join("\n")}`,
        );
      });

    it("sent 2,000 and more, and all works still", async (t) => {
      t.diagnostic(`note: ${sent} malformed requests`);
      assert.ok(partly || sent >= 2000, `${sent}`);
      assert.equal((await client.get("/api/users/me")).status, 200);
      assert.ok(stack.workers().length > 0);
    });
  });
