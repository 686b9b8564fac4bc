/*
 * mail_kinds.c - every mail there is, as rows; see the bottom.
 */
#include "base/mem.h"
#include "core/app.h"
#include "core/db.h"
#include "mailing/mailing.h"
#include "mailing/mailing_local.h"

/* ---- The mails ----------------------------------------------------------- */

const struct mail_kind mail_kinds[] = {
    {
        .name = "verification",
        .category = "security",
        .about = "A code and a link to confirm an address.",
        .preview = "Your code of six digits.",
        .reason = "You get this mail because somebody registered with your "
                  "address.",
        .always = true,
        .fill = mail_fill_verification,
    },
    {
        .name = "registered-again",
        .category = "security",
        .about = "Somebody registered with an address that has an account.",
        .preview = "Somebody registered with your address.",
        .reason = "You get this mail because somebody registered with your "
                  "address.",
        .always = true,
        .fill = mail_fill_registered_again,
    },
    {
        .name = "account-deletion",
        .category = "security",
        .about = "An account is going to be deleted.",
        .preview = "You have 14 days to think again.",
        .reason = "You get this mail because somebody asked us to delete your "
                  "account.",
        .always = true,
        .fill = mail_fill_account_deletion,
    },
    {
        .name = "data-export-ready",
        .category = "security",
        .about = "The export of a user's data can be fetched.",
        .preview = "Your data are ready to be fetched.",
        .reason = "You get this mail because you asked us for your data.",
        .always = true,
        .fill = mail_fill_export_ready,
    },
    {
        .name = "password-reset",
        .category = "security",
        .about = "A link to choose a new password.",
        .preview = "Good for an hour, and once.",
        .reason = "You get this mail because somebody asked for a new "
                  "password for your account.",
        .always = true,
        .fill = mail_fill_password_reset,
    },
    {
        .name = "password-changed",
        .category = "security",
        .about = "The password was changed.",
        .preview = "All other sessions have ended.",
        .reason = "You get this mail because it concerns the safety of your "
                  "account.",
        .always = true,
    },
    {
        .name = "email-change",
        .category = "security",
        .about = "A link to confirm a new address.",
        .preview = "One click, and it is your new address.",
        .reason = "You get this mail because somebody gave this as their new "
                  "address.",
        .always = true,
        .fill = mail_fill_email_change,
    },
    {
        .name = "email-changed",
        .category = "security",
        .about = "The address was changed, with a link to undo it.",
        .preview = "If that was not you, undo it within seven days.",
        .reason = "You get this mail because this was the address of your "
                  "account.",
        .always = true,
        .fill = mail_fill_email_changed,
    },
    {
        .name = "new-sign-in",
        .category = "security",
        .about = "Somebody signed in from a new address.",
        .preview = "If this was you, there is nothing to do.",
        .reason = "You get this mail because it concerns the safety of your "
                  "account.",
        .always = true,
        .fill = mail_fill_alert,
    },
    {
        .name = "account-locked",
        .category = "security",
        .about = "Signing in was locked after too many failures.",
        .preview = "Five logins to your account failed.",
        .reason = "You get this mail because it concerns the safety of your "
                  "account.",
        .always = true,
        .fill = mail_fill_alert,
    },
    {
        .name = "security-alert",
        .category = "security",
        .about = "A critical security alert.",
        .preview = "Please look at this now.",
        .reason = "You get this mail because it concerns the safety of your "
                  "account.",
        .always = true,
        .fill = mail_fill_alert,
    },
    {
        .name = "welcome",
        .category = "onboarding",
        .about = "Welcome, once the address is confirmed.",
        .preview = "Four good first steps.",
        .what = "first steps",
        .reason = "You get this mail, once, because you have an account with "
                  "us.",
    },
    { 0 },
};
