/* What a realm is given when a configuration is published: a number that stays and a key of its own. */
#include "../store/fixture.h"

#include "daemon/configuration.h"
#include "daemon/realms.h"
#include "oauth/realm.h"

static void give_each_realm_its_own_number_and_key_and_the_same_again(void **state)
{
    struct fixture *fixture = *state;
    const struct digest key = {{1}}, other_key = {{2}};
    struct realm realms[3][2];
    const struct digest *const keys[] = {&key, &key, &other_key};
    memset(realms, 0, sizeof realms);
    for (size_t i = 0; i < 3; i++) {
        realms[i][0].name = STR("one");
        realms[i][1].name = STR("two");
        struct configuration configuration = {.realms = realms[i], .realm_count = 2};
        assert_int_equal(realms_resolve(&configuration, fixture->store, keys[i]), OK);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(realms[0][i].id, realms[1][i].id);
        assert_true(digest_equal(&realms[0][i].refresh_key, &realms[1][i].refresh_key));
        assert_false(digest_equal(&realms[0][i].refresh_key, &realms[2][i].refresh_key));
        assert_false(digest_equal(&realms[0][i].refresh_key, &key));
        assert_true(digest_equal(&realms[0][i].people.key, &realms[1][i].people.key));
        assert_false(digest_equal(&realms[0][i].people.key, &realms[2][i].people.key));
        assert_false(digest_equal(&realms[0][i].people.key, &realms[0][i].refresh_key));
    }
    assert_int_not_equal(realms[0][0].id, realms[0][1].id);
    assert_false(digest_equal(&realms[0][0].refresh_key, &realms[0][1].refresh_key));
    assert_false(digest_equal(&realms[0][0].people.key, &realms[0][1].people.key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(give_each_realm_its_own_number_and_key_and_the_same_again, open_fixture,
                                        close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
