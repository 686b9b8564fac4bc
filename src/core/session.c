/*
 * session.c - see session.h.  What PostgreSQL does is in sql/session.sql, the
 * copies in Redis are in session_copy.c.
 */
#include "core/session.h"

#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/app.h"
#include "core/db.h"
#include "core/fingerprint.h"
#include "core/session_local.h"

/* ---- The cookie --------------------------------------------------------- */

static void
set_cookie(struct request *r, const char *token, int64_t seconds)
{
    answer_header(r, "Set-Cookie",
                  mem_printf(r->mem,
                             "__Host-session=%s; Path=/; Max-Age=%lld; "
                             "Secure; HttpOnly; SameSite=Lax",
                             token, (long long)seconds));
}

void
session_token_new(void *mem, struct session_token *ret)
{
    ret->text = crypto_token(mem, "sess_", 32);
    crypto_sha256(ret->text, strlen(ret->text), ret->hash);
    random_bytes(ret->csrf, sizeof ret->csrf);
}

/* ---- What PostgreSQL knows ----------------------------------------------- */

#define SESSION_COLUMNS                                                        \
    SQL(id, user_id, username, image, role, csrf_secret, active, expires_at,   \
        reauthenticated_at, state, fresh_until, one_hash, other_hash,\
        fingerprint)

enum {
    COLUMN_ID,
    COLUMN_USER,
    COLUMN_USERNAME,
    COLUMN_IMAGE,
    COLUMN_ROLE,
    COLUMN_CSRF,
    COLUMN_ACTIVE,
    COLUMN_EXPIRES,
    COLUMN_AUTHENTICATED,
    COLUMN_STATE,
    COLUMN_FRESH,
    COLUMN_ONE,
    COLUMN_OTHER,
    COLUMN_FINGERPRINT,
};

static struct session *
session_of_row(struct request *r, const struct db_result *row)
{
    struct session *s = mem_new(r->mem, struct session);
    struct bytes secret = db_bytes(row, 0, COLUMN_CSRF);

    s->id = db_uuid(row, 0, COLUMN_ID);
    s->user = db_uuid(row, 0, COLUMN_USER);
    s->username = db_text(row, 0, COLUMN_USERNAME, NULL);
    s->image = db_null(row, 0, COLUMN_IMAGE)
                   ? NULL
                   : db_text(row, 0, COLUMN_IMAGE, NULL);
    s->role = (enum role)db_integer(row, 0, COLUMN_ROLE);
    s->csrf = base64url_encode(r->mem, secret.at, secret.len);
    s->active = db_boolean(row, 0, COLUMN_ACTIVE);
    s->expires = db_time(row, 0, COLUMN_EXPIRES);
    s->authenticated = db_time(row, 0, COLUMN_AUTHENTICATED);
    s->fresh_until = db_time(row, 0, COLUMN_FRESH);
    if (!db_null(row, 0, COLUMN_FINGERPRINT))
        s->fingerprint = db_bytes(row, 0, COLUMN_FINGERPRINT);
    s->copied = r->now; /* before the statement saw anything */
    return s;
}

static const char *
address_of(const struct request *r)
{
    return r->ip != NULL && r->ip[0] != '\0' ? r->ip : NULL;
}

/* ---- Use ----------------------------------------------------------------- */

static const char use_sql[] =
    "SELECT " SESSION_COLUMNS SQL(FROM session_use($1, $2, $3::text::inet, $4));

/* What follows from what session_use() found; by its word for it. */
struct finding {
    const char *state;
    bool copy, new_token, mark, over;
};
static const struct finding findings[] = {
    { .state = "live", .copy = true },
    { .state = "rotated", .copy = true, .new_token = true },
    { .state = "seen", .copy = true, .mark = true },
    { .state = "late" },
    { .state = "theft", .mark = true, .over = true },
    { 0 },
};

static const struct finding *
finding_of(const struct db_result *row)
{
    const char *state = db_text(row, 0, COLUMN_STATE, NULL);
    const struct finding *f = findings;

    while (f->state != NULL && strcmp(f->state, state) != 0)
        f++;
    return f;
}

static void
mark_found(struct request *r, const struct db_result *row, const char *mark)
{
    struct bytes hashes[2];
    size_t n = 0;

    for (size_t column = COLUMN_ONE; column <= COLUMN_OTHER; column++)
        if (!db_null(row, 0, column))
            hashes[n++] = db_bytes(row, 0, column);
    (void)session_mark(r->app, r->mem, hashes, n, mark);
}

