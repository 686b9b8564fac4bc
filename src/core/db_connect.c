/*
 * db_connect.c - the connection: made, waited for, lost, made again.
 *
 * No wait is without an end: a server that is frozen or unreachable must not
 * hold a worker.  While it is away, a request costs a few milliseconds: an
 * attempt to connect goes on over several requests, and only the first of a
 * while waits longer for it (so that rare requests get through too).
 */
#include "core/db_local.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"

#define MS (CLOCK_SECOND / 1000)

enum {
    LONG_WAIT = 1500 * 1000, /* us, for the first caller in QUIET */
    SHORT_WAIT = 3 * 1000,   /* for the others */
    QUIET = 2 * 1000 * 1000,
    ATTEMPT = 5 * 1000 * 1000, /* an attempt that takes longer is dropped */
    PAUSE_FIRST = 25 * 1000,
    PAUSE_MOST = 400 * 1000,
    IDLE = 1000, /* not used for so long: see whether it is still there */
};

static void
drop(struct db *db)
{
    PQfinish(db->conn);
    db->conn = NULL;
    db->ready = false;
}

/* Waits for the socket; false where `until` has passed. */
static bool
wait_for(const struct db *db, short events, int64_t until)
{
    struct pollfd p = { .fd = PQsocket(db->conn), .events = events };
    int64_t left = until - clock_steady();

    /* TLS may hold bytes that poll cannot see: look again soon. */
    int64_t most = PQsslInUse(db->conn) ? 20 * MS : CLOCK_MINUTE;

    if (left <= 0)
        return false;
    if (left > most)
        left = most;
    if (poll(&p, 1, (int)((left + MS - 1) / MS)) < 0 && errno != EINTR)
        BUG("poll: errno %d", errno);
    return true;
}

bool
db_wait(struct db *db, int64_t until)
{
    while (true) {
        int unsent = PQflush(db->conn);

        if (!PQisBusy(db->conn))
            return true;
        if (unsent < 0 ||
            !wait_for(db, (short)(POLLIN | (unsent ? POLLOUT : 0)), until) ||
            !PQconsumeInput(db->conn))
            return !PQisBusy(db->conn);
    }
}

/* ---- Lost ---------------------------------------------------------------- */

static void
tell(struct db *db, const char *why)
{
    if (!db->told)
        log_warn("the database is away: %s", why);
    db->told = true;
}

void
db_lost(struct db *db, void *mem, const char *why, struct db_error *e)
{
    db_fail(mem, e, "", why);
    e->lost = true;
    tell(db, e->message);
    if (db->conn != NULL)
        drop(db);
    db->retry_at = 0;
    db->pause = 0;
}

/* An attempt to connect failed: the next one only after a pause. */
static void
back_off(struct db *db)
{
    tell(db, PQerrorMessage(db->conn));
    drop(db);
    db->pause = db->pause == 0 ? PAUSE_FIRST : db->pause * 2;
    if (db->pause > PAUSE_MOST)
        db->pause = PAUSE_MOST;
    db->retry_at =
        clock_steady() + db->pause / 2 + random_below((uint32_t)db->pause / 2);
}

/* The server went, or restarted, while we had nothing to ask. */
static bool
gone(const struct db *db)
{
    for (int i = 0; i < 3; i++) {
        char byte;
        ssize_t n = recv(PQsocket(db->conn), &byte, 1, MSG_PEEK | MSG_DONTWAIT);

        if (n < 0)
            return errno != EAGAIN && errno != EINTR;
        if (n == 0 || !PQconsumeInput(db->conn))
            return true;
    }
    return PQstatus(db->conn) != CONNECTION_OK;
}

/* ---- How safe ------------------------------------------------------------ */

/* One host: a directory, an abstract socket, or a loopback address. */
static bool
host_is_here(const char *host)
{
    uint8_t address[16];
    static const uint8_t loopback[16] = { [15] = 1 };

    if (host[0] == '\0' || host[0] == '/' || host[0] == '@' ||
        strcmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, address) == 1)
        return address[0] == 127;
    return inet_pton(AF_INET6, host, address) == 1 &&
           memcmp(address, loopback, sizeof address) == 0;
}

/* All of a list, as libpq takes one.  NULL: none is given. */
static bool
hosts_are_here(const char *hosts)
{
    void *mem = mem_context(NULL, "hosts");
    char *one = mem_strdup(mem, hosts == NULL ? "" : hosts), *comma;
    bool here = true;

    do {
        comma = strchr(one, ',');
        if (comma != NULL)
            *comma = '\0';
        here = here && host_is_here(one);
        one = comma == NULL ? one : comma + 1;
    } while (comma != NULL);
    mem_free(mem);
    return here;
}

