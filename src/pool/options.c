/* options.c - the command line of a program with pools. */
#include <getopt.h>
#include <stdio.h>

#include "pool/pool_local.h"

/* The rows of --help, and of getopt_long. */
static const struct {
    char letter;
    const char *name, *argument, *about;
} rows[] = {
    { 'c', "config", "FILE", "read FILE, then conf.d/*.conf beside it" },
    { 't', "test-config", NULL, "say what is wrong with it, and end" },
    { 'F', "foreground", NULL, "stay in the foreground (as without it)" },
    { 'D', "daemonize", NULL, "go to the background once it serves" },
    { 'V', "version", NULL, "print the version, and end" },
    { 'h', "help", NULL, "print this, and end" },
};
#define ROWS (sizeof rows / sizeof *rows)

static void
print_help(const struct program *p, FILE *to)
{
    (void)fprintf(to, "usage: %s [OPTION]...\n%s\n\n", p->name, p->about);
    for (size_t i = 0; i < ROWS; i++) {
        int width = fprintf(to, "  -%c, --%s%s%s", rows[i].letter, rows[i].name,
                            rows[i].argument == NULL ? "" : " ",
                            rows[i].argument == NULL ? "" : rows[i].argument);
        (void)fprintf(to, "%*s%s\n", 26 - width, "", rows[i].about);
    }
    if (p->config != NULL)
        (void)fprintf(to, "\nWithout --config it reads %s.\n", p->config);
    (void)fprintf(to, "Signals: TERM stops it, HUP reloads it and its "
                      "configuration, USR1 reopens the logs.\n");
}

static void
fill_getopt(struct option *options, char *letters)
{
    for (size_t i = 0; i < ROWS; i++) {
        int argument =
            rows[i].argument == NULL ? no_argument : required_argument;

        options[i] =
            (struct option){ rows[i].name, argument, NULL, rows[i].letter };
        *letters++ = rows[i].letter;
        if (rows[i].argument != NULL)
            *letters++ = ':';
    }
    options[ROWS] = (struct option){ 0 };
    *letters = '\0';
}

static void
take(struct options *o, int letter)
{
    switch (letter) {
    case 'c':
        o->config = optarg;
        break;
    case 't':
        o->test_only = true;
        break;
    case 'F':
        o->daemonize = false;
        break;
    case 'D':
        o->daemonize = true;
        break;
    case 'V':
        o->version = true;
        break;
    default:
        o->help = true;
        break;
    }
}

bool
options_read(const struct program *p, int argc, char **argv,
             struct options *ret, int *ret_status)
{
    struct option options[ROWS + 1];
    char letters[2 * ROWS + 1];
    int letter;
    bool good = true;

    fill_getopt(options, letters);
    *ret = (struct options){ .config = p->config };
    optind = 1;
    while ((letter = getopt_long(argc, argv, letters, options, NULL)) != -1) {
        good = good && letter != '?';
        take(ret, letter);
    }
    good = good && optind == argc;
    *ret_status = good ? 0 : 2;
    if (!good || ret->help)
        print_help(p, good ? stdout : stderr);
    else if (ret->version)
        (void)printf("%s %s\n", p->name, p->version);
    return good && !ret->help && !ret->version;
}
