/*
 * sparkle-batch.c - the periodic programs, started by cron or a timer; see
 * core/batch.h.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/batch.h"
#include "core/cache.h"
#include "core/db.h"
#include "prog/ctl.h"
#include "prog/jobs_settings.h"
#include "prog/site_user.h"

/* The command line. */
struct words {
    const char *config, *name, *which, *lock_dir;
    bool dry_run, repair, scheduled, list, help, version;
};

static void
usage(FILE *to)
{
    (void)fputs(
        "usage: sparkle-batch [--config FILE] [--dry-run] [--repair] "
        "[--scheduled]\n"
        "                     NAME [WHICH]\n"
        "       sparkle-batch --list\n\n"
        "  --config FILE    instead of " SPARKLE_SYSCONFDIR "/sparkle.conf\n"
        "  --dry-run        say what would be done, and change nothing\n"
        "  --repair         audits, trending-decay: put right what is "
        "wrong\n"
        "  --scheduled      as cron and timers start it: silent when well, "
        "and it\n"
        "                   repairs where --list says so\n"
        "  --lock-dir DIR   where the lock files are (beside sparkle-jobs' "
        "pid\n"
        "                   file, or /tmp)\n"
        "  --list           the programs, and when they should run\n\n"
        "NAME WHICH is NAME-WHICH: leaderboard-reset daily.\n"
        "Exit status: 0 done; 1 failed, or something is wrong; 2 wrong usage;\n"
        "3 another run of the same program is going on.\n",
        to);
}

static void
print_batch(const struct batch *b)
{
    const char *repairs = batch_repair_words(b);

    (void)printf("%-24s %-14s %s%s%s\n", b->name, b->when, b->about,
                 repairs != NULL ? " By itself it " : "",
                 repairs != NULL ? repairs : "");
}

static void
list(void)
{
    for (size_t i = 0; all_features[i] != NULL; i++) {
        const struct batch *b = all_features[i]->batches;

        for (; b != NULL && b->name != NULL; b++)
            print_batch(b);
    }
}

/* False for a word that means nothing. */
static bool
read_word(struct words *w, char **argv, int *i)
{
    const char *word = argv[*i];

    if (strcmp(word, "--dry-run") == 0)
        w->dry_run = true;
    else if (strcmp(word, "--repair") == 0)
        w->repair = true;
    else if (strcmp(word, "--scheduled") == 0)
        w->scheduled = true;
    else if (strcmp(word, "--list") == 0)
        w->list = true;
    else if (strcmp(word, "--help") == 0)
        w->help = true;
    else if (strcmp(word, "--version") == 0)
        w->version = true;
    else if (strcmp(word, "--config") == 0 && argv[*i + 1] != NULL)
        w->config = argv[++*i];
    else if (strcmp(word, "--lock-dir") == 0 && argv[*i + 1] != NULL)
        w->lock_dir = argv[++*i];
    else if (word[0] != '-' && w->name == NULL)
        w->name = word;
    else if (word[0] != '-' && w->which == NULL)
        w->which = word;
    else
        return false;
    return true;
}

/* Beside the pid file of sparkle-jobs, where only our user writes. */
static const char *
lock_dir(void *mem, const struct words *w, const struct config *config)
{
    const struct master_settings *master =
        config_section(config, &jobs_master_section);
    const char *slash =
        master->pid_file == NULL ? NULL : strrchr(master->pid_file, '/');

    if (w->lock_dir != NULL)
        return w->lock_dir;
    if (slash == NULL)
        return "/tmp";
    return mem_strndup(mem, master->pid_file,
                       (size_t)(slash - master->pid_file));
}

/* Statements of a batch take longer than those of a request. */
static const struct db_settings *
patient(void *mem, const struct config *config)
{
    struct db_settings *settings = mem_new(mem, struct db_settings);

    *settings =
        *(const struct db_settings *)config_section(config, &db_section);
    settings->timeout = CLOCK_HOUR;
    return settings;
}

static enum batch_exit
run(const struct words *w, const struct batch *batch)
{
    void *mem = mem_context(NULL, "sparkle-batch");
    struct text *faults = text_new(mem);
    struct batch_options options = {
        .dry_run = w->dry_run,
        .repair = w->repair ||
                  (w->scheduled && batch->repairs == BATCH_REPAIRS_SCHEDULED),
        .scheduled = w->scheduled,
        .progress = !w->scheduled && isatty(STDERR_FILENO) != 0,
    };
    struct app app = {
        .features = all_features,
        .config = config_read(mem, w->config, all_sections(), faults),
    };

    if (app.config == NULL) {
        (void)fputs(faults->at, stderr);
        return BATCH_FAILED;
    }
    site_user_become(app.config);
    options.lock_dir = lock_dir(mem, w, app.config);
    if (app_site(&app)->clock_file != NULL)
        clock_shift_by(app_site(&app)->clock_file);
    app.db = db_new(mem, patient(mem, app.config), NULL);
    app.cache = cache_new(mem, config_section(app.config, &cache_section));
    enum batch_exit code = batch_run(&app, batch, &options);
    mem_free(mem);
    return code;
}

/* "leaderboard-reset daily" is leaderboard-reset-daily. */
static const struct batch *
find(const struct words *w)
{
    char name[80];

    if (w->name == NULL)
        return NULL;
    (void)snprintf(name, sizeof name, "%s%s%s", w->name,
                   w->which != NULL ? "-" : "",
                   w->which != NULL ? w->which : "");
    return batch_named(all_features, name);
}

/* Says which program was meant, up to two letters away; false: none. */
static bool
suggest(const char *name)
{
    const char *best = NULL;
    unsigned int least = 3;

    for (size_t i = 0; all_features[i] != NULL; i++)
        for (const struct batch *b = all_features[i]->batches;
             b != NULL && b->name != NULL; b++)
            if (text_distance(name, b->name) < least) {
                least = text_distance(name, b->name);
                best = b->name;
            }
    if (best != NULL)
        (void)fprintf(stderr,
                      "sparkle-batch: there is no program %s; did you mean "
                      "%s?\n",
                      name, best);
    return best != NULL;
}

int
main(int argc, char **argv)
{
    struct words w = { .config = SPARKLE_SYSCONFDIR "/sparkle.conf" };

    log_program("sparkle-batch");
    log_plain(isatty(STDERR_FILENO) != 0);
    for (int i = 1; i < argc; i++)
        if (!read_word(&w, argv, &i)) {
            usage(stderr);
            return BATCH_USAGE;
        }
    if (w.help)
        usage(stdout);
    else if (w.list)
        list();
    else if (w.version)
        (void)puts("sparkle-batch " PACKAGE_VERSION);
    if (w.help || w.list || w.version)
        return 0;

    /* cron mails whatever is said; the journal keeps it. */
    if (w.scheduled && !log_in_journal())
        log_threshold(LOG_WARN);
    const struct batch *batch = find(&w);
    if (batch == NULL && w.name != NULL && w.which == NULL && suggest(w.name))
        return BATCH_USAGE;
    if (batch == NULL || (w.repair && !batch->repairs)) {
        usage(stderr);
        return BATCH_USAGE;
    }
    return (int)run(&w, batch);
}
