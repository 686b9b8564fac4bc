/*
 * cursor.h - where a list goes on, and times, as clients write them.
 */
#ifndef CORE_CURSOR_H
#define CORE_CURSOR_H

#include <stdbool.h>

#include "base/text.h"
#include "core/sql.h"

#define CURSOR_TEXT 33 /* bytes of the text form, the NUL included */

/* 24 bytes (the key from its highest byte on, the id) in base64url. */
void cursor_write(const struct cursor *c, char out[CURSOR_TEXT]);

/* False, and untouched, for anything that cursor_write cannot have made. */
bool cursor_read(const char *s, struct cursor *ret);

/*
 * An RFC 3339 time (section 5.6) with seconds and an offset; fractions beyond
 * microseconds are dropped, the leap second is the next minute's first.
 */
bool time_read(const char *s, struct instant *ret);

#endif
