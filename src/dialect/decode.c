#include "dialect/decode.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "dialect/shape.h"
#include "http/message.h"

/* Of an id that nobody has proved. */
#define CLAIM_MAX 128

static enum parameter find_wire(const struct spelling *spelling, struct str name)
{
    int parameter = 0;
    while (parameter < PARAMETER_COUNT &&
           (!str_is_present(spelling->names[parameter]) || !str_equal(spelling->names[parameter], name)))
        parameter++;
    return (enum parameter)parameter;
}

/* Empty credentials are told apart from missing ones: they must not pass for "no authentication here". */
static bool keeps_empty(enum parameter parameter)
{
    return parameter == PARAMETER_client_id || parameter == PARAMETER_client_secret;
}

static STEP take_parameter(struct call *call, enum parameter parameter, struct str value)
{
    REQUIRE(call, value.len <= PARAMETER_MAX, parameter_too_long);
    REQUIRE(call, str_is_utf8(value), text_invalid);
    /* [RFC6749 3.2] Parameters sent without a value MUST be treated as if they were omitted. */
    if (value.len || keeps_empty(parameter))
        call->parameters[parameter] = value;
    return OK;
}

enum outcome decode_form(const struct spelling *spelling, struct str form, enum repeats repeats, struct call *call)
{
    struct str rest = form, pair;
    uint32_t seen = 0;
    size_t count = 0;
    while (rest.len && str_next(&rest, '&', &pair)) {
        struct str name, value;
        size_t equals = str_find(pair, '=');
        if (pair.len == 0)
            continue;
        REQUIRE(call, ++count <= PARAMETERS_MAX, body_unreadable);
        REQUIRE(call, form_decode(call->arena, str_slice(pair, 0, equals), &name), body_unreadable);
        REQUIRE(call, form_decode(call->arena, str_slice(pair, equals + 1, pair.len), &value), body_unreadable);
        enum parameter parameter = find_wire(spelling, name);
        if (parameter == PARAMETER_COUNT)
            continue; /* [RFC6749 3.2] The authorization server MUST ignore unrecognized request parameters. */
        /* [RFC6749 3.2] Request and response parameters MUST NOT be included more than once. */
        REQUIRE(call, repeats != REPEATS_REFUSED || !(seen & 1u << parameter), parameter_repeated);
        if (repeats == REPEATS_NOTED)
            call->repeated |= seen & 1u << parameter;
        seen |= 1u << parameter;
        call->parameters[parameter] = STR_NONE;
        TRY(take_parameter(call, parameter, value));
    }
    return OK;
}

static struct str scalar_text(struct arena *arena, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return (struct str){json_string_value(value), json_string_length(value)};
    case JSON_INTEGER:
        return arena_printf(arena, "%lld", (long long)json_integer_value(value));
    case JSON_TRUE:
        return STR("true");
    case JSON_FALSE:
        return STR("false");
    default:
        return STR_NONE;
    }
}

enum outcome decode_members(const struct spelling *spelling, const json_t *object, struct call *call)
{
    for (int i = 0; i < PARAMETER_COUNT; i++) {
        struct str name = spelling->names[i];
        const json_t *value = json_object_getn(object, name.ptr, name.len);
        if (!value || json_is_null(value))
            continue;
        struct str text = scalar_text(call->arena, value);
        REQUIRE(call, str_is_present(text), text_invalid);
        TRY(take_parameter(call, (enum parameter)i, text));
    }
    return OK;
}

static void translate_value(struct str *value, enum parameter parameter, const struct spelling *spelling)
{
    for (size_t i = 0; i < spelling->value_count; i++) {
        if (spelling->values[i].parameter == parameter && str_equal(spelling->values[i].wire, *value)) {
            *value = spelling->values[i].standard;
            return;
        }
    }
}

void decode_finish(const struct spelling *spelling, struct call *call)
{
    for (int i = 0; i < PARAMETER_COUNT; i++) {
        struct str *value = &call->parameters[i];
        if (str_is_present(spelling->fixed[i]))
            *value = spelling->fixed[i];
        else if (!str_is_present(*value))
            *value = spelling->defaults[i];
        else if (spelling->value_count)
            translate_value(value, (enum parameter)i, spelling);
    }
}

static bool is_secret(const struct dialect *dialect, const struct endpoint *endpoint, struct str name)
{
    for (size_t i = 0; i < dialect->secret_name_count; i++)
        if (str_equal_nocase(dialect->secret_names[i], name))
            return true;
    enum parameter parameter = find_wire(&endpoint->spelling, name);
    if (parameter == PARAMETER_COUNT)
        parameter = parameter_find(name);
    return parameter != PARAMETER_COUNT && !parameter_may_be_in_url(parameter);
}

enum outcome decode_query(const struct dialect *dialect, const struct endpoint *endpoint, struct str query,
                          struct call *call)
{
    struct str rest = query, pair, name;
    bool has_secret = false;
    while (str_next(&rest, '&', &pair)) {
        size_t equals = str_find(pair, '=');
        if (!form_decode(call->arena, str_slice(pair, 0, equals), &name))
            continue;
        has_secret = has_secret || is_secret(dialect, endpoint, name);
        /* Whose secret it may be: told to the operator, never trusted. */
        if (find_wire(&endpoint->spelling, name) == PARAMETER_client_id)
            call->claimed_client_id = str_slice(pair, equals + 1, CLAIM_MAX);
    }
    if (call->authorization.is_basic)
        call->claimed_client_id = str_slice(call->authorization.client_id, 0, CLAIM_MAX);
    REQUIRE(call, !has_secret, secret_in_query);
    REQUIRE(call, !endpoint->refuses_query || str_is_empty(query), query_not_allowed);
    return OK;
}

