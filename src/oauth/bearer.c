#include "oauth/bearer.h"

#include "base/arena.h"
#include "oauth/life.h"
#include "oauth/subject.h"
#include "oauth/token.h"
#include "store/store.h"
#include "store/tokens.h"

static void set_facts(struct call *call, const struct life *life)
{
    call_set_text(call, FACT_client_id, call->client->client_id);
    call_set_number(call, FACT_application, call->client->application_id);
    call_set_text(call, FACT_environment, call->client->environment);
    call_set_text(call, FACT_scope, call->scope);
    call_set_text(call, FACT_token_id, arena_decimal(call->arena, life->id));
    call_set_text(call, FACT_token_kind, life->is_refresh ? STR("refresh_token") : STR("access_token"));
    /* [RFC7662 2.2] token_type is how an access token is used; a refresh token is not used so. */
    if (!life->is_refresh)
        call_set_text(call, FACT_token_type, STR("Bearer"));
    call_set_number(call, FACT_issued_at, token_id_time(life->id));
    if (life->expires_at) {
        call_set_number(call, FACT_expires_at, life->expires_at);
        call_set_number(call, FACT_expires_in, life->expires_at - call->now);
    }
    subject_tell(call);
}

static STEP read_life(struct call *call, struct store_reader *reader, struct life *life, const struct digest *hash)
{
    REQUIRE(call, life && digest_equal(&life->secret_hash, hash), token_unknown);
    TRY(life_load(reader, call->arena, life));
    /* One database serves many realms: a token of another one does not exist here. */
    REQUIRE(call, life->client && life->client->realm_id == call->realm->id, token_unknown);
    call->client = life->client; /* also when it is over: what its client does counts as its client's */
    enum refusal end = life_end(life, call->now);
    if (end)
        return refuse(call, end);
    call->token_id = life->id;
    call->account = life->account;
    call->user = life->user;
    call->instance = life->instance;
    TRY(scope_set_text(reader, call->arena, life->scope_set, &call->scope));
    set_facts(call, life);
    return OK;
}

enum outcome bearer_read(struct call *call, struct store_reader *reader, struct str token)
{
    struct life *life;
    struct digest hash;
    int64_t id;
    REQUIRE(call, token_read(&call->realm->access_token.format, token, &id, &hash), token_unknown);
    TRY(life_find_access(reader, call->arena, id, &life));
    return read_life(call, reader, life, &hash);
}

enum outcome bearer_read_refresh(struct call *call, struct store_reader *reader, struct str token)
{
    struct life *life;
    struct digest hash;
    int64_t id;
    REQUIRE(call, token_read(&call->realm->refresh_token.format, token, &id, &hash), token_unknown);
    TRY(life_find_refresh(reader, call->arena, id, &life));
    return read_life(call, reader, life, &hash);
}
