/*
 * status.c - the status socket: just enough HTTP/1.0 for nginx and curl.
 *
 * A client sends GET with a path, gets an answer, and is closed.  Nothing here
 * waits for a client: what does not fit goes when the socket takes it, and who
 * is slow or silent loses the connection after a while, or when others come.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "pool/pool_local.h"

#define CLIENTS_MOST 32
#define PATIENCE (5 * CLOCK_SECOND)
#define REQUEST_MOST 4096 /* bytes of a request's head */

struct client {
    struct watch watch;
    int64_t until; /* then it is closed */
    size_t len, sent;
    char request[REQUEST_MOST];
    struct text answer; /* once it is there, answering */
    bool answering;
    struct client *next;
};

struct status {
    struct listener *listener;
    struct watch watch;
    struct client *clients; /* the newest first */
    int count;
};

/* ---- Clients ------------------------------------------------------------ */

static void
close_client(struct master *m, struct client *c)
{
    struct client **at = &m->status->clients;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    m->status->count--;
    watch_remove(m, &c->watch);
    (void)close(c->watch.fd);
    mem_free(c);
}

static void
close_oldest(struct master *m)
{
    struct client *c = m->status->clients;

    while (c->next != NULL)
        c = c->next;
    close_client(m, c);
}

/* ---- Answering ---------------------------------------------------------- */

static const char *
reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    default:
        return "Service Unavailable";
    }
}

static void
write_answer(struct client *c, int status, const char *type,
             const struct text *body, bool with_body)
{
    text_init(&c->answer, c, body->len + 256);
    text_addf(&c->answer,
              "HTTP/1.0 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
              "Cache-Control: no-store\r\n%sConnection: close\r\n\r\n",
              status, reason(status), type, body->len,
              status == 405 ? "Allow: GET, HEAD\r\n" : "");
    if (with_body)
        text_add(&c->answer, body->at, body->len);
    c->answering = true;
}

/* "GET /path?query HTTP/1.0": cut into its parts; the status if it is bad. */
static int
read_request(struct client *c, const char **ret_path, const char **ret_query)
{
    char *path, *end, *query;

    c->request[strcspn(c->request, "\r\n")] = '\0';
    path = strchr(c->request, ' ');
    if (path == NULL || path[1] != '/')
        return 400;
    *path++ = '\0';
    end = strchr(path, ' ');
    if (end == NULL || strncmp(end, " HTTP/1.", 8) != 0)
        return 400;
    *end = '\0';
    query = strchr(path, '?');
    if (query != NULL)
        *query++ = '\0';
    *ret_path = path;
    *ret_query = query == NULL ? "" : query;
    return strcmp(c->request, "GET") == 0 || strcmp(c->request, "HEAD") == 0
               ? 200
               : 405;
}

static void
answer(struct master *m, struct client *c)
{
    struct text *body = text_new(c);
    const char *path, *query, *type = "text/plain; charset=utf-8";
    int status = read_request(c, &path, &query);

    if (status == 200)
        status = facts_answer(m, path, query, body, &type);
    else
        text_addf(body, "%s\n", reason(status));
    write_answer(c, status, type, body, strcmp(c->request, "HEAD") != 0);
    mem_free(body);
    watch_change(m, &c->watch, EPOLLOUT);
}

static void
send_more(struct master *m, struct client *c)
{
    size_t left = c->answer.len - c->sent;
    ssize_t n = send(c->watch.fd, c->answer.at + c->sent, left,
                     MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0 || (size_t)n == left) {
        close_client(m, c);
        return;
    }
    c->sent += (size_t)n;
}

static void
receive_more(struct master *m, struct client *c)
{
    ssize_t n = recv(c->watch.fd, c->request + c->len,
                     sizeof c->request - 1 - c->len, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close_client(m, c);
        return;
    }
    c->len += (size_t)n;
    c->request[c->len] = '\0';
    if (strstr(c->request, "\r\n\r\n") != NULL ||
        strstr(c->request, "\n\n") != NULL || c->len == sizeof c->request - 1)
        answer(m, c);
}

static void
on_client(struct master *m, struct watch *w, uint32_t events)
{
    struct client *c = w->owner;

    if ((events & (EPOLLERR | EPOLLHUP)) != 0)
        close_client(m, c);
    else if (c->answering)
        send_more(m, c);
    else
        receive_more(m, c);
}

static void
on_connection(struct master *m, struct watch *w, uint32_t events)
{
    int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct client *c;

    (void)events;
    if (fd < 0)
        return;
    if (m->status->count >= CLIENTS_MOST)
        close_oldest(m);
    c = mem_new(m->status, struct client);
    c->watch = (struct watch){ fd, on_client, c };
    c->until = clock_steady() + PATIENCE;
    c->next = m->status->clients;
    m->status->clients = c;
    m->status->count++;
    watch_add(m, &c->watch, EPOLLIN);
}

/* ---- Start and end ------------------------------------------------------ */

void
status_start(struct master *m)
{
    const struct master_settings *s = m->settings;
    struct text *faults = text_new(m->mem);
    const struct listen_options options = {
        .name = "status",
        .address = s->status_socket,
        .mode = s->status_mode,
        .group = s->status_group,
        .backlog = 64,
    };

    m->status = mem_new(m->mem, struct status);
    if (!setting_given(s->status_socket))
        return;
    m->status->listener = listen_open(m, &options, faults);
    if (m->status->listener == NULL) {
        log_faults(faults);
        if (m->reload.count == 0)
            die("the status socket cannot be opened");
        log_error("without a status socket until the next reload");
        return;
    }
    m->status->watch =
        (struct watch){ m->status->listener->fd, on_connection, NULL };
    watch_add(m, &m->status->watch, EPOLLIN);
}

void
status_tick(struct master *m)
{
    int64_t now = clock_steady();
    struct client *c = m->status->clients;

    while (c != NULL) {
        struct client *next = c->next;

        if (now >= c->until)
            close_client(m, c);
        c = next;
    }
}

void
status_stop(struct master *m)
{
    while (m->status->clients != NULL)
        close_oldest(m);
}

void
status_close(struct master *m)
{
    for (struct client *c = m->status->clients; c != NULL; c = c->next)
        (void)close(c->watch.fd);
}
