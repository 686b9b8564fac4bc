/*
 * mail_smtp.c - mails by SMTP (RFC 5321), with TLS and AUTH: the door to
 * libcurl.
 *
 * What may be tried again hangs on one moment: once the last byte of the body
 * is out, the server may have the mail, and only its answer can say that it
 * has not.  So the talk is followed, command by command, and judged at its
 * end.
 *
 * A process keeps one handle, and so its connection to each server: libcurl
 * uses it for the next mail where the server still holds it.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/mail_local.h"

struct mail_lines {
    CURL *curl;
};

/* How far a delivery came. */
struct talk {
    const struct mail_letter *letter;
    const struct mail_pulse *pulse;
    size_t given; /* bytes of the body that libcurl took */
    enum { GREETING, SENDER, RECIPIENT, BODY } stage;
    int reply;       /* to the last command; 0: none */
    char last[400];  /* the server's last line */
    bool over;       /* QUIT was said */
    bool given_away; /* the pulse said to give up */
};

/* ---- Followed by libcurl's callbacks ------------------------------------- */

static size_t
give_body(char *to, size_t size, size_t n, void *with)
{
    struct talk *t = with;
    size_t room = size * n, left = t->letter->len - t->given;

    if (left < room)
        room = left;
    memcpy(to, t->letter->bytes + t->given, room);
    t->given += room;
    return room;
}

static int
keep_on(void *with, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
        curl_off_t ulnow)
{
    struct talk *t = with;

    (void)dltotal;
    (void)dlnow;
    (void)ultotal;
    (void)ulnow;
    if (t->pulse != NULL && !t->pulse->beat(t->pulse->with))
        t->given_away = true;
    return t->given_away ? 1 : 0;
}

static bool
starts(const char *at, size_t n, const char *word)
{
    size_t len = strlen(word);

    return n >= len && strncasecmp(at, word, len) == 0;
}

/* After a refusal libcurl says good-bye: that is no part of the matter. */
static void
said_by_us(struct talk *t, const char *at, size_t n)
{
    t->over = t->over || starts(at, n, "QUIT");
    if (t->over)
        return;
    t->reply = 0;
    if (starts(at, n, "MAIL "))
        t->stage = SENDER;
    else if (starts(at, n, "RCPT "))
        t->stage = RECIPIENT;
    else if (starts(at, n, "DATA"))
        t->stage = BODY;
}

static void
said_by_server(struct talk *t, const char *at, size_t n)
{
    size_t kept = 0;

    if (t->over || n < 3 || at[0] < '2' || at[0] > '5')
        return;
    t->reply = (at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0');
    for (size_t i = 0; i < n && kept < sizeof t->last - 1; i++)
        if (at[i] >= ' ' && at[i] <= '~')
            t->last[kept++] = at[i];
    t->last[kept] = '\0';
}

static int
listen_in(CURL *curl, curl_infotype type, char *at, size_t n, void *with)
{
    (void)curl;
    if (type == CURLINFO_HEADER_OUT)
        said_by_us(with, at, n);
    else if (type == CURLINFO_HEADER_IN)
        said_by_server(with, at, n);
    return 0;
}

/* ---- Judged at its end --------------------------------------------------- */

static enum mail_outcome
judge(const struct talk *t, CURLcode code)
{
    if (code == CURLE_OK)
        return MAIL_SENT;
    if (t->stage == BODY && t->given == t->letter->len && t->reply < 400)
        return MAIL_UNSURE;
    if (t->stage >= RECIPIENT && t->reply >= 500)
        return MAIL_REFUSED;
    return MAIL_LATER;
}

static struct mail_answer
answer_of(void *mem, const struct talk *t, CURLcode code, const char *error)
{
    struct mail_answer a = { .outcome = judge(t, code) };

    a.answered = t->stage >= RECIPIENT && t->reply >= 400;
    if (code == CURLE_OK || t->reply >= 400)
        a.response = mem_strdup(mem, t->last);
    else
        a.response = mem_strdup(
            mem, error[0] != '\0' ? error : curl_easy_strerror(code));
    return a;
}

/* The server had closed the kept connection before it heard of the mail. */
static bool
was_stale(CURL *curl, const struct talk *t, CURLcode code)
{
    long made = 1;

    (void)curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &made);
    return code != CURLE_OK && made == 0 && t->stage <= SENDER &&
           (t->reply == 0 || t->reply == 421);
}

/* ---- Sending ------------------------------------------------------------- */

static int
lines_end(struct mail_lines *lines)
{
    curl_easy_cleanup(lines->curl);
    return 0;
}

