// An HTTP client as a browser or a program would be one: cookies, CSRF token,
// an address of its own.  The certificate is self-made and not looked at.
import { randomInt } from "node:crypto";
import { Agent, request as httpsRequest } from "node:https";

// nginx hangs up on idle connections after a minute: we do before.
const agent = new Agent({
  keepAlive: true,
  maxSockets: 64,
  timeout: 30000,
  rejectUnauthorized: false,
});

let addresses = randomInt(65536 * 254);

/** An address that no other caller of this process has (10.0.0.0/8). */
export function freshAddress() {
  const n = ++addresses % (65536 * 254);
  const net = Math.floor(n / 254);
  return `10.${net >> 8}.${net & 255}.${(n % 254) + 1}`;
}

export class Answer {
  constructor(method, path, status, headers, rawHeaders, bytes) {
    Object.assign(this, { method, path, status, headers, rawHeaders, bytes });
  }

  get text() {
    return this.bytes.toString("utf8");
  }

  get type() {
    return (this.headers["content-type"] ?? "").split(";")[0].trim();
  }

  get json() {
    if (this.parsed === undefined) this.parsed = JSON.parse(this.text);
    return this.parsed;
  }

  /** The envelope's data. */
  get data() {
    return this.json.data;
  }

  get requestId() {
    return this.headers["x-request-id"];
  }

  /** One line, for the messages of assertions. */
  toString() {
    const body = this.text.replace(/\s+/g, " ").slice(0, 400);
    return `${this.method} ${this.path} -> ${this.status} ${body}`;
  }
}

/** One request; body is bytes or text, and goes as it is. */
export function request(stack, method, path, { headers = {}, body } = {}) {
  return new Promise((go, fail) => {
    const req = httpsRequest(
      { host: "127.0.0.1", port: stack.port, method, path, agent, headers },
      (res) => {
        const parts = [];
        res.on("data", (part) => parts.push(part));
        res.on("error", fail);
        res.on("end", () =>
          go(
            new Answer(
              method,
              path,
              res.statusCode,
              res.headers,
              res.rawHeaders,
              Buffer.concat(parts),
            ),
          ),
        );
      },
    );
    req.setTimeout(90000, () => req.destroy(new Error("no answer in 90 s")));
    req.on("error", fail);
    req.end(body);
  });
}

const safe = (method) => /^(GET|HEAD|OPTIONS)$/.test(method);

export class Client {
  constructor(stack, { ip = freshAddress(), contract = null } = {}) {
    Object.assign(this, { stack, ip, contract });
    this.cookies = new Map();
    this.csrf = null;
  }

  /**
   * json: the body as a value; body: as bytes.  origin, csrf: null leaves
   * the header out.  headers come last.
   */
  async request(method, path, options = {}) {
    const headers = this.headersFor(method, options);
    let { body } = options;
    if ("json" in options) body = JSON.stringify(options.json);
    if (body !== undefined) headers["content-length"] = Buffer.byteLength(body);
    const answer = await request(this.stack, method, path, { headers, body });
    this.keepCookies(answer);
    if (options.check !== false) this.contract?.check(answer);
    return answer;
  }

  headersFor(method, options) {
    const headers = {
      host: `localhost:${this.stack.port}`,
      "x-forwarded-for": this.ip,
      accept: "application/json",
    };
    const { origin = this.stack.url, csrf = this.csrf } = options;
    if (!safe(method)) {
      if (origin) headers.origin = origin;
      if (csrf) headers["x-csrf-token"] = csrf;
    }
    if ("json" in options) headers["content-type"] = "application/json";
    if (this.cookies.size)
      headers.cookie = [...this.cookies]
        .map(([k, v]) => `${k}=${v}`)
        .join("; ");
    for (const [name, value] of Object.entries(options.headers ?? {}))
      if (value === null) delete headers[name];
      else headers[name] = value;
    return headers;
  }

  keepCookies(answer) {
    for (const line of answer.headers["set-cookie"] ?? []) {
      const [pair, ...attributes] = line.split(/;\s*/);
      const cut = pair.indexOf("=");
      const name = pair.slice(0, cut);
      if (attributes.some((a) => /^max-age=0$/i.test(a)))
        this.cookies.delete(name);
      else this.cookies.set(name, pair.slice(cut + 1));
    }
  }

  get(path, options) {
    return this.request("GET", path, options);
  }

  post(path, json, options = {}) {
    return this.request("POST", path, { json, ...options });
  }

  put(path, json, options = {}) {
    return this.request("PUT", path, withBody(json, options));
  }

  patch(path, json, options = {}) {
    return this.request("PATCH", path, { json, ...options });
  }

  delete(path, options) {
    return this.request("DELETE", path, options);
  }

  /** A page, as a browser asks for it. */
  page(path, options = {}) {
    const headers = { accept: "text/html", ...options.headers };
    return this.request("GET", path, { check: false, ...options, headers });
  }
}

const withBody = (json, options) =>
  json === undefined ? options : { json, ...options };
