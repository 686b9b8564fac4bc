/*
 * mailing.h - the mails that the site sends.
 *
 * A mail is a row of mailing/mail_kinds.c and three templates in emails/.  To
 * send one, put a job into the same statement or transaction as its cause:
 *
 *     SELECT job_put('mail.send', 'security_email',
 *         '{"mail": "verification"}', user_id)
 *
 * in the queue security_email for what concerns the account's safety, email
 * for the rest; "data" beside "mail" is an object that the templates see.
 * Codes and links are made when the mail is, so no job ever holds a secret.
 */
#ifndef MAILING_MAILING_H
#define MAILING_MAILING_H

#include <stdint.h>

#include "core/crypto.h"
#include "core/feature.h"

struct app;

extern const struct feature mailing_feature;

/* What email_verifications.code_hash gets for a user's code: its HMAC under
 * the first key of the signing ring. */
void mailing_code_hash(const struct app *app, const struct uuid *user,
                       const char *code, uint8_t out[SHA256_SIZE]);

/* The same under every key of the ring, one behind the other on mem, for
 * hash_among() (sql/key.sql): a code outlives the rotation of its key. */
struct bytes mailing_code_hashes(void *mem, const struct app *app,
                                 const struct uuid *user, const char *code);

/* What email_verifications.link_hash has for the token of a link. */
void mailing_link_hash(const char *token, uint8_t out[SHA256_SIZE]);

/*
 * The address of an export's file, signed: good until it expires, and for
 * nothing else.  The second: whether a token is this export's.
 */
const char *mailing_export_url(const struct app *app, void *mem,
                               const struct uuid *export, struct instant until);
bool mailing_export_signed(const struct app *app, void *mem,
                           const struct uuid *export, struct instant until,
                           const char *token);

/*
 * A mail as somebody would get it, made of data (JSON; NULL: the sample that
 * lies beside its templates): subject, text and html, on mem; the message as it
 * would leave is added to ret_message (NULL: not wanted).  NULL, or why there
 * is none.
 */
struct mail;
struct text;
const char *mailing_preview(const struct app *app, void *mem, const char *name,
                            const char *data, struct mail *ret_mail,
                            struct text *ret_message);

/* The i-th mail that there is: its name, and what it is for; false past the
 * last. */
bool mailing_list(size_t i, const char **ret_name, const char **ret_about);

/* "Name <address>", or an address: the two parts on mem, the name maybe "". */
void mailing_split(void *mem, const char *mailbox, const char **ret_name,
                   const char **ret_address);

#endif
