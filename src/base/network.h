/*
 * network.h - IP addresses, networks, and sets of networks.
 *
 * An IPv4 address in IPv6's clothes (::ffff:192.0.2.1, RFC 4291 2.5.5.2) is
 * the IPv4 address, everywhere here; other embeddings (6to4, NAT64) are IPv6.
 * So a network of IPv6 never has an address of IPv4 in it: ::/0 is all of
 * IPv6, and ::ffff:0:0/96 is 0.0.0.0/0.
 *
 * A set is a prefix tree, path-compressed: a node is the longest prefix that
 * all below it share, so there are fewer than two a network whatever they are,
 * and a search looks at one node a branching at most, 33 or 129.  Measured
 * with networks of IPv4 (/16 to /32) and IPv6 (/29 to /48) at random, and
 * addresses that most often are in one: 10,000 take 0.6 MB and 0.2 us of CPU a
 * search, 100,000 5.4 MB and 0.9 us, 1,000,000 46 MB and 2.2 us.
 */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address {
    uint8_t octets[16]; /* of IPv4 the first four; the rest is zero */
    bool v4;
};

struct network {
    struct address address; /* zero behind the prefix */
    unsigned length;        /* bits: to 32 or 128 */
};

/* An address as inet_pton(3) reads it, without a zone; false, and untouched,
 * where it is none. */
bool address_read(const char *text, struct address *ret);

/*
 * "192.0.2.0/24", "2001:db8::/32", or an address alone, which is a network of
 * one.  Bits behind the prefix are dropped; *ret_loose (may be NULL): there
 * were some.  False, and untouched, where it is none.
 */
bool network_read(const char *text, struct network *ret, bool *ret_loose);

/* The first `length` bits of an address; of them all where it has fewer. */
struct network network_of(const struct address *a, unsigned length);

bool network_has(const struct network *n, const struct address *a);

/* Whether an address is nobody's in the Internet: private (RFC 1918, 4193),
 * shared (6598), loopback, link-local, or this host (1122). */
bool address_private(const struct address *a);

/* ---- Sets ---------------------------------------------------------------- */

struct netset;

/* Hangs on mem, in one block that grows. */
struct netset *netset_new(const void *mem);

/* Adds a network with a mark, which is not 0.  The first mark of a network
 * stays. */
void netset_add(struct netset *set, const struct network *n, uint8_t mark);

/* The mark of the longest network that has the address; 0: none has. */
uint8_t netset_find(const struct netset *set, const struct address *a);

/* What it takes, in bytes; and gives back what it has in reserve. */
size_t netset_pack(struct netset *set);

#endif
