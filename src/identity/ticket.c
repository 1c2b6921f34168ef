#include "identity/ticket.h"

#include "base/arena.h"
#include "base/codec.h"
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

static struct str write_digest(struct arena *arena, struct str text)
{
    struct digest digest = digest_sha256(text);
    return base64url_write(arena, (struct str){(const char *)digest.bytes, DIGEST_LEN});
}

/* What a link for a new password hangs on: the old one, and the address that it went to. */
static struct str fingerprint_of(struct arena *arena, const struct user_row *user)
{
    struct str hash = write_digest(arena, user->password_hash);
    return write_digest(arena, arena_printf(arena, "%.*s %.*s", STR_ARGS(hash), STR_ARGS(user->email)));
}

static STEP find_content(struct store_tx *tx, struct arena *arena, const struct ticket_draft *draft,
                         struct str *ret_content)
{
    struct user_row *user;
    *ret_content = str_is_present(draft->content) ? draft->content : STR("");
    if (draft->purpose != TICKET_RESET_PASSWORD)
        return OK;
    TRY(user_find_row(store_tx_reader(tx), arena, draft->user_id, &user));
    if (user)
        *ret_content = fingerprint_of(arena, user);
    return OK;
}

STEP ticket_begin(struct store_tx *tx, struct arena *arena, struct ticket_draft *draft, int64_t now)
{
    struct ticket_row row = {
        .secret_hash = draft->handle.secret_hash,
        .user_id = draft->user_id,
        .purpose = purposes[draft->purpose].name,
        .expires_at = now + purposes[draft->purpose].seconds,
    };
    TRY(find_content(tx, arena, draft, &row.content));
    row.id = draft->handle.id = store_tx_token_id(tx, now);
    return ticket_insert(tx, &row);
}

static bool is_outlived(struct arena *arena, enum ticket_purpose purpose, const struct ticket_row *row,
                        const struct user_row *user)
{
    return purpose == TICKET_RESET_PASSWORD && !str_equal(row->content, fingerprint_of(arena, user));
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
    if (!user || user->realm_id != people->realm_id || user->disabled_at || is_outlived(arena, purpose, row, user))
        return OK;
    *ret_ticket = arena_new(arena, struct ticket);
    **ret_ticket = (struct ticket){row, user};
    return OK;
}
