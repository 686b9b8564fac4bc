// Malformed requests, made from the OpenAPI document: for each operation,
// each parameter and each member of the body what it must refuse.
//
// A request is {what, method, path, body?, type?, wants}.  wants: the name
// that a 400 must have in its fields, "400" for any 400, "fits" for what must
// not be a 400, and null for what only must not break anything.

const long = (n) => "x".repeat(n);

/** Bytes in the query or path that decode to no good text. */
const badEscapes = ["%ff", "%c3%28", "%00", "%ed%a0%80", "a%00b"];

const typesOf = (schema) => [].concat(schema.type ?? []);

/** JSON of another type than a schema's, as [what, raw JSON]. */
function otherTypes(schema) {
  const types = typesOf(schema);
  const is = (type) => types.includes(type);
  const all = [
    ["an object", '{"a":1}', false],
    ["a list in a list", "[[1]]", false],
    ["a list of numbers", "[1,2]", false],
    ["a text", '"words"', is("string") && !schema.format && !schema.enum],
    ["a number", "7", is("integer") || is("number")],
    ["a fraction", "1.5", is("number")],
    ["a huge number", "1e400", false],
    ["20 digits", "99999999999999999999", false],
    ["a boolean", "true", is("boolean")],
    ["a deep list", "[".repeat(31) + "]".repeat(31), false],
    ["a deeper list", "[".repeat(40) + "]".repeat(40), null],
  ];
  return all
    .filter(([, , fits]) => fits !== true)
    .map(([what, raw, fits]) => [what, raw, fits === null ? "400" : undefined]);
}

/** Faulty texts for a text member, as raw JSON. */
function badTexts(schema) {
  // Texts of people lose control characters; nothing else may happen.
  const dropped = schema["x-controls"] === "dropped" ? null : undefined;
  const out = [
    ["NUL", '"a\\u0000b"'],
    ["a control character", '"a\\u0001b"', dropped],
    ["DEL", '"a\\u007fb"', dropped],
  ];
  if (schema.maxLength) {
    out.push(["one too long", JSON.stringify(long(schema.maxLength + 1))]);
    out.push([
      "one too long, of wide characters",
      JSON.stringify("é".repeat(schema.maxLength + 1)),
    ]);
    out.push(["far too long", JSON.stringify(long(700000))]);
  }
  if (schema.minLength)
    out.push(["one too short", JSON.stringify(long(schema.minLength - 1))]);
  if (schema.pattern || schema.format || schema.enum)
    for (const text of ["", " ", "'\"<>", "é", "N a N"])
      if (!(text === "" && !schema.minLength) || schema.enum || schema.format)
        out.push([`the text ${JSON.stringify(text)}`, JSON.stringify(text)]);
  return out;
}

function badNumbers(schema) {
  const out = [
    ["a text", '"7"'],
    ["-0.5", "-0.5"],
  ];
  if (schema.minimum !== undefined)
    out.push(["one too small", String(schema.minimum - 1)]);
  if (schema.maximum !== undefined)
    out.push(["one too great", String(schema.maximum + 1)]);
  return out;
}

function badLists(schema) {
  const item = schema.items ?? {};
  const out = [
    ["a NUL in an item", '["a\\u0000"]'],
    ["null in it", "[null]"],
    ["an object in it", "[{}]"],
  ];
  if (schema.maxItems) {
    const some = Array.from({ length: schema.maxItems + 1 }, (_, i) => `t${i}`);
    out.push(["one item too many", JSON.stringify(some)]);
  }
  if (item.maxLength)
    out.push(["an item too long", JSON.stringify([long(item.maxLength + 1)])]);
  if (item.pattern) out.push(["an odd item", '["No Way!"]']);
  return out;
}

function badValues(schema, required) {
  const types = typesOf(schema);
  return [
    ...otherTypes(schema),
    ...(required ? [["null", "null"]] : []),
    ...(types.includes("string") ? badTexts(schema) : []),
    ...(types.includes("integer") ? badNumbers(schema) : []),
    ...(types.includes("array") ? badLists(schema) : []),
  ];
}

