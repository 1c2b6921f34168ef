#include "house.h"

#include "base/codec.h"
#include "crypto/checksum.h"
#include "oauth/registration.h"

/* Any step of registration as a unit of its own. */
struct step {
    struct unit unit;
    enum outcome (*run)(struct step *step, struct store_tx *tx);
    struct registration call;
    struct application_draft application;
    struct secret_draft secret;
    struct account_draft account;
    struct str client_id;
    int64_t id; /* goes in or comes out */
};

static enum outcome apply_step(struct unit *unit, struct store_tx *tx)
{
    struct step *step = (struct step *)unit;
    return step->run(step, tx);
}

static enum outcome run_register(struct step *step, struct store_tx *tx)
{
    return application_register(&step->call, tx, &step->application, &step->id);
}

static enum outcome run_stop(struct step *step, struct store_tx *tx)
{
    return application_stop(&step->call, tx, step->id);
}

static enum outcome run_resume(struct step *step, struct store_tx *tx)
{
    return application_resume(&step->call, tx, step->id);
}

static enum outcome run_remove(struct step *step, struct store_tx *tx)
{
    return application_remove(&step->call, tx, step->id);
}

static enum outcome run_add(struct step *step, struct store_tx *tx)
{
    return client_add_secret(&step->call, tx, step->client_id, &step->secret, &step->id);
}

static enum outcome run_revoke(struct step *step, struct store_tx *tx)
{
    return client_revoke_secret(&step->call, tx, step->client_id, step->id);
}

static enum outcome run_account(struct step *step, struct store_tx *tx)
{
    return account_register(&step->call, tx, &step->account, &step->id);
}

static struct step make_step(struct house *house, enum outcome (*run)(struct step *, struct store_tx *))
{
    struct step step = {.unit.apply = apply_step, .run = run};
    step.call = (struct registration){house->arena, &house->realms[0], 1000000, NULL};
    step.application.name = STR("An application");
    step.secret.label = STR("next");
    return step;
}

static enum outcome carry_out(struct house *house, struct step *step)
{
    if (step->run == run_register)
        application_draw(house->arena, step->call.realm, &step->application);
    if (step->run == run_add)
        step->secret.client_secret = credential_draw(house->arena, &step->call.realm->client_secret_format);
    if (step->run == run_account)
        account_draw(house->arena, step->call.realm, &step->account);
    return store_run(house->store, &step->unit);
}

static void assert_refused(struct house *house, struct step *step, const char *refusal)
{
    assert_int_equal(carry_out(house, step), REFUSED);
    assert_string_equal(step->call.refusal, refusal);
}

static struct client_row *load_client(struct house *house, struct str client_id)
{
    struct client_row *row;
    assert_int_equal(client_find(store_reader(house->store), house->arena, house->realms[0].id, client_id, &row), OK);
    return row;
}

/* Registers an application; its step tells what came of it. */
static struct step registered(struct house *house)
{
    struct step step = make_step(house, run_register);
    assert_int_equal(carry_out(house, &step), OK);
    return step;
}

static void an_application_has_a_production_client_always(void **state)
{
    struct house *house = *state;
    struct step step = registered(house);
    struct client_row *row = load_client(house, step.application.production.client_id);
    assert_non_null(row);
    assert_true(str_equal(row->environment, STR("production")));
    assert_int_equal(row->application_id, step.id);
    assert_false(str_is_present(step.application.development.client_id));
}

static void a_development_client_is_made_when_asked_and_differs(void **state)
{
    struct house *house = *state;
    struct step step = make_step(house, run_register);
    step.application.has_development = true;
    assert_int_equal(carry_out(house, &step), OK);
    struct client_row *row = load_client(house, step.application.development.client_id);
    assert_true(str_equal(row->environment, STR("development")));
    assert_false(str_equal(step.application.development.client_id, step.application.production.client_id));
    assert_false(str_equal(step.application.development.client_secret, step.application.production.client_secret));
}

