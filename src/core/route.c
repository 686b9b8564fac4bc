/* route.c - the trie of rows; see route.h.  What makes a row wrong is in
 * route_check.c. */
#include "core/route.h"

#include <string.h>

#include "base/escape.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/feature.h"
#include "core/shape.h"

struct node {
    struct segment literal;
    struct node *next, *child; /* a sibling; the first below */
    struct node *any;          /* what {name} leads to */
    const char *path;          /* of the first row here */
    const struct route_entry *by_method[METHODS];
    unsigned allow;
};

struct router {
    struct node root;
    struct route_entry *entry;
    size_t n;
    const char **labels;
    struct shape_set *shapes;
};

static const char *const method_names[] = { "GET",     "POST",   "PUT",
                                            "PATCH",   "DELETE", "HEAD",
                                            "OPTIONS", NULL };

enum method
method_read(const char *name)
{
    int i = text_index(method_names, name);

    return i < 0 ? METHOD_UNKNOWN : (enum method)i;
}

const char *
method_name(enum method method)
{
    return method >= METHOD_UNKNOWN ? "?" : method_names[method];
}

/* ---- Paths --------------------------------------------------------------- */

static void
path_add(struct path *p, const char *at, size_t len)
{
    if (p->n == PATH_SEGMENTS)
        p->deep = true;
    else
        p->segment[p->n++] = (struct segment){ at, len };
}

bool
path_read(void *mem, const char *target, struct path *ret)
{
    size_t len = strcspn(target, "?#");
    char *out = mem_alloc(mem, len + 2);
    const char *s = target, *end = target + len;

    *ret = (struct path){ .whole = out };
    if (len == 0 || *s != '/')
        return false;
    while (s < end) {
        const char *slash = memchr(s + 1, '/', (size_t)(end - s - 1));
        const char *stop = slash == NULL ? end : slash;

        *out++ = '/';
        long n = unescape_url(out, s + 1, (size_t)(stop - s - 1), false);
        if (n < 0 || !utf8_clean(out, (size_t)n, false))
            return false;
        if (len > 1)
            path_add(ret, out, (size_t)n);
        out += n;
        s = stop;
    }
    *out = '\0';
    return true;
}

bool
route_path_read(const char *path, struct path *ret)
{
    *ret = (struct path){ .whole = path };
    if (path[0] != '/')
        return false;
    for (const char *s = path + 1; path[1] != '\0';) {
        size_t len = strcspn(s, "/");

        if (len == 0)
            return false;
        path_add(ret, s, len);
        s += len;
        if (*s++ == '\0')
            break;
    }
    return !ret->deep;
}

static bool
is_name(const struct segment *s)
{
    return s->len > 2 && s->at[0] == '{' && s->at[s->len - 1] == '}';
}

static bool
segment_same(const struct segment *a, const struct segment *b)
{
    return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}

/* ---- Building ------------------------------------------------------------ */

static struct node *
node_below(struct router *router, struct node *up, const struct segment *s)
{
    struct node **at = is_name(s) ? &up->any : &up->child;

    while (*at != NULL && !is_name(s) && !segment_same(&(*at)->literal, s))
        at = &(*at)->next;
    if (*at == NULL) {
        *at = mem_new(router, struct node);
        (*at)->literal = *s;
    }
    return *at;
}

static void
insert(struct router *router, struct route_entry *e, const struct path *path,
       struct text *faults)
{
    struct node *node = &router->root;

    for (size_t i = 0; i < path->n; i++)
        node = node_below(router, node, &path->segment[i]);
    const struct route_entry *there = node->by_method[e->method];
    if (there != NULL) {
        text_addf(faults, "%s: the feature %s has %s already\n", e->row->on,
                  there->feature->name, there->row->on);
        return;
    }
    if (node->path != NULL && strcmp(node->path, e->path) != 0)
        text_addf(faults, "%s: %s is the same path by another name\n",
                  e->row->on, node->path);
    node->path = e->path;
    node->by_method[e->method] = e;
    node->allow |= 1u << e->method;
}

static void
count_fields(struct route_entry *e)
{
    const struct field *f = e->row->input.fields;

    for (; f != NULL && f->name != NULL; f++) {
        e->n_fields++;
        e->n_body += f->place == IN_BODY;
        e->n_query += f->place == IN_QUERY;
    }
}

static const struct field *
path_field(const struct route_entry *e, const struct segment *s)
{
    for (size_t i = 0; i < e->n_fields; i++) {
        const struct field *f = &e->row->input.fields[i];

        if (f->place == IN_PATH && strlen(f->name) == s->len - 2 &&
            memcmp(f->name, s->at + 1, s->len - 2) == 0)
            return f;
    }
    return NULL;
}

