/* setting_test.c - configuration files: values, places, faults, printing. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/setting.h"
#include "tests/unit/context.h"

int setting_suite(void);

struct house {
    const char *name, *colour, *key;
    int64_t rooms, rest, attic;
    bool lit;
};

static const char *const colours[] = { "red", "green", NULL };

static const struct setting house_rows[] = {
    SETTING(struct house, name, TEXT, .otherwise = "home", .max = 400,
            .about = "What the house is called."),
    SETTING(struct house, colour, CHOICE, .otherwise = "red",
            .choices = colours),
    SETTING(struct house, key, SECRET, .min = 4),
    SETTING(struct house, rooms, INTEGER, .otherwise = "3", .min = 1, .max = 9),
    SETTING(struct house, rest, DURATION, .otherwise = "1m"),
    SETTING(struct house, attic, SIZE, .otherwise = "64k", .min = 1024),
    SETTING(struct house, lit, BOOLEAN, .otherwise = "no"),
    { 0 },
};
static const struct section house = {
    .name = "house",
    .settings = house_rows,
    .size = sizeof(struct house),
    .about = "Where people live.",
};
static const struct section hut = {
    .name = "hut",
    .named = true,
    .settings = house_rows,
    .size = sizeof(struct house),
};
static const struct section *const sections[] = { &house, &hut, NULL };

static const struct setting strict_rows[] = {
    SETTING(struct house, name, TEXT, .required = true),
    { 0 },
};
static const struct section strict = {
    .name = "strict",
    .settings = strict_rows,
    .size = sizeof(struct house),
};
static const struct section *const strict_sections[] = { &strict, NULL };

/* Each test has a context and a directory of its own. */
static char directory[64];

static char *
path_of(const char *name)
{
    return mem_printf(mem, "%s/%s", directory, name);
}

static char *
write_file(const char *name, const char *content)
{
    char *path = path_of(name);

    CU_ASSERT_TRUE_FATAL(file_write(path, content, strlen(content), 0600));
    return path;
}

