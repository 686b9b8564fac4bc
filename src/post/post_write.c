/*
 * post_write.c - the JSON API of posts, writing: publish, edit, delete.
 *
 * Each is one statement with the news of it in the outbox, so that a post and
 * what follows from it are stored together or not at all.
 */
#include "post/post_local.h"

#include <string.h>

#include "base/unicode.h"
#include "core/audit.h"
#include "core/session.h"
#include "markup/markup.h"

static const struct problem blank_post = {
    .status = 422,
    .code = "BLANK_POST",
    .title = "Nothing of this post would be visible.",
};
static const struct problem no_such_category = {
    .status = 422,
    .code = "NO_SUCH_CATEGORY",
    .title = "There is no such category.",
};
static const struct problem category_closed = {
    .status = 409,
    .code = "CATEGORY_CLOSED",
    .title = "This category takes no more posts.",
};
static const struct problem blank_title = {
    .status = 422,
    .code = "BLANK_TITLE",
    .title = "A title needs something that people can read.",
};
static const struct problem stale_version = {
    .status = 409,
    .code = "STALE_VERSION",
    .title = "Somebody changed this post meanwhile. Load it again.",
};
static const struct problem author_decides = {
    .status = 403,
    .code = "AUTHOR_ONLY",
    .title = "Only the author deletes a post, or says who may read it.",
};
static const struct problem staff_kind = {
    .status = 403,
    .code = "STAFF_ONLY",
    .title = "Only moderators write announcements.",
};

/* Of post_to_edit() in sql/post.sql. */
#define EDITOR_REFUSALS                                                        \
    { .problem = &problem_not_found, .constraint = "posts_seen" },             \
        { .problem = &problem_authorization, .constraint = "posts_own" },      \
        { .problem = &problem_higher_role, .constraint = "posts_rank" },       \
        { .problem = &author_decides, .constraint = "posts_author_only" },     \
    {                                                                          \
        .problem = &stale_version, .constraint = "posts_version"               \
    }

static const struct refusal post_refusals[] = {
    { .problem = &blank_post, .field = "content" },
    { .problem = &no_such_category,
      .constraint = "posts_category_id_fkey",
      .field = "category" },
    { .problem = &category_closed,
      .constraint = "posts_category_is_open",
      .field = "category" },
    { .problem = &blank_title, .field = "title" },
    { .problem = &blank_title,
      .constraint = "posts_title_not_blank",
      .field = "title" },
    { .problem = &problem_validation,
      .constraint = "posts_youtube_video_id_form",
      .field = "youtubeVideoId" },
    { .problem = &staff_kind, .field = "kind" },
    EDITOR_REFUSALS,
    { 0 },
};

static const struct refusal delete_refusals[] = {
    EDITOR_REFUSALS,
    { 0 },
};

/* ---- POST /api/posts ---------------------------------------------------- */

static const char create_sql[] = SQL(
    WITH made AS (
        INSERT INTO posts (author_id, category_id, title, excerpt, kind,
            cover_image, youtube_video_id, visibility, language, tags, status,
            comments_enabled)
        VALUES ($1, category_by_slug($2), $3, $4,
            coalesce($5::text, 'ARTICLE')::post_kind, nullif($6, ''),
            nullif($7, ''), coalesce($8::text, 'PUBLIC')::visibility,
            coalesce($9, 'und'), coalesce($10::text[], ARRAY[]::text[]),
            CASE WHEN coalesce($11, TRUE) THEN 'published' ELSE 'draft' END
                ::post_status, coalesce($12, TRUE))
        RETURNING *
    ), body AS (
        INSERT INTO post_contents (post_id, content, content_html,
            excerpt_made, search, search_of)
        SELECT id, $13, $14, $17, $18::text::tsvector, version FROM made
        RETURNING content, content_html
    ), news AS (
        INSERT INTO outbox (event, subject_id, actor_id, data, request_id)
        SELECT 'post.created', id, author_id,
            jsonb_build_object('mentions', to_jsonb($15::text[])), $16
        FROM made
    )
    SELECT) " " POST_DETAIL_COLUMNS SQL(
        TRUE AS viewer_may_edit
    FROM made, body, post_detail(made, body.content, body.content_html) row
);

static const struct problem *
kind_allowed(const struct request *r, const char *kind)
{
    if (kind != NULL && strcmp(kind, "ANNOUNCEMENT") == 0 &&
        r->session->role < ROLE_MODERATOR)
        return &staff_kind;
    return NULL;
}

