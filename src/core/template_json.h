/*
 * template_json.h - JSON as the data of a template, for mails and tests.
 */
#ifndef CORE_TEMPLATE_JSON_H
#define CORE_TEMPLATE_JSON_H

#include "core/template.h"

/*
 * Parses len bytes of JSON; the value stays as long as mem.  0, false and null
 * are falsy.  False, and *ret untouched, for what is not JSON.
 */
bool template_json_parse(const void *mem, const char *json, size_t len,
                         struct template_value *ret);

struct json_object;

/* The same for a document that was parsed; it must outlive the value. */
void template_json(struct template_value *ret, const struct json_object *json);

#endif
