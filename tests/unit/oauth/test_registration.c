/* What an application says of itself, and where its clients let people be sent. Behaviour 17. */
#include "../admin/house.h"

#include "oauth/redirect.h"
#include "oauth/registration.h"

#define CALLBACKS "https://a.example/cb http://127.0.0.1/cb com.example.app:/cb"

struct step {
    struct unit unit;
    enum outcome (*run)(struct step *step, struct store_tx *tx);
    struct registration call;
    struct application_draft draft;
    struct str client_id;
    struct str redirect_uris;
    int64_t id;
};

static enum outcome apply_step(struct unit *unit, struct store_tx *tx)
{
    struct step *step = (struct step *)unit;
    return step->run(step, tx);
}

static enum outcome run_register(struct step *step, struct store_tx *tx)
{
    return application_register(&step->call, tx, &step->draft, &step->id);
}

static enum outcome run_change(struct step *step, struct store_tx *tx)
{
    return client_change_redirect_uris(&step->call, tx, step->client_id, step->redirect_uris);
}

static enum outcome run_verify(struct step *step, struct store_tx *tx)
{
    return application_verify(&step->call, tx, step->id);
}

static enum outcome run_unverify(struct step *step, struct store_tx *tx)
{
    return application_unverify(&step->call, tx, step->id);
}

static enum outcome carry_out(struct house *house, struct step *step,
                              enum outcome (*run)(struct step *, struct store_tx *))
{
    step->unit.apply = apply_step;
    step->run = run;
    step->call = (struct registration){house->arena, &house->realms[0], 1000000, NULL};
    if (run == run_register)
        application_draw(house->arena, step->call.realm, &step->draft);
    return store_run(house->store, &step->unit);
}

static struct step registered(struct house *house, struct str redirect_uris)
{
    struct step step = {.draft = {.name = STR("An application"), .redirect_uris = redirect_uris}};
    step.draft.has_development = true;
    assert_int_equal(carry_out(house, &step, run_register), OK);
    step.client_id = step.draft.production.client_id;
    return step;
}

static const char *redirect_uris_of(struct house *house, struct str client_id)
{
    struct client_row *row;
    assert_int_equal(client_find(store_reader(house->store), house->arena, house->realms[0].id, client_id, &row), OK);
    return arena_cstr(house->arena, row->redirect_uris);
}

static struct application_row *load_application(struct house *house, int64_t id)
{
    struct application_row *row;
    assert_int_equal(application_find(store_reader(house->store), house->arena, id, &row), OK);
    return row;
}

/* [RFC6749 3.1.2.2] */
static void callbacks_are_registered_for_each_client(void **state)
{
    struct house *house = *state;
    struct step step = registered(house, STR("  https://a.example/cb   http://127.0.0.1/cb com.example.app:/cb "));
    assert_string_equal(redirect_uris_of(house, step.draft.production.client_id), CALLBACKS);
    assert_string_equal(redirect_uris_of(house, step.draft.development.client_id), CALLBACKS);
    struct step none = registered(house, STR_NONE);
    assert_string_equal(redirect_uris_of(house, none.client_id), "");
}

static void callbacks_of_one_client_may_change(void **state)
{
    struct house *house = *state;
    struct step step = registered(house, STR(CALLBACKS));
    step.redirect_uris = STR("https://b.example/cb");
    assert_int_equal(carry_out(house, &step, run_change), OK);
    assert_string_equal(redirect_uris_of(house, step.draft.production.client_id), "https://b.example/cb");
    assert_string_equal(redirect_uris_of(house, step.draft.development.client_id), CALLBACKS);
    step.redirect_uris = STR_NONE;
    assert_int_equal(carry_out(house, &step, run_change), OK);
    assert_string_equal(redirect_uris_of(house, step.draft.production.client_id), "");
    step.client_id = STR("nobody");
    assert_int_equal(carry_out(house, &step, run_change), REFUSED);
    assert_string_equal(step.call.refusal, "there is no such client");
}

static void what_is_no_callback_is_refused(void **state)
{
    static const char *const lists[] = {
        "https://a.example/cb#top",
        "/cb",
        "a.example/cb",
        "https:///cb",
        "https://a.example/cb?iss=1",
        "http://a.example/cb",
        "javascript:x",
        "https://a.example/cb http://a.example/cb",
        "https://a.example/cb https://a.example/cb",
    };
    struct house *house = *state;
    struct step kept = registered(house, STR(CALLBACKS));
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        struct step step = {.draft = {.name = STR("An application"), .redirect_uris = str_of(lists[i])}};
        assert_int_equal(carry_out(house, &step, run_register), REFUSED);
        assert_non_null(step.call.refusal);
        kept.redirect_uris = str_of(lists[i]);
        assert_int_equal(carry_out(house, &kept, run_change), REFUSED);
    }
    assert_string_equal(redirect_uris_of(house, kept.client_id), CALLBACKS);
}

