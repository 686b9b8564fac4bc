// What the maps of nginx make of hostile requests, in an nginx of our own that
// tells it: the key that callers are counted by, and the lines of the log.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { request } from "../lib/client.mjs";
import { eventually } from "../lib/stack.mjs";
import { stack } from "../lib/suite.mjs";

/** The addresses of callers are what they say in X-Forwarded-For. */
const conf = (dir, snippets) => `
daemon off;
worker_processes 1;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log;
events { worker_connections 64; }
http {
    client_body_temp_path ${dir}/body;
    fastcgi_temp_path ${dir}/fastcgi;
    proxy_temp_path ${dir}/proxy;
    scgi_temp_path ${dir}/scgi;
    uwsgi_temp_path ${dir}/uwsgi;
    include ${snippets}/maps.conf;
    include ${snippets}/log.conf;
    access_log ${dir}/access.log sparkle_json;
    set_real_ip_from unix:;
    real_ip_header X-Forwarded-For;
    large_client_header_buffers 4 16k;
    server {
        listen unix:${dir}/socket;
        location / { return 200 "<$sparkle_limit_key>"; }
    }
}`;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** An answer's body, as bytes; the lines of the request's head are bytes too. */
function ask(socket, ...lines) {
  return new Promise((go, fail) => {
    const parts = [];
    const to = connect(socket);
    to.on("error", fail);
    to.on("data", (some) => parts.push(some));
    to.on("close", () => {
      const all = Buffer.concat(parts);
      go(all.subarray(all.indexOf("\r\n\r\n") + 4));
    });
    const end = Buffer.from("\r\n");
    const head = [...lines, "Host: a", "Connection: close", ""];
    to.write(Buffer.concat(head.flatMap((l) => [Buffer.from(l), end])));
  });
}

const get = "GET / HTTP/1.1";

/** The address's eight groups. */
const groupsOf = (network, rest) => [...network, ...rest];
const hex = (n) => n.toString(16);

/** Ways to write an address (RFC 4291, 2.2): with zeros in front, in capitals,
    with :: for each run of zeros (two at least: nginx reads no shorter one),
    with its end as IPv4. */
function* spellings(groups) {
  yield groups.map(hex).join(":");
  yield groups.map((g) => hex(g).padStart(4, "0")).join(":");
  yield groups.map(hex).join(":").toUpperCase();
  const [high, low] = groups.slice(6);
  const four = [high >> 8, high & 255, low >> 8, low & 255].join(".");
  // nginx takes 255.255.255.255 for no address.
  if (high + low < 2 * 0xffff)
    yield `${groups.slice(0, 6).map(hex).join(":")}:${four}`;
  for (let from = 0; from < 8; from++)
    for (let to = from + 1; to <= 8 && groups[to - 1] === 0; to++) {
      if (to - from < 2) continue;
      const [left, right] = [groups.slice(0, from), groups.slice(to)];
      yield `${left.map(hex).join(":")}::${right.map(hex).join(":")}`;
    }
}

const networks = [
  [0x2001, 0xdb8, 0, 0],
  [0x2001, 0xdb8, 1, 0],
  [0x2001, 0xdb8, 0, 1],
  [0x2001, 0, 0, 1],
  [0x2001, 0, 0, 0],
  [0x2a02, 0x8071, 0xabcd, 0xef00],
  [0x3a, 0x3a3a, 0x0a0d, 0x2c], // bytes that are : , and ends of lines
  [0, 0, 0, 1],
  [0xffff, 0xffff, 0xffff, 0xffff],
];
const hosts = [
  [0, 0, 0, 1],
  [0, 0, 0, 0],
  [1, 0, 0, 1],
  [0, 1, 0, 0],
  [1, 0, 0, 0],
  [0x1234, 0x5678, 0x9abc, 0xdef0],
  [0xffff, 0xffff, 0xffff, 0xffff],
];

/** What a caller is counted by: RFC 4291 has the network in the first half. */
const keyOf = (groups) => {
  const bytes = Buffer.alloc(8);
  groups.slice(0, 4).forEach((g, i) => bytes.writeUInt16BE(g, 2 * i));
  return bytes;
};

// Not UTF-8 each (Unicode, table 3-7), and what of it is.
const broken = [
  ["\x80", ""],
  ["Mozilla \xff", "Mozilla "],
  ["caf\xe9 au lait", "caf"],
  ["\xc3\xa9\xc3", "\u00e9"],
  ["\xc0\xaf", ""],
  ["\xe0\x9f\xbf", ""],
  ["\xed\xa0\x80", ""],
  ["\xf0\x8f\xbf\xbf", ""],
  ["\xf4\x90\x80\x80", ""],
  ["\xf5\x80\x80\x80", ""],
  ["a\xe2\x82", "a"],
  ["\xf0\x9f\x98\x80\xf0\x9f\x98", "\u{1f600}"],
  ['"}\\\xfe', '"}\\'],
  ["\t\xfe\x1f", "\t"],
];
const whole = [
  "Mozilla/5.0",
  "caf\u00e9",
  "\u0439\u20ac\ud7ff\ue000\uffff",
  "\u{1f600}\u{10ffff}\u{10000}",
  '"quoted\\" \u007f \u0080',
  "\u00e9".repeat(7000),
];

