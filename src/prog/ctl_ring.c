/*
 * ctl_ring.c - the files of rings of keys: read, put together, written whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/mem.h"
#include "prog/ctl_keys.h"

enum { RING_MOST = 65536 };

const struct ring_row ring_rows[] = {
    { "encryption", "encryption_key" },
    { "pepper", "pepper" },
    { "signing", "signing_key" },
    { 0 },
};

const struct ring_row *
ring_row_named(const char *name)
{
    for (const struct ring_row *row = ring_rows; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

bool
ring_read(struct ctl *c, const struct ring_row *row, struct ring *ret)
{
    const char *fault = NULL;
    const char *path = config_secret_file(
        c->app->config, config_section(c->app->config, &auth_section),
        row->setting);
    char *text = path == NULL ? NULL : file_read(c->mem, path, RING_MOST, NULL);

    if (path == NULL) {
        (void)ctl_fail("[auth] %s does not come from a file: set %s_file",
                       row->setting, row->setting);
        return false;
    }
    if (text == NULL) {
        (void)ctl_fail("%s: %s", path, strerror(errno));
        return false;
    }
    text[strcspn(text, "\r\n")] = '\0';
    *ret = (struct ring){ row, path, keyring_read(c->mem, text, &fault) };
    explicit_bzero(text, strlen(text));
    if (ret->keys == NULL)
        (void)ctl_fail("%s: %s", path, fault);
    return ret->keys != NULL;
}

bool
ring_lock(struct ctl *c, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dir =
        slash == NULL ? "." : mem_strndup(c->mem, path, (size_t)(slash - path));
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

void
ring_add(void *mem, struct text *to, const struct crypto_key *key)
{
    text_addf(to, "%s%s:%s", to->len > 0 ? "," : "", key->id,
              hex_encode(mem, key->bytes, key->len));
}

int
ring_write(const struct ring *ring, struct text *text)
{
    text_addc(text, '\n');
    bool done = file_replace(ring->path, text->at, text->len);
    explicit_bzero(text->at, text->len);
    return done ? 0 : ctl_fail("%s: %s", ring->path, strerror(errno));
}

struct text *
ring_text(void *mem, const struct ring *ring, const struct crypto_key *first,
          const struct crypto_key *without)
{
    struct text *to = text_new(mem);

    if (first != NULL)
        ring_add(mem, to, first);
    for (size_t i = 0; i < ring->keys->n; i++)
        if (&ring->keys->keys[i] != first && &ring->keys->keys[i] != without)
            ring_add(mem, to, &ring->keys->keys[i]);
    return to;
}

int64_t
ring_number(const struct crypto_key *key)
{
    int64_t n;

    return key->id[0] == 'k' && text_to_int(key->id + 1, &n) && n > 0 ? n : 0;
}

const struct crypto_key *
ring_newest(const struct keyring *keys)
{
    const struct crypto_key *best = &keys->keys[0];

    for (size_t i = 1; i < keys->n; i++)
        if (ring_number(&keys->keys[i]) > ring_number(best))
            best = &keys->keys[i];
    return best;
}
