/* data.h - where unit tests find the files of tests/data. */
#ifndef UNIT_DATA_H
#define UNIT_DATA_H

#include "base/mem.h"

/* From the source tree: automake says where it is, else it is here. */
static inline char *
test_data(const void *mem, const char *name)
{
    const char *srcdir = getenv("srcdir");

    return mem_printf(mem, "%s/tests/data/%s", srcdir == NULL ? "." : srcdir,
                      name);
}

#endif
