// Holds every answer to the OpenAPI document that the program prints, and
// remembers which routes were called.
import assert from "node:assert/strict";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { request } from "./client.mjs";

const methods = ["get", "post", "put", "patch", "delete"];
const escapePointer = (s) => s.replaceAll("~", "~0").replaceAll("/", "~1");

/** "/api/posts/{post}" as a pattern; literal segments win over names. */
function patternOf(template) {
  const source = template
    .split("/")
    .map((part) =>
      part.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{\w+\}/g, "[^/]*"),
    )
    .join("/");
  return new RegExp(`^${source}$`);
}

export class Contract {
  constructor(document) {
    this.document = document;
    this.ajv = new Ajv.default({ strict: false, allErrors: true });
    addFormats.default(this.ajv);
    this.ajv.addSchema(document, "openapi");
    this.paths = Object.keys(document.paths)
      .map((template) => ({ template, pattern: patternOf(template) }))
      .sort((a, b) => holes(a.template) - holes(b.template));
    this.validators = new Map();
    this.answers = 0;
    /** "GET /api/posts" -> the statuses that were seen */
    this.seen = new Map(this.routes().map((route) => [route.name, new Set()]));
  }

  static async of(stack) {
    const answer = await request(stack, "GET", "/api/openapi.json");
    assert.equal(answer.status, 200, `${answer}`);
    return new Contract(answer.json.openapi ? answer.json : answer.data);
  }

  /** Every operation: {name, method, template, operation}. */
  routes() {
    return Object.entries(this.document.paths).flatMap(([template, item]) =>
      methods
        .filter((method) => item[method])
        .map((method) => ({
          name: `${method.toUpperCase()} ${template}`,
          method: method.toUpperCase(),
          template,
          operation: item[method],
        })),
    );
  }

  find(path) {
    const bare = path.split("?")[0];
    return this.paths.find(({ pattern }) => pattern.test(bare))?.template;
  }

  /** Follows a $ref within the document. */
  resolve(node) {
    for (let i = 0; node?.$ref && i < 20; i++)
      node = node.$ref
        .slice(2)
        .split("/")
        .reduce(
          (at, key) => at[key.replaceAll("~1", "/").replaceAll("~0", "~")],
          this.document,
        );
    return node;
  }

  check(answer) {
    this.answers++;
    checkEveryAnswer(answer);
    const template = this.find(answer.path);
    const method = answer.method === "HEAD" ? "GET" : answer.method;
    const operation =
      template && this.document.paths[template][method.toLowerCase()];
    if (!operation) {
      if (answer.method !== "OPTIONS")
        assert.ok(
          [400, 404, 405, 413, 429, 501].includes(answer.status),
          `not in the document, and yet: ${answer}`,
        );
      return;
    }
    this.seen.get(`${method} ${template}`).add(answer.status);
    this.checkOperation(answer, template, method.toLowerCase(), operation);
  }

  checkOperation(answer, template, method, operation) {
    if (answer.status === 304) return;
    const key = [
      String(answer.status),
      `${answer.status}`[0] + "XX",
      "default",
    ].find((k) => operation.responses[k]);
    assert.ok(key, `this status is not in the document: ${answer}`);
    const response = this.resolve(operation.responses[key]);
    if (answer.method === "HEAD") return assert.equal(answer.bytes.length, 0);
    if (!response.content)
      return assert.equal(answer.bytes.length, 0, `no body wanted: ${answer}`);
    const media = response.content[answer.type];
    assert.ok(media, `the type ${answer.type} is not documented: ${answer}`);
    if (!/json$/.test(answer.type) || !media.schema) return;
    const validate = this.validator(
      media.schema,
      [
        ...["paths", template, method, "responses", key],
        ...["content", answer.type, "schema"],
      ],
      operation.responses[key].$ref,
    );
    assert.ok(
      validate(answer.json),
      `${answer}\n${this.ajv.errorsText(validate.errors)}`,
    );
  }

  validator(schema, path, viaRef) {
    const pointer = schema.$ref
      ? schema.$ref
      : viaRef
        ? `${viaRef}/content/${path.slice(-2).map(escapePointer).join("/")}`
        : `#/${path.map(escapePointer).join("/")}`;
    if (!this.validators.has(pointer))
      this.validators.set(
        pointer,
        this.ajv.compile({ $ref: `openapi${encodePointer(pointer)}` }),
      );
    return this.validators.get(pointer);
  }

  /** Routes that no test called with success. */
  unseen() {
    return [...this.seen]
      .filter(([, statuses]) => ![...statuses].some((s) => s < 400))
      .map(([name]) => name);
  }
}

const holes = (template) => template.split("{").length;

const encodePointer = (pointer) =>
  "#" + encodeURI(pointer.slice(1)).replaceAll("~", "~");

/** What the specification asks of all answers. */
export function checkEveryAnswer(answer) {
  const { headers } = answer;
  assert.match(headers["x-request-id"] ?? "", /^[0-9a-f]{32}$/, `${answer}`);
  assert.ok(answer.status < 500, `${answer}`);
  if (answer.type === "application/problem+json" && answer.method !== "HEAD")
    checkProblem(answer);
  else if (answer.status >= 400 && answer.method !== "HEAD")
    assert.fail(`no problem+json: ${answer}`);
  else if (answer.type === "application/json" && answer.bytes.length)
    if (answer.path.startsWith("/api/") && !/openapi\.json/.test(answer.path))
      assert.equal(answer.json.success, true, `${answer}`);
}

/** application/problem+json in the form of spec/runtime.md. */
export function checkProblem(answer) {
  const problem = answer.json;
  assert.equal(problem.status, answer.status, `${answer}`);
  assert.equal(problem.success, false, `${answer}`);
  assert.equal(problem.requestId, answer.requestId, `${answer}`);
  for (const name of ["type", "title", "error", "code"])
    assert.equal(typeof problem[name], "string", `${name} of ${answer}`);
  assert.match(problem.code, /^[A-Z][A-Z0-9_]+$/);
  for (const [field, words] of Object.entries(problem.fields ?? {})) {
    assert.ok(field.length > 0, `${answer}`);
    assert.equal(typeof words, "string", `${answer}`);
  }
}
