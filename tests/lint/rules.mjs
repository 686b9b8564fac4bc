// What the house does not do, and grep can see.
import { files, read } from "./files.mjs";

const faults = [];

/** C without comments, lines kept; strings joined as the compiler does. */
function bare(text) {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/\/\/.*/g, "");
}

const lineOf = (text, at) => text.slice(0, at).split("\n").length;

/** The string literals of a call's arguments, joined. */
function literalsAfter(text, at) {
  let depth = 0;
  let end = at;
  for (; end < text.length && end < at + 3000; end++) {
    if (text[end] === '"') {
      while (text[++end] !== '"' && end < text.length)
        if (text[end] === "\\") end++;
      continue;
    }
    if (text[end] === "(") depth++;
    if (text[end] === ")" && --depth === 0) break;
  }
  return [...text.slice(at, end).matchAll(/"((?:[^"\\]|\\.)*)"/g)]
    .map((m) => m[1])
    .join("");
}

const printers =
  /\b(mem_printf|text_addf|snprintf|fprintf|printf|dprintf)\s*(?=\()/g;
const languages = {
  HTML: /<\/?[a-z][a-z0-9]*[ >]/i,
  JSON: /[{,]\s*\\"[^"]*%s|:\s*\\"%s|^\\"%s\\"$/,
  SQL: /\b(SELECT\b.+\bFROM|INSERT INTO|UPDATE\b.+\bSET|DELETE FROM|WHERE\b.*%)/,
};

/** What is printed and needs no escape, with the reason. */
const fine = [
  ["src/core/shape.c", "names of members, from tables"],
  ["src/core/answer.c", "a cursor: base64url"],
  ["src/pool/overtime.c", "names of fields and messages, from the source"],
  ["src/pool/metrics_print.c", "names of metrics, from tables"],
].map(([file]) => file);

function checkPrintf(file, text) {
  for (const match of text.matchAll(printers)) {
    const words = literalsAfter(text, match.index + match[0].length);
    if (!/%[^%]/.test(words)) continue;
    for (const [name, pattern] of Object.entries(languages))
      if (fine.includes(file) && name === "JSON") continue;
      else if (pattern.test(words))
        faults.push(
          `${file}:${lineOf(text, match.index)}: ${match[1]} into ${name}: ` +
            words.slice(0, 60),
        );
  }
}

const never = [
  [/\bgoto\b/, "goto"],
  [/\btypedef struct\b/, "a typedef of a struct"],
  [/\bassert\s*\(/, "assert: BUG says more", /^src\//],
  [/\bTODO\b|\bFIXME\b|\bXXX\b/, "unfinished work"],
];

function checkLines(file, text, raw) {
  for (const [pattern, what, where = /^src\//] of never) {
    if (!where.test(file)) continue;
    const subject = /TODO/.test(pattern.source) ? raw : text;
    const match = pattern.exec(subject);
    if (match) faults.push(`${file}:${lineOf(subject, match.index)}: ${what}`);
  }
}

// A row of code is 80 columns; statements in SQL() may be longer lines never.
function checkWidth(file, raw) {
  raw.split("\n").forEach((line, i) => {
    if ([...line.replaceAll("\t", "        ")].length > 80)
      faults.push(`${file}:${i + 1}: over 80 columns`);
  });
}

for (const file of files("src/*.[ch]")) {
  const raw = read(file);
  const text = bare(raw);
  if (!/^\/\*/.test(raw)) faults.push(`${file}:1: no opening comment`);
  checkPrintf(file, text);
  checkLines(file, text, raw);
  checkWidth(file, raw);
}

// Who is shown is said in sql/visible.sql: no other text lists those who are not.
const hides = /'BANNED',\s*'DELETED'|'\{BANNED,\s*DELETED\}'|<>\s*'BANNED'/;

function checkShown(file, text) {
  const match = hides.exec(text);
  if (match)
    faults.push(
      `${file}:${lineOf(text, match.index)}: ask user_shown() of visible.sql`,
    );
}

for (const file of files("sql/*.sql", "src/*.c"))
  if (!/visible\.sql$|migrations|demo/.test(file)) checkShown(file, read(file));

// The rules must see what they are for.
const sample =
  'mem_printf(m, "<b>%s</b>", s); text_addf(t, "{\\"a\\":\\"%s\\"}", s);' +
  'snprintf(b, n, "SELECT a FROM b WHERE c = %s", s);';
const before = faults.length;
checkPrintf("sample", sample);
checkShown("sample", "WHERE u.status NOT IN ('BANNED', 'DELETED')");
if (faults.length !== before + 4) faults.push("the rules are blind");
else faults.length = before;

for (const fault of faults) console.log(fault);
process.exitCode = faults.length ? 1 : 0;