static struct str many_uris(struct house *house, size_t count, int len)
{
    struct str list = STR("");
    for (size_t i = 0; i < count; i++)
        list = arena_printf(house->arena, "%.*s https://a.example/%0*zu", STR_ARGS(list),
                            len - (int)strlen("https://a.example/"), i);
    return list;
}

static void callbacks_have_limits(void **state)
{
    struct house *house = *state;
    struct step step = registered(house, STR_NONE);
    step.redirect_uris = many_uris(house, REDIRECT_URIS_MAX, 100);
    assert_int_equal(carry_out(house, &step, run_change), OK);
    step.redirect_uris = many_uris(house, REDIRECT_URIS_MAX + 1, 100);
    assert_int_equal(carry_out(house, &step, run_change), REFUSED);
    step.redirect_uris = many_uris(house, 4, REDIRECT_URI_MAX);
    assert_int_equal(carry_out(house, &step, run_change), OK);
    step.redirect_uris = many_uris(house, 1, REDIRECT_URI_MAX + 1);
    assert_int_equal(carry_out(house, &step, run_change), REFUSED);
    step.redirect_uris = many_uris(house, 5, REDIRECT_URI_MAX);
    assert_int_equal(carry_out(house, &step, run_change), REFUSED);
    assert_string_equal(step.call.refusal, "at most 10 redirect_uris of 8192 bytes together are allowed");
}

static void an_application_says_where_it_lives(void **state)
{
    struct house *house = *state;
    struct step step = {.draft = {.name = STR("An application"),
                                  .website = STR("https://a.example/about"),
                                  .logo_uri = STR("https://a.example/logo.png")}};
    assert_int_equal(carry_out(house, &step, run_register), OK);
    const struct application_row *row = load_application(house, step.id);
    assert_true(str_equal(row->website, STR("https://a.example/about")));
    assert_true(str_equal(row->logo_uri, STR("https://a.example/logo.png")));
    assert_int_equal(row->verified_at, 0);

    static const char *const others[] = {"http://a.example/",
                                         "javascript:x",
                                         "a.example",
                                         "https://a.example/ x",
                                         "https://user@a.example/",
                                         "https://a.example/\"onerror=x"};
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        step.draft.website = str_of(others[i]);
        step.draft.logo_uri = STR_NONE;
        assert_int_equal(carry_out(house, &step, run_register), REFUSED);
        step.draft.website = STR_NONE;
        step.draft.logo_uri = str_of(others[i]);
        assert_int_equal(carry_out(house, &step, run_register), REFUSED);
        assert_string_equal(step.call.refusal, "website and logo_uri must be https URLs of at most 500 bytes");
    }
    char text[WEBSITE_MAX + 1];
    memset(text, 'a', sizeof(text));
    memcpy(text, "https://a.example/", strlen("https://a.example/"));
    step.draft.logo_uri = (struct str){text, WEBSITE_MAX};
    assert_int_equal(carry_out(house, &step, run_register), OK);
    step.draft.logo_uri = (struct str){text, WEBSITE_MAX + 1};
    assert_int_equal(carry_out(house, &step, run_register), REFUSED);
}

static void the_operator_verifies_and_takes_it_back(void **state)
{
    struct house *house = *state;
    struct step step = registered(house, STR_NONE);
    assert_int_equal(carry_out(house, &step, run_verify), OK);
    assert_int_equal(load_application(house, step.id)->verified_at, 1000000);
    assert_true(str_equal(load_application(house, step.id)->name, STR("An application")));
    assert_int_equal(carry_out(house, &step, run_unverify), OK);
    assert_int_equal(load_application(house, step.id)->verified_at, 0);

    struct step verified = {.draft = {.name = STR("An application"), .is_verified = true}};
    assert_int_equal(carry_out(house, &verified, run_register), OK);
    assert_int_equal(load_application(house, verified.id)->verified_at, 1000000);
    verified.id = 12345;
    assert_int_equal(carry_out(house, &verified, run_verify), REFUSED);
    assert_string_equal(verified.call.refusal, "there is no such application");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(callbacks_are_registered_for_each_client), TEST(callbacks_of_one_client_may_change),
        TEST(what_is_no_callback_is_refused),           TEST(callbacks_have_limits),
        TEST(an_application_says_where_it_lives),       TEST(the_operator_verifies_and_takes_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
