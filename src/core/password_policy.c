/* password_policy.c - see password_policy.h. */
#include "core/password_policy.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"
#include "core/app.h"
#include "core/breach.h"
#include "core/crypto.h"
#include "core/email.h"

enum { LEAST = 12, MOST = 128 };

const char *const password_advice[PASSWORD_FAULTS] = {
    [PASSWORD_SHORT] = "use at least 12 characters",
    [PASSWORD_LONG] = "use at most 128 characters",
    [PASSWORD_NO_LOWER] = "add a lower-case letter",
    [PASSWORD_NO_UPPER] = "add an upper-case letter",
    [PASSWORD_NO_DIGIT] = "add a digit",
    [PASSWORD_NO_SPECIAL] = "add a special character, such as ! or -",
    [PASSWORD_REPEATS] = "use no character three times in a row",
    [PASSWORD_IS_NAME] = "do not use your user name or your address",
    [PASSWORD_COMMON] = ("choose another: this one, or a phrase in it, is "
                         "known from a breach"),
    [PASSWORD_EASY] = "make it longer",
};

/* ---- Forms of a password ------------------------------------------------- */

/* What libunistring allocated, on mem, and no copy left; where it failed, as on
 * malformed text, what it was made from. */
static char *
take_over(void *mem, uint8_t *made, size_t n, const char *from)
{
    if (made == NULL)
        return mem_strdup(mem, from);
    char *s = mem_strndup(mem, (const char *)made, n);

    explicit_bzero(made, n);
    free(made);
    return s;
}

char *
password_normal(void *mem, const char *password)
{
    size_t n = 0;
    uint8_t *made = u8_normalize(UNINORM_NFKC, (const uint8_t *)password,
                                 strlen(password), NULL, &n);

    return take_over(mem, made, n, password);
}

/* Without case, as Unicode compares. */
static char *
fold(void *mem, const char *s)
{
    size_t n = 0;
    uint8_t *made = u8_casefold((const uint8_t *)s, strlen(s), NULL,
                                UNINORM_NFKC, NULL, &n);

    return take_over(mem, made, n, s);
}

static bool
is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) != 0;
}

/* Without what stands around the letters and digits. */
static char *
bare(void *mem, const char *s)
{
    size_t n = strlen(s);

    while (n > 0 && !is_plain(s[n - 1]))
        n--;
    for (; n > 0 && !is_plain(*s); n--)
        s++;
    return mem_strndup(mem, s, n);
}

/* The letter for which a digit or a sign is written; another as it is. */
static char
letter_of(char c)
{
    static const char signs[] = "@4831!05$7", letters[] = "aabeiiosst";
    const char *at = c == '\0' ? NULL : strchr(signs, c);

    return at == NULL ? c : letters[at - signs];
}

/* With such letters, except in the number at its end. */
static char *
spelled(void *mem, const char *s)
{
    size_t n = strlen(s);
    char *out = mem_strndup(mem, s, n);

    while (n > 0 && s[n - 1] >= '0' && s[n - 1] <= '9')
        n--;
    for (size_t i = 0; i < n; i++)
        out[i] = letter_of(out[i]);
    return out;
}

/* ---- Judging ------------------------------------------------------------- */

/* What is in a password. */
struct tally {
    size_t n;
    bool lower, upper, digit, special, repeats;
};

static void
tally_one(struct tally *t, uint32_t c)
{
    if (uc_is_property_lowercase(c))
        t->lower = true;
    else if (uc_is_property_uppercase(c))
        t->upper = true;
    else if (uc_is_general_category(c, UC_DECIMAL_DIGIT_NUMBER))
        t->digit = true;
    else if (!uc_is_general_category(c, UC_LETTER) &&
             !uc_is_general_category(c, UC_NUMBER))
        t->special = true;
    t->n++;
}

static struct tally
tally_of(const char *s)
{
    const char *end = s + strlen(s);
    uint32_t last[2] = { 0, 0 };
    struct tally t = { 0 };

    while (s < end) {
        uint32_t c = utf8_next(&s, end);

        tally_one(&t, c);
        t.repeats = t.repeats || (c == last[0] && c == last[1]);
        last[1] = last[0];
        last[0] = c;
    }
    return t;
}

/* Whether one of the forms is a name, in any case. */
static bool
is_one_of(void *mem, char *const forms[], const char *name)
{
    if (name == NULL || name[0] == '\0')
        return false;
    const char *folded = fold(mem, name), *core = bare(mem, folded);

    for (size_t i = 0; forms[i] != NULL; i++)
        if (strcmp(forms[i], folded) == 0 ||
            (core[0] != '\0' && strcmp(forms[i], core) == 0))
            return true;
    return false;
}

static bool
is_common(const struct breach *filter, char *const forms[])
{
    for (size_t i = 0; filter != NULL && forms[i] != NULL; i++)
        if ((i == 0 || strcmp(forms[i], forms[i - 1]) != 0) &&
            breach_has_password(filter, forms[i], strlen(forms[i])))
            return true;
    return false;
}

/* Words that come to everybody's mind here; sparkle(7) has them, too. */
static const char *const site_words[] = { "sparkle",         "universe",
                                          "sparkleuniverse", "password",
                                          "admin",           "moderator",
                                          "creator",         NULL };

/* Whether nothing but such a word is left of a form without all that is no
 * letter. */
