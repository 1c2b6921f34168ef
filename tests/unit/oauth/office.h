/*
 * office.h — a realm with clients, an account, people and their instances in a real store, and calls to its
 * operations at any time of day.
 */
#pragma once

#include "../admin/house.h"

#include "oauth/authorize.h"
#include "oauth/call.h"
#include "oauth/grant.h"
#include "oauth/token.h"
#include "store/people.h"
#include "store/tokens.h"

struct office {
    struct house house;
    struct realm realm;
    int64_t now;
    int64_t client_rows[5]; /* "plain", "trusted", "server" (may introspect), "public", "writer" (scope: write me) */
    int64_t account_row;
    struct user_row users[3];         /* "alice" of both instances, "bob" of north, "carol" of none */
    struct instance_row instances[2]; /* "north" and "south" */
    int64_t application_rows[5];
};

enum { PLAIN, TRUSTED, SERVER, PUBLIC, WRITER };
enum { ALICE, BOB, CAROL };
enum { NORTH, SOUTH };

/* Of "public" the loopback address and the app's own scheme, of the others this one. */
#define CALLBACK        "https://client.example/cb?kept=1"
#define PUBLIC_CALLBACK "http://127.0.0.1/cb"

struct office_unit {
    struct unit unit;
    struct office *office;
};

static inline enum outcome office_add_client(struct office *office, struct store_tx *tx, int at, const char *name,
                                             unsigned flags, struct str scope)
{
    struct application_row application = {.realm_id = office->realm.id, .name = STR("A"), .created_at = 1};
    TRY(application_insert(tx, &application, &application.id));
    struct client_row client = {
        .realm_id = office->realm.id,
        .application_id = application.id,
        .client_id = str_of(name),
        .environment = STR("production"),
        .redirect_uris = flags & CLIENT_IS_PUBLIC ? STR(PUBLIC_CALLBACK " com.example.app:/cb") : STR(CALLBACK),
        .scope = scope,
        .flags = flags,
        .created_at = 1};
    TRY(client_insert(tx, &client, &client.id));
    office->client_rows[at] = client.id;
    office->application_rows[at] = application.id;
    struct secret_row secret = {.label = STR(""), .secret_hash = digest_sha256(STR("secret")), .created_at = 1};
    if (flags & CLIENT_IS_PUBLIC)
        return OK;
    return secret_insert(tx, client.id, &secret, &secret.id);
}

