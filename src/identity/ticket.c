#include "identity/ticket.h"

#include "base/arena.h"
#include "identity/policy.h"
#include "store/store.h"

static const struct {
    struct str name;
    int64_t seconds;
} purposes[] = {
    [TICKET_CONFIRM_EMAIL] = {STR_INIT("confirm_email"), TICKET_CONFIRM_SECONDS},
    [TICKET_RESET_PASSWORD] = {STR_INIT("reset_password"), TICKET_RESET_SECONDS},
};

int64_t ticket_lifetime(enum ticket_purpose purpose)
{
    return purposes[purpose].seconds;
}

STEP ticket_begin(struct store_tx *tx, struct ticket_draft *draft, int64_t now)
{
    struct ticket_row row = {
        .secret_hash = draft->handle.secret_hash,
        .user_id = draft->user_id,
        .purpose = purposes[draft->purpose].name,
        .content = draft->content,
        .expires_at = now + purposes[draft->purpose].seconds,
    };
    row.id = draft->handle.id = store_tx_token_id(tx, now);
    return ticket_insert(tx, &row);
}

/* A link for a new password ends with the password that it was to replace. */
static bool is_outlived(enum ticket_purpose purpose, const struct ticket_row *row, const struct user_row *user)
{
    return purpose == TICKET_RESET_PASSWORD && !str_equal(row->content, user->password_hash);
}

STEP ticket_read(struct store_reader *reader, struct arena *arena, const struct people_policy *people,
                 enum ticket_purpose purpose, struct str text, int64_t now, struct ticket **ret_ticket)
{
    struct ticket_row *row;
    struct user_row *user;
    struct digest hash;
    int64_t id;
    *ret_ticket = NULL;
    if (!handle_read(HANDLE_TICKET, text, &id, &hash))
        return OK;
    TRY(ticket_find(reader, arena, id, &row));
    if (!row || !digest_equal(&row->secret_hash, &hash) || !str_equal(row->purpose, purposes[purpose].name) ||
        row->expires_at <= now)
        return OK;
    TRY(user_find_row(reader, arena, row->user_id, &user));
    if (!user || user->realm_id != people->realm_id || user->disabled_at || is_outlived(purpose, row, user))
        return OK;
    *ret_ticket = arena_new(arena, struct ticket);
    **ret_ticket = (struct ticket){row, user};
    return OK;
}
