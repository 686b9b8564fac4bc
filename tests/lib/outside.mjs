// What the site calls outside, faked: a push service (https) and an SMS
// gateway (http).  Each keeps what it got, and answers as it is told to.
//
//   const outside = await Outside.start();   outside.settings   outside.stop()
//   const browser = outside.browser();       a browser's subscription
//   outside.pushed[0].open(browser)          what the browser reads of it
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  createECDH,
  createPublicKey,
  createVerify,
  randomBytes,
} from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import { join } from "node:path";
import ece from "http_ece";

const vapidKey = randomBytes(32);

const bodyOf = async (request) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
};

/** A server alone does not keep a suite from its end. */
const listen = (server) =>
  new Promise((go) =>
    server.listen(0, "127.0.0.1", () => {
      server.unref();
      go(server.address().port);
    }),
  );

/** The claims of a token, if its signature is of the key that came with it. */
function verified(authorization) {
  const [, token, key] = /^vapid t=([^,]+), k=(\S+)$/.exec(authorization);
  const [head, claims, signature] = token.split(".");
  const point = Buffer.from(key, "base64url");
  const jwk = {
    ...{ kty: "EC", crv: "P-256" },
    x: point.subarray(1, 33).toString("base64url"),
    y: point.subarray(33).toString("base64url"),
  };
  const good = createVerify("SHA256")
    .update(`${head}.${claims}`)
    .verify(
      {
        key: createPublicKey({ key: jwk, format: "jwk" }),
        dsaEncoding: "ieee-p1363",
      },
      Buffer.from(signature, "base64url"),
    );
  const read = (part) => JSON.parse(Buffer.from(part, "base64url"));
  return { good, key, head: read(head), claims: read(claims) };
}

class Pushed {
  constructor(request, body) {
    Object.assign(this, { path: request.url, headers: request.headers, body });
  }

  /** The token of RFC 8292. */
  get vapid() {
    return verified(this.headers.authorization);
  }

  /** What the browser with these keys reads (RFC 8291). */
  open(browser) {
    const plain = ece.decrypt(this.body, {
      version: "aes128gcm",
      privateKey: browser.ecdh,
      authSecret: browser.auth,
    });
    return JSON.parse(plain);
  }
}

export class Outside {
  static async start() {
    const outside = new Outside();
    outside.dir = mkdtempSync("/tmp/sparkle-outside-");
    chmodSync(outside.dir, 0o755);
    outside.makeCertificate();
    outside.pushed = [];
    outside.texted = [];
    // What to answer to paths; 201 without headers where nothing is said,
    // "hang up" for no answer, "wait" for one that never comes.
    outside.answers = new Map();
    const tls = {
      key: readFileSync(join(outside.dir, "key.pem")),
      cert: readFileSync(join(outside.dir, "cert.pem")),
    };
    outside.push = createHttps(tls, (q, r) => outside.takePush(q, r));
    outside.sms = createHttp((q, r) => outside.takeText(q, r));
    outside.pushPort = await listen(outside.push);
    outside.smsPort = await listen(outside.sms);
    process.on("exit", () =>
      rmSync(outside.dir, { recursive: true, force: true }),
    );
    return outside;
  }

  makeCertificate() {
    const options =
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 " +
      "-subj /CN=localhost -addext subjectAltName=DNS:localhost";
    execFileSync(
      "openssl",
      [
        ...options.split(" "),
        ...["-keyout", join(this.dir, "key.pem")],
        ...["-out", join(this.dir, "cert.pem")],
      ],
      { stdio: "ignore" },
    );
  }

  async takePush(request, response) {
    this.pushed.push(new Pushed(request, await bodyOf(request)));
    const [status, headers] = this.answers.get(request.url) ?? [201, {}];
    if (status === "wait") return;
    if (status === "hang up") return void request.socket.destroy();
    response.writeHead(status, headers).end();
  }

  async takeText(request, response) {
    const body = (await bodyOf(request)).toString();
    this.texted.push({ headers: request.headers, body });
    response.writeHead(this.smsStatus ?? 200).end("{}");
  }

  /** For conf.d: what makes the programs call here. */
  get settings() {
    return `[http]
ca_file = ${join(this.dir, "cert.pem")}
allow_private = yes
[push]
vapid_key = ${vapidKey.toString("hex")}
[sms]
url = http://127.0.0.1:${this.smsPort}/send
header = "Authorization: Bearer gateway-key"
`;
  }

  get vapidPublic() {
    const ecdh = createECDH("prime256v1");
    ecdh.setPrivateKey(vapidKey);
    return ecdh.getPublicKey("base64url");
  }

  /** The keys of a browser, and its address here. */
  browser() {
    const ecdh = createECDH("prime256v1");
    const point = ecdh.generateKeys();
    const auth = randomBytes(16);
    const path = `/push/${randomBytes(8).toString("hex")}`;
    return {
      ...{ ecdh, auth, path, point },
      endpoint: `https://localhost:${this.pushPort}${path}`,
      p256dh: point.toString("base64url"),
      authText: auth.toString("base64url"),
      pushed: () => this.pushed.filter((p) => p.path === path),
    };
  }

  stop() {
    this.push.close();
    this.push.closeAllConnections();
    this.sms.close();
    this.sms.closeAllConnections();
  }
}

/** Checks all that a push service would check of a message. */
export function checkPush(pushed, outside) {
  const { vapid, headers } = pushed;
  assert.ok(vapid.good, "the signature is good");
  assert.equal(vapid.key, outside.vapidPublic);
  assert.deepEqual(vapid.head, { typ: "JWT", alg: "ES256" });
  assert.equal(vapid.claims.aud, `https://localhost:${outside.pushPort}`);
  const left = vapid.claims.exp - Date.now() / 1000;
  assert.ok(left > 0 && left <= 24 * 3600, `${left} s`);
  assert.match(vapid.claims.sub, /^(https:|mailto:)/);
  assert.equal(headers["content-encoding"], "aes128gcm");
  assert.equal(headers.ttl, "86400");
  assert.match(headers.topic, /^[A-Za-z0-9_-]{1,32}$/);
  assert.ok(pushed.body.length <= 4096);
}

/** The one of a suite, whose stack is started with its settings. */
export let outside;
export async function meetOutside() {
  outside = await Outside.start();
  return outside.settings;
}
