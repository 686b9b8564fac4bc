/*
 * endpoint.h - what a feature writes to offer an HTTP endpoint or a page.
 *
 * An endpoint is one row of a struct route table.  The core reads and checks
 * the input that the row declares, asks whether the caller may, runs the
 * handler, and renders what it returns; the OpenAPI document is printed from
 * the same rows.  So a handler starts with valid input, and what no row says
 * the program does not do.
 */
#ifndef CORE_ENDPOINT_H
#define CORE_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/problem.h"
#include "core/sql.h"

struct app;
struct session;

/* An input: where it stands in the request and in the input struct. */
struct field {
    const char *name; /* as clients write it, camelCase */
    enum field_place { IN_QUERY, IN_BODY, IN_PATH } place;
    enum value_type type;
    size_t offset;
    bool required;
    bool lines;        /* a text that may have line breaks and tabs */
    bool visible;      /* a text that others read: empty, or something of it
                          is seen (base/unicode.h) */
    bool raw;          /* a text without that rule: what programs or its
                          writer alone read, and what is judged otherwise */
    bool prose;        /* a text of one line that people paste, though raw:
                          like all that is visible or has lines, it loses
                          control characters, with a note (input_prose()) */
    bool code;         /* a text that people type or paste: blanks and dashes
                          go before min, max and `valid` (input_code()) */
    bool secret;       /* never in a log or an error: passwords, codes */
    int64_t min, max;  /* of a number; of a text's length in code points; of a
                          list's length.  max 0: no bound for a number, 500
                          for a text, 100 for a list */
    int64_t item_max;  /* of each text of a list */
    int64_t otherwise; /* the number, or choice index, meant if none is given */
    const char *const *choices;   /* the only words, ended by NULL */
    const char *pattern;          /* OpenAPI pattern, e.g. "^[a-z0-9-]+$"; the
                                     check itself is `valid` */
    bool (*valid)(const char *s); /* a further check of a text (or each item) */
    const char *wanted;           /* what `valid` wants: "must be ..." */
    /* How a text that is valid is kept, on mem; NULL: as it came. */
    const char *(*keep)(const void *mem, const char *s);
    const char *about;
};
/* FIELD(IN_BODY, struct draft, title, .max = 500): name = member's name. */
#define FIELD(where, owner, member, ...)                                       \
    {                                                                          \
        .name = #member, .place = where, .offset = offsetof(owner, member),    \
        .type = VALUE_TYPE(((owner *)0)->member), __VA_ARGS__                  \
    }
/* The same for a name that is no good C (parentId for parent_id). */
#define FIELD_AS(where, public_name, owner, member, ...)                       \
    {                                                                          \
        .name = public_name, .place = where,                                   \
        .offset = offsetof(owner, member),                                     \
        .type = VALUE_TYPE(((owner *)0)->member), __VA_ARGS__                  \
    }

/* The fields of an endpoint and the struct that they fill. */
struct input_spec {
    const struct field *fields; /* ended by one without a name */
    size_t size;
};
#define INPUT(owner, table)                                                    \
    {                                                                          \
        .fields = (table), .size = sizeof(owner)                               \
    }

/*
 * A member of an answer.  Members take the columns of the statement in order;
 * an object takes as many as it has members.  The same table writes the JSON,
 * fills the page's template and prints the schema in the OpenAPI document.
 * A nullable object is null where its first value is that cannot be null by
 * itself (its first column, where all can).
 */
struct member {
    const char *name;
    enum value_type type;
    bool nullable;
    const struct member *object; /* members, ended by one without a name */
    const char *about;
};

/* A problem an endpoint can meet, and the constraint that reports it. */
struct refusal {
    const struct problem *problem;
    const char *constraint; /* NULL where the handler finds out itself.  A
                               name of pg_constraint, of a unique index, or of
                               sql's raised_refusals (see sql: refuse()) */
    const char *field;      /* the input field to name, or NULL */
};

