#include "admin/commands.h"

#include "base/arena.h"
#include "oauth/life.h"
#include "oauth/realm.h"
#include "oauth/token.h"
#include "store/applications.h"
#include "store/store.h"
#include "store/tokens.h"

/* Ids have 48 bits: 15 decimal digits. No token is that short. */
#define TOKEN_ID_DIGITS_MAX 15

/* NULL when there is none; an id names one token of either kind (store/tokens.h). */
static enum outcome find_by_id(struct command_call *call, int64_t id, struct life **ret_token)
{
    struct store_reader *reader = store_reader(call->host->store);
    TRY(life_find_access(reader, call->arena, id, ret_token));
    return *ret_token ? OK : life_find_refresh(reader, call->arena, id, ret_token);
}

static enum outcome find_in_format(struct command_call *call, const struct token_format *format, struct str text,
                                   struct life **ret_token)
{
    int64_t id;
    struct digest hash;
    struct life *token;
    if (!token_read(format, text, &id, &hash))
        return OK;
    TRY(find_by_id(call, id, &token));
    if (token && digest_equal(&token->secret_hash, &hash))
        *ret_token = token;
    return OK;
}

/* Tries the shapes of every realm: the shape does not tell the realm, the row does. */
static enum outcome find_by_text(struct command_call *call, struct str text, struct life **ret_token)
{
    *ret_token = NULL;
    for (size_t i = 0; i < call->realm_count && !*ret_token; i++) {
        const struct realm *realm = call->realms[i];
        TRY(find_in_format(call, &realm->access_token.format, text, ret_token));
        if (!*ret_token)
            TRY(find_in_format(call, &realm->refresh_token.format, text, ret_token));
    }
    return OK;
}

/* The token that the argument `token` gives by its text or its id, in the realm `realm` if that is given. */
static enum outcome find_token(struct command_call *call, struct life **ret_token)
{
    const struct str unknown = STR("there is no such token");
    struct str text = argument_text(call, "token");
    struct str realm_name = argument_text(call, "realm");
    struct life *token;
    int64_t id;
    if (text.len <= TOKEN_ID_DIGITS_MAX && str_parse_int(text, &id))
        TRY(find_by_id(call, id, &token));
    else
        TRY(find_by_text(call, text, &token));
    if (!token)
        return command_refuse(call, unknown);
    TRY(life_load(store_reader(call->host->store), call->arena, token));
    const struct realm *realm = token->client ? command_find_realm(call, token->client->realm_id) : NULL;
    if (str_is_present(realm_name) && !(realm && str_equal(realm->name, realm_name)))
        return command_refuse(call, unknown);
    command_note_number(call, "token_id", token->id);
    if (realm)
        command_note(call, "realm", realm->name);
    *ret_token = token;
    return OK;
}

/* Why the next request with it would be refused, closer than the request is told; NULL: it would not. */
static const char *find_death(const struct command_call *call, const struct life *token)
{
    enum refusal end = life_end(token, call->now);
    if (!end)
        return NULL;
    if (!token->client)
        return "its client was deleted";
    if (token->grant_id && (!token->grant || token->grant->revoked_at))
        return "revoked";
    if (end == REFUSED_token_expired)
        return "expired";
    if (token->rotated_at)
        return "exchanged for its successor";
    return token->client->suspended_at ? "its client is suspended" : "its service account is suspended";
}

static json_t *token_json(const struct command_call *call, const struct life *token, struct str scope)
{
    const struct client_row *client = token->client;
    const char *death = find_death(call, token);
    return json_pack("{s:I, s:s, s:b, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "token_id",
                     (json_int_t)token->id, "token_kind", token->is_refresh ? "refresh_token" : "access_token",
                     "active", !death, "reason", death, "realm",
                     client ? realm_name_json(call, client->realm_id) : json_null(), "client_id",
                     json_of_str(client ? client->client_id : STR_NONE), "environment",
                     json_of_str(client ? client->environment : STR_NONE), "account_id",
                     json_of_str(token->account ? token->account->account_id : STR_NONE), "grant_id",
                     token->grant_id ? json_integer(token->grant_id) : json_null(), "scope", json_of_str(scope),
                     "issued_at", time_json(token_id_time(token->id)), "expires_at", time_json(token->expires_at),
                     "rotated_at", time_json(token->rotated_at));
}

enum outcome command_token_inspect(struct command_call *call)
{
    struct life *token;
    struct str scope;
    TRY(find_token(call, &token));
    TRY(scope_set_text(store_reader(call->host->store), call->arena, token->scope_set, &scope));
    return command_answer(call, token_json(call, token, scope));
}

struct revoke_unit {
    struct unit unit; /* first: the store's pointer is ours */
    const struct life *token;
    int64_t now;
};

/* [RFC7009 2.1] A refresh token takes all that its grant gave with it, an access token only itself. */
static enum outcome apply_revoke(struct unit *unit, struct store_tx *tx)
{
    const struct revoke_unit *revoke = (struct revoke_unit *)unit;
    if (revoke->token->is_refresh)
        return grant_revoke(tx, revoke->token->grant_id, revoke->now);
    return access_token_delete(tx, revoke->token->id);
}

enum outcome command_token_revoke(struct command_call *call)
{
    struct life *token;
    TRY(find_token(call, &token));
    struct revoke_unit revoke = {.unit.apply = apply_revoke, .token = token, .now = call->now};
    TRY(store_run(call->host->store, &revoke.unit));
    return command_answer(call, json_pack("{s:I, s:s}", "token_id", (json_int_t)token->id, "revoked",
                                          token->is_refresh ? "all tokens of its grant" : "this token"));
}
