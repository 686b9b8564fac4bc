// What the web program counts.
import { request } from "./client.mjs";

/** A counter's number now, by its name and the label that it is to have. */
export async function counted(stack, name, label = "") {
  const { text } = await request(stack, "GET", "/metrics");
  const line = new RegExp(`^${name}(\\{[^}]*${label}[^}]*\\})? (\\d+)`, "m");
  return Number(line.exec(text)?.[2] ?? 0);
}

/** Calls of a class, till now, that Redis could not be asked about. */
export const blind = (stack, name) =>
  counted(stack, "sparkle_rate_limit_blind_total", `class="${name}"`);
