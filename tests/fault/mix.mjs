// The mixed load: guests and members, reads and writes, pages and calls.
import { randomUUID } from "node:crypto";
import { Load } from "../lib/load.mjs";
import { addressOf, password } from "../lib/people.mjs";
import { people, stack } from "../lib/suite.mjs";

export const long = Boolean(process.env.SPARKLE_LONG);

let members, posts;
let serial = 0;

const any = (list) => list[Math.floor(Math.random() * list.length)];

export async function prepare() {
  members = await people.crowd(16);
  for (const member of members) member.contract = null;
  posts = await people.posts(members[0], 60);
}

const guest = () => people.guest({ contract: null });

/** Addresses that no copy in the cache answers. */
const fresh = (path) => `${path}${path.includes("?") ? "&" : "?"}n=${serial++}`;

const reads = [
  {
    name: "list",
    weight: 20,
    call: () => guest().get(`/api/posts?limit=${1 + (serial++ % 60)}`),
  },
  {
    name: "post",
    weight: 20,
    call: () => guest().get(`/api/posts/${any(posts)}`),
  },
  { name: "home", weight: 10, call: () => guest().page(fresh("/")) },
  {
    name: "comments",
    weight: 10,
    call: () => any(members).get(`/api/posts/${any(posts)}/comments`),
  },
  { name: "me", weight: 10, call: () => any(members).get("/api/users/me") },
  {
    name: "notices",
    weight: 5,
    call: () => any(members).get("/api/notifications"),
  },
];

/** Comments that were answered with 201, to be found again. */
export const written = new Set();

async function comment() {
  const content = `Load ${randomUUID()}`;
  const answer = await any(members).post(`/api/posts/${any(posts)}/comments`, {
    content,
  });
  if (answer.status === 201) written.add(content);
  return answer;
}

const writes = [
  { name: "comment", weight: 12, call: comment },
  {
    name: "like",
    weight: 8,
    call: () => any(members).put(`/api/posts/${any(posts)}/reactions/LIKE`),
  },
  {
    name: "unlike",
    weight: 4,
    call: () => any(members).delete(`/api/posts/${any(posts)}/reactions/LIKE`),
  },
];

const logins = [
  {
    name: "login",
    weight: 1,
    call: () =>
      guest().post("/api/auth/login", {
        email: addressOf(any(members).name),
        password,
      }),
  },
];

export const mixed = (rate = 200) =>
  new Load([...reads, ...writes, ...logins], { rate });
export const readsOnly = (rate = 200) => new Load(reads, { rate });
export const noLogins = (rate = 200) =>
  new Load([...reads, ...writes], { rate });

/** Each comment that was promised is there, once. */
export async function countWritten() {
  const rows = await stack.value`SELECT count(*) FROM comments
    WHERE content LIKE 'Load %'`;
  return { rows, promised: written.size };
}
