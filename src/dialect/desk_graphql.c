/*
 * desk_graphql.c — a GraphQL endpoint: each root field is a call, all of them share one unit.
 *
 * Specs: GraphQL October 2021 §6–7.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "dialect/decode.h"
#include "dialect/desk.h"
#include "dialect/desk_errand.h"
#include "dialect/encode.h"
#include "dialect/face.h"
#include "dialect/question.h"
#include "dialect/shape.h"
#include "graphql/graphql.h"
#include "graphql/root.h"
#include "http/message.h"
#include "oauth/count.h"
#include "oauth/limit.h"
#include "store/store.h"

struct field_call {
    struct graphql_field *field;
    const struct field_shape *shape; /* NULL: nobody resolves it, it is null */
    struct call *call;
    bool must_apply;
};

struct graphql_errand {
    struct desk_errand errand;
    const struct desk *desk;
    const struct desk *behind; /* the API's; NULL: there is none */
    struct graphql_request *request;
    struct field_call *calls;
    size_t count;
};

static const struct field_shape *find_shape(const struct graphql_shape *graphql, const struct graphql_field *field)
{
    for (size_t i = 0; i < graphql->field_count; i++)
        if (str_equal(graphql->fields[i].type, field->parent_type) && str_equal(graphql->fields[i].name, field->name))
            return &graphql->fields[i];
    return NULL;
}

static enum outcome decode_field(struct field_call *field_call, const struct exchange *exchange,
                                 const struct desk *desk)
{
    const struct field_shape *shape = field_call->shape;
    const json_t *members = field_call->field->arguments;
    struct call *call = field_call->call;
    decode_authorization(desk->dialect, exchange->request.authorization, call);
    if (!shape->operation->is_for_resource && !call->authorization.is_basic)
        call->authorization = (struct authorization){0};
    if (str_is_present(shape->input))
        members = json_object_getn(members, shape->input.ptr, shape->input.len);
    TRY(decode_members(&shape->spelling, members, call));
    decode_finish(&shape->spelling, call);
    return OK;
}

static void begin_field(struct field_call *field_call, struct exchange *exchange, const struct desk *desk,
                        struct store *store)
{
    field_call->shape = find_shape(desk->endpoint->graphql, field_call->field);
    if (!field_call->shape)
        return;
    field_call->call = desk_call(exchange, desk);
    field_call->must_apply = decode_field(field_call, exchange, desk) == OK &&
                             desk_prepare(field_call->shape->operation, field_call->call, store);
}

static const struct error_shape *field_errors(const struct desk *desk, const struct field_call *field_call)
{
    return field_call->shape->operation->is_for_resource ? desk->dialect->resource_errors : desk->dialect->errors;
}

static json_t *render(struct call *call, const struct json_template *json)
{
    struct buf text;
    if (!json)
        return NULL;
    buf_init(&text, call->arena, REPLY_MAX);
    json_template_write(json, &call->facts, &text);
    return json_read(call->arena, buf_str(&text));
}

static void refuse_field(const struct desk *desk, const struct field_call *field_call)
{
    struct call *call = field_call->call;
    struct graphql_error *error = arena_new(call->arena, struct graphql_error);
    call->facts.present &= limit_facts();
    encode_error_facts(call, field_errors(desk, field_call));
    error->message = call->facts.values[FACT_error_description].text;
    error->extensions = render(call, desk->endpoint->graphql->extensions);
    field_call->field->error = error;
}

static bool has_needs(const struct field_shape *shape, const struct call *call)
{
    return shape->needs == FACT_COUNT || call->facts.present & UINT64_C(1) << shape->needs;
}

static void conclude_field(const struct exchange *exchange, const struct desk *desk, struct field_call *field_call)
{
    struct call *call = field_call->call;
    if (!field_call->shape)
        return;
    desk_count_call(exchange, desk, call);
    if (call->refusal) {
        refuse_field(desk, field_call);
        return;
    }
    if (field_call->shape->operation->conclude)
        field_call->shape->operation->conclude(call);
    encode_fact_values(call, desk->dialect);
    if (has_needs(field_call->shape, call))
        field_call->field->result = render(call, field_call->shape->body);
}

