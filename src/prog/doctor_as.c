/* doctor_as.c - see ctl_doctor.h: what a check asks as another user. */
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "prog/ctl_doctor.h"
#include "prog/site_user.h"

const char *
doctor_as(struct ctl *c, const struct user *user,
          void (*act)(struct ctl *c, const void *with, struct text *wrong),
          const void *with)
{
    struct text *wrong = text_new(c->mem);
    int ends[2];
    char some[1024];
    ssize_t n;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return "no pipe";
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0)
            user_become(user);
        act(c, with, wrong);
        n = write(ends[1], wrong->at, wrong->len);
        _exit(n < 0);
    }
    (void)close(ends[1]);
    while ((n = read(ends[0], some, sizeof some)) > 0)
        text_add(wrong, some, (size_t)n);
    (void)close(ends[0]);
    (void)waitpid(child, NULL, 0);
    wrong->at[strcspn(wrong->at, "\n")] = '\0';
    return wrong->at;
}

const char *
doctor_as_site(struct ctl *c,
               void (*act)(struct ctl *c, const void *with, struct text *wrong),
               const void *with)
{
    struct user user;

    if (!site_user(c->mem, c->app->config, &user))
        return "there is no user to be: set [master] user";
    return doctor_as(c, &user, act, with);
}

enum health
doctor_verdict(const char *wrong, const char *fine, const char **ret_found)
{
    *ret_found = wrong[0] != '\0' ? wrong : fine;
    return wrong[0] != '\0' ? BROKEN : FINE;
}
