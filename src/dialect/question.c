#include "dialect/question.h"

#include "base/codec.h"
#include "dialect/decode.h"
#include "dialect/shape.h"
#include "graphql/points.h"
#include "http/message.h"

/* [GraphQL over HTTP 6.2] A query may come in the address, a mutation may not. */
static STEP read_address(struct call *call, struct str address, struct question *question)
{
    struct str pair, value, variables = STR_NONE;
    while (str_next(&address, '&', &pair)) {
        size_t equals = str_find(pair, '=');
        struct str name = str_slice(pair, 0, equals);
        REQUIRE(call, form_decode(call->arena, str_slice(pair, equals + 1, pair.len), &value), body_unreadable);
        if (str_equal(name, STR("query")))
            question->query = value;
        else if (str_equal(name, STR("operationName")))
            question->operation_name = value;
        else if (str_equal(name, STR("variables")))
            variables = value;
    }
    if (str_is_present(variables)) {
        question->variables = json_read(call->arena, variables);
        REQUIRE(call, question->variables, body_unreadable);
    }
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

/* 0 without a query: a stored one is known to the API only. */
static int64_t estimate_one(struct arena *arena, struct question question)
{
    if (!str_is_present(question.query))
        return 0;
    return graphql_points(arena, question.query, question.operation_name, question.variables);
}

static int64_t estimate_body(struct arena *arena, struct str body)
{
    int64_t points = 0;
    size_t index;
    const json_t *item;
    const json_t *json = body.len ? json_read(arena, body) : NULL;
    if (!json)
        return body.len ? estimate_one(arena, (struct question){.query = body}) : 0;
    if (json_is_object(json))
        return estimate_one(arena, question_of(json));
    json_array_foreach(json, index, item) points += estimate_one(arena, question_of(item));
    return points;
}

int64_t question_estimate(const struct call *call, const void *message)
{
    const struct request *request = message;
    struct call reading = {.arena = call->arena};
    struct question question = {0};
    enum outcome outcome = read_address(&reading, request->query, &question);
    int64_t points = estimate_body(call->arena, request->body);
    if (outcome == OK)
        points += estimate_one(call->arena, question);
    return points < 1 ? 1 : points < GRAPHQL_POINTS_MAX ? points : GRAPHQL_POINTS_MAX;
}
