/*
 * mem.h - memory by lifespan: talloc, with allocation that cannot fail.
 *
 * There are four lifespans and so four contexts: the program, the worker, the
 * request, the statement.  Memory hangs on the context of its lifespan and
 * goes with it; who allocates for a request never frees.  Out of memory ends
 * the process with a log line: the master starts another worker.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <talloc.h>

/* A context below parent (NULL: a root). The name is for reports; literal. */
void *mem_context(const void *parent, const char *name);

/*
 * A context that serves small allocations from one block of `size` bytes, so
 * that freeing all of it costs nothing.  Larger needs fall back to malloc.
 */
void *mem_pool(const void *parent, const char *name, size_t size);

/* Frees what hangs on ctx, and keeps ctx. */
void mem_clear(void *ctx);

/* Frees ctx and what hangs on it. NULL is fine. */
void mem_free(void *ctx);

/* n bytes; mem_zero: all zero; mem_grow: of old kept, moved if it must be. */
void *mem_alloc(const void *ctx, size_t n);
void *mem_zero(const void *ctx, size_t n);
void *mem_grow(const void *ctx, void *old, size_t n);

/* Copies; the copy of n bytes is ended by a NUL that n does not count. */
char *mem_strdup(const void *ctx, const char *s);
char *mem_strndup(const void *ctx, const char *s, size_t n);
char *mem_printf(const void *ctx, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define mem_new(ctx, type) ((type *)mem_zero((ctx), sizeof(type)))
#define mem_array(ctx, type, n)                                                \
    ((type *)mem_zero((ctx), mem_size(sizeof(type), (n))))

/* a * b, or the end of the process where that does not fit. */
size_t mem_size(size_t a, size_t b);

#endif
