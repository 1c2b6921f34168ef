/* Who may be registered, what a password must be, and what changes with people. */
#include "town.h"

#include "identity/common_password.h"
#include "identity/handle.h"
#include "identity/session.h"
#include "store/tokens.h"

static enum person_problem register_as(struct town *town, struct str username)
{
    int64_t id;
    return town_register(town, &(struct user_draft){.username = username}, &id);
}

static struct str repeat(struct town *town, char byte, size_t count)
{
    char *room = arena_alloc(town->arena, count + 1);
    memset(room, byte, count);
    return (struct str){room, count};
}

static void names_are_kept_and_compared_in_lower_case(void **state)
{
    struct town *town = *state;
    assert_true(str_equal(town_user(town, town->ann)->username, STR("ann@example.com")));
    assert_int_equal(register_as(town, STR("ANN@example.COM")), PERSON_username_taken);
    assert_int_equal(register_as(town, STR("bob")), PERSON_FINE); /* he is of the other realm */
    assert_int_equal(register_as(town, STR("Bob")), PERSON_username_taken);
}

static void names_have_a_syntax_and_a_limit(void **state)
{
    static const struct str bad[] = {
        STR_INIT(""),        STR_INIT(" "),        STR_INIT("a b"),
        STR_INIT("a\0b"),    STR_INIT("a\nb"),     STR_INIT("<script>"),
        STR_INIT("a/b"),     STR_INIT("\xc3\xa4"), STR_INIT("\xff"),
        STR_INIT("@"),       STR_INIT("a@"),       STR_INIT("@b.example"),
        STR_INIT("a@b@c"),   STR_INIT("a@b..c"),   STR_INIT("a@.b"),
        STR_INIT("a@b."),    STR_INIT("a@-b.c"),   STR_INIT("a b@c.d"),
        STR_INIT("a,b@c.d"), STR_INIT("<a@b.c>"),  STR_INIT("a@b.c\r\nBcc: d@e.f"),
    };
    struct town *town = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (register_as(town, bad[i]) != PERSON_username_malformed)
            fail_msg("\"%.*s\" was registered", STR_ARGS(bad[i]));
    }
    assert_int_equal(register_as(town, STR("o'brien+x@sub.example-host.com")), PERSON_FINE);
    assert_int_equal(register_as(town, STR("a.b_c-9")), PERSON_FINE);
    assert_int_equal(register_as(town, repeat(town, 'a', USERNAME_MAX)), PERSON_FINE);
    assert_int_equal(register_as(town, repeat(town, 'a', USERNAME_MAX + 1)), PERSON_username_malformed);
}

static void a_draft_says_the_least(void **state)
{
    struct town *town = *state;
    int64_t id;
    assert_int_equal(town_register(town, &(struct user_draft){.username = STR("Carl@Example.com")}, &id),
                     PERSON_FINE);
    const struct user_row *carl = town_user(town, id);
    assert_true(str_equal(carl->email, STR("carl@example.com")));
    assert_true(str_equal(carl->display_name, STR("carl@example.com")));
    assert_true(str_is_empty(carl->password_hash));
    assert_int_equal(carl->email_confirmed_at, 0);
    assert_int_equal(carl->created_at, TOWN_NOW);
    assert_int_equal(town_user(town, town->ann)->email_confirmed_at, TOWN_NOW);
    assert_true(str_is_empty(town_user(town, town->bob)->email));
}

static void what_else_is_registered_is_looked_at(void **state)
{
    struct town *town = *state;
    int64_t id;
    struct user_draft draft = {.username = STR("carl"), .email = STR("no address")};
    assert_int_equal(town_register(town, &draft, &id), PERSON_email_malformed);
    draft.email = STR_NONE;
    draft.display_name = STR("a\x1b[2Jb");
    assert_int_equal(town_register(town, &draft, &id), PERSON_display_name_malformed);
    draft.display_name = repeat(town, 'x', DISPLAY_NAME_MAX + 1);
    assert_int_equal(town_register(town, &draft, &id), PERSON_display_name_malformed);
    draft.display_name = repeat(town, 'x', DISPLAY_NAME_MAX);
    draft.password_hash = STR("correct horse"); /* the password itself, by mistake */
    assert_int_equal(town_register(town, &draft, &id), PERSON_password_hash_unknown);
    draft.password_hash = STR("$2b$04$CCCCCCCCCCCCCCCCCCCCC.K7Qr0se1MxuggH4aP4YgB.U2Em1pGSK");
    assert_int_equal(town_register(town, &draft, &id), PERSON_FINE);
}