/** The greatest and smallest values that must still be taken. */
function fittingValues(name, schema) {
  const out = [];
  // What these must be, no schema can say.
  if (/^(email|code|coverImage|youtubeVideoId|number|queue|kind)$/.test(name)) return out;
  if (/password$/i.test(name)) return out;
  if (schema.pattern || schema.format || schema.enum) return out;
  if (schema.maxLength && schema.maxLength <= 100000)
    out.push(["the longest", JSON.stringify(long(schema.maxLength))]);
  if (schema.minLength)
    out.push(["the shortest", JSON.stringify(long(schema.minLength))]);
  if (schema.minimum !== undefined) {
    out.push(["the least", String(schema.minimum)]);
    if (schema.maximum !== undefined)
      out.push(["the greatest", String(schema.maximum)]);
  }
  return out;
}

const json = "application/json";

/** Bodies with one member put, as raw JSON. */
const withMember = (base, name, raw) => {
  const rest = Object.entries(base)
    .filter(([key]) => key !== name)
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return `{${[...rest, `${JSON.stringify(name)}:${raw}`].join(",")}}`;
};

function* memberRequests(call, schema, base, resolve, tried) {
  const required = new Set(schema.required ?? []);
  const body = (what, raw, wants) => ({
    ...call,
    what,
    body: Buffer.from(raw),
    type: json,
    wants,
  });
  for (const [name, node] of Object.entries(schema.properties ?? {})) {
    const member = resolve(node);
    for (const [what, raw, wants = name] of badValues(
      member,
      required.has(name),
    ))
      yield body(`${name}: ${what}`, withMember(base, name, raw), wants);
    if (!tried.has(name))
      for (const [what, raw] of fittingValues(name, member))
        yield body(`${name}: ${what}`, withMember(base, name, raw), "fits");
    const value = JSON.stringify(base[name] ?? 1);
    const twice = withMember(
      base,
      name,
      `${value},${JSON.stringify(name)}:${value}`,
    );
    yield body(`${name}: twice`, twice, name);
    const invalid = Buffer.from(
      withMember(base, name, '"a\xff\xfeb"'),
      "latin1",
    );
    yield { ...body(`${name}: no UTF-8`, "", "400"), body: invalid };
    yield body(
      `${name}: half a surrogate`,
      withMember(base, name, '"\\ud800"'),
      "400",
    );
    if (!required.has(name)) continue;
    const { [name]: _, ...rest } = base;
    yield body(`${name}: missing`, JSON.stringify(rest), name);
  }
}

function* bodyRequests(call, base, required) {
  // With nothing required, a cut or an empty body may be nothing at all.
  const good = JSON.stringify(Object.keys(base).length ? base : { "": 1 });
  const texts = {
    "a list": "[]",
    "a text": '"x"',
    "a number": "1",
    true: "true",
    null: "null",
    "nothing at all": "",
    spaces: "   ",
    "an open brace": "{",
    "cut in the middle": good.slice(0, -3),
    "a comma too many": good.replace(/\}$/, ",}"),
    "words after it": `${good} x`,
    "two objects": good + good,
    "single quotes": good.replaceAll('"', "'"),
    "a comment": `/* */ ${good}`,
    "a BOM": `\ufeff${good}`,
    "200 levels": '{"a":'.repeat(200) + "1" + "}".repeat(200),
    "100,000 levels": "[".repeat(100000),
    "a bad escape": '{"title":"\\x41"}',
    "a bare word": '{"title":undefined}',
    "a raw tab in a text": '{"title":"a\tb"}',
    "a leading zero": '{"version":01}',
    NaN: '{"version":NaN}',
    "a nameless member": '{"":1}',
    "an unknown member": '{"unheard_of":1}',
    __proto__: '{"__proto__":{"admin":true}}',
    "1,000 members": `{${Array.from({ length: 1000 }, (_, i) => `"m${i}":1`)}}`,
    "a long name": `{"${long(100000)}":1}`,
    "NUL bytes": "{\0\0}",
  };
  if (!required) delete texts["nothing at all"];
  for (const [what, text] of Object.entries(texts))
    yield { ...call, what, body: Buffer.from(text), type: json, wants: "400" };
  yield {
    ...call,
    what: "over 1 MiB",
    body: Buffer.from(`{"a":"${long(1100000)}"}`),
    type: json,
    wants: "413",
  };
  for (const type of [
    ...["text/plain", "text/html", "application/xml", "application/jsonx"],
    ...["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
    ...["image/png", "json", ";", "application/json2; charset=utf-8", null],
  ])
    yield {
      ...call,
      what: `as ${type}`,
      body: Buffer.from(good),
      type,
      wants: "415",
    };
}