static void only_the_hash_of_a_secret_is_kept(void **state)
{
    struct house *house = *state;
    struct step step = registered(house);
    struct client_row *row = load_client(house, step.application.production.client_id);
    struct digest hash = digest_sha256(step.application.production.client_secret);
    assert_int_equal(row->secret_count, 1);
    assert_true(digest_equal(&row->secrets[0].secret_hash, &hash));
}

static void a_public_client_has_no_secret_and_gets_none(void **state)
{
    struct house *house = *state;
    struct step step = make_step(house, run_register);
    step.application.flags = CLIENT_IS_PUBLIC;
    assert_int_equal(carry_out(house, &step), OK);
    assert_false(str_is_present(step.application.production.client_secret));
    assert_int_equal(load_client(house, step.application.production.client_id)->secret_count, 0);
    struct step add = make_step(house, run_add);
    add.client_id = step.application.production.client_id;
    assert_refused(house, &add, "a public client has no secret");
}

static void a_public_client_is_never_trusted(void **state)
{
    struct step step = make_step(*state, run_register);
    step.application.flags = CLIENT_IS_PUBLIC | CLIENT_IS_TRUSTED;
    assert_refused(*state, &step, "a public client has no secret: it can neither be trusted nor introspect");
}

static void names_are_1_to_100_bytes_of_one_line(void **state)
{
    char room[101];
    memset(room, 'n', sizeof(room));
    struct step step = make_step(*state, run_register);
    step.application.name = (struct str){room, 100};
    assert_int_equal(carry_out(*state, &step), OK);
    const struct str wrong[] = {{room, 101}, STR(""), STR("two\nlines"), STR("\xff")};
    for (size_t i = 0; i < 4; i++) {
        step.application.name = wrong[i];
        assert_refused(*state, &step, "name must be 1 to 100 bytes of UTF-8 without control characters");
    }
}

/* [RFC5321 4.5.3.1] No address that mail can carry is longer. */
static void owners_have_254_bytes_of_one_line_at_most(void **state)
{
    char room[255];
    memset(room, 'o', sizeof(room));
    struct step step = make_step(*state, run_register);
    step.application.owner = (struct str){room, 254};
    assert_int_equal(carry_out(*state, &step), OK);
    const struct str wrong[] = {{room, 255}, STR("two\nlines"), STR("\xff")};
    for (size_t i = 0; i < 3; i++) {
        step.application.owner = wrong[i];
        assert_refused(*state, &step, "owner must be at most 254 bytes of UTF-8 without control characters");
    }
}

static void a_clients_scope_is_within_the_realms(void **state)
{
    struct step step = make_step(*state, run_register);
    step.application.scope = STR("read org_12:read");
    assert_int_equal(carry_out(*state, &step), OK);
    step.application.scope = STR("read everything");
    assert_refused(*state, &step, "scope must be a list of the realm's scopes, of at most 4096 bytes");
}

static void a_refused_registration_leaves_nothing(void **state)
{
    struct house *house = *state;
    struct application_row *rows;
    size_t count;
    struct step step = make_step(house, run_register);
    step.application.name = STR("");
    assert_int_equal(carry_out(house, &step), REFUSED);
    assert_int_equal(application_list(store_reader(house->store), house->arena, 0, 0, 10, &rows, &count), OK);
    assert_int_equal(count, 0);
    assert_null(load_client(house, step.application.production.client_id));
}

static void a_client_has_five_live_secrets_at_most(void **state)
{
    struct house *house = *state;
    struct step add = make_step(house, run_add);
    add.client_id = registered(house).application.production.client_id;
    for (size_t count = 2; count <= SECRETS_PER_CLIENT_MAX; count++)
        assert_int_equal(carry_out(house, &add), OK);
    assert_refused(house, &add, "the client has five live secrets already: revoke one first");
    assert_int_equal(load_client(house, add.client_id)->secret_count, 5);
}

