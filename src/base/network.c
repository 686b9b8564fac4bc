/* network.c - see network.h. */
#include "base/network.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* ---- Addresses ----------------------------------------------------------- */

enum { V4_BITS = 32, V6_BITS = 128, MAPPED_BITS = 96 };

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static unsigned
bits_of(bool v4)
{
    return v4 ? V4_BITS : V6_BITS;
}

/* As it is written: what is mapped stays IPv6. */
static bool
read_plain(const char *text, struct address *ret)
{
    struct address a = { .v4 = strchr(text, ':') == NULL };

    if (inet_pton(a.v4 ? AF_INET : AF_INET6, text, a.octets) != 1)
        return false;
    *ret = a;
    return true;
}

static bool
is_mapped(const struct address *a)
{
    return !a->v4 && memcmp(a->octets, mapped, sizeof mapped) == 0;
}

static struct address
unmapped(const struct address *a)
{
    struct address v4 = { .v4 = true };

    memcpy(v4.octets, a->octets + sizeof mapped, 4);
    return v4;
}

bool
address_read(const char *text, struct address *ret)
{
    if (!read_plain(text, ret))
        return false;
    if (is_mapped(ret))
        *ret = unmapped(ret);
    return true;
}

/* ---- Networks ------------------------------------------------------------ */

/* Zeroes the bits from `length` on. */
static void
cut(uint8_t octets[16], unsigned length)
{
    unsigned whole = length / 8;

    if (whole >= 16)
        return;
    octets[whole] &= (uint8_t) ~(0xff >> length % 8);
    memset(octets + whole + 1, 0, 15 - whole);
}

struct network
network_of(const struct address *a, unsigned length)
{
    unsigned most = bits_of(a->v4);
    struct network n = { *a, length < most ? length : most };

    cut(n.address.octets, n.length);
    return n;
}

/* A length as RFC 4632 writes it: decimal, no sign, no zero before it. */
static bool
read_length(const char *text, unsigned most, unsigned *ret)
{
    size_t digits = strspn(text, "0123456789");
    int64_t n;

    if (digits == 0 || digits > 3 || text[digits] != '\0' ||
        (text[0] == '0' && digits > 1) || !text_to_int(text, &n) || n > most)
        return false;
    *ret = (unsigned)n;
    return true;
}

bool
network_read(const char *text, struct network *ret, bool *ret_loose)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t n = slash == NULL ? strlen(text) : (size_t)(slash - text);
    struct address a;

    if (n >= sizeof address)
        return false;
    memcpy(address, text, n);
    address[n] = '\0';
    if (!read_plain(address, &a))
        return false;
    unsigned length = bits_of(a.v4);
    if (slash != NULL && !read_length(slash + 1, length, &length))
        return false;
    if (is_mapped(&a) && length >= MAPPED_BITS) {
        a = unmapped(&a);
        length -= MAPPED_BITS;
    }
    *ret = network_of(&a, length);
    if (ret_loose != NULL)
        *ret_loose = memcmp(ret->address.octets, a.octets, 16) != 0;
    return true;
}

/* How many of the first `most` bits are the same. */
static unsigned
common(const uint8_t a[16], const uint8_t b[16], unsigned most)
{
    unsigned at = 0;

    while (at < most && a[at / 8] == b[at / 8])
        at += 8;
    if (at < most)
        at += (unsigned)__builtin_clz((unsigned)(a[at / 8] ^ b[at / 8])) - 24;
    return at < most ? at : most;
}

bool
network_has(const struct network *n, const struct address *a)
{
    return n->address.v4 == a->v4 &&
           common(n->address.octets, a->octets, n->length) == n->length;
}

/* ---- Whose addresses are nobody's -----------------------------------------
 */

static const struct network nobodys[] = {
    { { { 0 }, true }, 8 },
    { { { 10 }, true }, 8 },
    { { { 100, 64 }, true }, 10 },
    { { { 127 }, true }, 8 },
    { { { 169, 254 }, true }, 16 },
    { { { 172, 16 }, true }, 12 },
    { { { 192, 168 }, true }, 16 },
    { { { 0 }, false }, 128 },
    { { { [15] = 1 }, false }, 128 },
    { { { 0xfc }, false }, 7 },
    { { { 0xfe, 0x80 }, false }, 10 },
};