static void
set_up(void)
{
    context_set_up();
    (void)snprintf(directory, sizeof directory, "/tmp/setting.XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
    (void)mkdir(path_of("conf.d"), 0700);
}

static void
tear_down(void)
{
    static const char *const names[] = { "conf.d/10-a.conf", "conf.d/20-b.conf",
                                         "conf.d", "main.conf", "key" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)remove(path_of(names[i]));
    (void)rmdir(directory);
    context_tear_down();
}

static struct config *
read_main(const char *content, struct text *faults)
{
    return config_read(mem, write_file("main.conf", content), sections, faults);
}

/* The one section of a file that must be good. */
static const struct house *
good(const char *content)
{
    struct text *faults = text_new(mem);
    struct config *c = read_main(content, faults);

    CU_ASSERT_STRING_EQUAL(faults->at, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    return config_section(c, &house);
}

/* A file that must be bad, for exactly this reason. */
static void
bad(const char *content, const char *reason)
{
    struct text *faults = text_new(mem);
    char *expected = mem_printf(mem, "%s:%s\n", path_of("main.conf"), reason);

    CU_ASSERT_PTR_NULL(read_main(content, faults));
    CU_ASSERT_STRING_EQUAL(faults->at, expected);
    if (strcmp(faults->at, expected) != 0)
        printf("\n%s", faults->at);
}

static void
test_defaults(void)
{
    struct text *faults = text_new(mem);
    struct config *c = config_read(mem, NULL, sections, faults);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    const struct house *h = config_section(c, &house);

    CU_ASSERT_STRING_EQUAL(h->name, "home");
    CU_ASSERT_STRING_EQUAL(h->colour, "red");
    CU_ASSERT_PTR_NULL(h->key);
    CU_ASSERT_EQUAL(h->rooms, 3);
    CU_ASSERT_EQUAL(h->rest, CLOCK_MINUTE);
    CU_ASSERT_EQUAL(h->attic, 65536);
    CU_ASSERT_FALSE(h->lit);
    CU_ASSERT_PTR_NULL(config_instance(c, &hut, 0, NULL));
}

static void
test_values(void)
{
    const struct house *h =
        good("# a comment\n\n[house] ; the only one\n  name =  a = b: c \n"
             "colour: green\nrooms = 9\nrest=250ms\nattic = 2G ; large\n"
             "lit = on\nkey = \"ab: cd\"");

    CU_ASSERT_STRING_EQUAL(h->name, "a = b: c");
    CU_ASSERT_STRING_EQUAL(h->colour, "green");
    CU_ASSERT_EQUAL(h->rooms, 9);
    CU_ASSERT_EQUAL(h->rest, 250000);
    CU_ASSERT_EQUAL(h->attic, INT64_C(2) << 30);
    CU_ASSERT_TRUE(h->lit);
    CU_ASSERT_STRING_EQUAL(h->key, "ab: cd");
}

static void
test_byte_order_mark_and_line_ends(void)
{
    CU_ASSERT_EQUAL(
        good("\xEF\xBB\xBF[house]\r\nrooms = 4\r\nlit = yes\r\n")->rooms, 4);
}

/* libinih alone would cut this at 200 bytes. */
/* A text with what looks like a comment is refused: nobody can tell what was
 * meant. */
static void
test_comments(void)
{
    static const char *const bad[] = { "name = Tom ; Jerry", "name = a #b",
                                       "name = # all",       "name: x\t;y",
                                       "name = ;",           "name = ; a" };
    static const char *const fine[] = { "a;b", "a#b", "#fff", ";", "a;" };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct text *faults = text_new(mem);
        const char *file = mem_printf(mem, "[house]\n%s\nrooms = 5\n", bad[i]);

        CU_ASSERT_PTR_NULL(read_main(file, faults));
        CU_ASSERT_PTR_NOT_NULL(strstr(faults->at, "main.conf:2: name has a"));
    }
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        CU_ASSERT_STRING_EQUAL(
            good(mem_printf(mem, "[house]\nname=%s\nrooms = 5 ; five\n",
                            fine[i]))
                ->name,
            fine[i]);
}

static void
test_long_line(void)
{
    char value[401];

    for (size_t i = 0; i < 400; i++)
        value[i] = " ;#abcdefg"[i % 10];
    value[0] = 'x';
    value[399] = 'y';
    value[400] = '\0';
    for (size_t i = 1; i < 400; i++) /* no inline comment: " ;" */
        if (value[i] == ';')
            value[i] = ',';
    CU_ASSERT_STRING_EQUAL(
        good(mem_printf(mem, "[house]\nname = %s\nrooms = 5\n", value))->name,
        value);
}

static void
test_instances(void)
{
    struct text *faults = text_new(mem);
    struct config *c = read_main("[hut b]\nrooms = 1\n[hut a]\n[ hut  c ]\n"
                                 "[hut b]\nlit = yes\n",
                                 faults);
    const struct house *h;
    const char *name;

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    h = config_instance(c, &hut, 0, &name);
    CU_ASSERT_STRING_EQUAL(name, "b");
    CU_ASSERT_EQUAL(h->rooms, 1);
    CU_ASSERT_TRUE(h->lit);
    h = config_instance(c, &hut, 1, &name);
    CU_ASSERT_STRING_EQUAL(name, "a");
    CU_ASSERT_EQUAL(h->rooms, 3);
    CU_ASSERT_PTR_NOT_NULL(config_instance(c, &hut, 2, &name));
    CU_ASSERT_STRING_EQUAL(name, "c");
    CU_ASSERT_PTR_NULL(config_instance(c, &hut, 3, NULL));
}

static void
test_faults_name_the_line(void)
{
    bad("[house]\n\nrooms = many\n", "3: rooms = many is not a whole number");
    bad("[house]\nrooms = 10\n", "2: rooms = 10 is more than 9");
    bad("[house]\nattic = 1\n", "2: attic = 1 is less than 1k");
    bad("[house]\nrest = 10\n", "2: rest = 10 is not a duration, such as 0, "
                                "250ms, 10s, 5m, 2h or 7d");
    bad("[house]\nattic = 9999999999999g\n",
        "2: attic = 9999999999999g is too large");
    bad("[house]\ncolour = blue\n", "2: colour = blue is none of red, green");
    bad("[house]\nlit = maybe\n", "2: lit = maybe is neither yes nor no");
    bad("[house]\nroms = 3\n", "2: [house] has no setting roms");
    bad("[house]\nrooms\n", "2: neither [section] nor key = value");
    bad("[house]\n= 3\n", "2: neither [section] nor key = value");
    bad("rooms = 3\n", "1: rooms is in no section");
    bad("\n[hous]\nrooms = 3\n", "2: there is no section [hous]");
    bad("[house\n", "1: not a [section]");
    bad("[hut]\n", "1: [hut NAME] needs a name of letters, digits, _ and -");
    bad("[house main]\n", "1: [house] takes no name");
    bad("[house]\nrooms = 1\nrooms = 2\n",
        "3: rooms was given in line 2 already");
}

static void
test_secret_is_not_in_its_fault(void)
{
    bad("[house]\nkey = abc\n", "2: key has a length that is less than 4");
}

static void
test_all_faults_are_told(void)
{
    struct text *faults = text_new(mem);
    char *main_file = path_of("main.conf");

    CU_ASSERT_PTR_NULL(read_main(
        "[house]\nrooms = 0\n[cave]\nx = 1\n[house]\nlit = ?\n", faults));
    CU_ASSERT_STRING_EQUAL(faults->at,
                           mem_printf(mem,
                                      "%s:2: rooms = 0 is less than 1\n"
                                      "%s:3: there is no section [cave]\n"
                                      "%s:6: lit = ? is neither yes nor no\n",
                                      main_file, main_file, main_file));
}

static void
test_missing_file(void)
{
    struct text *faults = text_new(mem);

    CU_ASSERT_PTR_NULL(config_read(mem, path_of("none"), sections, faults));
    CU_ASSERT_STRING_EQUAL(
        faults->at,
        mem_printf(mem, "%s:0: No such file or directory\n", path_of("none")));
}

static void
test_later_file_wins(void)
{
    (void)write_file("conf.d/20-b.conf", "[house]\nrooms = 7\n");
    (void)write_file("conf.d/10-a.conf", "[house]\nrooms = 6\nlit = yes\n");
    struct text *faults = text_new(mem);
    struct config *c = read_main("[house]\nrooms = 5\nname = x\n", faults);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    const struct house *h = config_section(c, &house);

    CU_ASSERT_EQUAL(h->rooms, 7);
    CU_ASSERT_TRUE(h->lit);
    CU_ASSERT_STRING_EQUAL(h->name, "x");
    CU_ASSERT_STRING_EQUAL(
        config_where(c, h, "rooms"),
        mem_printf(mem, "%s:2", path_of("conf.d/20-b.conf")));
    CU_ASSERT_STRING_EQUAL(config_where(c, h, "rest"), "default");
}

static void
test_secret_sources(void)
{
    (void)write_file("key", "from-a-file\n");
    CU_ASSERT_STRING_EQUAL(good("[house]\nkey_file = key\n")->key,
                           "from-a-file");
    CU_ASSERT_EQUAL(setenv("SPARKLE_HOUSE_KEY", "from-outside", 1), 0);
    CU_ASSERT_STRING_EQUAL(good("[house]\n")->key, "from-outside");
    CU_ASSERT_STRING_EQUAL(good("[house]\nkey = here\n")->key, "here");
    (void)unsetenv("SPARKLE_HOUSE_KEY");
    bad("[house]\nkey_file = nowhere\n",
        mem_printf(mem, "2: key_file: %s: No such file or directory",
                   path_of("nowhere")));
}

static void
test_required(void)
{
    struct text *faults = text_new(mem);

    CU_ASSERT_PTR_NULL(
        config_read(mem, write_file("main.conf", ""), strict_sections, faults));
    CU_ASSERT_STRING_EQUAL(faults->at,
                           mem_printf(mem, "%s:0: [strict] name is required\n",
                                      path_of("main.conf")));
}

static void
test_print(void)
{
    struct text *faults = text_new(mem), *to = text_new(mem);
    struct config *c = read_main(
        "[house]\nrest = 60s\nattic = 2048k\nkey = abcd\n[hut a]\n", faults);

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    config_print(to, c, false);
    CU_ASSERT_STRING_EQUAL(to->at,
                           mem_printf(mem,
                                      "[house]\n# key: in %s:4\nattic = 2m\n"
                                      "\n[hut a]\n",
                                      path_of("main.conf")));
    text_clear(to);
    config_print(to, c, true);
    CU_ASSERT_PTR_NOT_NULL(strstr(to->at, "rest = 1m\n"));
    CU_ASSERT_PTR_NULL(strstr(to->at, "abcd"));
}

/* The sample is a file that can be read, and changes nothing. */
static void
test_sample(void)
{
    static const struct section *const only[] = { &house, NULL };
    struct text *sample = text_new(mem), *faults = text_new(mem);
    struct config *c;

    settings_sample(sample, only);
    CU_ASSERT_PTR_NOT_NULL(strstr(sample->at, "# What the house is called.\n"
                                              "#name = home\n"));
    c = read_main(sample->at, faults);
    CU_ASSERT_STRING_EQUAL(faults->at, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    text_clear(sample);
    config_print(sample, c, false);
    CU_ASSERT_STRING_EQUAL(sample->at, "");
}

static const CU_TestInfo tests[] = {
    { "defaults", test_defaults },
    { "values", test_values },
    { "byte order mark and CRLF", test_byte_order_mark_and_line_ends },
    { "comments", test_comments },
    { "a long line", test_long_line },
    { "instances", test_instances },
    { "faults name the line", test_faults_name_the_line },
    { "a secret is not in its fault", test_secret_is_not_in_its_fault },
    { "all faults are told", test_all_faults_are_told },
    { "a missing file", test_missing_file },
    { "a later file wins", test_later_file_wins },
    { "sources of secrets", test_secret_sources },
    { "required settings", test_required },
    { "print", test_print },
    { "sample", test_sample },
    CU_TEST_INFO_NULL,
};

int
setting_suite(void)
{
    CU_pSuite suite = CU_add_suite_with_setup_and_teardown(
        "setting", NULL, NULL, set_up, tear_down);

    if (suite == NULL)
        return 1;
    for (const CU_TestInfo *t = tests; t->pName != NULL; t++)
        if (CU_add_test(suite, t->pName, t->pTestFunc) == NULL)
            return 1;
    return 0;
}
