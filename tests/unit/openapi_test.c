/*
 * openapi_test.c - the document that rows print: read back by json-c, which
 * also stands for "it is JSON".  That the whole program's document is valid
 * OpenAPI is checked by tests/api.
 */
#include <CUnit/CUnit.h>
#include <json-c/json.h>
#include <string.h>

#include "base/mem.h"
#include "core/feature.h"
#include "tests/lib/memory.h"
#include "tests/unit/context.h"
#include "tests/unit/suites.h"

struct draft {
    struct uuid post;
    const char *title, *kind, *words;
    int64_t limit;
    struct texts tags;
    unsigned int sort;
};
static const char *const kinds[] = { "ARTICLE", "POLL", NULL };
static const struct field list_fields[] = {
    FIELD(IN_QUERY, struct draft, limit, .min = 1, .max = 100, .otherwise = 20,
          .about = "At most."),
    FIELD(IN_QUERY, struct draft, sort, .choices = kinds, .otherwise = 1,
          .about = "Order."),
    { 0 },
};
static const struct field draft_fields[] = {
    FIELD(IN_PATH, struct draft, post, .about = "The post."),
    FIELD(IN_BODY, struct draft, title, .required = true, .min = 1, .max = 9,
          .secret = true, .about = "One \"line\"."),
    FIELD(IN_BODY, struct draft, kind, .choices = kinds, .about = "Kind."),
    FIELD(IN_BODY, struct draft, words, .visible = true, .about = "Words."),
    FIELD(IN_BODY, struct draft, tags, .max = 3, .item_max = 4, .raw = true,
          .about = "Tags."),
    { 0 },
};
static const struct member author_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { 0 },
};
static const struct member thing_shape[] = {
    { .name = "id", .type = VALUE_UUID },
    { .name = "title", .type = VALUE_TEXT, .nullable = true },
    { .name = "author", .object = author_shape, .nullable = true },
    { 0 },
};
static const struct problem closed = { 409, "CLOSED", "It is closed.", 0 };
static const struct refusal refusals[] = { { .problem = &closed }, { 0 } };

static const struct problem *
handle(struct request *r)
{
    (void)r;
    return NULL;
}

static const struct route rows[] = {
    { .on = "GET /api/things",
      .access = ALLOW_ANYONE,
      .handle = handle,
      .about = "List.",
      .input = INPUT(struct draft, list_fields),
      .returns = thing_shape,
      .form = ANSWER_PAGES },
    { .on = "POST /api/things/{post}/copies",
      .access = ALLOW_MEMBERS,
      .handle = handle,
      .about = "Copy.",
      .input = INPUT(struct draft, draft_fields),
      .returns = thing_shape,
      .refusals = refusals,
      .success = 201 },
    { .on = "DELETE /api/things",
      .access = ALLOW_ADMINS,
      .handle = handle,
      .about = "Empty.",
      .form = ANSWER_NOTHING },
    { .on = "GET /things",
      .access = ALLOW_ANYONE,
      .handle = handle,
      .about = "A page.",
      .page = "thing/list" },
    { 0 },
};
static const struct feature feature = { .name = "thing",
                                        .about = "Things.",
                                        .routes = rows };
static const struct feature *const features[] = { &feature, NULL };

static struct json_object *document;

static int
begin(void)
{
    context_set_up();
    document = json_tokener_parse(memory_app(mem, features)->openapi->at);
    return document == NULL;
}

static int
end(void)
{
    json_object_put(document);
    context_tear_down();
    return 0;
}

