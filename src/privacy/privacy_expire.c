/*
 * privacy_expire.c - the batch program data-exports: files go when their 7
 * days are over, or when nothing knows them.
 */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/batch.h"
#include "core/db.h"
#include "privacy/privacy_local.h"

/* An export that is not done after a day never will be. */
#define OVER                                                                   \
    SQL(FROM data_exports                                                      \
        WHERE state = 'ready' AND expires_at <= clock_now()                    \
            OR state IN ('queued', 'running')                                  \
            AND created_at < clock_now() - interval '1 day')

static const char count_sql[] = "SELECT count(*) " OVER;
static const char over_sql[] =
    "SELECT id, coalesce(path, '') " OVER "LIMIT 500";
static const char expired_sql[] = SQL(
    UPDATE data_exports SET path = NULL,
        state = CASE state WHEN 'ready' THEN 'expired' ELSE 'failed' END
            ::export_state,
        error = CASE WHEN state <> 'ready' THEN 'it was never done' END
    WHERE id = $1
);

static struct db_result *
query(struct job *job, const char *sql, const struct sql_arg *args)
{
    struct db_error error;
    struct db_result *res = db_query(job->db, job->mem, sql, args, &error);

    if (!error.failed)
        return res;
    log_error("%s: %s (%s)", job->kind, error.message, error.sqlstate);
    return NULL;
}

/* First the file: a row that is left is found again, a file is not. */
static int64_t
expire(struct job *job)
{
    const struct db_result *over = query(job, over_sql, NO_ARGS);
    int64_t done = 0;

    if (over == NULL)
        return -1;
    for (size_t i = 0; i < db_rows(over); i++) {
        const struct uuid id = db_uuid(over, i, 0);
        const char *name = db_text(over, i, 1, NULL);

        if (name[0] != '\0' && !privacy_unlink(job->app, job->mem, name))
            return -1;
        if (query(job, expired_sql, ARGS(ARG(id))) == NULL)
            return -1;
        done++;
    }
    return done;
}

/* ---- Files that nothing knows -------------------------------------------- */

static const char known_sql[] = SQL(
    SELECT EXISTS (SELECT FROM data_exports
        WHERE path = $1 OR path || '.part' = $1)
);

/* Ours, and older than any export takes to be written down. */
static bool
is_old(struct job *job, const char *name)
{
    struct stat st;
    int64_t age;

    if (name[0] == '.' || strstr(name, ".zip") == NULL ||
        lstat(privacy_path(job->app, job->mem, name), &st) != 0 ||
        !S_ISREG(st.st_mode))
        return false;
    age = clock_now() - clock_shift() + CLOCK_UNIX_OFFSET -
          (int64_t)st.st_mtime * CLOCK_SECOND;
    return age > CLOCK_DAY;
}

static void
sweep(struct job *job)
{
    DIR *dir = opendir(privacy_path(job->app, job->mem, "."));
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name;

        if (!is_old(job, name))
            continue;
        const struct db_result *known = query(job, known_sql, ARGS(ARG(name)));
        if (known == NULL || db_boolean(known, 0, 0))
            continue;
        log_warn("%s: no export has the file %s", job->kind, name);
        (void)privacy_unlink(job->app, job->mem, name);
    }
    if (dir != NULL)
        (void)closedir(dir);
}

int64_t
privacy_expire_exports(struct job *job, bool dry_run)
{
    int64_t sum = 0, done;

    if (dry_run)
        return batch_value(job, count_sql, NO_ARGS);
    do {
        done = expire(job);
        sum += done;
    } while (done == 500);
    if (done < 0)
        return -1;
    sweep(job);
    return sum;
}
