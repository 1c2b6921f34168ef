#include "oauth/client.h"

#include "oauth/call.h"
#include "oauth/limit.h"
#include "store/applications.h"

enum outcome client_check_credentials(struct call *call)
{
    const struct authorization *header = &call->authorization;
    struct str body_id = call_parameter(call, PARAMETER_client_id);
    struct str body_secret = call_parameter(call, PARAMETER_client_secret);

    REQUIRE(call, !header->is_malformed, credentials_malformed);
    if (!header->is_basic) {
        REQUIRE(call, str_is_present(body_id), credentials_missing);
        REQUIRE(call, call->client_authentication & CLIENT_BY_BODY, credentials_place);
        return OK;
    }
    REQUIRE(call, call->client_authentication & CLIENT_BY_HEADER, credentials_place);
    /* [RFC6749 2.3] The client MUST NOT use more than one authentication method in each request. */
    REQUIRE(call, !str_is_present(body_secret), credentials_double);
    REQUIRE(call, !str_is_present(body_id) || str_equal(body_id, header->client_id), client_differs);
    return OK;
}

/* Looks at every secret whatever comes first, so that the time does not tell which one fitted. */
static const struct secret_row *find_secret(const struct client_row *client, struct str secret)
{
    struct digest hash = digest_sha256(secret);
    const struct secret_row *found = NULL;
    for (size_t i = 0; i < client->secret_count; i++)
        if (digest_equal(&client->secrets[i].secret_hash, &hash))
            found = &client->secrets[i];
    return found;
}

static STEP find_claimed(struct call *call, struct store_reader *reader)
{
    bool by_header = call->authorization.is_basic;
    struct str client_id = by_header ? call->authorization.client_id : call_parameter(call, PARAMETER_client_id);
    TRY(client_find(reader, call->arena, call->realm->id, client_id, &call->client));
    REQUIRE(call, call->client, client_unknown);
    return OK;
}

static struct str claimed_secret(const struct call *call)
{
    return call->authorization.is_basic ? call->authorization.client_secret
                                        : call_parameter(call, PARAMETER_client_secret);
}

static STEP prove_secret(struct call *call)
{
    struct str secret = claimed_secret(call);
    REQUIRE(call, str_is_present(secret), credentials_missing);
    const struct secret_row *found = find_secret(call->client, secret);
    REQUIRE(call, found, secret_wrong);
    REQUIRE(call, found->expires_at == 0 || found->expires_at > call->now, secret_expired);
    /* Only who proved the secret learns that the client is suspended. */
    REQUIRE(call, call->client->suspended_at == 0, client_suspended);
    call->secret_id = found->id;
    return OK;
}

/* Guessing must not pay. */
static enum outcome note_failure(struct call *call, enum outcome outcome)
{
    if (outcome == REFUSED && (call->refusal == REFUSED_client_unknown || call->refusal == REFUSED_secret_wrong))
        limit_note_failure(call);
    return outcome;
}

static STEP authenticate(struct call *call, struct store_reader *reader)
{
    TRY(find_claimed(call, reader));
    REQUIRE(call, !(call->client->flags & CLIENT_IS_PUBLIC), client_is_public);
    return prove_secret(call);
}

enum outcome client_authenticate(struct call *call, struct store_reader *reader)
{
    TRY(limit_check_address(call));
    return note_failure(call, authenticate(call, reader));
}

static STEP identify(struct call *call, struct store_reader *reader)
{
    TRY(find_claimed(call, reader));
    if (!(call->client->flags & CLIENT_IS_PUBLIC))
        return prove_secret(call);
    /* [RFC6749 2.3.1] An empty secret is as good as none. */
    REQUIRE(call, claimed_secret(call).len == 0, client_is_public);
    REQUIRE(call, call->client->suspended_at == 0, client_suspended);
    return OK;
}

enum outcome client_identify(struct call *call, struct store_reader *reader)
{
    TRY(limit_check_address(call));
    return note_failure(call, identify(call, reader));
}
