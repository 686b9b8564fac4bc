/* setting_value.c - a setting's text and its value; see setting.h. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/setting_local.h"
#include "base/utf8.h"

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first, so that writing finds the shortest form. */
static const struct unit time_units[] = {
    { "d", CLOCK_DAY },    { "h", CLOCK_HOUR }, { "m", CLOCK_MINUTE },
    { "s", CLOCK_SECOND }, { "ms", 1000 },      { NULL, 0 },
};
static const struct unit size_units[] = {
    { "g", INT64_C(1) << 30 },
    { "m", INT64_C(1) << 20 },
    { "k", INT64_C(1) << 10 },
    { "", 1 },
    { NULL, 0 },
};

static const char *const yes_words[] = { "yes", "true", "on", "1", NULL };
static const char *const no_words[] = { "no", "false", "off", "0", NULL };

static void
write_units(struct text *to, const struct unit *units, int64_t value)
{
    const struct unit *u = units;

    while (u[1].name != NULL && value % u->factor != 0)
        u++;
    text_addi(to, value / u->factor);
    if (value != 0)
        text_adds(to, u->name);
}

static void
write_number(struct text *to, const struct setting *s, int64_t value)
{
    if (s->type == SETTING_DURATION)
        write_units(to, time_units, value);
    else if (s->type == SETTING_SIZE)
        write_units(to, size_units, value);
    else
        text_addi(to, value);
}

static const char *
check_range(const void *mem, const struct setting *s, int64_t value)
{
    struct text *why;

    if (value >= s->min && (s->max == 0 || value <= s->max))
        return NULL;
    why = text_new(mem);
    text_adds(why, value < s->min ? "is less than " : "is more than ");
    write_number(why, s, value < s->min ? s->min : s->max);
    return why->at;
}

static const char *
read_integer(const void *mem, const struct setting *s, int64_t *to,
             const char *value)
{
    int64_t number;

    if (!text_to_int(value, &number))
        return "is not a whole number";
    const char *why = check_range(mem, s, number);
    if (why == NULL)
        *to = number;
    return why;
}

static const char *
read_units(const void *mem, const struct setting *s, int64_t *to,
           const char *value, const struct unit *units)
{
    size_t digits = strspn(value, "0123456789");
    char *number = mem_strndup(mem, value, digits);
    const struct unit *u = units;
    int64_t n = 0;

    while (u->name != NULL && strcasecmp(u->name, value + digits) != 0)
        u++;
    if (!text_to_int(number, &n) ||
        (u->name == NULL && strcmp(value, "0") != 0))
        return s->type == SETTING_SIZE
                   ? "is not a size, such as 512, 64k, 50m or 2g"
                   : "is not a duration, such as 0, 250ms, 10s, 5m, 2h or 7d";
    if (u->name != NULL && __builtin_mul_overflow(n, u->factor, &n))
        return "is too large";
    const char *why = check_range(mem, s, n);
    if (why == NULL)
        *to = n;
    return why;
}

static const char *
read_boolean(bool *to, const char *value)
{
    bool yes = text_index(yes_words, value) >= 0;

    if (!yes && text_index(no_words, value) < 0)
        return "is neither yes nor no";
    *to = yes;
    return NULL;
}

static const char *
read_choice(const void *mem, const struct setting *s, const char **to,
            const char *value)
{
    int i = text_index(s->choices, value);
    struct text *why;

    if (i >= 0) {
        *to = s->choices[i];
        return NULL;
    }
    why = text_new(mem);
    text_adds(why, "is none of");
    for (i = 0; s->choices[i] != NULL; i++)
        text_addf(why, "%s %s", i > 0 ? "," : "", s->choices[i]);
    return why->at;
}

static const char *
read_text(const void *mem, const struct setting *s, const char **to,
          const char *value)
{
    size_t n = strlen(value);

    if (!utf8_clean(value, n, false))
        return "is not clean UTF-8";
    if (s->required && n == 0)
        return "is empty";
    const char *why = check_range(mem, s, (int64_t)utf8_count(value, n));
    if (why != NULL)
        return mem_printf(mem, "has a length that %s", why);
    *to = mem_strdup(mem, value);
    return NULL;
}

const char *
setting_read(const void *mem, const struct setting *s, void *in,
             const char *value)
{
    void *to = (char *)in + s->offset;

    switch (s->type) {
    case SETTING_INTEGER:
        return read_integer(mem, s, to, value);
    case SETTING_BOOLEAN:
        return read_boolean(to, value);
    case SETTING_DURATION:
        return read_units(mem, s, to, value, time_units);
    case SETTING_SIZE:
        return read_units(mem, s, to, value, size_units);
    case SETTING_CHOICE:
        return read_choice(mem, s, to, value);
    case SETTING_TEXT:
    case SETTING_SECRET:
        break;
    }
    return read_text(mem, s, to, value);
}

void
setting_write(struct text *to, const struct setting *s, const void *in)
{
    const void *at = (const char *)in + s->offset;

    switch (s->type) {
    case SETTING_INTEGER:
    case SETTING_DURATION:
    case SETTING_SIZE:
        write_number(to, s, *(const int64_t *)at);
        return;
    case SETTING_BOOLEAN:
        text_adds(to, *(const bool *)at ? "yes" : "no");
        return;
    case SETTING_TEXT:
    case SETTING_CHOICE:
        if (*(const char *const *)at != NULL)
            text_adds(to, *(const char *const *)at);
        return;
    case SETTING_SECRET:
        return;
    }
}

const char *
setting_variable(const void *mem, const struct instance *i, const char *key)
{
    char *name = i->name == NULL
                     ? mem_printf(mem, "SPARKLE_%s_%s", i->section->name, key)
                     : mem_printf(mem, "SPARKLE_%s_%s_%s", i->section->name,
                                  i->name, key);

    for (char *p = name; *p != '\0'; p++)
        *p =
            isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
    return name;
}
