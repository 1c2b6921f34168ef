/*
 * fuzz_decode.c — whole requests as the shipped dialects decode them: the Authorization header, the query, a form or
 * JSON body. The first byte chooses dialect, endpoint and content type; lines part header, query and body.
 */
#include <assert.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/mistake.h"
#include "dialect/decode.h"
#include "dialect/dialect.h"
#include "dialect/shape.h"
#include "http/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct dialect *load(unsigned which)
{
    static const struct dialect *loaded[6];
    static struct mistakes mistakes;
    if (!mistakes.arena)
        mistakes_init(&mistakes, arena_create());
    struct str name = dialect_shipped_name(which % 6);
    if (!loaded[which % 6])
        loaded[which % 6] = dialect_read(name, dialect_shipped(name), &mistakes);
    assert(loaded[which % 6]);
    return loaded[which % 6];
}

static void check(const struct call *call, enum outcome outcome)
{
    assert(outcome == OK || outcome == REFUSED);
    assert((outcome == REFUSED) == (call->refusal != NOT_REFUSED));
    for (int i = 0; outcome == OK && i < PARAMETER_COUNT; i++) {
        struct str value = call->parameters[i];
        if (!str_is_present(value))
            continue;
        assert(value.len <= PARAMETER_MAX);
        assert(str_is_utf8(value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len == 0)
        return 0;
    const struct dialect *dialect = load(bytes[0]);
    const struct endpoint *endpoint = &dialect->endpoints[bytes[0] / 6 % dialect->endpoint_count];
    struct arena *arena = arena_create();
    struct str rest = {(const char *)bytes + 1, len - 1};
    struct request request = {0};
    struct call call = {.arena = arena};
    request.content_type =
        bytes[0] & 1 ? STR("application/json") : STR("application/x-www-form-urlencoded; charset=utf-8");
    str_next(&rest, '\n', &request.authorization);
    str_next(&rest, '\n', &request.query);
    request.body = str_is_present(rest) ? rest : STR("");
    if (endpoint->operation && !endpoint->asks_person)
        check(&call, decode_request(dialect, endpoint, &request, &call));
    arena_destroy(arena);
    return 0;
}
