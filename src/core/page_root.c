/* page_root.c - what every template sees at the root of its data. */
#include "core/page.h"

#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/csrf.h"
#include "core/local_target.h"
#include "core/session.h"

static bool
is_named(const struct template_name *name, const char *s)
{
    return strcmp(name->at, s) == 0;
}

/* ---- Words --------------------------------------------------------------- */

static bool
find_word(const struct exchange *ex, const char *group, size_t group_len,
          const struct template_name *name, struct template_value *ret)
{
    const struct page_word *w = ex->words;

    for (; w != NULL; w = w->next)
        if (w->group_len == group_len && w->len == name->len &&
            memcmp(w->group, group, group_len) == 0 &&
            memcmp(w->name, name->at, name->len) == 0) {
            template_string(ret, w->text);
            return true;
        }
    return false;
}

static bool
group_member(const struct template_value *object,
             const struct template_name *name, const void *mem,
             struct template_value *ret)
{
    const struct page_word *first = object->also;

    (void)mem;
    return find_word(object->at, first->group, first->group_len, name, ret);
}

static const struct template_source group_source = {
    .member = group_member,
};

static bool
find_group(const struct exchange *ex, const struct template_name *name,
           struct template_value *ret)
{
    for (const struct page_word *w = ex->words; w != NULL; w = w->next)
        if (w->group_len == name->len &&
            memcmp(w->group, name->at, name->len) == 0) {
            template_object(ret, &group_source, ex);
            ret->also = w;
            return true;
        }
    return false;
}

/* ---- The site and the viewer --------------------------------------------- */

static bool
site_member(const struct template_value *object,
            const struct template_name *name, const void *mem,
            struct template_value *ret)
{
    const struct site_settings *site = object->at;

    (void)mem;
    if (is_named(name, "name"))
        template_string(ret, site->name);
    else if (is_named(name, "url"))
        template_string(ret, site->url);
    else
        return false;
    return true;
}

static const struct template_source site_source = { .member = site_member };

static const char *
role_name(enum role role)
{
    static const char *const names[] = {
        [ROLE_USER] = "USER",
        [ROLE_CREATOR] = "CREATOR",
        [ROLE_VERIFIED_CREATOR] = "VERIFIED_CREATOR",
        [ROLE_MODERATOR] = "MODERATOR",
        [ROLE_ADMIN] = "ADMIN",
    };

    return role < ROLE_USER || role > ROLE_ADMIN ? "USER" : names[role];
}

static bool
viewer_member(const struct template_value *object,
              const struct template_name *name, const void *mem,
              struct template_value *ret)
{
    const struct exchange *ex = object->at;
    const struct session *s = ex->request.session;

    if (is_named(name, "id")) {
        char *id = mem_alloc(mem, UUID_TEXT);
        uuid_write(&s->user, id);
        template_string(ret, id);
    } else if (is_named(name, "username")) {
        template_string(ret, s->username);
    } else if (is_named(name, "image")) {
        template_string(ret, s->image);
    } else if (is_named(name, "role")) {
        template_string(ret, role_name(s->role));
    } else if (is_named(name, "isStaff")) {
        template_boolean(ret, s->role >= ROLE_MODERATOR);
    } else {
        return find_word(ex, "viewer", 6, name, ret);
    }
    return true;
}

static const struct template_source viewer_source = {
    .member = viewer_member,
};

/* ---- The rest ------------------------------------------------------------ */

static void
put_viewer(const struct exchange *ex, const void *mem,
           struct template_value *ret)
{
    (void)mem;
    if (ex->request.session != NULL)
        template_object(ret, &viewer_source, ex);
}

static void
put_site(const struct exchange *ex, const void *mem, struct template_value *ret)
{
    (void)mem;
    template_object(ret, &site_source, ex->site);
}

static void
put_csrf(const struct exchange *ex, const void *mem, struct template_value *ret)
{
    if (ex->request.session != NULL)
        template_string(ret, csrf_mask(mem, ex->request.session->csrf));
}

static void
put_theme(const struct exchange *ex, const void *mem,
          struct template_value *ret)
{
    static const char *const names[] = { "dark", "light", "system" };

    (void)mem;
    template_string(ret, names[ex->theme]);
}

static void
put_asset(const struct exchange *ex, const void *mem,
          struct template_value *ret)
{
    (void)mem;
    if (ex->app->assets != NULL)
        *ret = *ex->app->assets;
}

static void
put_path(const struct exchange *ex, const void *mem, struct template_value *ret)
{
    (void)mem;
    template_string(ret, ex->request.path);
}

static void
put_path_encoded(const struct exchange *ex, const void *mem,
                 struct template_value *ret)
{
    const char *target = local_target(ex->site->url, ex->in->target);
    struct text t;

    text_init(&t, mem, 64);
    escape_url(&t, target, strlen(target));
    template_text(ret, t.at, t.len);
}

static void
put_year(const struct exchange *ex, const void *mem, struct template_value *ret)
{
    struct text t;

    text_init(&t, mem, 32);
    clock_iso(&t, ex->request.now.us);
    template_text(ret, t.at, 4);
}

static void
put_request_id(const struct exchange *ex, const void *mem,
               struct template_value *ret)
{
    (void)mem;
    template_string(ret, ex->request.id);
}

static const struct {
    const char *name;
    void (*put)(const struct exchange *ex, const void *mem,
                struct template_value *ret);
} rooted[] = {
    { "asset", put_asset },
    { "viewer", put_viewer },
    { "site", put_site },
    { "theme", put_theme },
    { "csrf", put_csrf },
    { "path", put_path },
    { "pathEncoded", put_path_encoded },
    { "year", put_year },
    { "requestId", put_request_id },
};

static bool
root_member(const struct template_value *object,
            const struct template_name *name, const void *mem,
            struct template_value *ret)
{
    const struct exchange *ex = object->at;

    for (const struct page_part *p = ex->parts; p != NULL; p = p->next)
        if (p->len == name->len && memcmp(p->name, name->at, p->len) == 0) {
            *ret = p->value;
            return true;
        }
    for (size_t i = 0; i < sizeof rooted / sizeof *rooted; i++)
        if (is_named(name, rooted[i].name)) {
            rooted[i].put(ex, mem, ret);
            return true;
        }
    return find_word(ex, "", 0, name, ret) || find_group(ex, name, ret);
}

const struct template_source page_root = { .member = root_member };
