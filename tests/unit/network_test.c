/*
 * network_test.c - addresses, networks, sets of them held against a reference
 * that goes through all bit by bit, and lists as operators have them.
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/network.h"
#include "base/random.h"
#include "core/networks.h"
#include "tests/unit/context.h"
#include "tests/unit/suites.h"

/* ---- Reading ------------------------------------------------------------- */

static struct address
address(const char *text)
{
    struct address a = { 0 };

    if (!address_read(text, &a))
        CU_FAIL(text);
    return a;
}

static struct network
network(const char *text)
{
    struct network n = { 0 };

    if (!network_read(text, &n, NULL))
        CU_FAIL(text);
    return n;
}

static void
mapped_addresses_are_ipv4(void)
{
    const struct address plain = address("192.0.2.1");
    const struct address mapped = address("::ffff:192.0.2.1");
    const struct address hex = address("0:0:0:0:0:FFFF:c000:0201");

    CU_ASSERT_TRUE(plain.v4);
    CU_ASSERT_EQUAL(memcmp(&plain, &mapped, sizeof plain), 0);
    CU_ASSERT_EQUAL(memcmp(&plain, &hex, sizeof plain), 0);
    CU_ASSERT_FALSE(address("::192.0.2.1").v4); /* the old form is not */
    CU_ASSERT_FALSE(address("64:ff9b::192.0.2.1").v4);
    CU_ASSERT_FALSE(address("::fffe:192.0.2.1").v4);
}

static void
what_is_no_network_is_refused(void)
{
    static const char *const bad[] = {
        "",
        "x",
        "1.2.3",
        "1.2.3.4/",
        "1.2.3.4/33",
        "1.2.3.4/-1",
        "1.2.3.4/+8",
        "1.2.3.4/08",
        "1.2.3.4/ 8",
        "1.2.3.4/8 ",
        "1.2.3.4/8/8",
        "1.2.3.4/2e1",
        "1.2.3.4/",
        "1.2.3.256/8",
        "01.2.3.4",
        "0x1.2.3.4",
        "::/129",
        "::g/8",
        ":::/8",
        "fe80::1%lo",
        "::/4294967296",
        "::/018446744073709551624",
        "1.2.3.4/255.0.0.0",
        "/8",
        " 1.2.3.4",
        "[::1]/128",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999/64",
        "00000000000000000000000000000000000000000000000000:1/64",
    };
    struct network n = { .length = 77 };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (network_read(bad[i], &n, NULL))
            CU_FAIL(bad[i]);
    CU_ASSERT_EQUAL(n.length, 77);
}

static void
bits_behind_a_prefix_are_dropped(void)
{
    struct network n;
    bool loose;

    CU_ASSERT_TRUE(network_read("203.0.113.255/25", &n, &loose));
    CU_ASSERT_TRUE(loose);
    CU_ASSERT_EQUAL(n.address.octets[3], 128);
    CU_ASSERT_TRUE(network_read("203.0.113.128/25", &n, &loose));
    CU_ASSERT_FALSE(loose);
    CU_ASSERT_TRUE(network_read("2001:db8::1", &n, &loose));
    CU_ASSERT_FALSE(loose);
    CU_ASSERT_EQUAL(n.length, 128);
    CU_ASSERT_TRUE(network_read("::ffff:10.0.0.0/104", &n, NULL));
    CU_ASSERT_TRUE(n.address.v4);
    CU_ASSERT_EQUAL(n.length, 8);
    CU_ASSERT_TRUE(network_read("::ffff:10.0.0.0/95", &n, NULL));
    CU_ASSERT_FALSE(n.address.v4); /* wider than what is mapped */
}

/* {network, an address, whether it is in it} */
static const struct {
    const char *network, *address;
    bool has;
} edges[] = {
    { "203.0.113.128/25", "203.0.113.127", false },
    { "203.0.113.128/25", "203.0.113.128", true },
    { "203.0.113.128/25", "203.0.113.255", true },
    { "203.0.113.128/25", "203.0.114.0", false },
    { "198.18.0.0/15", "198.17.255.255", false },
    { "198.18.0.0/15", "198.19.255.255", true },
    { "198.18.0.0/15", "198.20.0.0", false },
    { "0.0.0.0/0", "255.255.255.255", true },
    { "0.0.0.0/0", "::", false },
    { "0.0.0.0/0", "::ffff:1.2.3.4", true },
    { "::/0", "ffff::", true },
    { "::/0", "1.2.3.4", false },
    { "::/0", "::ffff:1.2.3.4", false },
    { "::ffff:0:0/96", "1.2.3.4", true },
    { "192.0.2.4/31", "192.0.2.5", true },
    { "192.0.2.4/31", "192.0.2.6", false },
    { "192.0.2.4", "192.0.2.4", true },
    { "192.0.2.4", "192.0.2.5", false },
    { "2001:db8:8000::/33", "2001:db8:7fff:ffff::", false },
    { "2001:db8:8000::/33", "2001:db8:8000::", true },
    { "2001:db8::/127", "2001:db8::1", true },
    { "2001:db8::/127", "2001:db8::2", false },
    { "2001:db8::/65", "2001:db8::7fff:0:0:1", true },
    { "2001:db8::/65", "2001:db8::8000:0:0:1", false },
};

