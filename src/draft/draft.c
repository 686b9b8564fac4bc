/*
 * draft.c - drafts kept, listed and dropped.
 *
 * Nothing of one is checked but its length: half a word is what a draft is.
 */
#include "draft/draft.h"

#include <string.h>

#include "base/text.h"

struct draft {
    const char *place;
    const char *title, *content, *tags, *excerpt, *category, *kind;
    const char *youtube_video_id;
    int64_t version; /* of PUT: 0: of none */
};

struct drop {
    const char *place;
    struct maybe_integer version;
};

static const struct problem stale = {
    .status = 409,
    .code = "DRAFT_STALE",
    .title = "Another text was kept here meanwhile. Read it first.",
};
static const struct problem dropped = {
    .status = 409,
    .code = "DRAFT_DROPPED",
    .title = "This was sent or discarded meanwhile.",
};

static const struct refusal refusals[] = {
    { .problem = &stale, .constraint = "drafts_version" },
    { .problem = &dropped, .constraint = "drafts_dropped" },
    { 0 },
};
static const struct refusal drop_refusals[] = {
    { .problem = &stale, .constraint = "drafts_version" },
    { 0 },
};

static bool
place_valid(const char *s)
{
    static const char *const words[] = { "post-", "comment-", "reply-",
                                         "edit-" };
    struct uuid id;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (text_starts(s, words[i]))
            return uuid_read(s + strlen(words[i]), &id);
    return strcmp(s, "new") == 0;
}

#define PLACE(where, owner, ...)                                               \
    FIELD(where, owner, place, .max = 50, .valid = place_valid,                \
          .wanted = "must be new, or post-, comment-, reply- or edit- and an " \
                    "id",                                                      \
          .pattern = "^(new|(post|comment|reply|edit)-[0-9a-fA-F-]{36})$",     \
          .about = "What is written: new, post-ID, comment-ID ...",            \
          __VA_ARGS__)

static const struct field drop_fields[] = {
    PLACE(IN_PATH, struct drop, .required = true),
    FIELD(IN_QUERY, struct drop, version, .min = 0, .max = INT64_MAX,
          .about = "The version that you know; a newer one stays, and is a "
                   "conflict.  Without it whatever is there goes."),
    { 0 },
};
static const struct field list_fields[] = {
    PLACE(IN_QUERY, struct draft, .required = false),
    { 0 },
};
static const struct field put_fields[] = {
    PLACE(IN_PATH, struct draft, .required = true),
    FIELD(IN_BODY, struct draft, version, .min = 0, .max = INT64_MAX,
          .about = "The version that you know, 0 (or left out) if none; where "
                   "another is kept, that is a conflict."),
    FIELD(IN_BODY, struct draft, title, .max = 500, .raw = true, .prose = true,
          .about = "As typed."),
    FIELD(IN_BODY, struct draft, content, .max = 100000, .raw = true,
          .lines = true, .about = "Markdown."),
    FIELD(IN_BODY, struct draft, tags, .max = 1000, .raw = true, .prose = true,
          .about = "As typed."),
    FIELD(IN_BODY, struct draft, excerpt, .max = 500, .raw = true,
          .lines = true, .about = "As typed."),
    FIELD(IN_BODY, struct draft, category, .max = 50, .raw = true,
          .about = "Its slug."),
    FIELD(IN_BODY, struct draft, kind, .max = 50, .raw = true,
          .about = "As chosen."),
    FIELD_AS(IN_BODY, "youtubeVideoId", struct draft, youtube_video_id,
             .max = 500, .raw = true, .about = "As typed."),
    { 0 },
};

static const struct member draft_shape[] = {
    { .name = "place", .type = VALUE_TEXT },
    { .name = "title", .type = VALUE_TEXT },
    { .name = "content", .type = VALUE_TEXT },
    { .name = "tags", .type = VALUE_TEXT },
    { .name = "excerpt", .type = VALUE_TEXT },
    { .name = "category", .type = VALUE_TEXT },
    { .name = "kind", .type = VALUE_TEXT },
    { .name = "youtubeVideoId", .type = VALUE_TEXT },
    { .name = "version", .type = VALUE_INTEGER },
    { .name = "dropped",
      .type = VALUE_BOOLEAN,
      .about =
          "It was sent or dropped: only its version is left, for a week." },
    { .name = "savedAt", .type = VALUE_TIME },
    { 0 },
};
static const struct member saved_draft[] = {
    { .name = "place", .type = VALUE_TEXT },
    { .name = "version", .type = VALUE_INTEGER },
    { .name = "savedAt", .type = VALUE_TIME },
    { 0 },
};

enum { DRAFTS = 50 }; /* of a member; see draft_evict() in sql/draft.sql */

static const char list_sql[] =
    SQL(
    SELECT place, title, content, tags, excerpt, category, kind,
        youtube_video_id, version, dropped, saved_at
    FROM drafts
    WHERE user_id = $1 AND (place = $2 OR ($2::text IS NULL AND NOT dropped))
    ORDER BY saved_at DESC, place LIMIT 51
);

static const struct problem *
list_drafts(struct request *r)
{
    const struct draft *d = r->input;

    return answer_rows(r, DRAFTS, list_sql,
                       ARGS(ARG(r->viewer), ARG(d->place)));
}

static const char put_sql[] = SQL(
    SELECT d.place, d.version, d.saved_at
    FROM draft_put($1, $2, $3, coalesce($4, ''), coalesce($5, ''),
        coalesce($6, ''), coalesce($7, ''), coalesce($8, ''),
        coalesce($9, ''), coalesce($10, '')) d
);

static const struct problem *
put_draft(struct request *r)
{
    const struct draft *d = r->input;

    return answer_row(r, put_sql,
                      ARGS(ARG(r->viewer), ARG(d->place), ARG(d->version),
                           ARG(d->title), ARG(d->content), ARG(d->tags),
                           ARG(d->excerpt), ARG(d->category), ARG(d->kind),
                           ARG(d->youtube_video_id)));
}

static const char drop_sql[] = SQL(SELECT draft_drop($1, $2, $3));

static const struct problem *
drop_draft(struct request *r)
{
    const struct drop *d = r->input;

    return answer_done_anyway(
        r, drop_sql, ARGS(ARG(r->viewer), ARG(d->place), ARG(d->version)));
}

static const struct route routes[] = {
    {
        .on = "GET /api/drafts",
        .access = ALLOW_SIGNED_IN,
        .handle = list_drafts,
        .about = "List your drafts, the latest first; or the one of a place, "
                 "also when it was dropped.",
        .input = INPUT(struct draft, list_fields),
        .returns = draft_shape,
        .form = ANSWER_ARRAY,
        .sql = STATEMENTS(list_sql),
    },
    {
        .on = "PUT /api/drafts/{place}",
        .access = ALLOW_SIGNED_IN,
        .handle = put_draft,
        .about = "Keep what you are writing; the oldest of 50 gives way.",
        .input = INPUT(struct draft, put_fields),
        .returns = saved_draft,
        .refusals = refusals,
        .sql = STATEMENTS(put_sql),
    },
    {
        .on = "DELETE /api/drafts/{place}",
        .access = ALLOW_SIGNED_IN,
        .handle = drop_draft,
        .about = "Drop a draft; again changes nothing.",
        .input = INPUT(struct drop, drop_fields),
        .form = ANSWER_NOTHING,
        .refusals = drop_refusals,
        .success = 204,
        .sql = STATEMENTS(drop_sql),
    },
    { 0 },
};

const struct feature draft_feature = {
    .name = "draft",
    .about = "What is written and not sent yet.",
    .routes = routes,
};