export default () =>
  describe("maps of nginx", { concurrency: 1 }, () => {
    let child, dir, socket, serial;
    before(async () => {
      serial = 0;
      dir = join(stack.dir, "maps");
      mkdirSync(dir, { mode: 0o777 });
      socket = join(dir, "socket");
      const file = join(dir, "nginx.conf");
      writeFileSync(file, conf(dir, join(stack.dir, "etc/nginx/snippets")));
      const args = ["-e", join(dir, "error.log"), "-c", file];
      // lint: ended in after(), which a failure does not skip
      child = spawn("nginx", ["-g", "user root;", ...args], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      child.said = "";
      child.stderr.on("data", (some) => (child.said += some));
      const isUp = () =>
        ask(socket, get).then(
          () => true,
          () => child.exitCode !== null && assert.fail(child.said),
        );
      await eventually("nginx answers", isUp);
    });
    after(() => child?.kill("SIGTERM"));

    const counted = async (address) =>
      (await ask(socket, get, `X-Forwarded-For: ${address}`)).subarray(1, -1);

    it("count IPv6 by its /64, however it is written", async () => {
      let n = 0;
      for (const network of networks) {
        const ways = hosts.flatMap((host) => [
          ...spellings(groupsOf(network, host)),
        ]);
        for (const way of new Set(ways)) {
          const key = await counted(way);
          assert.deepEqual(key, keyOf(network), way);
          n++;
        }
      }
      assert.ok(n > 300, `${n} spellings`);
    });

    it("count IPv4 by the address, in IPv6 too", async () => {
      for (const four of ["10.1.2.3", "192.0.2.255", "48.58.48.58"]) {
        const bytes = Buffer.from(four.split(".").map(Number));
        const [high, low] = [bytes.readUInt16BE(0), bytes.readUInt16BE(2)];
        const mapped = [0, 0, 0, 0, 0, 0xffff, high, low];
        for (const way of [four, ...spellings(mapped)])
          assert.deepEqual(await counted(way), bytes, way);
      }
    });

    it("do not count this host", async () => {
      for (const way of ["127.0.0.1", "127.9.9.9", "::1", "0:0::0:1"])
        assert.equal((await counted(way)).length, 0, way);
    });

    /** The line of the log about a request with these bytes. */
    async function logged(agent, path = "") {
      const mark = `/mark-${++serial}/`;
      const bytes = (text) => Buffer.from(text, "latin1");
      await ask(
        socket,
        Buffer.concat([bytes(`GET ${mark}${path} HTTP/1.1`)]),
        Buffer.concat([bytes(`User-Agent: ${agent}`)]),
      );
      const line = await eventually(`the log's line of ${mark} ${escape(agent + path)}`, () => {
        const all = readFileSync(join(dir, "access.log"), "latin1");
        return all.split("\n").slice(0, -1).find((l) => l.includes(mark));
      });
      const { path: told, ...rest } = JSON.parse(
        utf8.decode(Buffer.from(line, "latin1")),
      );
      return { ...rest, path: told.slice(mark.length) };
    }

    it("log bytes that are no UTF-8 up to there, with a mark", async () => {
      for (const [bytes, start] of broken) {
        const { agent, status } = await logged(bytes);
        // What a header may not hold is refused before it is logged.
        if (status === 200) assert.equal(agent, `${start}\ufffd`);
        else assert.equal(status, 400, JSON.stringify(bytes));
        const path = bytes.replace(/[\s"\\]/g, "");
        const cut = start.replace(/[\s"\\]/g, "");
        if (!/[\0-\x1f]/.test(path))
          assert.equal((await logged("x", path)).path, `${cut}\ufffd`);
      }
      const long = `${"\xc3\xa9".repeat(7000)}\xc3`;
      const { agent } = await logged(long);
      assert.equal(agent, `${"\u00e9".repeat(7000)}\ufffd`);
    });

    it("log what is UTF-8 as it is", async () => {
      for (const text of whole) {
        const bytes = Buffer.from(text).toString("latin1");
        assert.equal((await logged(bytes)).agent, text);
        const path = bytes.replace(/[\s\x7f]/g, "").slice(0, 4000);
        const told = Buffer.from(path, "latin1").toString();
        assert.equal((await logged("x", path)).path, told);
      }
    });

    it("log every byte in a line of good JSON", async () => {
      // A line feed ends the header, and nginx reads no path with controls
      // or a % alone.
      for (let byte = 1; byte < 256; byte++) {
        if (byte === 10) continue;
        const one = String.fromCharCode(byte);
        const inPath = byte > 32 && ![37, 127].includes(byte);
        const { path } = await logged(`a${one}b`, inPath ? `c${one}d` : "");
        const isText = byte < 128 && inPath;
        const told = byte === 63 ? "c" : isText ? `c${one}d` : "c\ufffd";
        assert.equal(path, inPath ? told : "", `byte ${byte}`);
      }
    });

    it("have the site's own logs well-formed too", async () => {
      const marks = [];
      for (const [bytes] of broken) {
        if (/[\0-\x1f]/.test(bytes)) continue;
        const path = `/nothing/${bytes.replace(/[\s"\\]/g, "")}`;
        const headers = { "user-agent": bytes, host: "localhost" };
        const answer = await request(stack, "GET", path, { headers });
        marks.push(`"id":"${answer.requestId}"`);
      }
      for (const name of ["access.log", "sparkle-fcgi.log"])
        for (const mark of marks) {
          const line = await eventually(`${mark} in ${name}`, () => {
            const all = readFileSync(join(stack.dir, "log", name), "latin1");
            return all.split("\n").slice(0, -1).find((l) => l.includes(mark));
          });
          JSON.parse(utf8.decode(Buffer.from(line, "latin1")));
        }
    });

    it("leave no alert in the error log", () => {
      const said = readFileSync(join(dir, "error.log"), "utf8");
      assert.doesNotMatch(said, /\[(alert|crit|emerg)\]|regex/);
    });
  });