static inline enum outcome office_add_people(struct office *office, struct store_tx *tx)
{
    static const char *const instances[] = {"north", "south"}, *const users[] = {"alice", "bob", "carol"};
    for (size_t i = 0; i < 2; i++) {
        struct instance_row *row = &office->instances[i];
        *row = (struct instance_row){
            .realm_id = office->realm.id, .name = str_of(instances[i]), .title = STR("A station"), .created_at = 1};
        TRY(instance_insert(tx, row, &row->id));
    }
    for (size_t i = 0; i < 3; i++) {
        struct user_row *row = &office->users[i];
        *row = (struct user_row){.realm_id = office->realm.id,
                                 .username = str_of(users[i]),
                                 .display_name = STR("A person"),
                                 .email = STR(""),
                                 .password_hash = STR(""),
                                 .totp_key = STR(""),
                                 .created_at = 1};
        TRY(user_insert(tx, row, &row->id));
    }
    TRY(membership_put(tx, office->users[ALICE].id, office->instances[NORTH].id, STR("owner")));
    TRY(membership_put(tx, office->users[ALICE].id, office->instances[SOUTH].id, STR("guest")));
    return membership_put(tx, office->users[BOB].id, office->instances[NORTH].id, STR("guest"));
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
    TRY(office_add_people(office, tx));
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
    office->realm.grants[GRANT_AUTHORIZATION_CODE] = (struct grant_policy){true, false, true, STR_NONE};
    office->realm.grants[GRANT_IMPLICIT] = (struct grant_policy){true, false, false, STR_NONE};
    office->realm.code = (struct token_policy){{STR(""), TOKEN_HEX, 40, false}, 60};
    office->realm.authorize.pkce = PKCE_PUBLIC;
    office->realm.authorize.tells_issuer = true;
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

/* In one transaction of its own. */
struct deed {
    struct unit unit;
    const struct office *office;
    enum outcome (*act)(const struct office *office, struct store_tx *tx);
};

static inline enum outcome deed_apply(struct unit *unit, struct store_tx *tx)
{
    const struct deed *deed = (struct deed *)unit;
    return deed->act(deed->office, tx);
}

static inline void office_perform(const struct office *office,
                                  enum outcome (*act)(const struct office *, struct store_tx *))
{
    struct deed deed = {{.apply = deed_apply}, office, act};
    assert_int_equal(store_run(office->house.store, &deed.unit), OK);
}

static inline enum outcome disable_alice(const struct office *office, struct store_tx *tx)
{
    struct user_row row = office->users[ALICE];
    row.disabled_at = office->now;
    return user_update(tx, &row);
}

/* As whoever takes a membership away does it. */
static inline enum outcome take_alice_from_north(const struct office *office, struct store_tx *tx)
{
    int64_t user = office->users[ALICE].id, instance = office->instances[NORTH].id;
    bool found;
    TRY(membership_delete(tx, user, instance, &found));
    return grant_revoke_of_user(tx, user, 0, instance, office->now);
}

static inline enum outcome take_membership_only(const struct office *office, struct store_tx *tx)
{
    bool found;
    return membership_delete(tx, office->users[ALICE].id, office->instances[NORTH].id, &found);
}

static inline enum outcome withdraw_all(const struct office *office, struct store_tx *tx)
{
    return grant_revoke_of_user(tx, office->users[ALICE].id, 0, 0, office->now);
}

static inline enum outcome suspend_plain(const struct office *office, struct store_tx *tx)
{
    return application_suspend(tx, office->application_rows[PLAIN], office->now);
}

/* Runs `apply` in the store's transaction; the machine must not fail. */
static inline enum refusal office_apply(struct office *office, struct call *call,
                                        enum outcome (*apply)(struct call *, struct store_tx *))
{
    const struct operation operation = {.apply = apply};
    struct call_unit unit = {{.apply = call_apply}, call, &operation};
    enum outcome outcome = store_run(office->house.store, &unit.unit);
    assert_int_not_equal(outcome, FAILED);
    assert_int_equal(outcome == REFUSED, call->refusal != NOT_REFUSED);
    return call->refusal;
}

/* Runs it to its end; gives the refusal, or NOT_REFUSED. The machine must not fail. */
static inline enum refusal office_run(struct office *office, struct call *call, const char *operation_name)
{
    const struct operation *operation = operation_find(str_of(operation_name));
    enum outcome outcome = operation->check(call);
    if (outcome == OK)
        outcome = operation->prepare(call, store_reader(office->house.store));
    if (outcome == OK && call->must_prove)
        outcome = operation->prove(call);
    if (outcome == OK && !call->is_settled)
        outcome = office_apply(office, call, operation->apply) ? REFUSED : OK;
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

/* A public client's call: its name in the body and no secret. */
static inline struct call *office_public(struct office *office, const char *grant_type)
{
    struct call *call = office_token(office, NULL, grant_type);
    call->parameters[PARAMETER_client_id] = STR("public");
    return call;
}

/* An authorization request. */
static inline struct call *office_question(struct office *office, const char *client_id, const char *response_type)
{
    struct call *call = office_call(office, NULL);
    call->parameters[PARAMETER_client_id] = str_of(client_id);
    call->parameters[PARAMETER_response_type] = str_of(response_type);
    return call;
}

static inline enum refusal office_ask(struct office *office, struct call *call)
{
    enum outcome outcome = authorize_check(call);
    if (outcome == OK)
        outcome = authorize_prepare(call, store_reader(office->house.store));
    assert_int_not_equal(outcome, FAILED);
    assert_int_equal(outcome == REFUSED, call->refusal != NOT_REFUSED);
    return call->refusal;
}

/* The person allows what was asked, by a form of this name. instance: NORTH, SOUTH or -1 for none. */
static inline enum refusal office_allow(struct office *office, struct call *call, int user, int instance,
                                        const char *form)
{
    call->user = &office->users[user];
    call->instance = instance < 0 ? NULL : &office->instances[instance];
    call->authorize.submission = digest_sha256(str_of(form));
    enum refusal refusal = office_apply(office, call, authorize_apply);
    if (!refusal)
        authorize_conclude(call);
    return refusal;
}

/* Alice allows the plain client to read, in the north. */
static inline struct str office_code(struct office *office, const char *form)
{
    struct call *call = office_question(office, "plain", "code");
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
    assert_int_equal(office_allow(office, call, ALICE, NORTH, form), NOT_REFUSED);
    return office_fact(call, FACT_code);
}

static inline struct call *office_redemption(struct office *office, const char *credentials, struct str code)
{
    struct call *call = office_token(office, credentials, "authorization_code");
    call->parameters[PARAMETER_code] = code;
    return call;
}

static inline struct call *office_redeem(struct office *office, struct str code)
{
    struct call *call = office_redemption(office, "plain:secret", code);
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    return call;
}
