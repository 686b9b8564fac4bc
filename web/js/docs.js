// A light reading of /api/openapi.json: endpoints, fields, shapes.
import { make } from "./dom.js";

const verbs = ["get", "post", "put", "patch", "delete"];
let spec;

const last = (ref) => ref.split("/").pop();

function resolve(schema) {
  if (!schema?.$ref) return schema ?? {};
  return (
    schema.$ref
      .slice(2)
      .split("/")
      .reduce(
        (node, key) =>
          node?.[
            decodeURIComponent(key).replace(/~1/g, "/").replace(/~0/g, "~")
          ],
        spec,
      ) ?? {}
  );
}

function typeOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return last(schema.$ref);
  if (schema.enum) return schema.enum.map(String).join(" | ");
  const many = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (many) return many.map(typeOf).join(schema.allOf ? " & " : " | ");
  if (schema.type === "array") return `${typeOf(schema.items) || "any"}[]`;
  const type = [schema.type ?? "any"].flat().join(" | ");
  return schema.format ? `${type} (${schema.format})` : type;
}

function limits(s) {
  const out = [];
  if (s.minLength !== undefined || s.maxLength !== undefined)
    out.push(`${s.minLength ?? 0} to ${s.maxLength ?? "any"} characters`);
  if (s.minimum !== undefined) out.push(`at least ${s.minimum}`);
  if (s.maximum !== undefined) out.push(`at most ${s.maximum}`);
  if (s.maxItems !== undefined) out.push(`at most ${s.maxItems} items`);
  if (s.pattern) out.push(s.pattern);
  if (s.default !== undefined) out.push(`default ${JSON.stringify(s.default)}`);
  return out.join(", ");
}

function row(name, schema, required, where) {
  const real = resolve(schema);
  const about = [schema?.description ?? real.description, limits(real)]
    .filter(Boolean)
    .join(". ");
  return make(
    "tr",
    {},
    make("td", {}, make("code", {}, name), required ? " *" : ""),
    make("td", {}, typeOf(schema)),
    make("td", {}, [where, about].filter(Boolean).join(": ")),
  );
}

function table(title, rows) {
  if (!rows.length) return "";
  const head = ["Field", "Type", "About"].map((words) =>
    make("th", { scope: "col" }, words),
  );
  return make(
    "div",
    {},
    make("h3", {}, title),
    make(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
      make(
        "table",
        {},
        make("thead", {}, make("tr", {}, ...head)),
        make("tbody", {}, ...rows),
      ),
    ),
  );
}

function rowsOf(schema) {
  const real = resolve(schema);
  return Object.entries(real.properties ?? {}).map(([name, member]) =>
    row(name, member, real.required?.includes(name)),
  );
}

function answers(operation) {
  return Object.entries(operation.responses ?? {}).map(([status, answer]) => {
    const real = resolve(answer);
    const schema = Object.values(real.content ?? {})[0]?.schema;
    return make(
      "tr",
      {},
      make("td", {}, make("code", {}, status)),
      make("td", {}, typeOf(schema)),
      make("td", {}, real.description ?? ""),
    );
  });
}

function operationOf(path, verb, item) {
  const op = item[verb];
  const params = [...(item.parameters ?? []), ...(op.parameters ?? [])].map(
    resolve,
  );
  const body = Object.values(resolve(op.requestBody).content ?? {})[0]?.schema;
  return make(
    "details",
    { class: "card" },
    make(
      "summary",
      {},
      make("b", { class: "verb", "data-verb": verb }, verb.toUpperCase()),
      make("code", {}, path),
      make("span", {}, op.summary ?? ""),
    ),
    make(
      "div",
      { class: "op" },
      op.description ? make("p", { class: "muted" }, op.description) : "",
      table(
        "Parameters",
        params.map((p) => row(p.name, p.schema, p.required, p.in)),
      ),
      table("Body", rowsOf(body)),
      table("Answers", answers(op)),
    ),
  );
}

function grouped() {
  const groups = new Map();
  for (const [path, item] of Object.entries(spec.paths ?? {}))
    for (const verb of verbs.filter((v) => item[v])) {
      const name = item[verb].tags?.[0] ?? path.split("/")[2] ?? "other";
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(operationOf(path, verb, item));
    }
  return groups;
}

function shapes() {
  return Object.entries(spec.components?.schemas ?? {}).map(([name, schema]) =>
    make(
      "details",
      { class: "card" },
      make(
        "summary",
        {},
        make("code", {}, name),
        make("span", {}, schema.description ?? ""),
      ),
      make("div", { class: "op" }, table(`Members of ${name}`, rowsOf(schema))),
    ),
  );
}

function filter(box, words) {
  for (const node of box.querySelectorAll("details"))
    node.hidden = !node
      .querySelector("summary")
      .textContent.toLowerCase()
      .includes(words.toLowerCase());
  for (const section of box.querySelectorAll("section"))
    section.hidden = !section.querySelector("details:not([hidden])");
}

/** Reads the document and fills the page. */
export async function docs() {
  const box = document.querySelector("[data-docs]");
  try {
    spec = await (await fetch(box.dataset.docs)).json();
  } catch {
    return;
  }
  const parts = [...grouped()].map(([name, list]) =>
    make("section", {}, make("h2", {}, name), ...list),
  );
  const types = shapes();
  if (types.length)
    parts.push(make("section", {}, make("h2", {}, "Shapes"), ...types));
  box.replaceChildren(...parts);
  const field = document.getElementById("docs-filter");
  field?.addEventListener("input", () => filter(box, field.value.trim()));
  field?.closest("[hidden]")?.removeAttribute("hidden");
}
