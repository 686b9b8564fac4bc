/*
 * bare.c - the least that a FastCGI answer costs: the benchmark's bound.
 *
 * usage: bare SOCKET WORKERS.  WORKERS processes accept on a unix socket with
 * libfcgi and nothing else; ?N in the address asks for N bytes of body.
 * SIGTERM ends all.
 */
#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void
serve(int listener)
{
    static char answer[1 << 20];
    FCGX_Request r;

    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)FCGX_Init();
    (void)signal(SIGTERM, SIG_DFL);
    (void)FCGX_InitRequest(&r, listener, 0);
    while (FCGX_Accept_r(&r) == 0) {
        const char *query = FCGX_GetParam("QUERY_STRING", r.envp);
        size_t size = query != NULL ? strtoul(query, NULL, 10) : 0;
        int head = snprintf(answer, 200,
                            "Content-Type: application/json\r\n"
                            "Cache-Control: private, no-store\r\n\r\n");

        if (size > sizeof answer - 200)
            size = sizeof answer - 200;
        memset(answer + head, 'x', size);
        (void)FCGX_PutStr(answer, head + (int)size, r.out);
        FCGX_Finish_r(&r);
    }
}

int
main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    (void)unlink(argv[1]);
    int listener = FCGX_OpenSocket(argv[1], 511);
    if (listener < 0 || chmod(argv[1], 0666) != 0)
        return 1;
    for (long n = strtol(argv[2], NULL, 10); n > 0; n--)
        if (fork() == 0) {
            serve(listener);
            _exit(0);
        }
    while (wait(NULL) > 0)
        ;
    return 0;
}