static void
networks_end_at_their_last_bit(void)
{
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        const struct network n = network(edges[i].network);
        const struct address a = address(edges[i].address);
        struct netset *set = netset_new(mem);

        netset_add(set, &n, 1);
        if (network_has(&n, &a) != edges[i].has ||
            (netset_find(set, &a) == 1) != edges[i].has)
            CU_FAIL(edges[i].address);
    }
}

static void
private_addresses_are_known(void)
{
    static const char *const inside[] = {
        "10.0.0.0",
        "10.255.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.168.0.0",
        "192.168.255.255",
        "127.0.0.1",
        "169.254.0.1",
        "100.64.0.0",
        "100.127.255.255",
        "0.0.0.0",
        "0.255.255.255",
        "::ffff:10.1.2.3",
        "::",
        "::1",
        "fc00::",
        "fdff:ffff::1",
        "fe80::1",
        "febf:ffff::",
    };
    static const char *const outside[] = {
        "9.255.255.255",   "11.0.0.0",    "172.15.255.255", "172.32.0.0",
        "192.167.255.255", "192.169.0.0", "128.0.0.0",      "126.255.255.255",
        "169.253.255.255", "169.255.0.0", "100.63.255.255", "100.128.0.0",
        "1.0.0.0",         "::2",         "fbff:ffff::",    "fe00::",
        "fe7f:ffff::",     "fec0::",      "::ffff:9.9.9.9", "2001:db8::1",
        "::10.0.0.1",
    };

    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        const struct address a = address(inside[i]);

        if (!address_private(&a))
            CU_FAIL(inside[i]);
    }
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        const struct address a = address(outside[i]);

        if (address_private(&a))
            CU_FAIL(outside[i]);
    }
}

/* ---- A reference --------------------------------------------------------- */

#define MANY 400

static struct entry {
    struct network n;
    uint8_t mark;
} entries[MANY];

static bool
naive_has(const struct network *n, const struct address *a)
{
    if (n->address.v4 != a->v4)
        return false;
    for (unsigned i = 0; i < n->length; i++)
        if ((n->address.octets[i / 8] >> (7 - i % 8) & 1) !=
            (a->octets[i / 8] >> (7 - i % 8) & 1))
            return false;
    return true;
}

static uint8_t
naive_find(size_t n, const struct address *a)
{
    const struct entry *best = NULL;

    for (size_t i = 0; i < n; i++)
        if (naive_has(&entries[i].n, a) &&
            (best == NULL || entries[i].n.length > best->n.length))
            best = &entries[i];
    return best == NULL ? 0 : best->mark;
}

/* Few values an octet, so that networks lie in and beside each other. */
static struct address
near_address(void)
{
    static const uint8_t octets[] = { 0, 1, 127, 128, 129, 254, 255 };
    struct address a = { .v4 = random_below(2) == 0 };

    for (size_t i = 0; i < (a.v4 ? 4 : 16); i++)
        a.octets[i] = octets[random_below(i < 14 ? 2 : sizeof octets)];
    if (random_below(4) == 0)
        random_bytes(a.octets, a.v4 ? 4 : 16);
    return a;
}

/* One bit beside a network's edge, or far from it. */
static struct address
probe(size_t n)
{
    const struct network *net = &entries[random_below((uint32_t)n)].n;
    struct address a = net->address;
    unsigned bits = a.v4 ? 32 : 128;

    if (random_below(3) == 0)
        return near_address();
    for (unsigned i = net->length; i < bits; i++)
        if (random_below(2) == 0)
            a.octets[i / 8] ^= (uint8_t)(0x80 >> i % 8);
    if (random_below(2) == 0) {
        unsigned at = random_below(bits);

        a.octets[at / 8] ^= (uint8_t)(0x80 >> at % 8);
    }
    return a;
}

static void
sets_find_what_a_search_of_all_finds(void)
{
    for (int round = 0; round < 60; round++) {
        struct netset *set = netset_new(mem);
        size_t n = 1 + random_below(MANY);
        size_t wrong = 0;

        for (size_t i = 0; i < n; i++) {
            const struct address a = near_address();

            entries[i].n = network_of(&a, random_below(a.v4 ? 33 : 129));
            entries[i].mark = (uint8_t)(1 + random_below(255));
            netset_add(set, &entries[i].n, entries[i].mark);
        }
        if (round % 2 == 0)
            (void)netset_pack(set);
        for (int i = 0; i < 2000; i++) {
            const struct address a = probe(n);

            wrong += netset_find(set, &a) != naive_find(n, &a);
        }
        CU_ASSERT_EQUAL(wrong, 0);
        mem_free(set);
    }
}

