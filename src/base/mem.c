/* mem.c - talloc behind functions that do not return NULL; see mem.h. */
#include "base/mem.h"

#include <stdarg.h>
#include <string.h>

#include "base/log.h"

static void *
sure(void *p)
{
    if (p == NULL)
        die("out of memory");
    return p;
}

void *
mem_context(const void *parent, const char *name)
{
    return sure(talloc_named_const(parent, 0, name));
}

void *
mem_pool(const void *parent, const char *name, size_t size)
{
    void *pool = sure(talloc_pool(parent, size));

    talloc_set_name_const(pool, name);
    return pool;
}

void
mem_clear(void *ctx)
{
    talloc_free_children(ctx);
}

void
mem_free(void *ctx)
{
    if (ctx != NULL)
        talloc_free(ctx);
}

void *
mem_alloc(const void *ctx, size_t n)
{
    return sure(talloc_size(ctx, n));
}

void *
mem_zero(const void *ctx, size_t n)
{
    return sure(talloc_zero_size(ctx, n));
}

void *
mem_grow(const void *ctx, void *old, size_t n)
{
    return sure(talloc_realloc_size(ctx, old, n));
}

char *
mem_strdup(const void *ctx, const char *s)
{
    return mem_strndup(ctx, s, strlen(s));
}

char *
mem_strndup(const void *ctx, const char *s, size_t n)
{
    char *copy = mem_alloc(ctx, mem_size(n + 1, 1));

    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *
mem_printf(const void *ctx, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *s = sure(talloc_vasprintf(ctx, format, args));
    va_end(args);
    return s;
}

size_t
mem_size(size_t a, size_t b)
{
    size_t product;

    if (__builtin_mul_overflow(a, b, &product))
        die("an allocation of %zu times %zu bytes", a, b);
    return product;
}
