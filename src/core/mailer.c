/*
 * mailer.c - mails from templates: three sets of them, see mail.h.
 */
#include <string.h>

#include "base/bidi.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/mail.h"
#include "core/mail_local.h"

#define SAMPLE_MOST 65536

struct mailer *
mailer_load(const void *mem, const char *directory, struct text *faults)
{
    struct mailer *m = mem_new(mem, struct mailer);

    m->subjects =
        templates_load_as(m, directory, ".subject", TEMPLATE_PLAIN, faults);
    m->texts = templates_load_as(m, directory, ".txt", TEMPLATE_PLAIN, faults);
    m->pages = templates_load_as(m, directory, ".html", TEMPLATE_HTML, faults);
    if (m->subjects == NULL || m->texts == NULL || m->pages == NULL)
        return NULL;
    m->directory = mem_strdup(m, directory);
    return m;
}

const char *
mailer_sample(const struct mailer *mailer, const void *mem, const char *name)
{
    return file_read(mem,
                     mem_printf(mem, "%s/%s.json", mailer->directory, name),
                     SAMPLE_MOST, NULL);
}

/* A NUL, which JSON can hold, would end the mail where it stands; and what
 * turns the direction reaches beyond the value that has it. */
static const char *
whole(struct text *t)
{
    for (size_t i = 0; i < t->len; i++)
        if (t->at[i] == '\0')
            t->at[i] = ' ';
    t->len = bidi_tidy(t->at, t->len);
    return t->at;
}

static const char *
page(const void *mem, const struct template_set *set, const char *name,
     const struct template_scope *scope)
{
    struct text *out = text_new(mem);
    const struct template *layout = template_find(set, "layout");
    const struct template *t = template_find(set, name);

    if (layout == NULL || t == NULL ||
        !template_render_page(out, layout, t, scope))
        return NULL;
    return whole(out);
}

bool
mailer_render(const struct mailer *mailer, const void *mem, const char *name,
              const struct template_scope *scope, struct mail *mail)
{
    const struct template *t = template_find(mailer->subjects, name);
    struct text *subject = text_new(mem);

    mail->text = page(mem, mailer->texts, name, scope);
    mail->html = page(mem, mailer->pages, name, scope);
    if (t == NULL || mail->text == NULL || mail->html == NULL ||
        !template_render_in(subject, t, scope))
        return false;
    mail->subject = text_trim(mem, whole(subject));
    return true;
}
