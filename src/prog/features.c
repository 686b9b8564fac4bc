/*
 * features.c - the list of features: the table of contents of all programs,
 * and of their one configuration file.
 */
#include "account/account.h"
#include "admin/admin.h"
#include "category/category.h"
#include "comment/comment.h"
#include "core/access.h"
#include "core/app.h"
#include "core/cache.h"
#include "core/crypto.h"
#include "core/db.h"
#include "core/http.h"
#include "follow/follow.h"
#include "jobs/jobs.h"
#include "leaderboard/leaderboard.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"
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
    &site_feature,         &account_feature,
    &session_feature,      &profile_feature,
    &follow_feature,       &category_feature,
    &post_feature,         &comment_feature,
    &reaction_feature,     &search_feature,
    &notification_feature, &points_feature,
    &admin_feature,        &jobs_feature,
    &leaderboard_feature,  &mailing_feature,
    &upkeep_feature,       &twofactor_feature,
    &push_feature,         &sms_feature,
    &privacy_feature,      NULL,
};

const struct section *const all_sections[] = {
    &site_section,
    &db_section,
    &cache_section,
    &auth_section,
    &limits_section,
    &login_section,
    &mail_section,
    &http_section,
    &push_section,
    &sms_section,
    &upkeep_section,
    &privacy_section,
    &master_section,
    &pool_section,
    &jobs_master_section,
    &jobs_pool_section,
    NULL,
};
