// Where the browser may be sent: a place of this site. The same question as
// in src/core/local_target.h, which says why it is so narrow.

const isDots = (part) => /^(?:\.|%2e){1,2}$/i.test(part);
const hidesSlash = (part) => /%(?:2f|5c)/i.test(part);

function isPlain(text) {
  if (text.length > 2000 || !/^\/[!-[\]-~]*$/.test(text)) return false;
  const parts = text.slice(1).split(/[?#]/, 1)[0].split("/");
  return !parts.some(
    (part, i) =>
      (part === "" && i < parts.length - 1) ||
      isDots(part) ||
      hidesSlash(part),
  );
}

/** The path, query and fragment of `text`; "/" for any other place. */
export function localTarget(text, site = location.origin) {
  const path = text.startsWith(site) ? text.slice(site.length) : text;
  return isPlain(path) ? path : "/";
}
