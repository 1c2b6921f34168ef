/*
 * encode_redirect.c — the answer to an authorization request, on its way through the browser.
 *
 * Specs: RFC 6749 §4.1.2, §4.2.2; RFC 9207 §2; OAuth 2.0 Multiple Response Types §2.1; OAuth 2.0 Form Post Response
 * Mode; RFC 9700 §4.12.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "dialect/encode.h"
#include "dialect/face.h"
#include "dialect/shape.h"
#include "http/message.h"

/* A redirect_uri and a state at their longest, every byte escaped, fit twice. */
#define LOCATION_MAX (48 * 1024)

/* Values that are absent or empty are left out. */
static size_t write_fields(const struct redirect_shape *shape, struct call *call, struct form_field *fields)
{
    size_t count = 0;
    for (size_t i = 0; i < shape->count; i++) {
        struct buf value;
        buf_init(&value, call->arena, LOCATION_MAX);
        if (text_template_write(shape->pairs[i].value, &call->facts, &value) && value.len)
            fields[count++] = (struct form_field){shape->pairs[i].name, buf_str(&value)};
    }
    return count;
}

/* What is no character of a URI cannot end the header either. [RFC3986 2] */
static void add_uri(struct buf *location, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte > ' ' && byte < 0x7f)
            buf_add_char(location, text.ptr[i]);
        else
            buf_printf(location, "%%%02X", byte);
    }
}

static bool has_name(struct arena *arena, struct str pair, const struct form_field *fields, size_t count)
{
    struct str name;
    if (!form_decode(arena, str_slice(pair, 0, str_find(pair, '=')), &name))
        return false;
    for (size_t i = 0; i < count; i++)
        if (str_equal(fields[i].name, name))
            return true;
    return false;
}

static char add_own_query(struct buf *location, struct str query, const struct form_field *fields, size_t count)
{
    struct str pair;
    char separator = '?';
    while (query.len && str_next(&query, '&', &pair)) {
        if (has_name(location->arena, pair, fields, count))
            continue;
        buf_add_char(location, separator);
        add_uri(location, pair);
        separator = '&';
    }
    return separator;
}

struct str encode_location(struct arena *arena, struct str redirect_uri, enum response_mode mode,
                           const struct form_field *fields, size_t count)
{
    struct buf location;
    struct str uri = str_slice(redirect_uri, 0, str_find(redirect_uri, '#'));
    size_t mark = str_find(uri, '?');
    buf_init(&location, arena, LOCATION_MAX);
    add_uri(&location, str_slice(uri, 0, mark));
    char separator = add_own_query(&location, str_slice(uri, mark + 1, uri.len), fields, count);
    if (mode == RESPONSE_FRAGMENT)
        separator = '#';
    for (size_t i = 0; i < count && mode != RESPONSE_FORM_POST; i++) {
        buf_add_char(&location, separator);
        form_encode(&location, fields[i].name);
        buf_add_char(&location, '=');
        form_encode(&location, fields[i].value);
        separator = '&';
    }
    return buf_str(&location);
}

/* [RFC6749 4.1.2.1] [RFC9207 2] */
static void set_error_facts(struct call *call, const struct dialect *dialect)
{
    call->facts.present = 0;
    call_set_text(call, FACT_state, call_parameter(call, PARAMETER_state));
    if (call->realm->authorize.tells_issuer)
        call_set_text(call, FACT_issuer, call->realm->issuer);
    encode_error_facts(call, dialect->errors);
}

static const struct redirect_shape *choose_redirect(struct call *call, const struct dialect *dialect)
{
    if (call->refusal) {
        set_error_facts(call, dialect);
        return &dialect->error_redirect;
    }
    encode_fact_values(call, dialect);
    return call->authorize.gives_token ? &dialect->token_redirect : &dialect->code_redirect;
}

/* [RFC9700 4.12] 303 after a POST: whatever was posted must not be posted again to the client. */
static unsigned redirect_status(const struct exchange *exchange)
{
    return str_equal(exchange->request.method, STR("POST")) ? 303 : 302;
}

void encode_redirect(struct exchange *exchange, struct call *call, const struct dialect *dialect,
                     const struct reply_shape *shape, const struct face_pages *pages)
{
    static const struct str own[] = {STR_INIT("Location"), STR_INIT("Cache-Control"), STR_INIT("Referrer-Policy")};
    const struct redirect_shape *redirect = choose_redirect(call, dialect);
    struct form_field *fields = arena_array(call->arena, struct form_field, redirect->count + 1);
    size_t count = write_fields(redirect, call, fields);
    enum response_mode mode = call->authorize.response_mode;
    struct str location = encode_location(call->arena, call->authorize.redirect_uri, mode, fields, count);
    if (mode == RESPONSE_FORM_POST && pages->post) {
        call->authorize.redirect_uri = location;
        pages->post(pages->arg, exchange, call, fields, count);
        return;
    }
    if (mode == RESPONSE_FORM_POST) {
        encode_plain_refusal(exchange, REFUSED_busy);
        return;
    }
    encode_request_facts(exchange, call);
    encode_headers_but(exchange, call, shape, own, sizeof(own) / sizeof(*own));
    response_header_add(exchange, own[0], location);
    response_header_add(exchange, own[1], STR("no-store"));
    response_header_add(exchange, own[2], STR("no-referrer"));
    response_answer(exchange, redirect_status(exchange), STR_NONE, STR(""));
}
