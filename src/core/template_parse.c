/*
 * template_parse.c - compiles the text of a template into steps.
 *
 * A tag that stands alone on its line takes the line with it, by the rules of
 * the specification; whether it does is read off the source around it, so
 * that a step's text is always one piece of the source.
 */
#include "core/template_local.h"

#include <string.h>

#include "base/mem.h"

enum { DELIMITER = 16, NESTING = 64 };

struct delimiter {
    char at[DELIMITER + 1]; /* after a place for the } or = of a closing one */
    size_t len;
};

struct tag {
    const char *from, *to; /* with the delimiters */
    char sigil;            /* one of "#^/>&{!=", or NUL */
    const char *name;      /* trimmed */
    size_t len;
};

struct parser {
    struct template *t;
    const struct template_set *partials;
    bool strict;
    struct text *faults;
    bool failed;
    const char *p, *end;
    struct delimiter open, close;
    struct {
        struct tag tag;
        size_t step;
    } section[NESTING];
    size_t nested, room;
};

/* ---- Faults -------------------------------------------------------------- */

static bool
fault(struct parser *x, const char *where, const char *what, const char *name,
      size_t len)
{
    unsigned line = 1;

    for (const char *p = x->t->source; p < where; p++)
        line += *p == '\n';
    text_addf(x->faults, "%s:%u: %s", x->t->file, line, what);
    if (len > 0)
        text_addf(x->faults, " %.*s", len > 80 ? 80 : (int)len, name);
    text_addc(x->faults, '\n');
    x->failed = true;
    return false;
}

static bool
tag_fault(struct parser *x, const struct tag *tag, const char *what)
{
    return fault(x, tag->from, what, tag->name, tag->len);
}

/* ---- Steps --------------------------------------------------------------- */

static struct step *
add_step(struct parser *x, enum step_kind kind)
{
    struct template *t = x->t;

    if (t->count == x->room) {
        x->room *= 2;
        t->steps = mem_grow(t, t->steps, mem_size(sizeof *t->steps, x->room));
    }
    struct step *step = &t->steps[t->count++];
    *step = (struct step){ .kind = (uint8_t)kind };
    return step;
}

static bool
begins_line(const struct parser *x, const char *p)
{
    return p == x->t->source || p[-1] == '\n';
}

/* The source up to `to`, which may be a tag that does not stand alone. */
static void
add_text(struct parser *x, const char *to, bool tag_follows)
{
    bool leads = tag_follows && begins_line(x, to);

    if (x->p == to && !leads)
        return;
    struct step *step = add_step(x, STEP_TEXT);
    step->text = x->p;
    step->n = (uint32_t)(to - x->p);
    step->line = begins_line(x, x->p);
    step->leads = leads;
}

/* ---- Names --------------------------------------------------------------- */

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *
find_blank(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (is_blank(s[i]))
            return s + i;
    return NULL;
}

static bool
name_is_good(struct parser *x, const struct tag *tag)
{
    if (tag->len == 0)
        return tag_fault(x, tag, "a tag without a name");
    if (find_blank(tag->name, tag->len) != NULL)
        return tag_fault(x, tag, "a blank within the name");
    if (memchr(tag->name, '\0', tag->len) != NULL)
        return tag_fault(x, tag, "a NUL within the name");
    if (strchr("<$*", tag->name[0]) != NULL)
        return tag_fault(x, tag,
                         "inheritance and dynamic names are not "
                         "supported:");
    return true;
}