/* Who may call.  A row that forgets to say lets nobody in. */
enum access {
    ALLOW_NOBODY,
    ALLOW_ADMINS,
    ALLOW_MODERATORS,
    ALLOW_MEMBERS,   /* signed in and ACTIVE */
    ALLOW_SIGNED_IN, /* also while the e-mail is still to be verified */
    ALLOW_ANYONE,
};

/* The class of rate limit that a call counts for. */
enum quota {
    QUOTA_BY_METHOD, /* read for GET and HEAD, write for the others */
    QUOTA_READ,
    QUOTA_WRITE,
    QUOTA_POST, /* new posts */
    QUOTA_AUTH,
    QUOTA_UPLOAD,
    QUOTA_OWN, /* the handler counts: by quota_take or quota_take_rule */
    QUOTA_NONE,
};

/* The form of a list answer. */
enum answer_form {
    ANSWER_OBJECT,  /* the shape itself */
    ANSWER_LIST,    /* {items, nextCursor, hasMore} by keyset */
    ANSWER_PAGES,   /* the same with pageSize and, where they are known, page,
                       total, totalPages and totalIsEstimate */
    ANSWER_ARRAY,   /* {items} of a list that is short by nature */
    ANSWER_NOTHING, /* 204 */
};

/* One exchange, as a feature sees it. */
struct request {
    void *mem;                 /* freed once answered */
    struct app *app;           /* see core/app.h */
    const struct route *route; /* the row that matched */
    const void *input;         /* the row's input struct, filled and valid */
    struct uuid viewer;        /* the user, or all zero for a visitor */
    const struct session *session; /* NULL for a visitor; core/session.h */
    struct instant now;            /* when the request came */
    const char *id;                /* X-Request-Id */
    const char *ip;                /* the client's address, as text for inet */
    const char *user_agent;        /* at most 300 bytes; "" if none */
    const char *method;
    const char *path;          /* decoded, without the query */
    const char *query;         /* as it came, may be "" */
    struct exchange *exchange; /* the core's own: core/exchange.h */
};

struct route {
    const char *on; /* "METHOD /path/{name}", as access logs print it */
    enum access access;
    const struct problem *(*handle)(struct request *r);
    const char *about;
    struct input_spec input;
    const struct refusal *refusals; /* ended by one without a problem */
    const struct member *returns;   /* the shape of a row of the answer */
    enum answer_form form;
    int success; /* HTTP status; 200 where not given */
    enum quota quota;
    const char *page;     /* this route answers HTML: the template's name */
    const char *title;    /* of the page, where the handler sets none */
    const char *raw_type; /* answers bytes of this media type, no envelope */
    bool no_session;      /* never looks at cookies: public and cacheable */
    bool no_csrf;         /* an unsafe method that needs no token: RFC 8058
                             and the like; says why in about */
    bool takes_form;      /* a form's body as well as JSON: RFC 8058 */
    bool recent_auth;     /* wants the password or a factor used within 10
                             minutes, else REAUTHENTICATION_REQUIRED */
    enum db_isolation isolation; /* beyond the least: all that the handler does
                               is one transaction of this level, run again
                               where others got in its way */
    bool secret_answer;          /* shown once: kept for no Idempotency-Key */
    const char *const *sql; /* the statements it may run, ended by NULL: for
                               EXPLAIN tests and `sparklectl describe` */
};
#define STATEMENTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/*
 * Run a statement and answer with its rows in the shape that the route
 * returns: one row as an object (none: NOT_FOUND), or up to limit rows as a
 * list, for which the statement selects one row more.  Columns past the
 * shape's: "cursor_key" (bigint or timestamptz) makes nextCursor, together
 * with the shape's first column, which must be the id; "total" (bigint; less
 * than zero: an estimate of minus that; null: not known) makes total: a
 * counter's value, or absent, never a guess.  All return NULL, or the
 * problem that the route lists for the broken constraint.  On a page route
 * the result is a member of the template's data instead: the _as forms name
 * it and its shape.
 */
const struct problem *answer_row(struct request *r, const char *sql,
                                 const struct sql_arg *args);