/* The value of an option in a connection string, or what stands for it. */
static const char *
option(const PQconninfoOption *all, const char *keyword, const char *otherwise)
{
    for (; all != NULL && all->keyword != NULL; all++)
        if (strcmp(all->keyword, keyword) == 0 && all->val != NULL)
            return all->val;
    return otherwise;
}

static void
end_options(PQconninfoOption **all)
{
    PQconninfoFree(*all);
}

/* As libpq does: the string wins over the setting, and that over PGHOST.  What
 * a service of pg_service.conf leads to is not looked up. */
static bool
is_here(const struct db_settings *s)
{
    __attribute__((cleanup(end_options))) PQconninfoOption *all =
        s->name == NULL ? NULL : PQconninfoParse(s->name, NULL);
    const char *host = s->host != NULL ? s->host : getenv("PGHOST");

    return option(all, "service", getenv("PGSERVICE")) == NULL &&
           hosts_are_here(option(all, "host", host)) &&
           hosts_are_here(option(all, "hostaddr", getenv("PGHOSTADDR")));
}

const char *
db_sslmode(const struct db_settings *s)
{
    if (s->sslmode != NULL)
        return s->sslmode;
    return is_here(s) ? "prefer" : "verify-full";
}

/* ---- Made ---------------------------------------------------------------- */

static void
quiet(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

/* `name` may be a whole connection string: it wins over what is before it. */
static void
start(struct db *db)
{
    const struct db_settings *s = db->settings;
    char port[24];
    const char *const keys[] = {
        "host",
        "port",
        "user",
        "password",
        "sslmode",
        "sslrootcert",
        "dbname",
        "gssencmode",
        "application_name",
        "client_encoding",
        NULL,
    };
    const char *const values[] = {
        s->host,
        s->port == 0 ? NULL : port,
        s->user,
        s->password,
        db_sslmode(s),
        s->sslrootcert,
        s->name,
        "disable",
        db->application,
        "UTF8",
        NULL,
    };

    (void)snprintf(port, sizeof port, "%lld", (long long)s->port);
    db->conn = PQconnectStartParams(keys, values, 1);
    if (db->conn == NULL)
        die("out of memory");
    (void)PQsetNoticeProcessor(db->conn, quiet, NULL);
    db->since = clock_steady();
}

static bool
finish(struct db *db)
{
    if (PQsetnonblocking(db->conn, 1) != 0)
        return false;
    if (db->told)
        log_info("the database is back");
    db->told = false;
    db->ready = true;
    db->generation++;
    db->pause = 0;
    db->shift = 0;
    db->used = clock_steady();
    return true;
}

/* Goes on connecting until `until`. */
static bool
go_on(struct db *db, int64_t until)
{
    while (true) {
        switch (PQconnectPoll(db->conn)) {
        case PGRES_POLLING_OK:
            return finish(db);
        case PGRES_POLLING_READING:
            if (wait_for(db, POLLIN, until))
                continue;
            return false;
        case PGRES_POLLING_WRITING:
            if (wait_for(db, POLLOUT, until))
                continue;
            return false;
        default:
            back_off(db);
            return false;
        }
    }
}

static bool
connect_now(struct db *db)
{
    int64_t now = clock_steady();
    int64_t wait = now - db->waited > QUIET ? LONG_WAIT : SHORT_WAIT;

    if (db->conn != NULL && now - db->since > ATTEMPT)
        back_off(db);
    if (db->conn == NULL) {
        if (now < db->retry_at)
            return false;
        start(db);
    }
    if (go_on(db, now + wait))
        return true;
    db->waited = clock_steady();
    return false;
}

/* Tests move the clock: the database's clock_now() is to follow. */
static void
shift_clock(struct db *db)
{
    int64_t shift = clock_shift();
    char text[32];
    const char *us = text;
    PGresult *res;

    (void)snprintf(text, sizeof text, "%lld us", (long long)shift);
    if (!PQsendQueryParams(db->conn,
                           "SELECT set_config('sparkle.clock_offset', $1, "
                           "false)",
                           1, NULL, &us, NULL, NULL, 1))
        return;
    while (db_wait(db, clock_steady() + CLOCK_SECOND) &&
           (res = PQgetResult(db->conn)) != NULL)
        PQclear(res);
    db->shift = shift;
}

bool
db_ready(struct db *db, void *mem, struct db_error *e)
{
    if (db->ready && clock_steady() - db->used > IDLE && gone(db))
        drop(db);
    if (db->transaction &&
        (!db->ready || db->transaction_generation != db->generation)) {
        db_lost(db, mem, "the transaction's connection is gone", e);
        return false;
    }
    if (!db->ready && !connect_now(db)) {
        db_fail(mem, e, "", "the database is away");
        e->lost = true;
        return false;
    }
    if (db->shift != clock_shift() && !db->transaction)
        shift_clock(db);
    return true;
}
