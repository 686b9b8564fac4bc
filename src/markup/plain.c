/* plain.c - the text alone, and whether there is anything to see. */
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "markup/markup_local.h"

/* ---- Visibility ---------------------------------------------------------- */

/* Code points beyond ASCII that show nothing by themselves. */
static const struct {
    uint32_t from, to;
} unseen[] = {
    { 0x80, 0xA0 },       { 0xAD, 0xAD },       { 0x34F, 0x34F },
    { 0x61C, 0x61C },     { 0x115F, 0x1160 },   { 0x1680, 0x1680 },
    { 0x17B4, 0x17B5 },   { 0x180B, 0x180F },   { 0x2000, 0x200F },
    { 0x2028, 0x202F },   { 0x205F, 0x206F },   { 0x2800, 0x2800 },
    { 0x3000, 0x3000 },   { 0x3164, 0x3164 },   { 0xFE00, 0xFE0F },
    { 0xFEFF, 0xFEFF },   { 0xFFA0, 0xFFA0 },   { 0xFFF0, 0xFFFB },
    { 0x1D173, 0x1D17A }, { 0xE0000, 0xE0FFF },
};

static bool
is_seen(uint32_t code)
{
    if (code < 0x80)
        return code > ' ' && code != 0x7F;
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
        if (code >= unseen[i].from && code <= unseen[i].to)
            return false;
    return true;
}

static bool
shows_something(const char *s, const char *end)
{
    while (s < end)
        if (is_seen(utf8_next(&s, end)))
            return true;
    return false;
}

/* ---- Text ---------------------------------------------------------------- */

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

void
plain_gap(struct rendering *r)
{
    r->gap = true;
}

void
plain_add(struct rendering *r, const char *s, size_t n)
{
    const char *end = s + n;

    r->visible = r->visible || shows_something(s, end);
    while (s < end) {
        const char *run = s;

        while (s < end && !is_blank(*s))
            s++;
        if (s > run) {
            if (r->gap && r->plain.len > 0)
                text_addc(&r->plain, ' ');
            r->gap = false;
            text_add(&r->plain, run, (size_t)(s - run));
        }
        for (; s < end && is_blank(*s); s++)
            r->gap = true;
    }
}

const char *
markup_cut(const void *mem, const char *plain, size_t most)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    size_t len = strlen(plain), room = utf8_prefix(plain, len, most);
    struct text cut;

    if (room == len || most == 0)
        return mem_strndup(mem, plain, room);
    room = utf8_prefix(plain, len, most - 1);
    size_t word = room;
    while (word > 0 && !is_blank(plain[word]))
        word--;
    if (word == 0)
        word = room;
    while (word > 0 && is_blank(plain[word - 1]))
        word--;
    text_init(&cut, mem, word + sizeof ellipsis);
    text_add(&cut, plain, word);
    text_adds(&cut, ellipsis);
    return cut.at;
}
