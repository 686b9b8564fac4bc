/* mailing_local.h - what the files of this folder share. */
#ifndef MAILING_MAILING_LOCAL_H
#define MAILING_MAILING_LOCAL_H

#include "core/crypto.h"
#include "core/endpoint.h"
#include "core/event.h"
#include "core/job.h"
#include "core/mail.h"
#include "core/template.h"

/* [mail] */
struct mail_settings {
    const char *transport, *user, *password;
    const char *backup, *backup_user, *backup_password;
    const char *tls_ca;
    int64_t timeout;                         /* us */
    int64_t hourly, hourly_each, daily_each; /* mails; 0: no limit */
    const char *bounces, *bounce_maildir, *bounce_secret;
    bool track;
};
extern const struct section mail_section;
const struct mail_settings *mail_settings_of(const struct app *app);

/* Whom a mail goes to. */
struct recipient {
    struct uuid id;   /* of the user, or of the registration */
    struct uuid user; /* zero: it is a registration */
    const char *email, *name, *username, *status;
    const char *data; /* JSON that templates see: user, and the job's data */
    bool verified;    /* the address */
    const char *path; /* where the notification leads, or NULL */
    struct uuid notification; /* that the mail is of, or all zero */
};

/* What a kind of mail adds to its data: names of its own, at most this many. */
#define MAIL_PAIRS 8

/* A kind of mail; its name is that of its templates. */
struct mail_kind {
    const char *name;
    const char *category; /* X-Category, and what can be unsubscribed; NULL:
                             its type */
    const char *type;     /* of the notifications that it is of, in small
                             letters; or NULL */
    const char *about;    /* also its subject in mail_sent: without secrets */
    const char *preview;  /* what a list of mails shows of it */
    const char *what;     /* "mails about ...", where one can unsubscribe */
    const char *action;   /* {{action}}: what its button says */
    const char *reason;   /* "You get this mail because ..."; NULL: settings ask
                             for mails about `what` */
    bool always;          /* security: whatever is suppressed or switched off */
    bool tracked;         /* a digest or campaign, where tracking is on */
    /* Fills in what the templates want; NULL, or why it failed.  Sets job->done
     * where the mail has become needless. */
    const char *(*fill)(struct job *job, const struct recipient *to,
                        struct template_pair pairs[MAIL_PAIRS]);
};
extern const struct mail_kind mail_kinds[], mail_notice_kinds[],
    mail_digest_kinds[];

/* What the steps of the job mail.send hand on. */
struct sending {
    const struct mail_kind *kind;
    struct recipient to;
    const char *category, *message_id, *from_name, *from;
    struct text *message;
    struct mail_answer answer;
    const char *by; /* the provider that answered */
};

/* mail_send.c: its steps act and run (core/job.h). */
const char *mailing_send(struct job *job);
const char *mailing_note(struct job *job);

/* mail_account.c */
const char *mail_fill_password_reset(struct job *job,
                                     const struct recipient *to,
                                     struct template_pair pairs[MAIL_PAIRS]);
const char *mail_fill_email_change(struct job *job, const struct recipient *to,
                                   struct template_pair pairs[MAIL_PAIRS]);
const char *mail_fill_email_changed(struct job *job, const struct recipient *to,
                                    struct template_pair pairs[MAIL_PAIRS]);

/* Of mail_newcomer.c. */
const char *mail_fill_verification(struct job *job, const struct recipient *to,
                                   struct template_pair pairs[MAIL_PAIRS]);
const char *mail_fill_registered_again(struct job *job,
                                       const struct recipient *to,
                                       struct template_pair pairs[MAIL_PAIRS]);
extern const struct listener mail_newcomer_listeners[];

/* The row of that name, or NULL; the i-th of all, NULL past the last. */
const struct mail_kind *mail_kind_named(const char *name);
const struct mail_kind *mail_kind_at(size_t i);

/* What can be unsubscribed from a mail of this kind; NULL: nothing. */
const char *mail_kind_category(const struct mail_kind *kind);

