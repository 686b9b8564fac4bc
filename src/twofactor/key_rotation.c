/*
 * key_rotation.c - the batch key-rotation: what is sealed under an old key is
 * sealed anew under the first, a chunk to a transaction, so that old keys can
 * be dropped (sparklectl keys).
 *
 * A kind of sealed value is a row of `sealed` below.  A value is replaced only
 * while it is what was read.  Values whose key is not in the ring are left
 * alone and told of by `sparklectl keys list`; damaged ones are logged.
 */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/batch.h"
#include "core/crypto.h"
#include "core/db.h"
#include "twofactor/twofactor_local.h"

enum { CHUNK = 500 };

/*
 * read_sql: $1 the kids to be replaced, $2 how many, $3 the id to go on after
 * (NULL: none); rows of id and value.  write_sql: $1 id, $2 the value as read,
 * $3 anew, $4 its kid.  The id is what the value is bound to.
 */
struct sealed {
    const char *name, *count_sql, *read_sql, *write_sql;
};

/* clang-format off */
static const char count_secrets_sql[] = SQL(
    SELECT count(*) FROM two_factor WHERE kid = ANY ($1)
);
static const char read_secrets_sql[] = SQL(
    SELECT user_id, secret FROM two_factor
    WHERE kid = ANY ($1) AND ($3::uuid IS NULL OR user_id > $3)
    ORDER BY user_id LIMIT $2
);
static const char write_secret_sql[] = SQL(
    UPDATE two_factor SET secret = $3, kid = $4
    WHERE user_id = $1 AND secret = $2
);
static const char count_phones_sql[] = SQL(
    SELECT count(*) FROM phones WHERE kid = ANY ($1)
);
static const char read_phones_sql[] = SQL(
    SELECT user_id, number FROM phones
    WHERE kid = ANY ($1) AND ($3::uuid IS NULL OR user_id > $3)
    ORDER BY user_id LIMIT $2
);
static const char write_phone_sql[] = SQL(
    UPDATE phones SET number = $3, kid = $4
    WHERE user_id = $1 AND number = $2
);
/* clang-format on */

static const struct sealed sealed[] = {
    {
        .name = "two-factor secrets",
        .count_sql = count_secrets_sql,
        .read_sql = read_secrets_sql,
        .write_sql = write_secret_sql,
    },
    {
        .name = "telephone numbers",
        .count_sql = count_phones_sql,
        .read_sql = read_phones_sql,
        .write_sql = write_phone_sql,
    },
    { 0 },
};

/* What a step works with. */
struct rotation {
    struct job *job;
    const struct keyring *ring;
    struct texts old; /* the ids of all keys but the first */
    int64_t damaged;
};

static struct texts
old_kids(void *mem, const struct keyring *ring)
{
    const char **kids = mem_array(mem, const char *, ring->n);

    for (size_t i = 1; i < ring->n; i++)
        kids[i - 1] = ring->keys[i].id;
    return (struct texts){ kids, ring->n - 1 };
}

static struct db_result *
ask(struct job *job, const char *sql, const struct sql_arg *args)
{
    struct db_error error;
    struct db_result *res = db_query(job->db, job->mem, sql, args, &error);

    if (!error.failed)
        return res;
    log_error("%s: %s", job->kind, error.message);
    return NULL;
}

/* One value; false where the database failed. */
static bool
seal_anew(struct rotation *x, const struct sealed *kind,
          const struct db_result *rows, size_t i)
{
    struct job *job = x->job;
    const struct uuid id = db_uuid(rows, i, 0);
    const struct bytes about = { id.octet, sizeof id.octet };
    const struct bytes was = db_bytes(rows, i, 1);
    const struct bytes plain = crypto_open(job->mem, x->ring, was, about, NULL);
    const char *kid = x->ring->keys[0].id;
    char text[UUID_TEXT];

    if (plain.at == NULL) {
        uuid_write(&id, text);
        log_event(LOG_ERROR, "a sealed value is damaged",
                  LOG_TEXT("kind", kind->name), LOG_TEXT("id", text));
        x->damaged++;
        return true;
    }
    const struct bytes anew = crypto_seal(job->mem, x->ring, plain, about);
    return ask(job, kind->write_sql,
               ARGS(ARG(id), ARG(was), ARG(anew), ARG(kid))) != NULL;
}

/* The next values of a kind after an id, in one transaction; how many were
 * read, or -1 where the database failed. */
static int64_t
do_chunk(struct rotation *x, const struct sealed *kind, struct uuid *after)
{
    const int64_t most = CHUNK;
    struct db_error error;
    bool fine = true;

    if (!db_begin(x->job->db, &error)) {
        log_error("%s: %s", x->job->kind, error.message);
        return -1;
    }
    const struct db_result *rows =
        ask(x->job, kind->read_sql, ARGS(ARG(x->old), ARG(most), ARG(*after)));
    size_t n = rows == NULL ? 0 : db_rows(rows);
    for (size_t i = 0; fine && i < n; i++)
        fine = seal_anew(x, kind, rows, i);
    if (rows == NULL || !fine) {
        db_rollback(x->job->db);
        return -1;
    }
    if (n > 0)
        *after = db_uuid(rows, n - 1, 0);
    if (db_commit(x->job->db, &error))
        return (int64_t)n;
    log_error("%s: %s", x->job->kind, error.message);
    return -1;
}

/* Chunk by chunk, until there is no more or the step is full. */
static int64_t
do_kind(struct rotation *x, const struct sealed *kind, int64_t most)
{
    struct uuid after = { { 0 } };
    int64_t done = 0, n;

    do {
        n = do_chunk(x, kind, &after);
        done += n;
    } while (n == CHUNK && done < most);
    return n < 0 ? -1 : done;
}

static int64_t
count_all(struct rotation *x)
{
    int64_t sum = 0;

    for (const struct sealed *kind = sealed; kind->name != NULL; kind++) {
        const struct db_result *n =
            ask(x->job, kind->count_sql, ARGS(ARG(x->old)));

        if (n == NULL)
            return -1;
        sum += db_integer(n, 0, 0);
    }
    return sum;
}

/* Of all kinds; damaged values, which come again with each step, must neither
 * keep the run going nor count as success. */
static int64_t
do_some(struct rotation *x)
{
    int64_t done = 0;

    for (const struct sealed *kind = sealed; kind->name != NULL; kind++) {
        int64_t n = do_kind(x, kind, BATCH_ROWS - done);

        if (n < 0)
            return -1;
        done += n;
    }
    if (x->damaged > 0 && (done < BATCH_ROWS || x->damaged == done))
        return -1;
    return done;
}

int64_t
key_rotation_step(struct job *job, bool dry_run)
{
    const struct auth_settings *auth =
        SETTINGS_OF(job->app, &auth_section, struct auth_settings);
    struct rotation x = {
        .job = job,
        .ring = keyring_of(job->mem, auth->encryption_key, "encryption_key"),
    };

    x.old = old_kids(job->mem, x.ring);
    if (x.old.n == 0)
        return 0;
    return dry_run ? count_all(&x) : do_some(&x);
}