static void
sets_have_two_nodes_a_network_at_most(void)
{
    struct netset *empty = netset_new(mem), *set = netset_new(mem);
    const size_t none = netset_pack(empty), n = 20000;

    for (size_t i = 0; i < n; i++) {
        struct address a = { .v4 = i % 2 == 0 };

        random_bytes(a.octets, a.v4 ? 4 : 16);
        const struct network net = network_of(&a, a.v4 ? 24 : 48);
        netset_add(set, &net, 1);
    }
    CU_ASSERT(netset_pack(set) - none <= 2 * n * 28);
}

/* ---- Lists --------------------------------------------------------------- */

static const char *
list_file(const char *text, size_t n)
{
    char *path = mem_strdup(mem, "/tmp/unit-networks-XXXXXX");
    int fd = mkstemp(path);

    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(write(fd, text, n), (ssize_t)n);
    (void)close(fd);
    return path;
}

static void
lists_are_read_as_they_are_published(void)
{
    static const char vpn[] = "# VPNs\r\n"
                              "203.0.113.0/24\r\n"
                              "\t 198.51.100.7 # one\n"
                              "no network\n"
                              "2001:db8:1::/48;comment\n"
                              "10.0.0.0/8\n0.0.0.0/33\n"
                              "198.51.100.128/25\0junk\n";
    static const char hosting[] = "203.0.113.0/24,AS64496\n"
                                  "203.0.113.64/26\n"
                                  "::/0\n"
                                  "1.0.0.0/8"; /* no end of line */
    struct networks_settings s = {
        .vpn = list_file(vpn, sizeof vpn - 1),
        .hosting = list_file(hosting, sizeof hosting - 1),
    };
    struct text *faults = text_new(mem);
    const struct networks *n = networks_load(mem, &s, faults);
    static const struct {
        const char *ip, *kind;
    } wanted[] = {
        { "203.0.113.1", "vpn" },      /* named in both: the first */
        { "203.0.113.65", "hosting" }, /* the longer one */
        { "::ffff:203.0.113.1", "vpn" },
        { "198.51.100.7", "vpn" },
        { "198.51.100.8", NULL },
        { "198.51.100.200", "vpn" },
        { "2001:db8:1::5", "vpn" },
        { "2001:db8:2::5", "hosting" },
        { "10.1.1.1", NULL },
        { "::ffff:10.1.1.1", NULL },
        { "fd00::1", NULL },
        { "1.255.255.255", "hosting" },
        { "2.0.0.0", NULL },
        { "", NULL },
        { "unix:", NULL },
    };

    CU_ASSERT_EQUAL(faults->len, 0);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!text_same(networks_kind(n, wanted[i].ip), wanted[i].kind))
            CU_FAIL(wanted[i].ip);
    CU_ASSERT_PTR_NULL(networks_kind(n, NULL));
    CU_ASSERT_PTR_NULL(networks_kind(NULL, "203.0.113.1"));
    (void)unlink(s.vpn);
    (void)unlink(s.hosting);
}

static void
lists_that_are_not_there_are_faults(void)
{
    struct networks_settings s = { .proxy = "/nowhere/list" };
    struct text *faults = text_new(mem);
    const struct networks *n = networks_load(mem, &s, faults);

    CU_ASSERT_PTR_NOT_NULL(strstr(faults->at, "[networks] proxy: /nowhere"));
    CU_ASSERT_PTR_NULL(networks_kind(n, "203.0.113.1"));
}

int
network_suite(void)
{
    CU_TestInfo tests[] = {
        { "mapped addresses are IPv4", mapped_addresses_are_ipv4 },
        { "what is no network is refused", what_is_no_network_is_refused },
        { "bits behind a prefix are dropped",
          bits_behind_a_prefix_are_dropped },
        { "networks end at their last bit", networks_end_at_their_last_bit },
        { "private addresses are known", private_addresses_are_known },
        { "sets find what a search of all finds",
          sets_find_what_a_search_of_all_finds },
        { "sets have two nodes a network at most",
          sets_have_two_nodes_a_network_at_most },
        { "lists are read as they are published",
          lists_are_read_as_they_are_published },
        { "lists that are not there are faults",
          lists_that_are_not_there_are_faults },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "network",
          .pInitFunc = context_begin,
          .pCleanupFunc = context_end,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    return (int)CU_register_suites(suites);
}