struct session *
session_restore(struct request *r, const uint8_t hash[SHA256_SIZE],
                const struct problem **ret_problem)
{
    struct session_token next;
    const struct bytes key = { hash, SHA256_SIZE };
    const struct bytes fresh = { next.hash, SHA256_SIZE };
    const struct bytes fingerprint = fingerprint_of(r);
    const char *ip = address_of(r);
    struct db_error error;

    session_token_new(r->mem, &next);
    struct db_result *row =
        db_query(r->app->db, r->mem, use_sql,
                 ARGS(ARG(key), ARG(fresh), ARG(ip), ARG(fingerprint)), &error);
    if (error.failed) {
        *ret_problem = db_problem(&error);
        return NULL;
    }
    if (db_rows(row) == 0) {
        session_keep_nobody(r, hash);
        return NULL;
    }
    const struct finding *f = finding_of(row);
    struct session *s = session_of_row(r, row);
    if (f->mark)
        mark_found(r, row, f->over ? SESSION_NOBODY : SESSION_CHANGED);
    if (f->copy)
        session_keep(r, hash, s);
    if (f->new_token)
        set_cookie(r, next.text, (s->expires.us - r->now.us) / CLOCK_SECOND);
    return f->over ? NULL : s;
}

/* ---- Beginning ----------------------------------------------------------- */

/* clang-format off */
static const char begin_sql[] = "SELECT " SESSION_COLUMNS
    SQL(FROM session_make($1, $2, $3, $4, $5::text::inet, $6, $7));
/* clang-format on */

const struct session *
session_hand_out(struct request *r, const struct session_token *token,
                 const struct db_result *row)
{
    const struct session *s = session_of_row(r, row);

    /* Not before the commit: the first use restores it then. */
    if (!db_in_transaction(r->app->db))
        session_keep(r, token->hash, s);
    set_cookie(r, token->text, (s->expires.us - r->now.us) / CLOCK_SECOND);
    return s;
}

const struct problem *
session_begin(struct request *r, struct uuid user, bool remember)
{
    struct session_token token;
    const struct bytes parts[] = { { token.hash, sizeof token.hash },
                                   { token.csrf, sizeof token.csrf } };
    const struct bytes fingerprint = fingerprint_of(r);
    const char *ip = address_of(r);
    struct db_error error;

    session_token_new(r->mem, &token);
    struct db_result *row = db_query(
        r->app->db, r->mem, begin_sql,
        ARGS(ARG(user), ARG(parts[0]), ARG(parts[1]), ARG(r->user_agent),
             ARG(ip), ARG(remember), ARG(fingerprint)),
        &error);
    if (error.failed)
        return db_problem(&error);
    (void)session_hand_out(r, &token, row);
    return NULL;
}

/* ---- Ending and changing ------------------------------------------------- */

static bool
mark_rows(struct app *app, void *mem, const struct db_result *rows,
          const char *mark)
{
    size_t n = db_rows(rows);
    struct bytes *hashes = mem_array(mem, struct bytes, n + 1);

    for (size_t i = 0; i < n; i++)
        hashes[i] = db_bytes(rows, i, 0);
    return session_mark(app, mem, hashes, n, mark);
}

/* What is not committed yet may still be undone: then they are only asked for
 * in PostgreSQL, by then and for a while. */
void
session_forget(struct request *r, const struct db_result *hashes)
{
    (void)mark_rows(r->app, r->mem, hashes,
                    db_in_transaction(r->app->db) ? SESSION_CHANGED
                                                  : SESSION_NOBODY);
}

bool
session_refresh(struct app *app, void *mem, const struct db_result *hashes)
{
    return mark_rows(app, mem, hashes, SESSION_CHANGED);
}

static const char end_sql[] =
    SQL(
    SELECT token_hash FROM session_end($1, $2, 'logout')
);

const struct problem *
session_end(struct request *r)
{
    const struct uuid id = r->session->id;
    struct db_error error;
    struct db_result *ended = db_query(r->app->db, r->mem, end_sql,
                                       ARGS(ARG(id), ARG(r->viewer)), &error);

    if (error.failed)
        return db_problem(&error);
    session_forget(r, ended);
    set_cookie(r, "", 0);
    /* Who uses the browser next finds nothing that this one left in it. */
    answer_header(r, "Clear-Site-Data", "\"storage\"");
    return NULL;
}

static const char replace_sql[] =
    SQL(
    SELECT token_hash FROM session_end($1, $2, 'replaced')
);

void
session_replaced(struct request *r)
{
    struct db_error error;

    if (r->session == NULL)
        return;
    const struct uuid id = r->session->id;
    struct db_result *ended = db_query(r->app->db, r->mem, replace_sql,
                                       ARGS(ARG(id), ARG(r->viewer)), &error);
    if (error.failed)
        log_warn("a replaced session goes on: %s", error.message);
    else
        session_forget(r, ended);
}

static const char of_user_sql[] =
    SQL(
    SELECT h.token_hash FROM session_tell($1) job, session_hashes($1) h
);

void
session_refresh_user(struct request *r, struct uuid user)
{
    struct db_error error;
    struct db_result *hashes =
        db_query(r->app->db, r->mem, of_user_sql, ARGS(ARG(user)), &error);

    if (!error.failed)
        (void)session_refresh(r->app, r->mem, hashes);
}
