/*
 * account.c - accounts, put together: account_api.c registers, account_verify.c
 * verifies addresses, account_password.c and account_email.c change passwords
 * and addresses, account_referral.c invites others, account_page.c shows the
 * pages for all that.
 */
#include "account/account.h"

#include <string.h>

#include "account/account_local.h"

const struct member user_card[] = {
    { .name = "id",
      .type = VALUE_UUID,
      .nullable = true,
      .about = "null, as all but `name`, of who is shown no longer." },
    { .name = "username", .type = VALUE_TEXT, .nullable = true },
    { .name = "name",
      .type = VALUE_TEXT,
      .about = "What to call the user: the user name, or Deleted user." },
    { .name = "image", .type = VALUE_TEXT, .nullable = true },
    { .name = "verified", .type = VALUE_BOOLEAN },
    { .name = "level", .type = VALUE_INTEGER, .nullable = true },
    { 0 },
};

bool
account_username_valid(const char *s)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    size_t n = strspn(s, alphabet);

    return n >= 3 && n <= 30 && s[n] == '\0';
}

static const char *const events[] = { "user.registering",   "user.created",
                                      "user.reset_wanted",  "user.verified",
                                      "referral.completed", NULL };

const struct feature account_feature = {
    .name = "account",
    .about = "Accounts: registration, verification, oneself.",
    .route_tables =
        (const struct route *const[]){
            account_api_routes, account_verify_routes, account_password_routes,
            account_email_routes, account_referral_routes, account_held_routes,
            account_page_routes, NULL },
    .events = events,
    .listeners = account_listeners,
};
