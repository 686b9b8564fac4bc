/*
 * mail_test.c - core/mail: headers that cannot be forged, bodies in seven
 * bits, the templates of emails/, the Maildir.  tests/jobs/mail.test.mjs reads
 * the same messages with Python's email module.
 */
#include <CUnit/CUnit.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "core/mail.h"
#include "core/mail_local.h"
#include "core/template_json.h"
#include "tests/unit/context.h"

int mail_suite(void);

static struct mail
sample(void)
{
    return (struct mail){
        .from_name = "Sparkle",
        .from = "noreply@example.org",
        .to_name = "Ada",
        .to = "ada@example.org",
        .subject = "Hello",
        .text = "Plain\n",
        .html = "<p>Rich</p>\n",
        .message_id = "<1.2@example.org>",
        .category = "security",
        .date = { 1 },
    };
}

static const char *
written(const struct mail *mail)
{
    struct text *out = text_new(mem);

    CU_ASSERT(mail_write(out, mail));
    return out->at;
}

static int
count(const char *in, const char *what)
{
    int n = 0;

    for (; (in = strstr(in, what)) != NULL; in++)
        n++;
    return n;
}

/* No line is longer than RFC 5322 wishes, and all are ASCII ended by CRLF. */
static void
check_lines(const char *message)
{
    for (const char *line = message; *line != '\0';) {
        size_t n = strcspn(line, "\n");

        CU_ASSERT(n > 0 && n <= 79);
        CU_ASSERT(line[n] == '\n' && line[n - 1] == '\r');
        for (size_t i = 0; i < n; i++)
            CU_ASSERT((line[i] >= ' ' && line[i] <= '~') || line[i] == '\r' ||
                      line[i] == '\t');
        line += n + 1;
    }
}

static void
test_addresses(void)
{
    static const char *const good[] = { "a@b", "a.b+c@example.org",
                                        "o'neil@x.y", NULL };
    static const char *const bad[] = { "",
                                       "a",
                                       "@b",
                                       "a@",
                                       "a@b@c",
                                       "a b@c.d",
                                       "a@b\r\nBcc: x@y",
                                       "<a@b>",
                                       "a@b>",
                                       "a,b@c",
                                       "\"a\"@b.c",
                                       "\xc3\xa4@b.c",
                                       "a@b;c",
                                       "a@b\x7f",
                                       NULL };

    for (size_t i = 0; good[i] != NULL; i++)
        CU_ASSERT(mail_address_valid(good[i]));
    for (size_t i = 0; bad[i] != NULL; i++)
        CU_ASSERT_FALSE(mail_address_valid(bad[i]));
    CU_ASSERT_STRING_EQUAL(mail_domain("a@example.org"), "example.org");
}

