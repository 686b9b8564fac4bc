/* doctor_run.c - see ctl_doctor.h: the programs that should run, asked as
 * those ask who need them. */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/http.h"
#include "pool/pool.h"
#include "prog/ctl_doctor.h"
#include "prog/jobs_settings.h"
#include "prog/site_user.h"

#define ANSWER_MS 5000 /* that an answer may take */

/* ---- The masters --------------------------------------------------------- */

static enum health
look_master(struct ctl *c, const struct section *section,
            const char **ret_found)
{
    const struct master_settings *m = config_section(c->app->config, section);
    const char *said;

    if (m->status_socket == NULL) {
        *ret_found = "no status_socket to ask";
        return DOUBTFUL;
    }
    said = ctl_ask_master(c->mem, m->status_socket, "/health/live");
    *ret_found =
        said == NULL
            ? mem_printf(c->mem, "%s does not answer", m->status_socket)
            : mem_printf(c->mem, "%.*s", (int)strcspn(said, "\n"), said);
    return said != NULL && text_starts(said, "ok") ? FINE : BROKEN;
}

static enum health
look_fcgi(struct ctl *c, const char **ret_found)
{
    return look_master(c, &master_section, ret_found);
}

static enum health
look_jobs(struct ctl *c, const char **ret_found)
{
    return look_master(c, &jobs_master_section, ret_found);
}

/* The last reload that was asked for. */
static enum health
look_reload(struct ctl *c, const char **ret_found)
{
    const struct section *const all[] = { &master_section,
                                          &jobs_master_section };

    for (size_t i = 0; i < 2; i++) {
        const struct master_settings *m =
            config_section(c->app->config, all[i]);
        const char *said = ctl_ask_master(c->mem, m->status_socket, "/reload");

        if (said == NULL || said[0] == '\0')
            continue;
        *ret_found = mem_printf(c->mem, "[%s] refused: %.*s", all[i]->name,
                                (int)strcspn(said, "\n"), said);
        return DOUBTFUL;
    }
    *ret_found = "none was refused";
    return FINE;
}

/* ---- The pools ----------------------------------------------------------- */

