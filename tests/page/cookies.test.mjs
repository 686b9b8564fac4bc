// Several Cookie lines in one request: RFC 9113 (8.2.3) lets HTTP/2 send them
// so, and nothing keeps a program from it in HTTP/1.1.  The session, the theme
// and the micro-cache's key are read from all of them, in their order.
import assert from "node:assert/strict";
import { connect } from "node:http2";
import { describe, it } from "node:test";
import { freshAddress, request } from "../lib/client.mjs";
import { people, stack } from "../lib/suite.mjs";

let serial = 0;
const fresh = (path) => `${path}?cookies=${process.pid}-${++serial}`;

/** A GET with these Cookie lines, in HTTP/1.1 as they are. */
async function get(path, lines) {
  const answer = await request(stack, "GET", path, {
    headers: [
      ...["Host", `localhost:${stack.port}`, "Accept", "text/html"],
      ...["X-Forwarded-For", freshAddress()],
      ...lines.flatMap((line) => ["Cookie", line]),
    ],
  });
  return { text: answer.text, state: answer.headers["x-cache"] };
}

/** The same in HTTP/2, which may send each as a field of its own. */
async function get2(path, lines) {
  const session = connect(stack.url, { rejectUnauthorized: false });
  try {
    return await new Promise((go, fail) => {
      session.on("error", fail);
      const stream = session.request({
        ":path": path,
        accept: "text/html",
        "x-forwarded-for": freshAddress(),
        cookie: lines,
      });
      let text = "";
      let state;
      stream.setEncoding("utf8");
      stream.on("response", (headers) => (state = headers["x-cache"]));
      stream.on("data", (some) => (text += some));
      stream.on("end", () => go({ text, state }));
      stream.on("error", fail);
      stream.end();
    });
  } finally {
    session.close();
  }
}

const themeOf = ({ text }) => /data-theme="(\w+)"/.exec(text)[1];
const viewerOf = ({ text }) => /data-viewer="(\w*)"/.exec(text)?.[1] ?? "";

export default () =>
  describe("several Cookie lines", () => {
    for (const [how, ask] of [
      ["HTTP/1.1", get],
      ["HTTP/2", get2],
    ]) {
      it(`have the session in any of them (${how})`, async () => {
        const user = await people.user();
        const session = `__Host-session=${user.cookies.get("__Host-session")}`;
        for (const lines of [
          [session, "a=b"],
          ["a=b", session],
          ["theme=light", session, "x=y; z=1"],
          ["a=b; c", `d=e; ${session}`],
          ["", session, ""],
        ]) {
          const path = fresh("/terms");
          const mine = await ask(path, lines);
          assert.equal(viewerOf(mine), user.name, lines.join(" | "));
          assert.notEqual(mine.state, "HIT");
          const guest = await ask(path, ["a=b"]);
          assert.equal(viewerOf(guest), "", lines.join(" | "));
        }
      });

      it(`have the first theme, for page and key (${how})`, async () => {
        for (const [lines, theme] of [
          [["theme=light", "theme=dark"], "light"],
          [["theme=dark", "theme=light"], "dark"],
          [["a=b", "theme=system", "theme=light"], "system"],
          [["theme=light; theme=dark", "c=d"], "light"],
          [["a=b;", " theme=light"], "light"],
          [["theme=lig", "ht"], "dark"],
          [["theme=light", "theme=", ""], "light"],
        ]) {
          const path = fresh("/terms");
          const odd = await ask(path, lines);
          assert.equal(themeOf(odd), theme, lines.join(" | "));
          // What was kept by its key is what others would be shown.
          for (const other of ["light", "system", "dark"]) {
            const copy = await ask(path, [`theme=${other}`]);
            assert.equal(themeOf(copy), other, lines.join(" | "));
          }
        }
      });
    }
  });
