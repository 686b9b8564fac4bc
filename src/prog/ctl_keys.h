/*
 * ctl_keys.h - between ctl_keys.c, ctl_ring.c and ctl_reload.c.
 */
#ifndef PROG_CTL_KEYS_H
#define PROG_CTL_KEYS_H

#include "base/text.h"
#include "core/crypto.h"
#include "prog/ctl.h"

/* ---- Rings and their files: ctl_ring.c ----------------------------------- */

/* A ring and the setting of [auth] whose file holds it. */
struct ring_row {
    const char *name, *setting;
};
#define RINGS 3
extern const struct ring_row ring_rows[]; /* ended by one without a name */

/* A ring as its file has it. */
struct ring {
    const struct ring_row *row;
    const char *path;
    const struct keyring *keys;
};

const struct ring_row *ring_row_named(const char *name);

/* False, and said why, where it cannot be read. */
bool ring_read(struct ctl *c, const struct ring_row *row, struct ring *ret);

/* One sparklectl at a time is at the keys beside path; until it ends. */
bool ring_lock(struct ctl *c, const char *path);

/* The text of a ring with its keys in their order, but `first` (may be NULL)
 * in front and without one (or NULL); and a further key at the end of it. */
struct text *ring_text(void *mem, const struct ring *ring,
                       const struct crypto_key *first,
                       const struct crypto_key *without);
void ring_add(void *mem, struct text *to, const struct crypto_key *key);

/* Writes it in place of the file, and wipes it; the exit status. */
int ring_write(const struct ring *ring, struct text *text);

/* k1, k2 ...: the number of such an id; 0 for another one.  The newest key is
 * that with the highest number: the one that was added last. */
int64_t ring_number(const struct crypto_key *key);
const struct crypto_key *ring_newest(const struct keyring *keys);

/* ---- The running programs: ctl_reload.c ---------------------------------- */

enum reloaded { RELOADED, RELOAD_BY_HAND, RELOAD_FAILED };

/*
 * Has the running programs read their configuration and secrets anew, and
 * waits until nobody works with the old ones.  A program that does not run is
 * fine; one that must be restarted is told of on standard output.
 */
enum reloaded ctl_reload(struct ctl *c);

#endif
