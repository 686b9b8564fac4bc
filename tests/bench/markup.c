/*
 * markup.c - searches sources whose rendering costs more than it should.
 *
 * usage: build/test/tests/bench/markup [LENGTH [FROM]]
 *
 * The shapes of tests/data/pathological.txt come first, if FROM is 1.  Then
 * every unit of FROM (1) to LENGTH (6) bytes over Markdown's signs is repeated
 * to 1 and to 4 KB; where four times the source takes more than five times the
 * processor time, or very long, larger ones follow, up to 100 KB.  None may
 * take more than 100 ms; the slowest ten are printed, with the microseconds
 * that 12.5, 25, 50 and 100 KB of them take.  So are short units after a head
 * (a table, a definition, a list), and two units, half and half.
 *
 * What need not be tried is left out: of a unit's rotations one is tried, and
 * no unit that is a shorter one repeated.  Up to four bytes the signs are all
 * that cmark, its extensions and we look for, and one of each class of what
 * none tells apart; for five there are twenty, for six fourteen: those
 * that open and close something, and so can be made to look for each other.
 *
 * A process a processor; some 20 minutes for LENGTH 6 on two.  Ends with
 * 'N passed, N failed', of units.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/processors.h"
#include "markup/markup.h"
#include "tests/lib/shapes.h"

enum {
    LONGEST = 6, /* bytes of a unit */
    SMALL = 1024,
    LARGE = 100000,
    MOST = MARKUP_SLOWEST * 1000, /* microseconds for LARGE */
    WORST = 10,
    TRIES = 3,
};

static const char *const signs[] = {
    [1] = "a1 \n\t\r*_~`[]()!<>|-+#:=&;\\\"'/@.^?w\xC2\xA0",
    [2] = "a1 \n\t\r*_~`[]()!<>|-+#:=&;\\\"'/@.^?w",
    [3] = "a1 \n\t\r*_~`[]()!<>|-+#:=&;\\\"'/@.^?w",
    [4] = "a1 \n\t*_~`[]()!<>|-+#:=&;\\\"/@.^?w",
    [5] = "a1 \n*_`[]()!<>|-:@^?",
    [6] = "a \n*_`[](<>|-:",
};

static const char *const heads[] = {
    "|a|\n|-|\n",  "|a|b|\n|-|:-:|\n|",
    "[a]: /b\n\n", "[^a]: b\n\n",
    "- ",          "1. a\n   ",
    "> > ",        "```\n",
    "<a ",         "[a](",
    "a\n",         "<!--",
};

struct finding {
    char head[80], first[80], second[80];
    int64_t took; /* microseconds at LARGE */
};

/* Of one process, which writes nothing else; the parent reads it at the end. */
struct result {
    uint64_t tried, doubled, failed;
    struct finding worst[WORST];
};

/* ---- One source ---------------------------------------------------------- */

static int64_t
render_once(const struct text *source)
{
    void *own = mem_context(NULL, "source");
    struct markup m;
    int64_t from = clock_cpu();

    markup_render(&m, own, source->at, source->len);
    int64_t took = clock_cpu() - from;
    mem_free(own);
    return took;
}

/* The least of some tries: others have the processor too. */
static int64_t
cost(const struct shape *s, size_t size, int tries)
{
    static struct text text;
    int64_t least = INT64_MAX;

    if (text.at == NULL)
        text_init(&text, NULL, LARGE + 256);
    text_clear(&text);
    shape_fill(&text, s, size);
    for (int i = 0; i < tries; i++) {
        int64_t took = render_once(&text);

        least = took < least ? took : least;
    }
    return least;
}

/*
 * Whether four times the source takes more than five times as long, or so much
 * that 100 KB might take half of what they may.
 */
static bool
grows(const struct shape *s)
{
    for (int i = 0; i < TRIES; i++) {
        int64_t large = cost(s, 4 * SMALL, 1);

        if (large * LARGE / (4 * SMALL) <= MOST / 2 &&
            large <= 5 * cost(s, SMALL, 1))
            return false;
    }
    return true;
}

/* The most that a size takes: what bounds the work may begin at any. */
static int64_t
worst_cost(const struct shape *s)
{
    int64_t worst = 0;

    for (size_t size = LARGE / 4; size <= LARGE; size += LARGE / 4) {
        int64_t took = cost(s, size, 1);

        if (took > MOST)
            took = cost(s, size, TRIES);
        worst = took > worst ? took : worst;
        if (took < MOST / 20) /* a square's sixteenth, at least */
            break;
    }
    return worst;
}

static void
copy(char to[80], const char *from)
{
    size_t n = strnlen(from, 79);

    memcpy(to, from, n);
    to[n] = '\0';
}

static void
keep(struct result *r, const struct shape *s, int64_t took)
{
    size_t i = WORST - 1;

    if (took <= r->worst[i].took)
        return;
    for (; i > 0 && r->worst[i - 1].took < took; i--)
        r->worst[i] = r->worst[i - 1];
    r->worst[i].took = took;
    copy(r->worst[i].head, s->head);
    copy(r->worst[i].first, s->first);
    copy(r->worst[i].second, s->second);
}

static void
try_shape(struct result *r, const struct shape *s)
{
    r->tried++;
    if (!grows(s))
        return;
    r->doubled++;
    int64_t took = worst_cost(s);
    r->failed += took > MOST;
    keep(r, s, took);
}

/* ---- All of them --------------------------------------------------------- */

