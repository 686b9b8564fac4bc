/*
 * db_error.c - what went wrong, what it means, and whether to try again.
 */
#include "core/db_local.h"

#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"

enum { MOST_RETRIES = 3, FIRST_PAUSE = 5 * 1000 /* us */ };

static bool
state_is(const struct db_error *e, const char *sqlstate)
{
    return strcmp(e->sqlstate, sqlstate) == 0;
}

bool
db_outdated(const struct db_error *e)
{
    return state_is(e, "26000") ||
           (state_is(e, "0A000") &&
            text_same(e->message, "cached plan must not change result type"));
}

void
db_note(struct db *db, const struct db_error *e)
{
    if (!db->transaction || db->failure.failed)
        return;
    db->failure = *e;
    if (e->message != NULL)
        db->failure.message = mem_strdup(db->notes, e->message);
    if (e->constraint != NULL)
        db->failure.constraint = mem_strdup(db->notes, e->constraint);
}

void
db_fail(void *mem, struct db_error *e, const char *sqlstate,
        const char *message)
{
    *e = (struct db_error){
        .failed = true,
        .message = text_trim(mem, message),
    };
    memcpy(e->sqlstate, sqlstate, strnlen(sqlstate, sizeof e->sqlstate - 1));
}

const struct problem *
db_problem(const struct db_error *e)
{
    if (!e->failed)
        return NULL;
    /* No connection; insufficient resources; a server that is going down or
     * coming up; locks that others hold. */
    if (e->lost || text_starts(e->sqlstate, "53") ||
        text_starts(e->sqlstate, "57P") || state_is(e, "55P03") ||
        state_is(e, "40001") || state_is(e, "40P01"))
        return &problem_unavailable;
    return state_is(e, "57014") ? &problem_timeout : &problem_internal;
}

static void
pause_before(int try)
{
    int64_t most = (int64_t)FIRST_PAUSE << try;
    int64_t us = most / 2 + random_below((uint32_t)(most / 2));
    struct timespec t = { .tv_nsec = us * 1000 };

    (void)nanosleep(&t, NULL);
}

bool
db_may_retry(const struct db_error *e, int try)
{
    if (strcmp(e->sqlstate, "40001") != 0 && strcmp(e->sqlstate, "40P01") != 0)
        return false;
    if (try == MOST_RETRIES)
        return false;
    log_event(LOG_INFO, "tried again in the database",
              LOG_TEXT("sqlstate", e->sqlstate), LOG_TEXT("why", e->message),
              LOG_NUMBER("try", try + 1));
    pause_before(try);
    return true;
}