static int
connect_to(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

/* A record of FastCGI 1.0 (3.3). */
static void
add_record(struct text *to, char type, const char *bytes, size_t n)
{
    const char head[8] = { 1, type, 0, 1, (char)(n >> 8), (char)n, 0, 0 };

    text_add(to, head, sizeof head);
    text_add(to, bytes, n);
}

static void
add_param(struct text *to, const char *name, const char *value)
{
    text_addc(to, (char)strlen(name));
    text_addc(to, (char)strlen(value));
    text_adds(to, name);
    text_adds(to, value);
}

/* GET /health/live, as nginx would send it. */
static void
write_request(void *mem, struct text *to)
{
    static const char begin[8] = { 0, 1 }; /* a responder; do not keep */
    struct text *params = text_new(mem);

    add_param(params, "REQUEST_METHOD", "GET");
    add_param(params, "REQUEST_URI", "/health/live");
    add_param(params, "REMOTE_ADDR", "127.0.0.1");
    add_record(to, 1, begin, sizeof begin);
    add_record(to, 4, params->at, params->len);
    add_record(to, 4, "", 0);
    add_record(to, 5, "", 0);
}

/* Whether a worker of the pool answers. */
static bool
pool_answers(struct ctl *c, const char *path)
{
    int fd CLOSED_AT_END = connect_to(path);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    struct text *request = text_new(c->mem);
    char first;

    write_request(c->mem, request);
    return fd >= 0 &&
           send(fd, request->at, request->len, MSG_NOSIGNAL) ==
               (ssize_t)request->len &&
           poll(&p, 1, ANSWER_MS) == 1 && recv(fd, &first, 1, 0) == 1;
}

static const struct pool_settings *
local_pool(struct ctl *c, size_t i, const char **ret_name)
{
    return config_instance(c->app->config, &pool_section, i, ret_name);
}

static enum health
look_pools(struct ctl *c, const char **ret_found)
{
    const struct pool_settings *p;
    const char *name;
    size_t n = 0;

    for (; (p = local_pool(c, n, &name)) != NULL; n++)
        if (p->listen != NULL && p->listen[0] == '/' &&
            !pool_answers(c, p->listen)) {
            *ret_found =
                mem_printf(c->mem, "%s does not answer at %s", name, p->listen);
            return BROKEN;
        }
    *ret_found = mem_printf(c->mem, "%zu answer", n);
    return n > 0 ? FINE : BROKEN;
}

static void
enter_pools(struct ctl *c, const void *with, struct text *wrong)
{
    const struct pool_settings *p;
    const char *name;

    (void)with;
    for (size_t i = 0; (p = local_pool(c, i, &name)) != NULL; i++) {
        int fd CLOSED_AT_END = p->listen != NULL && p->listen[0] == '/'
                                   ? connect_to(p->listen)
                                   : -1;

        if (p->listen != NULL && p->listen[0] == '/' && fd < 0)
            text_addf(wrong, "%s ", p->listen);
    }
}

/* Debian's nginx is www-data; that of scripts/run is the site's user. */
static enum health
look_sockets(struct ctl *c, const char **ret_found)
{
    struct user nginx;

    if (app_site(c->app)->production &&
        user_named(c->mem, "www-data", &nginx)) {
        *ret_found = doctor_as(c, &nginx, enter_pools, NULL);
    } else
        *ret_found = doctor_as_site(c, enter_pools, NULL);
    if ((*ret_found)[0] != '\0')
        return BROKEN;
    *ret_found = "nginx may connect to all";
    return FINE;
}

/* ---- nginx --------------------------------------------------------------- */

static enum health
look_through(struct ctl *c, const char *path, int wanted,
             const char **ret_found)
{
    const struct http_settings settings = { .timeout = ANSWER_MS * 1000 };
    const struct http_call call = {
        .method = "GET",
        .url = mem_printf(c->mem, "%s%s", app_site(c->app)->url, path),
        .here = true,
        .trusted = true,
    };
    struct http_answer answer;

    http_call(c->mem, &settings, &call, &answer);
    *ret_found = answer.fault != NULL
                     ? answer.fault
                     : mem_printf(c->mem, "%s answers %d", path, answer.status);
    return answer.status == wanted ? FINE : BROKEN;
}

static enum health
look_nginx(struct ctl *c, const char **ret_found)
{
    return look_through(c, "/robots.txt", 200, ret_found);
}

static enum health
look_ready(struct ctl *c, const char **ret_found)
{
    return look_through(c, "/health/ready", 200, ret_found);
}

static enum health
look_page(struct ctl *c, const char **ret_found)
{
    /* Not what nginx keeps. */
    const char *path =
        mem_printf(c->mem, "/login?doctor=%lld", (long long)clock_now());

    return look_through(c, path, 200, ret_found);
}

/* clang-format off */
const struct check doctor_run_checks[] = {
    { "sparkle-fcgi", .look = look_fcgi,
      .fix = "systemctl start sparkle-fcgi; journalctl -u sparkle-fcgi." },
    { "sparkle-jobs", .look = look_jobs,
      .fix = "systemctl start sparkle-jobs; journalctl -u sparkle-jobs." },
    { "reload", .look = look_reload,
      .fix = "mend what it says, then sparklectl reload: the programs run "
             "with older settings." },
    { "pools", .look = look_pools,
      .fix = "sparklectl status; systemctl restart sparkle-fcgi." },
    { "pool sockets", .look = look_sockets,
      .fix = "set listen_mode, listen_group, or the .socket units: nginx must "
             "be able to connect." },
    { "nginx", .look = look_nginx,
      .fix = "nginx -t; systemctl start nginx." },
    { "ready through nginx", .look = look_ready,
      .fix = "see the other checks; nginx's error.log says what it tried." },
    { "pages through nginx", .look = look_page,
      .fix = "see the other checks; nginx's error.log says what it tried." },
    { 0 },
};
/* clang-format on */
