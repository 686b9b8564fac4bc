/*
 * db_local.h - the inside of db*.c, and of nobody else.
 *
 *   db.c            settings; a statement is run
 *   db_queue.c      several statements in one round trip; scripts
 *   db_connect.c    the connection: made, waited for, lost, made again
 *   db_statement.c  which texts the connection knows
 *   db_bind.c       C values as binary parameters
 *   db_result.c     rows, or what went wrong
 *   db_value.c      the values of a row, as C has them
 *   db_transact.c   transactions
 *   db_error.c      failures, and which are tried again
 */
#ifndef CORE_DB_LOCAL_H
#define CORE_DB_LOCAL_H

#include <libpq-fe.h>

#include "core/db.h"

/* pg_type.h's numbers; they never change. */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_CHAR = 18,
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_OID = 26,
    OID_JSON = 114,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_NAME_ARRAY = 1003,
    OID_TEXT_ARRAY = 1009,
    OID_VARCHAR_ARRAY = 1015,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_TIMESTAMPTZ = 1184,
    OID_VOID = 2278,
    OID_UUID = 2950,
    OID_JSONB = 3802,
    OID_FIRST_NORMAL = 16384, /* types that SQL made: enums, domains, citext */
};

#define DB_MOST_ARGS 64
#define DB_MOST_QUEUED 64

/* A text that was run.  `sql` NULL: a free place of the table. */
struct statement {
    const char *sql; /* its address is the key */
    char name[12];   /* on the server */
    bool planned;    /* SQL_PLANNED: never prepared */
    unsigned known;  /* the generation of the connection that knows it */
};

/* A statement that was queued by db_send. */
struct queued {
    const char *sql;
    bool fresh;          /* its Parse went with it */
    unsigned generation; /* of the connection it went to; 0: to none */
};

struct db {
    const struct db_settings *settings;
    struct worker *worker; /* NULL in tools */
    const char *application;
    const void *mem;
    void *scratch; /* arguments of queued statements */

    PGconn *conn;        /* NULL while away */
    bool ready;          /* false: still being made */
    unsigned generation; /* counts connections; 0 before the first */
    int64_t used;        /* clock_steady of the last answer */
    int64_t since;       /* when the attempt to connect began */
    int64_t waited;      /* when a caller last waited in vain */
    int64_t retry_at, pause;
    bool told;     /* the operator knows that the server is away */
    int64_t shift; /* of the clock, as the connection was told */

    struct statement *statements; /* open addressing, a power of two */
    size_t n_statements, room;
    unsigned names;

    struct queued queue[DB_MOST_QUEUED];
    size_t queue_first, queue_len;

    bool transaction;
    enum db_isolation level; /* of the open transaction */
    unsigned transaction_generation;
    struct db_error failure; /* the first; its texts are on `notes` */
    void *notes;

    struct db_spent spent;
};

struct db_result {
    PGresult *pg;
    size_t rows, columns;
    unsigned char types[]; /* enum value_type of each column */
};

/* Parameters as libpq takes them. */
struct bound {
    int n;
    Oid types[DB_MOST_ARGS];
    const char *values[DB_MOST_ARGS];
    int lengths[DB_MOST_ARGS];
    uint64_t scratch[DB_MOST_ARGS]; /* numbers in network order */
};
extern const int db_binary[DB_MOST_ARGS]; /* all 1: libpq's formats */

/* Binds arguments; texts and bytes are not copied, the rest is on mem. */
void db_bind(struct bound *b, void *mem, const struct sql_arg *args);

/* The statement of a text, made where it is new.  Valid until the next new
 * one.  BUG where the text is not a constant of the program. */
struct statement *db_statement(struct db *db, const char *sql);

/* Forgets that the server knows it, under this name. */
void db_statement_forget(struct db *db, struct statement *s);

/*
 * True with a connection to use.  False, with e, where there is none, or the
 * open transaction was on one that is gone.
 */
bool db_ready(struct db *db, void *mem, struct db_error *e);

/* Gives the connection up, and says so in e. */
void db_lost(struct db *db, void *mem, const char *why, struct db_error *e);

/* Waits until PQgetResult will not block, and sends what is unsent; false
 * where the connection broke or `until` (clock_steady) has passed. */
bool db_wait(struct db *db, int64_t until);

/* Whether the connection needs no Parse for the statement. */
bool db_knows(const struct db *db, const struct statement *s);

/* Writes the messages that run a statement; false: see PQerrorMessage. */
bool db_send_one(struct db *db, const struct statement *s,
                 const struct bound *b);

/*
 * Takes what comes up to the end of a statement (of one in the queue: its
 * Sync) and keeps the last result, or the first failure.  False: silence.
 */
bool db_take(struct db *db, bool queued, PGresult **ret_result);

/* db_receive without the accounts. */
struct db_result *db_receive_first(struct db *db, void *mem,
                                   struct db_error *e);

/* The connection broke, or nothing came in time: NULL, with e. */
struct db_result *db_silent(struct db *db, void *mem, struct db_error *e);

/* Takes over an answer of PostgreSQL: rows on mem, or NULL with e. */
struct db_result *db_result_take(struct db *db, void *mem, PGresult *pg,
                                 struct db_error *e);

/* Fills e with a failure of our own finding. */
void db_fail(void *mem, struct db_error *e, const char *sqlstate,
             const char *message);

/* Remembers the first failure of a transaction. */
void db_note(struct db *db, const struct db_error *e);

/* The end of a statement that began at that time (clock_steady): notes its
 * failure, and counts it for db_spent. */
void db_count(struct db *db, const char *sql, int64_t began,
              const struct db_error *e);

/* The server does not know the statement, or knows it for other columns: a
 * migration, or somebody's DISCARD ALL.  It did not run. */
bool db_outdated(const struct db_error *e);

#endif
