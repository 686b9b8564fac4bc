// People who use the site, and what they wrote: by the API as anybody would,
// or by SQL where a test needs many at once.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Client, freshAddress } from "./client.mjs";
import { eventually } from "./stack.mjs";

export const password = "Correct-Horse-7-Battery";

let serial = 0;
const run = Date.now().toString(36).slice(-4);

/** A name that nobody has. */
export const freshName = (stem = "user") => `${stem}_${run}${++serial}`;

export const addressOf = (name) => `${name.toLowerCase()}@example.org`;

// ---- Mail -------------------------------------------------------------------

function decodeQuoted(text) {
  const bytes = text
    .replace(/=\r?\n/g, "")
    .replace(/=([0-9A-F]{2})/gi, (_, hex) =>
      String.fromCharCode(parseInt(hex, 16)),
    );
  return Buffer.from(bytes, "latin1").toString("utf8");
}

const known = new Map();

/** A message as {headers, text, raw}; text is all parts, decoded.  A file of a
 * Maildir never changes. */
function readMail(file) {
  if (!known.has(file)) known.set(file, parseMail(file));
  return known.get(file);
}

function parseMail(file) {
  const raw = readFileSync(file, "latin1");
  const [head] = raw.split(/\r?\n\r?\n/, 1);
  const headers = {};
  for (const line of head.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/)) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { headers, text: decodeQuoted(raw.slice(head.length)), raw };
}

/** All mails to an address. */
export function mailsTo(stack, address) {
  const mails = [];
  for (const part of ["new", "cur"]) {
    const dir = join(stack.dir, "mail", part);
    let files = [];
    try {
      files = readdirSync(dir).sort();
    } catch {
      continue;
    }
    for (const file of files) {
      const mail = readMail(join(dir, file));
      if (mail.headers.to?.includes(address)) mails.push(mail);
    }
  }
  return mails;
}

/** The code of the latest verification mail, waiting for it. */
export async function codeOf(stack, address, seconds = 10) {
  const mail = await eventually(
    `a mail with a code to ${address}`,
    () =>
      mailsTo(stack, address)
        .reverse()
        .find((m) => /\b\d{6}\b/.test(m.text)),
    seconds,
  );
  return mail.text.match(/\b\d{6}\b/)[0];
}

// ---- Users ------------------------------------------------------------------

export class People {
  constructor(stack, contract) {
    Object.assign(this, { stack, contract });
  }

  /** A visitor with an address of its own. */
  guest(options) {
    return new Client(this.stack, { contract: this.contract, ...options });
  }

  async logIn(name, { client = this.guest(), remember } = {}) {
    const answer = await client.post("/api/auth/login", {
      email: addressOf(name),
      password,
      ...(remember === undefined ? {} : { rememberMe: remember }),
    });
    assert.equal(answer.status, 200, `${answer}`);
    const csrf = await client.get("/api/auth/csrf");
    client.csrf = csrf.data.token;
    client.name = name;
    client.id = answer.data.user.id;
    client.ip = freshAddress();
    return client;
  }

  /** Registers by the API; what was answered. */
  ask(fields = {}, client = this.guest()) {
    return client.post("/api/auth/register", {
      email: addressOf(fields.username ?? freshName()),
      password,
      agreeToTerms: true,
      ...fields,
    });
  }

  /** Registers by the API, and confirms the address by the code mailed; not
   * signed in. */
  async join(fields, client = this.guest()) {
    const { email = addressOf(fields.username) } = fields;
    const made = await this.ask({ ...fields, email }, client);
    assert.equal(made.status, 201, `${made}`);
    const { username } = made.data.user;
    const code = await codeOf(this.stack, email);
    const done = await client.post("/api/auth/verify-email", {
      code,
      username,
    });
    assert.equal(done.status, 200, `${done}`);
    return client;
  }

  /** The same with a name, signed in. */
  async register(name = freshName()) {
    const client = await this.join({ username: name });
    return this.logIn(name, { client });
  }