static void
test_message(void)
{
    const struct mail mail = sample();
    const char *m = written(&mail);

    check_lines(m);
    CU_ASSERT_PTR_NOT_NULL(strstr(m, "From: \"Sparkle\" <noreply@example.org>"
                                     "\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(m, "Subject: Hello\r\n"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(m, "Date: Sat, 01 Jan 2000 00:00:00 +0000\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(m, "Auto-Submitted: auto-generated\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(m, "X-Category: security\r\n"));
    CU_ASSERT_PTR_NULL(strstr(m, "List-Unsubscribe"));
    CU_ASSERT_EQUAL(count(m, "Content-Type: text/"), 2);
    const char *boundary = strstr(m, "boundary=\"") + 10;
    const char *token = mem_strndup(mem, boundary, strcspn(boundary, "\""));
    CU_ASSERT_EQUAL(count(m, token), 4);
}

static void
test_unsubscribe(void)
{
    struct mail mail = sample();

    mail.unsubscribe = "https://example.org/unsubscribe?t=x";
    const char *m = written(&mail);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(m, "List-Unsubscribe:\r\n <https://example.org/unsubscribe?t=x>"
                  "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
    mail.unsubscribe = "https://example.org/>\r\nX: y";
    CU_ASSERT_FALSE(mail_write(text_new(mem), &mail));
}

static void
test_injection(void)
{
    static const char *const evil[] = {
        "a\r\nBcc: eve@example.org",
        "a\nBcc: eve@example.org",
        "a\r\n\r\nBody",
        "=?UTF-8?B?QmNjOiBldmU=?=",
        "\xc3\xa4\r\nBcc: eve@example.org",
        "a\xe2\x80\xa8 Bcc: eve",
        "\xff\xfe\r\nBcc: x",
    };

    for (size_t i = 0; i < sizeof evil / sizeof *evil; i++) {
        struct mail mail = sample();

        mail.subject = mail.to_name = evil[i];
        const char *m = written(&mail);
        check_lines(m);
        CU_ASSERT_EQUAL(count(m, "\nBcc"), 0);
        CU_ASSERT_EQUAL(count(m, "\nSubject:"), 1);
        CU_ASSERT(strstr(m, "MIME-Version:") < strstr(m, "\r\n\r\n"));
        CU_ASSERT_PTR_NULL(strstr(m, "QmNjOiBldmU"));
    }
    /* Nor are they line ends when they are decoded. */
    struct text *out = text_new(mem);
    mail_add_unstructured(out, 0,
                          "a\r\nb\tc\x7f"
                          "d\xc2\x85"
                          "e");
    CU_ASSERT_STRING_EQUAL(out->at, "a  b c d e");
}

/* What turns the direction ends with the value that has it: it is left out,
 * of headers and of bodies; letters from right to left stay. */
static void
test_turns(void)
{
    static const char *const turns[] = {
        "\xe2\x80\xaa",
        "\xe2\x80\xae",
        "\xe2\x81\xa6",
        "\xe2\x81\xa9",
    };
    struct text *out = text_new(mem);

    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        text_clear(out);
        mail_add_phrase(out, 0, mem_printf(mem, "a%sb", turns[i]));
        CU_ASSERT_STRING_EQUAL(out->at, "\"ab\"");
        text_clear(out);
        mail_add_unstructured(out, 0, mem_printf(mem, "%sc", turns[i]));
        CU_ASSERT_STRING_EQUAL(out->at, "c");
    }
}

static void
test_bad_parts(void)
{
    struct mail mail = sample();
    struct text *out = text_new(mem);

    mail.to = "a@b\r\nBcc: x@y";
    CU_ASSERT_FALSE(mail_write(out, &mail));
    mail = sample();
    mail.message_id = "<a@b>\r\nX: y";
    CU_ASSERT_FALSE(mail_write(out, &mail));
    mail = sample();
    mail.category = "a b";
    CU_ASSERT_FALSE(mail_write(out, &mail));
    mail = sample();
    mail.reply_to = "nobody";
    CU_ASSERT_FALSE(mail_write(out, &mail));
    CU_ASSERT_EQUAL(out->len, 0);
}

/* Undoes quoted-printable, as RFC 2045 says. */
static const char *
unquoted(const char *s)
{
    struct text *out = text_new(mem);

    while (*s != '\0') {
        char hex[3] = { 0 };

        if (strncmp(s, "=\r\n", 3) == 0) {
            s += 3;
        } else if (*s == '=') {
            memcpy(hex, s + 1, 2);
            text_addc(out, (char)strtol(hex, NULL, 16));
            s += 3;
        } else if (strncmp(s, "\r\n", 2) == 0) {
            text_addc(out, '\n');
            s += 2;
        } else {
            text_addc(out, *s++);
        }
    }
    return out->at;
}

static void
test_bodies(void)
{
    static const char *const bodies[] = {
        "",
        "one line",
        "trailing blank \nand tab\t\n",
        "From me\n.\n..\n--=_x\n",
        "1 = 2? \xf0\x9f\x8e\x89 na\xc3\xafve\n\n\n",
        "0123456789012345678901234567890123456789=0123456789\xc3\xa4\xc3\xa4",
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3"
        "\xa4",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct text *out = text_new(mem);

        mail_add_quoted(out, bodies[i]);
        text_adds(out, "\r\n");
        check_lines(out->at);
        CU_ASSERT_PTR_NULL(strstr(out->at, "\nFrom "));
        CU_ASSERT_PTR_NULL(strstr(out->at, " \r\n"));
        CU_ASSERT_PTR_NULL(strstr(out->at, "=_"));
        CU_ASSERT_STRING_EQUAL(unquoted(out->at),
                               mem_printf(mem, "%s\n", bodies[i]));
    }
}

static void
test_line_ends(void)
{
    struct text *out = text_new(mem);

    mail_add_quoted(out, "a\r\nb\rc\nd");
    CU_ASSERT_STRING_EQUAL(out->at, "a\r\nb\r\nc\r\nd");
}

static void
test_long_subjects(void)
{
    struct mail mail = sample();

    mail.subject = "a subject of many short words that goes on and on until "
                   "it has to be folded at one of its blanks or another";
    check_lines(written(&mail));
    CU_ASSERT_PTR_NULL(strstr(written(&mail), "=?UTF-8"));
    mail.subject = "\xd0\xa1\xd0\xb8\xd1\x8f\xd0\xbd\xd0\xb8\xd0\xb5 "
                   "\xd0\xa1\xd0\xb8\xd1\x8f\xd0\xbd\xd0\xb8\xd0\xb5 "
                   "\xd0\xa1\xd0\xb8\xd1\x8f\xd0\xbd\xd0\xb8\xd0\xb5 "
                   "\xd0\xa1\xd0\xb8\xd1\x8f\xd0\xbd\xd0\xb8\xd0\xb5";
    check_lines(written(&mail));
    CU_ASSERT(count(written(&mail), "=?UTF-8?B?") >= 2);
}

/* ---- Templates ----------------------------------------------------------- */

static const char hostile[] =
    "{\"user\": {\"name\": \"<script>alert(1)</script>\\r\\nBcc: x"
    "\\u202Eevil\\u2069\\u0000\","
    "\"username\": \"ada\", \"email\": \"ada@example.org\"},"
    "\"site\": {\"name\": \"Sparkle\", \"url\": \"https://example.org\"},"
    "\"code\": \"123456\", \"link\": \"https://example.org/v?token=a&b\","
    "\"minutes\": \"10\", \"reason\": \"Because.\", \"preview\": \"Soon\"}";

static void
test_templates(void)
{
    static const char *const names[] = { "verification", "welcome",
                                         "registered-again", NULL };
    struct text *faults = text_new(mem);
    const char *top = getenv("srcdir");
    const struct mailer *mailer = mailer_load(
        mem, mem_printf(mem, "%s/emails", top != NULL ? top : "."), faults);
    struct template_value root = { 0 };

    CU_ASSERT_STRING_EQUAL(faults->at, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mailer);
    CU_ASSERT(template_json_parse(mem, hostile, strlen(hostile), &root));
    const struct template_scope scope = { &root, NULL };
    for (size_t i = 0; names[i] != NULL; i++) {
        struct mail mail = sample();

        CU_ASSERT(mailer_render(mailer, mem, names[i], &scope, &mail));
        CU_ASSERT_PTR_NULL(strstr(mail.html, "<script>"));
        CU_ASSERT_PTR_NOT_NULL(strstr(mail.html, "&lt;script&gt;"));
        CU_ASSERT_PTR_NOT_NULL(strstr(mail.text, "<script>"));
        CU_ASSERT_PTR_NULL(strstr(mail.html, "{{"));
        CU_ASSERT_PTR_NULL(strstr(mail.text, "{{"));
        CU_ASSERT_PTR_NULL(strstr(mail.html, "\xe2\x80\xae"));
        CU_ASSERT_PTR_NOT_NULL(strstr(mail.text, "xevil "));
        const char *message = written(&mail);
        const char *head = mem_strndup(
            mem, message, (size_t)(strstr(message, "\r\n\r\n") - message));
        check_lines(message);
        CU_ASSERT_EQUAL(count(head, "\nBcc"), 0);
    }
    CU_ASSERT_FALSE(mailer_render(mailer, mem, "no-such-mail", &scope,
                                  &(struct mail){ 0 }));
}

/* ---- Maildir ------------------------------------------------------------- */

static int
files_in(const char *directory, char *ret_name)
{
    DIR *dir = opendir(directory);
    int n = 0;

    if (dir == NULL)
        return -1;
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.') {
            (void)snprintf(ret_name, 300, "%s/%s", directory, e->d_name);
            n++;
        }
    (void)closedir(dir);
    return n;
}

static void
test_maildir(void)
{
    char top[] = "/tmp/mail-test-XXXXXX", name[600];
    const struct mail mail = sample();
    const char *bytes = written(&mail), *rest, *url;
    const struct mail_letter letter = { mail.from, mail.to, bytes,
                                        strlen(bytes) };

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(top));
    url = mem_printf(mem, "file:%s/box", top);
    struct mail_provider by = { .url = url };
    CU_ASSERT_PTR_NOT_NULL_FATAL(mail_transport_of(url, &rest));
    for (int i = 0; i < 2; i++)
        CU_ASSERT_EQUAL(mail_deliver(NULL, mem, &by, &letter, NULL).outcome,
                        MAIL_SENT);
    CU_ASSERT_EQUAL(files_in(mem_printf(mem, "%s/tmp", rest), name), 0);
    CU_ASSERT_EQUAL(files_in(mem_printf(mem, "%s/new", rest), name), 2);
    const char *file = file_read(mem, name, 100000, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_PTR_NULL(strchr(file, '\r'));
    CU_ASSERT(text_starts(file, "Return-Path: <noreply@example.org>\n"));
    by.url = "file:/proc/no-such";
    CU_ASSERT_EQUAL(mail_deliver(NULL, mem, &by, &letter, NULL).outcome,
                    MAIL_LATER);
    by.url = "pigeon:x";
    CU_ASSERT_EQUAL(mail_deliver(NULL, mem, &by, &letter, NULL).outcome,
                    MAIL_LATER);
    CU_ASSERT_PTR_NULL(mail_transport_of("pigeon:x", &rest));
}

int
mail_suite(void)
{
    CU_TestInfo tests[] = {
        { "addresses are checked", test_addresses },
        { "a message has its headers and both parts", test_message },
        { "one-click unsubscribe", test_unsubscribe },
        { "values cannot become headers", test_injection },
        { "no value turns the direction", test_turns },
        { "bad addresses and ids are refused", test_bad_parts },
        { "bodies come back as they were", test_bodies },
        { "all line ends become CRLF", test_line_ends },
        { "long subjects are folded or encoded", test_long_subjects },
        { "every template renders, hostile data too", test_templates },
        { "mails go into a Maildir", test_maildir },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "mail",
          .pInitFunc = context_begin,
          .pCleanupFunc = context_end,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    return (int)CU_register_suites(suites);
}
