/*
 * markup.h - from what people write to what browsers may show.
 *
 * The language is GitHub Flavored Markdown: with tables, strikethrough, task
 * lists and bare links (http://, https://, www. and mail addresses).  The HTML
 * is made from the parsed document by a list of what may be, so nothing else
 * can get in:
 *
 * - HTML in the source shows as text; its comments are left out.
 * - Links go to http, https, mailto and to paths of this site; those that
 *   leave it say rel="nofollow ugc noopener".  Images come by https or from
 *   this site, and lazily.  What is refused leaves its text behind.
 * - # is <h2>, since the page has its <h1>; nothing is below <h6>.
 * - @name and #tag become links in running text, never in code or links.
 * - Each outermost block says dir="auto", so that texts of several languages
 *   stand each in its own direction; code, @name and #tag say "ltr".
 * - A footnote's number leads to its note, and the note back to each of its
 *   references, by ids that no other text of a page has.
 * - A link to a YouTube video carries data-youtube and, where it says a time,
 *   data-start in seconds.
 *
 * Time and memory grow with the length of the source, whatever it is: where
 * that would not be so, a part is cut (what nests deeper than MARKUP_DEPTH),
 * a feature is left out (very wide tables, bare links in endless words), or
 * all of the source is shown as it is, in a <pre>.
 */
#ifndef MARKUP_MARKUP_H
#define MARKUP_MARKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MARKUP_BACKS = 20, /* of a footnote's references so many are led back to */
    MARKUP_MENTIONS = 10, /* at most so many of each are reported */
    MARKUP_TAGS = 10,
    MARKUP_VIDEOS = 10,
    MARKUP_EXCERPT = 280, /* code points */
    MARKUP_DEPTH = 32,
    MARKUP_SLOWEST = 100, /* milliseconds of processor time for 100 KB, of
                             whatever source; see tests/bench/markup.c */
};

/* Where mentions and tags lead; the name follows. */
#define MARKUP_USER_PATH "/profile/"
#define MARKUP_TAG_PATH "/tag/"

struct markup_video {
    char id[12];    /* 11 characters */
    uint32_t start; /* seconds */
};

struct markup {
    const char *html;    /* "" where nothing would be visible */
    const char *plain;   /* the text alone, in one line: for search, mails */
    const char *excerpt; /* plain, cut by unicode_cut() to MARKUP_EXCERPT */
    /* In lower case, each once, in order.  Names match [a-z0-9_]{3,30}, tags
     * [a-z0-9][a-z0-9-]{0,49} with a letter in it. */
    const char *mentions[MARKUP_MENTIONS];
    size_t n_mentions;
    const char *tags[MARKUP_TAGS];
    size_t n_tags;
    struct markup_video videos[MARKUP_VIDEOS];
    size_t n_videos;
};

/*
 * Renders Markdown; all of *out is on mem.  Bytes that are not UTF-8, and NUL,
 * become U+FFFD.
 */
void markup_render(struct markup *out, const void *mem, const char *markdown,
                   size_t len);

/* Whether an image may come from that address: by https, or of this site. */
bool markup_shows(const char *url);

/*
 * The video that an absolute URL names, if it is one of YouTube's: watch?v=,
 * youtu.be/, shorts/, live/, embed/ and v/, with t=, start= or #t= as 90, 90s
 * or 1h2m3s.  False, and *ret untouched, for others.
 */
bool markup_video(const char *url, struct markup_video *ret);

#endif
