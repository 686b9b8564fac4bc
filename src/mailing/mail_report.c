/*
 * mail_report.c - what a mail says that came back: a delivery status
 * notification (RFC 3464, in its multipart/report of RFC 6522) or a complaint
 * (RFC 5965).  Only such a part counts: a line "Status: RO" of a mail store,
 * or one in the text for people or in the mail that came back, is none.
 *
 * One pass over the lines; folded ones are read as one (RFC 5322, 2.2.3).
 */
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "mailing/mailing_local.h"

enum { BOUNDARIES_MOST = 8 };

enum part {
    PART_HEAD,   /* the head of the mail or of a part */
    PART_TEXT,   /* for people */
    PART_REPORT, /* message/delivery-status */
    PART_ABUSE,  /* message/feedback-report */
    PART_OTHER,  /* the mail that came back, its head, anything else */
};

struct reader {
    void *mem;
    const char *rest;
    struct text line;
    enum part part, next; /* next: what the head says of the body */
    const char *boundaries[BOUNDARIES_MOST];
    size_t n_boundaries;
    const char *action, *status, *diagnostic; /* of the group */
    const char *hint; /* a status in a text for people */
    struct report *report;
};

/* ---- Lines --------------------------------------------------------------- */

/* The next line with those that go on with it, until the next one; NULL: none.
 * Where only heads and reports fold, a text's line that begins with a blank is
 * lost in the one before: nothing is looked for in it. */
static const char *
next_line(struct reader *r)
{
    if (*r->rest == '\0')
        return NULL;
    text_clear(&r->line);
    do {
        size_t n = strcspn(r->rest, "\n");
        size_t end = n > 0 && r->rest[n - 1] == '\r' ? n - 1 : n;

        text_add(&r->line, r->rest, end);
        r->rest += n + (r->rest[n] == '\n');
    } while (r->line.len > 0 && (*r->rest == ' ' || *r->rest == '\t'));
    return r->line.at;
}

/* The value of a field of this name, trimmed, on mem; NULL: another line. */
static const char *
value_of(void *mem, const char *line, const char *name)
{
    size_t n = strlen(name);

    if (strncasecmp(line, name, n) != 0)
        return NULL;
    n += strspn(line + n, " \t");
    return line[n] == ':' ? text_trim(mem, mem_strdup(mem, line + n + 1))
                          : NULL;
}

/* ---- Parts --------------------------------------------------------------- */

/* boundary=x or boundary="x" (RFC 2045, 5.1). */
static void
take_boundary(struct reader *r, const char *type)
{
    const char *at = strcasestr(type, "boundary=");
    size_t n;

    if (at == NULL || r->n_boundaries == BOUNDARIES_MOST)
        return;
    at += strlen("boundary=");
    n = *at == '"' ? strcspn(++at, "\"") : strcspn(at, "; \t");
    if (n > 0)
        r->boundaries[r->n_boundaries++] = mem_strndup(r->mem, at, n);
}

static void
take_type(struct reader *r, const char *type)
{
    static const struct {
        const char *type;
        enum part part;
    } known[] = {
        { "message/delivery-status", PART_REPORT },
        { "message/global-delivery-status", PART_REPORT }, /* RFC 6533 */
        { "message/feedback-report", PART_ABUSE },
        { "text/plain", PART_TEXT },
    };

    r->next = PART_OTHER;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncasecmp(type, known[i].type, strlen(known[i].type)) == 0)
            r->next = known[i].part;
    if (strncasecmp(type, "multipart/", strlen("multipart/")) == 0)
        take_boundary(r, type);
}

static bool
is_boundary(const struct reader *r, const char *line)
{
    if (line[0] != '-' || line[1] != '-')
        return false;
    for (size_t i = 0; i < r->n_boundaries; i++) {
        const char *end = line + 2 + strlen(r->boundaries[i]);

        if (text_starts(line + 2, r->boundaries[i]) &&
            (*end == '\0' || strchr("- \t", *end) != NULL))
            return true;
    }
    return false;
}

/* ---- A recipient's group ------------------------------------------------- */

