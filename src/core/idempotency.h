/*
 * idempotency.h - one effect for one Idempotency-Key (a POST's header).
 *
 * The key, the effect and the answer are in one transaction: begin in an open
 * one, run the handler, store, commit.  A second request with the key waits
 * for the first, and gets its answer; after 24 hours the key is free again.  A
 * key is its caller's: the user's, or the guest's, who is known by address,
 * browser and language.
 */
#ifndef CORE_IDEMPOTENCY_H
#define CORE_IDEMPOTENCY_H

#include <stddef.h>

#include "core/endpoint.h"

/* A stored answer; status 0: none, go on. */
struct idempotent {
    int status;
    const char *body;
};

/*
 * Takes the key for this request, whose body is given.  NULL, or
 * problem_idempotency (used for another request), problem_unavailable.
 */
const struct problem *idempotency_begin(struct request *r, const char *key,
                                        const char *body, size_t n,
                                        struct idempotent *ret_stored);

/* Stores the answer with the key. */
const struct problem *idempotency_store(struct request *r, const char *key,
                                        int status, const char *body, size_t n);

/* Frees the key: there is no answer that could be given again. */
const struct problem *idempotency_forget(struct request *r, const char *key);

#endif
