// Links in mails: the token that a page of ours gets.
import { mailsTo } from "./people.mjs";
import { eventually } from "./stack.mjs";

/** All tokens that were mailed to an address for a page, the oldest first. */
export const tokensTo = (stack, address, page) =>
  mailsTo(stack, address).flatMap(
    ({ text }) =>
      new RegExp(`/${page}\\?token=([\\w-]+)`).exec(text)?.[1] ?? [],
  );

/** The n-th of them, waiting for it. */
export const tokenTo = (stack, address, page, n = 1) =>
  eventually(
    `${n} mails with a link to ${page} for ${address}`,
    () => tokensTo(stack, address, page)[n - 1],
  );

/** The subjects of the mails to an address. */
export const subjectsTo = (stack, address) =>
  mailsTo(stack, address).map((mail) => mail.headers.subject);
