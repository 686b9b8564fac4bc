/* post_search.c - what searches read of a post, as its writer made it. */
#include "post/post_local.h"

#include "base/mem.h"
#include "base/text.h"
#include "lexeme/lexeme.h"

struct post_search
post_search_of(const void *mem, const struct post_draft *d)
{
    const struct lexeme_document parts = {
        .title = d->title,
        .tags = d->tags.at,
        .n_tags = d->tags.n,
        .excerpt = d->excerpt,
        .content = d->content,
    };
    const bool given[] = { d->title != NULL, d->tags.at != NULL,
                           d->excerpt != NULL, d->content != NULL };
    struct text *kept = text_new(mem);
    bool any = false;

    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        any |= given[i];
        if (!given[i])
            text_addf(kept, "%s%c", kept->len > 0 ? "," : "", "abcd"[i]);
    }
    return (struct post_search){
        .vector = any ? lexeme_vector(mem, &parts) : NULL,
        .kept = mem_printf(mem, "{%s}", kept->at),
    };
}
