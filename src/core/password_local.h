/* password_local.h - between password.c, password_argon2.c and
 * password_turn.c. */
#ifndef CORE_PASSWORD_LOCAL_H
#define CORE_PASSWORD_LOCAL_H

#include "core/crypto.h"

/* Takes a turn, waiting until clock_steady is `until`; true where this process
 * has it already. */
bool password_turn_until(const struct auth_settings *s, int64_t until);

/* Gives the turn back. */
void password_turn_end(void);

#define SALT_SIZE 16

/* The PHC string of a secret at today's cost, on mem. */
char *argon2_string(void *mem, const struct auth_settings *s,
                    const char *secret, const uint8_t salt[SALT_SIZE]);

/* Whether a PHC string, of whatever cost, is that of a secret. */
bool argon2_matches(void *mem, const struct auth_settings *s, const char *phc,
                    const char *secret);

/* Whether a PHC string is of today's cost. */
bool argon2_current(void *mem, const struct auth_settings *s, const char *phc);

#endif
