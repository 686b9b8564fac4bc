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

#define PLACE(where, ...)                                                      \
    FIELD(where, struct draft, place, .max = 50, .valid = place_valid,         \
          .wanted = "must be new, or post-, comment-, reply- or edit- and an " \
                    "id",                                                      \
          .pattern = "^(new|(post|comment|reply|edit)-[0-9a-fA-F-]{36})$",     \
          .about = "What is written: new, post-ID, comment-ID ...",            \
          __VA_ARGS__)

static const struct field place_fields[] = {
    PLACE(IN_PATH, .required = true),
    { 0 },
};
static const struct field list_fields[] = {
    PLACE(IN_QUERY, .required = false),
    { 0 },
};
static const struct field put_fields[] = {
    PLACE(IN_PATH, .required = true),
    FIELD(IN_BODY, struct draft, title, .max = 500, .raw = true,
          .about = "As typed."),
    FIELD(IN_BODY, struct draft, content, .max = 100000, .raw = true,
          .lines = true, .about = "Markdown."),
    FIELD(IN_BODY, struct draft, tags, .max = 1000, .raw = true,
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
    { .name = "savedAt", .type = VALUE_TIME },
    { 0 },
};
static const struct member saved_draft[] = {
    { .name = "place", .type = VALUE_TEXT },
    { .name = "savedAt", .type = VALUE_TIME },
    { 0 },
};

enum { DRAFTS = 50 }; /* of a member; see put_sql */

static const char list_sql[] =
    SQL(
    SELECT place, title, content, tags, excerpt, category, kind,
        youtube_video_id, saved_at
    FROM drafts
    WHERE user_id = $1 AND ($2::text IS NULL OR place = $2)
    ORDER BY saved_at DESC, place LIMIT 51
);

static const struct problem *
list_drafts(struct request *r)
{
    const struct draft *d = r->input;

    return answer_rows(r, DRAFTS, list_sql,
                       ARGS(ARG(r->viewer), ARG(d->place)));
}

/* The oldest gives way to the 51st. */
static const char put_sql[] = SQL(
    WITH old AS (
        DELETE FROM drafts WHERE user_id = $1 AND place IN (
            SELECT place FROM drafts WHERE user_id = $1 AND place <> $2
            ORDER BY saved_at DESC, place OFFSET 49)
    )
    INSERT INTO drafts AS d (user_id, place, title, content, tags, excerpt,
        category, kind, youtube_video_id)
    VALUES ($1, $2, coalesce($3, ''), coalesce($4, ''), coalesce($5, ''),
        coalesce($6, ''), coalesce($7, ''), coalesce($8, ''),
        coalesce($9, ''))
    ON CONFLICT (user_id, place) DO UPDATE SET title = excluded.title,
        content = excluded.content, tags = excluded.tags,
        excerpt = excluded.excerpt, category = excluded.category,
        kind = excluded.kind, youtube_video_id = excluded.youtube_video_id,
        saved_at = clock_now()
    RETURNING d.place, d.saved_at
);

static const struct problem *
put_draft(struct request *r)
{
    const struct draft *d = r->input;

    return answer_row(r, put_sql,
                      ARGS(ARG(r->viewer), ARG(d->place), ARG(d->title),
                           ARG(d->content), ARG(d->tags), ARG(d->excerpt),
                           ARG(d->category), ARG(d->kind),
                           ARG(d->youtube_video_id)));
}

static const char drop_sql[] =
    SQL(DELETE FROM drafts WHERE user_id = $1 AND place = $2);

static const struct problem *
drop_draft(struct request *r)
{
    const struct draft *d = r->input;

    return answer_done_anyway(r, drop_sql, ARGS(ARG(r->viewer), ARG(d->place)));
}

static const struct route routes[] = {
    {
        .on = "GET /api/drafts",
        .access = ALLOW_SIGNED_IN,
        .handle = list_drafts,
        .about = "List your drafts, the latest first; or the one of a place.",
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
        .sql = STATEMENTS(put_sql),
    },
    {
        .on = "DELETE /api/drafts/{place}",
        .access = ALLOW_SIGNED_IN,
        .handle = drop_draft,
        .about = "Drop a draft; again changes nothing.",
        .input = INPUT(struct draft, place_fields),
        .form = ANSWER_NOTHING,
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
