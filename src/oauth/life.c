#include "oauth/life.h"

#include "base/arena.h"
#include "store/applications.h"
#include "store/people.h"
#include "store/tokens.h"

enum outcome life_find_access(struct store_reader *reader, struct arena *arena, int64_t id, struct life **ret_life)
{
    struct access_token_row *row;
    *ret_life = NULL;
    TRY(access_token_find(reader, arena, id, &row));
    if (!row)
        return OK;
    *ret_life = arena_new(arena, struct life);
    **ret_life = (struct life){
        .id = row->id,
        .secret_hash = row->secret_hash,
        .scope_set = row->scope_set,
        .expires_at = row->expires_at,
        .client_id = row->client_id,
        .grant_id = row->grant_id,
    };
    return OK;
}

enum outcome life_find_refresh(struct store_reader *reader, struct arena *arena, int64_t id, struct life **ret_life)
{
    struct refresh_token_row *row;
    *ret_life = NULL;
    TRY(refresh_token_find(reader, arena, id, &row));
    if (!row)
        return OK;
    *ret_life = arena_new(arena, struct life);
    **ret_life = (struct life){
        .is_refresh = true,
        .id = row->id,
        .secret_hash = row->secret_hash,
        .scope_set = row->scope_set,
        .expires_at = row->expires_at,
        .rotated_at = row->rotated_at,
        .client_id = row->client_id,
        .grant_id = row->grant_id,
    };
    return OK;
}

enum outcome life_load(struct store_reader *reader, struct arena *arena, struct life *life)
{
    TRY(client_find_row(reader, arena, life->client_id, &life->client));
    if (life->grant_id)
        TRY(grant_find(reader, arena, life->grant_id, &life->grant));
    if (!life->grant)
        return OK;
    if (life->grant->account_id)
        TRY(account_find_row(reader, arena, life->grant->account_id, &life->account));
    if (life->grant->user_id)
        TRY(user_find_row(reader, arena, life->grant->user_id, &life->user));
    if (life->grant->instance_id)
        TRY(instance_find_row(reader, arena, life->grant->instance_id, &life->instance));
    return OK;
}

/* Who is named must be there and in force. */
static bool is_giver_gone(const struct life *life)
{
    const struct grant_row *grant = life->grant;
    return (grant->account_id && (!life->account || life->account->suspended_at)) ||
           (grant->user_id && (!life->user || life->user->disabled_at)) || (grant->instance_id && !life->instance);
}

static bool is_grant_dead(const struct life *life)
{
    if (life->grant_id == 0)
        return false;
    return !life->grant || life->grant->revoked_at || is_giver_gone(life);
}

enum refusal life_end(const struct life *life, int64_t now)
{
    if (life->expires_at && life->expires_at <= now)
        return REFUSED_token_expired;
    if (!life->client || life->client->suspended_at || life->rotated_at || is_grant_dead(life))
        return REFUSED_token_revoked;
    return NOT_REFUSED;
}
