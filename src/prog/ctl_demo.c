/*
 * ctl_demo.c - sparklectl demo: a believable community out of nothing.
 *
 * sql/demo/demo.sql makes it inside the database, the same for the same seed.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/crypto.h"
#include "core/db.h"
#include "prog/ctl.h"
#include "search/search.h"

static const char password[] = "Sparkle-demo-2026!";
static const char prepare[] =
    "SET statement_timeout = 0; SET client_min_messages = error";

static const char load_sql[] =
    SQL(
    SELECT what, n FROM demo.load($1::int, $2::int, $3::int, $4::int, $5::int,
        $6)
);

static bool
number_option(int *argc, char **argv, const char *name, const char *otherwise,
              int64_t *ret_number)
{
    const char *word = ctl_option(argc, argv, name, otherwise);

    if (text_to_int(word, ret_number) && *ret_number >= 0 &&
        *ret_number <= 100000000)
        return true;
    (void)ctl_fail("--%s takes a whole number", name);
    return false;
}

struct amounts {
    int64_t users, posts, comments, reactions, seed;
};

static bool
read_amounts(int *argc, char **argv, struct amounts *a)
{
    return number_option(argc, argv, "users", "24", &a->users) &&
           number_option(argc, argv, "posts", "60", &a->posts) &&
           number_option(argc, argv, "comments", "200", &a->comments) &&
           number_option(argc, argv, "reactions", "600", &a->reactions) &&
           number_option(argc, argv, "seed", "1", &a->seed);
}

/* What searches read of the posts. */
static bool
index_posts(struct ctl *c, struct db *db)
{
    void *mem = mem_context(c->mem, "index");
    int64_t n;

    while ((n = search_index_some(db, mem)) > 0)
        mem_clear(mem);
    mem_free(mem);
    return n == 0;
}

static int
load(struct ctl *c, const struct amounts *a)
{
    const struct auth_settings *auth =
        SETTINGS_OF(c->app, &auth_section, struct auth_settings);
    const char *path = mem_printf(c->mem, "%s/demo/demo.sql", c->sql);
    const char *sql = file_read(c->mem, path, 1 << 20, NULL);
    const char *hash = password_hash(c->mem, auth, password);
    struct db *db = ctl_owner_db(c);
    struct db_error error;

    if (sql == NULL)
        return ctl_fail("%s cannot be read", path);
    if (!db_script(db, c->mem, prepare, &error) ||
        !db_script(db, c->mem, sql, &error))
        return ctl_fail("%s: %s", path, error.message);
    struct db_result *made =
        db_query(db, c->mem, load_sql,
                 ARGS(ARG(a->users), ARG(a->posts), ARG(a->comments),
                      ARG(a->reactions), ARG(a->seed), ARG(hash)),
                 &error);
    if (error.failed)
        return ctl_fail("%s", error.message);
    for (size_t i = 0; i < db_rows(made); i++)
        (void)printf("%9" PRId64 " %s\n", db_integer(made, i, 1),
                     db_text(made, i, 0, NULL));
    if (!index_posts(c, db))
        return 1;
    if (!db_script(db, c->mem, "DROP SCHEMA demo CASCADE", &error) ||
        !db_script(db, c->mem, "VACUUM ANALYZE", &error))
        return ctl_fail("%s", error.message);
    return 0;
}

static int
demo(struct ctl *c, int argc, char **argv)
{
    struct amounts a;
    int64_t start = clock_steady();

    if (!read_amounts(&argc, argv, &a))
        return 1;
    if (argc > 0)
        return 2;
    if (app_site(c->app)->production)
        return ctl_fail("[site] production is set: the demo's administrator "
                        "has a password that everybody can read");
    if (load(c, &a) != 0)
        return 1;
    (void)printf("In %.1f s.  Sign in as admin@example.org, alice@example.org "
                 "or bob@example.org with %s\n",
                 (double)(clock_steady() - start) / 1e6, password);
    return 0;
}

const struct ctl_command ctl_demo_commands[] = {
    {
        .name = "demo",
        .usage = "[--users N] [--posts N] [--comments N] [--reactions N] "
                 "[--seed N]",
        .about = "Fill an empty database with a believable community; the "
                 "same seed gives the same one.",
        .run = demo,
        .as_root = true,
    },
    { 0 },
};
