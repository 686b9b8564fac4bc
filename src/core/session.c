/*
 * session.c - see session.h.
 *
 * The copy in Redis lives ten minutes, so a session is read from PostgreSQL,
 * and seen there, once in ten minutes of use; a change that did not reach
 * Redis heals by then.  A copy never replaces what is there (NX): one that
 * was read before a change must not be laid over what the change left.
 */
#include "core/session.h"

#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/db.h"
#include "core/session_local.h"

static const int64_t usual_days = 30, remember_days = 90;
static const char copy_seconds[] = "600";
static const char nobody_seconds[] = "60";
static const char nobody[] = "-"; /* nobody has this token */
/* Not known, and not to be copied for as long as a statement may have run
 * that began before the change. */
static const char changed[] = "?", changed_seconds[] = "6";

/* ---- The copy in Redis -------------------------------------------------- */

const char *
session_key(void *mem, const uint8_t hash[SHA256_SIZE])
{
    return mem_printf(mem, "session:%s", hex_encode(mem, hash, SHA256_SIZE));
}

const char *
session_pack(void *mem, const struct session *s)
{
    char id[UUID_TEXT], user[UUID_TEXT];

    uuid_write(&s->id, id);
    uuid_write(&s->user, user);
    return mem_printf(mem, "%d\n%s\n%s\n%d\n%s\n%lld\n%lld\n%s\n%s",
                      (int)s->role, user, id, s->active, s->csrf,
                      (long long)s->expires.us, (long long)s->authenticated.us,
                      s->username, s->image != NULL ? s->image : "");
}

enum {
    PART_ROLE,
    PART_USER,
    PART_ID,
    PART_ACTIVE,
    PART_CSRF,
    PART_EXPIRES,
    PART_AUTHENTICATED,
    PART_USERNAME,
    PART_IMAGE,
    PARTS
};

/* Cuts a copy at its line ends. */
static bool
cut(char *copy, const char *parts[PARTS])
{
    for (int i = 0; i < PARTS; i++) {
        char *end = strchr(copy, '\n');

        parts[i] = copy;
        if (end == NULL)
            return i == PARTS - 1;
        *end = '\0';
        copy = end + 1;
    }
    return false;
}

struct session *
session_unpack(void *mem, const char *copy)
{
    struct session *s = mem_new(mem, struct session);
    const char *parts[PARTS];
    int64_t role;

    if (!cut(mem_strdup(mem, copy), parts) ||
        !text_to_int(parts[PART_ROLE], &role) ||
        !uuid_read(parts[PART_USER], &s->user) ||
        !uuid_read(parts[PART_ID], &s->id) ||
        !text_to_int(parts[PART_EXPIRES], &s->expires.us) ||
        !text_to_int(parts[PART_AUTHENTICATED], &s->authenticated.us))
        return NULL;
    s->role = (enum role)role;
    s->active = parts[PART_ACTIVE][0] == '1';
    s->csrf = parts[PART_CSRF];
    s->username = parts[PART_USERNAME];
    s->image = parts[PART_IMAGE][0] != '\0' ? parts[PART_IMAGE] : NULL;
    return s;
}

static void
keep_copy(struct request *r, const uint8_t hash[SHA256_SIZE], const char *copy,
          const char *seconds)
{
    const char *const words[] = { "SET",   session_key(r->mem, hash),
                                  copy,    "EX",
                                  seconds, "NX" };

    cache_tell(r->app->cache, 6, words, NULL);
}

/* Lays a mark over the copies of sessions: bytea column 0 of the rows. */
static void
mark_copies(struct request *r, const struct db_result *hashes, const char *mark,
            const char *seconds)
{
    for (size_t i = 0; i < db_rows(hashes); i++) {
        const char *key = session_key(r->mem, db_bytes(hashes, i, 0).at);
        const char *const words[] = { "SET", key, mark, "EX", seconds };

        cache_tell(r->app->cache, 5, words, NULL);
    }
}

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

/* ---- In PostgreSQL ------------------------------------------------------ */

static struct session *
session_of_row(void *mem, const struct db_result *res)
{
    struct session *s = mem_new(mem, struct session);
    struct bytes secret = db_bytes(res, 0, 5);

    s->id = db_uuid(res, 0, 0);
    s->user = db_uuid(res, 0, 1);
    s->username = db_text(res, 0, 2, NULL);
    s->image = db_null(res, 0, 3) ? NULL : db_text(res, 0, 3, NULL);
    s->role = (enum role)db_integer(res, 0, 4);
    s->csrf = base64url_encode(mem, secret.at, secret.len);
    s->active = db_boolean(res, 0, 6);
    s->expires = db_time(res, 0, 7);
    s->authenticated =
        db_null(res, 0, 8) ? (struct instant){ 0 } : db_time(res, 0, 8);
    return s;
}

/*
 * Extended to its own length, never to a shorter one, when that was done over
 * a day ago; seen at most every five minutes.  Else nothing is written, as
 * this runs for each request while Redis is away.
 */
