#include "dialect/question.h"

#include "base/codec.h"
#include "dialect/decode.h"
#include "dialect/shape.h"
#include "graphql/points.h"
#include "http/message.h"

/* [GraphQL over HTTP 6.2] A query may come in the address, a mutation may not. */
static STEP read_address(struct call *call, struct str address, struct question *ret_question)
{
    struct str pair, name, value, variables = STR_NONE;
    struct question question = {0};
    while (str_next(&address, '&', &pair)) {
        size_t equals = str_find(pair, '=');
        REQUIRE(call, form_decode(call->arena, str_slice(pair, 0, equals), &name), body_unreadable);
        struct str *member = str_equal(name, STR("query"))           ? &question.query
                             : str_equal(name, STR("operationName")) ? &question.operation_name
                             : str_equal(name, STR("variables"))     ? &variables
                                                                     : NULL;
        REQUIRE(call, form_decode(call->arena, str_slice(pair, equals + 1, pair.len), &value), body_unreadable);
        if (!member)
            continue;
        REQUIRE(call, !str_is_present(*member), parameter_repeated);
        *member = value;
    }
    if (str_is_present(variables)) {
        question.variables = json_read(call->arena, variables);
        REQUIRE(call, question.variables, body_unreadable);
    }
    *ret_question = question;
    return OK;
}

static struct question question_of(const json_t *object)
{
    return (struct question){json_member(object, "query"), json_member(object, "operationName"),
                             json_object_get(object, "variables")};
}

static STEP read_body(struct call *call, const struct request *request, struct question *question)
{
    REQUIRE(call, decode_body_kind(request->content_type) == BODY_JSON, body_kind_wrong);
    const json_t *body = json_read(call->arena, request->body);
    REQUIRE(call, json_is_object(body), body_unreadable);
    *question = question_of(body);
    return OK;
}

enum outcome question_read(struct call *call, const struct request *request, struct question *ret_question)
{
    struct question question = {0};
    if (str_equal(request->method, STR("POST")))
        TRY(read_body(call, request, &question));
    else
        TRY(read_address(call, request->query, &question));
    REQUIRE(call, str_is_present(question.query), body_unreadable);
    if (json_is_null(question.variables))
        question.variables = NULL;
    REQUIRE(call, !question.variables || json_is_object(question.variables), body_unreadable);
    *ret_question = question;
    return OK;
}

static const struct str members[] = {STR_INIT("query"), STR_INIT("variables"), STR_INIT("operationName")};
#define MEMBER_COUNT (sizeof(members) / sizeof(*members))

/* An estimate at work. */
struct reading {
    struct arena *arena;
    struct query_estimate estimate;
    size_t steps_left;
};

static void add_question(struct reading *reading, struct question question)
{
    struct query_estimate *estimate = &reading->estimate;
    if (!str_is_present(question.query)) {
        estimate->only_reads = false; /* a stored one */
        return;
    }
    struct graphql_estimate one = graphql_estimate(reading->arena, question.query, question.operation_name,
                                                   question.variables, &reading->steps_left);
    estimate->points += one.points;
    estimate->only_reads = estimate->only_reads && one.only_reads;
    estimate->is_unreadable = estimate->is_unreadable || !one.is_document;
}

/* Some readers take a member's name for it in other letters, or as query[] and query[0]; what is beyond ASCII some
 * fold into it. */
static bool is_lookalike(struct str name)
{
    struct str begin = str_slice(name, 0, str_find(name, '['));
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] > 0x7f)
            return true;
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (str_equal_nocase(begin, members[i]))
            return !str_equal(name, members[i]);
    return false;
}

static bool may_be_variables(const json_t *variables)
{
    return !variables || json_is_null(variables) || json_is_object(variables);
}

static bool is_member(struct str name)
{
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (str_equal(name, members[i]))
            return true;
    return false;
}

static void add_object(struct reading *reading, const json_t *object)
{
    const char *key;
    json_t *value;
    struct question question = question_of(object);
    if (!json_is_object(object) || !may_be_variables(question.variables))
        reading->estimate.is_unreadable = true;
    json_object_foreach((json_t *)object, key, value) if (is_lookalike(str_of(key))) reading->estimate.is_unreadable =
        true;
    add_question(reading, question);
}

static void add_json(struct reading *reading, const json_t *json)
{
    size_t index;
    const json_t *item;
    if (!json_is_array(json))
        add_object(reading, json);
    else
        json_array_foreach(json, index, item) add_object(reading, item);
}

/* Whether the address says something that belongs to a query, or might to some. */
static bool speaks(struct reading *reading, struct str address)
{
    struct str pair, name;
    bool does = false;
    while (str_next(&address, '&', &pair)) {
        if (!form_decode(reading->arena, str_slice(pair, 0, str_find(pair, '=')), &name) || is_lookalike(name))
            reading->estimate.is_unreadable = true;
        else
            does = does || is_member(name);
    }
    return does || reading->estimate.is_unreadable;
}

static void add_address(struct reading *reading, struct str address)
{
    struct call call = {.arena = reading->arena};
    struct question question = {0};
    if (!speaks(reading, address))
        return;
    if (read_address(&call, address, &question) != OK || !may_be_variables(question.variables))
        reading->estimate.is_unreadable = true;
    add_question(reading, question);
}

static bool is_json_type(struct str media)
{
    const struct str suffix = STR("+json");
    size_t from = media.len < suffix.len ? 0 : media.len - suffix.len;
    return str_equal_nocase(media, STR("application/json")) ||
           str_equal_nocase(str_slice(media, from, media.len), suffix);
}

/* Of another type than JSON it must not be JSON as well: some look. */
static void add_body(struct reading *reading, const struct request *request)
{
    struct str type = request->content_type;
    struct str media = str_trim(str_slice(type, 0, str_find(type, ';')));
    const json_t *json = json_read(reading->arena, request->body);
    if (json && (!str_is_present(type) || is_json_type(media)))
        add_json(reading, json);
    else if (!json && str_equal_nocase(media, STR("application/graphql")))
        add_question(reading, (struct question){.query = request->body});
    else if (!json && str_equal_nocase(media, STR("application/x-www-form-urlencoded")))
        add_address(reading, request->body);
    else
        reading->estimate.is_unreadable = true;
}

/* Compressed; or, by Envoy, cut. */
static bool is_altered(const struct request *request)
{
    for (size_t i = 0; i < request->field_count; i++) {
        const struct request_field *field = &request->fields[i];
        if (str_equal_nocase(field->name, STR("Content-Encoding")) &&
            !str_equal_nocase(str_trim(field->value), STR("identity")))
            return true;
        if (str_equal_nocase(field->name, STR("X-Envoy-Auth-Partial-Body")) &&
            !str_equal_nocase(str_trim(field->value), STR("false")))
            return true;
    }
    return false;
}

struct query_estimate question_estimate(const struct call *call, const void *message)
{
    const struct request *request = message;
    struct reading reading = {call->arena, {.only_reads = true}, GRAPHQL_STEPS_MAX};
    struct query_estimate *estimate = &reading.estimate;
    if (request->body.len == 0) {
        add_address(&reading, request->query);
    } else {
        add_body(&reading, request);
        if (is_altered(request) || speaks(&reading, request->query))
            estimate->is_unreadable = true;
    }
    if (estimate->points < 1)
        estimate->points = 1;
    if (estimate->points > GRAPHQL_POINTS_MAX)
        estimate->points = GRAPHQL_POINTS_MAX;
    return *estimate;
}
