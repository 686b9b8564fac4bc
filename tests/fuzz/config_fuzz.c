/*
 * config_fuzz.c - any bytes as a configuration file.
 *
 * Either it is read, and prints as a file, or its faults name their lines.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/access.h"
#include "core/cache.h"
#include "core/crypto.h"
#include "core/db.h"
#include "pool/pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const struct section *const sections[] = {
    &master_section, &pool_section,   &db_section, &cache_section,
    &auth_section,   &limits_section, NULL,
};

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    void *mem = mem_context(NULL, "fuzz");
    const char *path =
        mem_printf(mem, "/tmp/config-fuzz-%d.conf", (int)getpid());
    struct text *faults = text_new(mem), *out = text_new(mem);

    if (!file_write(path, bytes, n, 0600))
        die("%s cannot be written", path);
    struct config *c = config_read(mem, path, sections, faults);
    if ((c == NULL) != (faults->len > 0))
        BUG("a file is refused without a word, or accepted with one");
    if (c != NULL)
        config_print(out, c, true);
    (void)unlink(path);
    mem_free(mem);
    return 0;
}
