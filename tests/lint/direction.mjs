// Text that people wrote has a direction of its own: in each template it
// stands in an element with dir or in a <bdi>, and where words of ours stand
// beside it, in a <bdi>. Which variables hold such text is the table below.
import { tagsOf } from "../lib/html.mjs";
import { files, read } from "./files.mjs";

/** [files, variables]. User names are ASCII and so not in it. */
const people = [
  [/site\/post-card/, ["title", "excerpt"]],
  [/post\/show/, ["post.title", "post.contentHtml"]],
  [/post\/labels/, ["name", "tags"]],
  [/post\/home/, ["name"]],
  [/post\/fields/, ["post.title", "post.content", "post.excerpt", "post.tags"]],
  [/post\/fields/, ["name"]],
  [/post\/tag/, ["tag.name"]],
  [/comment\/item/, ["contentHtml"]],
  [/category\/show/, ["category.name", "category.description"]],
  [/search\/search/, ["q"]],
  [/profile\/show/, ["user.profile.displayName", "user.bio"]],
  [/profile\/show/, ["user.profile.location", "user.profile.interests"]],
  [/profile\/show/, ["user.profile.skills"]],
  [/profile\/show/, ["user.profile.socialLinks.discord"]],
  [/notification\/item/, ["title", "message"]],
  [/notification\/actors/, ["notice.title"]],
  [/admin\/user\.html/, ["account.statusReason", "userAgent"]],
  [/admin\/audit-item/, ["userAgent", "resourceName"]],
  [/mailing\/suppressed/, ["detail"]],
  [/mailing\/own/, ["mail.lastBounce"]],
  [/mailing\/preview/, ["preview.subject", "preview.text"]],
  [/^emails\//, ["user.name", "newEmail", "author", "excerpt", "message"]],
  [/^emails\//, ["notification.title", "notification.message"]],
  [/^emails\//, ["notification.postTitle"]],
  [/^emails\/\w+-digest/, ["title"]],
];

/** Lists and sections whose items are written as {{.}}. */
function nameIn(sections, name) {
  return name === "." ? sections.at(-1) : name;
}

const variable = /\{\{(?!\{?[#^/>!=])\{?&?\s*([\w.]+)(@\w+)?\s*\}?\}\}/g;
const mark = /\{\{[#^/]\s*([\w.@]+)\s*\}\}/g;

/** Where each variable stands: {name, at, sections}. */
function variablesOf(text) {
  const found = [];
  const events = [
    ...[...text.matchAll(mark)].map((m) => ({ m, at: m.index })),
    ...[...text.matchAll(variable)].map((m) => ({ m, at: m.index, is: 1 })),
  ].sort((a, b) => a.at - b.at);
  const sections = [];
  for (const { m, at, is } of events) {
    const name = m[1];
    if (is) found.push({ name: nameIn(sections, name), at, suffix: m[2] });
    else if (m[0][2] === "/") sections.pop();
    else sections.push(name);
  }
  return found;
}

const directed = (tag) => tag.name === "bdi" || tag.attributes.dir;
const letters = (text) =>
  /\p{L}/u.test(text.replace(/\{\{[^}]*\}+|&\w+;/g, ""));

/** Elements as pairs of tags; what is void is an element without an inside. */
function elementsOf(text) {
  const open = [];
  const all = [];
  for (const tag of tagsOf(text)) {
    if (!tag.closing) {
      all.push(tag);
      tag.stop = tag.end;
      if (!tag.selfClosing) open.push(tag);
      continue;
    }
    const i = open.findLastIndex((t) => t.name === tag.name);
    if (i < 0) continue;
    open[i].stop = tag.start;
    open.length = i;
  }
  return all;
}

/** Whether ours is beside theirs: words that nothing within keeps apart. */
function mixed(text, element, all) {
  let rest = text.slice(element.end, element.stop);
  const within = all.filter(
    (e) => e.start >= element.end && e.stop <= element.stop && directed(e),
  );
  for (const e of within) rest = rest.replace(text.slice(e.start, e.stop), "");
  return letters(rest.replace(/<[^>]*>/g, ""));
}

function check(file, text, names, found) {
  // Attributes of partials make no tag: {{> style/text}}.
  const plain = text.replace(/\{\{>[^}]*\}\}/g, (p) => " ".repeat(p.length));
  const all = elementsOf(plain);
  for (const { name, at, suffix } of variablesOf(text)) {
    if (!names.has(name) || suffix === "@isolated") continue;
    const line = `${file}:${text.slice(0, at).split("\n").length}: {{${name}}}`;
    const tag = all.find((e) => e.start < at && at < e.end);
    if (tag) {
      const shown = /\svalue="$/.test(text.slice(tag.start, at).slice(-8));
      if (shown && tag.attributes.type !== "hidden" && !tag.attributes.dir)
        found.push(`${line}: its input has no dir`);
      continue;
    }
    const around = all.filter((e) => e.end <= at && at < e.stop && directed(e));
    if (around.length === 0) found.push(`${line}: neither dir nor bdi`);
    else if (mixed(plain, around.at(-1), all))
      found.push(`${line}: words of ours beside it, and no bdi`);
  }
}

const namesOf = (file) =>
  new Set(people.filter(([of]) => of.test(file)).flatMap(([, names]) => names));

const faults = [];
for (const file of files("web/pages/*.html", "emails/*.html")) {
  const text = read(file);
  check(file, text, namesOf(file), faults);
  for (const tag of elementsOf(text.replace(/\{\{>[^}]*\}\}/g, "")))
    if (tag.name === "textarea" && !tag.attributes.dir)
      faults.push(`${file}: a textarea without dir`);
}

/** A row of the table that finds nothing is of a page that changed. */
const texts = files("web/pages/*.html", "emails/*.html").map((file) => [
  file,
  new Set(variablesOf(read(file)).map((v) => v.name)),
]);
for (const [of, names] of people)
  for (const name of names)
    if (!texts.some(([file, all]) => of.test(file) && all.has(name)))
      faults.push(`${of} has no {{${name}}}`);

// The check must see what it is for.
const bad = [
  "<p>{{q}}</p>",
  '<p dir="auto">Hello {{q}}</p>',
  "<b>{{#q}}{{.}}{{/q}}</b>",
  '<input value="{{q}}">',
  "<div>{{{q}}}</div>",
];
const good = [
  '<p dir="auto"><b>{{q}}</b></p>',
  "<p>Hello <bdi>{{q}}</bdi></p>",
  '<div dir="auto"><p>Hello <bdi>{{q}}</bdi></p></div>',
  '<p>Words. {{#q}}<i dir="auto">{{.}}</i>{{/q}}</p>',
  '<input value="{{q}}" dir="auto">',
  '<input type="hidden" value="{{q}}">',
  "<title>{{q@isolated}} here</title>",
];
for (const [texts, wanted] of [
  [bad, 1],
  [good, 0],
])
  for (const text of texts) {
    const found = [];
    check("sample", text, new Set(["q"]), found);
    if (found.length !== wanted)
      faults.push(`this check of ${text}: ${found.length} faults`);
  }

console.log(faults.join("\n"));
process.exit(faults.length > 0 ? 1 : 0);
