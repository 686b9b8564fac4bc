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

#include "base/unicode.h"
#include "core/batch.h"
#include "core/db.h"
#include "markup/markup.h"

enum { MOST = 200 }; /* code points: comments_excerpt_length */

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

static void
make(void *mem, const struct db_result *res, size_t row, const char *ret[])
{
    const char *content = db_text(res, row, 1, NULL);
    struct markup text;

    markup_render(&text, mem, content, strlen(content));
    ret[0] = comment_excerpt(mem, &text);
}

static int64_t
make_excerpts(struct job *job, bool dry_run)
{
    static const struct batch_making making = {
        .name = "comment-excerpt",
        .count_sql = count_sql,
        .read_sql = read_sql,
        .write_sql = write_sql,
        .rows = BATCH_MADE,
        .texts = 1,
        .make = make,
    };

    return batch_make(job, dry_run, &making);
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