/** Faulty values of a parameter, percent-encoded already. */
function badParameters(schema, place) {
  const out = badEscapes.map((text) => [text, text]);
  const types = typesOf(schema);
  const add = (what, text) => out.push([what, encodeURIComponent(text)]);
  if (types.includes("integer"))
    for (const text of [
      "x",
      "1.5",
      "1e3",
      "0x10",
      "99999999999999999999",
      "+1",
    ])
      add(text, text);
  if (types.includes("boolean"))
    for (const text of ["1", "yes"]) add(text, text);
  if (schema.minimum !== undefined) add("too small", schema.minimum - 1);
  if (schema.maximum !== undefined) add("too great", schema.maximum + 1);
  if (schema.enum || schema.format === "uuid" || schema.pattern)
    for (const text of ["'", "nonsense!", "' OR 1=1 --", "<b>", "é"])
      add(text, text);
  if (schema.format === "uuid")
    for (const text of ["1", "00000000-0000-0000-0000-000000000000", long(36)])
      add(text, text);
  if (schema.maxLength) add("too long", long(schema.maxLength + 1));
  if (types.includes("array")) {
    add("an odd item", "NOT_A_TYPE,OTHER");
    if (schema.maxItems)
      add(
        "too many",
        Array(schema.maxItems + 1)
          .fill("SYSTEM")
          .join(","),
      );
  }
  if (place === "query") add("endless", long(7000));
  return out;
}

function* parameterRequests(call, parameter, schema, pathWith, base) {
  const { name } = parameter;
  for (const [what, text] of badParameters(schema, parameter.in)) {
    const broken = text.includes("%00") && parameter.in === "path";
    const path =
      parameter.in === "path"
        ? pathWith({ [name]: text })
        : `${call.path}?${name}=${text}`;
    yield {
      ...call,
      ...base,
      what: `${name}=${what.slice(0, 40)}`,
      path,
      wants: broken ? null : name,
    };
  }
  if (parameter.in !== "query") return;
  for (const [what, text, wants] of [
    ["twice", `${name}=1&${name}=2`, name],
    ["a cut escape", `${name}=%`, "400"],
    ["a bad escape", `${name}=%zz`, "400"],
    ["an unknown one beside", `${name}x=1`, `${name}x`],
    ["brackets", `${name}[]=1`, "400"],
  ])
    yield {
      ...call,
      what: `${name}: ${what}`,
      path: `${call.path}?${text}`,
      wants,
    };
}

/** The members that a route of the same shape tried at their bounds. */
export class Generator {
  /** values: good path values by name; bodies: good bodies by route. */
  constructor(contract, values, bodies) {
    Object.assign(this, { contract, values, bodies });
    this.tried = new Set();
  }

  /** Every malformed request of one route of contract.routes(). */
  *of({ name, method, template, operation }) {
    const resolve = (node) => this.contract.resolve(node);
    const pathWith = (odd) =>
      template.replace(
        /\{(\w+)\}/g,
        (_, key) => odd[key] ?? this.values[key] ?? "x",
      );
    const call = { method, path: pathWith({}) };
    const schema = resolve(
      resolve(operation.requestBody)?.content?.[json]?.schema,
    );
    const good = this.bodies[name] ?? {};
    const base = schema
      ? { body: Buffer.from(JSON.stringify(good)), type: json }
      : {};
    for (const node of operation.parameters ?? []) {
      const parameter = resolve(node);
      if (parameter.in !== "header")
        yield* parameterRequests(
          call,
          parameter,
          resolve(parameter.schema),
          pathWith,
          base,
        );
    }
    if (schema) {
      const tried = this.tried;
      yield* memberRequests(call, schema, good, resolve, tried);
      for (const key of Object.keys(schema.properties ?? {})) tried.add(key);
      yield* bodyRequests(call, good, schema.required?.length > 0);
    }
    yield {
      ...call,
      ...base,
      what: "an unknown query",
      path: `${call.path}?zz=1`,
      wants: "zz",
    };
    for (const odd of ["PUT", "PATCH", "DELETE", "POST", "TRACE", "PROPFIND"])
      if (!this.contract.document.paths[template][odd.toLowerCase()])
        yield { ...call, method: odd, what: `by ${odd}`, wants: "405" };
  }
}
