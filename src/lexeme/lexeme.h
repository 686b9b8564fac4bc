/*
 * lexeme.h - texts as PostgreSQL's full text takes them: one way for what is
 * stored and for what is looked for, in every script.
 *
 * A text is folded (NFKC, case, marks off, what is invisible out, digits of
 * all scripts to 0-9) and split into atoms: words, numbers, and runs of
 * scripts that put no blanks between words.  A token like node.js, v2.10.3 or
 * AC/DC is the atoms that it has, each found for itself, and the whole by
 * their order.
 *
 * Lexemes of an atom:
 *   word      the word, and its English stem; with / before them where the
 *             word is a part of a token, so that "node" tells itself from the
 *             node of node.js
 *   number    the same without a stem
 *   run       each character with the one after it, and the last alone: so
 *             any two characters are found by one lexeme, one by a prefix
 * Titles have each once more with ^ before it.  LEXEME_CUT stands where not
 * all positions could be kept; phrases are then no proof that they are absent.
 *
 * Whoever changes what comes out of here makes a migration that puts all posts
 * into post_search_stale: the batch program search-index makes them anew.
 */
#ifndef LEXEME_LEXEME_H
#define LEXEME_LEXEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define LEXEME_CUT "+"

/* ---- Texts --------------------------------------------------------------- */

/* The folded form, on mem; malformed bytes become blanks. */
char *lexeme_fold(const void *mem, const char *s, size_t n);

enum { LEXEME_ATOM = 64 }; /* characters of a word or number that count */

struct lexeme_atom {
    enum lexeme_kind { LEXEME_WORD, LEXEME_NUMBER, LEXEME_RUN } kind;
    const char *at; /* in the folded text */
    size_t len, chars;
    size_t position; /* of its first; a run takes one a character */
    bool part;       /* of a longer token */
};

struct lexeme_atoms {
    const struct lexeme_atom *at;
    size_t n;
};

/* The atoms of a folded text, `most` at most; linear. */
void lexeme_split(struct lexeme_atoms *ret, const void *mem, const char *folded,
                  size_t most);

/* An English stemmer (Snowball), gone with mem. */
struct lexeme_stemmer;
struct lexeme_stemmer *lexeme_stemmer_new(const void *mem);

/* The stem of a word; its bytes are valid until the next call. */
const char *lexeme_stem(struct lexeme_stemmer *s, const struct lexeme_atom *a,
                        size_t *ret_len);

/* Adds 'prefix + bytes' as tsvector and tsquery have a lexeme. */
void lexeme_write(struct text *to, const char *prefix, const char *bytes,
                  size_t len);

/* ---- Documents ----------------------------------------------------------- */

/* What of a post there is; NULL leaves a part out. */
struct lexeme_document {
    const char *title;       /* weight A */
    const char *const *tags; /* B */
    size_t n_tags;
    const char *excerpt; /* C; its own, not the content's beginning */
    const char *content; /* D */
};

/*
 * A tsvector as text, on mem, that PostgreSQL takes whatever the texts are:
 * no lexeme and no document is too long for it.  What comes after the first
 * 11,000 words or characters of a content has no order; after about 800 KB of
 * different lexemes nothing is kept.  Parts keep to positions of their own, so
 * that they can be exchanged one by one.
 */
const char *lexeme_vector(const void *mem, const struct lexeme_document *d);

#endif
