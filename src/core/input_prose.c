/*
 * input_prose.c - texts that people paste: what other programs left in them
 * and nobody can see goes, and the answer tells of it.
 *
 * Dropped and told: C0 but for tab, line feed and carriage return; DEL; C1
 * (U+0085 too: in pasted text it is mostly a misread ellipsis); the byte order
 * mark wherever it stands.  Vertical tab and form feed leave a line break
 * behind, so that words do not run together.  Not told, since nothing is lost:
 * CRLF, CR, U+2028 and U+2029 become line feeds (Unicode 15, 5.8).  In a text
 * of one line a blank takes the place of a break and of a tab; CR and LF there
 * are refused as they were.
 */
#include "core/input.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

enum { VT = 0x0B, FF = 0x0C, DEL = 0x7F, LS = 0x2028, PS = 0x2029 };

bool
input_is_prose(const struct field *f)
{
    return f->place == IN_BODY && f->type == VALUE_TEXT && !f->secret &&
           !f->code && (f->visible || f->lines || f->prose);
}

static bool
is_told(uint32_t c)
{
    bool c0 = c < 0x20 && c != '\t' && c != '\n' && c != '\r';

    return c0 || (c >= DEL && c < 0xA0) || c == 0xFEFF;
}

/* What stands for a code point: itself, a break, or nothing (0). */
static uint32_t
kept(uint32_t c, bool lines)
{
    if (c == VT || c == FF || c == LS || c == PS)
        return lines ? '\n' : ' ';
    if (c == '\t')
        return lines ? '\t' : ' ';
    if (c == '\r' && lines)
        return '\n';
    return is_told(c) ? 0 : c;
}

static void
tell(struct input *in, const struct field *f, size_t dropped)
{
    if (dropped > 0 && in->notes != NULL)
        fault_add(in->notes, f->name,
                  dropped == 1
                      ? "1 control character was left out"
                      : mem_printf(in->mem,
                                   "%zu control characters were left out",
                                   dropped));
}

const char *
input_prose(struct input *in, const struct field *f, const char *s, size_t n,
            size_t *ret_n)
{
    const char *end = s + n;
    size_t dropped = 0;

    *ret_n = n;
    if (memchr(s, '\0', n) != NULL || !utf8_valid(s, n))
        return s; /* to be refused */
    /* Nothing is longer than what it stands for. */
    char *out = mem_alloc(in->mem, n + 1), *at = out;
    while (s < end) {
        uint32_t c = utf8_next(&s, end);
        uint32_t put = kept(c, f->lines);

        dropped += is_told(c);
        if (c == '\r' && f->lines && s < end && *s == '\n')
            continue;
        if (put != 0)
            at += utf8_put(at, put);
    }
    *at = '\0';
    *ret_n = (size_t)(at - out);
    tell(in, f, dropped);
    return out;
}
