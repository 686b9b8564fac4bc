/* password_local.h - turns to hash, between password.c and password_turn.c. */
#ifndef CORE_PASSWORD_LOCAL_H
#define CORE_PASSWORD_LOCAL_H

#include "core/crypto.h"

/* Takes a turn, waiting until clock_steady is `until`; true where this process
 * has it already. */
bool password_turn_until(const struct auth_settings *s, int64_t until);

/* Gives the turn back. */
void password_turn_end(void);

#endif
