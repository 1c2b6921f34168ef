/*
 * metadata.c — what the realm offers, for clients that configure themselves.
 *
 * Specs: RFC 8414.
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
    call->is_settled = true;
    return OK;
}
