/*
 * log.h - what the program says to its operator: one JSON object a line.
 *
 * Four verbs, by who must act: a handler returns a problem (the caller acts),
 * log_warn (the operator, later), die (the operator, now), BUG (we).  Values
 * are escaped, so nothing a client sends can forge a line.  Passwords, tokens,
 * codes and mail bodies are never logged.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* A member of a log line: text where it is not NULL, else the number. */
struct log_field {
    const char *name;
    const char *text;
    int64_t number;
    bool thousandths; /* the number is shown divided by 1000: 1.234 */
};
#define LOG_TEXT(n, value)                                                     \
    {                                                                          \
        .name = (n), .text = (value)                                           \
    }
#define LOG_NUMBER(n, value)                                                   \
    {                                                                          \
        .name = (n), .number = (value)                                         \
    }
/* Microseconds, shown as milliseconds. */
#define LOG_MILLIS(n, us)                                                      \
    {                                                                          \
        .name = (n), .number = (us), .thousandths = true                       \
    }

/*
 * Where lines go: a file, appended to, or standard error for NULL or "-".
 * Called again after SIGUSR1 it reopens.  False, errno set, and the old place
 * kept, where the file cannot be opened.
 */
bool log_open(const char *path);

/* Lines below this level are dropped; LOG_INFO at first. */
void log_threshold(enum log_level level);

/* Whether a line of this level is written; to spare the making of one. */
bool log_wants(enum log_level level);

/* The program's name in each line ("prog"); not copied. */
void log_program(const char *name);

/* On a terminal people read: plain lines instead of JSON. */
void log_plain(bool plain);

/* Whether lines go to systemd's journal: each begins with its priority there
 * (sd-daemon(3)), which the journal takes off. */
bool log_in_journal(void);

/* A line of fields; ended by one without a name.  Written by one write(2). */
void log_fields(enum log_level level, const char *message,
                const struct log_field *fields);
#define log_event(level, message, ...)                                         \
    log_fields(level, message, (const struct log_field[]){ __VA_ARGS__, { 0 } })

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Logs an error and exits with status 1. */
void die(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/* Says where the program contradicts itself, and aborts. */
void log_bug(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4), noreturn));
#define BUG(...) log_bug(__FILE__, __LINE__, __VA_ARGS__)

#endif
