// What the programs keep sealed (AES-256-GCM under the first key of a ring,
// "id:hex,id:hex"), made and opened by other code than theirs: core/crypto.h.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  randomBytes,
} from "node:crypto";

const keyOf = (ring, id) => {
  const item = ring.trim().split(",").find((k) => k.startsWith(`${id}:`));
  if (!item) throw new Error(`no key ${id}`);
  return createHmac("sha256", Buffer.from(item.split(":")[1], "hex"))
    .update("sparkle: secrets at rest")
    .digest();
};
const octets = (user) => Buffer.from(user.replaceAll("-", ""), "hex");

/** {kid, hex} of a text, bound to a user's id. */
export function seal(ring, user, text) {
  const kid = ring.trim().split(":")[0];
  const head = Buffer.concat([Buffer.from([1, kid.length]), Buffer.from(kid)]);
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", keyOf(ring, kid), nonce);
  cipher.setAAD(Buffer.concat([head, octets(user)]));
  const sealed = [cipher.update(text, "utf8"), cipher.final()];
  const all = [head, nonce, ...sealed, cipher.getAuthTag()];
  return { kid, hex: Buffer.concat(all).toString("hex") };
}

/** The text; throws where it is not sealed for that user. */
export function open(ring, user, hex) {
  const value = Buffer.from(hex, "hex");
  const size = 2 + value[1];
  const head = value.subarray(0, size);
  const key = keyOf(ring, head.subarray(2).toString());
  const nonce = value.subarray(size, size + 12);
  const cipher = createDecipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.concat([head, octets(user)]));
  cipher.setAuthTag(value.subarray(-16));
  const plain = cipher.update(value.subarray(size + 12, -16));
  return Buffer.concat([plain, cipher.final()]).toString();
}