/* Sets a pair of fill's to a text. */
void mailing_pair(struct template_pair *p, const char *name, const char *value);

/* Of mail_alert.c. */
const char *mail_fill_alert(struct job *job, const struct recipient *to,
                            struct template_pair pairs[MAIL_PAIRS]);

/* Of mail_privacy.c. */
const char *mail_fill_account_deletion(struct job *job,
                                       const struct recipient *to,
                                       struct template_pair pairs[MAIL_PAIRS]);
const char *mail_fill_export_ready(struct job *job, const struct recipient *to,
                                   struct template_pair pairs[MAIL_PAIRS]);

extern const struct job_kind mail_jobs[];
extern const struct route mail_link_routes[], mail_track_routes[],
    mail_own_routes[], mail_admin_routes[], mail_bounce_routes[],
    mail_suppressed_routes[];

/* What a page about mails for staff has besides its content. */
void mailing_admin_page(struct request *r);

/* A user's mails: $1 whose, $2 $3 cursor, $4 limit. */
extern const struct member mail_log_shape[];
extern const char mail_log_sql[];

/* ---- Steps of batch programs --------------------------------------------- */

/* What the steps of a digest's run share: the time zones as they were at its
 * beginning, and the last user that was looked at. */
struct digest_run {
    struct texts zones;
    struct uuid last;
    bool begun;
};
int64_t digest_daily(struct job *job, bool dry_run);
int64_t digest_weekly(struct job *job, bool dry_run);
int64_t bounces_read(struct job *job, bool dry_run);

/* ---- Reports of mails that came back: mail_report.c ---------------------- */

enum report_outcome {
    REPORT_NONE, /* no report at all */
    REPORT_FINE, /* delivered, or handed on */
    REPORT_UNCLEAR,
    REPORT_SOFT,
    REPORT_HARD,
    REPORT_COMPLAINT,
};
struct report {
    enum report_outcome outcome;
    const char *why; /* what it says itself; NULL where it says nothing */
};

/* Reads a mail, without a NUL byte in it.  What it says may be no UTF-8. */
void mailing_report(void *mem, const char *text, struct report *ret);

/* ---- Rendering: mail_render.c -------------------------------------------- */

/* What a mail is made from. */
struct mail_job {
    const struct app *app;
    const struct mail_kind *kind;
    const struct recipient *to;
    int64_t id; /* of the job; 0: a preview, whose links are not signed */
    const char *message_id, *from_name, *from;
    const struct template_pair *own; /* what fill made; ended by no name */
};

/*
 * Renders and writes the message to out; NULL, or why that failed.  *ret_mail
 * (may be NULL) has its subject and bodies.
 */
const char *mailing_render(void *mem, const struct mail_job *job,
                           struct text *out, struct mail *ret_mail);

/* ---- Signed links: mail_sign.c ------------------------------------------- */

/* The site's signing keys, read onto mem. */
const struct keyring *mailing_ring(void *mem, const struct app *app);

/* What a link says, and its HMAC by the site's signing key: in base64url. */
const char *mailing_signature(const struct app *app, void *mem,
                              const char *purpose, const char *what);
bool mailing_signed(const struct app *app, void *mem, const char *purpose,
                    const char *what, const char *signature);

/* The address of a one-click unsubscription. */
const char *mailing_unsubscribe_url(const struct app *app, void *mem,
                                    const struct uuid *user,
                                    const char *category);

/*
 * The envelope's sender of a mail (VERP): [mail] bounces with the job's number
 * and a signature, or `otherwise`.  mailing_bounced_job finds the first such
 * address in a text and returns its job; 0: there is none, among the first 100
 * that look like one.
 */
const char *mailing_envelope(const struct app *app, void *mem, int64_t job,
                             const char *otherwise);
int64_t mailing_bounced_job(const struct app *app, void *mem, const char *text);

/* HTML with its links going through our counter, and a picture that tells of
 * its being opened. */
const char *mailing_track(const struct app *app, void *mem, int64_t job,
                          const char *html);

#endif