/* [NIST SP 800-63B 5.1.1.2] */
static void passwords_are_long_and_not_the_first_to_be_tried(void **state)
{
    static const struct {
        struct str password;
        enum person_problem problem;
    } cases[] = {
        {STR_INIT(""), PERSON_password_short},
        {STR_INIT("nine sign"), PERSON_password_short},
        {STR_INIT("ten signs!"), PERSON_FINE},
        {STR_INIT("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"), PERSON_password_short}, /* five characters */
        {STR_INIT("\xc3\xa4 \xc3\xb6 \xc3\xbc \xc3\x9f \xe2\x82\xac gut"), PERSON_FINE},
        {STR_INIT("not \xff UTF-8 at all"), PERSON_password_not_text},
        {STR_INIT("with\0a zero byte"), PERSON_password_not_text},
        {STR_INIT("Ann@Example.com"), PERSON_password_username},
        {STR_INIT("password2026!"), PERSON_password_common},
        {STR_INIT("Qwertyuiop1"), PERSON_password_common},
        {STR_INIT("aaaaaaaaaaaaaaaa"), PERSON_password_common},
        {STR_INIT("abcabcabcabc"), PERSON_password_common},
        {STR_INIT("1234567890123"), PERSON_password_common},
        {STR_INIT("9876543210"), PERSON_password_common},
        {STR_INIT("CorrectHorseBatteryStaple"), PERSON_password_common},
        {STR_INIT("correct horse"), PERSON_FINE},
        {STR_INIT("sunshine over the hill"), PERSON_FINE},
        {STR_INIT("X7qkkV29bmz0"), PERSON_FINE},
    };
    struct town *town = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        enum person_problem problem = password_problem(&town->people, STR("ann@example.com"), cases[i].password);
        if (problem != cases[i].problem)
            fail_msg("\"%.*s\": %.*s", STR_ARGS(cases[i].password), STR_ARGS(person_problem_name(problem)));
    }
    assert_int_equal(password_problem(&town->people, STR("ann"), repeat(town, '\x7e', PASSWORD_MAX + 1)),
                     PERSON_password_long);
}

static void the_apis_own_name_is_common(void **state)
{
    (void)state;
    assert_true(password_is_common(STR("Podium2026!"), STR("podium")));
    assert_false(password_is_common(STR("Podium2026!"), STR("another")));
    assert_false(password_is_common(STR("api and something else"), STR("api")));
}

static void every_problem_has_a_name_and_a_text(void **state)
{
    (void)state;
    for (enum person_problem problem = PERSON_FINE + 1; problem < PERSON_PROBLEM_COUNT; problem++) {
        assert_false(str_is_empty(person_problem_name(problem)));
        assert_false(str_is_empty(person_problem_text(problem)));
    }
    assert_true(str_equal(person_problem_name(PERSON_username_taken), STR("username_taken")));
}

struct changes {
    int64_t user_id;
    int64_t session_ids[3];
    int64_t instance_ids[2];
    int64_t grant_ids[2];
    enum person_problem problem;
    struct str text;
};

static enum outcome begin_sessions(struct town *town, struct store_tx *tx, void *subject)
{
    struct changes *changes = subject;
    for (size_t i = 0; i < 3; i++) {
        struct session_draft draft = {.user_id = town->ann, .factors = FACTOR_PASSWORD};
        handle_draw(town->arena, &draft.handle);
        TRY(session_begin(tx, &town->people, &draft, town->now));
        changes->session_ids[i] = draft.handle.id;
    }
    return OK;
}

static size_t count_sessions(struct town *town, int64_t user_id)
{
    struct session_row *rows;
    size_t count;
    assert_int_equal(session_list(town_reader(town), town->arena, user_id, town->now, 10, &rows, &count), OK);
    return count;
}

static enum outcome change_password(struct town *town, struct store_tx *tx, void *subject)
{
    struct changes *changes = subject;
    struct person_step step = town_person(town);
    enum outcome outcome = user_change_password(&step, tx, changes->user_id, changes->text, changes->session_ids[1]);
    changes->problem = step.problem;
    return outcome;
}

static void a_new_password_ends_the_other_sessions(void **state)
{
    struct town *town = *state;
    struct changes changes = {.user_id = town->ann};
    const struct password_cost cost = people_password_cost(&town->people);
    assert_int_equal(town_run(town, begin_sessions, &changes), OK);
    assert_int_equal(count_sessions(town, town->ann), 3);
    changes.text = password_hash(town->arena, STR("another horse"), &cost);
    assert_int_equal(town_run(town, change_password, &changes), OK);
    assert_int_equal(count_sessions(town, town->ann), 1);
    assert_true(password_fits(STR("another horse"), town_user(town, town->ann)->password_hash));
    changes.text = STR("no hash");
    assert_int_equal(town_run(town, change_password, &changes), REFUSED);
    assert_int_equal(changes.problem, PERSON_password_hash_unknown);
    changes.text = STR_NONE; /* no memory to hash it: the old one stays */
    assert_int_equal(town_run(town, change_password, &changes), REFUSED);
}

