/*
 * features.c - the list of features: the table of contents of all programs,
 * and of their one configuration file.
 */
#include "account/account.h"
#include "admin/admin.h"
#include "base/mem.h"
#include "category/category.h"
#include "comment/comment.h"
#include "core/access.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/crypto.h"
#include "core/db.h"
#include "core/http.h"
#include "core/networks.h"
#include "draft/draft.h"
#include "follow/follow.h"
#include "jobs/jobs.h"
#include "leaderboard/leaderboard.h"
#include "mailing/mailing.h"
#include "notification/notification.h"
#include "points/points.h"
#include "pool/pool.h"
#include "post/post.h"
#include "privacy/privacy.h"
#include "profile/profile.h"
#include "prog/ctl.h"
#include "prog/jobs_settings.h"
#include "push/push.h"
#include "reaction/reaction.h"
#include "search/search.h"
#include "session/session.h"
#include "site/site.h"
#include "sms/sms.h"
#include "twofactor/twofactor.h"
#include "upkeep/upkeep.h"

const struct feature *const all_features[] = {
    &site_feature,
    &account_feature,
    &session_feature,
    &profile_feature,
    &follow_feature,
    &category_feature,
    &post_feature,
    &comment_feature,
    &reaction_feature,
    &search_feature,
    &notification_feature,
    &points_feature,
    &admin_feature,
    &jobs_feature,
    &leaderboard_feature,
    &mailing_feature,
    &upkeep_feature,
    &twofactor_feature,
    &push_feature,
    &sms_feature,
    &privacy_feature,
    &draft_feature,
    NULL,
};

/* Of no feature. */
static const struct section *const own_sections[] = {
    &site_section,        &db_section,        &cache_section,    &auth_section,
    &limits_section,      &http_section,      &master_section,   &pool_section,
    &jobs_master_section, &jobs_pool_section, &networks_section,
};

const struct section *const *
all_sections(void)
{
    const size_t own = sizeof own_sections / sizeof *own_sections;
    const size_t features = sizeof all_features / sizeof *all_features - 1;
    const struct section **list =
        mem_array(NULL, const struct section *, own + features + 1);
    size_t n = own;

    for (size_t i = 0; i < own; i++)
        list[i] = own_sections[i];
    for (size_t i = 0; i < features; i++)
        if (all_features[i]->settings != NULL)
            list[n++] = all_features[i]->settings;
    return list;
}