bool
address_private(const struct address *a)
{
    for (size_t i = 0; i < sizeof nobodys / sizeof *nobodys; i++)
        if (network_has(&nobodys[i], a))
            return true;
    return false;
}

/* ---- Sets ---------------------------------------------------------------- */

/* mark 0: it is there for what is below it.  below: by the first bit behind
 * the prefix; 0: nothing. */
struct node {
    uint8_t octets[16];
    uint8_t length, mark;
    uint32_t below[2];
};

/* The first node is the root of IPv4, the second that of IPv6; both are
 * empty prefixes, so they are below nothing. */
struct netset {
    struct node *nodes;
    uint32_t n, room;
};
enum { ROOT_V4, ROOT_V6, ROOTS };

struct netset *
netset_new(const void *mem)
{
    struct netset *set = mem_new(mem, struct netset);

    set->n = ROOTS;
    set->room = 64;
    set->nodes = mem_array(set, struct node, set->room);
    return set;
}

static unsigned
bit(const uint8_t octets[16], unsigned at)
{
    return octets[at / 8] >> (7 - at % 8) & 1u;
}

static uint32_t
add_node(struct netset *set, const uint8_t octets[16], unsigned length,
         uint8_t mark)
{
    struct node node = { .length = (uint8_t)length, .mark = mark };

    if (set->n == set->room) {
        set->room *= 2;
        set->nodes =
            mem_grow(set, set->nodes, mem_size(sizeof node, set->room));
    }
    memcpy(node.octets, octets, 16);
    cut(node.octets, length);
    set->nodes[set->n] = node;
    return set->n++;
}

/* Between a node and the one below it, where their way and n's part. */
static void
split(struct netset *set, uint32_t above, const struct network *n,
      unsigned shared, uint8_t mark)
{
    const uint8_t *octets = n->address.octets;
    const unsigned side = bit(octets, set->nodes[above].length);
    const uint32_t below = set->nodes[above].below[side];
    const bool ends = shared == n->length;
    uint32_t fork = add_node(set, octets, shared, ends ? mark : 0);

    set->nodes[fork].below[bit(set->nodes[below].octets, shared)] = below;
    set->nodes[above].below[side] = fork;
    if (ends)
        return;
    uint32_t leaf = add_node(set, octets, n->length, mark);
    set->nodes[fork].below[bit(octets, shared)] = leaf;
}

void
netset_add(struct netset *set, const struct network *n, uint8_t mark)
{
    const uint8_t *octets = n->address.octets;
    uint32_t at = n->address.v4 ? ROOT_V4 : ROOT_V6;

    while (set->nodes[at].length < n->length) {
        unsigned side = bit(octets, set->nodes[at].length);
        uint32_t next = set->nodes[at].below[side];

        if (next == 0) {
            next = add_node(set, octets, n->length, mark);
            set->nodes[at].below[side] = next;
            return;
        }
        unsigned length = set->nodes[next].length;
        unsigned shared = common(octets, set->nodes[next].octets,
                                 length < n->length ? length : n->length);
        if (shared < length) {
            split(set, at, n, shared, mark);
            return;
        }
        at = next;
    }
    if (set->nodes[at].mark == 0)
        set->nodes[at].mark = mark;
}

uint8_t
netset_find(const struct netset *set, const struct address *a)
{
    const struct node *node = &set->nodes[a->v4 ? ROOT_V4 : ROOT_V6];
    const unsigned most = bits_of(a->v4);
    uint8_t mark = 0;

    for (;;) {
        if (common(node->octets, a->octets, node->length) < node->length)
            return mark;
        if (node->mark != 0)
            mark = node->mark;
        if (node->length == most)
            return mark;
        uint32_t next = node->below[bit(a->octets, node->length)];
        if (next == 0)
            return mark;
        node = &set->nodes[next];
    }
}

size_t
netset_pack(struct netset *set)
{
    const size_t bytes = mem_size(sizeof *set->nodes, set->n);

    set->nodes = mem_grow(set, set->nodes, bytes);
    set->room = set->n;
    return sizeof *set + bytes;
}