static const struct problem *
create_post(struct request *r)
{
    const struct post_draft *d = r->input;
    const struct problem *refused = kind_allowed(r, d->kind);
    struct markup text;

    if (refused != NULL)
        return refused;
    if (!unicode_visible(d->title))
        return &blank_title;
    markup_render(&text, r->mem, d->content, strlen(d->content));
    if (text.html[0] == '\0')
        return &blank_post;
    const bool made = d->excerpt == NULL || d->excerpt[0] == '\0';
    const char *excerpt = made ? text.excerpt : d->excerpt;
    const struct texts mentions = { text.mentions, text.n_mentions };
    const char *search = post_search_of(r->mem, d).vector;

    refused = answer_row(r, create_sql,
                         ARGS(ARG(r->viewer), ARG(d->category), ARG(d->title),
                              ARG(excerpt), ARG(d->kind), ARG(d->cover_image),
                              ARG(d->youtube_video_id), ARG(d->visibility),
                              ARG(d->language), ARG(d->tags), ARG(d->published),
                              ARG(d->comments_enabled), ARG(d->content),
                              ARG(text.html), ARG(mentions), ARG(r->id),
                              ARG(made), ARG(search)));
    event_wake(r);
    return refused;
}

/* ---- PATCH /api/posts/{post} -------------------------------------------- */

/* post_to_edit locks the post and refuses: unseen, not one's own, stale.
 * What staff change of somebody else's is in the audit log. */
static const char edit_sql[] = SQL(
    WITH old AS MATERIALIZED (
        SELECT p.*, post_text(p.id) AS content,
            CASE WHEN p.author_id IS DISTINCT FROM $1 AND is_staff($1)
                THEN post_audited(p, post_text(p.id)) END AS audited
        FROM post_to_edit($1, $2, $4, $11, $14) p
    ), kept AS (
        INSERT INTO post_revisions (post_id, version, editor_id, title,
            excerpt, content, tags)
        SELECT old.id, old.version, $1, old.title, old.excerpt,
            old.content, old.tags
        FROM old WHERE old.title IS DISTINCT FROM coalesce($6, old.title)
            OR old.content IS DISTINCT FROM coalesce($16, old.content)
    ), made AS (
        UPDATE posts p SET
            category_id = CASE WHEN $5::text IS NULL THEN p.category_id
                ELSE category_by_slug($5) END,
            title = coalesce($6, p.title),
            excerpt = CASE WHEN $7::text IS NOT NULL THEN nullif($7, '')
                WHEN $20::text IS NOT NULL AND (SELECT c.excerpt_made
                    FROM post_contents c WHERE c.post_id = p.id) THEN $20
                ELSE p.excerpt END,
            kind = coalesce($8::text::post_kind, p.kind),
            cover_image = CASE WHEN $9::text IS NULL THEN p.cover_image
                ELSE nullif($9, '') END,
            youtube_video_id = CASE WHEN $10::text IS NULL
                THEN p.youtube_video_id ELSE nullif($10, '') END,
            visibility = coalesce($11::text::visibility, p.visibility),
            language = coalesce($12, p.language),
            tags = coalesce($13::text[], p.tags),
            status = CASE $14::boolean WHEN TRUE THEN 'published'
                WHEN FALSE THEN 'draft' ELSE p.status END,
            comments_enabled = coalesce($15, p.comments_enabled),
            edited_at = CASE WHEN $6::text IS NULL AND $16::text IS NULL
                THEN p.edited_at ELSE clock_now() END,
            version = p.version + 1
        FROM old WHERE p.id = old.id
        RETURNING p.*
    ), body AS (
        UPDATE post_contents c SET content = coalesce($16, c.content),
            content_html = coalesce($17, c.content_html),
            excerpt_made = coalesce($21::boolean, c.excerpt_made),
            search = CASE WHEN $23::text IS NULL THEN c.search
                ELSE (ts_filter(c.search, $24::text::"char"[])::text || ' '
                    || $23)::tsvector END,
            search_of = CASE WHEN $23::text IS NULL THEN c.search_of
                ELSE made.version END
        FROM made WHERE c.post_id = made.id
        RETURNING c.content, c.content_html
    ), noted AS (
        INSERT INTO audit_log (actor_id, action, resource_type, resource_id,
            before, after, ip, user_agent, request_id)
        SELECT $1, 'post.update', 'post', old.id::text, c.before, c.after,
            $3::text::inet, left($22, 1000), $19
        FROM old, made, body, audit_changes(old.audited,
            post_audited(made, body.content)) c
        WHERE old.audited IS NOT NULL
    ), news AS (
        INSERT INTO outbox (event, subject_id, actor_id, data, request_id)
        SELECT 'post.updated', id, $1,
            jsonb_build_object('mentions', to_jsonb($18::text[])), $19
        FROM made
    )
    SELECT) " " POST_DETAIL_COLUMNS SQL(
        TRUE AS viewer_may_edit
    FROM made, body, post_detail(made, body.content, body.content_html) row
);

/* The HTML of changed content, and the excerpt made of it, for a post that
 * has none of its own.  The names are in `text`, which must live as long. */
struct changed {
    const char *html, *excerpt, *beginning;
    struct maybe_boolean made; /* whether the excerpt is the beginning now */
    struct texts mentions;
};

