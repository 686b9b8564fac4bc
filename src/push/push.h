/*
 * push.h - Web Push: telling browsers that no page is open in (RFC 8030).
 *
 * A browser that agreed gives us the address of its push service and two
 * keys.  We encrypt for the browser (RFC 8291, in the coding aes128gcm of RFC
 * 8188) and sign for the service (VAPID, RFC 8292), so that the service can
 * read nothing, and nobody else can send.  Messages come from notifications:
 * notification_put() puts a job push.send for each browser whose session lives.
 */
#ifndef PUSH_PUSH_H
#define PUSH_PUSH_H

#include "core/feature.h"

struct app;

extern const struct feature push_feature;
extern const struct section push_section;

/* Whether a key is configured, be it of use or not. */
bool push_wanted(const struct app *app);

/* The key that browsers want as applicationServerKey, in base64url on mem;
 * NULL where there is none of use, and so nothing is pushed. */
const char *push_public_key(const void *mem, const struct app *app);

#endif
