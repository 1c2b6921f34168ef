#include "oauth/registration.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "crypto/checksum.h"
#include "oauth/realm.h"
#include "oauth/redirect.h"
#include "oauth/scope.h"
#include "oauth/token.h"
#include "store/applications.h"
#include "store/store.h"

#define SCOPE_MAX 4096
/* Made-up account ids have nine digits: they fit every client's 32-bit integer. */
#define ACCOUNT_NUMBER_MIN   100000000
#define ACCOUNT_NUMBER_COUNT 900000000

static enum outcome refuse_registration(struct registration *call, const char *refusal)
{
    call->refusal = refusal;
    return REFUSED;
}

static size_t random_len(const struct token_format *format)
{
    size_t fixed = format->has_checksum ? TOKEN_CHECKSUM_LEN : 0;
    return format->length > fixed ? format->length - fixed : 0;
}

unsigned credential_random_bits(const struct token_format *format)
{
    /* log2(62) is a little more than 5.954 */
    unsigned thousandths = format->alphabet == TOKEN_HEX ? 4000 : 5954;
    return (unsigned)(random_len(format) * thousandths / 1000);
}

/* Bytes of 248 and above are thrown away: 256 is no multiple of 62, and each digit must be as likely. */
static void draw_base62(char *room, size_t len)
{
    size_t drawn = 0;
    while (drawn < len) {
        unsigned char bytes[64];
        random_bytes(bytes, sizeof(bytes));
        for (size_t i = 0; i < sizeof(bytes) && drawn < len; i++) {
            if (bytes[i] < 248)
                base62_write(bytes[i] % 62, 1, room + drawn++);
        }
    }
}

static void draw_hex(char *room, size_t len)
{
    size_t drawn = 0;
    while (drawn < len) {
        unsigned char byte;
        char pair[2];
        random_bytes(&byte, 1);
        hex_write(&byte, 1, pair);
        memcpy(room + drawn, pair, len - drawn < 2 ? 1 : 2);
        drawn += 2;
    }
}

struct str credential_draw(struct arena *arena, const struct token_format *format)
{
    size_t len = format->prefix.len + format->length;
    size_t random = random_len(format);
    char *room = arena_alloc(arena, len + 1);
    char *body = room + format->prefix.len;
    if (format->prefix.len)
        memcpy(room, format->prefix.ptr, format->prefix.len);
    if (format->alphabet == TOKEN_HEX)
        draw_hex(body, random);
    else
        draw_base62(body, random);
    if (format->has_checksum)
        base62_write(checksum_crc32(0, (struct str){room, format->prefix.len + random}), TOKEN_CHECKSUM_LEN,
                     body + random);
    return (struct str){room, len};
}

/* Rows have no absent texts. */
static struct str or_empty(struct str text)
{
    return str_is_present(text) ? text : STR("");
}

static bool has_control(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return true;
    }
    return false;
}

static bool is_line(struct str text, size_t len_max)
{
    return text.len <= len_max && str_is_utf8(text) && !has_control(text);
}

static struct client_draft draw_client(struct arena *arena, const struct realm *realm, unsigned flags)
{
    struct client_draft client = {credential_draw(arena, &realm->client_id_format), STR_NONE};
    if (!(flags & CLIENT_IS_PUBLIC))
        client.client_secret = credential_draw(arena, &realm->client_secret_format);
    return client;
}

void application_draw(struct arena *arena, const struct realm *realm, struct application_draft *draft)
{
    draft->production = draw_client(arena, realm, draft->flags);
    if (draft->has_development)
        draft->development = draw_client(arena, realm, draft->flags);
}

static bool is_scope_known(const struct realm *realm, struct str scope)
{
    struct str word;
    while (str_next_word(&scope, &word)) {
        if (!scope_is_known(realm, word))
            return false;
    }
    return true;
}

/* People follow it or their browser fetches it: nothing but https, and written as carefully as a redirect_uri. */
static bool is_website(struct str uri)
{
    return str_is_empty(uri) ||
           (uri.len <= WEBSITE_MAX && str_has_prefix(uri, STR("https://")) && redirect_uri_may_be(uri));
}