static enum outcome disable(struct town *town, struct store_tx *tx, void *subject)
{
    struct changes *changes = subject;
    struct person_step step = town_person(town);
    enum outcome outcome = user_disable(&step, tx, changes->user_id);
    changes->problem = step.problem;
    return outcome;
}

static enum outcome enable(struct town *town, struct store_tx *tx, void *subject)
{
    struct person_step step = town_person(town);
    return user_enable(&step, tx, ((struct changes *)subject)->user_id);
}

static void a_disabled_user_has_no_sessions_until_enabled_and_signed_in_again(void **state)
{
    struct town *town = *state;
    struct changes changes = {.user_id = town->ann};
    assert_int_equal(town_run(town, begin_sessions, &changes), OK);
    assert_int_equal(town_run(town, disable, &changes), OK);
    assert_int_equal(count_sessions(town, town->ann), 0);
    assert_int_equal(town_user(town, town->ann)->disabled_at, TOWN_NOW);
    town->now += 10;
    assert_int_equal(town_run(town, disable, &changes), OK);
    assert_int_equal(town_user(town, town->ann)->disabled_at, TOWN_NOW); /* since when stays */
    assert_int_equal(town_run(town, enable, &changes), OK);
    assert_int_equal(town_user(town, town->ann)->disabled_at, 0);
    assert_int_equal(count_sessions(town, town->ann), 0);
}

static void people_of_other_realms_do_not_exist(void **state)
{
    struct town *town = *state;
    struct changes changes = {.user_id = town->bob};
    assert_int_equal(town_run(town, disable, &changes), REFUSED);
    assert_int_equal(changes.problem, PERSON_user_unknown);
    assert_int_equal(town_user(town, town->bob)->disabled_at, 0);
}

static enum outcome change_the_rest(struct town *town, struct store_tx *tx, void *subject)
{
    struct person_step step = town_person(town);
    (void)subject;
    TRY(user_rename(&step, tx, town->ann, STR("Ann Miller")));
    TRY(user_change_roles(&step, tx, town->ann, USER_IS_OPERATOR));
    return user_change_email(&step, tx, town->ann, STR("New@Example.com"));
}

static void name_roles_and_address_change(void **state)
{
    struct town *town = *state;
    town->now += 100;
    assert_int_equal(town_run(town, change_the_rest, NULL), OK);
    const struct user_row *ann = town_user(town, town->ann);
    assert_true(str_equal(ann->display_name, STR("Ann Miller")));
    assert_int_equal(ann->roles, USER_IS_OPERATOR);
    assert_true(str_equal(ann->email, STR("new@example.com")));
    assert_int_equal(ann->email_confirmed_at, town->now);
    assert_true(str_equal(ann->username, STR("ann@example.com")));
}

static enum outcome register_instance(struct town *town, struct store_tx *tx, void *subject)
{
    struct changes *changes = subject;
    struct person_step step = town_person(town);
    enum outcome outcome = instance_register(&step, tx, changes->text, STR_NONE, &changes->instance_ids[0]);
    changes->problem = step.problem;
    return outcome;
}

static enum person_problem register_instance_as(struct town *town, struct str name)
{
    struct changes changes = {.text = name};
    assert_int_not_equal(town_run(town, register_instance, &changes), FAILED);
    return changes.problem;
}

/* [RFC1123 2.1] */
static void instances_have_names_that_can_stand_in_a_host_name(void **state)
{
    static const struct str bad[] = {STR_INIT(""),    STR_INIT("A"),       STR_INIT("a.b"), STR_INIT("a_b"),
                                     STR_INIT("a b"), STR_INIT("a\0b"),    STR_INIT("-"),   STR_INIT("-a"),
                                     STR_INIT("a-"),  STR_INIT("\xc3\xa4")};
    struct town *town = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(register_instance_as(town, bad[i]), PERSON_instance_malformed);
    assert_int_equal(register_instance_as(town, STR("desert-broadcasters")), PERSON_FINE);
    assert_int_equal(register_instance_as(town, STR("desert-broadcasters")), PERSON_instance_taken);
    assert_int_equal(register_instance_as(town, repeat(town, 'a', INSTANCE_NAME_MAX)), PERSON_FINE);
    assert_int_equal(register_instance_as(town, repeat(town, 'a', INSTANCE_NAME_MAX + 1)), PERSON_instance_malformed);
}