/* What the first field that is limited says of it goes into the headers. */
static void tell_limits(const struct graphql_errand *errand, struct call *call)
{
    for (size_t i = 0; i < errand->count; i++) {
        const struct call *field = errand->calls[i].call;
        if (!field || !(field->facts.present & limit_facts()))
            continue;
        call->facts = field->facts;
        call->facts.present &= limit_facts();
        return;
    }
}

/* A refusal in place of the API's field is one of the API: it counts once a request, under the rule that it falls
 * under. */
static void count_refusal(const struct graphql_errand *errand)
{
    struct exchange *exchange = errand->errand.exchange;
    bool is_refused = false;
    for (size_t i = 0; i < errand->count; i++) {
        const struct field_call *field_call = &errand->calls[i];
        is_refused = is_refused || (field_call->shape && field_call->shape->stands_in && field_call->call->refusal);
    }
    if (!is_refused || !errand->behind)
        return;
    struct call *call = desk_call(exchange, errand->behind);
    call->guarded = (struct guarded_request){.method = exchange->request.method, .path = exchange->request.path};
    decode_authorization(errand->desk->dialect, exchange->request.authorization, call);
    count_request(call, desk_judge(call, errand->errand.store));
}

/* The response stands in its own bytes; status and headers are the endpoint's. */
static void answer(struct graphql_errand *errand)
{
    struct exchange *exchange = errand->errand.exchange;
    const struct desk *desk = errand->desk;
    struct call *call = desk_call(exchange, desk);
    struct buf body;
    buf_init(&body, exchange->arena, REPLY_MAX);
    for (size_t i = 0; i < errand->count; i++)
        conclude_field(exchange, desk, &errand->calls[i]);
    count_refusal(errand);
    tell_limits(errand, call);
    graphql_request_write(errand->request, &body);
    if (body.is_full) {
        body.len = 0;
        body.is_full = false;
        graphql_error_write(STR("The response is too large."), NULL, &body);
    }
    encode_bytes(exchange, call, &desk->endpoint->reply, buf_str(&body));
    desk_count(exchange, desk);
}

/* One after the other. Whoever is refused has nothing to apply; the others go on. */
static enum outcome prove(struct desk_errand *errand)
{
    struct graphql_errand *own = (struct graphql_errand *)errand;
    bool must_apply = false;
    for (size_t i = 0; i < own->count; i++) {
        struct field_call *field_call = &own->calls[i];
        if (field_call->must_apply && field_call->call->must_prove) {
            enum outcome outcome = field_call->shape->operation->prove(field_call->call);
            if (outcome == FAILED)
                return FAILED;
            field_call->must_apply = outcome == OK;
        }
        must_apply = must_apply || field_call->must_apply;
    }
    return must_apply ? OK : REFUSED;
}

/* May run twice. One call's refusal commits like any other; one call's failure fails all. */
static enum outcome apply(struct desk_errand *errand, struct store_tx *tx)
{
    struct graphql_errand *own = (struct graphql_errand *)errand;
    for (size_t i = 0; i < own->count; i++) {
        struct field_call *field_call = &own->calls[i];
        if (!field_call->must_apply)
            continue;
        field_call->call->refusal = NOT_REFUSED;
        if (field_call->shape->operation->apply(field_call->call, tx) == FAILED)
            return FAILED;
    }
    return OK;
}

static void answer_errand(struct desk_errand *errand, enum refusal failure)
{
    struct graphql_errand *own = (struct graphql_errand *)errand;
    for (size_t i = 0; failure && i < own->count; i++)
        if (own->calls[i].must_apply)
            own->calls[i].call->refusal = failure;
    answer(own);
}

static STEP read_request(struct exchange *exchange, const struct desk *desk, struct call *call,
                         struct graphql_request **ret_request)
{
    const struct request *request = &exchange->request;
    struct question question;
    bool is_get = !str_equal(request->method, STR("POST"));
    decode_authorization(desk->dialect, request->authorization, call);
    TRY(decode_query(desk->dialect, desk->endpoint, request->query, call));
    TRY(question_read(call, request, &question));
    *ret_request = graphql_request_read(desk->endpoint->graphql->schema, exchange->arena, question.query,
                                        question.operation_name, question.variables, &graphql_default_limits);
    REQUIRE(call, !is_get || !(*ret_request)->is_mutation, method_not_allowed);
    return OK;
}

