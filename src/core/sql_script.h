/*
 * sql_script.h - a script of SQL, read a statement at a time as words.
 *
 * Knows what PostgreSQL 15 (chapter 4.1, Lexical Structure) and psql know of
 * where a statement ends: quotes, E'' strings, quoted names, dollar quotes,
 * comments in comments, parentheses, and the bodies of BEGIN ATOMIC.  It does
 * not judge: what PostgreSQL refuses comes out as words, too.
 */
#ifndef CORE_SQL_SCRIPT_H
#define CORE_SQL_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A statement without its semicolon and comments.  A name with its dots is one
 * word ("public.users"), a string of any kind the word '', and another sign a
 * word of one byte.
 */
struct sql_statement {
    const char **words;
    size_t n;
};

/*
 * The statement at *at, on mem; moves *at behind it.  False at the script's
 * end.  Linear in the script's length.
 */
bool sql_statement_next(void *mem, const char **at,
                        struct sql_statement *ret_statement);

#endif
