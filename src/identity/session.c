#include "identity/session.h"

#include "base/arena.h"
#include "identity/policy.h"
#include "store/store.h"

static bool is_over(const struct session_row *row, const struct people_policy *people, int64_t now)
{
    return row->expires_at <= now || row->seen_at + people->session_idle_seconds <= now;
}

STEP session_read(struct store_reader *reader, struct arena *arena, const struct people_policy *people,
                  struct str cookie, int64_t now, struct session **ret_session)
{
    struct session_row *row;
    struct user_row *user;
    struct digest hash;
    int64_t id;
    *ret_session = NULL;
    if (!handle_read(HANDLE_SESSION, cookie, &id, &hash))
        return OK;
    TRY(session_find(reader, arena, id, &row));
    if (!row || !digest_equal(&row->secret_hash, &hash) || is_over(row, people, now))
        return OK;
    TRY(user_find_row(reader, arena, row->user_id, &user));
    if (!user || user->realm_id != people->realm_id || user->disabled_at)
        return OK;
    *ret_session = arena_new(arena, struct session);
    **ret_session = (struct session){row, user, now - row->seen_at >= SESSION_TOUCH_SECONDS};
    return OK;
}

STEP session_begin(struct store_tx *tx, const struct people_policy *people, struct session_draft *draft, int64_t now)
{
    struct session_row row = {
        .secret_hash = draft->handle.secret_hash,
        .user_id = draft->user_id,
        .factors = draft->factors,
        .authenticated_at = now,
        .seen_at = now,
        .expires_at = now + people->session_lifetime_seconds,
        .client_address = draft->client_address,
        .user_agent = str_is_utf8(draft->user_agent) ? str_cut(draft->user_agent, USER_AGENT_MAX) : STR(""),
    };
    if (draft->ended_id)
        TRY(session_delete(tx, draft->ended_id));
    row.id = draft->handle.id = store_tx_token_id(tx, now);
    return session_insert(tx, &row);
}

bool session_is_half(const struct session *session)
{
    const unsigned second = FACTOR_TOTP | FACTOR_RECOVERY_CODE | FACTOR_PASSKEY;
    return !str_is_empty(session->user->totp_key) && !(session->row->factors & second);
}
