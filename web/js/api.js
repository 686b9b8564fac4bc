// One door to the JSON API: CSRF, envelope, problems (RFC 9457).
import { text } from "./text.js";

const meta = () => document.querySelector('meta[name="csrf-token"]');

/** A refusal: what to say (message), where (fields), and the HTTP status. */
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(Problem.words(status, body, retryAfter));
    this.status = status;
    this.code = body?.code;
    this.fields = body?.fields ?? {};
    this.requestId = body?.requestId;
  }

  static words(status, body, retryAfter) {
    if (status === 0) return text.offline;
    if (status === 429) return text.wait(retryAfter || 60);
    return body?.error || body?.detail || body?.title || text.failed;
  }
}

async function once(method, url, body, headers) {
  const init = {
    method,
    credentials: "same-origin",
    // A like stays made where the page is left at once.
    keepalive: method !== "GET" && body === undefined,
    headers: { Accept: "application/json", ...headers },
  };
  if (method !== "GET") init.headers["X-CSRF-Token"] = meta()?.content ?? "";
  if (body !== undefined) {
    init.headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  try {
    return await fetch(url, init);
  } catch {
    throw new Problem(0);
  }
}

async function freshToken() {
  const answer = await once("GET", "/api/auth/csrf");
  const json = await answer.json().catch(() => null);
  const token = json?.data?.csrfToken ?? json?.data?.token;
  if (token && meta()) meta().content = token;
  return Boolean(token);
}

const isCsrf = (problem) =>
  problem.status === 403 && /csrf/i.test(problem.code ?? "");

const noted = new WeakMap();

/** What the server changed in what was sent, by the answer's data. */
export const notesOf = (data) => (data && noted.get(data)) ?? [];

/** The answer's data, or a Problem thrown. A stale token is renewed once. */
export async function send(method, url, body, headers = {}, again = true) {
  const answer = await once(method, url, body, headers);
  if (answer.status === 204) return null;
  const json = await answer.json().catch(() => null);
  if (answer.ok && json?.success !== false) {
    const data = json?.data ?? json;
    if (json?.notes) noted.set(data, json.notes);
    return data;
  }
  const wait = Number(answer.headers.get("Retry-After"));
  const problem = new Problem(answer.status, json, wait);
  if (again && isCsrf(problem) && (await freshToken()))
    return send(method, url, body, headers, false);
  throw problem;
}

/** Where to sign in and come back from. */
export function goToLogin() {
  const here = location.pathname + location.search;
  location.assign("/login?callbackUrl=" + encodeURIComponent(here));
}
