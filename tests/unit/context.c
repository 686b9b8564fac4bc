/* context.c - see context.h. */
#include "tests/unit/context.h"

void *mem;

void
context_set_up(void)
{
    mem = mem_context(NULL, "test");
}

void
context_tear_down(void)
{
    mem_free(mem);
    mem = NULL;
}

int
context_begin(void)
{
    context_set_up();
    return 0;
}

int
context_end(void)
{
    context_tear_down();
    return 0;
}
