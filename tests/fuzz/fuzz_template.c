/*
 * fuzz_template.c — templates: what compiles writes one JSON value, whatever the facts are.
 */
#include <assert.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "dialect/template.h"
#include "oauth/call.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check(struct arena *arena, const struct json_template *json, const struct facts *facts)
{
    struct buf out;
    buf_init(&out, arena, 1 << 20);
    json_template_write(json, facts, &out);
    assert(!out.is_full);
}

static void check_text(struct arena *arena, struct str text, const struct facts *facts)
{
    static const struct template_names names = {{STR_INIT("detail")}, 1};
    struct str error;
    struct buf out;
    const struct text_template *template = text_template_compile(arena, text, &names, &error);
    if (!template)
        return;
    buf_init(&out, arena, 1 << 16);
    bool is_whole = text_template_write_header(template, facts, &out);
    for (size_t i = 0; i < out.len; i++)
        assert(!is_whole || memchr(text.ptr, out.ptr[i], text.len) || (out.ptr[i] >= ' ' && out.ptr[i] < 0x7f));
    out.len = 0;
    assert(text_template_write(template, facts, &out) == is_whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const struct template_names names = {{STR_INIT("detail")}, 1};
    struct arena *arena = arena_create();
    struct str text = {(const char *)bytes, len < 4096 ? len : 4096};
    struct str error = STR_NONE;
    struct call call = {.arena = arena};
    struct facts nothing = {0};
    call_set_text(&call, FACT_scope, STR("a \"b\" \x01"));
    call_set_text(&call, FACT_subject, STR("12"));
    call_set_number(&call, FACT_expires_in, 3600);
    call_set_bool(&call, FACT_active, 1);
    const struct json_template *json = json_template_compile(arena, text, &names, &error);
    assert(json || str_is_present(error));
    if (json) {
        check(arena, json, &nothing);
        check(arena, json, &call.facts);
    }
    check_text(arena, text, &call.facts);
    arena_destroy(arena);
    return 0;
}
