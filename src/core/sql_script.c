/* sql_script.c - see sql_script.h. */
#include "core/sql_script.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

struct reader {
    void *mem;
    const char *at;
    struct sql_statement words;
    size_t room;
    size_t parens; /* that are open */
    size_t blocks; /* BEGIN ATOMIC and CASE that are open */
    bool dotted;   /* the last word is a name that a dot goes on */
};

/* ---- Bytes --------------------------------------------------------------- */

static bool
begins_name(char c)
{
    return isalpha((unsigned char)c) || c == '_' || (c & 0x80) != 0;
}

static bool
is_in_name(char c)
{
    return begins_name(c) || isdigit((unsigned char)c) || c == '$';
}

/* Behind the closing quote; two of them stand for one.  `escapes`: a backslash
 * takes the next byte's meaning away. */
static const char *
quoted_end(const char *p, char quote, bool escapes)
{
    for (p++; *p != '\0'; p++) {
        if (escapes && *p == '\\' && p[1] != '\0')
            p++;
        else if (*p == quote && p[1] == quote)
            p++;
        else if (*p == quote)
            return p + 1;
    }
    return p;
}

/* Behind $tag$ ... $tag$; NULL where the dollar begins no such thing. */
static const char *
dollars_end(const char *p)
{
    size_t n = 1;

    if (begins_name(p[1]))
        while (is_in_name(p[n]) && p[n] != '$')
            n++;
    if (p[n++] != '$')
        return NULL;
    for (const char *q = p + n; (q = strchr(q, '$')) != NULL; q++)
        if (strncmp(q, p, n) == 0)
            return q + n;
    return p + strlen(p);
}

static const char *
comment_end(const char *p)
{
    size_t depth = 0;

    do {
        if (p[0] == '/' && p[1] == '*') {
            depth++;
            p += 2;
        } else if (p[0] == '*' && p[1] == '/') {
            depth--;
            p += 2;
        } else if (*p != '\0')
            p++;
    } while (depth > 0 && *p != '\0');
    return p;
}

static void
skip_blanks(struct reader *r)
{
    for (;;) {
        r->at += strspn(r->at, " \t\r\n\f\v");
        if (r->at[0] == '-' && r->at[1] == '-')
            r->at += strcspn(r->at, "\n");
        else if (r->at[0] == '/' && r->at[1] == '*')
            r->at = comment_end(r->at);
        else
            return;
    }
}

/* ---- Words --------------------------------------------------------------- */

static void
add_word(struct reader *r, const char *word)
{
    if (r->words.n == r->room) {
        r->room = r->room * 2 + 16;
        r->words.words = mem_grow(r->mem, r->words.words,
                                  mem_size(sizeof *r->words.words, r->room));
    }
    r->words.words[r->words.n++] = word;
}

/* No name has more bytes, its dots and quotes included: 3 * (2 * 63 + 2). */
static const size_t most_name = 400;

/* The end of the name before it where a dot stands between. */
static void
add_name(struct reader *r, const char *word, size_t n)
{
    const char **last = &r->words.words[r->words.n - 1];

    if (r->dotted && n < most_name && strnlen(*last, most_name) < most_name)
        *last = mem_printf(r->mem, "%s.%.*s", *last, (int)n, word);
    else
        add_word(r, mem_strndup(r->mem, word, n));
    r->dotted = false;
}

static bool
is_word(const struct reader *r, size_t i, const char *word)
{
    return i < r->words.n && strcasecmp(r->words.words[i], word) == 0;
}

/* CREATE [OR REPLACE] FUNCTION or PROCEDURE: its body may have semicolons. */
static bool
makes_function(const struct reader *r)
{
    size_t i = is_word(r, 1, "OR") ? 3 : 1;

    return is_word(r, 0, "CREATE") &&
           (is_word(r, i, "FUNCTION") || is_word(r, i, "PROCEDURE"));
}

static void
count_block(struct reader *r)
{
    size_t last = r->words.n - 1;

    if (r->words.n < 3 || !makes_function(r))
        return;
    if (is_word(r, last, "ATOMIC") && is_word(r, last - 1, "BEGIN"))
        r->blocks++;
    else if (r->blocks > 0 && is_word(r, last, "CASE"))
        r->blocks++;
    else if (r->blocks > 0 && is_word(r, last, "END"))
        r->blocks--;
}

static void
read_name(struct reader *r)
{
    const char *p = r->at;

    while (is_in_name(*p))
        p++;
    size_t n = (size_t)(p - r->at);
    if (*p == '\'' && n == 1 && strchr("bBeEnNxX", *r->at) != NULL) {
        add_word(r, "''");
        r->at = quoted_end(p, '\'', *r->at == 'e' || *r->at == 'E');
        return;
    }
    add_name(r, r->at, n);
    r->at = p;
    count_block(r);
}

static void
read_quoted_name(struct reader *r)
{
    const char *end = quoted_end(r->at, '"', false);

    add_name(r, r->at, (size_t)(end - r->at));
    r->at = end;
}

static void
read_sign(struct reader *r)
{
    char c = *r->at++;

    if (c == '.' && r->words.n > 0 && !r->dotted) {
        r->dotted = true;
        return;
    }
    r->parens += c == '(';
    r->parens -= c == ')' && r->parens > 0;
    add_word(r, mem_strndup(r->mem, &c, 1));
}

static void
read_word(struct reader *r)
{
    const char *end;

    if (begins_name(*r->at)) {
        read_name(r);
        return;
    }
    if (*r->at == '"') {
        read_quoted_name(r);
        return;
    }
    if (*r->at == '\'' || (*r->at == '$' && dollars_end(r->at) != NULL)) {
        end =
            *r->at == '$' ? dollars_end(r->at) : quoted_end(r->at, '\'', false);
        add_word(r, "''");
        r->at = end;
    } else if (isdigit((unsigned char)*r->at)) {
        for (end = r->at; is_in_name(*end) || *end == '.';)
            end++;
        add_word(r, mem_strndup(r->mem, r->at, (size_t)(end - r->at)));
        r->at = end;
    } else
        read_sign(r);
    r->dotted = r->dotted && r->at[-1] == '.';
}

bool
sql_statement_next(void *mem, const char **at,
                   struct sql_statement *ret_statement)
{
    struct reader r = { .mem = mem, .at = *at };

    for (skip_blanks(&r); *r.at != '\0'; skip_blanks(&r)) {
        if (*r.at != ';' || r.parens > 0 || r.blocks > 0)
            read_word(&r);
        else {
            r.at++;
            if (r.words.n > 0)
                break;
        }
    }
    *at = r.at;
    *ret_statement = r.words;
    return r.words.n > 0;
}
