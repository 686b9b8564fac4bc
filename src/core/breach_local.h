/*
 * breach_local.h - the form of the file, between breach.c and breach_build.c.
 *
 *   page 0   magic, version, bits an entry sets, blocks, entries: all little
 *            endian; the rest is zero
 *   page 1.. the blocks, 4096 bytes each; bit i of a block is bit i % 8 of its
 *            byte i / 8
 */
#ifndef CORE_BREACH_LOCAL_H
#define CORE_BREACH_LOCAL_H

#include "core/breach.h"

#define BREACH_PAGE 4096
#define BREACH_BITS 14
#define BREACH_MAGIC "SPARKLBF"
#define BREACH_VERSION 1

struct breach_head {
    char magic[8];
    uint32_t version, bits;
    uint64_t blocks, entries;
};

/* Where an entry is: its block, and the bits in it. */
struct breach_spot {
    uint64_t block;
    uint16_t bits[BREACH_BITS];
};
struct breach_spot breach_spot(const uint8_t sha1[SHA1_SIZE], uint64_t blocks);

#endif
