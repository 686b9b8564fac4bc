/*
 * markup_says.h - what markup makes of a text, for its unit tests.
 *
 * Results are of the test's memory (context.h).
 */
#ifndef UNIT_MARKUP_SAYS_H
#define UNIT_MARKUP_SAYS_H

#include <CUnit/CUnit.h>
#include <stdbool.h>

#include "markup/markup.h"

struct markup render(const char *markdown);

/* Whether it is what it should be; prints both where not. */
bool same(const char *markdown, const char *is, const char *should);

/* HTML without the directions, which says_directions() holds. */
const char *undirected(const char *html);

#define HTML(markdown, expected)                                               \
    CU_ASSERT(same(markdown, undirected(render(markdown).html), expected))
#define DIRECTED(markdown, expected)                                           \
    CU_ASSERT(same(markdown, render(markdown).html, expected))
#define PLAIN(markdown, expected)                                              \
    CU_ASSERT(same(markdown, render(markdown).plain, expected))

#endif
