/*
 * grant_authorization_code.c — tokens for the code that a person's consent gave. [RFC6749 4.1.3]
 *
 * Bound to the client, the redirect_uri as the request said it, and whoever has the verifier. Good once: a second use
 * revokes what the first one gave. The writer decides one use after the other, so of two at once one wins.
 */
#include "oauth/grant.h"

#include "oauth/pkce.h"
#include "oauth/redirect.h"
#include "oauth/token.h"
#include "store/store.h"
#include "store/tokens.h"

enum outcome authorization_code_check(struct call *call)
{
    struct str code = call_parameter(call, PARAMETER_code);
    REQUIRE(call, code.len, code_missing);
    REQUIRE(call, token_read(&call->realm->code.format, code, &call->presented_id, &call->presented_hash),
            code_unknown);
    return pkce_check_verifier(call);
}

/* The scope is the grant's, whatever the request says: it was settled with the person. [RFC6749 4.1.3] */
enum outcome authorization_code_prepare(struct call *call, struct store_reader *reader)
{
    (void)call;
    (void)reader;
    return OK;
}

/* [RFC6749 4.1.3] If it was included in the authorization request, their values MUST be identical. */
static STEP check_redirect_uri(struct call *call, struct str said)
{
    struct str redirect_uri = call_parameter(call, PARAMETER_redirect_uri);
    if (said.len == 0 && redirect_uri.len)
        said = redirect_uri_only(call->client->redirect_uris);
    REQUIRE(call, str_equal(redirect_uri, said), redirect_uri_differs);
    return OK;
}

static STEP issue(struct call *call, struct store_tx *tx, const struct grant_row *grant)
{
    TRY(scope_set_text(store_tx_reader(tx), call->arena, grant->scope_set, &call->scope));
    if (call->gives_refresh_token)
        TRY(grant_issue_refresh(call, tx, grant->id, call->scope));
    return grant_issue_access(call, tx, grant->id);
}

/* A stranger's client changes nothing, a second use revokes, a wrong redirect_uri or verifier does not burn the code.
 */
enum outcome authorization_code_apply(struct call *call, struct store_tx *tx)
{
    struct store_reader *reader = store_tx_reader(tx);
    struct code_row *row;
    struct grant_row *grant;

    TRY(code_find(reader, call->arena, call->presented_id, &row));
    REQUIRE(call, row && digest_equal(&row->secret_hash, &call->presented_hash), code_unknown);
    REQUIRE(call, row->client_id == call->client->id, code_foreign);
    /* [RFC6749 4.1.2] A second use MUST be denied and SHOULD revoke what the first one gave. */
    if (row->used_at) {
        TRY(grant_revoke(tx, row->grant_id, call->now));
        return refuse(call, REFUSED_code_reused);
    }
    REQUIRE(call, row->expires_at > call->now, code_expired);
    TRY(check_redirect_uri(call, row->redirect_uri));
    TRY(pkce_verify(call, row->code_challenge));
    TRY(grant_find(reader, call->arena, row->grant_id, &grant));
    TRY(grant_check(call, reader, grant));
    TRY(code_use(tx, row->id, call->now));
    return issue(call, tx, grant);
}