/* Whether a unit is the least of its rotations, and no shorter one repeated. */
static bool
is_first(const char *unit, size_t n)
{
    for (size_t k = 1; k < n; k++) {
        size_t i = 0;

        while (i < n && unit[i] == unit[(i + k) % n])
            i++;
        if (i == n || (unsigned char)unit[i] > (unsigned char)unit[(i + k) % n])
            return false;
    }
    return true;
}

/* The number-th unit of n bytes; false after the last. */
static bool
unit_at(char *unit, size_t n, const char *of, uint64_t number)
{
    size_t letters = strlen(of);

    for (size_t i = 0; i < n; i++) {
        unit[i] = of[number % letters];
        number /= letters;
    }
    return number == 0;
}

static void
try_units(struct result *r, size_t n, uint64_t from, uint64_t step)
{
    char unit[LONGEST + 1] = { 0 };
    const struct shape shape = { "", unit, "" };

    for (uint64_t i = from; unit_at(unit, n, signs[n], i); i += step)
        if (is_first(unit, n))
            try_shape(r, &shape);
}

static void
try_heads(struct result *r, size_t n, uint64_t from, uint64_t step)
{
    char unit[LONGEST + 1] = { 0 };

    for (uint64_t i = from; unit_at(unit, n, signs[n], i); i += step)
        for (size_t h = 0; h < sizeof heads / sizeof *heads; h++)
            if (is_first(unit, n))
                try_shape(r, &(struct shape){ heads[h], unit, "" });
}

/* Two units of two bytes each: what the first opens, the second pays for. */
static void
try_halves(struct result *r, uint64_t from, uint64_t step)
{
    char units[5] = { 0 }, first[3] = { 0 };

    for (uint64_t i = from; unit_at(units, 4, signs[5], i); i += step) {
        memcpy(first, units, 2);
        try_shape(r, &(struct shape){ "", first, units + 2 });
    }
}

/* Each of the file, and whole: a process takes every step-th. */
static void
try_known(struct result *r, uint64_t from, uint64_t step)
{
    const char *srcdir = getenv("srcdir");
    void *mem = mem_context(NULL, "known");
    const struct shape *s =
        shapes_read(mem, mem_printf(mem, "%s/tests/data/pathological.txt",
                                    srcdir == NULL ? "." : srcdir));

    if (s == NULL)
        die("there is no tests/data/pathological.txt here");
    for (uint64_t i = 0; s[i].first != NULL; i++)
        if (i % step == from) {
            int64_t took = worst_cost(&s[i]);

            r->tried++;
            r->failed += took > MOST;
            keep(r, &s[i], took);
        }
    mem_free(mem);
}

static void
work(struct result *r, size_t least, size_t most, uint64_t from, uint64_t step)
{
    if (least == 1)
        try_known(r, from, step);
    for (size_t n = least; n <= most; n++)
        try_units(r, n, from, step);
    for (size_t n = least; n <= 3 && n <= most; n++)
        try_heads(r, n, from, step);
    if (least <= 4 && most >= 4)
        try_halves(r, from, step);
}

/* ---- The report ---------------------------------------------------------- */

static void
print_part(const char *s)
{
    putchar('\t');
    for (; *s != '\0'; s++)
        if (*s == '\n' || *s == '\t' || *s == '\\')
            printf("\\%c", *s == '\n' ? 'n' : *s == '\t' ? 't' : '\\');
        else if (*s < ' ' || *s == 0x7F)
            printf("\\x%02X", (unsigned char)*s);
        else
            putchar(*s);
}

/* As a line of pathological.txt, behind its times. */
static void
print_finding(const struct finding *f)
{
    const struct shape s = { f->head, f->first, f->second };

    printf("%7.1f ms:", (double)f->took / 1000);
    for (size_t size = LARGE / 8; size <= LARGE; size *= 2)
        printf(" %ld", (long)cost(&s, size, 1));
    print_part(f->head);
    print_part(f->first);
    print_part(f->second);
    printf("\n");
}

static void
add_up(struct result *sum, const struct result *r)
{
    sum->tried += r->tried;
    sum->doubled += r->doubled;
    sum->failed += r->failed;
    for (size_t i = 0; i < WORST; i++)
        keep(sum,
             &(struct shape){ r->worst[i].head, r->worst[i].first,
                              r->worst[i].second },
             r->worst[i].took);
}

int
main(int argc, char **argv)
{
    int most = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 6;
    int least = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1;
    int workers = processors_count();
    struct result sum = { 0 };
    struct result *each =
        mmap(NULL, (size_t)workers * sizeof *each, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (each == MAP_FAILED || least < 1 || most > 6)
        die("usage: markup [LENGTH [FROM]]");
    for (int i = 0; i < workers; i++)
        if (fork() == 0) {
            work(&each[i], (size_t)least, (size_t)most, (uint64_t)i,
                 (uint64_t)workers);
            _exit(0);
        }
    while (wait(NULL) > 0)
        continue;
    for (int i = 0; i < workers; i++)
        add_up(&sum, &each[i]);
    printf("%lu tried at more than 4 KB\n", (unsigned long)sum.doubled);
    for (size_t i = 0; i < WORST && sum.worst[i].took > 0; i++)
        print_finding(&sum.worst[i]);
    printf("%lu passed, %lu failed\n", (unsigned long)(sum.tried - sum.failed),
           (unsigned long)sum.failed);
    return sum.failed > 0;
}
