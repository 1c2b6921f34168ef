#include "oauth/bearer.h"

#include "base/arena.h"
#include "oauth/token.h"
#include "store/applications.h"
#include "store/store.h"
#include "store/tokens.h"

static STEP read_grant(struct call *call, struct store_reader *reader, int64_t grant_id)
{
    struct grant_row *grant;
    if (grant_id == 0)
        return OK;
    TRY(grant_find(reader, call->arena, grant_id, &grant));
    REQUIRE(call, grant && grant->revoked_at == 0, token_revoked);
    if (grant->account_id == 0)
        return OK;
    TRY(account_find_row(reader, call->arena, grant->account_id, &call->account));
    REQUIRE(call, call->account && call->account->suspended_at == 0, token_revoked);
    call_set_text(call, FACT_subject, call->account->account_id);
    call_set_text(call, FACT_subject_type, STR("account"));
    return OK;
}

static void set_facts(struct call *call, const struct access_token_row *row)
{
    call_set_text(call, FACT_client_id, call->client->client_id);
    call_set_number(call, FACT_application, call->client->application_id);
    call_set_text(call, FACT_environment, call->client->environment);
    call_set_text(call, FACT_scope, call->scope);
    call_set_text(call, FACT_token_id, arena_printf(call->arena, "%lld", (long long)row->id));
    call_set_text(call, FACT_token_type, STR("Bearer"));
    call_set_text(call, FACT_token_kind, STR("access_token"));
    call_set_number(call, FACT_issued_at, token_id_time(row->id));
    if (row->expires_at) {
        call_set_number(call, FACT_expires_at, row->expires_at);
        call_set_number(call, FACT_expires_in, row->expires_at - call->now);
    }
}

enum outcome bearer_read(struct call *call, struct store_reader *reader, struct str token)
{
    const struct realm *realm = call->realm;
    struct access_token_row *row;
    struct digest hash;
    int64_t id;

    REQUIRE(call, token_read(&realm->access_token.format, token, &id, &hash), token_unknown);
    TRY(access_token_find(reader, call->arena, id, &row));
    REQUIRE(call, row && digest_equal(&row->secret_hash, &hash), token_unknown);
    TRY(client_find_row(reader, call->arena, row->client_id, &call->client));
    /* One database serves many realms: a token of another one does not exist here. */
    REQUIRE(call, call->client && call->client->realm_id == realm->id, token_unknown);
    REQUIRE(call, row->expires_at == 0 || row->expires_at > call->now, token_expired);
    REQUIRE(call, call->client->suspended_at == 0, token_revoked);
    TRY(read_grant(call, reader, row->grant_id));
    TRY(scope_set_text(reader, call->arena, row->scope_set, &call->scope));
    set_facts(call, row);
    return OK;
}
