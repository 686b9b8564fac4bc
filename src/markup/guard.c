/*
 * guard.c - what the parser may be asked to do with a source.
 *
 * cmark-gfm is linear in most things; in the few that it is not, one look over
 * the source finds a bound of the work beforehand.  The bounds lie far above
 * what people write.
 */
#include <string.h>

#include "markup/markup_local.h"

enum {
    MOST_CELLS = 50000, /* a row is filled up to the table's columns */
    MOST_COLUMNS = 100,
    MOST_IMAGES = 500,     /* a link looks at all images open before it */
    MOST_MARKERS = 100,    /* of quotes and lists in front of one line */
    MOST_SIGNS = 2000000,  /* an @ looks at all of its word */
    MOST_SCANS = 50000000, /* a <? or <! looks for its end in what follows */
};

struct count {
    size_t lines, columns, images, markers, signs, scans;
};

static bool
among(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/*
 * The columns of a line that could be the one below a table's head: nothing
 * but | : - and blanks, after what may begin quotes and lists.
 */
static size_t
columns_of(const char *line, size_t n)
{
    size_t columns = 1;

    for (size_t i = 0; i < n; i++) {
        columns += line[i] == '|';
        if (!among(line[i], "|:-> \t\v\f\r*+.)0123456789"))
            return 0;
    }
    return columns;
}

/* Signs that may each begin a quote or an item. */
static size_t
markers_of(const char *line, size_t n)
{
    size_t markers = 0;

    for (size_t i = 0; i < n; i++) {
        if (among(line[i], " \t0123456789"))
            continue;
        if (!among(line[i], ">-+*.)"))
            break;
        markers++;
    }
    return markers;
}

static size_t
signs_of(const char *line, size_t n)
{
    size_t work = 0, word = 0, signs = 0;

    for (size_t i = 0; i <= n; i++) {
        if (i < n && line[i] != ' ' && line[i] != '\t') {
            word++;
            signs += line[i] == '@';
        } else {
            work += word * signs;
            word = signs = 0;
        }
    }
    return work;
}

static void
count_pairs(struct count *c, const char *line, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        c->images += line[i] == '!' && line[i + 1] == '[';
        c->scans +=
            line[i] == '<' && (line[i + 1] == '?' || line[i + 1] == '!');
    }
}

static void
raise(size_t *most, size_t n)
{
    if (n > *most)
        *most = n;
}

struct guard
guard_source(const char *markdown, size_t len)
{
    const char *p = markdown, *end = p + len;
    struct count c = { 0 };

    for (; p < end; c.lines++) {
        size_t n = 0;

        while (p + n < end && p[n] != '\n' && p[n] != '\r')
            n++;
        raise(&c.columns, columns_of(p, n));
        raise(&c.markers, markers_of(p, n));
        c.signs += signs_of(p, n);
        count_pairs(&c, p, n);
        p += n + 1;
    }
    return (struct guard){
        .parse = c.images <= MOST_IMAGES && c.markers <= MOST_MARKERS &&
                 c.scans * len <= MOST_SCANS,
        .tables =
            c.columns <= MOST_COLUMNS && c.columns * c.lines <= MOST_CELLS,
        .autolinks = c.signs <= MOST_SIGNS,
    };
}
