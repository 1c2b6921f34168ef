/*
 * metadata.c — what the realm offers, for clients that configure themselves.
 *
 * Specs: RFC 8414, RFC 9207 §3.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "oauth/call.h"
#include "oauth/grant.h"

#define WORDS_MAX 8192

static void add_word(struct buf *words, struct str word)
{
    if (words->len)
        buf_add_char(words, ' ');
    buf_add(words, word);
}

/* [RFC8414 2] response_types_supported is REQUIRED, and empty where the realm asks nobody. */
static void tell_authorization(struct call *call)
{
    const struct realm *realm = call->realm;
    bool gives_code = realm->grants[GRANT_AUTHORIZATION_CODE].is_allowed;
    bool gives_token = realm->grants[GRANT_IMPLICIT].is_allowed;
    struct buf types, modes;
    buf_init(&types, call->arena, WORDS_MAX);
    buf_init(&modes, call->arena, WORDS_MAX);
    if (gives_code) {
        add_word(&types, STR("code"));
        add_word(&modes, STR("query"));
        call_set_text(call, FACT_code_challenge_methods, STR("S256"));
    }
    if (gives_token) {
        add_word(&types, STR("token"));
        add_word(&modes, STR("fragment"));
    }
    call_set_text(call, FACT_response_types, buf_str(&types));
    if (!gives_code && !gives_token)
        return;
    add_word(&modes, STR("form_post"));
    call_set_text(call, FACT_response_modes, buf_str(&modes));
    call_set_bool(call, FACT_tells_issuer, realm->authorize.tells_issuer);
}

enum outcome metadata_prepare(struct call *call, struct store_reader *reader)
{
    const struct realm *realm = call->realm;
    struct buf grants, scopes;
    (void)reader;
    buf_init(&grants, call->arena, WORDS_MAX);
    buf_init(&scopes, call->arena, WORDS_MAX);
    for (int type = 0; type < GRANT_TYPE_COUNT; type++)
        if (realm->grants[type].is_allowed)
            add_word(&grants, grant_kind_name((enum grant_type)type));
    for (size_t i = 0; i < realm->scope_count; i++)
        add_word(&scopes, realm->scopes[i].name);
    call_set_text(call, FACT_issuer, realm->issuer);
    call_set_text(call, FACT_grant_types, buf_str(&grants));
    call_set_text(call, FACT_scopes, buf_str(&scopes));
    tell_authorization(call);
    call->is_settled = true;
    return OK;
}
