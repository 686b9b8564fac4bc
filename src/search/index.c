/*
 * index.c - makes what searches read of posts that wait for it.
 *
 * Whoever writes a post makes its vector at once (post_write.c).  What is
 * changed by SQL alone, and all posts when the rules of src/lexeme change,
 * wait in post_search_stale.
 */
#include "search/search_local.h"

#include "base/mem.h"
#include "core/app.h"
#include "core/batch.h"
#include "lexeme/lexeme.h"

static const char stale_sql[] = SQL(SELECT count(*) FROM post_search_stale);

static const char read_sql[] =
    SQL(
    SELECT p.id, p.version::bigint, p.title, p.tags,
        CASE WHEN NOT c.excerpt_made THEN p.excerpt END, c.content
    FROM post_search_stale s
    JOIN posts p ON p.id = s.post_id
    JOIN post_contents c ON c.post_id = s.post_id
    LIMIT $1 FOR NO KEY UPDATE OF s, p SKIP LOCKED
);

static const char write_sql[] = SQL(
    WITH v AS (
        SELECT id::uuid, vector::tsvector, version::int
        FROM unnest($1::text[], $2::text[], $3::text[]) v(id, vector, version)
    ), made AS (
        UPDATE post_contents c SET search = v.vector, search_of = v.version
        FROM v WHERE c.post_id = v.id
    )
    DELETE FROM post_search_stale s USING v WHERE s.post_id = v.id
);

/* The vector, and of which version of the post it is. */
static void
make(void *mem, const struct db_result *res, size_t row, const char *ret[])
{
    const struct texts tags = db_texts(mem, res, row, 3);
    const struct lexeme_document d = {
        .title = db_text(res, row, 2, NULL),
        .tags = tags.at,
        .n_tags = tags.n,
        .excerpt = db_text(res, row, 4, NULL),
        .content = db_text(res, row, 5, NULL),
    };

    ret[0] = lexeme_vector(mem, &d);
    ret[1] = mem_printf(mem, "%lld", (long long)db_integer(res, row, 1));
}

static const struct batch_making making = {
    .name = "search-index",
    .count_sql = stale_sql,
    .read_sql = read_sql,
    .write_sql = write_sql,
    .rows = 64,
    .texts = 2,
    .make = make,
};

int64_t
search_index_some(struct db *db, void *mem)
{
    return batch_make_some(db, mem, &making);
}

static int64_t
index_stale(struct job *job, bool dry_run)
{
    return batch_make(job, dry_run, &making);
}

const struct batch search_batches[] = {
    {
        .name = "search-index",
        .when = "* * * * *",
        .about = "Make what searches read of posts that were changed by SQL "
                 "or wait since an upgrade.",
        .step = index_stale,
    },
    { 0 },
};
