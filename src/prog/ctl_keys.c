/*
 * ctl_keys.c - sparklectl keys: the rings of keys, and turning them.
 *
 * A ring is a file "id:hex,id:hex".  Its first key makes what is new, and all
 * of them read what is there.  A new key is first added at the end, so that
 * every program can read it, and comes to the front when all of them have it:
 * at no moment is something written that somebody cannot read.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "core/crypto.h"
#include "core/db.h"
#include "prog/ctl_keys.h"

enum { KEY_SIZE = 32 };

/* ---- The inventory ------------------------------------------------------- */

static const char note_sql[] = SQL(SELECT keys_note($1, $2));

/* What is in the file counts, so a database that is away is no failure. */
static void
note(struct ctl *c, const struct ring_row *row)
{
    struct db_error error;
    struct ring ring;

    if (!ring_read(c, row, &ring))
        return;
    const char **kids = mem_array(c->mem, const char *, ring.keys->n);
    for (size_t i = 0; i < ring.keys->n; i++)
        kids[i] = ring.keys->keys[i].id;
    const struct texts all = { kids, ring.keys->n };
    (void)db_query(c->app->db, c->mem, note_sql, ARGS(ARG(row->name), ARG(all)),
                   &error);
    if (error.failed)
        (void)ctl_fail("the inventory is not up to date: %s", error.message);
}

/* clang-format off */
static const char uses_sql[] = SQL(
    SELECT coalesce(k.purpose, u.purpose), coalesce(k.kid, u.kid),
        k.created_at, coalesce(u.uses, 0)::bigint
    FROM encryption_keys k
    FULL JOIN key_uses u ON u.purpose = k.purpose AND u.kid = k.kid
    ORDER BY 1, 2
);
/* clang-format on */

/* The row of a key in the result of uses_sql, or -1. */
static long
use_of(const struct db_result *uses, const char *purpose, const char *kid)
{
    for (size_t i = 0; i < db_rows(uses); i++)
        if (strcmp(db_text(uses, i, 0, NULL), purpose) == 0 &&
            strcmp(db_text(uses, i, 1, NULL), kid) == 0)
            return (long)i;
    return -1;
}

static const struct db_result *
ask_uses(struct ctl *c)
{
    struct db_error error;
    const struct db_result *uses =
        db_query(c->app->db, c->mem, uses_sql, NO_ARGS, &error);

    if (!error.failed)
        return uses;
    (void)ctl_fail("the database: %s", error.message);
    return NULL;
}

/* ---- keys list ----------------------------------------------------------- */

static const char *
state_of(const struct ring *ring, size_t i)
{
    const struct crypto_key *key = &ring->keys->keys[i];

    if (i == 0)
        return "in use";
    return key == ring_newest(ring->keys) ? "next" : "old";
}

static void
print_key(struct ctl *c, const struct ring *ring, size_t i,
          const struct db_result *uses)
{
    const struct crypto_key *key = &ring->keys->keys[i];
    long use = use_of(uses, ring->row->name, key->id);
    struct text *since = text_new(c->mem);

    if (use >= 0 && !db_null(uses, (size_t)use, 2))
        clock_date(since, db_time(uses, (size_t)use, 2).us);
    (void)printf("%-12s %-12s %-8s %-14s %" PRId64 "\n", ring->row->name,
                 key->id, state_of(ring, i), since->len > 0 ? since->at : "-",
                 use < 0 ? 0 : db_integer(uses, (size_t)use, 3));
}

/* Values under a key that no ring has are lost until it comes back. */
static int
print_lost(const struct ring *rings, const struct db_result *uses)
{
    int lost = 0;

    for (size_t i = 0; i < db_rows(uses); i++) {
        const char *purpose = db_text(uses, i, 0, NULL);
        const char *kid = db_text(uses, i, 1, NULL);
        const struct ring *ring = rings;

        while (ring->row != NULL && strcmp(ring->row->name, purpose) != 0)
            ring++;
        if (db_integer(uses, i, 3) == 0 || ring->row == NULL ||
            keyring_find(ring->keys, kid) != NULL)
            continue;
        (void)printf("%-12s %-12s %-8s %-14s %" PRId64 "\n", purpose, kid,
                     "missing", "-", db_integer(uses, i, 3));
        lost = 1;
    }
    return lost;
}

static int
list(struct ctl *c, int argc, char **argv)
{
    struct ring rings[RINGS + 1] = { 0 };
    const struct db_result *uses = ask_uses(c);

    (void)argv;
    if (argc > 0)
        return 2;
    if (uses == NULL)
        return 1;
    (void)printf("%-12s %-12s %-8s %-14s %s\n", "ring", "key", "state",
                 "known since", "values");
    for (size_t i = 0; ring_rows[i].name != NULL; i++) {
        if (!ring_read(c, &ring_rows[i], &rings[i]))
            return 1;
        for (size_t k = 0; k < rings[i].keys->n; k++)
            print_key(c, &rings[i], k, uses);
    }
    return print_lost(rings, uses);
}

/* ---- keys add, keys rotate ----------------------------------------------- */

/* Adds a key at the end of a ring's file. */
static int
append(struct ctl *c, const struct ring *ring)
{
    struct text *text = ring_text(c->mem, ring, NULL, NULL);
    int64_t n = ring_number(ring_newest(ring->keys));
    uint8_t bytes[KEY_SIZE];
    const struct crypto_key key = {
        .id = mem_printf(c->mem, "k%" PRId64,
                         (n > 0 ? n : (int64_t)ring->keys->n) + 1),
        .bytes = bytes,
        .len = sizeof bytes,
    };

    random_bytes(bytes, sizeof bytes);
    ring_add(c->mem, text, &key);
    explicit_bzero(bytes, sizeof bytes);
    int status = ring_write(ring, text);
    if (status == 0)
        (void)printf("%s: key %s is added\n", ring->row->name, key.id);
    return status;
}

