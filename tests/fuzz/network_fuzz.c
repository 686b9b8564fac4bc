/*
 * network_fuzz.c - any text as a list of networks, and then as addresses.
 *
 * The set finds what a search through all of its networks finds, bit by bit,
 * for each network's own ends and the addresses on either side of them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/network.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define MOST 512

static struct network list[MOST];
static size_t listed;

static bool
has(const struct network *n, const struct address *a)
{
    if (n->address.v4 != a->v4)
        return false;
    for (unsigned i = 0; i < n->length; i++)
        if ((n->address.octets[i / 8] ^ a->octets[i / 8]) >> (7 - i % 8) & 1)
            return false;
    return true;
}

/* The place in the list, from 1, as the mark of the set is. */
static uint8_t
search_all(const struct address *a)
{
    size_t best = 0;

    for (size_t i = 0; i < listed; i++)
        if (has(&list[i], a) &&
            (best == 0 || list[i].length > list[best - 1].length))
            best = i + 1;
    return best == 0 ? 0 : (uint8_t)(1 + (best - 1) % 255);
}

static void
compare(const struct netset *set, const struct address *a)
{
    if (netset_find(set, a) != search_all(a))
        BUG("a set finds %d where the list has %d", netset_find(set, a),
            search_all(a));
    for (size_t i = 0; i < listed; i++)
        if (network_has(&list[i], a) != has(&list[i], a))
            BUG("a network has what is not in it");
}

static void
step(struct address *a, int by)
{
    for (int i = a->v4 ? 3 : 15; i >= 0; i--) {
        a->octets[i] = (uint8_t)(a->octets[i] + by);
        if (a->octets[i] != (by > 0 ? 0 : 255))
            return;
    }
}

static void
compare_around(const struct netset *set, const struct network *n)
{
    struct address a = n->address;
    const unsigned bits = a.v4 ? 32 : 128;

    compare(set, &a);
    step(&a, -1);
    compare(set, &a);
    a = n->address;
    for (unsigned i = n->length; i < bits; i++)
        a.octets[i / 8] |= (uint8_t)(0x80 >> i % 8);
    compare(set, &a);
    step(&a, 1);
    compare(set, &a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    void *mem = mem_context(NULL, "fuzz");
    char *text = mem_strndup(mem, (const char *)bytes, n), *rest = text;
    struct netset *set = netset_new(mem);
    struct address a;

    listed = 0;
    for (char *word; (word = strsep(&rest, "\n")) != NULL && listed < MOST;)
        if (network_read(word, &list[listed], NULL)) {
            netset_add(set, &list[listed], (uint8_t)(1 + listed % 255));
            listed++;
        }
    if (bytes != NULL && n > 0 && bytes[0] % 2 == 0)
        (void)netset_pack(set);
    for (size_t i = 0; i < listed; i++)
        compare_around(set, &list[i]);
    if (n >= 16) {
        a = (struct address){ 0 };
        memcpy(a.octets, bytes, 16);
        compare(set, &a);
    }
    mem_free(mem);
    return 0;
}
