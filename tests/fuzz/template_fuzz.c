/*
 * template_fuzz.c - any bytes as a template, rendered with fixed data.
 *
 * The input is the template; it may name itself as the partial "self" and
 * "other", which is its second half.
 */
#include "base/log.h"
#include "base/mem.h"
#include "core/template.h"
#include "core/template_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char data[] =
    "{\"a\":\"<&>\",\"b\":{\"c\":[1,0,null,\"x\\ny\"],\"b\":{\"a\":true}},"
    "\"l\":[{\"a\":1},{\"l\":[{\"a\":\"\"},[[2]]]}],\"n\":null,\"z\":0.5}";

/*
 * Sections of sections would run up to TEMPLATE_STEPS times, each of which may
 * write: legal, but more than the fuzzer's time and memory.
 */
enum { LONGEST = 512 };

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    void *mem = mem_context(NULL, "fuzz");
    struct template_set *set = templates_new(mem, TEMPLATE_HTML);
    struct text *faults = text_new(mem), *out = text_new(mem);
    const char *source = n == 0 ? "" : (const char *)bytes;
    struct template_value root = { 0 };

    log_threshold(LOG_ERROR);
    n = n > LONGEST ? LONGEST : n;
    templates_add(set, "self", source, n);
    templates_add(set, "other", source + n / 2, n - n / 2);
    bool good = templates_compile(set, faults);
    if (!template_json_parse(mem, data, sizeof data - 1, &root))
        BUG("the data is not JSON");
    if (good == (faults->len > 0))
        BUG("faults are told and not told");
    (void)template_render(out, template_find(set, "self"), &root);
    const struct template *alone =
        template_parse(mem, TEMPLATE_PLAIN, "alone", source, n, set, faults);
    if (alone != NULL)
        (void)template_render(out, alone, &root);
    mem_free(mem);
    return 0;
}