/* Ann in two instances, with a grant in each. */
static enum outcome settle(struct town *town, struct store_tx *tx, void *subject)
{
    struct changes *changes = subject;
    struct person_step step = town_person(town);
    struct application_row application = {.realm_id = town->people.realm_id,
                                          .name = STR("A"),
                                          .owner = STR(""),
                                          .website = STR(""),
                                          .logo_uri = STR(""),
                                          .created_at = 1};
    struct client_row client = {.realm_id = town->people.realm_id,
                                .client_id = STR("client"),
                                .environment = STR("production"),
                                .redirect_uris = STR(""),
                                .created_at = 1};
    int64_t scope_set;
    TRY(application_insert(tx, &application, &client.application_id));
    TRY(client_insert(tx, &client, &client.id));
    TRY(scope_set_intern(tx, STR("read"), &scope_set));
    for (size_t i = 0; i < 2; i++) {
        struct str name = i ? STR("south") : STR("north");
        TRY(instance_register(&step, tx, name, STR("Title"), &changes->instance_ids[i]));
        TRY(user_join(&step, tx, town->ann, changes->instance_ids[i], STR_NONE));
        struct grant_row grant = {.client_id = client.id,
                                  .user_id = town->ann,
                                  .instance_id = changes->instance_ids[i],
                                  .scope_set = scope_set,
                                  .created_at = town->now};
        TRY(grant_insert(tx, &grant, &changes->grant_ids[i]));
    }
    return OK;
}

static enum outcome leave(struct town *town, struct store_tx *tx, void *subject)
{
    struct changes *changes = subject;
    struct person_step step = town_person(town);
    enum outcome outcome = user_leave(&step, tx, changes->user_id, changes->instance_ids[0]);
    changes->problem = step.problem;
    return outcome;
}

static int64_t revoked_at(struct town *town, int64_t grant_id)
{
    struct grant_row *grant;
    assert_int_equal(grant_find(town_reader(town), town->arena, grant_id, &grant), OK);
    assert_non_null(grant);
    return grant->revoked_at;
}

static void leaving_an_instance_revokes_what_was_allowed_there(void **state)
{
    struct town *town = *state;
    struct changes changes = {.user_id = town->ann};
    bool is_member;
    assert_int_equal(town_run(town, settle, &changes), OK);
    assert_int_equal(town_run(town, leave, &changes), OK);
    assert_int_equal(revoked_at(town, changes.grant_ids[0]), TOWN_NOW);
    assert_int_equal(revoked_at(town, changes.grant_ids[1]), 0);
    assert_int_equal(membership_find(town_reader(town), town->arena, town->ann, changes.instance_ids[0], &is_member),
                     OK);
    assert_false(is_member);
    assert_int_equal(town_run(town, leave, &changes), REFUSED);
    assert_int_equal(changes.problem, PERSON_not_a_member);
}

static enum outcome join(struct town *town, struct store_tx *tx, void *subject)
{
    struct changes *changes = subject;
    struct person_step step = town_person(town);
    enum outcome outcome = user_join(&step, tx, changes->user_id, changes->instance_ids[0], changes->text);
    changes->problem = step.problem;
    return outcome;
}

static void nobody_joins_across_realms(void **state)
{
    struct town *town = *state;
    struct changes changes = {.user_id = town->ann};
    assert_int_equal(town_run(town, settle, &changes), OK);
    changes.user_id = town->bob;
    assert_int_equal(town_run(town, join, &changes), REFUSED);
    assert_int_equal(changes.problem, PERSON_user_unknown);
    changes.user_id = town->ann;
    changes.text = STR("Chief Editor");
    assert_int_equal(town_run(town, join, &changes), REFUSED);
    assert_int_equal(changes.problem, PERSON_role_malformed);
    changes.text = STR("editor");
    assert_int_equal(town_run(town, join, &changes), OK);
    changes.instance_ids[0] = 4711;
    assert_int_equal(town_run(town, join, &changes), REFUSED);
    assert_int_equal(changes.problem, PERSON_instance_unknown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOWN_TEST(names_are_kept_and_compared_in_lower_case),
        TOWN_TEST(names_have_a_syntax_and_a_limit),
        TOWN_TEST(a_draft_says_the_least),
        TOWN_TEST(what_else_is_registered_is_looked_at),
        TOWN_TEST(passwords_are_long_and_not_the_first_to_be_tried),
        TOWN_TEST(the_apis_own_name_is_common),
        TOWN_TEST(every_problem_has_a_name_and_a_text),
        TOWN_TEST(a_new_password_ends_the_other_sessions),
        TOWN_TEST(a_disabled_user_has_no_sessions_until_enabled_and_signed_in_again),
        TOWN_TEST(people_of_other_realms_do_not_exist),
        TOWN_TEST(name_roles_and_address_change),
        TOWN_TEST(instances_have_names_that_can_stand_in_a_host_name),
        TOWN_TEST(leaving_an_instance_revokes_what_was_allowed_there),
        TOWN_TEST(nobody_joins_across_realms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
