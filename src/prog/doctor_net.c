/*
 * doctor_net.c - see ctl_doctor.h: how the world finds the site, and whether
 * it believes its certificate and its mails.
 */
#include <arpa/nameser.h>
#include <inttypes.h>
#include <netdb.h>
#include <resolv.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "core/crypto.h"
#include "mailing/mailing_local.h"
#include "prog/ctl_doctor.h"

/* ---- Names --------------------------------------------------------------- */

/* The host of [site] url. */
const char *
doctor_site_host(struct ctl *c)
{
    const char *url = app_site(c->app)->url, *at = strstr(url, "://");

    at = at == NULL ? url : at + 3;
    return mem_printf(c->mem, "%.*s", (int)strcspn(at, ":/"), at);
}

enum health
doctor_name(struct ctl *c, const char **ret_found)
{
    const char *host = doctor_site_host(c);
    struct addrinfo *list = NULL;
    int error = getaddrinfo(host, "443", NULL, &list);

    if (list != NULL)
        freeaddrinfo(list);
    *ret_found = mem_printf(c->mem, "%s %s", host,
                            error == 0 ? "is known" : gai_strerror(error));
    return error == 0 ? FINE : DOUBTFUL;
}

/* The first text of a name's TXT records that begins so, on mem, or NULL. */
static const char *
txt_record(void *mem, const char *name, const char *begins)
{
    unsigned char answer[4096];
    ns_msg message;
    ns_rr row;

    _res.retrans = 2;
    _res.retry = 1;
    int n = res_query(name, ns_c_in, ns_t_txt, answer, (int)sizeof answer);
    if (n < 0 || n > (int)sizeof answer ||
        ns_initparse(answer, n, &message) != 0)
        return NULL;
    for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
        if (ns_parserr(&message, ns_s_an, i, &row) != 0 ||
            ns_rr_type(row) != ns_t_txt || ns_rr_rdlen(row) < 1)
            continue;
        const unsigned char *data = ns_rr_rdata(row);
        int len = data[0] < ns_rr_rdlen(row) ? data[0] : ns_rr_rdlen(row) - 1;
        const char *text = mem_printf(mem, "%.*s", len, (const char *)data + 1);
        if (text_starts(text, begins))
            return text;
    }
    return NULL;
}

/* A record that those who get our mails look for at the sender's domain. */
static enum health
look_sender(struct ctl *c, const char *prefix, const char *begins,
            const char **ret_found)
{
    const struct mail_settings *mail =
        SETTINGS_OF(c->app, &mail_section, struct mail_settings);
    const char *at = strrchr(app_site(c->app)->mail_from, '@');

    if (text_starts(mail->transport, "file:")) {
        *ret_found = "mails stay on this machine";
        return FINE;
    }
    if (at == NULL) {
        *ret_found = "[site] mail_from has no address";
        return BROKEN;
    }
    const char *name = mem_printf(c->mem, "%s%.*s", prefix,
                                  (int)strcspn(at + 1, "> "), at + 1);
    const char *record = txt_record(c->mem, name, begins);
    *ret_found = record != NULL
                     ? record
                     : mem_printf(c->mem, "%s has no %s", name, begins);
    return record != NULL ? FINE : DOUBTFUL;
}

enum health
doctor_spf(struct ctl *c, const char **ret_found)
{
    return look_sender(c, "", "v=spf1", ret_found);
}

enum health
doctor_dmarc(struct ctl *c, const char **ret_found)
{
    return look_sender(c, "_dmarc.", "v=DMARC1", ret_found);
}

/* ---- The certificate ----------------------------------------------------- */

/* What nginx's values, beside the configuration, say of a name; or NULL. */
const char *
doctor_nginx_value(struct ctl *c, const char *name)
{
    const char *slash = strrchr(c->config_path, '/');
    int directory = slash == NULL ? 0 : (int)(slash - c->config_path + 1);
    const char *values = file_read(
        c->mem,
        mem_printf(c->mem, "%.*snginx/values", directory, c->config_path),
        65536, NULL);
    const char *key = mem_printf(c->mem, "\n%s=", name);
    const char *at = values != NULL ? strstr(values, key) : NULL;

    if (at == NULL)
        return NULL;
    at += strlen(key);
    return mem_printf(c->mem, "%.*s", (int)strcspn(at, "\r\n"), at);
}

enum health
doctor_certificate(struct ctl *c, const char **ret_found)
{
    const char *path = doctor_nginx_value(c, "certificate");
    int64_t end = 0;

    if (path == NULL) {
        *ret_found = "nginx is not set up by sparklectl setup";
        return FINE;
    }
    const char *pem = file_read(c->mem, path, 1 << 20, NULL);
    if (pem == NULL || !crypto_certificate_end(pem, &end)) {
        *ret_found = mem_printf(c->mem, "%s cannot be read", path);
        return DOUBTFUL;
    }
    int64_t days = (end - clock_now()) / (24 * CLOCK_HOUR);
    *ret_found = mem_printf(c->mem, "%s is good for %" PRId64 " days", path,
                            days < 0 ? 0 : days);
    return end < clock_now() ? BROKEN : days < 14 ? DOUBTFUL : FINE;
}
