/* schema.c - see schema.h. */
#include "core/schema.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/crypto.h"
#include "core/db.h"
#include "core/sql_script.h"

static const size_t most_bytes = 16 << 20;
static const char outside_mark[] = "-- no-transaction";

/* ---- The files ---------------------------------------------------------- */

static const char *
checksum_of(void *mem, const char *sql)
{
    uint8_t hash[SHA256_SIZE];

    crypto_sha256(sql, strlen(sql), hash);
    return hex_encode(mem, hash, sizeof hash);
}

/* "0002-accounts.sql" is version 2; anything else but dot files is a fault. */
static bool
read_step(void *mem, const char *directory, const char *file,
          struct schema_step *ret_step, struct text *faults)
{
    char *name = mem_strdup(mem, file);
    size_t n = strlen(name);
    const char *path = mem_printf(mem, "%s/migrations/%s", directory, file);

    if (n < 10 || strspn(name, "0123456789") != 4 || name[4] != '-' ||
        strcmp(name + n - 4, ".sql") != 0) {
        text_addf(faults, "%s: not named NNNN-name.sql\n", path);
        return false;
    }
    name[n - 4] = '\0';
    name[4] = '\0';
    const char *sql = file_read(mem, path, most_bytes, NULL);
    if (sql == NULL) {
        text_addf(faults, "%s: %s\n", path, strerror(errno));
        return false;
    }
    *ret_step = (struct schema_step){
        .name = name + 5,
        .sql = sql,
        .checksum = checksum_of(mem, sql),
        .outside = text_starts(sql, outside_mark),
    };
    return text_to_int(name, &ret_step->version) && ret_step->version > 0;
}

static int
is_sql(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* All feature files, one after the other, as step 0. */
static bool
read_features(void *mem, const char *directory, struct schema_step *ret_step,
              struct text *faults)
{
    const char *list_path = mem_printf(mem, "%s/features.list", directory);
    char *list = file_read(mem, list_path, most_bytes, NULL);
    struct text *all = text_new(mem);

    if (list == NULL) {
        text_addf(faults, "%s: %s\n", list_path, strerror(errno));
        return false;
    }
    for (char *line = list; line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');

        if (end != NULL)
            *end++ = '\0';
        if (*line != '#' && *line != '\0') {
            const char *path = mem_printf(mem, "%s/%s", directory, line);
            const char *sql = file_read(mem, path, most_bytes, NULL);

            if (sql == NULL) {
                text_addf(faults, "%s: %s\n", path, strerror(errno));
                return false;
            }
            text_adds(all, sql);
        }
        line = end;
    }
    *ret_step = (struct schema_step){
        .name = "features",
        .sql = all->at,
        .checksum = checksum_of(mem, all->at),
    };
    return true;
}

static bool
read_files(void *mem, const char *directory, struct schema *s,
           struct text *faults)
{
    struct dirent **entries;
    const char *path = mem_printf(mem, "%s/migrations", directory);
    int n = scandir(path, &entries, is_sql, alphasort);
    bool fine = n > 0;

    if (n <= 0) {
        text_addf(faults, "%s: %s\n", path,
                  n < 0 ? strerror(errno) : "no migrations");
        return false;
    }
    s->steps = mem_array(mem, struct schema_step, (size_t)n + 1);
    for (int i = 0; i < n; i++) {
        fine = fine && read_step(mem, directory, entries[i]->d_name,
                                 &s->steps[s->n], faults);
        if (fine && s->n > 0 &&
            s->steps[s->n].version <= s->steps[s->n - 1].version) {
            text_addf(faults, "%s: two files of version %lld\n", path,
                      (long long)s->steps[s->n].version);
            fine = false;
        }
        s->n += fine;
        free(entries[i]);
    }
    free(entries);
    return fine && read_features(mem, directory, &s->steps[s->n++], faults);
}

/* ---- What is applied ---------------------------------------------------- */

static const char exists_sql[] =
    SQL(SELECT to_regclass('public.schema_migrations') IS NOT NULL);
static const char applied_sql[] =
    SQL(
    SELECT version::bigint, name, checksum FROM schema_migrations
    ORDER BY version
);

static struct schema_step *
step_of(struct schema *s, int64_t version)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->steps[i].version == version)
            return &s->steps[i];
    return NULL;
}

static bool
mark_applied(struct schema *s, const struct db_result *res, size_t row,
             struct text *faults)
{
    int64_t version = db_integer(res, row, 0);
    struct schema_step *step = step_of(s, version);

    if (step == NULL) {
        text_addf(faults,
                  "the database has migration %04lld-%s, which these files "
                  "lack: it is newer than this program\n",
                  (long long)version, db_text(res, row, 1, NULL));
        return false;
    }
    step->applied = strcmp(step->checksum, db_text(res, row, 2, NULL)) == 0;
    if (step->applied || version == 0)
        return true;
    text_addf(faults, "migration %04lld-%s was changed after it was applied\n",
              (long long)version, step->name);
    return false;
}

