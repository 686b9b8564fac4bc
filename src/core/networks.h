/*
 * networks.h - networks that hide who is behind them: VPNs, proxies and data
 * centres, from lists that the operator names.
 *
 * A list is a file of one network a line (base/network.h), as such lists are
 * published: what follows a blank, a comma, # or ; is left alone, and so are
 * empty lines.  Where several networks have an address, the longest one tells;
 * of the same network in two lists, the list that is named first here.
 * Addresses that are nobody's in the Internet are never flagged, whatever a
 * list says.
 *
 * All lists are read once, before the fork, into one set that the workers
 * share: a reload reads them anew.
 */
#ifndef CORE_NETWORKS_H
#define CORE_NETWORKS_H

#include <stdint.h>

#include "base/setting.h"
#include "base/text.h"

struct networks;

/* [networks] vpn, proxy, hosting */
extern const struct section networks_section;
struct networks_settings {
    const char *vpn, *proxy, *hosting; /* files; NULL: none */
};

/*
 * Reads the lists onto mem, and logs how much that was; a line that is no
 * network is logged, with how many there are, and left out.  A list that
 * cannot be read is a line in faults, and counts as empty.
 */
const struct networks *networks_load(const void *mem,
                                     const struct networks_settings *s,
                                     struct text *faults);

/* "vpn", "proxy" or "hosting" (literal); NULL: none of them, no address, or no
 * lists (NULL). */
const char *networks_kind(const struct networks *n, const char *ip);

#endif
