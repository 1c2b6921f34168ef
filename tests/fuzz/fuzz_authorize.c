/*
 * fuzz_authorize.c — authorization requests as the shipped dialects decode them, and the way back. The first byte
 * chooses dialect and method; the lines are the redirect_uri of an answer, the query, the body.
 */
#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/mistake.h"
#include "dialect/decode.h"
#include "dialect/dialect.h"
#include "dialect/encode.h"
#include "dialect/shape.h"
#include "http/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define DIALECT_COUNT 6

static const struct dialect *load(unsigned which)
{
    static const struct dialect *loaded[DIALECT_COUNT];
    static struct mistakes mistakes;
    if (!mistakes.arena)
        mistakes_init(&mistakes, arena_create());
    struct str name = dialect_shipped_name(which);
    if (!loaded[which])
        loaded[which] = dialect_read(name, dialect_shipped(name), &mistakes);
    assert(loaded[which]);
    return loaded[which];
}

static const struct endpoint *find_endpoint(const struct dialect *dialect)
{
    for (size_t i = 0; i < dialect->endpoint_count; i++)
        if (dialect->endpoints[i].asks_person)
            return &dialect->endpoints[i];
    return NULL;
}

static void check_call(const struct call *call, enum outcome outcome)
{
    assert(outcome == OK || outcome == REFUSED);
    assert((outcome == REFUSED) == (call->refusal != NOT_REFUSED));
    for (int i = 0; i < PARAMETER_COUNT; i++) {
        struct str value = call->parameters[i];
        assert(value.len <= PARAMETER_MAX);
        assert(str_is_utf8(value));
    }
}

/* What the pages carry says the same again. */
static void check_target(const struct dialect *dialect, const struct endpoint *endpoint,
                         const struct request *request, const struct call *call)
{
    struct str target = decode_target(endpoint, request, call->arena);
    struct request again = {.method = STR("GET"), .path = request->path};
    struct call second = {.arena = call->arena};
    assert(str_has_prefix(target, STR("/a?")));
    again.query = str_slice(target, STR("/a?").len, target.len);
    assert(decode_question(dialect, endpoint, &again, &second) == OK);
    assert(second.repeated == (call->repeated & second.repeated));
    for (int i = 0; i < PARAMETER_COUNT; i++)
        if (parameter_may_be_in_url((enum parameter)i))
            assert(str_equal(call->parameters[i], second.parameters[i]));
}

/* No byte that could end a header, and the answer's own parameter once, wherever it travels. */
static void check_location(struct arena *arena, struct str redirect_uri, struct str state)
{
    static const enum response_mode modes[] = {RESPONSE_QUERY, RESPONSE_FRAGMENT, RESPONSE_FORM_POST};
    struct form_field field = {STR("state"), state};
    for (size_t m = 0; m < sizeof(modes) / sizeof(*modes); m++) {
        struct str location = encode_location(arena, redirect_uri, modes[m], &field, 1);
        struct str rest = str_slice(location, str_find(location, '?') + 1, location.len), pair, name, value;
        size_t count = 0;
        for (size_t i = 0; i < location.len; i++)
            assert(location.ptr[i] > ' ' && location.ptr[i] < 0x7f);
        while (modes[m] != RESPONSE_FRAGMENT && rest.len && str_next(&rest, '&', &pair)) {
            size_t equals = str_find(pair, '=');
            if (!form_decode(arena, str_slice(pair, 0, equals), &name) || !str_equal(name, field.name))
                continue;
            count++;
            assert(form_decode(arena, str_slice(pair, equals + 1, pair.len), &value) && str_equal(value, state));
        }
        assert((str_find(location, '#') < location.len) == (modes[m] == RESPONSE_FRAGMENT));
        assert(modes[m] == RESPONSE_FRAGMENT || count == (modes[m] == RESPONSE_QUERY));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len == 0)
        return 0;
    const struct dialect *dialect = load(bytes[0] % DIALECT_COUNT);
    const struct endpoint *endpoint = find_endpoint(dialect);
    struct arena *arena = arena_create();
    struct str rest = {(const char *)bytes + 1, len - 1}, redirect_uri = STR_NONE;
    struct request request = {.path = STR("/a"), .content_type = STR("application/x-www-form-urlencoded")};
    struct call call = {.arena = arena};
    request.method = bytes[0] & 0x80 ? STR("POST") : STR("GET");
    str_next(&rest, '\n', &redirect_uri);
    str_next(&rest, '\n', &request.query);
    request.body = str_is_present(rest) ? rest : STR("");
    if (endpoint) {
        enum outcome outcome = decode_question(dialect, endpoint, &request, &call);
        check_call(&call, outcome);
        if (outcome == OK)
            check_target(dialect, endpoint, &request, &call);
        struct str state = call.parameters[PARAMETER_state];
        check_location(arena, str_slice(redirect_uri, 0, PARAMETER_MAX), state.len ? state : STR("x"));
    }
    arena_destroy(arena);
    return 0;
}
