/*
 * upkeep_files.c - the batch program temp-files: files that were begun and
 * never finished.
 *
 * It looks only below the directories of [upkeep] temp_dirs, follows no link,
 * and takes nothing but regular files, and directories that are empty, of
 * which nothing was written for the time of temp_age.
 */
#include "upkeep/upkeep_local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "core/batch.h"

#define DEPTH 4 /* of directories in directories */

struct sweep {
    bool dry_run, failed;
    int64_t before; /* Unix time in seconds */
    int64_t found;
};

/* A name that is too old goes; flags as those of unlinkat. */
static void
take(struct sweep *s, int dir, const char *name, int flags)
{
    if (!s->dry_run && unlinkat(dir, name, flags) != 0) {
        if (errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST)
            return;
        log_error("%s: %s", name, strerror(errno));
        s->failed = true;
        return;
    }
    s->found++;
}

static void sweep_dir(struct sweep *s, int fd, int depth);

static void
sweep_entry(struct sweep *s, int dir, const char *name, int depth)
{
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    bool old = st.st_mtime < s->before;
    if (S_ISREG(st.st_mode) && old)
        take(s, dir, name, 0);
    if (!S_ISDIR(st.st_mode) || depth >= DEPTH)
        return;
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    sweep_dir(s, fd, depth + 1);
    if (old && !s->dry_run)
        take(s, dir, name, AT_REMOVEDIR);
}

/* Closes fd. */
static void
sweep_dir(struct sweep *s, int fd, int depth)
{
    const struct dirent *entry;
    DIR *dir = fdopendir(fd);

    if (dir == NULL) {
        (void)close(fd);
        return;
    }
    while ((s->dry_run || s->found < BATCH_ROWS) &&
           (entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            sweep_entry(s, dirfd(dir), entry->d_name, depth);
    (void)closedir(dir);
}

static void
sweep_path(struct sweep *s, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0) {
        sweep_dir(s, fd, 0);
    } else if (errno != ENOENT) {
        log_error("%s: %s", path, strerror(errno));
        s->failed = true;
    }
}

/* "/a /b", one after the other. */
static void
sweep_list(struct sweep *s, void *mem, const char *list)
{
    while (list != NULL && list[0] != '\0') {
        size_t n = strcspn(list, " \t");

        if (n > 0)
            sweep_path(s, mem_strndup(mem, list, n));
        list += n;
        list += strspn(list, " \t");
    }
}

int64_t
upkeep_sweep_files(struct job *job, bool dry_run)
{
    const struct upkeep_settings *settings =
        SETTINGS_OF(job->app, &upkeep_section, struct upkeep_settings);
    struct sweep s = {
        .dry_run = dry_run,
        .before = (clock_now() + CLOCK_UNIX_OFFSET - settings->temp_age) /
                  CLOCK_SECOND,
    };

    sweep_list(&s, job->mem, settings->temp_dirs);
    return s.failed ? -1 : s.found;
}