const struct problem *answer_rows(struct request *r, int64_t limit,
                                  const char *sql, const struct sql_arg *args);
/* A list of what belongs to something: where there is no row, owner_sql tells
 * whether that is there for the viewer (a row) or not (NOT_FOUND). */
const struct problem *answer_rows_of(struct request *r, int64_t limit,
                                     const char *sql,
                                     const struct sql_arg *args,
                                     const char *owner_sql,
                                     const struct sql_arg *owner_args);
const struct problem *answer_row_as(struct request *r, const char *name,
                                    const struct member *shape, const char *sql,
                                    const struct sql_arg *args);
const struct problem *answer_rows_as(struct request *r, const char *name,
                                     const struct member *shape, int64_t limit,
                                     const char *sql,
                                     const struct sql_arg *args);

/* Answers with C values in the order of the shape's members. */
const struct problem *answer_values(struct request *r,
                                    const struct sql_arg *values);
const struct problem *answer_values_as(struct request *r, const char *name,
                                       const struct member *shape,
                                       const struct sql_arg *values);

/*
 * Runs a statement for its effect; the route's success status without a body
 * (204), unless the handler answers otherwise.  No row affected: NOT_FOUND
 * (answer_done), or fine (answer_done_anyway, for idempotent calls).
 */
const struct problem *answer_done(struct request *r, const char *sql,
                                  const struct sql_arg *args);
const struct problem *answer_done_anyway(struct request *r, const char *sql,
                                         const struct sql_arg *args);

/*
 * For handlers that look at a result themselves: runs a statement.
 * NULL and *ret_result, or the problem that the route
 * lists for the broken constraint.
 */
struct db_error;
struct db_result;
const struct problem *answer_query(struct request *r, const char *sql,
                                   const struct sql_arg *args,
                                   const struct db_result **ret_result);

/* Answers with the first row of such a result, as answer_row does (name NULL)
 * or answer_row_as. */
const struct problem *answer_result(struct request *r, const char *name,
                                    const struct member *shape,
                                    const struct db_result *row);

/* That mapping alone, for db_transact and db_receive. */
const struct problem *answer_refused(struct request *r,
                                     const struct db_error *error);

/* Answers bytes of the route's raw_type; they must live as long as r->mem. */
const struct problem *answer_raw(struct request *r, const char *bytes,
                                 size_t n);

/* Another status than the row's, after the answer: 503 of a health check. */
void answer_status(struct request *r, int status);

/* Which page of ANSWER_PAGES this is, from 1; not where a cursor says where it
 * begins.  To be called before the rows are answered. */
void answer_page_number(struct request *r, int64_t page);

/* For page routes: a redirect (303) instead of the page, to a place of this
 * site (core/local_target.h); to "/" where it is none. */
const struct problem *answer_redirect(struct request *r, const char *where);

/* A redirect to any URL: only for one that we made and signed ourselves. */
const struct problem *answer_redirect_away(struct request *r, const char *url);

/* Page data that templates see as page.title and so on; strings on r->mem. */
void page_set(struct request *r, const char *name, const char *value);

/* A flag or text at the root of the template's data: q, sort.recent ... */
void page_flag(struct request *r, const char *name, bool value);
void page_text(struct request *r, const char *name, const char *value);

/* The text of a value that the template would see ("post.title"), on r->mem;
 * NULL where there is none. */
const char *page_value(struct request *r, const char *dotted);

/* A header of the request by its name in capitals with _ for - ("IF_MATCH"),
 * as it came, joined where it came several times; NULL where it did not. */
const char *request_header(const struct request *r, const char *name);

/* Adds a header to the answer; name literal, value without control bytes. */
void answer_header(struct request *r, const char *name, const char *value);

/*
 * The problem for faults found by the handler itself, with fields: chain
 * problem_field calls, all are reported together (400 VALIDATION_ERROR).
 */
const struct problem *problem_field(struct request *r, const char *field,
                                    const char *message);

#endif