static const char restore_sql[] = SQL(
    WITH found AS (
        SELECT s.*, u.username, u.image, u.role, u.status,
            s.extended_at < $2 - interval '1 day' AS due
        FROM sessions s JOIN users u ON u.id = s.user_id
        WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > $2
            AND s.absolute_expires_at > $2
            AND u.status IN ('ACTIVE', 'PENDING_VERIFICATION')
    ), seen AS (
        UPDATE sessions s SET last_seen_at = $2,
            extended_at = CASE WHEN found.due THEN $2
                ELSE s.extended_at END,
            expires_at = CASE WHEN found.due THEN least(s.absolute_expires_at,
                greatest(s.expires_at, $2 + CASE WHEN s.remember
                    THEN interval '90 days' ELSE interval '30 days' END))
                ELSE s.expires_at END
        FROM found
        WHERE s.id = found.id AND (found.due
            OR found.last_seen_at < $2 - interval '5 minutes')
        RETURNING s.id, s.expires_at
    )
    SELECT f.id, f.user_id, f.username, f.image,
        array_position(enum_range(NULL::user_role), f.role)::bigint,
        f.csrf_secret, f.status = 'ACTIVE',
        coalesce(seen.expires_at, f.expires_at), f.reauthenticated_at,
        coalesce(seen.expires_at > f.expires_at, FALSE) AS moved
    FROM found f LEFT JOIN seen ON seen.id = f.id
);

struct session *
session_restore(struct request *r, const char *token,
                const uint8_t hash[SHA256_SIZE],
                const struct problem **ret_problem)
{
    const struct bytes key = { hash, SHA256_SIZE };
    struct db_error error;
    struct db_result *res = db_query(r->app->db, r->mem, restore_sql,
                                     ARGS(ARG(key), ARG(r->now)), &error);

    if (error.failed) {
        *ret_problem = db_problem(&error);
        return NULL;
    }
    if (db_rows(res) == 0) {
        keep_copy(r, hash, nobody, nobody_seconds);
        return NULL;
    }
    struct session *s = session_of_row(r->mem, res);
    keep_copy(r, hash, session_pack(r->mem, s), copy_seconds);
    if (db_boolean(res, 0, 9))
        set_cookie(r, token, (s->expires.us - r->now.us) / CLOCK_SECOND);
    return s;
}

/* The sixty latest sessions of a user stay. */
static const char begin_sql[] = SQL(
    WITH made AS (
        INSERT INTO sessions (user_id, token_hash, csrf_secret, user_agent,
            ip, remember, created_at, last_seen_at, extended_at, rotated_at,
            reauthenticated_at, expires_at, absolute_expires_at)
        VALUES ($1, $2, $3, $4, $5::text::inet, $6, $7, $7, $7, $7, $7, $8,
            $7 + interval '1 year')
        RETURNING id, user_id, csrf_secret, expires_at, reauthenticated_at
    ), crowd AS (
        UPDATE sessions SET ended_at = $7, end_reason = 'too_many'
        WHERE id IN (SELECT id FROM sessions
            WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $7
            ORDER BY last_seen_at DESC OFFSET 59)
    )
    SELECT made.id, made.user_id, u.username, u.image,
        array_position(enum_range(NULL::user_role), u.role)::bigint,
        made.csrf_secret, u.status = 'ACTIVE', made.expires_at,
        made.reauthenticated_at
    FROM made JOIN users u ON u.id = made.user_id
);

const struct problem *
session_begin(struct request *r, struct uuid user, bool remember)
{
    const char *token = crypto_token(r->mem, "sess_", 32);
    int64_t days = remember ? remember_days : usual_days;
    const struct instant expires = { r->now.us + days * CLOCK_DAY };
    uint8_t hash[SHA256_SIZE], secret[32];
    const struct bytes parts[] = { { hash, sizeof hash },
                                   { secret, sizeof secret } };
    const char *ip = r->ip != NULL && r->ip[0] != '\0' ? r->ip : NULL;
    struct db_error error;

    crypto_sha256(token, strlen(token), hash);
    random_bytes(secret, sizeof secret);
    struct db_result *res = db_query(
        r->app->db, r->mem, begin_sql,
        ARGS(ARG(user), ARG(parts[0]), ARG(parts[1]), ARG(r->user_agent),
             ARG(ip), ARG(remember), ARG(r->now), ARG(expires)),
        &error);
    if (error.failed)
        return db_problem(&error);
    /* Not before the commit: the first use restores it then. */
    if (!db_in_transaction(r->app->db))
        keep_copy(r, hash, session_pack(r->mem, session_of_row(r->mem, res)),
                  copy_seconds);
    set_cookie(r, token, days * CLOCK_DAY / CLOCK_SECOND);
    return NULL;
}

/* ---- Ending ------------------------------------------------------------- */

/* What is not committed yet may still be undone: then they are only asked for
 * in PostgreSQL, by then and for a while. */
void
session_forget(struct request *r, const struct db_result *hashes)
{
    if (db_in_transaction(r->app->db))
        mark_copies(r, hashes, changed, changed_seconds);
    else
        mark_copies(r, hashes, nobody, nobody_seconds);
}

static const char end_sql[] =
    SQL(
    UPDATE sessions SET ended_at = $2, end_reason = 'logout'
    WHERE id = $1 AND ended_at IS NULL
    RETURNING token_hash
);

const struct problem *
session_end(struct request *r)
{
    const struct uuid id = r->session->id;
    struct db_error error;
    struct db_result *ended = db_query(r->app->db, r->mem, end_sql,
                                       ARGS(ARG(id), ARG(r->now)), &error);

    if (error.failed)
        return db_problem(&error);
    session_forget(r, ended);
    set_cookie(r, "", 0);
    return NULL;
}

static const char of_user_sql[] = SQL(
    SELECT token_hash FROM sessions WHERE user_id = $1 AND ended_at IS NULL
);

void
session_refresh_user(struct request *r, struct uuid user)
{
    struct db_error error;
    struct db_result *res =
        db_query(r->app->db, r->mem, of_user_sql, ARGS(ARG(user)), &error);

    if (!error.failed)
        mark_copies(r, res, changed, changed_seconds);
}