static bool
is_of_the_site(void *mem, const char *form)
{
    char *letters = mem_strdup(mem, form);
    size_t n = 0;

    for (const char *at = form; *at != '\0'; at++)
        if (is_plain(*at) && (*at < '0' || *at > '9'))
            letters[n++] = *at;
    letters[n] = '\0';
    bool is = text_index(site_words, letters) >= 0;
    explicit_bzero(letters, strlen(form));
    return is;
}

/* Phrases that no password contains; sparkle(7) has them, too.  What contains
 * another of them (password1234) is not listed. */
static const char *const phrases[] = {
    "password123",  "12345678901",  "qwerty123456", "sparkle123456",
    "admin1234567", "letmein12345", "welcome12345", "qwertyuiop12",
    "sparkleverse", NULL,
};

/* Whether a phrase stands somewhere in a text, however the two are spelled. */
static bool
has(const char *text, const char *phrase)
{
    for (; *text != '\0'; text++) {
        size_t n = 0;

        while (phrase[n] != '\0' && letter_of(text[n]) == letter_of(phrase[n]))
            n++;
        if (phrase[n] == '\0')
            return true;
    }
    return false;
}

/* "password" is a word that a long phrase may have, too: it must leave enough
 * beside it for a password.  folded: of n code points. */
static bool
has_phrase(const char *folded, size_t n)
{
    static const char word[] = "password";

    for (size_t i = 0; phrases[i] != NULL; i++)
        if (has(folded, phrases[i]))
            return true;
    return n < LEAST + sizeof word - 1 && has(folded, word);
}

static void
note(unsigned *faults, bool wrong, enum password_fault fault)
{
    if (wrong)
        *faults |= 1U << fault;
}

static int64_t
score_of(const struct tally *t, bool common)
{
    int64_t score = 15 * (t->lower + t->upper + t->digit + t->special);

    score += t->n >= LEAST ? 20 : 0;
    score += t->n >= 16 ? 10 : 0;
    score += t->n >= 20 ? 10 : 0;
    score -= common ? 30 : 0;
    score -= t->repeats ? 10 : 0;
    return score < 0 ? 0 : score;
}

/* Leaves no copy of a password in memory that is freed. */
static void
forget(char *const forms[])
{
    for (size_t i = 0; forms[i] != NULL; i++)
        explicit_bzero(forms[i], strlen(forms[i]));
}

struct password_verdict
password_judge(const char *password, const char *username, const char *email,
               const struct breach *filter, int64_t wanted)
{
    void *mem = mem_context(NULL, "password");
    char *normal = password_normal(mem, password), *folded = fold(mem, normal);
    char *core = bare(mem, folded);
    char *const forms[] = { normal, folded, core, spelled(mem, core), NULL };
    const char *local = email != NULL ? email_local_part(mem, email) : NULL;
    const struct tally t = tally_of(normal);
    bool common = is_common(filter, forms) || is_of_the_site(mem, core) ||
                  is_of_the_site(mem, forms[3]) || has_phrase(folded, t.n);
    struct password_verdict v = { .score = score_of(&t, common) };

    note(&v.faults, t.n < LEAST, PASSWORD_SHORT);
    note(&v.faults, t.n > MOST, PASSWORD_LONG);
    note(&v.faults, !t.lower, PASSWORD_NO_LOWER);
    note(&v.faults, !t.upper, PASSWORD_NO_UPPER);
    note(&v.faults, !t.digit, PASSWORD_NO_DIGIT);
    note(&v.faults, !t.special, PASSWORD_NO_SPECIAL);
    note(&v.faults, t.repeats, PASSWORD_REPEATS);
    note(&v.faults,
         is_one_of(mem, forms, username) || is_one_of(mem, forms, local),
         PASSWORD_IS_NAME);
    note(&v.faults, common, PASSWORD_COMMON);
    note(&v.faults, v.faults == 0 && v.score < wanted, PASSWORD_EASY);
    v.valid = v.faults == 0;
    forget(forms);
    mem_free(mem);
    return v;
}

/* ---- For requests -------------------------------------------------------- */

const struct problem *
password_verdict(struct request *r, const char *password, const char *username,
                 const char *email, struct password_verdict *ret_verdict)
{
    const struct auth_settings *auth =
        SETTINGS_OF(r->app, &auth_section, struct auth_settings);
    const char *why;
    const struct breach *filter = breach_open(auth->breached_passwords, &why);

    if (filter == NULL) {
        log_event(LOG_ERROR, "no filter of breached passwords",
                  LOG_TEXT("path", auth->breached_passwords),
                  LOG_TEXT("why", why), LOG_TEXT("request", r->id));
        return &problem_password_unchecked;
    }
    *ret_verdict =
        password_judge(password, username, email, filter, auth->password_score);
    return NULL;
}

const struct problem *
password_refused(struct request *r, const char *field, const char *password,
                 const char *username, const char *email)
{
    struct password_verdict v;
    struct text *advice = text_new(r->mem);
    const struct problem *unchecked =
        password_verdict(r, password, username, email, &v);

    if (unchecked != NULL || v.valid)
        return unchecked;
    for (size_t i = 0; i < PASSWORD_FAULTS; i++)
        if ((v.faults & 1U << i) != 0)
            text_addf(advice, "%s%s", advice->len > 0 ? "; " : "",
                      password_advice[i]);
    return problem_field(r, field, advice->at);
}
