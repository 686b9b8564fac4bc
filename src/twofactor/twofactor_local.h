/*
 * twofactor_local.h - what the files of this folder share.
 *
 *   twofactor.c        is it on, is a code right; what may be answered
 *   twofactor_api.c    the endpoints: set up, enable, disable, new codes
 *   totp.c             RFC 6238 and otpauth addresses (the door to liboath)
 *   qr.c               text to a QR code to a PNG (libqrencode, libpng)
 *   backup_code.c      making, printing and hashing backup codes
 *   key_rotation.c     the batch that seals anew what is under an old key
 */
#ifndef TWOFACTOR_TWOFACTOR_LOCAL_H
#define TWOFACTOR_TWOFACTOR_LOCAL_H

#include "core/job.h"
#include "core/sql.h"
#include "twofactor/twofactor.h"

extern const struct route twofactor_routes[];

/* ---- TOTP ---------------------------------------------------------------- */

#define TOTP_SECRET 20 /* bytes */
#define TOTP_DIGITS 6

/* A secret in base32 (RFC 4648), 32 characters, on mem. */
char *totp_base32(void *mem, const uint8_t secret[TOTP_SECRET]);

/* The address that authenticators read, on mem: otpauth://totp/... */
char *totp_url(void *mem, const char *issuer, const char *account,
               const uint8_t secret[TOTP_SECRET]);

/*
 * The step that a code of six digits belongs to: the current one, the one
 * before or the one after, and above `last`; -1 if none.  Takes the same time
 * for any code.
 */
int64_t totp_step(const uint8_t secret[TOTP_SECRET], struct instant now,
                  int64_t last, const char *code);

/* ---- QR codes ------------------------------------------------------------ */

/* A PNG of the text's QR code as a data: URL, on mem. */
char *qr_data_url(void *mem, const char *text);

/* ---- Backup codes -------------------------------------------------------- */

#define BACKUP_CODES 10
#define BACKUP_CODE_SIZE 8 /* without the dash */

/* A set: the codes as people see them, and their hashes one behind the other,
 * as sql/twofactor.sql wants them. */
struct backup_set {
    const char *codes[BACKUP_CODES];
    uint8_t hashes[BACKUP_CODES * 32];
    const char *kid; /* of the key that they are hashed under */
};
struct backup_set *backup_codes_make(void *mem, const struct app *app,
                                     const struct uuid *user);

/* Reads a code as it was typed into out; false if it is none. */
bool backup_code_read(const char *typed, char out[BACKUP_CODE_SIZE + 1]);

/* The hashes of a code under every key of the ring, on mem. */
struct bytes backup_code_hashes(void *mem, const struct app *app,
                                const struct uuid *user, const char *code);

/* ---- Secrets ------------------------------------------------------------- */

/* A secret as it is stored, under the first key, and back.  False: it cannot
 * be opened, which the log tells. */
struct bytes secret_seal(void *mem, const struct app *app,
                         const struct uuid *user,
                         const uint8_t secret[TOTP_SECRET],
                         const char **ret_kid);
bool secret_open(void *mem, const struct app *app, const struct uuid *user,
                 struct bytes sealed, uint8_t out[TOTP_SECRET]);

/* ---- Checking ------------------------------------------------------------ */

/* What a try that was counted may look at. */
struct factor_try {
    struct bytes sealed;
    int64_t last_step;
};

/* Counts a try for the factor in use, or (pending) for the one that waits to
 * be proven; twofactor_spent, twofactor_absent, or what the database says. */
const struct problem *twofactor_try(struct request *r, struct uuid user,
                                    bool pending, struct factor_try *ret);

/* The step of an authenticator's code, or twofactor_wrong. */
const struct problem *twofactor_match(struct request *r, struct uuid user,
                                      const char *code,
                                      const struct factor_try *t,
                                      int64_t *ret_step);

/* The caller's address for inet; NULL where it has none. */
static inline const char *
factor_ip(const struct request *r)
{
    return r->ip != NULL && r->ip[0] != '\0' ? r->ip : NULL;
}

/* A step of the batch key-rotation. */
int64_t key_rotation_step(struct job *job, bool dry_run);

#endif
