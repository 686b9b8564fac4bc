/* event.c - waking who listens; the listeners' side is in job_relay.c. */
#include "core/event.h"

#include "core/app.h"
#include "core/cache.h"
#include "core/endpoint.h"

void
event_wake_from(struct app *app)
{
    const char *const words[] = { "PUBLISH", EVENT_CHANNEL, "1" };
    const size_t lengths[] = { 7, sizeof EVENT_CHANNEL - 1, 1 };

    if (app->cache != NULL)
        cache_tell(app->cache, 3, words, lengths);
}

void
event_wake(struct request *r)
{
    event_wake_from(r->app);
}