/* RFC 3463: class "." subject "." detail; a comment may follow. */
static bool
is_status(const char *s)
{
    size_t subject, detail;

    if (s == NULL || strchr("245", s[0]) == NULL || s[0] == '\0' || s[1] != '.')
        return false;
    subject = strspn(s + 2, "0123456789");
    if (subject < 1 || subject > 3 || s[2 + subject] != '.')
        return false;
    detail = strspn(s + 3 + subject, "0123456789");
    return detail >= 1 && detail <= 3 &&
           strchr(" \t(;", s[3 + subject + detail]) != NULL;
}

static enum report_outcome
outcome_of(const char *action, const char *status)
{
    static const char *const fine[] = { "delivered", "relayed", "expanded",
                                        NULL };

    if (action != NULL && text_index(fine, action) >= 0)
        return REPORT_FINE;
    if (!is_status(status))
        return REPORT_UNCLEAR;
    if (status[0] == '2')
        return REPORT_FINE;
    return status[0] == '4' || (action != NULL && text_same(action, "delayed"))
               ? REPORT_SOFT
               : REPORT_HARD;
}

/* The worst of all recipients' counts; the first group has none of them. */
static void
end_group(struct reader *r)
{
    enum report_outcome outcome = outcome_of(r->action, r->status);

    if ((r->action != NULL || r->status != NULL) &&
        outcome > r->report->outcome) {
        r->report->outcome = outcome;
        r->report->why = r->diagnostic != NULL ? r->diagnostic : r->status;
    }
    r->action = r->status = r->diagnostic = NULL;
}

static const char *
lower(char *word)
{
    word[strcspn(word, " \t(;")] = '\0';
    for (char *at = word; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at + 'a' - 'A');
    return word;
}

static void
take_complaint(struct reader *r, const char *line)
{
    const char *type = value_of(r->mem, line, "Feedback-Type");

    if (type == NULL)
        return;
    r->report->outcome = REPORT_COMPLAINT;
    r->report->why = type;
}

static void
take_field(struct reader *r, const char *line)
{
    const char *value;

    if ((value = value_of(r->mem, line, "Action")) != NULL)
        r->action = lower(mem_strdup(r->mem, value));
    else if ((value = value_of(r->mem, line, "Status")) != NULL)
        r->status = value;
    else if ((value = value_of(r->mem, line, "Diagnostic-Code")) != NULL)
        r->diagnostic = value;
    else
        take_complaint(r, line);
}

/* ---- The whole ----------------------------------------------------------- */

static void
take_head(struct reader *r, const char *line)
{
    const char *type = value_of(r->mem, line, "Content-Type");

    if (line[0] == '\0')
        r->part = r->next;
    else if (type != NULL)
        take_type(r, type);
}

static void
take_text(struct reader *r, const char *line)
{
    const char *status = value_of(r->mem, line, "Status");

    if (r->hint == NULL && is_status(status))
        r->hint = status;
}

static void
take_line(struct reader *r, const char *line)
{
    if (is_boundary(r, line)) {
        end_group(r);
        r->part = PART_HEAD;
        r->next = PART_TEXT;
    } else if (r->part == PART_HEAD) {
        take_head(r, line);
    } else if (r->part == PART_REPORT && line[0] == '\0') {
        end_group(r);
    } else if (r->part == PART_REPORT) {
        take_field(r, line);
    } else if (r->part == PART_ABUSE) {
        take_complaint(r, line);
    } else if (r->part == PART_TEXT) {
        take_text(r, line);
    }
}

void
mailing_report(void *mem, const char *text, struct report *ret)
{
    struct reader r = {
        .mem = mem,
        .rest = text,
        .part = PART_HEAD,
        .next = PART_TEXT,
        .report = ret,
    };

    text_init(&r.line, mem, 1024);
    *ret = (struct report){ .outcome = REPORT_NONE };
    for (const char *line; (line = next_line(&r)) != NULL;)
        take_line(&r, line);
    end_group(&r);
    /* An old program's: nothing but words. */
    if (ret->outcome == REPORT_NONE && r.hint != NULL) {
        ret->outcome = outcome_of(NULL, r.hint);
        ret->why = r.hint;
    }
}