static struct changed
render_change(struct request *r, const struct post_draft *d,
              struct markup *text)
{
    struct changed c = { .excerpt = d->excerpt, .mentions = { NULL, 0 } };

    if (d->excerpt != NULL)
        c.made = (struct maybe_boolean){ true, d->excerpt[0] == '\0' };
    if (d->content == NULL)
        return c;
    markup_render(text, r->mem, d->content, strlen(d->content));
    c.html = text->html;
    c.mentions = (struct texts){ text->mentions, text->n_mentions };
    c.beginning = text->excerpt;
    if (c.made.value)
        c.excerpt = text->excerpt;
    return c;
}

static const struct problem *
edit_post(struct request *r)
{
    const struct post_draft *d = r->input;
    struct markup text;
    const struct changed c = render_change(r, d, &text);
    const struct post_search search = post_search_of(r->mem, d);
    const char *ip = audit_address(r);
    const struct problem *refused = kind_allowed(r, d->kind);

    if (refused != NULL)
        return refused;
    if (d->title != NULL && !unicode_visible(d->title))
        return &blank_title;
    if (c.html != NULL && c.html[0] == '\0')
        return &blank_post;
    refused = answer_row(
        r, edit_sql,
        ARGS(ARG(r->viewer), ARG(d->post), ARG(ip), ARG(d->version),
             ARG(d->category), ARG(d->title), ARG(c.excerpt), ARG(d->kind),
             ARG(d->cover_image), ARG(d->youtube_video_id), ARG(d->visibility),
             ARG(d->language), ARG(d->tags), ARG(d->published),
             ARG(d->comments_enabled), ARG(d->content), ARG(c.html),
             ARG(c.mentions), ARG(r->id), ARG(c.beginning), ARG(c.made),
             ARG(r->user_agent), ARG(search.vector), ARG(search.kept)));
    event_wake(r);
    return audit_refused(r, "post.update", "post", d->post, refused);
}

/* ---- DELETE /api/posts/{post} ------------------------------------------- */

static const char delete_sql[] = SQL(
    WITH old AS MATERIALIZED (
        SELECT p.*, CASE WHEN p.author_id IS DISTINCT FROM $1
            THEN post_audited(p, post_text(p.id)) END AS audited
        FROM post_to_delete($1, $2) p
    ), gone AS (
        UPDATE posts p SET deleted_at = clock_now(), deleted_by = $1,
            version = p.version + 1
        FROM old WHERE p.id = old.id
        RETURNING p.id
    ), noted AS (
        INSERT INTO audit_log (actor_id, action, resource_type, resource_id,
            before, after, ip, user_agent, request_id)
        SELECT $1, 'post.delete', 'post', old.id::text, c.before, c.after,
            $3::text::inet, left($5, 1000), $4
        FROM old, audit_changes(old.audited, '{"deleted": true}') c
        WHERE old.audited IS NOT NULL
    )
    INSERT INTO outbox (event, subject_id, actor_id, request_id)
    SELECT 'post.deleted', id, $1, $4 FROM gone
);

static const struct problem *
delete_post(struct request *r)
{
    const struct post_draft *d = r->input;
    const char *ip = audit_address(r);
    const struct problem *refused =
        answer_done(r, delete_sql,
                    ARGS(ARG(r->viewer), ARG(d->post), ARG(ip), ARG(r->id),
                         ARG(r->user_agent)));

    event_wake(r);
    return audit_refused(r, "post.delete", "post", d->post, refused);
}

static const struct field delete_fields[] = {
    FIELD(IN_PATH, struct post_draft, post, .about = "The post's id."),
    { 0 },
};

/* ---- The endpoints ------------------------------------------------------ */

const struct route post_write_routes[] = {
    {
        .on = "POST /api/posts",
        .access = ALLOW_MEMBERS,
        .quota = QUOTA_POST,
        .handle = create_post,
        .about = "Publish a post, or keep a draft.",
        .input = INPUT(struct post_draft, post_draft_fields),
        .refusals = post_refusals,
        .returns = post_detail_shape,
        .success = 201,
        .sql = STATEMENTS(create_sql),
    },
    {
        .on = "PATCH /api/posts/{post}",
        .access = ALLOW_MEMBERS,
        .handle = edit_post,
        .about = "Change a post; what is not given stays. The title and "
                 "content before are kept as a revision.",
        .input = INPUT(struct post_draft, post_edit_fields),
        .refusals = post_refusals,
        .returns = post_detail_shape,
        .sql = STATEMENTS(edit_sql, audit_refused_sql),
    },
    {
        .on = "DELETE /api/posts/{post}",
        .access = ALLOW_MEMBERS,
        .handle = delete_post,
        .about = "Delete a post.",
        .input = INPUT(struct post_draft, delete_fields),
        .refusals = delete_refusals,
        .form = ANSWER_NOTHING,
        .success = 204,
        .sql = STATEMENTS(delete_sql, audit_refused_sql),
    },
    { 0 },
};
