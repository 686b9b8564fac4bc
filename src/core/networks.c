/* networks.c - see networks.h. */
#include "core/networks.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/network.h"

#define LIST_BYTES ((size_t)64 << 20) /* some four million networks */

#define LIST(member, what)                                                     \
    SETTING(struct networks_settings, member, TEXT,                            \
            .about = "A file of " what ", one network (CIDR) a line.  Read "   \
                     "at start and reload.")

static const struct setting rows[] = {
    LIST(vpn, "the networks of VPNs"),
    LIST(proxy, "the networks of proxies"),
    LIST(hosting, "the networks of data centres"),
    { 0 },
};

const struct section networks_section = {
    .name = "networks",
    .settings = rows,
    .size = sizeof(struct networks_settings),
    .about = "Lists of networks that hide who is behind them.  Logins from "
             "there are marked in the history; [limits] flagged makes their "
             "limits tighter.  Private addresses never count.",
};

struct networks {
    struct netset *set;
};

/* By the mark in the set, less one. */
static const char *const kinds[] = { "vpn", "proxy", "hosting" };
enum { KINDS = sizeof kinds / sizeof *kinds };

/* ---- Reading a list ------------------------------------------------------ */

struct list {
    const char *file;
    int64_t networks, line, bad_lines, first_bad;
};

/* The first word of a line of n bytes (a NUL is a blank to strchr); false: it
 * is too long to be a network. */
static bool
first_word(const char *line, size_t n, char word[64])
{
    size_t from = 0, length = 0;

    while (from < n && strchr(" \t\r", line[from]) != NULL)
        from++;
    while (from + length < n && strchr(" \t\r,#;", line[from + length]) == NULL)
        length++;
    if (length >= 64)
        return false;
    memcpy(word, line + from, length);
    word[length] = '\0';
    return true;
}

static void
read_line(struct netset *set, struct list *list, const char *line, size_t n,
          uint8_t mark)
{
    struct network net;
    char word[64];
    bool whole = first_word(line, n, word);

    list->line++;
    if (whole && word[0] == '\0')
        return;
    if (whole && network_read(word, &net, NULL)) {
        netset_add(set, &net, mark);
        list->networks++;
    } else if (list->bad_lines++ == 0) {
        list->first_bad = list->line;
    }
}

static void
tell(const struct list *list)
{
    log_event(LOG_INFO, "networks read", LOG_TEXT("file", list->file),
              LOG_NUMBER("networks", list->networks));
    if (list->bad_lines > 0)
        log_warn("%s: %lld lines are no networks, the first is line %lld",
                 list->file, (long long)list->bad_lines,
                 (long long)list->first_bad);
}

static void
read_list(struct netset *set, const char *file, uint8_t mark,
          struct text *faults)
{
    void *mem = mem_context(NULL, "network list");
    struct list list = { .file = file };
    size_t n;
    const char *at = file_read(mem, file, LIST_BYTES, &n);

    if (at == NULL) {
        text_addf(faults, "[networks] %s: %s: %s\n", kinds[mark - 1], file,
                  strerror(errno));
    } else {
        const char *end = at + n, *line_end;

        for (; at < end; at = line_end + 1) {
            line_end = memchr(at, '\n', (size_t)(end - at));
            if (line_end == NULL)
                line_end = end;
            read_line(set, &list, at, (size_t)(line_end - at), mark);
        }
        tell(&list);
    }
    mem_free(mem);
}

const struct networks *
networks_load(const void *mem, const struct networks_settings *s,
              struct text *faults)
{
    const char *const files[KINDS] = { s->vpn, s->proxy, s->hosting };
    struct networks *n = mem_new(mem, struct networks);

    n->set = netset_new(n);
    for (size_t i = 0; i < KINDS; i++)
        if (files[i] != NULL)
            read_list(n->set, files[i], (uint8_t)(i + 1), faults);
    const size_t bytes = netset_pack(n->set);
    if (s->vpn != NULL || s->proxy != NULL || s->hosting != NULL)
        log_event(LOG_INFO, "networks ready",
                  LOG_NUMBER("bytes", (int64_t)bytes));
    return n;
}

/* ---- Asking -------------------------------------------------------------- */

const char *
networks_kind(const struct networks *n, const char *ip)
{
    struct address a;

    if (n == NULL || ip == NULL || !address_read(ip, &a) || address_private(&a))
        return NULL;
    uint8_t mark = netset_find(n->set, &a);
    return mark == 0 ? NULL : kinds[mark - 1];
}
