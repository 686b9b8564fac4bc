/* schema_lock.c - see schema_lock.h.  The commands are rows, below. */
#include "core/schema_lock.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/sql_script.h"

static const char blocks_all[] = "ACCESS EXCLUSIVE: blocks reads and writes";
static const char blocks_writes[] = "SHARE: blocks writes";
static const char blocks_triggers[] = "SHARE ROW EXCLUSIVE: blocks writes";
static const char blocks_nobody[] = "SHARE UPDATE EXCLUSIVE: blocks nobody";
static const char locks_rows[] = "ROW EXCLUSIVE, and a lock on each row";
static const char adds_rows[] = "ROW EXCLUSIVE: blocks nobody";
static const char named[] = "the mode that it names; ACCESS EXCLUSIVE if none";
static const char unknown[] = "look at it: what it locks is not told here";

/*
 * A statement that has the form's words, one after the other.  [WORD] may be
 * there, .. is any words up to the next one of the form, @ is the list of what
 * is locked.  The first row that fits counts.  `inside`: may also stand in a
 * WITH.
 */
static const struct form {
    const char *words, *what, *lock;
    bool inside;
} forms[] = {
    { "ALTER TABLE [IF] [EXISTS] [ONLY] @ VALIDATE",
      "ALTER TABLE VALIDATE CONSTRAINT", blocks_nobody, false },
    { "ALTER TABLE [IF] [EXISTS] [ONLY] @", "ALTER TABLE", blocks_all, false },
    { "ALTER INDEX [IF] [EXISTS] @", "ALTER INDEX", blocks_all, false },
    { "ALTER [MATERIALIZED] VIEW [IF] [EXISTS] @", "ALTER VIEW", blocks_all,
      false },
    { "ALTER TRIGGER .. ON @", "ALTER TRIGGER", blocks_all, false },
    { "ALTER POLICY .. ON @", "ALTER POLICY", blocks_all, false },
    { "ALTER DOMAIN", "ALTER DOMAIN", unknown, false },
    { "CREATE [UNIQUE] INDEX CONCURRENTLY .. ON [ONLY] @",
      "CREATE INDEX CONCURRENTLY", blocks_nobody, false },
    { "CREATE [UNIQUE] INDEX .. ON [ONLY] @", "CREATE INDEX", blocks_writes,
      false },
    { "CREATE [UNLOGGED] TABLE .. PARTITION OF @", "CREATE TABLE PARTITION OF",
      blocks_all, false },
    { "CREATE [OR] [REPLACE] [CONSTRAINT] TRIGGER .. ON @", "CREATE TRIGGER",
      blocks_triggers, false },
    { "CREATE [OR] [REPLACE] RULE .. TO @", "CREATE RULE", blocks_all, false },
    { "CREATE [OR] [REPLACE] [RECURSIVE] VIEW @", "CREATE VIEW", blocks_all,
      false },
    { "CREATE POLICY .. ON @", "CREATE POLICY", blocks_all, false },
    { "CREATE STATISTICS .. FROM @", "CREATE STATISTICS", blocks_nobody,
      false },
    { "DROP INDEX CONCURRENTLY [IF] [EXISTS] @", "DROP INDEX CONCURRENTLY",
      blocks_nobody, false },
    { "DROP INDEX [IF] [EXISTS] @", "DROP INDEX", blocks_all, false },
    { "DROP TABLE [IF] [EXISTS] @", "DROP TABLE", blocks_all, false },
    { "DROP [MATERIALIZED] VIEW [IF] [EXISTS] @", "DROP VIEW", blocks_all,
      false },
    { "DROP TRIGGER .. ON @", "DROP TRIGGER", blocks_all, false },
    { "DROP RULE .. ON @", "DROP RULE", blocks_all, false },
    { "DROP POLICY .. ON @", "DROP POLICY", blocks_all, false },
    { "DROP SCHEMA", "DROP SCHEMA", unknown, false },
    { "DROP OWNED", "DROP OWNED", unknown, false },
    { "DROP EXTENSION", "DROP EXTENSION", unknown, false },
    { "DROP .. CASCADE", "DROP CASCADE", unknown, false },
    { "TRUNCATE [TABLE] [ONLY] @", "TRUNCATE", blocks_all, false },
    { "LOCK [TABLE] [ONLY] @", "LOCK TABLE", named, false },
    { "CLUSTER [VERBOSE] @", "CLUSTER", blocks_all, false },
    { "VACUUM FULL [ANALYZE] @", "VACUUM FULL", blocks_all, false },
    { "VACUUM ( FULL .. ) @", "VACUUM FULL", blocks_all, false },
    { "REINDEX INDEX CONCURRENTLY @", "REINDEX CONCURRENTLY", blocks_nobody,
      false },
    { "REINDEX TABLE CONCURRENTLY @", "REINDEX CONCURRENTLY", blocks_nobody,
      false },
    { "REINDEX INDEX @", "REINDEX", blocks_all, false },
    { "REINDEX TABLE @", "REINDEX", blocks_all, false },
    { "REINDEX", "REINDEX", unknown, false },
    { "REFRESH MATERIALIZED VIEW CONCURRENTLY @",
      "REFRESH MATERIALIZED VIEW CONCURRENTLY", "EXCLUSIVE: blocks writes",
      false },
    { "REFRESH MATERIALIZED VIEW @", "REFRESH MATERIALIZED VIEW", blocks_all,
      false },
    { "UPDATE [ONLY] @", "UPDATE", locks_rows, true },
    { "DELETE FROM [ONLY] @", "DELETE FROM", locks_rows, true },
    { "MERGE INTO [ONLY] @", "MERGE INTO", locks_rows, true },
    { "INSERT INTO @", "INSERT INTO", adds_rows, true },
    { "COPY @ .. FROM", "COPY", adds_rows, false },
    { "DO", "DO", unknown, false },
    { "CALL", "CALL", unknown, false },
};

