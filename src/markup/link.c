/* link.c - the one place that writes links to somewhere. */
#include <string.h>

#include "base/escape.h"
#include "markup/markup_local.h"

static void
add_video(struct rendering *r, const char *url)
{
    struct markup *out = r->out;
    struct markup_video video;
    size_t i = 0;

    if (!markup_video(url, &video))
        return;
    text_addf(&r->html, " class=\"youtube\" data-youtube=\"%s\"", video.id);
    if (video.start > 0)
        text_addf(&r->html, " data-start=\"%u\"", video.start);
    while (i < out->n_videos && (strcmp(out->videos[i].id, video.id) != 0 ||
                                 out->videos[i].start != video.start))
        i++;
    if (i == out->n_videos && i < MARKUP_VIDEOS)
        out->videos[out->n_videos++] = video;
}

void
title_add(struct rendering *r, const char *title)
{
    if (title == NULL || title[0] == '\0')
        return;
    text_adds(&r->html, " title=\"");
    escape_html(&r->html, title, strlen(title));
    text_adds(&r->html, "\"");
}

bool
link_begin(struct rendering *r, const char *url, const char *title)
{
    enum url_kind kind = url_kind(url);

    if (kind == URL_REFUSED || r->links > 0 || r->alts > 0)
        return false;
    r->links++;
    text_adds(&r->html, "<a href=\"");
    url_add(&r->html, url);
    text_adds(&r->html, "\"");
    title_add(r, title);
    if (kind == URL_WEB) {
        text_adds(&r->html, " rel=\"nofollow ugc noopener\"");
        add_video(r, url);
    }
    text_adds(&r->html, ">");
    return true;
}

void
link_end(struct rendering *r)
{
    text_adds(&r->html, "</a>");
    r->links--;
}
