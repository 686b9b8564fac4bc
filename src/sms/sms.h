/*
 * sms.h - short messages, by the HTTP gateway that the operator configures.
 *
 * They cost money and disturb, so only notifications of priority 2 and 3 are
 * sent, to who wants them, at a number that was verified by a code.  Numbers
 * are sealed in the database under [auth] encryption_key.
 */
#ifndef SMS_SMS_H
#define SMS_SMS_H

#include "core/endpoint.h"
#include "core/feature.h"

extern const struct feature sms_feature;
extern const struct section sms_section;

/* Whether a gateway is configured. */
bool sms_offered(const struct app *app);

/* For the page settings/notifications: one's number, as `phone`; and the
 * statement that it runs. */
const struct problem *sms_phone_show(struct request *r);
extern const char sms_phone_sql[];

#endif