static void refuse_all(struct exchange *exchange, const struct desk *desk, struct call *call,
                       const struct error_shape *shapes)
{
    desk_count_call(exchange, desk, call);
    encode_refusal(exchange, call, shapes, call->refusal == REFUSED_method_not_allowed ? STR("POST") : STR_NONE);
    desk_count(exchange, desk);
}

/* The whole endpoint stands behind a live token. */
static bool is_authorized(struct exchange *exchange, const struct desk *desk, struct call *call, struct store *store)
{
    if (!desk->endpoint->authorizes)
        return true;
    decode_authorization(desk->dialect, exchange->request.authorization, call);
    desk_prepare(operation_find(STR("whoami")), call, store);
    return call->refusal == NOT_REFUSED;
}

static bool begin_fields(struct graphql_errand *own, struct store *store)
{
    struct exchange *exchange = own->errand.exchange;
    bool must_apply = false;
    own->calls = arena_array(exchange->arena, struct field_call, own->count + 1);
    for (size_t i = 0; i < own->count; i++) {
        struct field_call *field_call = &own->calls[i];
        field_call->field = &own->request->fields[i];
        begin_field(field_call, exchange, own->desk, store);
        must_apply = must_apply || field_call->must_apply;
        if (field_call->must_apply && field_call->call->must_prove)
            own->errand.prove = prove;
    }
    return must_apply;
}

static bool is_ours(struct str type, struct str field, const void *arg)
{
    const struct graphql_shape *graphql = arg;
    for (size_t i = 0; i < graphql->field_count; i++)
        if (str_equal(graphql->fields[i].type, type) && str_equal(graphql->fields[i].name, field))
            return !graphql->fields[i].stands_in;
    return false;
}

static bool has_live_token(struct exchange *exchange, const struct desk *desk, struct store *store)
{
    struct call *call = desk_call(exchange, desk);
    decode_authorization(desk->dialect, exchange->request.authorization, call);
    desk_prepare(operation_find(STR("whoami")), call, store);
    return !call->refusal;
}

/* What the endpoint's own schema has an answer for, if only that a field needs a token, or that this is no query. */
static bool can_answer(struct exchange *exchange, const struct desk *desk, const struct question *question)
{
    return !graphql_is_document(exchange->arena, question->query) ||
           !graphql_request_read(desk->endpoint->graphql->schema, exchange->arena, question->query,
                                 question->operation_name, question->variables, &graphql_default_limits)
                ->errors;
}

/* Jeton answers what asks for nothing but its own fields, and whoever has no token, as far as it can. Everything
 * else, also what it cannot read, is the API's. */
static bool is_for_api(struct exchange *exchange, const struct desk *desk, struct store *store)
{
    struct call *call = desk_call(exchange, desk);
    struct question question;
    bool is_read = question_read(call, &exchange->request, &question) == OK;
    if (is_read && graphql_roots_hold(exchange->arena, question.query, question.operation_name, is_ours,
                                      desk->endpoint->graphql))
        return false;
    if (desk->endpoint->authorizes || has_live_token(exchange, desk, store))
        return true;
    return is_read && !can_answer(exchange, desk, &question);
}

void desk_serve_graphql(struct exchange *exchange, const struct desk *desk, const struct desk *forward,
                        const struct face_means *means)
{
    if (forward && is_for_api(exchange, desk, means->store)) {
        desk_serve_forward(exchange, forward, desk, means);
        return;
    }
    struct call *call = desk_call(exchange, desk);
    struct graphql_errand *own = arena_new(exchange->arena, struct graphql_errand);
    own->errand =
        (struct desk_errand){.store = means->store, .exchange = exchange, .apply = apply, .answer = answer_errand};
    own->desk = desk;
    own->behind = forward;
    if (!is_authorized(exchange, desk, call, means->store)) {
        refuse_all(exchange, desk, call, desk->dialect->resource_errors);
        return;
    }
    if (read_request(exchange, desk, call, &own->request) != OK) {
        refuse_all(exchange, desk, call, desk->dialect->errors);
        return;
    }
    own->count = own->request->errors ? 0 : own->request->field_count;
    if (begin_fields(own, means->store))
        desk_errand_begin(&own->errand, means);
    else
        answer(own);
}