static bool take_scheme(struct str header, struct str scheme, struct str *ret_rest)
{
    if (!str_has_prefix_nocase(header, scheme))
        return false;
    struct str rest = str_slice(header, scheme.len, header.len);
    if (rest.len && rest.ptr[0] != ' ')
        return false;
    *ret_rest = str_trim(rest);
    return true;
}

/* [RFC6749 2.3.1] Both parts are form-encoded before they are joined and base64-encoded. */
static bool read_basic(struct arena *arena, struct str encoded, struct authorization *authorization)
{
    struct str pair;
    if (encoded.len > PARAMETER_MAX || !base64_parse(arena, encoded, &pair))
        return false;
    size_t colon = str_find(pair, ':');
    return colon < pair.len && form_decode(arena, str_slice(pair, 0, colon), &authorization->client_id) &&
           form_decode(arena, str_slice(pair, colon + 1, pair.len), &authorization->client_secret) &&
           str_is_utf8(authorization->client_id) && str_is_utf8(authorization->client_secret);
}

void decode_authorization(const struct dialect *dialect, struct str header, struct call *call)
{
    struct authorization *authorization = &call->authorization;
    struct str rest;
    if (!str_is_present(header))
        return;
    if (take_scheme(header, STR("Basic"), &rest)) {
        authorization->is_present = authorization->is_basic = true;
        authorization->is_malformed = !read_basic(call->arena, rest, authorization);
        return;
    }
    for (size_t i = 0; i < dialect->authorization_scheme_count; i++) {
        if (take_scheme(header, dialect->authorization_schemes[i], &rest)) {
            authorization->is_present = true;
            authorization->is_malformed = rest.len == 0 || rest.len > PARAMETER_MAX;
            authorization->token = rest;
            return;
        }
    }
}

unsigned decode_body_kind(struct str content_type)
{
    struct str media = str_trim(str_slice(content_type, 0, str_find(content_type, ';')));
    if (str_equal_nocase(media, STR("application/x-www-form-urlencoded")))
        return BODY_FORM;
    return str_equal_nocase(media, STR("application/json")) ? BODY_JSON : 0;
}

static STEP decode_body(const struct dialect *dialect, const struct endpoint *endpoint, const struct request *request,
                        struct call *call)
{
    unsigned kind = decode_body_kind(request->content_type);
    if (request->body.len == 0 && !str_is_present(request->content_type))
        return OK;
    if (!(kind & endpoint->bodies)) {
        REQUIRE(call, endpoint->ignores_other_bodies, body_kind_wrong);
        return OK;
    }
    if (kind == BODY_FORM)
        return decode_form(&endpoint->spelling, request->body,
                           dialect->last_repeated_wins ? REPEATS_REPLACE : REPEATS_REFUSED, call);
    const json_t *object = json_read(call->arena, request->body);
    REQUIRE(call, json_is_object(object), body_unreadable);
    return decode_members(&endpoint->spelling, object, call);
}

enum outcome decode_request(const struct dialect *dialect, const struct endpoint *endpoint,
                            const struct request *request, struct call *call)
{
    decode_authorization(dialect, request->authorization, call);
    TRY(decode_query(dialect, endpoint, request->query, call));
    /* A client's own header means nothing to a token request unless it is Basic; a bearer's body means nothing. */
    if (!endpoint->operation->is_for_resource) {
        if (!call->authorization.is_basic)
            call->authorization = (struct authorization){0};
        TRY(decode_body(dialect, endpoint, request, call));
    }
    decode_finish(&endpoint->spelling, call);
    return OK;
}

static bool is_form(const struct request *request)
{
    return str_equal(request->method, STR("POST"));
}

enum outcome decode_question(const struct dialect *dialect, const struct endpoint *endpoint,
                             const struct request *request, struct call *call)
{
    struct str form = is_form(request) ? request->body : request->query;
    TRY(decode_query(dialect, endpoint, request->query, call));
    REQUIRE(call, !is_form(request) || decode_body_kind(request->content_type) == BODY_FORM, body_kind_wrong);
    enum repeats repeats = dialect->last_repeated_wins ? REPEATS_REPLACE : REPEATS_NOTED;
    if (decode_form(&endpoint->spelling, form, repeats, call) != OK) {
        bool has_no_body = call->refusal == REFUSED_body_unreadable && !is_form(request);
        return refuse(call, has_no_body ? REFUSED_request_malformed : call->refusal);
    }
    decode_finish(&endpoint->spelling, call);
    return OK;
}

static bool may_be_in_url(const struct spelling *spelling, struct str pair, struct arena *arena)
{
    struct str name;
    if (!form_decode(arena, str_slice(pair, 0, str_find(pair, '=')), &name))
        return false;
    enum parameter parameter = find_wire(spelling, name);
    return parameter != PARAMETER_COUNT && parameter_may_be_in_url(parameter);
}

struct str decode_target(const struct endpoint *endpoint, const struct request *request, struct arena *arena)
{
    struct str rest = is_form(request) ? request->body : request->query, pair;
    struct buf target;
    buf_init(&target, arena, request->path.len + rest.len + 2);
    buf_add(&target, request->path);
    buf_add_char(&target, '?');
    if (!is_form(request)) {
        buf_add(&target, rest);
        return buf_str(&target);
    }
    for (const char *separator = ""; str_next(&rest, '&', &pair);) {
        if (!may_be_in_url(&endpoint->spelling, pair, arena))
            continue;
        buf_add(&target, str_of(separator));
        buf_add(&target, pair);
        separator = "&";
    }
    return buf_str(&target);
}
