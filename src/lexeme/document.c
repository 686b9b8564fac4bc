/* document.c - see lexeme.h: the tsvector of a post. */
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "lexeme/lexeme.h"

enum part { TITLE, TAGS, EXCERPT, CONTENT, PARTS };

/* Where the positions of a part are, and how many bytes its lexemes may take:
 * PostgreSQL has 16,383 positions and 1 MiB for all of them. */
static const struct {
    char weight;
    uint16_t first, last;
    size_t bytes;
} parts[PARTS] = {
    [TITLE] = { 'A', 1, 1990, 40000 },
    [TAGS] = { 'B', 2000, 2590, 20000 },
    [EXCERPT] = { 'C', 2600, 4590, 40000 },
    [CONTENT] = { 'D', 4600, 16380, 860000 },
};

enum { POSITIONS = 240 }; /* of one lexeme; PostgreSQL keeps 255 */

struct entry {
    const char *prefix, *at;
    uint32_t len, hash;
    uint16_t *positions;
    uint16_t n;
};

struct writer {
    const void *mem;
    struct lexeme_stemmer *stemmer;
    struct entry *table; /* open addressing; positions NULL: free */
    size_t room, n;
    enum part part;
    size_t bytes[PARTS]; /* what its lexemes take */
    size_t base;         /* added to the positions of the atoms */
    bool cut[PARTS];
};

/* ---- The lexemes, each once ---------------------------------------------- */

static uint32_t
hash_of(const char *prefix, const char *at, size_t len)
{
    uint32_t h = 2166136261u; /* FNV-1a */

    for (; *prefix != '\0'; prefix++)
        h = (h ^ (uint8_t)*prefix) * 16777619u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)at[i]) * 16777619u;
    return h;
}

static struct entry *
find(struct entry *table, size_t room, const struct entry *e)
{
    size_t i = e->hash & (room - 1);

    for (; table[i].positions != NULL; i = (i + 1) & (room - 1))
        if (table[i].hash == e->hash && table[i].len == e->len &&
            strcmp(table[i].prefix, e->prefix) == 0 &&
            memcmp(table[i].at, e->at, e->len) == 0)
            break;
    return &table[i];
}

static void
make_room(struct writer *w)
{
    size_t room = w->room == 0 ? 256 : w->room * 2;
    struct entry *table;

    if (w->n * 2 < w->room)
        return;
    table = mem_array(w->mem, struct entry, room);
    for (size_t i = 0; i < w->room; i++)
        if (w->table[i].positions != NULL)
            *find(table, room, &w->table[i]) = w->table[i];
    w->table = table;
    w->room = room;
}

/* Room for positions grows by doubling from 4. */
static void
add_position(struct writer *w, struct entry *e, uint16_t position)
{
    if (e->n > 0 && e->positions[e->n - 1] == position)
        return;
    if (e->n == POSITIONS) {
        w->cut[w->part] = true;
        return;
    }
    if (e->n >= 4 && (e->n & (e->n - 1)) == 0)
        e->positions = mem_grow(w->mem, e->positions,
                                mem_size(sizeof(uint16_t), (size_t)e->n * 2));
    e->positions[e->n++] = position;
    w->bytes[w->part] += sizeof position;
}

/* The bytes must live as long as the writer. */
static void
add(struct writer *w, const char *prefix, const char *at, size_t len,
    size_t position)
{
    const size_t last = parts[w->part].last;
    struct entry e = { .prefix = prefix,
                       .at = at,
                       .len = (uint32_t)len,
                       .hash = hash_of(prefix, at, len) };

    position += w->base + parts[w->part].first;
    if (position > last) {
        position = last;
        w->cut[w->part] = true;
    }
    if (w->bytes[w->part] >= parts[w->part].bytes)
        return;
    make_room(w);
    struct entry *known = find(w->table, w->room, &e);
    if (known->positions == NULL) {
        *known = e;
        known->positions = mem_array(w->mem, uint16_t, 4);
        w->bytes[w->part] += len + strlen(prefix) + 4;
        w->n++;
    }
    add_position(w, known, (uint16_t)position);
}

/* ---- Atoms --------------------------------------------------------------- */

static void
add_run(struct writer *w, const char *prefix, const struct lexeme_atom *a)
{
    const char *at = a->at, *end = a->at + a->len, *next = at;

    (void)utf8_next(&next, end);
    for (size_t i = 0; at < end; i++) {
        const char *from = at;

        at = next;
        if (next < end)
            (void)utf8_next(&next, end);
        add(w, prefix, from, (size_t)(next - from), a->position + i);
    }
}

static void
add_atom(struct writer *w, const char *const prefixes[2],
         const struct lexeme_atom *a)
{
    const char *prefix = prefixes[a->part];
    size_t len;

    if (a->kind == LEXEME_RUN) {
        add_run(w, prefixes[0], a);
        return;
    }
    add(w, prefix, a->at, a->len, a->position);
    const char *stem = lexeme_stem(w->stemmer, a, &len);
    if (len != a->len || memcmp(stem, a->at, len) != 0)
        add(w, prefix, mem_strndup(w->mem, stem, len), len, a->position);
}

static void
add_text(struct writer *w, enum part part, const char *text)
{
    static const char *const plain[] = { "", "/" }, *const title[] = { "^",
                                                                       "^/" };
    struct lexeme_atoms atoms;

    if (text == NULL)
        return;
    w->part = part;
    lexeme_split(&atoms, w->mem, lexeme_fold(w->mem, text, strlen(text)),
                 SIZE_MAX);
    for (size_t i = 0; i < atoms.n; i++) {
        add_atom(w, plain, &atoms.at[i]);
        if (part == TITLE)
            add_atom(w, title, &atoms.at[i]);
    }
    if (atoms.n > 0) /* no phrase goes from one text into the next */
        w->base +=
            atoms.at[atoms.n - 1].position + atoms.at[atoms.n - 1].chars + 2;
}

/* ---- The vector ---------------------------------------------------------- */

static char
weight_at(uint16_t position)
{
    size_t part = TITLE;

    while (position > parts[part].last)
        part++;
    return parts[part].weight;
}

static void
write_entry(struct text *to, const struct entry *e)
{
    lexeme_write(to, e->prefix, e->at, e->len);
    for (size_t i = 0; i < e->n; i++) {
        text_addc(to, i == 0 ? ':' : ',');
        text_addi(to, e->positions[i]);
        text_addc(to, weight_at(e->positions[i]));
    }
    text_addc(to, ' ');
}

const char *
lexeme_vector(const void *mem, const struct lexeme_document *d)
{
    void *work = mem_context(NULL, "lexeme_vector");
    struct writer w = { .mem = work, .stemmer = lexeme_stemmer_new(work) };
    struct text *to = text_new(mem);

    add_text(&w, TITLE, d->title);
    w.base = 0;
    for (size_t i = 0; d->tags != NULL && i < d->n_tags; i++)
        add_text(&w, TAGS, d->tags[i]);
    w.base = 0;
    add_text(&w, EXCERPT, d->excerpt);
    w.base = 0;
    add_text(&w, CONTENT, d->content);
    for (size_t i = 0; i < PARTS; i++) {
        w.part = (enum part)i;
        w.base = w.bytes[i] = 0;
        if (w.cut[i])
            add(&w, "", LEXEME_CUT, strlen(LEXEME_CUT), 0);
    }
    for (size_t i = 0; i < w.room; i++)
        if (w.table[i].positions != NULL)
            write_entry(to, &w.table[i]);
    mem_free(work);
    return to->at;
}