/* Fills in what follows from the row; false where its `on` is no good. */
static bool
prepare(struct router *router, struct route_entry *e, struct path *path)
{
    const char *space = strchr(e->row->on, ' ');
    char method[16] = { 0 };

    if (space == NULL || space - e->row->on >= (long)sizeof method)
        return false;
    memcpy(method, e->row->on, (size_t)(space - e->row->on));
    e->method = method_read(method);
    e->path = space + 1;
    if (e->method >= METHODS || !route_path_read(e->path, path))
        return false;
    count_fields(e);
    for (size_t i = 0; i < path->n; i++)
        if (is_name(&path->segment[i]) && e->names < ROUTE_NAMES)
            e->taker[e->names++] = path_field(e, &path->segment[i]);
    if (e->row->returns != NULL && shape_fault(router, e->row->returns) == NULL)
        e->shape = shape_of(router->shapes, e->row->returns);
    e->plain = e->row->access == ALLOW_ANYONE && e->row->no_session &&
               e->row->quota == QUOTA_NONE;
    return true;
}

static void
add_row(struct router *router, const struct feature *feature,
        const struct route *row, struct text *faults)
{
    struct route_entry *e = &router->entry[router->n];
    struct path path;

    *e = (struct route_entry){ .row = row,
                               .feature = feature,
                               .index = router->n };
    router->labels[router->n++] = row->on;
    if (!prepare(router, e, &path)) {
        text_addf(faults, "%s: not of the form \"METHOD /path/{name}\"\n",
                  row->on);
        return;
    }
    route_check(e, &path, faults);
    insert(router, e, &path, faults);
}

static size_t
count_rows(const struct feature *f)
{
    const struct route *row;
    size_t n = 0;

    for (size_t i = 0; (row = feature_routes(f, i)) != NULL; i++)
        for (; row->on != NULL; row++)
            n++;
    return n;
}

static void
add_feature(struct router *router, const struct feature *f, struct text *faults)
{
    const struct route *row;

    for (size_t i = 0; (row = feature_routes(f, i)) != NULL; i++)
        for (; row->on != NULL; row++)
            add_row(router, f, row, faults);
}

struct router *
router_new(const void *mem, const struct feature *const *features,
           struct text *faults)
{
    struct router *router = mem_new(mem, struct router);
    size_t n = 0, before = faults->len;

    for (size_t i = 0; features[i] != NULL; i++)
        n += count_rows(features[i]);
    router->entry = mem_array(router, struct route_entry, n + 1);
    router->labels = mem_array(router, const char *, n + 2);
    router->shapes = shape_set_new(router);
    for (; *features != NULL; features++)
        add_feature(router, *features, faults);
    router->labels[n] = "-";
    return faults->len == before ? router : NULL;
}

/* ---- Matching ------------------------------------------------------------ */

struct walk {
    const struct path *path;
    struct segment *value;
};

static const struct node *
descend(const struct node *node, const struct walk *w, size_t i, size_t names)
{
    if (i == w->path->n)
        return node->allow != 0 ? node : NULL;
    const struct segment *s = &w->path->segment[i];
    for (const struct node *n = node->child; n != NULL; n = n->next)
        if (segment_same(&n->literal, s)) {
            const struct node *found = descend(n, w, i + 1, names);

            if (found != NULL)
                return found;
            break;
        }
    if (node->any == NULL || s->len == 0 || names == ROUTE_NAMES)
        return NULL;
    w->value[names] = *s;
    return descend(node->any, w, i + 1, names + 1);
}

void
route_match(const struct router *router, enum method method,
            const struct path *path, struct route_match *ret)
{
    struct walk w = { path, ret->value };

    ret->entry = NULL;
    ret->allow = 0;
    const struct node *node =
        path->deep ? NULL : descend(&router->root, &w, 0, 0);
    if (node == NULL)
        return;
    ret->allow = node->allow;
    if (method == METHOD_HEAD)
        method = METHOD_GET;
    if (method < METHODS)
        ret->entry = node->by_method[method];
}

void
route_allow(struct text *to, unsigned allow)
{
    for (int m = 0; m < METHODS; m++)
        if (allow & 1u << m) {
            text_adds(to, method_names[m]);
            text_adds(to, m == METHOD_GET ? ", HEAD, " : ", ");
        }
    text_adds(to, "OPTIONS");
}

size_t
router_count(const struct router *router)
{
    return router->n;
}

const struct route_entry *
router_at(const struct router *router, size_t i)
{
    return &router->entry[i];
}

struct shape_set *
router_shapes(const struct router *router)
{
    return router->shapes;
}

const char *const *
router_labels(const struct router *router)
{
    return router->labels;
}
