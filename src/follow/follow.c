/*
 * follow.c - following: put and taken back, and the lists of both sides.
 */
#include "follow/follow.h"

#include "account/account.h"

struct follow {
    const char *username;
    struct cursor cursor;
    int64_t limit;
};

static const struct problem follows_self = {
    .status = 422,
    .code = "FOLLOWS_SELF",
    .title = "You cannot follow yourself.",
};
/* Who is blocked is not told so. */
static const struct refusal refusals[] = {
    { .problem = &follows_self, .constraint = "follows_not_self" },
    { .problem = &problem_not_found, .constraint = "follows_not_blocked" },
    { 0 },
};

static const struct member follow_shape[] = {
    { .name = "following", .type = VALUE_BOOLEAN },
    { .name = "followers", .type = VALUE_INTEGER, .about = "How many now." },
    { 0 },
};

#define USERNAME_FIELD                                                         \
    FIELD(IN_PATH, struct follow, username, .max = 30,                         \
          .valid = account_username_valid, .wanted = USERNAME_WANTED,          \
          .pattern = USERNAME_PATTERN, .about = "The user's name.")

static const struct field follow_fields[] = {
    USERNAME_FIELD,
    { 0 },
};

/* ---- PUT and DELETE /api/users/{username}/follow ------------------------ */

/* $1 viewer, $2 name, $3 request. */
#define FOLLOW(function, event_name, follows_now)                              \
    SQL(WITH done AS (                                                         \
            SELECT u.id, f.changed, f.followers                                \
            FROM users u, function($1, u.id) f                                 \
            WHERE lower(u.username) = lower($2)                                \
                AND user_shown(u.status) AND user_visible(u.id, $1)            \
        ), news AS (                                                           \
            INSERT INTO outbox (event, subject_id, actor_id, request_id)       \
            SELECT event_name, id, $1, $3 FROM done WHERE changed              \
        )                                                                      \
        SELECT follows_now, followers FROM done)

static const char put_sql[] = FOLLOW(follow_put, 'user.followed', TRUE);
static const char remove_sql[] =
    FOLLOW(follow_remove, 'user.unfollowed', FALSE);

static const struct problem *
change(struct request *r, const char *sql)
{
    const struct follow *f = r->input;
    const struct problem *refused =
        answer_row(r, sql, ARGS(ARG(r->viewer), ARG(f->username), ARG(r->id)));

    event_wake(r);
    return refused;
}

static const struct problem *
put_follow(struct request *r)
{
    return change(r, put_sql);
}

static const struct problem *
remove_follow(struct request *r)
{
    return change(r, remove_sql);
}

/* ---- The lists ---------------------------------------------------------- */

#define LIST(view_name)                                                        \
    SQL(SELECT row.id, row.username, row.name, row.image, row.verified,        \
            row.level, row.followed_at AS cursor_key                           \
        FROM view_name row                                                     \
        WHERE row.of_id = (SELECT id FROM users                                \
                WHERE lower(username) = lower($1)                              \
                    AND user_shown(status) AND user_visible(id, $5))           \
            AND (row.followed_at, row.by_id) < ($2, $3)                        \
            AND row.id NOT IN (SELECT id FROM parted_from($5) id)              \
        ORDER BY row.followed_at DESC, row.by_id DESC LIMIT $4 + 1)

static const char owner_sql[] = SQL(
    SELECT FROM users WHERE lower(username) = lower($1)
        AND user_shown(status) AND user_visible(id, $2)
);
static const char followers_sql[] = LIST(follower_rows);
static const char following_sql[] = LIST(following_rows);

static const struct problem *
list(struct request *r, const char *sql)
{
    const struct follow *f = r->input;

    return answer_rows_of(
        r, f->limit, sql,
        ARGS(ARG(f->username), ARG_AS(VALUE_TIME, f->cursor.key),
             ARG(f->cursor.id), ARG(f->limit), ARG(r->viewer)),
        owner_sql, ARGS(ARG(f->username), ARG(r->viewer)));
}

static const struct problem *
list_followers(struct request *r)
{
    return list(r, followers_sql);
}

static const struct problem *
list_following(struct request *r)
{
    return list(r, following_sql);
}

static const struct field list_fields[] = {
    USERNAME_FIELD,
    FIELD(IN_QUERY, struct follow, cursor,
          .about = "`nextCursor` of the page before."),
    FIELD(IN_QUERY, struct follow, limit, .min = 1, .max = 100, .otherwise = 20,
          .about = "At most this many."),
    { 0 },
};

/* ---- When somebody is shown no longer, or again -------------------------- */

/* A part of them at a time, so that nobody waits for the whole: the next part
 * is the next job of this user.  $1 the user, $2 where the last one ended. */
/* clang-format off */
static const char recount_sql[] = SQL(
    SELECT job_put('follow.recount', 'event', part, $1)
    FROM follow_recount($1, $2, 1000) part WHERE part IS NOT NULL
);
/* clang-format on */

static const char *
recount(struct job *job)
{
    const char *why = NULL;

    (void)job_query(job, recount_sql,
                    ARGS(ARG(job->subject), ARG(job->payload)), &why);
    return why;
}

static const struct job_kind jobs[] = {
    {
        .name = "follow.recount",
        .queue = "event",
        .about = "Count a user's follows, who is shown no longer or again.",
        .max_attempts = 10,
        .run = recount,
    },
    { 0 },
};

/* ---- The endpoints ------------------------------------------------------ */

static const struct route routes[] = {
    {
        .on = "PUT /api/users/{username}/follow",
        .access = ALLOW_MEMBERS,
        .handle = put_follow,
        .about = "Follow somebody; again changes nothing.",
        .input = INPUT(struct follow, follow_fields),
        .refusals = refusals,
        .returns = follow_shape,
        .sql = STATEMENTS(put_sql),
    },
    {
        .on = "DELETE /api/users/{username}/follow",
        .access = ALLOW_MEMBERS,
        .handle = remove_follow,
        .about = "Follow somebody no more; again changes nothing.",
        .input = INPUT(struct follow, follow_fields),
        .refusals = refusals,
        .returns = follow_shape,
        .sql = STATEMENTS(remove_sql),
    },
    {
        .on = "GET /api/users/{username}/followers",
        .access = ALLOW_ANYONE,
        .handle = list_followers,
        .about = "Who follows a user, the latest first.",
        .input = INPUT(struct follow, list_fields),
        .returns = user_card,
        .form = ANSWER_LIST,
        .sql = STATEMENTS(followers_sql, owner_sql),
    },
    {
        .on = "GET /api/users/{username}/following",
        .access = ALLOW_ANYONE,
        .handle = list_following,
        .about = "Whom a user follows, the latest first.",
        .input = INPUT(struct follow, list_fields),
        .returns = user_card,
        .form = ANSWER_LIST,
        .sql = STATEMENTS(following_sql, owner_sql),
    },
    { 0 },
};

static const char *const events[] = { "user.followed", "user.unfollowed",
                                      NULL };

const struct feature follow_feature = {
    .name = "follow",
    .about = "Who follows whom.",
    .routes = routes,
    .jobs = jobs,
    .events = events,
};
