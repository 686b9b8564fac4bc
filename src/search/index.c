/*
 * index.c - makes what searches read of posts that wait for it.
 *
 * Whoever writes a post makes its vector at once (post_write.c).  What is
 * changed by SQL alone, and all posts when the rules of src/lexeme change,
 * wait in post_search_stale.
 */
#include "search/search_local.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/batch.h"
#include "lexeme/lexeme.h"

enum { ROWS = 64 }; /* at once: their posts are locked meanwhile */

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

static const char *
vector_of(void *mem, const struct db_result *res, size_t row)
{
    const struct texts tags = db_texts(mem, res, row, 3);
    const struct lexeme_document d = {
        .title = db_text(res, row, 2, NULL),
        .tags = tags.at,
        .n_tags = tags.n,
        .excerpt = db_text(res, row, 4, NULL),
        .content = db_text(res, row, 5, NULL),
    };

    return lexeme_vector(mem, &d);
}

static const struct problem *
make(struct db *db, void *mem, void *with)
{
    const char *ids[ROWS], *vectors[ROWS], *versions[ROWS];
    const int64_t most = ROWS;
    struct db_error error;
    const struct db_result *res =
        db_query(db, mem, read_sql, ARGS(ARG(most)), &error);
    size_t n = error.failed ? 0 : db_rows(res);

    *(int64_t *)with = (int64_t)n;
    if (n == 0)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        char *id = mem_alloc(mem, UUID_TEXT);
        const struct uuid post = db_uuid(res, i, 0);

        uuid_write(&post, id);
        ids[i] = id;
        versions[i] = mem_printf(mem, "%lld", (long long)db_integer(res, i, 1));
        vectors[i] = vector_of(mem, res, i);
    }
    const struct texts p = { ids, n }, v = { vectors, n }, of = { versions, n };
    (void)db_query(db, mem, write_sql, ARGS(ARG(p), ARG(v), ARG(of)), &error);
    return NULL;
}

int64_t
search_index_some(struct db *db, void *mem)
{
    struct db_error error;
    int64_t n = 0;

    if (db_transact(db, mem, make, &n, &error) == NULL)
        return n;
    log_error("search-index: %s", error.message);
    return -1;
}

static int64_t
index_stale(struct job *job, bool dry_run)
{
    if (dry_run)
        return batch_value(job, stale_sql, NO_ARGS);
    int64_t n = search_index_some(job->db, job->mem);

    job->more = n == ROWS;
    return n;
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