static void an_expired_secret_makes_room(void **state)
{
    struct house *house = *state;
    struct step add = make_step(house, run_add);
    add.client_id = registered(house).application.production.client_id;
    add.secret.expires_at = add.call.now + 1;
    assert_int_equal(carry_out(house, &add), OK);
    int64_t expiring = add.id;
    add.secret.expires_at = 0;
    for (size_t count = 3; count <= SECRETS_PER_CLIENT_MAX; count++)
        assert_int_equal(carry_out(house, &add), OK);
    assert_int_equal(carry_out(house, &add), REFUSED);
    add.call.now++;
    assert_int_equal(carry_out(house, &add), OK);
    struct client_row *row = load_client(house, add.client_id);
    assert_int_equal(row->secret_count, 5);
    for (size_t i = 0; i < row->secret_count; i++)
        assert_int_not_equal(row->secrets[i].id, expiring);
}

static void a_secret_must_not_be_born_expired(void **state)
{
    struct step add = make_step(*state, run_add);
    add.client_id = registered(*state).application.production.client_id;
    add.secret.expires_at = add.call.now;
    assert_refused(*state, &add, "the secret would have expired already");
}

static void a_label_has_64_bytes_at_most(void **state)
{
    char room[SECRET_LABEL_MAX + 1];
    memset(room, 'l', sizeof(room));
    struct step add = make_step(*state, run_add);
    add.client_id = registered(*state).application.production.client_id;
    add.secret.label = (struct str){room, SECRET_LABEL_MAX};
    assert_int_equal(carry_out(*state, &add), OK);
    add.secret.label.len++;
    assert_refused(*state, &add, "label must be at most 64 bytes of UTF-8 without control characters");
}

static void a_secret_is_revoked_once(void **state)
{
    struct house *house = *state;
    struct step add = make_step(house, run_add);
    add.client_id = registered(house).application.production.client_id;
    assert_int_equal(carry_out(house, &add), OK);
    add.run = run_revoke;
    assert_int_equal(carry_out(house, &add), OK);
    assert_int_equal(load_client(house, add.client_id)->secret_count, 1);
    assert_refused(house, &add, "the client has no such secret");
}

static void a_secret_of_another_client_cannot_be_revoked(void **state)
{
    struct house *house = *state;
    struct step revoke = make_step(house, run_revoke);
    struct str other = registered(house).application.production.client_id;
    revoke.client_id = registered(house).application.production.client_id;
    revoke.id = load_client(house, other)->secrets[0].id;
    assert_refused(house, &revoke, "the client has no such secret");
    assert_int_equal(load_client(house, other)->secret_count, 1);
}

static void suspension_reaches_the_clients_and_is_lifted(void **state)
{
    struct house *house = *state;
    struct step step = registered(house);
    struct str client_id = step.application.production.client_id;
    step.run = run_stop;
    assert_int_equal(carry_out(house, &step), OK);
    assert_int_equal(load_client(house, client_id)->suspended_at, step.call.now);
    step.run = run_resume;
    assert_int_equal(carry_out(house, &step), OK);
    assert_int_equal(load_client(house, client_id)->suspended_at, 0);
}

static void a_deleted_application_takes_its_clients_along(void **state)
{
    struct house *house = *state;
    struct step step = registered(house);
    step.run = run_remove;
    assert_int_equal(carry_out(house, &step), OK);
    assert_null(load_client(house, step.application.production.client_id));
    assert_refused(house, &step, "there is no such application");
}

static void nothing_reaches_into_another_realm(void **state)
{
    struct house *house = *state;
    struct step step = registered(house);
    step.call.realm = &house->realms[1];
    step.run = run_remove;
    assert_refused(house, &step, "there is no such application");
    step.run = run_add;
    step.client_id = step.application.production.client_id;
    assert_refused(house, &step, "there is no such client");
}

static void account_ids_are_made_up_as_numbers(void **state)
{
    struct step step = make_step(*state, run_account);
    int64_t number;
    assert_int_equal(carry_out(*state, &step), OK);
    assert_true(str_parse_int(step.account.account_id, &number));
    assert_in_range(number, 100000000, 999999999);
}

