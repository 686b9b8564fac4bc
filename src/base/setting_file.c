/*
 * setting_file.c - the lines of a configuration file; the door to libinih.
 *
 * libinih splits a line into key and value.  It knows neither the file nor the
 * line in a callback, and it cuts lines at 200 bytes; so its reader, here,
 * counts the lines, finds the sections, refuses what is neither section nor
 * setting, and hands long lines on in pieces that libinih takes for the
 * continuation lines that our files do not have.
 */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/setting_local.h"
#include "base/utf8.h"

#define FILE_MOST (1 << 20) /* bytes of a file */
#define BLANKS " \t\r\v\f"

struct reading {
    struct config *config;
    const char *file, *rest;
    char *line;            /* what of the current line is still to hand on */
    int number;            /* of the current line */
    bool continued;        /* the piece goes on with the line before it */
    struct instance *into; /* NULL: in no section, or a bad one */
    bool skipping;         /* in a bad section: say nothing more of it */
    struct text value;     /* put together from pieces */
    const char *key;
    char comment; /* seems to begin in the current line with this; or NUL */
};

/* ---- A setting ---------------------------------------------------------- */

/* KEY_file for a secret KEY. */
static bool
names_secret_file(const struct setting *s, const char *key)
{
    size_t n = strlen(s->key);

    return s->type == SETTING_SECRET && strncmp(s->key, key, n) == 0 &&
           strcmp(key + n, "_file") == 0;
}

/* In a number a comment is plain; in a text nobody can tell what was meant. */
static bool
is_ambiguous(const struct reading *r, const struct setting *s)
{
    return r->comment != '\0' &&
           (s->type == SETTING_TEXT || s->type == SETTING_SECRET);
}

static void
store(struct reading *r, size_t n, const char *key, const char *value)
{
    const struct setting *s = &r->into->section->settings[n];
    struct origin *o = &r->into->origins[n];
    const char *why;

    if (o->line > 0 && strcmp(o->file, r->file) == 0) {
        config_fault(r->config, r->file, r->number,
                     "%s was given in line %d already", key, o->line);
        return;
    }
    if (is_ambiguous(r, s)) {
        config_fault(r->config, r->file, r->number,
                     "%s has a blank and %c in it: a comment stands on a line "
                     "of its own",
                     key, r->comment);
        return;
    }
    *o = (struct origin){ FROM_FILE, r->file, r->number, NULL };
    if (names_secret_file(s, key)) {
        o->kind = FROM_SECRET_FILE;
        o->source = mem_strdup(r->config, value);
        return;
    }
    why = setting_read(r->config, s, r->into->values, value);
    if (why != NULL && s->type == SETTING_SECRET)
        config_fault(r->config, r->file, r->number, "%s %s", key, why);
    else if (why != NULL)
        config_fault(r->config, r->file, r->number, "%s = %s %s", key, value,
                     why);
}

/* Stores the setting whose pieces have all come. */
static void
finish_setting(struct reading *r)
{
    const char *key = r->key;
    const struct setting *s;

    r->key = NULL;
    if (key == NULL || r->skipping)
        return;
    if (r->into == NULL) {
        config_fault(r->config, r->file, r->number, "%s is in no section", key);
        return;
    }
    s = r->into->section->settings;
    for (size_t n = 0; s[n].key != NULL; n++)
        if (strcmp(s[n].key, key) == 0 || names_secret_file(&s[n], key)) {
            store(r, n, key, text_unquoted(r->config, r->value.at));
            return;
        }
    config_fault(r->config, r->file, r->number, "[%s] has no setting %s",
                 r->into->section->name, key);
}

/* libinih calls this with each key and value, or piece of a value. */
static int
take_piece(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;

    (void)section;
    if (!r->continued) {
        r->key = mem_strdup(r->config, name);
        text_clear(&r->value);
    }
    text_adds(&r->value, value);
    return 1;
}

/* ---- A section ---------------------------------------------------------- */

static const struct section *
find_section(const struct config *c, const char *name)
{
    for (const struct section *const *s = c->sections; *s != NULL; s++)
        if (strcmp((*s)->name, name) == 0)
            return *s;
    return NULL;
}

static bool
good_name(const char *name)
{
    return name[0] != '\0' && strlen(name) <= 32 &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0';
}

