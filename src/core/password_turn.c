/*
 * password_turn.c - how many passwords are hashed at once, over all processes.
 *
 * A turn is a lock on one byte of a file in shared memory.  The kernel takes a
 * lock back when its holder dies, however it dies; so nothing can be left
 * behind, and nothing needs to be made before the fork.  Open file description
 * locks belong to this opening of the file, not to the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "core/password_local.h"

/* A process hashes one password at a time. */
static struct {
    int fd; /* 0: not opened yet; -1: it cannot be */
    pid_t owner;
    bool held;
    int64_t place;
} turn;

/* Nobody else's file: others could hold all its locks. */
static int
open_file(void)
{
    char path[64];
    struct stat st;

    (void)snprintf(path, sizeof path, "/dev/shm/sparkle-hash-%u",
                   (unsigned)geteuid());
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
        (st.st_mode & 0077) == 0)
        return fd;
    log_warn("%s: %s: password hashes are not limited", path,
             fd < 0 ? strerror(errno) : "is not ours");
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static bool
lock(int64_t place, short type)
{
    struct flock l = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = place, .l_len = 1
    };

    return fcntl(turn.fd, F_OFD_SETLK, &l) == 0;
}

/* Half of the processors are for who only reads. */
static int64_t
places_of(const struct auth_settings *s)
{
    const long half = sysconf(_SC_NPROCESSORS_ONLN) / 2;

    if (s->hash_concurrency > 0)
        return s->hash_concurrency;
    return half > 1 ? half : 1;
}

static bool
try_all(int64_t places)
{
    int64_t first = random_below((uint32_t)places);

    for (int64_t i = 0; i < places; i++) {
        turn.place = (first + i) % places;
        if (lock(turn.place, F_WRLCK)) {
            turn.held = true;
            return true;
        }
    }
    return false;
}

bool
password_turn_until(const struct auth_settings *s, int64_t until)
{
    if (turn.fd == 0 || turn.owner != getpid()) {
        turn.fd = open_file();
        turn.owner = getpid();
        turn.held = false;
    }
    if (turn.fd < 0 || turn.held)
        return true;
    const int64_t places = places_of(s);

    while (!try_all(places)) {
        struct timespec pause = { .tv_nsec = 2000000 + random_below(4000000) };

        if (clock_steady() >= until)
            return false;
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

bool
password_turn(const struct auth_settings *s)
{
    return password_turn_until(s, clock_steady() + 3 * CLOCK_SECOND);
}

void
password_turn_end(void)
{
    if (turn.fd > 0 && turn.held)
        (void)lock(turn.place, F_UNLCK);
    turn.held = false;
}
