/*
 * post.c - posts, put together: post_api.c reads, post_write.c writes,
 * post_page.c shows, post_feed.c knows the lists.
 */
#include "post/post_local.h"

static const char *const events[] = { "post.created", "post.updated",
                                      "post.deleted", NULL };

const struct feature post_feature = {
    .name = "post",
    .about = "Posts: lists, one post whole, writing.",
    .route_tables =
        (const struct route *const[]){ post_api_routes, post_write_routes,
                                       post_page_routes, NULL },
    .events = events,
};