/* Splits a.b.c; "." itself has no parts. */
static bool
set_names(struct parser *x, struct step *step, const struct tag *tag)
{
    const char *p = tag->name, *end = p + tag->len;
    size_t parts = 1;

    if (tag->len == 1 && *p == '.')
        return true;
    for (size_t i = 0; i < tag->len; i++)
        parts += p[i] == '.';
    if (parts > 32)
        return tag_fault(x, tag, "too many dots in");
    struct template_name *names = mem_array(x->t, struct template_name, parts);
    for (size_t i = 0; i < parts; i++) {
        const char *dot = memchr(p, '.', (size_t)(end - p));
        size_t len = (size_t)((dot == NULL ? end : dot) - p);

        if (len == 0)
            return tag_fault(x, tag, "an empty part in");
        names[i].at = mem_strndup(names, p, len);
        names[i].len = (uint32_t)len;
        names[i].hash = template_hash(p, len);
        p += len + 1;
    }
    step->names = names;
    step->parts = (uint8_t)parts;
    return true;
}

/* ---- Tags ---------------------------------------------------------------- */

/* Takes a suffix off the name that is the engine's own. */
static bool
take_suffix(struct tag *tag, const char *suffix)
{
    size_t len = strlen(suffix);

    if (tag->len <= len || memcmp(tag->name + tag->len - len, suffix, len) != 0)
        return false;
    tag->len -= len;
    return true;
}

static bool
add_variable(struct parser *x, struct tag tag)
{
    enum step_kind kind = take_suffix(&tag, "@isolated") ? STEP_ISOLATED
                          : take_suffix(&tag, "@typed")  ? STEP_TYPED
                                                         : STEP_ESCAPED;

    if (tag.sigil != '\0')
        kind = STEP_RAW;
    else if (x->t->mode == TEMPLATE_PLAIN)
        kind = STEP_ISOLATED_PLAIN;
    return set_names(x, add_step(x, kind), &tag);
}

static bool
open_section(struct parser *x, const struct tag *tag)
{
    if (x->nested == NESTING)
        return tag_fault(x, tag, "sections nested too deep:");
    x->section[x->nested].tag = *tag;
    x->section[x->nested++].step = x->t->count;
    return set_names(
        x, add_step(x, tag->sigil == '#' ? STEP_SECTION : STEP_INVERTED), tag);
}

static bool
close_section(struct parser *x, const struct tag *tag)
{
    if (x->nested == 0)
        return tag_fault(x, tag, "nothing is open to be closed by");
    const struct tag *open = &x->section[x->nested - 1].tag;
    if (open->len != tag->len || memcmp(open->name, tag->name, tag->len) != 0)
        return tag_fault(x, open, "another tag closes the section");
    struct step *step = &x->t->steps[x->section[--x->nested].step];
    step->n = (uint32_t)(x->t->count - (size_t)(step - x->t->steps));
    return true;
}

static bool
add_partial(struct parser *x, const struct tag *tag, const char *indent)
{
    const char *name = mem_strndup(x->t, tag->name, tag->len);
    const struct template *partial =
        x->partials == NULL ? NULL : template_find(x->partials, name);

    if (partial == NULL)
        return !x->strict || tag_fault(x, tag, "no template");
    struct step *step = add_step(x, STEP_PARTIAL);
    step->partial = partial;
    step->text = indent;
    step->n = indent == NULL ? 0 : (uint32_t)(tag->from - indent);
    return true;
}

static bool
set_delimiter(struct delimiter *d, const char *s, size_t len)
{
    if (len == 0 || len >= DELIMITER || memchr(s, '=', len) != NULL ||
        memchr(s, '\0', len) != NULL)
        return false;
    memcpy(d->at + 1, s, len);
    d->len = len;
    return true;
}

static bool
change_delimiters(struct parser *x, const struct tag *tag)
{
    const char *end = tag->name + tag->len;
    const char *blank = find_blank(tag->name, tag->len);
    const char *second = blank;

    while (second != NULL && is_blank(*second))
        second++;
    if (blank == NULL || find_blank(second, (size_t)(end - second)) != NULL ||
        !set_delimiter(&x->open, tag->name, (size_t)(blank - tag->name)) ||
        !set_delimiter(&x->close, second, (size_t)(end - second)))
        return tag_fault(x, tag, "these cannot be delimiters:");
    return true;
}

