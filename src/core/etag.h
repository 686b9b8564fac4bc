/*
 * etag.h - strong validators (RFC 9110, 8.8.3) of what was answered.
 */
#ifndef CORE_ETAG_H
#define CORE_ETAG_H

#include <stdbool.h>
#include <stddef.h>

#define ETAG_TEXT 35 /* quote, 32 hex digits, quote, NUL */

/* A hash of 128 bits over the bytes: fast, and no cryptography. */
void etag_write(const char *bytes, size_t n, char out[ETAG_TEXT]);

/* Whether an If-None-Match header (NULL: none) names it; by the weak
 * comparison, as 13.1.2 asks, since nginx makes a tag weak where it zips. */
bool etag_matches(const char *header, const char *etag);

#endif
