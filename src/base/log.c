/*
 * log.c - see log.h.
 *
 * A line is put together in memory that is kept from line to line, and leaves
 * by one write, so lines of several processes do not mix.
 */
#include "base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/mem.h"

static struct {
    int fd;
    bool own, plain;
    bool asked, journal; /* whether it was asked if it is systemd's */
    enum log_level threshold;
    const char *program;
    struct text line;
} out = { .fd = STDERR_FILENO, .threshold = LOG_INFO, .program = "sparkle" };

static const char *const level_names[] = { "debug", "info", "warn", "error" };

/* sd-daemon(3): what makes `journalctl -p err` find the errors. */
static const char *const priorities[] = { "<7>", "<6>", "<4>", "<3>" };

bool
log_open(const char *path)
{
    int fd = STDERR_FILENO;
    bool own = path != NULL && strcmp(path, "-") != 0;

    if (own)
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return false;
    if (out.own)
        (void)close(out.fd);
    out.fd = fd;
    out.own = own;
    return true;
}

void
log_threshold(enum log_level level)
{
    out.threshold = level;
}

bool
log_wants(enum log_level level)
{
    return level >= out.threshold;
}

void
log_program(const char *name)
{
    out.program = name;
}

void
log_plain(bool plain)
{
    out.plain = plain;
}

/* systemd.exec(5): JOURNAL_STREAM is the device and inode of standard error
 * where the journal reads it. */
bool
log_in_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    char it[64];

    if (out.own)
        return false;
    if (out.asked)
        return out.journal;
    out.asked = true;
    if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
        return false;
    (void)snprintf(it, sizeof it, "%llu:%llu", (unsigned long long)st.st_dev,
                   (unsigned long long)st.st_ino);
    out.journal = strcmp(stream, it) == 0;
    return out.journal;
}

static void
add_number(struct text *t, const struct log_field *f)
{
    int64_t rest = f->number % 1000;
    char digits[4] = { '.', (char)('0' + rest / 100),
                       (char)('0' + rest / 10 % 10), (char)('0' + rest % 10) };

    if (!f->thousandths || f->number < 0) {
        text_addi(t, f->number);
        return;
    }
    text_addi(t, f->number / 1000);
    text_add(t, digits, sizeof digits);
}

static void
add_member(struct text *t, const struct log_field *f)
{
    text_adds(t, ",\"");
    text_adds(t, f->name);
    text_adds(t, "\":");
    if (f->text == NULL) {
        add_number(t, f);
        return;
    }
    text_addc(t, '"');
    escape_json(t, f->text, strlen(f->text));
    text_addc(t, '"');
}

static void
add_json(struct text *t, enum log_level level, const char *message,
         const struct log_field *fields)
{
    text_adds(t, "{\"time\":\"");
    clock_iso(t, clock_now());
    text_adds(t, "\",\"level\":\"");
    text_adds(t, level_names[level]);
    text_addc(t, '"');
    add_member(t, &(struct log_field)LOG_TEXT("prog", out.program));
    add_member(t, &(struct log_field)LOG_NUMBER("pid", getpid()));
    add_member(t, &(struct log_field)LOG_TEXT("msg", message));
    for (; fields != NULL && fields->name != NULL; fields++)
        add_member(t, fields);
    text_adds(t, "}\n");
}

static void
add_plain(struct text *t, enum log_level level, const char *message,
          const struct log_field *fields)
{
    if (level != LOG_INFO)
        text_addf(t, "%s: ", level_names[level]);
    text_adds(t, message);
    for (; fields != NULL && fields->name != NULL; fields++)
        if (fields->text != NULL)
            text_addf(t, " %s=%s", fields->name, fields->text);
        else
            text_addf(t, " %s=%lld", fields->name, (long long)fields->number);
    text_addc(t, '\n');
}

void
log_fields(enum log_level level, const char *message,
           const struct log_field *fields)
{
    if (!log_wants(level))
        return;
    if (out.line.at == NULL)
        text_init(&out.line, NULL, 1024);
    text_clear(&out.line);
    if (log_in_journal())
        text_adds(&out.line, priorities[level]);
    if (out.plain)
        add_plain(&out.line, level, message, fields);
    else
        add_json(&out.line, level, message, fields);
    ssize_t written = write(out.fd, out.line.at, out.line.len);
    (void)written; /* nobody is left to tell */
}

static void
say(enum log_level level, const char *format, va_list args)
{
    char message[1024];

    (void)vsnprintf(message, sizeof message, format, args);
    log_fields(level, message, NULL);
}

void
log_info(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(LOG_INFO, format, args);
    va_end(args);
}

void
log_warn(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(LOG_WARN, format, args);
    va_end(args);
}

void
log_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(LOG_ERROR, format, args);
    va_end(args);
}

void
die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(LOG_ERROR, format, args);
    va_end(args);
    exit(EXIT_FAILURE);
}

void
log_bug(const char *file, int line, const char *format, ...)
{
    char what[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    log_event(LOG_ERROR, what, LOG_TEXT("bug", file), LOG_NUMBER("line", line));
    abort();
}
