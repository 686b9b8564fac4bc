/*
 * account_local.h - what the files of this folder share.
 */
#ifndef ACCOUNT_ACCOUNT_LOCAL_H
#define ACCOUNT_ACCOUNT_LOCAL_H

#include "account/account.h"

extern const struct route account_api_routes[];
extern const struct route account_email_routes[];
extern const struct route account_held_routes[];
extern const struct route account_page_routes[];
extern const struct route account_password_routes[];
extern const struct route account_referral_routes[];
extern const struct route account_verify_routes[];
extern const struct listener account_listeners[];

/* Of the page: the member `referrals`. */
const struct problem *referrals_show(struct request *r);

#endif
