/*
 * grant_refresh_token.c — a new access token for a refresh token. [RFC6749 6, 10.4]
 *
 * Rotating: the first exchange makes one successor, whose secrets are derived from the presented token and a
 * key of the server. A repeat inside the grace window gets the same answer again, though no token was ever stored; a
 * repeat after it revokes the grant and everything on it, whatever the family's length. Keeping: the token
 * stays valid until it expires; when more than half of its life is over, a fresh one is given beside it.
 */
#include "oauth/grant.h"

#include "base/arena.h"
#include "oauth/scope.h"
#include "oauth/token.h"
#include "store/store.h"
#include "store/tokens.h"

enum outcome refresh_token_check(struct call *call)
{
    struct str token = call_parameter(call, PARAMETER_refresh_token);
    const struct token_format *format = &call->realm->refresh_token.format;
    REQUIRE(call, token.len, refresh_token_missing);
    REQUIRE(call, token_read(format, token, &call->presented_id, &call->presented_hash), refresh_token_unknown);
    return OK;
}

enum outcome refresh_token_prepare(struct call *call, struct store_reader *reader)
{
    const struct realm *realm = call->realm;
    struct str token = call_parameter(call, PARAMETER_refresh_token);
    (void)reader;
    call->gives_refresh_token = true;
    if (realm->refresh_rotation == REFRESH_KEEP)
        return OK;
    token_draft_derived(call->arena, &realm->access_token.format, &realm->refresh_key, STR("access"), token,
                        &call->access);
    token_draft_derived(call->arena, &realm->refresh_token.format, &realm->refresh_key, STR("refresh"), token,
                        &call->refresh);
    return OK;
}

/* [RFC6749 6] The scope MUST NOT include any scope not originally granted; the refresh token's stays as it is. */
static STEP rotate(struct call *call, struct store_tx *tx, struct refresh_token_row *row, struct str granted)
{
    TRY(scope_narrow(call, call_parameter(call, PARAMETER_scope), granted));
    TRY(grant_issue_refresh(call, tx, row->grant_id, granted));
    TRY(grant_issue_access(call, tx, row->grant_id));
    row->rotated_at = call->now;
    row->successor_id = call->refresh.id;
    row->successor_access_id = call->access.id;
    return refresh_token_rotate(tx, row);
}

/*
 * Inside the grace window: what the first exchange answered, with the ids that it made. Where its access token is
 * gone (revoked, or shorter-lived than the window) a fresh one is given: a repeat must not be answered with a dead
 * token. The successor may have been exchanged meanwhile, by another process of the same client: it is in its own
 * window then.
 */
static STEP repeat(struct call *call, struct store_tx *tx, struct refresh_token_row *row, struct str granted)
{
    struct store_reader *reader = store_tx_reader(tx);
    struct refresh_token_row *successor;
    struct access_token_row *access;
    TRY(scope_narrow(call, call_parameter(call, PARAMETER_scope), granted));
    /* The key of the first answer may be lost: then nobody can say it again, and nothing else may be said. */
    TRY(refresh_token_find(reader, call->arena, row->successor_id, &successor));
    REQUIRE(call, successor && digest_equal(&successor->secret_hash, &call->refresh.secret_hash),
            refresh_token_unknown);
    call->refresh.id = row->successor_id;
    call->access.id = row->successor_access_id;
    TRY(access_token_find(reader, call->arena, row->successor_access_id, &access));
    if (!access || (access->expires_at && access->expires_at <= call->now)) {
        TRY(grant_issue_access(call, tx, row->grant_id));
        row->successor_access_id = call->access.id;
        return refresh_token_rotate(tx, row);
    }
    call->lifetime_seconds = access->expires_at ? access->expires_at - call->now : 0;
    return scope_set_text(reader, call->arena, access->scope_set, &call->scope);
}

static STEP keep(struct call *call, struct store_tx *tx, const struct refresh_token_row *row, struct str granted)
{
    TRY(scope_narrow(call, call_parameter(call, PARAMETER_scope), granted));
    TRY(grant_issue_access(call, tx, row->grant_id));
    int64_t lifetime = call->realm->refresh_token.lifetime_seconds;
    if (row->expires_at && row->expires_at - call->now < lifetime / 2)
        return grant_issue_refresh(call, tx, row->grant_id, granted);
    call->refresh.id = 0; /* the presented one stays */
    return OK;
}

enum outcome refresh_token_apply(struct call *call, struct store_tx *tx)
{
    struct store_reader *reader = store_tx_reader(tx);
    const struct realm *realm = call->realm;
    struct refresh_token_row *row;
    struct grant_row *grant;
    struct str granted;

    TRY(refresh_token_find(reader, call->arena, call->presented_id, &row));
    REQUIRE(call, row && digest_equal(&row->secret_hash, &call->presented_hash), refresh_token_unknown);
    REQUIRE(call, row->client_id == call->client->id, refresh_token_foreign);
    TRY(grant_find(reader, call->arena, row->grant_id, &grant));
    TRY(grant_check(call, reader, grant));
    REQUIRE(call, row->expires_at == 0 || row->expires_at > call->now, refresh_token_expired);
    TRY(scope_set_text(reader, call->arena, row->scope_set, &granted));
    if (realm->refresh_rotation == REFRESH_KEEP)
        return keep(call, tx, row, granted);
    if (row->rotated_at == 0)
        return rotate(call, tx, row, granted);
    if (call->now - row->rotated_at <= realm->refresh_grace_seconds)
        return repeat(call, tx, row, granted);

    /* [RFC6749 10.4] Somebody has a token that somebody else used: nobody can tell who is the thief. */
    TRY(grant_revoke(tx, row->grant_id, call->now));
    return refuse(call, REFUSED_refresh_token_reused);
}
