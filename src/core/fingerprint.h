/*
 * fingerprint.h - which browser and network a session is used from, as far as
 * it is needed to notice that both have changed.
 *
 * A fingerprint is 36 bytes: 4 of the key, 16 of an HMAC-SHA-256 of the
 * browser (the family and platform of its User-Agent; versions change), and 16
 * of one of the network (IPv4: /24, IPv6: /48).  Two parts, since either alone
 * changes every day: who leaves home has another network, and who asks for the
 * desktop's page says another platform.  Keyed, so that it tells nobody where
 * somebody was.  The four bytes tell a key that was replaced from a browser
 * that was.
 *
 * sessions.fingerprint is the one of the last rotation; session_use() in
 * sql/session.sql compares, raises SESSION_MOVED, and takes the new one.
 */
#ifndef CORE_FINGERPRINT_H
#define CORE_FINGERPRINT_H

#include "core/endpoint.h"

#define FINGERPRINT_SIZE 36

struct fingerprint_key;

/* From [auth] signing_key's oldest key: a new one in front changes nothing.
 * NULL where there is no ring. */
const struct fingerprint_key *fingerprint_key_new(void *mem,
                                                  const char *signing_key);

/* The caller's, on r->mem; at NULL where the program has no key. */
struct bytes fingerprint_of(struct request *r);

/* Whether the caller's browser and the caller's network are both others than
 * those of a fingerprint; no where either is unknown or of another key. */
bool fingerprint_moved(struct request *r, struct bytes was);

#endif