/* ---- Forms --------------------------------------------------------------- */

struct match {
    const struct sql_statement *s;
    size_t at;          /* the next word */
    size_t first, last; /* the list's words: from, and behind */
};

static bool
same(const char *word, const char *form, size_t n)
{
    return strlen(word) == n && strncasecmp(word, form, n) == 0;
}

/* Over the names of "a, ONLY b *, c"; false where there is none. */
static bool
match_list(struct match *m)
{
    const struct sql_statement *s = m->s;

    m->first = m->at;
    do {
        if (m->at < s->n && strcasecmp(s->words[m->at], "ONLY") == 0)
            m->at++;
        m->at++;
        if (m->at < s->n && strcmp(s->words[m->at], "*") == 0)
            m->at++;
    } while (m->at < s->n && strcmp(s->words[m->at], ",") == 0 && m->at++);
    m->last = m->at < s->n ? m->at : s->n;
    return m->first < s->n;
}

/* One element of a form, n bytes at p; `skip`: it may come later. */
static bool
match_one(struct match *m, const char *p, size_t n, bool skip)
{
    const struct sql_statement *s = m->s;

    if (*p == '@')
        return match_list(m);
    if (*p == '[') {
        m->at += m->at < s->n && same(s->words[m->at], p + 1, n - 2);
        return true;
    }
    while (skip && m->at < s->n && !same(s->words[m->at], p, n))
        m->at++;
    return m->at < s->n && same(s->words[m->at++], p, n);
}

static bool
match_form(struct match *m, const char *words)
{
    bool skip = false;

    while (*words != '\0') {
        size_t n = strcspn(words, " ");

        if (n == 2 && words[0] == '.')
            skip = true;
        else if (match_one(m, words, n, skip))
            skip = false;
        else
            return false;
        words += n + (words[n] == ' ');
    }
    return true;
}

/* ---- Locks --------------------------------------------------------------- */

/* A script names a table many times, once is enough; there are few tables. */
static void
add_lock(void *mem, struct schema_locks *all, struct schema_lock lock)
{
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->at[i].what, lock.what) == 0 &&
            text_same(all->at[i].object, lock.object))
            return;
    all->at = mem_grow(mem, all->at, mem_size(sizeof *all->at, all->n + 1));
    all->at[all->n++] = lock;
}

static void
add_match(void *mem, struct schema_locks *all, const struct form *form,
          const struct match *m)
{
    struct schema_lock lock = { .what = form->what, .lock = form->lock };

    if (m->last == 0)
        add_lock(mem, all, lock);
    for (size_t i = m->first; i < m->last; i++) {
        lock.object = m->s->words[i];
        if (strcasecmp(lock.object, "ONLY") != 0 &&
            strchr(",*", *lock.object) == NULL)
            add_lock(mem, all, lock);
    }
}

/* The first form that fits the statement from its word `at` on. */
static bool
add_form(void *mem, struct schema_locks *all, const struct sql_statement *s,
         size_t at, bool inside)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct match m = { .s = s, .at = at };

        if ((inside && !forms[i].inside) || !match_form(&m, forms[i].words))
            continue;
        add_match(mem, all, &forms[i], &m);
        return true;
    }
    return false;
}

/* What writes in or behind a WITH begins behind a parenthesis. */
static void
add_with(void *mem, struct schema_locks *all, const struct sql_statement *s)
{
    for (size_t i = 1; i < s->n; i++)
        if (strchr("()", *s->words[i - 1]) != NULL)
            (void)add_form(mem, all, s, i, true);
}

/* A foreign key puts triggers on the table that it points to. */
static void
add_references(void *mem, struct schema_locks *all,
               const struct sql_statement *s)
{
    for (size_t i = 2; i + 1 < s->n; i++)
        if (strcasecmp(s->words[i], "REFERENCES") == 0)
            add_lock(mem, all,
                     (struct schema_lock){
                         .what = "REFERENCES",
                         .object = s->words[i + 1],
                         .lock = blocks_triggers,
                     });
}

struct schema_locks
schema_locks(void *mem, const char *sql)
{
    struct schema_locks all = { 0 };
    struct sql_statement s;

    while (sql_statement_next(mem, &sql, &s)) {
        const char *first = s.words[0];

        (void)add_form(mem, &all, &s, 0, false);
        if (strcasecmp(first, "WITH") == 0 || strcasecmp(first, "EXPLAIN") == 0)
            add_with(mem, &all, &s);
        if (s.n > 1 && strcasecmp(s.words[1], "TABLE") == 0)
            add_references(mem, &all, &s);
    }
    return all;
}
