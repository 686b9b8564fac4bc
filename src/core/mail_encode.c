/*
 * mail_encode.c - header texts and bodies in seven bits; see mail_local.h.
 */
#include "core/mail_local.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/bidi.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/utf8.h"

#define LINE 76

/* ---- Headers ------------------------------------------------------------- */

/* One line of well-formed UTF-8 without control characters. */
static const char *
one_line(struct text *out, const char *s)
{
    struct text line;
    const char *end = s + strlen(s);

    text_init(&line, out->mem, 128);
    while (s < end) {
        uint32_t c = utf8_next(&s, end);
        bool control =
            c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
        char bytes[4];

        if (control)
            text_addc(&line, ' ');
        else
            text_add(&line, bytes, utf8_put(bytes, c));
    }
    (void)bidi_tidy(line.at, line.len);
    return text_trim(out->mem, line.at);
}

static bool
ascii(const char *s)
{
    for (; *s != '\0'; s++)
        if (*s < ' ' || *s > '~')
            return false;
    return true;
}

/* ASCII with a word that no line has room for, or that looks encoded. */
static bool
needs_encoding(const char *s)
{
    if (!ascii(s) || strstr(s, "=?") != NULL)
        return true;
    while (*s != '\0') {
        size_t word = strcspn(s, " ");

        if (word > LINE - 16)
            return true;
        s += word;
        s += strspn(s, " ");
    }
    return false;
}

/* Encoded words of whole characters, each at most 75 long, one a line. */
static void
add_encoded(struct text *out, size_t column, const char *s)
{
    size_t left = strlen(s);

    while (left > 0) {
        size_t room = column < 30 ? 75 - column : 75;
        size_t most = (room - 12) / 4 * 3, n = 0;

        while (n < left) {
            const char *next = s + n;
            (void)utf8_next(&next, s + left);
            if ((size_t)(next - s) > most)
                break;
            n = (size_t)(next - s);
        }
        text_addf(out, "=?UTF-8?B?%s?=",
                  base64_encode(out->mem, (const uint8_t *)s, n));
        s += n;
        left -= n;
        column = 1;
        if (left > 0)
            text_adds(out, "\r\n ");
    }
}

/* Words on lines of at most 76; blanks between them stay as many. */
static void
add_folded(struct text *out, size_t column, const char *s)
{
    while (*s != '\0') {
        size_t blanks = strspn(s, " "), word = strcspn(s + blanks, " ");

        if (blanks > 0 && column + blanks + word > LINE) {
            text_adds(out, "\r\n");
            column = 0;
        }
        text_add(out, s, blanks + word);
        column += blanks + word;
        s += blanks + word;
    }
}

void
mail_add_unstructured(struct text *out, size_t column, const char *s)
{
    const char *line = one_line(out, s);

    if (needs_encoding(line))
        add_encoded(out, column, line);
    else
        add_folded(out, column, line);
}

void
mail_add_phrase(struct text *out, size_t column, const char *s)
{
    const char *line = one_line(out, s);

    if (needs_encoding(line) || strlen(line) > 50) {
        add_encoded(out, column, line);
        return;
    }
    text_addc(out, '"');
    for (; *line != '\0'; line++) {
        if (*line == '"' || *line == '\\')
            text_addc(out, '\\');
        text_addc(out, *line);
    }
    text_addc(out, '"');
}

/* ---- Bodies -------------------------------------------------------------- */

struct quoted {
    struct text *out;
    size_t column;
};

static void
put(struct quoted *q, const char *bytes, size_t n)
{
    if (q->column + n > LINE - 1) {
        text_adds(q->out, "=\r\n");
        q->column = 0;
    }
    text_add(q->out, bytes, n);
    q->column += n;
}

static void
put_encoded(struct quoted *q, char byte)
{
    static const char hex[] = "0123456789ABCDEF";
    const uint8_t b = (uint8_t)byte;
    const char code[3] = { '=', hex[b >> 4], hex[b & 15] };

    put(q, code, 3);
}

/* A line of the text, without its end. */
static void
put_line(struct quoted *q, const char *line, size_t n)
{
    bool odd =
        (n >= 5 && memcmp(line, "From ", 5) == 0) || (n >= 1 && line[0] == '.');

    q->column = 0;
    for (size_t i = 0; i < n; i++) {
        char c = line[i];
        bool blank = c == ' ' || c == '\t';
        bool plain = (c > ' ' && c <= '~' && c != '=') || blank;

        if (!plain || (blank && i + 1 == n) || (odd && i == 0))
            put_encoded(q, c);
        else
            put(q, &c, 1);
    }
}

void
mail_add_quoted(struct text *out, const char *body)
{
    struct quoted q = { out, 0 };

    while (*body != '\0') {
        size_t n = strcspn(body, "\r\n");

        put_line(&q, body, n);
        body += n;
        if (*body == '\0')
            return;
        body += body[0] == '\r' && body[1] == '\n' ? 2 : 1;
        text_adds(out, "\r\n");
    }
}
