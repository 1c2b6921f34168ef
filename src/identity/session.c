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
    int64_t authenticated_at = draft->authenticated_at ? draft->authenticated_at : now;
    struct session_row row = {
        .secret_hash = draft->handle.secret_hash,
        .user_id = draft->user_id,
        .factors = draft->factors,
        .authenticated_at = authenticated_at,
        .seen_at = now,
        .expires_at = authenticated_at + people->session_lifetime_seconds,
        .client_address = str_is_present(draft->client_address) ? draft->client_address : STR(""),
        .user_agent = str_is_utf8(draft->user_agent) ? str_cut(draft->user_agent, USER_AGENT_MAX) : STR(""),
    };
    if (draft->ended_id)
        TRY(session_delete(tx, draft->ended_id));
    row.id = draft->handle.id = store_tx_token_id(tx, now);
    return session_insert(tx, &row);
}

STEP session_end(struct store_tx *tx, struct arena *arena, int64_t user_id, int64_t session_id, bool *ret_found)
{
    struct session_row *row;
    TRY(session_find(store_tx_reader(tx), arena, session_id, &row));
    *ret_found = row && row->user_id == user_id;
    return *ret_found ? session_delete(tx, session_id) : OK;
}

bool session_has_second_factor(const struct session *session)
{
    return session->row->factors & (FACTOR_TOTP | FACTOR_RECOVERY_CODE | FACTOR_PASSKEY);
}

bool session_is_half(const struct session *session)
{
    return !str_is_empty(session->user->totp_key) && !session_has_second_factor(session);
}

bool session_is_since(const struct session *session, int64_t since)
{
    return session->row->authenticated_at >= since;
}
