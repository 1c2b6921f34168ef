#include "dialect/question.h"

#include "base/buf.h"
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
        if (!member || value.len == 0)
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
    struct str operation_name; /* that the body has said last */
};

static void add_question(struct reading *reading, struct question question)
{
    struct query_estimate *estimate = &reading->estimate;
    if (question.query.len == 0) {
        estimate->only_reads = false; /* a stored one */
        return;
    }
    struct graphql_estimate one = graphql_estimate(reading->arena, question.query, question.operation_name,
                                                   question.variables, &reading->steps_left);
    estimate->points += one.points;
    estimate->only_reads = estimate->only_reads && one.only_reads;
    if (!one.is_document && !str_is_present(estimate->mistake)) {
        estimate->mistake = one.mistake;
        estimate->line = one.line;
        estimate->column = one.column;
    }
}

/* The two bytes of U+017F, which folds to s; of the letters in the members' names no other has such a twin. */
static bool is_long_s(struct str name, size_t at)
{
    return at + 1 < name.len && name.ptr[at] == '\xc5' && name.ptr[at + 1] == '\xbf';
}

/* The name as the most generous reader takes it: without blanks before it, up to a bracket, blank or NUL, case
 * folded. */
static struct str fold_name(struct arena *arena, struct str name)
{
    struct buf folded;
    buf_init(&folded, arena, name.len + 1);
    for (size_t i = 0; i < name.len; i++) {
        unsigned char byte = (unsigned char)name.ptr[i];
        if (is_long_s(name, i)) {
            buf_add_char(&folded, 's');
            i++;
        } else if (byte <= ' ' || byte == '[') {
            if (folded.len)
                break;
        } else {
            buf_add_char(&folded, (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte));
        }
    }
    return buf_str(&folded);
}

/* Some readers take it for a member's name, and others do not: Query, query[], query with a NUL behind it. */
static bool is_lookalike(struct reading *reading, struct str name)
{
    struct str folded = fold_name(reading->arena, name);
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (str_equal_nocase(folded, members[i]))
            return !str_equal(name, members[i]);
    return false;
}

/* What is empty says nothing: PHP writes an empty object as a list. */
static bool may_be_variables(const json_t *variables)
{
    return !variables || json_is_null(variables) || json_is_object(variables) ||
           (json_is_array(variables) && json_array_size(variables) == 0) ||
           (json_is_string(variables) && json_string_length(variables) == 0);
}

static bool may_be_text(const json_t *value)
{
    return !value || json_is_null(value) || json_is_string(value);
}

static void add_object(struct reading *reading, const json_t *object)
{
    const char *key;
    json_t *value;
    struct question question = question_of(object);
    if (!json_is_object(object) || !may_be_variables(question.variables) ||
        !may_be_text(json_object_get(object, "query")) || !may_be_text(json_object_get(object, "operationName")))
        reading->estimate.is_unreadable = true;
    json_object_foreach((json_t *)object, key, value)
    {
        if (is_lookalike(reading, str_of(key)))
            reading->estimate.is_unreadable = true;
    }
    reading->operation_name = question.operation_name;
    add_question(reading, question);
}

static void add_json(struct reading *reading, const json_t *json)
{
    size_t index;
    const json_t *item;
    if (!json_is_array(json)) {
        add_object(reading, json);
        return;
    }
    json_array_foreach(json, index, item)
    {
        add_object(reading, item);
    }
}

/* Pairs of an address or a form whose names everybody reads alike; some split them at semicolons too. */
static bool are_pairs_clear(struct reading *reading, struct str pairs)
{
    struct str pair, name;
    if (str_find(pairs, ';') < pairs.len)
        return false;
    while (str_next(&pairs, '&', &pair))
        if (!form_decode(reading->arena, str_slice(pair, 0, str_find(pair, '=')), &name) ||
            is_lookalike(reading, name))
            return false;
    return true;
}

static void add_pairs(struct reading *reading, struct str pairs)
{
    struct call call = {.arena = reading->arena};
    struct question question = {0};
    if (!are_pairs_clear(reading, pairs) || read_address(&call, pairs, &question) != OK ||
        !may_be_variables(question.variables))
        reading->estimate.is_unreadable = true;
    add_question(reading, question);
}

/* Beside a body an address may say which operation is meant, if that is what the body says: some servers prefer the
 * one, some the other. */
static void check_address(struct reading *reading, struct str address)
{
    struct call call = {.arena = reading->arena};
    struct question question = {0};
    bool is_clear = are_pairs_clear(reading, address) && read_address(&call, address, &question) == OK;
    bool is_same = question.operation_name.len == 0 || str_equal(question.operation_name, reading->operation_name);
    if (!is_clear || question.query.len || question.variables || !is_same)
        reading->estimate.is_unreadable = true;
}

static bool is_json_type(struct str media)
{
    const struct str suffix = STR("+json");
    size_t from = media.len < suffix.len ? 0 : media.len - suffix.len;
    return str_equal_nocase(media, STR("application/json")) ||
           str_equal_nocase(str_slice(media, from, media.len), suffix);
}

/* In another one, such as UTF-7, the same bytes say something else. [RFC8259 8.1] */
static bool is_utf8_said(struct str type)
{
    struct str rest = type, parameter;
    while (str_is_present(rest) && str_next(&rest, ';', &parameter)) {
        struct str value = str_trim(parameter);
        if (!str_has_prefix_nocase(value, STR("charset")))
            continue;
        value = str_trim(str_slice(value, str_find(value, '=') + 1, value.len));
        if (value.len > 1 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
            value = str_slice(value, 1, value.len - 2);
        if (!str_equal_nocase(value, STR("utf-8")) && !str_equal_nocase(value, STR("utf8")))
            return false;
    }
    return true;
}

/* By its type; of another one than JSON it must not be JSON as well: some look. Without a type some take it for a
 * form. */
static void add_body(struct reading *reading, const struct request *request)
{
    struct str type = request->content_type;
    struct str media = str_trim(str_slice(type, 0, str_find(type, ';')));
    const json_t *json = json_read_real(reading->arena, request->body);
    if (!is_utf8_said(type))
        reading->estimate.is_unreadable = true;
    if (json && is_json_type(media))
        add_json(reading, json);
    else if (!json && str_equal_nocase(media, STR("application/graphql")))
        add_question(reading, (struct question){.query = request->body});
    else if (!json && str_equal_nocase(media, STR("application/x-www-form-urlencoded")))
        add_pairs(reading, request->body);
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
    struct reading reading = {call->arena, {.only_reads = true}, GRAPHQL_STEPS_MAX, STR_NONE};
    struct query_estimate *estimate = &reading.estimate;
    if (request->body.len) {
        add_body(&reading, request);
        check_address(&reading, request->query);
        estimate->is_unreadable = estimate->is_unreadable || is_altered(request);
    } else if (request->query.len) {
        add_pairs(&reading, request->query);
    }
    if (estimate->is_unreadable)
        estimate->mistake = STR_NONE; /* it may be none: nobody knows what is meant */
    estimate->is_unreadable = estimate->is_unreadable || str_is_present(estimate->mistake);
    if (estimate->points < 1)
        estimate->points = 1;
    if (estimate->points > GRAPHQL_POINTS_MAX)
        estimate->points = GRAPHQL_POINTS_MAX;
    return *estimate;
}