static CURL *
handle_of(struct mailer *mailer)
{
    struct mail_lines *lines = mailer->lines;

    if (lines == NULL) {
        lines = mem_new(mailer, struct mail_lines);
        if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
            lines->curl = curl_easy_init();
        talloc_set_destructor(lines, lines_end);
        mailer->lines = lines;
    }
    return lines->curl;
}

static void
set_talk(CURL *curl, struct talk *t)
{
    (void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
    (void)curl_easy_setopt(curl, CURLOPT_READDATA, t);
    (void)curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE,
                           (curl_off_t)t->letter->len);
    (void)curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, listen_in);
    (void)curl_easy_setopt(curl, CURLOPT_DEBUGDATA, t);
    (void)curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, keep_on);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

static void
set_provider(CURL *curl, const struct mail_provider *p, bool tls)
{
    long ms = (long)(p->timeout / 1000);

    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ms);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                           ms < 10000 ? ms : 10000L);
    (void)curl_easy_setopt(curl, CURLOPT_USE_SSL,
                           (long)(tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION,
                           (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    if (p->ca_file != NULL)
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, p->ca_file);
    if (p->user == NULL || p->user[0] == '\0')
        return;
    (void)curl_easy_setopt(curl, CURLOPT_USERNAME, p->user);
    (void)curl_easy_setopt(curl, CURLOPT_PASSWORD,
                           p->password == NULL ? "" : p->password);
}

static struct mail_answer
perform(CURL *curl, void *mem, const struct mail_letter *letter,
        const struct mail_pulse *pulse)
{
    char error[CURL_ERROR_SIZE] = "";
    struct talk t = { .letter = letter, .pulse = pulse };

    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    set_talk(curl, &t);
    CURLcode code = curl_easy_perform(curl);
    if (was_stale(curl, &t, code)) {
        t = (struct talk){ .letter = letter, .pulse = pulse };
        (void)curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
        code = curl_easy_perform(curl);
    }
    return answer_of(mem, &t, code, error);
}

/* url is libcurl's; its path is what EHLO says. */
static struct mail_answer
send_by(CURL *curl, void *mem, const struct mail_provider *p, const char *url,
        bool tls, const struct mail_letter *letter,
        const struct mail_pulse *pulse)
{
    const char *whole =
        mem_printf(mem, "%s/%s", url, mail_domain(letter->from));
    struct curl_slist *to =
        curl_slist_append(NULL, mem_printf(mem, "<%s>", letter->to));

    curl_easy_reset(curl);
    set_provider(curl, p, tls);
    (void)curl_easy_setopt(curl, CURLOPT_URL, whole);
    (void)curl_easy_setopt(curl, CURLOPT_MAIL_FROM,
                           mem_printf(mem, "<%s>", letter->from));
    (void)curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    struct mail_answer a = perform(curl, mem, letter, pulse);
    curl_easy_reset(curl); /* nothing of this stack is kept */
    curl_slist_free_all(to);
    return a;
}

static struct mail_answer
not_now(const char *why)
{
    return (struct mail_answer){ .outcome = MAIL_LATER, .response = why };
}

const char *
smtp_fault(const char *rest)
{
    bool host = text_starts(rest, "//") && rest[2] != '\0' && rest[2] != ':';

    return host && strcspn(rest + 2, "/@ ") == strlen(rest + 2)
               ? NULL
               : "the transport is no smtp://HOST[:PORT]";
}

const char *
relay_fault(const char *rest)
{
    bool local = text_starts(rest, "127.0.0.1") ||
                 text_starts(rest, "localhost") || text_starts(rest, "[::1]");
    size_t name = strcspn(rest + (rest[0] == '['), ":]/@");

    return local && strpbrk(rest, "@/") == NULL && (rest[0] == '[' || name == 9)
               ? NULL
               : "relay: wants 127.0.0.1, localhost or [::1]";
}

struct mail_answer
smtp_deliver(struct mailer *mailer, void *mem,
             const struct mail_provider *provider, const char *rest,
             const struct mail_letter *letter, const struct mail_pulse *pulse)
{
    CURL *curl = handle_of(mailer);

    if (smtp_fault(rest) != NULL)
        return not_now(smtp_fault(rest));
    if (curl == NULL)
        return not_now("libcurl does not start");
    return send_by(curl, mem, provider, provider->url, true, letter, pulse);
}

struct mail_answer
relay_deliver(struct mailer *mailer, void *mem,
              const struct mail_provider *provider, const char *rest,
              const struct mail_letter *letter, const struct mail_pulse *pulse)
{
    CURL *curl = handle_of(mailer);

    if (relay_fault(rest) != NULL)
        return not_now(relay_fault(rest));
    if (curl == NULL)
        return not_now("libcurl does not start");
    return send_by(curl, mem, provider, mem_printf(mem, "smtp://%s", rest),
                   false, letter, pulse);
}
