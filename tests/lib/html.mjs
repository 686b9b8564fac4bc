// Reads HTML as a browser's tokenizer would, roughly: elements with their
// attributes, in order, and the text of one.
const entities = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
};

export function decode(text) {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, name) => {
    if (name[0] !== "#") return entities[name] ?? whole;
    const hex = name[1].toLowerCase() === "x";
    return String.fromCodePoint(
      hex ? parseInt(name.slice(2), 16) : Number(name.slice(1)),
    );
  });
}

const voids = new Set([
  ...["area", "base", "br", "col", "embed", "hr", "img", "input", "link"],
  ...["meta", "source", "track", "wbr", "use", "path", "circle", "ellipse"],
  ...["stop", "rect", "line", "polyline", "polygon"],
]);
const rawText = /^(script|style|textarea|title)$/;

const attribute =
  /\s*([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/y;

function readAttributes(source) {
  const attributes = {};
  attribute.lastIndex = 0;
  for (let m; (m = attribute.exec(source));)
    attributes[m[1].toLowerCase()] = decode(m[2] ?? m[3] ?? m[4] ?? "");
  return attributes;
}

const token =
  /<!--[\s\S]*?-->|<!doctype[^>]*>|<(\/?)([a-zA-Z][^\s/>]*)((?:"[^"]*"|'[^']*'|[^'">])*)>/gi;

/** Every tag: {name, closing, attributes, start, end, selfClosing}. */
export function* tagsOf(html) {
  token.lastIndex = 0;
  const pattern = new RegExp(token.source, "gi");
  for (let m; (m = pattern.exec(html));) {
    if (!m[2]) continue;
    const name = m[2].toLowerCase();
    const tag = {
      name,
      closing: m[1] === "/",
      attributes: readAttributes(m[3].replace(/\/\s*$/, "")),
      start: m.index,
      end: pattern.lastIndex,
      selfClosing: /\/\s*$/.test(m[3]) || voids.has(name),
    };
    yield tag;
    if (tag.closing || !rawText.test(name)) continue;
    const rest = new RegExp(`</${name}`, "ig");
    rest.lastIndex = tag.end;
    const close = rest.exec(html)?.index ?? -1;
    if (close < 0) return;
    pattern.lastIndex = close;
  }
}

/** The opening tags. */
export const elementsOf = (html) => [...tagsOf(html)].filter((t) => !t.closing);

/** The text between an element's tags, tags within left out. */
export function textOf(html, element) {
  let depth = 0;
  let text = "";
  let last = element.end;
  for (const tag of tagsOf(html)) {
    if (tag.start < element.end) continue;
    text += html.slice(last, tag.start);
    last = tag.end;
    if (tag.closing) {
      if (depth-- === 0) break;
    } else if (!tag.selfClosing) depth++;
  }
  return decode(text);
}

/** Tags that do not match up, as messages. */
export function faultsOf(html) {
  const open = [];
  const faults = [];
  const optional = new Set([
    ...["p", "li", "option", "tr", "td", "th", "tbody", "thead"],
  ]);
  for (const tag of tagsOf(html)) {
    if (tag.selfClosing && !tag.closing) continue;
    if (!tag.closing) {
      open.push(tag.name);
      continue;
    }
    while (open.length && open.at(-1) !== tag.name && optional.has(open.at(-1)))
      open.pop();
    if (open.at(-1) === tag.name) open.pop();
    else faults.push(`</${tag.name}> closes ${open.at(-1) ?? "nothing"}`);
  }
  if (open.length) faults.push(`open at the end: ${open.join(" ")}`);
  return faults;
}
