/*
 * helper.c - what systemd does for a service, for the tests.
 *
 *     helper listen NAME PATH PROGRAM...   listens on a Unix socket and runs
 *                                          PROGRAM with it (LISTEN_FDS)
 *     helper notified PATH                 prints what is sent to the
 *                                          datagram socket PATH, a line each
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST 3 /* SD_LISTEN_FDS_START */

static int
bound(const char *path, int type)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, type, 0);

    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        perror(path);
        exit(1);
    }
    return fd;
}

static int
run_with_socket(char **argv)
{
    int fd = bound(argv[1], SOCK_STREAM);
    char pid[16];

    if (listen(fd, 64) != 0 || (fd != FIRST && dup2(fd, FIRST) != FIRST)) {
        perror("listen");
        return 1;
    }
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    (void)setenv("LISTEN_PID", pid, 1);
    (void)setenv("LISTEN_FDS", "1", 1);
    (void)setenv("LISTEN_FDNAMES", argv[0], 1);
    (void)execv(argv[2], argv + 2);
    perror(argv[2]);
    return 127;
}

static int
print_notes(const char *path)
{
    int fd = bound(path, SOCK_DGRAM);
    char note[1024];
    ssize_t n;

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)printf("listening\n");
    while ((n = recv(fd, note, sizeof note - 1, 0)) >= 0) {
        note[n] = '\0';
        for (char *p = note; *p != '\0'; p++)
            if (*p == '\n')
                *p = ' ';
        (void)printf("%s\n", note);
    }
    return 1;
}

int
main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "listen") == 0)
        return run_with_socket(argv + 2);
    if (argc == 3 && strcmp(argv[1], "notified") == 0)
        return print_notes(argv[2]);
    (void)fprintf(stderr, "usage: helper listen NAME PATH PROGRAM...\n"
                          "       helper notified PATH\n");
    return 2;
}
