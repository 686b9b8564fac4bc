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
    html_text(r, " class=\"youtube\" data-youtube=\"");
    html_text(r, video.id);
    if (video.start > 0) {
        html_text(r, "\" data-start=\"");
        text_addi(&r->html, video.start);
    }
    html_text(r, "\"");
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
    html_text(r, " title=\"");
    escape_html(&r->html, title, strlen(title));
    html_text(r, "\"");
}

bool
link_begin(struct rendering *r, const char *url, const char *title)
{
    enum url_kind kind = url_kind(url);

    if (kind == URL_REFUSED || r->links > 0 || r->alts > 0)
        return false;
    r->links++;
    html_text(r, "<a href=\"");
    url_add(&r->html, url);
    html_text(r, "\"");
    title_add(r, title);
    if (kind == URL_WEB) {
        html_text(r, " rel=\"nofollow ugc noopener\"");
        add_video(r, url);
    }
    html_text(r, ">");
    return true;
}

void
link_end(struct rendering *r)
{
    html_text(r, "</a>");
    r->links--;
}
