// Every mail is a row and four files: none is without the other, and what puts
// a mail names one that there is.
import { existsSync, readdirSync } from "node:fs";
import { files, read } from "./files.mjs";

const faults = [];
const wanted = ["subject", "txt", "html", "json"];
const apart = ["layout"]; // what is around all of them

/** The rows of the tables of mails: [name, type]. */
const rows = files("src/mailing/*.c").flatMap((file) =>
  [...read(file).matchAll(/struct mail_kind \w+\[\] = \{([\s\S]*?)^\};/gm)]
    .flatMap(([, table]) => table.split(/^ {4}\},/m))
    .map((row) => [
      row.match(/\.name = "([^"]+)"/)?.[1],
      row.match(/\.type = "([^"]+)"/)?.[1],
    ])
    .filter(([name]) => name),
);
const names = rows.map(([name]) => name);
if (names.length < 30) faults.push(`only ${names.length} rows are found`);
for (const name of names)
  if (names.indexOf(name) !== names.lastIndexOf(name))
    faults.push(`${name} is there twice`);

for (const name of names)
  for (const ending of wanted) {
    const file = `emails/${name}.${ending}`;
    if (!existsSync(file)) faults.push(`${file} is missing`);
    else if (ending === "json")
      try {
        JSON.parse(read(file));
      } catch (error) {
        faults.push(`${file}: ${error.message}`);
      }
    else if (/\bsrc=|url\(|@import|<link/i.test(read(file)))
      faults.push(`${file} fetches something`);
  }

for (const entry of readdirSync("emails", { withFileTypes: true })) {
  const name = entry.name.replace(/\.[a-z]+$/, "");
  if (!entry.isDirectory() && ![...names, ...apart].includes(name))
    faults.push(`emails/${entry.name} belongs to no row`);
}

// Each type of notification names the mail that names it.
const view = read("sql/notification.sql").match(
  /VIEW notification_kinds AS([\s\S]*?)\) k\(/,
)[1];
const types = [...view.matchAll(
  /\(\d+, '([A-Z_]+)', (?:'[^']*'|NULL|\s|,)+(?:true|false),\s*'[^']*', \d, '([^']*)'/g,
)].map(([, type, mail]) => [mail, type.toLowerCase()]);
if (types.length !== 19) faults.push(`${types.length} types are found, not 19`);
for (const [mail, type] of types)
  if (!rows.some(([name, of]) => name === mail && of === type))
    faults.push(`${type}: no row of mail_notice.c has it and is ${mail}`);
for (const [name, type] of rows)
  if (type && !types.some(([mail, of]) => mail === name && of === type))
    faults.push(`${name}: notification_kinds does not name it for ${type}`);

for (const file of files("src/*.c", "sql/*.sql", "README.md"))
  for (const [, name] of read(file).matchAll(
    /'mail',\s*'([^']+)'|"mail":\s*"([a-z-]+)"/g,
  ))
    if (name && !names.includes(name))
      faults.push(`${file}: there is no mail ${name}`);

console.log(faults.join("\n"));
process.exit(faults.length ? 1 : 0);