static bool has_word(struct str words, struct str wanted)
{
    struct str word;
    while (str_next_word(&words, &word))
        if (str_equal(word, wanted))
            return true;
    return false;
}

/* [RFC6749 3.1.2.2] Registered as a whole; separated by one blank each in the row. */
static enum outcome join_redirect_uris(struct registration *call, struct str redirect_uris, struct str *ret_joined)
{
    struct buf joined;
    struct str uri;
    size_t count = 0;
    buf_init(&joined, call->arena, REDIRECT_URIS_LEN_MAX);
    while (str_next_word(&redirect_uris, &uri)) {
        if (!redirect_uri_may_be(uri))
            return refuse_registration(call,
                                       "a redirect_uri must be https, http on this machine, or of a scheme with "
                                       "a dot in it; absolute, without fragment, user name and iss, of at most "
                                       "2000 bytes");
        if (has_word(buf_str(&joined), uri))
            return refuse_registration(call, "a redirect_uri stands there twice");
        if (count++)
            buf_add_char(&joined, ' ');
        buf_add(&joined, uri);
    }
    if (count > REDIRECT_URIS_MAX || joined.is_full)
        return refuse_registration(call, "at most 10 redirect_uris of 8192 bytes together are allowed");
    *ret_joined = buf_str(&joined);
    return OK;
}

static enum outcome check_application(struct registration *call, const struct application_draft *draft)
{
    if (str_is_empty(draft->name) || !is_line(draft->name, APPLICATION_NAME_MAX))
        return refuse_registration(call, "name must be 1 to 100 bytes of UTF-8 without control characters");
    if (!is_line(draft->owner, OWNER_MAX))
        return refuse_registration(call, "owner must be at most 254 bytes of UTF-8 without control characters");
    if (!is_line(draft->scope, SCOPE_MAX) || !is_scope_known(call->realm, draft->scope))
        return refuse_registration(call, "scope must be a list of the realm's scopes, of at most 4096 bytes");
    if (!is_website(draft->website) || !is_website(draft->logo_uri))
        return refuse_registration(call, "website and logo_uri must be https URLs of at most 500 bytes");
    if ((draft->flags & CLIENT_IS_PUBLIC) && (draft->flags & (CLIENT_IS_TRUSTED | CLIENT_MAY_INTROSPECT)))
        return refuse_registration(call, "a public client has no secret: it can neither be trusted nor introspect");
    return OK;
}

static enum outcome insert_secret(struct registration *call, struct store_tx *tx, int64_t client,
                                  const struct secret_draft *draft, int64_t *ret_id)
{
    const struct secret_row row = {
        .label = or_empty(draft->label),
        .secret_hash = digest_sha256(draft->client_secret),
        .created_at = call->now,
        .expires_at = draft->expires_at,
    };
    return secret_insert(tx, client, &row, ret_id);
}

static enum outcome insert_client(struct registration *call, struct store_tx *tx, int64_t application_id,
                                  const struct application_draft *draft, const struct client_draft *client,
                                  struct str redirect_uris)
{
    bool is_production = client == &draft->production;
    const struct client_row row = {
        .realm_id = call->realm->id,
        .application_id = application_id,
        .client_id = client->client_id,
        .environment = is_production ? STR("production") : STR("development"),
        .scope = draft->scope,
        .redirect_uris = redirect_uris,
        .flags = draft->flags,
        .created_at = call->now,
    };
    int64_t id, secret_id;
    TRY(client_insert(tx, &row, &id));
    if (!str_is_present(client->client_secret))
        return OK;
    const struct secret_draft first = {STR("first"), 0, client->client_secret};
    return insert_secret(call, tx, id, &first, &secret_id);
}

STEP application_register(struct registration *call, struct store_tx *tx, const struct application_draft *draft,
                          int64_t *ret_id)
{
    struct str redirect_uris;
    TRY(check_application(call, draft));
    TRY(join_redirect_uris(call, draft->redirect_uris, &redirect_uris));
    const struct application_row row = {
        .realm_id = call->realm->id,
        .name = draft->name,
        .owner = or_empty(draft->owner),
        .website = or_empty(draft->website),
        .logo_uri = or_empty(draft->logo_uri),
        .verified_at = draft->is_verified ? call->now : 0,
        .created_at = call->now,
    };
    int64_t id;
    TRY(application_insert(tx, &row, &id));
    TRY(insert_client(call, tx, id, draft, &draft->production, redirect_uris));
    if (draft->has_development)
        TRY(insert_client(call, tx, id, draft, &draft->development, redirect_uris));
    *ret_id = id;
    return OK;
}

