/*
 * post_draft.c - what a post is written with: the fields of a new one and of
 * the changes to one, and what each may hold.
 */
#include "post/post_local.h"

#include <string.h>

#include "base/language.h"
#include "category/category.h"
#include "markup/markup.h"

static const char *const visibilities[] = { "PUBLIC", "FOLLOWERS", "PRIVATE",
                                            "UNLISTED", NULL };

static bool
video_id_valid(const char *s)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789_-";

    return s[0] == '\0' || (strlen(s) == 11 && strspn(s, alphabet) == 11);
}

/* An address that an img element may show. */
static bool
image_valid(const char *s)
{
    return s[0] == '\0' || markup_shows(s);
}

#define DRAFT_FIELDS(needed)                                                   \
    FIELD(IN_BODY, struct post_draft, category, .max = 50,                     \
          .valid = category_slug_valid, .wanted = SLUG_WANTED,                 \
          .pattern = SLUG_PATTERN, .about = "Slug of the category."),          \
        FIELD(IN_BODY, struct post_draft, title, .required = needed, .min = 1, \
              .max = 500, .raw = true, .prose = true,                          \
              .about = "One line, plain text."),                               \
        FIELD(IN_BODY, struct post_draft, content, .required = needed,         \
              .min = 1, .max = 100000, .lines = true, .raw = true,             \
              .about = "Markdown."),                                           \
        FIELD(IN_BODY, struct post_draft, excerpt, .max = 500, .lines = true,  \
              .visible = true,                                                 \
              .about = "For lists; made from the content if not given."),      \
        FIELD(IN_BODY, struct post_draft, kind, .choices = post_kinds,         \
              .about = "ARTICLE if not given; ANNOUNCEMENT by moderators."),   \
        FIELD_AS(IN_BODY, "coverImage", struct post_draft, cover_image,        \
                 .max = 2000, .valid = image_valid,                            \
                 .wanted = "must be an https:// address or a path here",       \
                 .about = "Address of a picture."),                            \
        FIELD_AS(IN_BODY, "youtubeVideoId", struct post_draft,                 \
                 youtube_video_id, .max = 11, .valid = video_id_valid,         \
                 .wanted = "must be the 11 characters of a YouTube video",     \
                 .about = "The video that this is about."),                    \
        FIELD(IN_BODY, struct post_draft, visibility, .choices = visibilities, \
              .about = "Who may read it; PUBLIC if not given."),               \
        FIELD(IN_BODY, struct post_draft, language, .min = 2,                  \
              .max = LANGUAGE_MAX, .valid = language_valid,                    \
              .wanted = LANGUAGE_WANTED, .pattern = LANGUAGE_PATTERN,          \
              .keep = language_kept,                                           \
              .about = "BCP 47 language tag; und (undetermined) if not "       \
                       "given."),                                              \
        FIELD(IN_BODY, struct post_draft, tags, .max = 10, .item_max = 50,     \
              .valid = category_slug_valid, .wanted = SLUG_WANTED,             \
              .pattern = SLUG_PATTERN, .about = "Up to 10 tags."),             \
        FIELD(IN_BODY, struct post_draft, published,                           \
              .about = "false keeps it as a draft."),                          \
        FIELD_AS(IN_BODY, "commentsEnabled", struct post_draft,                \
                 comments_enabled,                                             \
                 .about = "false closes it to new comments.")

const struct field post_draft_fields[] = {
    DRAFT_FIELDS(true),
    { 0 },
};

const struct field post_edit_fields[] = {
    FIELD(IN_PATH, struct post_draft, post, .about = "The post's id."),
    FIELD(IN_BODY, struct post_draft, version,
          .about = "The version that you read; a newer one is a conflict."),
    DRAFT_FIELDS(false),
    { 0 },
};
