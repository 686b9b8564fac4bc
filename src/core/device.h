/*
 * device.h - browsers that signed in before.
 *
 * The cookie __Host-device is TOKEN.SIGNATURE: 32 random bytes, and their HMAC
 * by a key of [auth] signing_key (any of the ring; the first makes new ones).
 * The table devices has the token's SHA-256 with each account that signed in
 * there, or whose mail was read there (core/lockout.h).  The cookie lets
 * nobody in: it only says which counter of failed logins counts.
 */
#ifndef CORE_DEVICE_H
#define CORE_DEVICE_H

#include "core/endpoint.h"

#define NO_DEVICE ((struct bytes){ 0 })

/* The hash of the device cookie's token where it is there and we signed it;
 * on r->mem, at NULL otherwise. */
struct bytes device_token(struct request *r);

/* The same; makes a new one, and sets the cookie, where there is none. */
struct bytes device_token_or_new(struct request *r);

#endif
