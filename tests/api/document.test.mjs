// The OpenAPI document, the health of the site, and what the schema says of
// the limits that the document names.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { contract, people, stack } from "../lib/suite.mjs";

/** Every text field of a body: {route, name, max}. */
function textFields() {
  return contract.routes().flatMap(({ name: route, operation }) => {
    const body = contract.resolve(operation.requestBody);
    const schema = contract.resolve(
      body?.content?.["application/json"]?.schema,
    );
    return Object.entries(schema?.properties ?? {})
      .map(([name, node]) => [name, contract.resolve(node)])
      .filter(([, node]) => [].concat(node.type).includes("string"))
      .map(([name, node]) => ({ route, name, max: node.maxLength }));
  });
}

/** Where a field is kept: the CHECK that bounds its length there. */
const columns = {
  "POST /api/posts": {
    title: "posts.title",
    content: "post_contents.content",
    excerpt: "posts.excerpt",
    coverImage: "posts.cover_image",
    language: "posts.language",
  },
  "PATCH /api/posts/{post}": {
    title: "posts.title",
    content: "post_contents.content",
    excerpt: "posts.excerpt",
    coverImage: "posts.cover_image",
    language: "posts.language",
  },
  "POST /api/posts/{post}/comments": { content: "comments.content" },
  "PATCH /api/comments/{comment}": { content: "comments.content" },
  "POST /api/auth/register": {
    email: "registrations.email",
    username: "registrations.username",
  },
};

export default () =>
  describe("document", () => {
    it("is valid OpenAPI 3.1", async () => {
      const validator = new Validator();
      const result = await validator.validate(
        structuredClone(contract.document),
      );
      assert.ok(result.valid, JSON.stringify(result.errors, null, 1));
      assert.match(contract.document.openapi, /^3\.1/);
    });

    it("answers 404 for all that belongs to what is not there", async () => {
      const admin = await people.user("ADMIN");
      const ghost = {
        uuid: "01890000-0000-7000-8000-000000000000",
        integer: "9007199254740991",
        string: "nobody_there",
      };
      const of = ({ template, operation }) =>
        template.replace(/\{(\w+)\}/g, (_, name) => {
          const field = (operation.parameters ?? [])
            .map((p) => contract.resolve(p))
            .find((p) => p.name === name);
          const schema = contract.resolve(field.schema);
          return ghost[schema.format] ?? ghost[schema.type];
        });
      const wants = ({ operation }) =>
        (operation.parameters ?? [])
          .map((p) => contract.resolve(p))
          .some((p) => p.required && p.in !== "path");
      const routes = contract
        .routes()
        .filter((r) => r.method === "GET" && r.template.includes("{"))
        .filter((r) => !wants(r));
      assert.ok(routes.length > 8);
      for (const route of routes) {
        const answer = await admin.get(of(route));
        assert.equal(answer.status, 404, `${route.name}: ${answer}`);
      }
    });

    it("describes each operation: summary, answers, a unique id", () => {
      const ids = new Set();
      for (const { name, operation } of contract.routes()) {
        assert.ok(operation.summary || operation.description, name);
        assert.ok(Object.keys(operation.responses).length >= 1, name);
        if (operation.operationId) {
          assert.ok(!ids.has(operation.operationId), operation.operationId);
          ids.add(operation.operationId);
        }
      }
    });

    it("names every parameter of every path", () => {
      for (const { name, template, operation } of contract.routes()) {
        const wanted = [...template.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
        const named = (operation.parameters ?? [])
          .map((p) => contract.resolve(p))
          .filter((p) => p.in === "path")
          .map((p) => p.name);
        assert.deepEqual(named.sort(), wanted.sort(), name);
      }
    });

    it("lists what sparklectl describes", async () => {
      const lines = (await stack.ctl(["describe", "routes"])).split("\n");
      const api = lines
        .map((line) => line.split(/\s+/).slice(0, 2).join(" "))
        .filter((name) => / \/api\//.test(name));
      const known = new Set(contract.routes().map((r) => r.name));
      for (const name of api)
        if (!/openapi\.json/.test(name)) assert.ok(known.has(name), name);
    });

    it("bounds every text, and no wider than the schema", async () => {
      const checks = await stack.sql`
        SELECT c.conrelid::regclass::text || '.' || a.attname AS column,
          pg_get_constraintdef(c.oid) AS definition
        FROM pg_constraint c JOIN pg_attribute a
          ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
        WHERE c.contype = 'c' AND c.connamespace = 'public'::regnamespace
          AND pg_get_constraintdef(c.oid) ~ 'char_length|length|\\{'`;
      for (const { route, name, max } of textFields()) {
        const column = columns[route]?.[name];
        if (!column) continue;
        assert.ok(max > 0, `${route} ${name} has a maxLength`);
        const bounds = checks
          .filter((c) => c.column === column)
          .flatMap((c) => [...c.definition.matchAll(/\d+/g)].map((m) => +m[0]));
        assert.ok(bounds.length, `${column} has a CHECK`);
        assert.ok(
          max <= Math.max(...bounds),
          `${route} ${name}: ${max} > ${bounds} of ${column}`,
        );
      }
    });

    it("says hello, and gives the document itself", async () => {
      const hello = await people.guest().get("/api/hello");
      assert.equal(hello.status, 200);
      const document = await people.guest().get("/api/openapi.json");
      assert.equal(document.json.openapi, contract.document.openapi);
    });

    it("tells the health, with each part", async () => {
      const live = await people.guest().get("/health/live");
      assert.equal(live.status, 200);
      const ready = await people.guest().get("/health/ready");
      assert.equal(ready.status, 200);
      assert.match(ready.text, /postgres|database/i);
      assert.match(ready.text, /redis/i);
    });

    it("gives status and metrics to this host only", async () => {
      const here = people.guest({ ip: "127.0.0.1" });
      const status = await here.get("/status?json", { check: false });
      assert.equal(status.status, 200);
      assert.doesNotThrow(() => status.json);
      const metrics = await here.get("/metrics", { check: false });
      assert.equal(metrics.status, 200);
      assert.match(metrics.text, /^# TYPE \w+/m);
      const told = await stack.ctl(["describe", "metrics"]);
      const names = new Set(told.match(/^sparkle_\w+/gm));
      assert.ok(names.size > 20);
      for (const [, name] of metrics.text.matchAll(/^# TYPE (\w+)/gm))
        assert.ok(names.has(name), `${name} is described`);
      const away = await people.guest().get("/metrics", { check: false });
      assert.equal(away.status, 403);
    });
  });