static void
open_section(struct reading *r, const char *name, const char *instance)
{
    const struct section *s = find_section(r->config, name);

    r->into = NULL;
    r->skipping = true;
    if (s == NULL)
        config_fault(r->config, r->file, r->number, "there is no section [%s]",
                     name);
    else if (s->named && (instance == NULL || !good_name(instance)))
        config_fault(r->config, r->file, r->number,
                     "[%s NAME] needs a name of letters, digits, _ and -",
                     name);
    else if (!s->named && instance != NULL)
        config_fault(r->config, r->file, r->number, "[%s] takes no name", name);
    else {
        r->into = config_open(r->config, s, instance);
        r->skipping = false;
    }
}

/* [name] or [name instance]; the line begins with the bracket. */
static void
section_line(struct reading *r, char *line)
{
    char *end = strchr(line, ']');
    char *name = line + 1 + strspn(line + 1, BLANKS);
    size_t n;

    if (end == NULL ||
        (end[1 + strspn(end + 1, BLANKS)] != '\0' &&
         strchr("#;", end[1 + strspn(end + 1, BLANKS)]) == NULL)) {
        config_fault(r->config, r->file, r->number, "not a [section]");
        return;
    }
    while (end > name && strchr(BLANKS, end[-1]) != NULL)
        end--;
    *end = '\0';
    n = strcspn(name, BLANKS);
    if (name[n] == '\0') {
        open_section(r, name, NULL);
        return;
    }
    name[n] = '\0';
    open_section(r, name, name + n + 1 + strspn(name + n + 1, BLANKS));
}

/* ---- Lines -------------------------------------------------------------- */

/* The next line, trimmed, on the configuration; NULL at the end. */
static char *
next_line(struct reading *r)
{
    size_t n = strcspn(r->rest, "\n");
    char *line;

    if (r->rest[0] == '\0')
        return NULL;
    line = mem_strndup(r->config, r->rest, n);
    r->rest += r->rest[n] == '\n' ? n + 1 : n;
    r->number++;
    return text_trim(r->config, line);
}

/* The sign behind a blank at which a comment seems to begin; NUL: none. libinih
 * drops what follows " ;", and keeps what follows " #". */
static char
comment_in(const char *line)
{
    const char *at = line + strcspn(line, "=:") + 1;

    for (; *at != '\0'; at++)
        if (strchr(";#", *at) != NULL && strchr(BLANKS, at[-1]) != NULL)
            return *at;
    return '\0';
}

/* A setting goes to libinih; all else is dealt with here. */
static bool
is_setting(struct reading *r, char *line)
{
    if (line[0] == '\0' || line[0] == '#' || line[0] == ';')
        return false;
    if (line[0] == '[') {
        section_line(r, line);
        return false;
    }
    if (strpbrk(line, "=:") == NULL || strchr("=:", line[0]) != NULL) {
        config_fault(r->config, r->file, r->number,
                     "neither [section] nor key = value");
        return false;
    }
    r->comment = comment_in(line);
    return true;
}

/* Whether a line may be cut here and go on as a continuation line. */
static bool
may_cut(const char *at)
{
    return strchr(BLANKS ";#", at[0]) == NULL && strchr(BLANKS, at[-1]) == NULL;
}

/* The reader that libinih calls for a line of at most size - 1 bytes. */
static char *
hand_on(char *buffer, int size, void *user)
{
    struct reading *r = user;
    size_t most = (size_t)size - 4, n; /* a blank, a line feed, a NUL */

    r->continued = r->line != NULL && r->line[0] != '\0';
    if (!r->continued) {
        finish_setting(r);
        do
            r->line = next_line(r);
        while (r->line != NULL && !is_setting(r, r->line));
        if (r->line == NULL)
            return NULL;
    }
    n = strlen(r->line);
    if (n > most)
        for (n = most; n > 1 && !may_cut(r->line + n); n--)
            ;
    (void)snprintf(buffer, (size_t)size, "%s%.*s\n", r->continued ? " " : "",
                   (int)n, r->line);
    r->line += n;
    return buffer;
}

bool
config_file(struct config *c, const char *path)
{
    size_t n;
    char *bytes = file_read(c, path, FILE_MOST, &n);
    struct reading r = { .config = c, .file = path, .rest = bytes };

    if (bytes == NULL)
        return false;
    if (strlen(bytes) != n || !utf8_valid(bytes, n)) {
        errno = EILSEQ;
        return false;
    }
    if (text_starts(bytes, "\xEF\xBB\xBF"))
        r.rest += 3; /* an editor's byte order mark */
    text_init(&r.value, c, 256);
    if (ini_parse_stream(hand_on, &r, take_piece, &r) != 0)
        config_fault(c, path, r.number, "not key = value");
    return true;
}
