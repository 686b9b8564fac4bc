/*
 * push_test.c - push/push_crypt against the vector of RFC 8291.
 * tests/jobs/channels.test.mjs pushes to a service that checks all of it.
 */
#include <CUnit/CUnit.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "push/push_crypt.h"
#include "tests/unit/context.h"

int push_suite(void);

static void
read(const char *text, uint8_t *out, long size)
{
    CU_ASSERT_EQUAL_FATAL(base64url_decode(text, out, (size_t)size), size);
}

/* RFC 8291, 5 and appendix A. */
static void
test_vector(void)
{
    static const char plain[] = "When I grow up, I want to be a watermelon";
    static const char wanted[] =
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
    uint8_t to[PUSH_POINT], auth[PUSH_AUTH], once[PUSH_PRIVATE],
        salt[PUSH_SALT];

    read("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"
         "aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
         to, PUSH_POINT);
    read("BTBZMqHH6r4Tts7J_aSIgg", auth, PUSH_AUTH);
    read("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", once, PUSH_PRIVATE);
    read("DGv6ra1nlYgDCS1FRnbzlw", salt, PUSH_SALT);
    const struct bytes text = { (const uint8_t *)plain, sizeof plain - 1 };
    struct bytes sealed = push_seal_with(mem, text, to, auth, once, salt);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sealed.at);
    CU_ASSERT_STRING_EQUAL(base64url_encode(mem, sealed.at, sealed.len),
                           wanted);
}

static void
test_sealing(void)
{
    uint8_t key[PUSH_PRIVATE] = { 1 }, to[PUSH_POINT], auth[PUSH_AUTH] = { 0 };
    char *plain = mem_zero(mem, PUSH_PLAIN_MOST + 1);
    struct bytes text = { (const uint8_t *)plain, PUSH_PLAIN_MOST };

    CU_ASSERT_TRUE(push_point_of(key, to));
    struct bytes one = push_seal(mem, text, to, auth);
    struct bytes two = push_seal(mem, text, to, auth);
    CU_ASSERT_EQUAL(one.len, 4096);
    CU_ASSERT_EQUAL(two.len, 4096);
    CU_ASSERT_NOT_EQUAL(memcmp(one.at, two.at, 16), 0);
    text.len++;
    CU_ASSERT_PTR_NULL(push_seal(mem, text, to, auth).at);
}

static void
test_keys(void)
{
    uint8_t key[PUSH_PRIVATE] = { 0 }, point[PUSH_POINT];

    CU_ASSERT_FALSE(push_point_of(key, point)); /* zero */
    memset(key, 0xff, sizeof key);              /* above the order */
    CU_ASSERT_FALSE(push_point_of(key, point));
    memset(key, 7, sizeof key);
    CU_ASSERT_TRUE(push_point_of(key, point));
    CU_ASSERT_TRUE(push_point_valid(point));
    point[40] ^= 1; /* beside the curve */
    CU_ASSERT_FALSE(push_point_valid(point));
    point[40] ^= 1;
    point[0] = 2; /* compressed, of the wrong length */
    CU_ASSERT_FALSE(push_point_valid(point));
    memset(point, 0, sizeof point);
    CU_ASSERT_FALSE(push_point_valid(point));
}

int
push_suite(void)
{
    static CU_TestInfo tests[] = {
        { "the vector of RFC 8291", test_vector },
        { "sealing", test_sealing },
        { "keys of P-256", test_keys },
        CU_TEST_INFO_NULL,
    };
    CU_SuiteInfo suites[] = {
        { .pName = "push",
          .pInitFunc = context_begin,
          .pCleanupFunc = context_end,
          .pTests = tests },
        CU_SUITE_INFO_NULL,
    };

    return (int)CU_register_suites(suites);
}
