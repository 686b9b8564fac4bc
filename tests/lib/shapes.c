/* shapes.c - reads the short forms of large sources, and writes them out. */
#include "tests/lib/shapes.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

enum { FILE_MOST = 1 << 20 };

static char
unescaped(const char *s, size_t *ret_taken)
{
    char hex[3] = { 0 };

    *ret_taken = 2;
    switch (s[1]) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case '\\':
        return '\\';
    case 'x':
        memcpy(hex, s + 2, 2);
        *ret_taken = 4;
        return (char)strtol(hex, NULL, 16);
    default:
        *ret_taken = 1;
        return '\\';
    }
}

void
shape_unescape(char *s)
{
    char *to = s;
    size_t taken = 1;

    for (; *s != '\0'; s += taken) {
        taken = 1;
        *to++ = *s == '\\' ? unescaped(s, &taken) : *s;
    }
    *to = '\0';
}

/* What is before the next tab, which goes. */
static const char *
part(char **line)
{
    char *begin = strsep(line, "\t");

    if (begin != NULL)
        shape_unescape(begin);
    return begin == NULL ? "" : begin;
}

struct shape *
shapes_read(const void *mem, const char *path)
{
    char *text = file_read(mem, path, FILE_MOST, NULL), *line;
    size_t n = 0, lines = 1;

    if (text == NULL)
        return NULL;
    for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
        lines++;
    struct shape *all = mem_alloc(mem, (lines + 1) * sizeof *all);
    while ((line = strsep(&text, "\n")) != NULL) {
        if (line[0] == ';' || line[0] == '\0')
            continue;
        all[n].head = part(&line);
        all[n].first = part(&line);
        all[n++].second = part(&line);
    }
    all[n] = (struct shape){ 0 };
    return all;
}

static void
repeat(struct text *to, const char *unit, size_t most)
{
    size_t n = strlen(unit);

    for (size_t len = 0; n > 0 && len + n <= most; len += n)
        text_add(to, unit, n);
}

void
shape_fill(struct text *to, const struct shape *shape, size_t size)
{
    size_t half = shape->second[0] == '\0' ? size : size / 2;

    text_adds(to, shape->head);
    repeat(to, shape->first, half);
    repeat(to, shape->second, half);
}