static bool
take_tag(struct parser *x, const struct tag *tag, const char *indent)
{
    if (tag->sigil == '!')
        return true;
    if (tag->sigil == '=')
        return change_delimiters(x, tag);
    if (!name_is_good(x, tag))
        return false;
    switch (tag->sigil) {
    case '#':
    case '^':
        return open_section(x, tag);
    case '/':
        return close_section(x, tag);
    case '>':
        return add_partial(x, tag, indent);
    default:
        return add_variable(x, *tag);
    }
}

/* ---- Scanning ------------------------------------------------------------ */

/* The next tag at or after x->p; false where there is none, or a fault. */
static bool
find_tag(struct parser *x, struct tag *tag)
{
    struct delimiter close = x->close;
    const char *from = close.at + 1;
    const char *p =
        memmem(x->p, (size_t)(x->end - x->p), x->open.at + 1, x->open.len);

    if (p == NULL)
        return false;
    *tag = (struct tag){ .from = p };
    p += x->open.len;
    while (p < x->end && is_blank(*p))
        p++;
    if (p < x->end && *p != '\0' && strchr("#^/>&{!=", *p) != NULL)
        tag->sigil = *p++;
    if (tag->sigil == '{' || tag->sigil == '=') {
        close.at[0] = tag->sigil == '{' ? '}' : '=';
        close.len++;
        from = close.at;
    }
    const char *stop = memmem(p, (size_t)(x->end - p), from, close.len);
    if (stop == NULL)
        return fault(x, tag->from, "a tag without an end", NULL, 0);
    tag->to = stop + close.len;
    while (p < stop && is_blank(*p))
        p++;
    while (stop > p && is_blank(stop[-1]))
        stop--;
    tag->name = p;
    tag->len = (size_t)(stop - p);
    return true;
}

/*
 * Whether nothing but blanks stands beside the tag on its line; then where
 * the line begins and where the next one does.
 */
static bool
stands_alone(const struct parser *x, const struct tag *tag,
             const char **ret_line, const char **ret_next)
{
    const char *line = tag->from, *next = tag->to;

    if (tag->sigil == '\0' || tag->sigil == '&' || tag->sigil == '{')
        return false;
    while (line > x->t->source && (line[-1] == ' ' || line[-1] == '\t'))
        line--;
    while (next < x->end && (*next == ' ' || *next == '\t'))
        next++;
    if (x->end - next >= 2 && next[0] == '\r' && next[1] == '\n')
        next++;
    if (!begins_line(x, line) || (next < x->end && *next != '\n'))
        return false;
    *ret_line = line;
    *ret_next = next < x->end ? next + 1 : next;
    return true;
}

static void
parse(struct parser *x)
{
    struct tag tag;

    while (find_tag(x, &tag)) {
        const char *line = NULL, *next = tag.to;
        bool alone = stands_alone(x, &tag, &line, &next);

        add_text(x, alone ? line : tag.from, !alone);
        if (!take_tag(x, &tag, line))
            return;
        x->p = next;
    }
    if (x->failed)
        return;
    add_text(x, x->end, false);
    if (x->nested > 0)
        tag_fault(x, &x->section[x->nested - 1].tag,
                  "nothing closes the section");
}

bool
template_compile(struct template *t, const struct template_set *partials,
                 bool strict, struct text *faults)
{
    struct parser x = {
        .t = t,
        .partials = partials,
        .strict = strict,
        .faults = faults,
        .p = t->source,
        .end = t->source + t->len,
        .open = { " {{", 2 },
        .close = { " }}", 2 },
    };

    x.room = 16;
    t->steps = mem_array(t, struct step, x.room);
    if (t->len > INT32_MAX)
        fault(&x, t->source, "too large", NULL, 0);
    else
        parse(&x);
    if (x.failed)
        t->count = 0;
    return !x.failed;
}
