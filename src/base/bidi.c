/* bidi.c - see bidi.h. */
#include "base/bidi.h"

#include <string.h>
#include <unictype.h>

#include "base/utf8.h"

enum { DEPTH = 125, MARK = 3 };

enum turn { NONE, EMBED, EMBED_END, ISOLATE, ISOLATE_END };

static const char fsi[] = "\xE2\x81\xA8", pdi[] = "\xE2\x81\xA9";
static const char pdf[] = "\xE2\x80\xAC";

static enum turn
turn_of(const char *s, size_t n)
{
    const unsigned char *b = (const unsigned char *)s;

    if (n < MARK || b[0] != 0xE2)
        return NONE;
    if (b[1] == 0x80 && b[2] >= 0xAA && b[2] <= 0xAE)
        return b[2] == 0xAC ? EMBED_END : EMBED;
    if (b[1] == 0x81 && b[2] >= 0xA6 && b[2] <= 0xA9)
        return b[2] == 0xA9 ? ISOLATE_END : ISOLATE;
    return NONE;
}

size_t
bidi_mark(const char *s, size_t n)
{
    return turn_of(s, n) == NONE ? 0 : MARK;
}

/* ---- Closing ------------------------------------------------------------- */

struct stack {
    enum turn open[DEPTH];
    size_t n;
};

static bool
holds_isolate(const struct stack *stack)
{
    for (size_t i = 0; i < stack->n; i++)
        if (stack->open[i] == ISOLATE)
            return true;
    return false;
}

/* Whether the mark has a meaning, which then is taken note of.  The end of an
 * isolate ends the embeddings in it, too. */
static bool
take(struct stack *stack, enum turn turn)
{
    switch (turn) {
    case EMBED:
    case ISOLATE:
        if (stack->n == DEPTH)
            return false;
        stack->open[stack->n++] = turn;
        return true;
    case EMBED_END:
        if (stack->n == 0 || stack->open[stack->n - 1] != EMBED)
            return false;
        stack->n--;
        return true;
    case ISOLATE_END:
        if (!holds_isolate(stack))
            return false;
        while (stack->open[--stack->n] != ISOLATE)
            ;
        return true;
    default:
        return true;
    }
}

/* The next mark at or after s; end where there is none. */
static const char *
next_mark(const char *s, const char *end)
{
    while (s < end && (s = memchr(s, 0xE2, (size_t)(end - s))) != NULL) {
        if (turn_of(s, (size_t)(end - s)) != NONE)
            return s;
        s++;
    }
    return end;
}

bool
bidi_closed(const char *s, size_t n)
{
    struct stack stack = { .n = 0 };
    const char *end = s + n;

    for (s = next_mark(s, end); s < end; s = next_mark(s + MARK, end))
        if (!take(&stack, turn_of(s, (size_t)(end - s))))
            return false;
    return stack.n == 0;
}

void
bidi_close(struct text *to, const char *s, size_t n)
{
    struct stack stack = { .n = 0 };
    const char *end = s + n;

    while (s < end) {
        const char *mark = next_mark(s, end);

        text_add(to, s, (size_t)(mark - s));
        if (mark < end && take(&stack, turn_of(mark, (size_t)(end - mark))))
            text_add(to, mark, MARK);
        s = mark < end ? mark + MARK : end;
    }
    while (stack.n > 0)
        text_add(to, stack.open[--stack.n] == ISOLATE ? pdi : pdf, MARK);
}

/* ---- Isolating ----------------------------------------------------------- */

static bool
runs_left(const char *s, size_t n)
{
    const char *end = s + n;

    while (s < end) {
        uint32_t code = utf8_next(&s, end);
        int class = code < 0x590 ? UC_BIDI_L : uc_bidi_category(code);

        if (class == UC_BIDI_R || class == UC_BIDI_AL || class == UC_BIDI_AN)
            return true;
    }
    return false;
}

void
bidi_isolate(struct text *to, const char *s, size_t n)
{
    const char *end = s + n;
    bool wanted = runs_left(s, n);

    if (wanted)
        text_add(to, fsi, MARK);
    while (s < end) {
        const char *mark = next_mark(s, end);

        text_add(to, s, (size_t)(mark - s));
        s = mark < end ? mark + MARK : end;
    }
    if (wanted)
        text_add(to, pdi, MARK);
}

/* ---- Tidying ------------------------------------------------------------- */

/* Leaves FSI and the PDI that end one. */
static size_t
drop_ends(char *s, size_t n)
{
    size_t open = 0, to = 0;

    for (size_t i = 0; i < n;) {
        enum turn turn = turn_of(s + i, n - i);
        size_t len = turn == NONE ? 1 : MARK;
        bool begins = turn == ISOLATE && memcmp(s + i, fsi, MARK) == 0;
        bool ends = turn == ISOLATE_END && open > 0;
        bool stays = turn == NONE || begins || ends;

        open = open + begins - ends;
        if (stays)
            memmove(s + to, s + i, len);
        to += stays ? len : 0;
        i += len;
    }
    return to;
}

/* Leaves FSI that a PDI ends; from behind, to the end of the room. */
static size_t
drop_beginnings(char *s, size_t n)
{
    size_t ends = 0, to = n;

    for (size_t i = n; i > 0;) {
        size_t len = i >= MARK && bidi_mark(s + i - MARK, MARK) ? MARK : 1;
        bool begins = len == MARK && memcmp(s + i - MARK, fsi, MARK) == 0;
        bool stays = !begins || ends > 0;

        i -= len;
        if (len == MARK)
            ends = !begins ? ends + 1 : ends - (ends > 0);
        to -= stays ? len : 0;
        if (stays)
            memmove(s + to, s + i, len);
    }
    memmove(s, s + to, n - to);
    return n - to;
}

size_t
bidi_tidy(char *s, size_t n)
{
    if (next_mark(s, s + n) == s + n)
        return n;
    n = drop_beginnings(s, drop_ends(s, n));
    s[n] = '\0';
    return n;
}