/* The value at a JSON pointer, as JSON text; "" where there is none. */
static const char *
at(const char *pointer)
{
    struct json_object *value = NULL;

    if (json_pointer_get(document, pointer, &value) != 0)
        return "";
    return json_object_to_json_string_ext(
        value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

#define LIST "/paths/~1api~1things/get"
#define COPY "/paths/~1api~1things~1{post}~1copies/post"

static void
lists_operations(void)
{
    CU_ASSERT_STRING_EQUAL(at("/openapi"), "\"3.1.0\"");
    CU_ASSERT_STRING_EQUAL(at(LIST "/operationId"), "\"getThings\"");
    CU_ASSERT_STRING_EQUAL(at(COPY "/operationId"),
                           "\"postThingsByPostCopies\"");
    CU_ASSERT_STRING_EQUAL(at(LIST "/tags"), "[\"thing\"]");
    CU_ASSERT_STRING_EQUAL(at("/paths/~1things"), "");
    CU_ASSERT_STRING_NOT_EQUAL(at("/paths/~1api~1things/delete"), "");
}

static void
describes_parameters(void)
{
    CU_ASSERT_STRING_EQUAL(
        at(LIST "/parameters/0/schema"),
        "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":1,"
        "\"maximum\":100,\"default\":20}");
    CU_ASSERT_STRING_EQUAL(
        at(LIST "/parameters/1/schema"),
        "{\"type\":\"string\",\"enum\":[\"ARTICLE\",\"POLL\"],"
        "\"default\":\"POLL\"}");
    CU_ASSERT_STRING_EQUAL(at(COPY "/parameters/0/in"), "\"path\"");
    CU_ASSERT_STRING_EQUAL(at(COPY "/parameters/0/required"), "true");
}

#define BODY COPY "/requestBody/content/application~1json/schema"

static void
describes_bodies(void)
{
    CU_ASSERT_STRING_EQUAL(at(BODY "/required"), "[\"title\"]");
    CU_ASSERT_STRING_EQUAL(at(BODY "/additionalProperties"), "false");
    CU_ASSERT_STRING_EQUAL(
        at(BODY "/properties/title"),
        "{\"type\":\"string\",\"minLength\":1,\"maxLength\":9,"
        "\"writeOnly\":true,\"description\":\"One \\\"line\\\".\"}");
    CU_ASSERT_STRING_EQUAL(at(BODY "/properties/kind/enum"),
                           "[\"ARTICLE\",\"POLL\",null]");
    CU_ASSERT_STRING_EQUAL(
        at(BODY "/properties/tags/items"),
        "{\"type\":\"string\",\"minLength\":1,\"maxLength\":4}");
    CU_ASSERT_STRING_EQUAL(at(LIST "/requestBody"), "");
}

static void
describes_answers(void)
{
    CU_ASSERT_STRING_EQUAL(
        at(COPY "/responses/201/content/application~1json/schema/properties"
                "/data"),
        "{\"$ref\":\"#/components/schemas/Thing\"}");
    CU_ASSERT_STRING_EQUAL(
        at("/components/schemas/Thing/properties/author"),
        "{\"anyOf\":[{\"$ref\":\"#/components/schemas/Author\"},"
        "{\"type\":\"null\"}]}");
    CU_ASSERT_STRING_EQUAL(at("/components/schemas/Thing/required"),
                           "[\"id\",\"title\",\"author\"]");
    CU_ASSERT_STRING_EQUAL(
        at(LIST "/responses/200/content/application~1json/schema/properties"
                "/data/required"),
        "[\"items\",\"nextCursor\",\"hasMore\",\"pageSize\"]");
    CU_ASSERT_STRING_NOT_EQUAL(at(LIST "/responses/304"), "");
    CU_ASSERT_STRING_EQUAL(
        at("/paths/~1api~1things/delete/responses/204/content"), "");
}

#define NOTES                                                                  \
    "/content/application~1json/schema/properties/notes/items/properties/code"

/* Where control characters may be dropped, the answer may say so. */
static void
describes_notes(void)
{
    CU_ASSERT_STRING_EQUAL(at(COPY "/responses/201" NOTES),
                           "{\"type\":\"string\",\"const\":"
                           "\"CONTROL_DROPPED\"}");
    CU_ASSERT_STRING_EQUAL(at(LIST "/responses/200" NOTES), "");
    CU_ASSERT_STRING_EQUAL(at(BODY "/properties/words/x-controls"),
                           "\"dropped\"");
    CU_ASSERT_STRING_EQUAL(at(BODY "/properties/title/x-controls"), "");
}

#define CODES "/content/application~1problem+json/schema/properties/code/enum"

static void
describes_problems(void)
{
    CU_ASSERT_PTR_NOT_NULL(
        strstr(at(COPY "/responses/409" CODES), "\"CLOSED\""));
    CU_ASSERT_STRING_NOT_EQUAL(at(COPY "/responses/401"), "");
    CU_ASSERT_STRING_NOT_EQUAL(at(COPY "/responses/415"), "");
    CU_ASSERT_STRING_EQUAL(at(LIST "/responses/401"), "");
    CU_ASSERT_STRING_EQUAL(at(LIST "/responses/413"), "");
    CU_ASSERT_STRING_EQUAL(at(LIST "/security"), "[{},{\"session\":[]}]");
    CU_ASSERT_STRING_EQUAL(at(COPY "/security"),
                           "[{\"session\":[],\"csrf\":[]}]");
}

static CU_TestInfo tests[] = {
    { "lists operations", lists_operations },
    { "describes parameters", describes_parameters },
    { "describes bodies", describes_bodies },
    { "describes answers", describes_answers },
    { "describes notes", describes_notes },
    { "describes problems", describes_problems },
    CU_TEST_INFO_NULL,
};

int
openapi_suite(void)
{
    CU_SuiteInfo suites[] = {
        { "openapi", begin, end, NULL, NULL, tests },
        CU_SUITE_INFO_NULL,
    };

    return CU_register_suites(suites) == CUE_SUCCESS ? 0 : -1;
}
