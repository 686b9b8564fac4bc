/* page.c - what a handler gives to its page, and the page itself; see page.h.
 * How templates read results is page_source.c's. */
#include "core/page.h"

#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/feature.h"
#include "core/shape.h"
#include "core/template_json.h"

/* ---- Words --------------------------------------------------------------- */

static void
add_word(struct request *r, const char *group, size_t group_len,
         const char *name, const char *text)
{
    struct page_word *w = mem_new(r->mem, struct page_word);

    *w = (struct page_word){
        .group = group,
        .group_len = group_len,
        .name = name,
        .len = strlen(name),
        .text = text,
        .next = r->exchange->words, /* the last one said counts */
    };
    r->exchange->words = w;
}

static void
add_dotted(struct request *r, const char *name, const char *text)
{
    const char *dot = strchr(name, '.');

    if (dot == NULL)
        add_word(r, "", 0, name, text);
    else
        add_word(r, name, (size_t)(dot - name), dot + 1, text);
}

void
page_set(struct request *r, const char *name, const char *value)
{
    add_word(r, "page", 4, name, value);
}

void
page_flag(struct request *r, const char *name, bool value)
{
    add_dotted(r, name, value ? "true" : NULL);
}

void
page_text(struct request *r, const char *name, const char *value)
{
    add_dotted(r, name, value);
}

/* ---- Rendering ----------------------------------------------------------- */

static bool
has_word(const struct exchange *ex, const char *group, const char *name)
{
    for (const struct page_word *w = ex->words; w != NULL; w = w->next)
        if (w->group_len == strlen(group) &&
            memcmp(w->group, group, w->group_len) == 0 &&
            strcmp(w->name, name) == 0)
            return true;
    return false;
}

static void
set_what_is_missing(struct exchange *ex)
{
    struct request *r = &ex->request;
    struct text url;

    if (!has_word(ex, "page", "title") && r->route != NULL &&
        r->route->title != NULL)
        page_set(r, "title", r->route->title);
    if (has_word(ex, "page", "canonical") || has_word(ex, "page", "noindex"))
        return;
    text_init(&url, r->mem, 128);
    text_adds(&url, ex->site->url);
    text_add(&url, ex->in->target, strcspn(ex->in->target, "?#"));
    page_set(r, "canonical", url.at);
}

/* What features add to the frame; not to pages of errors: whatever is broken
 * may break that, too. */
static void
add_frame(struct exchange *ex, const char *name)
{
    struct request *r = &ex->request;

    if (r->session == NULL || r->route == NULL || r->route->page != name)
        return;
    for (const struct feature *const *f = ex->app->features; *f != NULL; f++)
        if ((*f)->frame != NULL)
            (*f)->frame(r);
}

bool
page_render(struct exchange *ex, const char *name)
{
    const struct template_set *pages = ex->app->pages;
    const struct template *page =
        pages == NULL ? NULL : template_find(pages, name);
    const struct template *layout =
        pages == NULL ? NULL : template_find(pages, "layout");
    struct template_value root = { 0 };
    const struct template_scope scope = { &root, NULL };

    if (page == NULL || layout == NULL)
        return false;
    set_what_is_missing(ex);
    add_frame(ex, name);
    exchange_drop_body(ex);
    template_object(&root, &page_root, ex);
    /* What rendering needs besides goes with the request, not the buffer. */
    ex->out.mem = ex->request.mem;
    bool rendered = template_render_page(&ex->out, layout, page, &scope);
    ex->out.mem = ex;
    if (!rendered) {
        ex->why = "a template runs too long";
        return false;
    }
    ex->type = "text/html; charset=utf-8";
    return true;
}

/* ---- Assets -------------------------------------------------------------- */

bool
page_assets(const void *mem, struct app *app, const char *directory,
            struct text *faults)
{
    const char *path = mem_printf(mem, "%s/dist/manifest.json", directory);
    struct template_value *assets = mem_new(mem, struct template_value);
    size_t len;
    char *json = file_read(mem, path, 64 * 1024, &len);

    if (json == NULL || !template_json_parse(mem, json, len, assets)) {
        text_addf(faults, "%s: %s\n", path,
                  json == NULL ? "cannot be read" : "is no JSON");
        return false;
    }
    app->assets = assets;
    return true;
}

/* ---- Values for handlers ------------------------------------------------- */

const char *
page_value(struct request *r, const char *dotted)
{
    struct template_value root = { 0 }, *value = &root;

    template_object(&root, &page_root, r->exchange);
    while (*dotted != '\0') {
        size_t len = strcspn(dotted, ".");
        char *part = mem_strndup(r->mem, dotted, len);
        const struct template_name name = {
            .at = part,
            .len = (uint32_t)len,
            .hash = template_hash(part, len),
        };
        struct template_value *below = mem_new(r->mem, struct template_value);

        if (value->kind != TEMPLATE_OBJECT ||
            !value->source->member(value, &name, r->mem, below))
            return NULL;
        value = below;
        dotted += len + (dotted[len] == '.');
    }
    if (value->kind != TEMPLATE_TEXT && value->kind != TEMPLATE_FALSE)
        return NULL;
    return mem_strndup(r->mem, value->text, value->len);
}
