/*
 * ctl_breach.c - sparklectl breached: make and try the filter of passwords
 * that are known from breaches (core/breach.h).
 *
 * Lists are read from standard input, a line at a time, in one of two forms:
 * passwords, or with --sha1 their hashes as Have I Been Pwned publishes them
 * (HEX, or HEX:COUNT).  The size of a filter follows from the number of its
 * entries, so a file is read twice, and for a pipe --entries tells.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/breach.h"
#include "core/crypto.h"
#include "prog/ctl.h"

/* ---- Lists --------------------------------------------------------------- */

struct list {
    bool hashes;
    char *line;
    size_t room;
    int64_t n;
    bool broken; /* a line is no hash */
};

/* The next entry; false at the end, or where a line is broken. */
static bool
list_next(struct list *l, uint8_t ret_sha1[SHA1_SIZE])
{
    ssize_t n = getline(&l->line, &l->room, stdin);

    if (n < 0)
        return false;
    l->n++;
    size_t len = strcspn(l->line, "\r\n");
    if (!l->hashes) {
        crypto_sha1(l->line, len, ret_sha1);
        return true;
    }
    for (size_t i = 0; i < len && i < SHA1_SIZE * 2; i++)
        if (l->line[i] >= 'A' && l->line[i] <= 'F')
            l->line[i] = (char)(l->line[i] + ('a' - 'A'));
    l->broken = len < SHA1_SIZE * 2 ||
                (len > SHA1_SIZE * 2 && l->line[SHA1_SIZE * 2] != ':') ||
                !hex_decode(l->line, SHA1_SIZE * 2, ret_sha1);
    return !l->broken;
}

static int
list_end(struct list *l)
{
    free(l->line);
    if (l->broken)
        return ctl_fail("line %" PRId64 " has no SHA-1 in hexadecimal", l->n);
    return 0;
}

/* How many lines standard input has, which is then at its beginning again; -1
 * where it is no file. */
static int64_t
count_lines(void)
{
    char block[1 << 16];
    int64_t lines = 0;
    size_t n;

    if (fseeko(stdin, 0, SEEK_END) != 0)
        return -1;
    rewind(stdin);
    while ((n = fread(block, 1, sizeof block, stdin)) > 0)
        for (const char *p = block;
             (p = memchr(p, '\n', (size_t)(block + n - p))) != NULL; p++)
            lines++;
    rewind(stdin);
    return lines + 1; /* the last one may not end */
}

/* ---- Commands ------------------------------------------------------------ */

static bool
fill(struct breach_builder *b, struct list *l)
{
    uint8_t sha1[SHA1_SIZE];

    while (list_next(l, sha1))
        if (!breach_build_add(b, sha1))
            return false;
    return true;
}

static int
build(struct ctl *c, int argc, char **argv)
{
    struct list l = { .hashes = ctl_flag(&argc, argv, "sha1") };
    const char *given = ctl_option(&argc, argv, "entries", NULL);
    int64_t entries = 0;

    if (argc != 1 || (given != NULL && !text_to_int(given, &entries)))
        return 2;
    if (given == NULL)
        entries = count_lines();
    if (entries < 1)
        return ctl_fail("--entries tells how many lines a pipe has");
    struct breach_builder *b = breach_build_begin(c->mem, argv[0], entries);
    if (b == NULL || !fill(b, &l))
        return ctl_fail("%s: %s", argv[0], strerror(errno));
    if (list_end(&l) != 0)
        return 1;
    if (l.n == 0 || l.n > entries)
        return ctl_fail("%" PRId64 " lines came, and %" PRId64
                        " were to: the filter would be wrong",
                        l.n, entries);
    if (!breach_build_end(b))
        return ctl_fail("%s: %s", argv[0], strerror(errno));
    (void)printf("%s: %" PRId64 " entries\n", argv[0], l.n);
    return 0;
}

static int
check(struct ctl *c, int argc, char **argv)
{
    struct list l = { .hashes = ctl_flag(&argc, argv, "sha1") };
    uint8_t sha1[SHA1_SIZE];
    const char *why;
    int64_t known = 0;

    (void)c;
    if (argc != 1)
        return 2;
    const struct breach *filter = breach_open(argv[0], &why);
    if (filter == NULL)
        return ctl_fail("%s: %s", argv[0], why);
    while (list_next(&l, sha1))
        known += breach_has(filter, sha1);
    if (list_end(&l) != 0)
        return 1;
    (void)printf("%" PRId64 " of %" PRId64 " known, by %" PRId64 " entries\n",
                 known, l.n, breach_entries(filter));
    return 0;
}

const struct ctl_command ctl_breach_commands[] = {
    {
        .name = "breached build",
        .usage = "FILE [--sha1] [--entries N] < LIST",
        .about = "Make the filter of breached passwords from a list of "
                 "passwords, or of their SHA-1.",
        .run = build,
        .no_config = true,
    },
    {
        .name = "breached check",
        .usage = "FILE [--sha1] < LIST",
        .about = "Count the lines that a filter knows.",
        .run = check,
        .no_config = true,
    },
    { 0 },
};
