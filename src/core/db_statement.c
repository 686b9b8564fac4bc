/*
 * db_statement.c - which texts a connection knows, by their address.
 *
 * A hash table with open addressing: one multiplication and, as a rule, one
 * comparison a statement.  Entries stay when the connection goes: they only
 * say which connection, by its number, knows the statement.
 */
#include "core/db_local.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

/* The linker's: where the program, and its initialised data, begin and end. */
extern const char __executable_start[], edata[];

static size_t
place_of(const struct db *db, const char *sql)
{
    /* Fibonacci hashing; the top bits are the mixed ones. */
    uint64_t hash = (uint64_t)(uintptr_t)sql * UINT64_C(11400714819323198485);

    return (size_t)(hash >> 32) & (db->room - 1);
}

static struct statement *
find(const struct db *db, const char *sql)
{
    size_t i = place_of(db, sql);

    while (db->statements[i].sql != NULL && db->statements[i].sql != sql)
        i = (i + 1) & (db->room - 1);
    return &db->statements[i];
}

static void
grow(struct db *db)
{
    struct statement *old = db->statements;
    size_t n = db->room;

    db->room = n == 0 ? 256 : n * 2;
    db->statements = mem_array(db->mem, struct statement, db->room);
    for (size_t i = 0; i < n; i++)
        if (old[i].sql != NULL)
            *find(db, old[i].sql) = old[i];
    mem_free(old);
}

void
db_statement_forget(struct db *db, struct statement *s)
{
    (void)snprintf(s->name, sizeof s->name, "s%u", ++db->names);
    s->known = 0;
}

static struct statement *
add(struct db *db, const char *sql)
{
    /* A text on the heap could be another one at the same address later. */
    if (sql < __executable_start || sql >= edata)
        BUG("SQL that is not a constant: %.80s", sql);
    if (db->n_statements * 2 >= db->room)
        grow(db);

    struct statement *s = find(db, sql);

    s->sql = sql;
    s->planned = text_starts(sql, SQL_PLANNED);
    db->n_statements++;
    db_statement_forget(db, s);
    return s;
}

struct statement *
db_statement(struct db *db, const char *sql)
{
    struct statement *s = db->room == 0 ? NULL : find(db, sql);

    return s != NULL && s->sql == sql ? s : add(db, sql);
}
