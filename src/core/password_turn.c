/*
 * password_turn.c - how many passwords are hashed at once, over all processes.
 *
 * A turn is a lock on one place of a file in shared memory.  The kernel takes a
 * lock back when its holder dies, however it dies; so nothing can be left
 * behind, and nothing needs to be made before the fork.  Open file description
 * locks belong to this opening of the file, not to the process.
 *
 * In a rush, when turns are waited for, a place rests after each for as long as
 * the turn took (250 ms at most): what the file holds there is until when
 * (clock_steady).  So a flood of logins takes half of the time that
 * hash_concurrency allows.
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
#include "base/processors.h"
#include "base/random.h"
#include "core/password_local.h"

/* A process hashes one password at a time. */
static struct {
    int fd; /* 0: not opened yet; -1: it cannot be */
    pid_t owner;
    bool held, waited;
    int64_t place, began;
} turn;

#define LONGEST_REST (CLOCK_SECOND / 4)

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
    const off_t size = sizeof(int64_t);
    struct flock l = { .l_type = type,
                       .l_whence = SEEK_SET,
                       .l_start = place * size,
                       .l_len = size };

    return fcntl(turn.fd, F_OFD_SETLK, &l) == 0;
}

static bool
rests(int64_t place)
{
    int64_t until, now = clock_steady();
    const off_t at = place * (off_t)sizeof until;

    return pread(turn.fd, &until, sizeof until, at) == sizeof until &&
           until > now && until <= now + LONGEST_REST;
}

/* Only what is not kept waits less: that it fails is no matter. */
static void
rest(int64_t place)
{
    int64_t now = clock_steady(), took = now - turn.began,
            until = now + (took < LONGEST_REST ? took : LONGEST_REST);
    const off_t at = place * (off_t)sizeof until;

    (void)!pwrite(turn.fd, &until, sizeof until, at);
}

/* Takes a place that nobody has, and that does not rest. */
static bool
take(int64_t place)
{
    if (!lock(place, F_WRLCK))
        return false;
    if (!rests(place))
        return true;
    (void)lock(place, F_UNLCK);
    return false;
}

/* Half of the processors are for who only reads. */
static int64_t
places_of(const struct auth_settings *s)
{
    const int64_t half = processors_count() / 2;

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
        if (take(turn.place)) {
            turn.held = true;
            turn.began = clock_steady();
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

    turn.waited = false;
    while (!try_all(places)) {
        struct timespec pause = { .tv_nsec = 2000000 + random_below(4000000) };

        if (clock_steady() >= until)
            return false;
        (void)nanosleep(&pause, NULL);
        turn.waited = true;
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
    if (turn.fd > 0 && turn.held && turn.waited)
        rest(turn.place);
    if (turn.fd > 0 && turn.held)
        (void)lock(turn.place, F_UNLCK);
    turn.held = false;
}
