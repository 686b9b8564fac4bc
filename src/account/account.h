/*
 * account.h - users: their card, and the accounts behind them.
 */
#ifndef ACCOUNT_ACCOUNT_H
#define ACCOUNT_ACCOUNT_H

#include <stdbool.h>

#include "core/feature.h"

extern const struct feature account_feature;

/*
 * The card of a user beside what it wrote or did: user_cards in
 * sql/account.sql, and the author_ or actor_ columns of other views.
 *
 * Of who is shown no longer (sql/visible.sql) there is a card too, with a name
 * (user_called()) and nothing else.  Where there may be nobody at all, such as
 * the actor of what the site tells, the card is null, by its name.
 */
extern const struct member user_card[];

/* Checks for a field's `valid`, with what to say in `wanted`. */
bool account_username_valid(const char *s);
#define USERNAME_WANTED "must be 3 to 30 letters, digits or underscores"
#define USERNAME_PATTERN "^[a-zA-Z0-9_]{3,30}$"

#endif
