// Links in mails: the token that a page of ours gets.
import { mailsTo } from "./people.mjs";
import { eventually } from "./stack.mjs";

/** All tokens that were mailed to an address for a page. */
export const tokensTo = (stack, address, page) =>
  mailsTo(stack, address).flatMap(
    ({ text }) =>
      new RegExp(`/${page}\\?token=([\\w-]+)`).exec(text)?.[1] ?? [],
  );

/** One of them, waiting for it; not `old`, as mails have no order. */
export const tokenTo = (stack, address, page, old) =>
  eventually(`a mail with a link to ${page} for ${address}`, () =>
    tokensTo(stack, address, page).find((token) => token !== old),
  );

/** The subjects of the mails to an address. */
export const subjectsTo = (stack, address) =>
  mailsTo(stack, address).map((mail) => mail.headers.subject);
