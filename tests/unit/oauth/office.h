/*
 * office.h — a realm with clients and an account in a real store, and calls to its operations at any time of day.
 */
#pragma once

#include "../admin/house.h"

#include "oauth/call.h"
#include "oauth/grant.h"
#include "oauth/token.h"
#include "store/tokens.h"

struct office {
    struct house house;
    struct realm realm;
    int64_t now;
    int64_t client_rows[5]; /* "plain", "trusted", "server" (may introspect), "public", "writer" (scope: write me) */
    int64_t account_row;
};

enum { PLAIN, TRUSTED, SERVER, PUBLIC, WRITER };

struct office_unit {
    struct unit unit;
    struct office *office;
};

static inline enum outcome office_add_client(struct office *office, struct store_tx *tx, int at, const char *name,
                                             unsigned flags, struct str scope)
{
    struct application_row application = {.realm_id = office->realm.id, .name = STR("A"), .created_at = 1};
    TRY(application_insert(tx, &application, &application.id));
    struct client_row client = {.realm_id = office->realm.id,
                                .application_id = application.id,
                                .client_id = str_of(name),
                                .environment = STR("production"),
                                .scope = scope,
                                .flags = flags,
                                .created_at = 1};
    TRY(client_insert(tx, &client, &client.id));
    office->client_rows[at] = client.id;
    struct secret_row secret = {.label = STR(""), .secret_hash = digest_sha256(STR("secret")), .created_at = 1};
    if (flags & CLIENT_IS_PUBLIC)
        return OK;
    return secret_insert(tx, client.id, &secret, &secret.id);
}

static inline enum outcome office_fill(struct unit *unit, struct store_tx *tx)
{
    struct office *office = ((struct office_unit *)unit)->office;
    struct account_row account = {.realm_id = office->realm.id,
                                  .account_id = STR("42"),
                                  .name = STR("robot"),
                                  .secret_hash = digest_sha256(STR("account-secret")),
                                  .created_at = 1};
    TRY(lifetime_note(tx, 3600));
    TRY(office_add_client(office, tx, PLAIN, "plain", 0, STR_NONE));
    TRY(office_add_client(office, tx, TRUSTED, "trusted", CLIENT_IS_TRUSTED, STR_NONE));
    TRY(office_add_client(office, tx, SERVER, "server", CLIENT_MAY_INTROSPECT, STR_NONE));
    TRY(office_add_client(office, tx, PUBLIC, "public", CLIENT_IS_PUBLIC, STR_NONE));
    TRY(office_add_client(office, tx, WRITER, "writer", 0, STR("write me")));
    return account_insert(tx, &account, &office->account_row);
}

static inline int office_setup(void **state)
{
    static struct scope_policy scopes[] = {{.name = STR_INIT("read")},
                                           {.name = STR_INIT("write"), .is_write = true},
                                           {.name = STR_INIT("me"), .needs_user = true},
                                           {.name = STR_INIT("org_*:read")}};
    struct office *office = memory_alloc(sizeof(*office));
    log_set_level(LOG_ERROR);
    house_open(&office->house);
    office->realm = office->house.realms[0];
    office->realm.scopes = scopes;
    office->realm.scope_count = 4;
    office->realm.grants[GRANT_CLIENT_CREDENTIALS].is_allowed = true;
    office->realm.grants[GRANT_REFRESH_TOKEN].is_allowed = true;
    office->realm.grants[GRANT_SERVICE_ACCOUNT] = (struct grant_policy){true, false, true, STR_NONE};
    office->realm.refresh_grace_seconds = 30;
    office->now = INT64_C(1800000000);
    struct office_unit unit = {{.apply = office_fill}, office};
    assert_int_equal(store_run(office->house.store, &unit.unit), OK);
    *state = office;
    return 0;
}

static inline int office_teardown(void **state)
{
    struct office *office = *state;
    house_close(&office->house);
    memory_free(office);
    return 0;
}

/* A call by Basic; "name:secret" is split at the colon, NULL: no authentication. */
static inline struct call *office_call(struct office *office, const char *credentials)
{
    struct call *call = arena_new(office->house.arena, struct call);
    call->arena = office->house.arena;
    call->realm = &office->realm;
    call->now = office->now;
    call->client_authentication = CLIENT_BY_HEADER | CLIENT_BY_BODY;
    if (credentials) {
        struct str pair = str_of(credentials);
        size_t colon = str_find(pair, ':');
        call->authorization = (struct authorization){.is_present = true,
                                                     .is_basic = true,
                                                     .client_id = str_slice(pair, 0, colon),
                                                     .client_secret = str_slice(pair, colon + 1, pair.len)};
    }
    return call;
}

struct call_unit {
    struct unit unit;
    struct call *call;
    const struct operation *operation;
};

static inline enum outcome call_apply(struct unit *unit, struct store_tx *tx)
{
    struct call_unit *call_unit = (struct call_unit *)unit;
    call_unit->call->refusal = NOT_REFUSED;
    return call_unit->operation->apply(call_unit->call, tx);
}

/* Runs it to its end; gives the refusal, or NOT_REFUSED. The machine must not fail. */
static inline enum refusal office_run(struct office *office, struct call *call, const char *operation_name)
{
    const struct operation *operation = operation_find(str_of(operation_name));
    enum outcome outcome = operation->check(call);
    if (outcome == OK)
        outcome = operation->prepare(call, store_reader(office->house.store));
    if (outcome == OK && !call->is_settled) {
        struct call_unit unit = {{.apply = call_apply}, call, operation};
        outcome = store_run(office->house.store, &unit.unit);
    }
    assert_int_not_equal(outcome, FAILED);
    assert_int_equal(outcome == REFUSED, call->refusal != NOT_REFUSED);
    if (outcome == OK && operation->conclude)
        operation->conclude(call);
    return call->refusal;
}

static inline struct str office_fact(const struct call *call, enum fact_name name)
{
    return call->facts.present & UINT64_C(1) << name ? call->facts.values[name].text : STR_NONE;
}

/* Whether the guard lets the token pass. */
static inline enum refusal office_guard(struct office *office, struct str token)
{
    struct call *call = office_call(office, NULL);
    call->authorization = (struct authorization){.is_present = true, .token = token};
    return office_run(office, call, "guard");
}

static inline struct call *office_token(struct office *office, const char *credentials, const char *grant_type)
{
    struct call *call = office_call(office, credentials);
    call->parameters[PARAMETER_grant_type] = str_of(grant_type);
    return call;
}

/* Signs the account in by the plain client. */
static inline struct call *office_account(struct office *office)
{
    struct call *call = office_token(office, "plain:secret", "service_account");
    call->parameters[PARAMETER_account_id] = STR("42");
    call->parameters[PARAMETER_account_secret] = STR("account-secret");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    return call;
}

static inline struct call *office_refresh(struct office *office, const char *credentials, struct str token)
{
    struct call *call = office_token(office, credentials, "refresh_token");
    call->parameters[PARAMETER_refresh_token] = token;
    return call;
}
