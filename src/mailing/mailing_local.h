/* mailing_local.h - what the files of this folder share. */
#ifndef MAILING_MAILING_LOCAL_H
#define MAILING_MAILING_LOCAL_H

#include "core/job.h"
#include "core/mail.h"
#include "core/template.h"

/* [mail] */
struct mail_settings {
    const char *transport;
};
extern const struct section mail_section;

/* Whom a mail goes to. */
struct recipient {
    struct uuid id;
    const char *email, *name, *username, *status;
    const char *data; /* JSON that templates see: user, and the job's data */
    bool verified;    /* the address */
};

/* What a kind of mail adds to its data: names of its own, at most this many. */
#define MAIL_PAIRS 8

/* A kind of mail; its name is that of its templates. */
struct mail_kind {
    const char *name;
    const char *category; /* X-Category, and what can be unsubscribed */
    const char *about;    /* also its subject in mail_sent: without secrets */
    const char *preview;  /* what a list of mails shows of it */
    const char *reason;   /* "You get this mail because ..." */
    bool always;          /* security: whatever is suppressed or switched off */
    /* Fills in what the templates want; NULL, or why it failed.  Sets job->done
     * where the mail has become needless. */
    const char *(*fill)(struct job *job, const struct recipient *to,
                        struct template_pair pairs[MAIL_PAIRS]);
};
extern const struct mail_kind mail_kinds[];

/* The row of that name, or NULL. */
const struct mail_kind *mail_kind_named(const char *name);

extern const struct job_kind mail_jobs[];

#endif
