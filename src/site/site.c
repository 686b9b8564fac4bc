/*
 * site.c - a greeting, the OpenAPI document, and pages that only show their
 * template.  Health is in site_health.c.
 */
#include "base/text.h"
#include "core/app.h"
#include "site/site_local.h"

/* ---- GET /api/hello ------------------------------------------------------ */

static const struct member hello_shape[] = {
    { .name = "hello", .type = VALUE_TEXT },
    { .name = "site", .type = VALUE_TEXT },
    { .name = "documentation", .type = VALUE_TEXT },
    { 0 },
};

static const struct problem *
say_hello(struct request *r)
{
    const char *hello = "world", *documentation = "/api/openapi.json";

    return answer_values(
        r, ARGS(ARG(hello), ARG(app_site(r->app)->name), ARG(documentation)));
}

/* ---- GET /api/openapi.json ----------------------------------------------- */

static const struct problem *
show_document(struct request *r)
{
    const struct text *document = r->app->openapi;

    if (document == NULL)
        return &problem_not_found;
    answer_header(r, "Cache-Control", "public, max-age=300");
    return answer_raw(r, document->at, document->len);
}

/* ---- Pages --------------------------------------------------------------- */

static const struct problem *
show_page(struct request *r)
{
    (void)r;
    return NULL;
}

static const struct route routes[] = {
    {
        .on = "GET /api/hello",
        .access = ALLOW_ANYONE,
        .handle = say_hello,
        .about = "Say hello: neither session nor limit, the least there is.",
        .returns = hello_shape,
        .no_session = true,
        .quota = QUOTA_NONE,
    },
    {
        .on = "GET /api/openapi.json",
        .access = ALLOW_ANYONE,
        .handle = show_document,
        .about = "This document.",
        .raw_type = "application/json",
        .no_session = true,
        .quota = QUOTA_NONE,
    },
    {
        .on = "GET /api-docs",
        .access = ALLOW_ANYONE,
        .handle = show_page,
        .about = "The API, for people.",
        .page = "site/api-docs",
        .title = "API",
    },
    {
        .on = "GET /privacy",
        .access = ALLOW_ANYONE,
        .handle = show_page,
        .about = "What the site knows about people.",
        .page = "site/privacy",
        .title = "Privacy",
    },
    {
        .on = "GET /terms",
        .access = ALLOW_ANYONE,
        .handle = show_page,
        .about = "The rules of the house.",
        .page = "site/terms",
        .title = "Terms",
    },
    { 0 },
};

const struct feature site_feature = {
    .name = "site",
    .about = "The site itself: health, documents, legal pages.",
    .route_tables =
        (const struct route *const[]){ routes, site_health_routes, NULL },
};
