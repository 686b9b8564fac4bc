/* admin_local.h - between the files of src/admin. */
#ifndef ADMIN_ADMIN_LOCAL_H
#define ADMIN_ADMIN_LOCAL_H

#include <stdbool.h>

#include "admin/admin.h"

extern const struct route admin_user_routes[];
extern const struct route admin_change_routes[];
extern const struct route admin_audit_routes[];
extern const struct route admin_page_routes[];

/* USER to ADMIN, and all statuses, as words for a field; ended by NULL. */
extern const char *const admin_roles[];
extern const char *const admin_statuses[];

/* Whether the viewer may see addresses. */
bool admin_sees_all(const struct request *r);

/* Where a list begins that ends before a time (zero: never), so that the walk
 * of its index begins there, too. */
struct cursor admin_begin(struct cursor cursor, struct instant to);

/* ---- admin_user.c: accounts ---------------------------------------------- */

struct account_list {
    const char *q, *role, *status; /* NULL or "": any */
    struct instant from, to;       /* made then; zero: any time */
    const char *from_day, *to_day; /* the same from a page: 2026-11-21 or "" */
    struct cursor cursor;
    int64_t limit;
};

struct account_choice {
    struct uuid user;
};

/* Accounts, the newest first: the answer, or a page's `accounts`. */
const struct problem *account_list_answer(struct request *r, const char *as,
                                          const struct account_list *in);

/* A page's `account`, with its `logins` and `alerts`. */
const struct problem *account_as(struct request *r, struct uuid user);

extern const struct field account_choice_fields[];

/* ---- admin_audit.c: the log ---------------------------------------------- */

struct audit_list {
    const char *actor, *action, *resource, *resource_id;
    struct instant from, to;
    const char *from_day, *to_day;
    struct maybe_boolean success;
    const char *outcome; /* a page's: done, refused or "" */
    struct cursor cursor;
    int64_t limit;
};

/* Rows of the log, the newest first: the answer, or a page's `audit`. */
const struct problem *audit_list_answer(struct request *r, const char *as,
                                        const struct audit_list *in);

/* ---- admin_page.c: fields of pages --------------------------------------- */

/* A day (2026-11-21), or nothing; and its begin, `days` later. */
bool admin_day_valid(const char *s);
struct instant admin_day(const char *s, int64_t days);

#endif
