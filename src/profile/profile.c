/*
 * profile.c - public profiles: for the API and as a page with the posts.
 */
#include "profile/profile.h"

#include "account/account.h"
#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "post/post.h"

static const struct member links_shape[] = {
    { .name = "twitter", .type = VALUE_TEXT, .nullable = true },
    { .name = "instagram", .type = VALUE_TEXT, .nullable = true },
    { .name = "tiktok", .type = VALUE_TEXT, .nullable = true },
    { .name = "discord", .type = VALUE_TEXT, .nullable = true },
    { .name = "youtube", .type = VALUE_TEXT, .nullable = true },
    { 0 },
};

static const struct member details_shape[] = {
    { .name = "displayName", .type = VALUE_TEXT, .nullable = true },
    { .name = "location", .type = VALUE_TEXT, .nullable = true },
    { .name = "website", .type = VALUE_TEXT, .nullable = true },
    { .name = "socialLinks", .object = links_shape },
    { .name = "interests", .type = VALUE_TEXTS },
    { .name = "skills", .type = VALUE_TEXTS },
    { .name = "banner", .type = VALUE_TEXT, .nullable = true },
    { 0 },
};

static const struct member stats_shape[] = {
    { .name = "posts", .type = VALUE_INTEGER },
    { .name = "followers", .type = VALUE_INTEGER },
    { .name = "following", .type = VALUE_INTEGER },
    { .name = "likesReceived", .type = VALUE_INTEGER },
    { 0 },
};

static const struct member viewer_shape[] = {
    { .name = "following", .type = VALUE_BOOLEAN },
    { .name = "self", .type = VALUE_BOOLEAN },
    { 0 },
};

/* user_rows in sql/account.sql. */
static const struct member profile_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "username", .type = VALUE_TEXT },
    { .name = "image", .type = VALUE_TEXT, .nullable = true },
    { .name = "bio", .type = VALUE_TEXT, .nullable = true },
    { .name = "role", .type = VALUE_TEXT },
    { .name = "verified", .type = VALUE_BOOLEAN },
    { .name = "level", .type = VALUE_INTEGER },
    { .name = "experience", .type = VALUE_INTEGER },
    { .name = "createdAt", .type = VALUE_TIME },
    { .name = "lastSeenAt",
      .type = VALUE_TIME,
      .nullable = true,
      .about = "null where the user hides it." },
    { .name = "profile", .object = details_shape },
    { .name = "stats", .object = stats_shape },
    { .name = "viewer",
      .object = viewer_shape,
      .nullable = true,
      .about = "You and this user; null for visitors." },
    { 0 },
};

#define PROFILE_OF(profile_id)                                                 \
    SQL(SELECT row.id, row.username, row.image, row.bio, row.role,             \
        row.verified, row.level, row.experience, row.created_at,               \
        row.last_seen_at, row.display_name, row.location, row.website,         \
        row.twitter, row.instagram, row.tiktok, row.discord, row.youtube,      \
        row.interests, row.skills, row.banner, row.posts, row.followers,       \
        row.following, row.likes_received,                                     \
        CASE WHEN $1::uuid IS NOT NULL THEN EXISTS(SELECT FROM follows f       \
            WHERE f.follower_id = $1 AND f.following_id = row.id) END          \
            AS viewer_following,                                               \
        coalesce(row.id = $1, FALSE) AS viewer_self                            \
    FROM user_rows row                                                         \
    WHERE row.id = profile_id AND user_visible(row.id, $1))
#define NAMED (SELECT id FROM users WHERE lower(username) = lower($2))

/* An old name leads to its user for 90 days: the API answers with the user,
 * the page leads to its address of today. */
/* clang-format off */
static const char profile_sql[] = PROFILE_OF(coalesce(NAMED,
    (SELECT user_id FROM user_names_old WHERE name = lower($2)
        AND until > $3)));
static const char page_sql[] = PROFILE_OF(NAMED);
static const char moved_sql[] = SQL(
    SELECT u.username FROM user_names_old o JOIN users u ON u.id = o.user_id
    WHERE o.name = lower($1) AND o.until > $2 AND user_shown(u.status)
        AND user_visible(u.id, $3)
);
/* clang-format on */

struct profile {
    const char *username;
    struct cursor cursor;
};

#define USERNAME_FIELD                                                         \
    FIELD(IN_PATH, struct profile, username, .max = 30,                        \
          .valid = account_username_valid, .wanted = USERNAME_WANTED,          \
          .pattern = USERNAME_PATTERN, .about = "The user's name.")

static const struct field api_fields[] = { USERNAME_FIELD, { 0 } };

static const struct field page_fields[] = {
    USERNAME_FIELD,
    FIELD(IN_QUERY, struct profile, cursor, .about = "Goes on in the posts."),
    { 0 },
};

static const struct problem *
answer_profile(struct request *r)
{
    const struct profile *p = r->input;

    return answer_row(r, profile_sql,
                      ARGS(ARG(r->viewer), ARG(p->username), ARG(r->now)));
}

/* Where the user of an old name is now; else there is none. */
static const struct problem *
lead_on(struct request *r, const char *old)
{
    struct db_error error;
    const struct db_result *row =
        db_query(r->app->db, r->mem, moved_sql,
                 ARGS(ARG(old), ARG(r->now), ARG(r->viewer)), &error);

    if (error.failed)
        return db_problem(&error);
    if (db_rows(row) == 0)
        return &problem_not_found;
    return answer_redirect(
        r, mem_printf(r->mem, "/profile/%s", db_text(row, 0, 0, NULL)));
}

static const struct problem *
show_profile(struct request *r)
{
    const struct profile *p = r->input;
    const struct problem *refused =
        answer_row_as(r, "user", profile_shape, page_sql,
                      ARGS(ARG(r->viewer), ARG(p->username)));

    if (refused == &problem_not_found)
        return lead_on(r, p->username);
    if (refused != NULL)
        return refused;
    page_set(r, "title", p->username);
    return post_list_of_author_as(r, p->username, &p->cursor);
}

static const struct route routes[] = {
    {
        .on = "GET /api/users/{username}",
        .access = ALLOW_ANYONE,
        .handle = answer_profile,
        .about = "Read a public profile.",
        .input = INPUT(struct profile, api_fields),
        .returns = profile_shape,
        .sql = STATEMENTS(profile_sql),
    },
    {
        .on = "GET /profile/{username}",
        .access = ALLOW_ANYONE,
        .handle = show_profile,
        .about = "A user's page.",
        .input = INPUT(struct profile, page_fields),
        .page = "profile/show",
        .sql = STATEMENTS(page_sql, moved_sql),
    },
    { 0 },
};

const struct feature profile_feature = {
    .name = "profile",
    .about = "What everybody may see of a user.",
    .routes = routes,
};