/* Brings the newest key of a ring's file to the front. */
static int
promote(struct ctl *c, const struct ring *ring)
{
    const struct crypto_key *key = ring_newest(ring->keys);
    int status = ring_write(ring, ring_text(c->mem, ring, key, NULL));

    if (status == 0)
        (void)printf("%s: key %s is in use\n", ring->row->name, key->id);
    return status;
}

typedef int change(struct ctl *c, const struct ring *ring);

/* Changes the rings of that name ("all": each) for which `wanted` is true; 0,
 * or what the command returns. */
static int
change_rings(struct ctl *c, const char *name, change *how,
             bool (*wanted)(const struct ring *ring))
{
    for (const struct ring_row *row = ring_rows; row->name != NULL; row++) {
        struct ring ring;
        int status;

        if (strcmp(name, "all") != 0 && strcmp(name, row->name) != 0)
            continue;
        if (!ring_read(c, row, &ring))
            return 1;
        if (!wanted(&ring))
            continue;
        status = how(c, &ring);
        if (status != 0)
            return status;
        note(c, row);
    }
    return 0;
}

static bool
has_no_next(const struct ring *ring)
{
    return ring_newest(ring->keys) == &ring->keys->keys[0];
}

static bool
has_next(const struct ring *ring)
{
    return !has_no_next(ring);
}

static bool
always(const struct ring *ring)
{
    (void)ring;
    return true;
}

/* The words of add and rotate; 0 where they are right. */
static int
begin(struct ctl *c, int argc, char **argv)
{
    struct ring ring;

    if (argc != 1 ||
        (strcmp(argv[0], "all") != 0 && ring_row_named(argv[0]) == NULL))
        return 2;
    if (!ring_read(c, &ring_rows[0], &ring))
        return 1;
    if (!ring_lock(c, ring.path))
        return ctl_fail("another sparklectl is at the keys");
    return 0;
}

static int
add(struct ctl *c, int argc, char **argv)
{
    int status = begin(c, argc, argv);

    if (status == 0)
        status = change_rings(c, argv[0], append, always);
    if (status != 0)
        return status;
    return ctl_reload(c) == RELOAD_FAILED;
}

static int
rotate(struct ctl *c, int argc, char **argv)
{
    bool known = ctl_flag(&argc, argv, "known");
    int status = begin(c, argc, argv);

    if (status == 0 && !known)
        status = change_rings(c, argv[0], append, has_no_next);
    if (status != 0)
        return status;
    enum reloaded told = known ? RELOADED : ctl_reload(c);
    if (told == RELOAD_BY_HAND) {
        (void)puts("The new keys are added.  When all programs have them, run "
                   "this again with --known, and do the same once more.");
        return 0;
    }
    if (told == RELOAD_FAILED)
        return 1;
    status = change_rings(c, argv[0], promote, has_next);
    return status != 0 ? status : ctl_reload(c) == RELOAD_FAILED;
}

/* ---- keys drop ----------------------------------------------------------- */

static int
drop(struct ctl *c, int argc, char **argv)
{
    struct ring ring;

    if (argc != 2 || ring_row_named(argv[0]) == NULL)
        return 2;
    if (!ring_read(c, ring_row_named(argv[0]), &ring))
        return 1;
    const struct crypto_key *key = keyring_find(ring.keys, argv[1]);
    const struct db_result *uses = ask_uses(c);
    if (uses == NULL)
        return 1;
    if (key == NULL || key == &ring.keys->keys[0])
        return ctl_fail("%s is not an old key of the ring %s", argv[1],
                        argv[0]);
    long use = use_of(uses, argv[0], argv[1]);
    if (use >= 0 && db_integer(uses, (size_t)use, 3) > 0)
        return ctl_fail("%" PRId64 " values need it still; keys list",
                        db_integer(uses, (size_t)use, 3));
    if (!ring_lock(c, ring.path))
        return ctl_fail("another sparklectl is at the keys");
    int status = ring_write(&ring, ring_text(c->mem, &ring, NULL, key));
    if (status != 0)
        return status;
    (void)printf("%s: key %s is dropped\n", argv[0], argv[1]);
    note(c, ring.row);
    return ctl_reload(c) == RELOAD_FAILED;
}

const struct ctl_command ctl_keys_commands[] = {
    {
        .name = "keys list",
        .about = "Print the keys of each ring, and how many values need "
                 "them; 1 where a key is missing.",
        .run = list,
    },
    {
        .name = "keys add",
        .usage = "encryption|pepper|signing|all",
        .about = "Add a key to a ring, to be used by the next rotation.",
        .run = add,
        .as_root = true,
    },
    {
        .name = "keys rotate",
        .usage = "[--known] encryption|pepper|signing|all",
        .about = "Use a new key from now on; what is there stays readable: "
                 "sparkle-batch key-rotation encrypts it anew, passwords "
                 "follow at the next login.",
        .run = rotate,
        .as_root = true,
    },
    {
        .name = "keys drop",
        .usage = "encryption|pepper|signing ID",
        .about = "Remove an old key that nothing needs any more.",
        .run = drop,
        .as_root = true,
    },
    { 0 },
};
