/* mail_metrics.c - what comes of mails, counted; see mail.h. */
#include "core/app.h"
#include "core/mail.h"
#include "pool/metrics.h"

static const char *const outcomes[] = {
    [MAIL_SENT] = "sent",       [MAIL_LATER] = "later",
    [MAIL_REFUSED] = "refused", [MAIL_UNSURE] = "unsure",
    [MAIL_UNSURE + 1] = NULL,
};

const struct metric mail_metrics[] = {
    { .name = "sparkle_mails_total",
      .type = METRIC_COUNTER,
      .labels = { { .name = "outcome", .values = outcomes } },
      .help = "Mails given to a provider, by what it said." },
    { 0 },
};

void
mail_count(const struct app *app, const struct mail_answer *answer)
{
    if (app->worker != NULL)
        metric_add(app->worker, &mail_metrics[0], answer->outcome, 1);
}
