/*
 * html_check.h - a strict reader of the HTML that markup writes, for its unit
 * tests and fuzzing.  It knows nothing of how that HTML is made.
 */
#ifndef UNIT_HTML_CHECK_H
#define UNIT_HTML_CHECK_H

#include <stddef.h>

/*
 * NULL where the HTML holds only the elements, attributes and addresses that
 * posts may have, well-formed and properly nested; else what is wrong, with
 * *ret_at where.
 */
const char *html_check(const char *html, const char **ret_at);

#endif