static bool
ask_database(void *mem, struct db *db, struct schema *s, struct text *faults)
{
    struct db_error error;
    bool fine = true;
    struct db_result *res = db_query(db, mem, exists_sql, NO_ARGS, &error);

    if (!error.failed && !db_boolean(res, 0, 0))
        return true;
    if (!error.failed)
        res = db_query(db, mem, applied_sql, NO_ARGS, &error);
    if (error.failed) {
        text_addf(faults, "the database: %s\n", error.message);
        return false;
    }
    for (size_t row = 0; row < db_rows(res); row++)
        fine = mark_applied(s, res, row, faults) && fine;
    return fine;
}

bool
schema_read(void *mem, const char *directory, struct db *db,
            struct schema *ret_schema, struct text *faults)
{
    struct schema s = { 0 };

    if (!read_files(mem, directory, &s, faults) ||
        !ask_database(mem, db, &s, faults))
        return false;
    *ret_schema = s;
    return true;
}

size_t
schema_pending(const struct schema *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        n += !s->steps[i].applied;
    return n;
}

/* ---- Applying ----------------------------------------------------------- */

static const char prepare_sql[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    " version int PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,"
    " applied_at timestamptz NOT NULL DEFAULT now(),"
    " duration_ms bigint NOT NULL);"
    "SET statement_timeout = 0; SET lock_timeout = '5s'";
static const char lock_sql[] = SQL(SELECT 1 FROM pg_advisory_lock(7714));
static const char unlock_sql[] = SQL(SELECT 1 FROM pg_advisory_unlock(7714));
static const char note_sql[] = SQL(
    INSERT INTO schema_migrations (version, name, checksum, duration_ms)
    VALUES ($1::int, $2, $3, $4)
    ON CONFLICT (version) DO UPDATE SET checksum = excluded.checksum,
        applied_at = now(), duration_ms = excluded.duration_ms
);

/* Sent together, statements would be one transaction. */
static bool
run_each(void *mem, const char *sql, struct db *db, struct db_error *ret_error)
{
    struct sql_statement s;

    for (const char *begin = sql; sql_statement_next(mem, &sql, &s);
         begin = sql) {
        const char *one = mem_strndup(mem, begin, (size_t)(sql - begin));

        if (!db_script(db, mem, one, ret_error))
            return false;
    }
    return true;
}

static bool
apply_step(void *mem, struct schema_step *step, struct db *db,
           struct db_error *ret_error)
{
    int64_t start = clock_steady(), ms;

    if (!step->outside && !db_begin(db, ret_error))
        return false;
    bool done = step->outside ? run_each(mem, step->sql, db, ret_error)
                              : db_script(db, mem, step->sql, ret_error);
    if (!done) {
        if (!step->outside)
            db_rollback(db);
        return false;
    }
    ms = (clock_steady() - start) / 1000;
    (void)db_query(
        db, mem, note_sql,
        ARGS(ARG(step->version), ARG(step->name), ARG(step->checksum), ARG(ms)),
        ret_error);
    step->applied = !ret_error->failed;
    if (step->outside)
        return step->applied;
    if (!step->applied) {
        db_rollback(db);
        return false;
    }
    return db_commit(db, ret_error);
}

static bool
apply_pending(void *mem, struct schema *s, struct db *db,
              void (*done)(const struct schema_step *step, int64_t us),
              struct db_error *ret_error, struct text *faults)
{
    for (size_t i = 0; i < s->n; i++) {
        int64_t start = clock_steady();

        if (s->steps[i].applied)
            continue;
        if (!apply_step(mem, &s->steps[i], db, ret_error)) {
            text_addf(faults, "%04lld-%s: %s\n", (long long)s->steps[i].version,
                      s->steps[i].name, ret_error->message);
            return false;
        }
        if (done != NULL)
            done(&s->steps[i], clock_steady() - start);
    }
    return true;
}

bool
schema_apply(void *mem, struct schema *s, struct db *db,
             void (*done)(const struct schema_step *step, int64_t us),
             struct text *faults)
{
    struct db_error error = { 0 };
    bool fine;

    if (!db_script(db, mem, prepare_sql, &error)) {
        text_addf(faults, "%s\n", error.message);
        return false;
    }
    (void)db_query(db, mem, lock_sql, NO_ARGS, &error);
    fine = !error.failed && ask_database(mem, db, s, faults) &&
           apply_pending(mem, s, db, done, &error, faults);
    if (error.failed && faults->len == 0)
        text_addf(faults, "%s\n", error.message);
    (void)db_query(db, mem, unlock_sql, NO_ARGS, &error);
    return fine;
}
