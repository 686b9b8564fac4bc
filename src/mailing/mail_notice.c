/*
 * mail_notice.c - the mails of notifications: which there are.
 *
 * Their job names the notification ({mail, notification}).  What they tell is
 * read when they leave (mail_notification in sql/mail.sql), so it is true then,
 * and all names that the templates use are there.
 */
#include "mailing/mailing_local.h"

#define SETTINGS_SAY                                                           \
    "You get this mail because your settings ask for mails of this kind."

const struct mail_kind mail_notice_kinds[] = {
    {
        .name = "post-liked",
        .about = "Somebody likes a post of yours.",
        .preview = "Somebody likes what you wrote.",
        .reason = SETTINGS_SAY,
    },
    {
        .name = "new-comment",
        .about = "A comment on a post of yours.",
        .preview = "Somebody commented on your post.",
        .reason = SETTINGS_SAY,
    },
    {
        .name = "reply",
        .about = "An answer to a comment of yours.",
        .preview = "Somebody replied to you.",
        .reason = SETTINGS_SAY,
    },
    {
        .name = "new-follower",
        .about = "Somebody follows you.",
        .preview = "You have a new follower.",
        .reason = SETTINGS_SAY,
    },
    {
        .name = "mention",
        .about = "Somebody named you.",
        .preview = "Somebody mentioned you.",
        .reason = SETTINGS_SAY,
    },
    {
        .name = "achievement",
        .about = "An achievement.",
        .preview = "You unlocked something.",
        .reason = SETTINGS_SAY,
    },
    {
        .name = "level-up",
        .about = "A new level, and what it brings.",
        .preview = "You reached a new level.",
        .reason = SETTINGS_SAY,
    },
    {
        .name = "system-notification",
        .about = "A notification of a type without a mail of its own.",
        .preview = "There is news for you.",
        .reason = SETTINGS_SAY,
    },
    { 0 },
};
