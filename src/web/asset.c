/*
 * asset.c — files that never change: their path has a digest of their content.
 */
#include "base/arena.h"
#include "base/codec.h"
#include "crypto/digest.h"
#include "http/message.h"
#include "web/site_parts.h"

#define DIGEST_SHOWN 8 /* bytes: to tell versions apart, not against anybody */

static struct str find_type(struct str file_name)
{
    return str_has_suffix(file_name, STR(".js")) ? STR("text/javascript; charset=utf-8")
                                                 : STR("text/css; charset=utf-8");
}

struct asset asset_of(struct arena *arena, struct str prefix, struct str file_name, struct str text)
{
    size_t dot = str_find(file_name, '.');
    struct digest digest = digest_sha256(text);
    char hex[2 * DIGEST_SHOWN];
    hex_write(digest.bytes, DIGEST_SHOWN, hex);
    return (struct asset){
        .path = arena_printf(arena, "%.*s/%.*s-%.*s%s", STR_ARGS(prefix), (int)dot, file_name.ptr, (int)sizeof(hex),
                             hex, file_name.ptr + dot),
        .type = find_type(file_name),
        .text = text,
    };
}

void asset_serve(const struct asset *asset, struct exchange *exchange)
{
    response_header_add(exchange, STR("Cache-Control"), STR("public, max-age=31536000, immutable"));
    response_header_add(exchange, STR("X-Content-Type-Options"), STR("nosniff"));
    response_answer(exchange, 200, asset->type, asset->text);
}
