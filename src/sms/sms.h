/*
 * sms.h - short messages, by the HTTP gateway that the operator configures.
 *
 * They cost money and disturb, so only notifications of priority 2 and 3 are
 * sent, to who wants them, at a number that was verified by a code.
 */
#ifndef SMS_SMS_H
#define SMS_SMS_H

#include "core/feature.h"

struct app;

extern const struct feature sms_feature;
extern const struct section sms_section;

/* Whether a gateway is configured. */
bool sms_offered(const struct app *app);

/* One's number as clients see it, and the statement for it: $1 the user. */
extern const struct member sms_phone_shape[];
extern const char sms_phone_sql[];

#endif
