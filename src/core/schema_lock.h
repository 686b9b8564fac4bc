/*
 * schema_lock.h - which locks the statements of a migration take, as far as
 * their words tell (PostgreSQL 15, chapter 13.3.1, and the pages of the
 * commands): for people who decide when to run it.
 */
#ifndef CORE_SCHEMA_LOCK_H
#define CORE_SCHEMA_LOCK_H

#include <stddef.h>

struct schema_lock {
    const char *what;   /* "DROP INDEX" */
    const char *object; /* a table, view or index as the statement names it;
                           NULL: what it touches cannot be told */
    const char *lock;   /* "ACCESS EXCLUSIVE: blocks reads and writes" */
};

struct schema_locks {
    struct schema_lock *at;
    size_t n;
};

/* The locks of a script in the order of its statements, each once; on mem. */
struct schema_locks schema_locks(void *mem, const char *sql);

#endif
