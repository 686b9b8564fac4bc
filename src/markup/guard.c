/*
 * guard.c - what the parser may be asked to do with a source.
 *
 * cmark-gfm is linear in most things; in the few that it is not, one look over
 * the source finds a bound of the work beforehand.  The bounds lie far above
 * what people write: they were chosen so that 100 KB take less than a tenth
 * of a second whatever they hold.
 */
#include <string.h>

#include "markup/markup_local.h"

enum {
    MOST_COLUMNS = 200,     /* of a table; each cell of a row looks at all that
                               are before it, also where the row has more than
                               the table, or turns out to be no head */
    MOST_CELLS = 50000,     /* a row is filled up to the columns of its table */
    MOST_HEADS = 2000000,   /* what may be the line below a table's head has all
                               of the paragraph before it read again, and each
                               of its lines looks back to a | */
    MOST_MARKERS = 100,     /* of quotes and lists in front of one line */
    MOST_BLANKS = 4000000,  /* a blank line looks at all lists that are open */
    MOST_COPIES = 50000000, /* a link by reference copies what is defined */
    MOST_SCANS = 50000000,  /* a <? or <! looks for its end in what follows */
    MOST_STEPS = 5000000,   /* a link looks at the emphasis and the images that
                               are open before it in its paragraph, and
                               emphasis now and then at emphasis */
    MOST_WORDS = 2000000,   /* what may begin or end a bare link looks at all of
                               its word */
    MOST_MAILS = 20000000,  /* an @ copies what follows in its paragraph */
};

/* Bounds of the work, and what the paragraph that is being read has so far. */
struct count {
    size_t lines, columns, bars, heads, markers, scans, steps, words, mails;
    size_t blanks, depth, closed, definition;
    struct {
        size_t lines, bytes;
        size_t open, closed, mails; /* * _ ~ ![   ]   @ */
        bool defines;
    } paragraph;
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

static void
raise(size_t *most, size_t n)
{
    if (n > *most)
        *most = n;
}

/* Signs that may each begin a quote or an item, and how deep they may stand. */
static void
count_markers(struct count *c, const char *line, size_t n)
{
    size_t markers = 0, i = 0;

    for (; i < n && among(line[i], " \t0123456789>-+*.)"); i++)
        markers += among(line[i], ">-+*.)");
    raise(&c->markers, markers);
    raise(&c->depth, i);
    c->blanks += i == n;
}

/* Whether a line is for sure not part of the paragraph before it. */
static bool
begins_anew(const char *line, size_t n)
{
    size_t blanks = 0;

    while (blanks < n && among(line[blanks], " \t"))
        blanks++;
    return blanks == n ||
           (blanks < 4 && memchr(line, '\t', blanks) == NULL &&
            n - blanks >= 3 && among(line[blanks], "-+*") &&
            line[blanks + 1] == ' ' && !among(line[blanks + 2], " \t"));
}

static void
end_paragraph(struct count *c)
{
    size_t open = c->paragraph.open;

    c->steps += open * c->paragraph.closed + open * open / 64;
    c->mails += c->paragraph.mails * c->paragraph.bytes;
    c->closed += c->paragraph.closed;
    if (c->paragraph.defines)
        raise(&c->definition, c->paragraph.bytes);
    memset(&c->paragraph, 0, sizeof c->paragraph);
}

static void
count_signs(struct count *c, const char *line, size_t n)
{
    size_t bars = 0;

    for (size_t i = 0; i < n; i++) {
        char next = i + 1 < n ? line[i + 1] : '\0';

        bars += line[i] == '|';
        c->paragraph.open +=
            among(line[i], "*_~") || (line[i] == '!' && next == '[');
        c->paragraph.closed += line[i] == ']';
        c->paragraph.defines |= line[i] == ']' && next == ':';
        c->paragraph.mails += line[i] == '@';
        c->scans += line[i] == '<' && among(next, "?!");
    }
    raise(&c->bars, bars);
}

/* Words times the @ : ) and www. in them. */
static void
count_words(struct count *c, const char *line, size_t n)
{
    size_t length = 0, signs = 0;

    for (size_t i = 0; i <= n; i++) {
        if (i == n || among(line[i], " \t\v\f")) {
            c->words += length * signs;
            length = signs = 0;
        } else {
            length++;
            signs += among(line[i], "@:)") ||
                     (line[i] == 'w' && i + 1 < n && line[i + 1] == '.');
        }
    }
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
        if (begins_anew(p, n))
            end_paragraph(&c);
        size_t columns = columns_of(p, n);
        raise(&c.columns, columns);
        if (columns > 0)
            c.heads += c.paragraph.bytes * (1 + c.paragraph.lines / 64);
        c.paragraph.bytes += n + 1;
        c.paragraph.lines++;
        count_markers(&c, p, n);
        count_signs(&c, p, n);
        count_words(&c, p, n);
        p += n + 1;
        if (p < end && p[-1] == '\r' && *p == '\n')
            p++;
    }
    end_paragraph(&c);
    return (struct guard){
        .parse = c.markers <= MOST_MARKERS && c.steps <= MOST_STEPS &&
                 c.scans * len <= MOST_SCANS &&
                 c.blanks * c.depth <= MOST_BLANKS &&
                 c.closed * c.definition <= MOST_COPIES,
        .tables = c.bars <= MOST_COLUMNS + 1 && c.heads <= MOST_HEADS &&
                  c.columns * c.lines <= MOST_CELLS,
        .autolinks = c.words <= MOST_WORDS && c.mails <= MOST_MAILS,
    };
}
