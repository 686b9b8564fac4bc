// A MaxMind DB file (format 2.0) with a few networks of IPv4, for tests.
//
//   writeFileSync(file, mmdb({ "10.1.0.0/16": { city: "Berlin", ... } }))

const EMPTY = -1;

/** A size of a type of at most 7, as the format's control byte has it. */
function control(type, size) {
  if (size < 29) return Buffer.from([(type << 5) | size]);
  return Buffer.from([(type << 5) | 29, size - 29]);
}

const string = (text) => {
  const bytes = Buffer.from(text);
  return Buffer.concat([control(2, bytes.length), bytes]);
};

/** type 5 and 6 are short numbers; 9 is a long one, by an extended type. */
function number(type, value) {
  const bytes = [];
  for (let left = BigInt(value); left > 0n; left >>= 8n)
    bytes.unshift(Number(left & 255n));
  if (type <= 7)
    return Buffer.concat([control(type, bytes.length), Buffer.from(bytes)]);
  return Buffer.from([bytes.length, type - 7, ...bytes]);
}

const map = (members) =>
  Buffer.concat([
    control(7, members.length),
    ...members.flatMap(([key, value]) => [string(key), value]),
  ]);

const names = (name) => map([["names", map([["en", string(name)]])]]);

const place = ({ city, country }) =>
  map([
    ...(city ? [["city", names(city)]] : []),
    ...(country ? [["country", names(country)]] : []),
  ]);

/** Adds a network to the tree of [zero, one] nodes. */
function insert(nodes, network, data) {
  const [address, bits] = network.split("/");
  const number = address
    .split(".")
    .reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  let at = 0;
  for (let i = 0; i < bits; i++) {
    const bit = Number((number >> BigInt(31 - i)) & 1n);
    if (i === bits - 1) nodes[at][bit] = { data };
    else if (nodes[at][bit] === EMPTY)
      nodes[at][bit] = nodes.push([EMPTY, EMPTY]) - 1;
    at = nodes[at][bit];
  }
}

function metadata(count) {
  return map([
    ["node_count", number(6, count)],
    ["record_size", number(5, 24)],
    ["ip_version", number(5, 4)],
    ["database_type", string("Test-City")],
    ["languages", Buffer.from([0, 4])],
    ["binary_format_major_version", number(5, 2)],
    ["binary_format_minor_version", number(5, 0)],
    ["build_epoch", number(9, 1700000000)],
    ["description", map([["en", string("for tests")]])],
  ]);
}

/** networks: "a.b.c.d/bits" to {city, country}. */
export function mmdb(networks) {
  const nodes = [[EMPTY, EMPTY]];
  const parts = [];
  let length = 0;
  for (const [network, where] of Object.entries(networks)) {
    insert(nodes, network, length);
    parts.push(place(where));
    length += parts.at(-1).length;
  }
  const tree = Buffer.alloc(nodes.length * 6);
  nodes.flat().forEach((record, i) => {
    const value =
      record === EMPTY
        ? nodes.length
        : typeof record === "object"
          ? nodes.length + 16 + record.data
          : record;
    tree.writeUIntBE(value, i * 3, 3);
  });
  return Buffer.concat([
    tree,
    Buffer.alloc(16),
    ...parts,
    Buffer.from("\xab\xcd\xefMaxMind.com", "latin1"),
    metadata(nodes.length),
  ]);
}