  /** A user whose address is not verified, signed in. */
  async pending(name = freshName("pending")) {
    await this.create([name], "USER", false);
    return this.logIn(name);
  }

  /** A verified user by sparklectl, signed in. */
  async user(role = "USER", name = freshName(role.toLowerCase())) {
    await this.create([name], role);
    return this.logIn(name);
  }

  /** n verified users made by SQL, not signed in; their names. */
  async users(n) {
    const names = Array.from({ length: n }, () => freshName("many"));
    await this.create(names);
    return names;
  }

  /** All of them signed in. */
  async crowd(n) {
    const names = await this.users(n);
    const clients = [];
    for (let i = 0; i < n; i += 4)
      clients.push(
        ...(await Promise.all(
          names.slice(i, i + 4).map((name) => this.logIn(name)),
        )),
      );
    return clients;
  }

  async create(names, role = "USER", verified = true) {
    const hash = await this.passwordHash();
    for (const name of names)
      assert.match(name, /^\w+$/, "a user name for SQL");
    const calls = names.map(
      (name) => `(create_user(p_email => '${addressOf(name)}',
        p_username => '${name}', p_password_hash => '${hash}',
        p_email_verified => ${verified}, p_role => '${role}')).id`,
    );
    await this.stack.psql([], calls.map((c) => `SELECT ${c};`).join("\n"));
  }

  /** A post is reported, so that staff may see it. */
  async report(reporter, post) {
    await this.stack.sql`INSERT INTO reports (reporter_id, post_id, reason)
      VALUES (${reporter.id}, ${post.id}, 'OTHER')`;
  }

  /** What Redis has of a user's sessions is lost; how many that were. */
  async forgetCopies(user) {
    const keys = await this.stack
      .lines`SELECT 'session:' || encode(token_hash, 'hex')
      FROM sessions WHERE user_id = ${user.id}`;
    return this.stack.redis("DEL", ...keys);
  }

  /** As if a user had given the password eleven minutes ago. */
  async ageProof(user) {
    await this.stack.sql`UPDATE sessions
      SET reauthenticated_at = now() - interval '11 minutes'
      WHERE user_id = ${user.id}`;
    await this.forgetCopies(user);
  }

  /** The hash of our password, made once by the program itself. */
  passwordHash() {
    this.hash ??= (async () => {
      const name = freshName("first");
      await this.stack.ctl(
        ["user", "create", name, addressOf(name)],
        `${password}\n`,
      );
      return this.stack
        .value`SELECT password_hash FROM users WHERE username = ${name}`;
    })();
    return this.hash;
  }

  // ---- What people write ----

  /** A post by the API; its data. */
  async post(author, fields = {}) {
    const answer = await author.post("/api/posts", {
      title: `A post by ${author.name} ${++serial}`,
      content: "Something **bold** to read.",
      ...fields,
    });
    assert.equal(answer.status, 201, `${answer}`);
    return answer.data;
  }

  async comment(author, post, content = "A remark.", fields = {}) {
    const answer = await author.post(`/api/posts/${post.id ?? post}/comments`, {
      content,
      ...fields,
    });
    assert.equal(answer.status, 201, `${answer}`);
    return answer.data;
  }

  /** n published posts by SQL, a minute between them, the latest first. */
  posts(author, n, { tags = [], status = "published" } = {}) {
    return this.stack.lines`
      WITH made AS (
        INSERT INTO posts (author_id, title, tags, status, published_at)
        SELECT ${author.id}, 'Number ' || i, ${tags}::text[],
          ${status}::post_status, now() - i * interval '1 minute'
        FROM generate_series(1, ${n}) i
        RETURNING id, published_at
      ), body AS (
        INSERT INTO post_contents (post_id, content, content_html)
        SELECT id, 'Words.', '<p>Words.</p>' FROM made
      )
      SELECT id FROM made ORDER BY published_at DESC`;
  }
}
