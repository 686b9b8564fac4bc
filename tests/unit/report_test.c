/* report_test.c - mailing/mail_report.c: what the world's mail servers write of
 * mails that came back. */
#include <CUnit/CUnit.h>

#include "base/mem.h"
#include "mailing/mailing_local.h"
#include "tests/unit/suites.h"

#define HEAD                                                                   \
    "From: MAILER-DAEMON@mx.example.org\nContent-Type: multipart/report;\n"    \
    "\treport-type=delivery-status; boundary=\"=_b/1\"\n\n--=_b/1\n"           \
    "Content-Type: text/plain\n\n"
#define PART "--=_b/1\nContent-Type: message/delivery-status\n\n"
#define MTA "Reporting-MTA: dns; mx.example.org\n\n"
#define RETURNED                                                               \
    "\n--=_b/1\nContent-Type: message/rfc822\n\nSubject: Hello\n"              \
    "Status: 5.9.9\n\nStatus: 5.8.8\n--=_b/1--\n"

static const struct {
    const char *name, *mail;
    enum report_outcome outcome;
    const char *why;
} reports[] = {
    { "plain", HEAD PART MTA "Action: failed\nStatus: 5.1.1\n" RETURNED,
      REPORT_HARD, "5.1.1" },
    { "a mail store's Status before it",
      "Status: RO\nX-Status: A\n" HEAD PART MTA
      "Action: failed\nStatus: 5.1.1\n" RETURNED,
      REPORT_HARD, "5.1.1" },
    { "another one in the text for people",
      HEAD "Status: 4.0.0 says our gateway\n" PART MTA
           "Action: failed\nStatus: 5.1.2\n" RETURNED,
      REPORT_HARD, "5.1.2" },
    { "only in the mail that came back", HEAD "Your mail came back.\n" RETURNED,
      REPORT_NONE, NULL },
    { "CRLF, folded, with a comment, in capitals",
      "Content-Type: MULTIPART/Report;\r\n boundary=q\r\n\r\n--q\r\n"
      "content-type:\r\n\tMessage/Delivery-Status\r\n\r\n"
      "Reporting-MTA: dns; mx\r\n\r\nACTION: Failed\r\n"
      "STATUS:\r\n 4.2.2\r\n (mailbox full)\r\n"
      "Diagnostic-Code: smtp;\r\n 452 full\r\n--q--\r\n",
      REPORT_SOFT, "smtp; 452 full" },
    { "a blank before the colon",
      HEAD PART MTA "Action : failed\nStatus : 5.0.0\n" RETURNED, REPORT_HARD,
      "5.0.0" },
    { "delayed", HEAD PART MTA "Action: delayed\nStatus: 4.4.1\n" RETURNED,
      REPORT_SOFT, "4.4.1" },
    { "delivered", HEAD PART MTA "Action: delivered\nStatus: 2.0.0\n" RETURNED,
      REPORT_FINE, "2.0.0" },
    { "relayed, whatever the status is",
      HEAD PART MTA "Action: relayed\nStatus: 5.0.0\n" RETURNED, REPORT_FINE,
      "5.0.0" },
    { "several recipients: the worst",
      HEAD PART MTA
      "Action: relayed\nStatus: 2.1.5\n\nAction: failed\n"
      "Status: 5.7.1\n\nAction: delayed\nStatus: 4.0.0\n" RETURNED,
      REPORT_HARD, "5.7.1" },
    { "no status", HEAD PART MTA "Action: failed\n" RETURNED, REPORT_UNCLEAR,
      NULL },
    { "a status that is none", HEAD PART MTA "Status: 5.1\n" RETURNED,
      REPORT_UNCLEAR, "5.1" },
    { "a status of too many digits",
      HEAD PART MTA "Status: 5.1111.1\n" RETURNED, REPORT_UNCLEAR, "5.1111.1" },
    { "UTF-8's own type (RFC 6533)",
      "Content-Type: multipart/report; boundary=b\n\n--b\n"
      "Content-Type: message/global-delivery-status\n\nStatus: 5.6.7\n--b--",
      REPORT_HARD, "5.6.7" },
    { "a boundary that another begins with",
      "Content-Type: multipart/report; boundary=b\n\n--bb\nStatus: 4.0.0\n--b\n"
      "Content-Type: message/delivery-status\n\nStatus: 5.1.1\n--b--\n",
      REPORT_HARD, "5.1.1" },
    { "forwarded whole",
      "Content-Type: multipart/mixed; boundary=out\n\n--out\n"
      "Content-Type: multipart/report; boundary=in\n\n--in\n"
      "Content-Type: message/delivery-status\n\nStatus: 5.1.1\n--in--\n--out--",
      REPORT_HARD, "5.1.1" },
    { "no MIME at all", "From: x\n\nI gave up.\nStatus: 5.1.1\n", REPORT_HARD,
      "5.1.1" },
    { "a holiday", "From: x\nSubject: away\n\nUntil Monday.\n", REPORT_NONE,
      NULL },
    { "a complaint",
      "Content-Type: multipart/report; boundary=b\n\n--b\n"
      "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
      "Version: 1\n\n--b\nContent-Type: message/rfc822\n\nStatus: 4.0.0\n--b--",
      REPORT_COMPLAINT, "abuse" },
    { "empty", "", REPORT_NONE, NULL },
    { "lines without an end",
      "Content-Type: multipart/report; boundary=", REPORT_NONE, NULL },
};

static void
reports_are_read(void)
{
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        void *mem = mem_context(NULL, "report");
        struct report got;

        mailing_report(mem, reports[i].mail, &got);
        if (got.outcome != reports[i].outcome ||
            !text_same(got.why, reports[i].why))
            (void)fprintf(stderr, "\n%s: %d, %s\n", reports[i].name,
                          (int)got.outcome, got.why);
        CU_ASSERT_EQUAL(got.outcome, reports[i].outcome);
        CU_ASSERT_TRUE(text_same(got.why, reports[i].why));
        mem_free(mem);
    }
}

/* Each beginning of each mail, so that no line can be the last one. */
static void
reports_may_end_anywhere(void)
{
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++)
        for (size_t n = 0; n < strlen(reports[i].mail); n++) {
            void *mem = mem_context(NULL, "report");
            struct report got;

            mailing_report(mem, mem_strndup(mem, reports[i].mail, n), &got);
            CU_ASSERT_TRUE(got.outcome <= REPORT_COMPLAINT);
            mem_free(mem);
        }
}

int
report_suite(void)
{
    CU_TestInfo tests[] = {
        { "reports are read", reports_are_read },
        { "reports may end anywhere", reports_may_end_anywhere },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "report", .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    return (int)CU_register_suites(suites);
}
