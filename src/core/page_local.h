/*
 * page_local.h - what the files that feed templates share.
 */
#ifndef CORE_PAGE_LOCAL_H
#define CORE_PAGE_LOCAL_H

#include "core/page.h"
#include "core/shape.h"
#include "core/template.h"

/*
 * How a template asks for a member: {{createdAt@date}} for people;
 * {{#views@one}}, which is there where a number is 1: 1 view, 2 views;
 * {{language@lang}} for the attribute lang, which is empty, and not left out,
 * where the language is not known (HTML, 3.2.6.2), so that it does not take
 * that of the page.
 */
enum page_form { PAGE_PLAIN, PAGE_DATE, PAGE_ONE, PAGE_LANG };

bool page_named(const struct template_name *name, const char *s, size_t len);

/* The slot of a name, with *ret_form set where a suffix says one; or NULL. */
const struct shape_slot *page_slot(const struct shape *s,
                                   const struct template_name *name,
                                   enum page_form *ret_form);

void page_put_integer(struct template_value *ret, int64_t number,
                      enum page_form form);
void page_put_text(struct template_value *ret, const char *s, size_t len,
                   enum page_form form);
void page_put_uuid(struct template_value *ret, const void *mem, struct uuid id);
void page_put_time(struct template_value *ret, const void *mem,
                   struct instant time, enum page_form form);
void page_put_real(struct template_value *ret, double number);
void page_put_texts(struct template_value *ret, const void *mem,
                    struct texts texts);

#endif
