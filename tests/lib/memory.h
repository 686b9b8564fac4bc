/*
 * memory.h - an exchange without a socket: requests from strings, answers as
 * bytes.  For unit tests and fuzzers.
 */
#ifndef TESTS_LIB_MEMORY_H
#define TESTS_LIB_MEMORY_H

#include <stddef.h>

#include "core/app.h"
#include "core/exchange.h"

/* A program with these features: no database, no pages unless the test puts
 * them into the app.  Aborts where a row is wrong. */
struct app *memory_app(void *mem, const struct feature *const *features);

/*
 * Runs one request.  env: "NAME=value" as FastCGI has it, ended by NULL, with
 * REQUEST_METHOD and REQUEST_URI; QUERY_STRING and CONTENT_LENGTH follow from
 * these and the body where they are not given.  The whole answer is returned
 * and stays until the next call.
 */
const char *memory_run(struct exchange *ex, const char *const *env,
                       const char *body, size_t n, size_t *ret_len);

/* The same for the common case: "POST /path?query", a JSON body or NULL. */
const char *memory_call(struct exchange *ex, const char *line,
                        const char *json);

#endif