static enum outcome require_application(struct registration *call, struct store_tx *tx, int64_t id,
                                        struct application_row **ret_row)
{
    TRY(application_find(store_tx_reader(tx), call->arena, id, ret_row));
    if (!*ret_row || (*ret_row)->realm_id != call->realm->id)
        return refuse_registration(call, "there is no such application");
    return OK;
}

STEP application_stop(struct registration *call, struct store_tx *tx, int64_t id)
{
    struct application_row *row;
    TRY(require_application(call, tx, id, &row));
    return application_suspend(tx, id, call->now);
}

STEP application_resume(struct registration *call, struct store_tx *tx, int64_t id)
{
    struct application_row *row;
    TRY(require_application(call, tx, id, &row));
    return application_suspend(tx, id, 0);
}

STEP application_remove(struct registration *call, struct store_tx *tx, int64_t id)
{
    struct application_row *row;
    TRY(require_application(call, tx, id, &row));
    return application_delete(tx, id);
}

static enum outcome note_verification(struct registration *call, struct store_tx *tx, int64_t id, int64_t verified_at)
{
    struct application_row *row;
    TRY(require_application(call, tx, id, &row));
    row->verified_at = verified_at;
    return application_update(tx, row);
}

STEP application_verify(struct registration *call, struct store_tx *tx, int64_t id)
{
    return note_verification(call, tx, id, call->now);
}

STEP application_unverify(struct registration *call, struct store_tx *tx, int64_t id)
{
    return note_verification(call, tx, id, 0);
}

static enum outcome require_client(struct registration *call, struct store_tx *tx, struct str client_id,
                                   struct client_row **ret_client)
{
    TRY(client_find(store_tx_reader(tx), call->arena, call->realm->id, client_id, ret_client));
    return *ret_client ? OK : refuse_registration(call, "there is no such client");
}

static enum outcome suspend_client(struct registration *call, struct store_tx *tx, struct str client_id,
                                   int64_t suspended_at)
{
    struct client_row *client;
    TRY(require_client(call, tx, client_id, &client));
    return client_suspend(tx, client->id, suspended_at);
}

STEP client_stop(struct registration *call, struct store_tx *tx, struct str client_id)
{
    return suspend_client(call, tx, client_id, call->now);
}

STEP client_resume(struct registration *call, struct store_tx *tx, struct str client_id)
{
    return suspend_client(call, tx, client_id, 0);
}

STEP client_change_flags(struct registration *call, struct store_tx *tx, struct str client_id, unsigned set,
                         unsigned cleared)
{
    const unsigned all = CLIENT_IS_TRUSTED | CLIENT_MAY_INTROSPECT;
    struct client_row *client;
    TRY(require_client(call, tx, client_id, &client));
    return client_set_flags(tx, client->id, (client->flags & ~(cleared & all)) | (set & all));
}

STEP client_change_plan(struct registration *call, struct store_tx *tx, struct str client_id, struct str plan)
{
    struct client_row *client;
    TRY(require_client(call, tx, client_id, &client));
    return client_set_plan(tx, client->id, plan);
}

STEP client_change_redirect_uris(struct registration *call, struct store_tx *tx, struct str client_id,
                                 struct str redirect_uris)
{
    struct client_row *client;
    struct str joined;
    TRY(require_client(call, tx, client_id, &client));
    TRY(join_redirect_uris(call, redirect_uris, &joined));
    return client_set_redirect_uris(tx, client->id, joined);
}

/* Only when the room is needed: until then the operator can see what has expired. */
static enum outcome drop_expired_secret(struct registration *call, struct store_tx *tx,
                                        const struct client_row *client)
{
    for (size_t i = 0; i < client->secret_count; i++) {
        const struct secret_row *secret = &client->secrets[i];
        bool found;
        if (secret->expires_at && secret->expires_at <= call->now)
            return secret_delete(tx, client->id, secret->id, &found);
    }
    return refuse_registration(call, "the client has five live secrets already: revoke one first");
}

