/*
 * ctl_keys.h - between ctl_keys.c and ctl_reload.c.
 */
#ifndef PROG_CTL_KEYS_H
#define PROG_CTL_KEYS_H

#include "prog/ctl.h"

enum reloaded { RELOADED, RELOAD_BY_HAND, RELOAD_FAILED };

/*
 * Has the running programs read their configuration and secrets anew, and
 * waits until nobody works with the old ones.  A program that does not run is
 * fine; one that must be restarted is told of on standard output.
 */
enum reloaded ctl_reload(struct ctl *c);

#endif
