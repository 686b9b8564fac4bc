/*
 * language.h - tags that name languages (BCP 47, RFC 5646): en, pt-BR,
 * zh-Hant-TW.
 *
 * What is checked is the form (RFC 5646, 2.1), and that neither a variant nor
 * an extension comes twice (2.2.9).  Whether a subtag is registered is not: the
 * registry grows, and a browser passes over what it does not know.
 */
#ifndef BASE_LANGUAGE_H
#define BASE_LANGUAGE_H

#include <stdbool.h>

#define LANGUAGE_MAX 35 /* characters; what RFC 5646, 4.4.1 asks for */

/* For fields of requests: what is wanted, and what of it a pattern can say. */
#define LANGUAGE_WANTED "must be a language tag such as en or pt-BR (BCP 47)"
#define LANGUAGE_PATTERN "^[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*$"

bool language_valid(const char *tag);

/* A valid tag in the case that RFC 5646, 2.1.1 recommends, on mem. */
const char *language_kept(const void *mem, const char *tag);

#endif
