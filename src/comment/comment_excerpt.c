/*
 * comment_excerpt.c - the beginning of a comment in plain text, for who is told
 * of it.
 *
 * Whoever writes a comment makes it at once (comment_write.c).  Comments from
 * before there were excerpts, and those that SQL alone wrote, wait for the
 * batch program.
 */
#include "comment/comment_local.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/unicode.h"
#include "base/uuid.h"
#include "core/batch.h"
#include "core/db.h"
#include "markup/markup.h"

enum { MOST = 200 }; /* code points: comments_excerpt_length */
enum { ROWS = 128 }; /* at once: they are locked meanwhile */

const char *
comment_excerpt(const void *mem, const struct markup *text)
{
    return unicode_cut(mem, text->plain, MOST);
}

/* clang-format off */
static const char count_sql[] = SQL(SELECT count(*) FROM comment_excerpt_stale);

static const char read_sql[] = SQL(
    SELECT c.id, c.content
    FROM comment_excerpt_stale s JOIN comments c ON c.id = s.comment_id
    LIMIT $1 FOR NO KEY UPDATE OF s, c SKIP LOCKED
);

/* What was deleted is not said again. */
static const char write_sql[] = SQL(
    WITH v AS (
        SELECT id::uuid, excerpt
        FROM unnest($1::text[], $2::text[]) v(id, excerpt)
    ), made AS (
        UPDATE comments c SET excerpt = v.excerpt
        FROM v WHERE c.id = v.id AND c.deleted_at IS NULL
    )
    DELETE FROM comment_excerpt_stale s USING v WHERE s.comment_id = v.id
);
/* clang-format on */

static const struct problem *
make(struct db *db, void *mem, void *with)
{
    const char *ids[ROWS], *excerpts[ROWS];
    const int64_t most = ROWS;
    struct db_error error;
    const struct db_result *res =
        db_query(db, mem, read_sql, ARGS(ARG(most)), &error);
    size_t n = error.failed ? 0 : db_rows(res);

    *(int64_t *)with = (int64_t)n;
    if (n == 0)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        const struct uuid id = db_uuid(res, i, 0);
        const char *content = db_text(res, i, 1, NULL);
        char *name = mem_alloc(mem, UUID_TEXT);
        struct markup text;

        uuid_write(&id, name);
        ids[i] = name;
        markup_render(&text, mem, content, strlen(content));
        excerpts[i] = comment_excerpt(mem, &text);
    }
    const struct texts which = { ids, n }, made = { excerpts, n };
    (void)db_query(db, mem, write_sql, ARGS(ARG(which), ARG(made)), &error);
    return NULL;
}

static int64_t
make_excerpts(struct job *job, bool dry_run)
{
    struct db_error error;
    int64_t n = 0;

    if (dry_run)
        return batch_value(job, count_sql, NO_ARGS);
    if (db_transact(job->db, job->mem, make, &n, &error) != NULL) {
        log_error("comment-excerpt: %s", error.message);
        return -1;
    }
    job->more = n == ROWS;
    return n;
}

const struct batch comment_batches[] = {
    {
        .name = "comment-excerpt",
        .when = "*/10 * * * *",
        .about = "Make the beginnings of comments that wait since an upgrade "
                 "or were written by SQL.",
        .step = make_excerpts,
    },
    { 0 },
};