STEP client_add_secret(struct registration *call, struct store_tx *tx, struct str client_id,
                       const struct secret_draft *draft, int64_t *ret_id)
{
    struct client_row *client;
    if (!is_line(draft->label, SECRET_LABEL_MAX))
        return refuse_registration(call, "label must be at most 64 bytes of UTF-8 without control characters");
    if (draft->expires_at && draft->expires_at <= call->now)
        return refuse_registration(call, "the secret would have expired already");
    TRY(require_client(call, tx, client_id, &client));
    if (client->flags & CLIENT_IS_PUBLIC)
        return refuse_registration(call, "a public client has no secret");
    if (client->secret_count >= SECRETS_PER_CLIENT_MAX)
        TRY(drop_expired_secret(call, tx, client));
    return insert_secret(call, tx, client->id, draft, ret_id);
}

STEP client_revoke_secret(struct registration *call, struct store_tx *tx, struct str client_id, int64_t secret_id)
{
    struct client_row *client;
    bool found;
    TRY(require_client(call, tx, client_id, &client));
    TRY(secret_delete(tx, client->id, secret_id, &found));
    return found ? OK : refuse_registration(call, "the client has no such secret");
}

/* The guard tells it in a header: `-` says "nobody" there, and whoever reads it drops blanks at its ends. */
static bool is_account_id(struct str text)
{
    return !str_is_empty(text) && is_line(text, ACCOUNT_ID_MAX) && !str_equal(text, STR("-")) && text.ptr[0] != ' ' &&
           text.ptr[text.len - 1] != ' ';
}

static struct str draw_account_id(struct arena *arena)
{
    uint64_t number;
    random_bytes(&number, sizeof(number));
    return arena_printf(arena, "%llu", (unsigned long long)(ACCOUNT_NUMBER_MIN + number % ACCOUNT_NUMBER_COUNT));
}

void account_draw(struct arena *arena, const struct realm *realm, struct account_draft *draft)
{
    if (!str_is_present(draft->account_id))
        draft->account_id = draw_account_id(arena);
    draft->account_secret = credential_draw(arena, &realm->client_secret_format);
}

STEP account_register(struct registration *call, struct store_tx *tx, const struct account_draft *draft,
                      int64_t *ret_id)
{
    struct account_row *taken;
    if (!is_account_id(draft->account_id))
        return refuse_registration(call, "account_id must be 1 to 64 bytes of UTF-8 without control characters and "
                                         "blanks at its ends, and not -");
    if (!is_line(draft->name, APPLICATION_NAME_MAX))
        return refuse_registration(call, "name must be at most 100 bytes of UTF-8 without control characters");
    TRY(account_find(store_tx_reader(tx), call->arena, call->realm->id, draft->account_id, &taken));
    if (taken)
        return refuse_registration(call, "account_id is taken");
    const struct account_row row = {
        .realm_id = call->realm->id,
        .account_id = draft->account_id,
        .name = or_empty(draft->name),
        .secret_hash = digest_sha256(draft->account_secret),
        .created_at = call->now,
    };
    return account_insert(tx, &row, ret_id);
}

static enum outcome require_account(struct registration *call, struct store_tx *tx, struct str account_id,
                                    struct account_row **ret_account)
{
    TRY(account_find(store_tx_reader(tx), call->arena, call->realm->id, account_id, ret_account));
    return *ret_account ? OK : refuse_registration(call, "there is no such account");
}

static enum outcome suspend_account(struct registration *call, struct store_tx *tx, struct str account_id,
                                    int64_t suspended_at)
{
    struct account_row *account;
    TRY(require_account(call, tx, account_id, &account));
    return account_suspend(tx, account->id, suspended_at);
}

STEP account_stop(struct registration *call, struct store_tx *tx, struct str account_id)
{
    return suspend_account(call, tx, account_id, call->now);
}

STEP account_resume(struct registration *call, struct store_tx *tx, struct str account_id)
{
    return suspend_account(call, tx, account_id, 0);
}
