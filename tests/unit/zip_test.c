/*
 * zip_test.c - core/zip: files that are there whole or not at all.  What is in
 * them is read by Python's zipfile in tests/jobs/privacy.test.mjs.
 */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "core/zip.h"
#include "tests/unit/context.h"

int zip_suite(void);

static char dir[] = "/tmp/sparkle-zip-XXXXXX";
static const char *path, *part;

static int
begin_suite(void)
{
    context_set_up();
    if (mkdtemp(dir) == NULL)
        return 1;
    path = mem_printf(mem, "%s/a.zip", dir);
    part = mem_printf(mem, "%s/a.zip.part", dir);
    return 0;
}

static int
end_suite(void)
{
    (void)unlink(path);
    (void)rmdir(dir);
    context_tear_down();
    return 0;
}

static bool
is_there(const char *name)
{
    return access(name, F_OK) == 0;
}

static void
test_unfinished(void)
{
    struct zip *z = zip_new(mem, path);

    CU_ASSERT_PTR_NOT_NULL_FATAL(z);
    CU_ASSERT_TRUE(zip_entry(z, "x.json", 0));
    CU_ASSERT_TRUE(zip_write(z, "[]", 2));
    CU_ASSERT_TRUE(is_there(part));
    mem_free(z);
    CU_ASSERT_FALSE(is_there(part));
    CU_ASSERT_FALSE(is_there(path));
}

static void
test_finished(void)
{
    struct zip *z = zip_new(mem, path);
    struct stat st;
    int64_t size = 0;
    size_t len;

    CU_ASSERT_PTR_NOT_NULL_FATAL(z);
    CU_ASSERT_TRUE(zip_entry(z, "a.json", 0) && zip_write(z, "[1]", 3));
    CU_ASSERT_TRUE(zip_entry(z, "empty.json", 0));
    CU_ASSERT_TRUE(zip_finish(z, &size));
    CU_ASSERT_PTR_NULL(zip_fault(z));
    mem_free(z);
    CU_ASSERT_FALSE(is_there(part));
    const char *bytes = file_read(mem, path, 4096, &len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    CU_ASSERT_EQUAL(size, (int64_t)len);
    CU_ASSERT_EQUAL(memcmp(bytes, "PK\003\004", 4), 0);
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 07, 0); /* nobody else's */
}

static void
test_nowhere(void)
{
    const char *nowhere = mem_printf(mem, "%s/none/a.zip", dir);

    errno = 0;
    CU_ASSERT_PTR_NULL(zip_new(mem, nowhere));
    CU_ASSERT_EQUAL(errno, ENOENT);
}

/* A link in its place leads nowhere. */
static void
test_link(void)
{
    CU_ASSERT_EQUAL(symlink("/etc/passwd", part), 0);
    CU_ASSERT_PTR_NULL(zip_new(mem, path));
    CU_ASSERT_EQUAL(unlink(part), 0);
}

int
zip_suite(void)
{
    CU_TestInfo tests[] = {
        { "what is not finished leaves no file", test_unfinished },
        { "what is finished is there whole", test_finished },
        { "a directory that is not there", test_nowhere },
        { "a symbolic link is not followed", test_link },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "zip",
          .pInitFunc = begin_suite,
          .pCleanupFunc = end_suite,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    return (int)CU_register_suites(suites);
}