static void an_account_id_is_taken_once(void **state)
{
    struct step step = make_step(*state, run_account);
    step.account.account_id = STR("42");
    assert_int_equal(carry_out(*state, &step), OK);
    assert_refused(*state, &step, "account_id is taken");
    step.call.realm = &((struct house *)*state)->realms[1];
    assert_int_equal(carry_out(*state, &step), OK);
}

/* In the guard's header `-` is nobody, and blanks at the ends of a header are dropped. */
static void an_account_id_is_told_from_any_other_in_a_header(void **state)
{
    const struct str wrong[] = {STR("-"), STR(" "), STR(" 42"), STR("42 "), STR(""), STR("4\n2")};
    struct step step = make_step(*state, run_account);
    for (size_t i = 0; i < 6; i++) {
        step.account.account_id = wrong[i];
        assert_refused(*state, &step,
                       "account_id must be 1 to 64 bytes of UTF-8 without control characters and blanks at its ends, "
                       "and not -");
    }
    step.account.account_id = STR("- 4 2");
    assert_int_equal(carry_out(*state, &step), OK);
}

static void credentials_have_their_realms_shape(void **state)
{
    struct house *house = *state;
    struct str secret = credential_draw(house->arena, &house->realms[0].client_secret_format);
    char checksum[6];
    assert_int_equal(secret.len, 4 + 49);
    assert_true(str_has_prefix(secret, STR("jts_")));
    base62_write(checksum_crc32(0, str_slice(secret, 0, secret.len - 6)), sizeof(checksum), checksum);
    assert_memory_equal(secret.ptr + secret.len - 6, checksum, sizeof(checksum));
    const struct token_format odd = {STR(""), TOKEN_HEX, 41, false};
    struct str text = credential_draw(house->arena, &odd);
    assert_int_equal(text.len, 41);
    assert_int_equal(strspn(text.ptr, "0123456789abcdef"), 41);
}

static void random_bits_leave_out_prefix_and_checksum(void **state)
{
    (void)state;
    const struct token_format hex = {STR("abc_"), TOKEN_HEX, 40, false};
    const struct token_format base62 = {STR("abc_"), TOKEN_BASE62, 43, false};
    const struct token_format checked = {STR(""), TOKEN_BASE62, 49, true};
    const struct token_format tiny = {STR(""), TOKEN_BASE62, 5, true};
    assert_int_equal(credential_random_bits(&hex), 160);
    assert_int_equal(credential_random_bits(&base62), 256);
    assert_int_equal(credential_random_bits(&checked), 256);
    assert_int_equal(credential_random_bits(&tiny), 0);
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(an_application_has_a_production_client_always),
        RULE(a_development_client_is_made_when_asked_and_differs),
        RULE(only_the_hash_of_a_secret_is_kept),
        RULE(a_public_client_has_no_secret_and_gets_none),
        RULE(a_public_client_is_never_trusted),
        RULE(names_are_1_to_100_bytes_of_one_line),
        RULE(owners_have_254_bytes_of_one_line_at_most),
        RULE(a_clients_scope_is_within_the_realms),
        RULE(a_refused_registration_leaves_nothing),
        RULE(a_client_has_five_live_secrets_at_most),
        RULE(an_expired_secret_makes_room),
        RULE(a_secret_must_not_be_born_expired),
        RULE(a_label_has_64_bytes_at_most),
        RULE(a_secret_is_revoked_once),
        RULE(a_secret_of_another_client_cannot_be_revoked),
        RULE(suspension_reaches_the_clients_and_is_lifted),
        RULE(a_deleted_application_takes_its_clients_along),
        RULE(nothing_reaches_into_another_realm),
        RULE(account_ids_are_made_up_as_numbers),
        RULE(an_account_id_is_taken_once),
        RULE(an_account_id_is_told_from_any_other_in_a_header),
        RULE(credentials_have_their_realms_shape),
        RULE(random_bits_leave_out_prefix_and_checksum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
