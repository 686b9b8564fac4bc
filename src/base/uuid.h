/*
 * uuid.h - identifiers: UUIDs as RFC 9562 defines them.
 *
 * Ours are version 7, so they sort by the time of their making.  All zero
 * means none, and is bound as SQL's NULL.
 */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

struct uuid {
    uint8_t octet[16];
};

#define UUID_TEXT 37 /* bytes of the text form, the NUL included */

/* A new version 7 UUID from base/clock and base/random. */
struct uuid uuid_new(void);

/* Reads 8-4-4-4-12 hex digits; false, and untouched, for anything else. */
bool uuid_read(const char *s, struct uuid *ret_id);

/* Writes the text form in lower case, ended by a NUL. */
void uuid_write(const struct uuid *id, char out[UUID_TEXT]);

bool uuid_none(const struct uuid *id);
bool uuid_same(const struct uuid *a, const struct uuid *b);

#endif
