/* The second step: who must show it, codes that are good once, and recovery codes. */
#include "town.h"

#include "crypto/totp.h"
#include "identity/factor.h"

struct attempt {
    struct str sealed;
    struct str code;
    struct str codes[RECOVERY_CODE_COUNT];
    int64_t user_id;
    bool fits;
    unsigned factor;
};

static struct str code_of(struct town *town, int64_t user_id, struct str sealed, int64_t at)
{
    struct str key;
    char room[TOTP_DIGITS];
    assert_true(factor_open(town->arena, &town->people, user_id, sealed, &key));
    totp_write(key, at / TOTP_STEP_SECONDS, room);
    return arena_str(town->arena, (struct str){room, TOTP_DIGITS});
}

static enum outcome set_up_step(struct town *town, struct store_tx *tx, void *subject)
{
    struct attempt *attempt = subject;
    struct person_step step = town_person(town);
    return factor_set_up(&step, tx, attempt->user_id, attempt->sealed, attempt->code, attempt->codes, &attempt->fits);
}

static struct attempt set_up(struct town *town)
{
    struct attempt attempt = {.user_id = town->ann};
    attempt.sealed = factor_draw(town->arena, &town->people, town->ann);
    attempt.code = code_of(town, town->ann, attempt.sealed, town->now);
    recovery_codes_draw(town->arena, attempt.codes);
    assert_int_equal(town_run(town, set_up_step, &attempt), OK);
    assert_true(attempt.fits);
    return attempt;
}

static enum outcome verify_step(struct town *town, struct store_tx *tx, void *subject)
{
    struct attempt *attempt = subject;
    struct person_step step = town_person(town);
    return factor_verify(&step, tx, attempt->user_id, attempt->code, &attempt->factor);
}

static unsigned verify(struct town *town, struct str code)
{
    struct attempt attempt = {.user_id = town->ann, .code = code, .factor = 77};
    assert_int_equal(town_run(town, verify_step, &attempt), OK);
    return attempt.factor;
}

static void a_code_confirms_the_key(void **state)
{
    struct town *town = *state;
    struct attempt attempt = {.user_id = town->ann};
    attempt.sealed = factor_draw(town->arena, &town->people, town->ann);
    attempt.code = STR("000000");
    if (str_equal(attempt.code, code_of(town, town->ann, attempt.sealed, town->now)))
        attempt.code = STR("000001");
    recovery_codes_draw(town->arena, attempt.codes);
    assert_int_equal(town_run(town, set_up_step, &attempt), OK);
    assert_false(attempt.fits);
    assert_false(factor_is_set_up(town_user(town, town->ann)));
    set_up(town);
    assert_true(factor_is_set_up(town_user(town, town->ann)));
}

static void a_sealed_key_is_its_users_and_its_realms(void **state)
{
    struct town *town = *state;
    struct str key, sealed = factor_draw(town->arena, &town->people, town->ann);
    assert_true(factor_open(town->arena, &town->people, town->ann, sealed, &key));
    assert_int_equal(key.len, TOTP_KEY_LEN);
    assert_false(factor_open(town->arena, &town->people, town->bob, sealed, &key));
    assert_false(factor_open(town->arena, &town->others, town->ann, sealed, &key));
    assert_false(factor_open(town->arena, &town->people, town->ann, STR(""), &key));
}

/* [RFC6238 5.2] */
static void each_code_is_good_once(void **state)
{
    struct town *town = *state;
    struct attempt attempt = set_up(town);
    assert_int_equal(verify(town, attempt.code), 0); /* the one that set it up */
    town->now += 30;
    struct str code = code_of(town, town->ann, attempt.sealed, town->now);
    assert_int_equal(verify(town, code), FACTOR_TOTP);
    assert_int_equal(verify(town, code), 0);
    town->now += 90;
    assert_int_equal(verify(town, code), 0);
}

static void recovery_codes_work_once_however_they_are_typed(void **state)
{
    struct town *town = *state;
    struct attempt attempt = set_up(town);
    struct str code = attempt.codes[3];
    size_t count;
    assert_int_equal(code.len, RECOVERY_CODE_LEN);
    assert_int_equal(verify(town, code), FACTOR_RECOVERY_CODE);
    assert_int_equal(verify(town, code), 0);
    struct str loud = arena_printf(town->arena, " %.5s %.5s", attempt.codes[4].ptr, attempt.codes[4].ptr + 6);
    for (size_t i = 0; i < loud.len; i++)
        ((char *)loud.ptr)[i] = (char)(loud.ptr[i] >= 'a' && loud.ptr[i] <= 'z' ? loud.ptr[i] - 32 : loud.ptr[i]);
    assert_int_equal(verify(town, loud), FACTOR_RECOVERY_CODE);
    assert_int_equal(verify(town, STR("")), 0);
    assert_int_equal(verify(town, STR_NONE), 0);
    assert_int_equal(verify(town, str_slice(attempt.codes[5], 0, 10)), 0);
    assert_int_equal(recovery_code_count(town_reader(town), town->ann, &count), OK);
    assert_int_equal(count, RECOVERY_CODE_COUNT - 2);
}

static enum outcome renew_step(struct town *town, struct store_tx *tx, void *subject)
{
    struct person_step step = town_person(town);
    return factor_renew_codes(&step, tx, town->ann, ((struct attempt *)subject)->codes);
}

static void new_recovery_codes_end_the_old_ones(void **state)
{
    struct town *town = *state;
    struct attempt attempt = set_up(town);
    struct str old = attempt.codes[0];
    recovery_codes_draw(town->arena, attempt.codes);
    for (size_t i = 1; i < RECOVERY_CODE_COUNT; i++)
        assert_false(str_equal(attempt.codes[i], attempt.codes[i - 1]));
    assert_int_equal(town_run(town, renew_step, &attempt), OK);
    assert_int_equal(verify(town, old), 0);
    assert_int_equal(verify(town, attempt.codes[9]), FACTOR_RECOVERY_CODE);
}

static enum outcome add_passkey(struct town *town, struct store_tx *tx, void *subject)
{
    struct passkey_row row = {.user_id = town->ann,
                              .credential_id = STR("AAAA"),
                              .public_key = STR("AAAA"),
                              .algorithm = -7,
                              .label = STR("key"),
                              .created_at = town->now};
    return passkey_insert(tx, &row, subject);
}

static enum outcome remove_step(struct town *town, struct store_tx *tx, void *subject)
{
    struct person_step step = town_person(town);
    (void)subject;
    return factor_remove(&step, tx, town->ann);
}

static void removing_the_app_takes_the_codes_unless_a_passkey_needs_them(void **state)
{
    struct town *town = *state;
    size_t count;
    int64_t id;
    set_up(town);
    assert_int_equal(town_run(town, remove_step, NULL), OK);
    assert_false(factor_is_set_up(town_user(town, town->ann)));
    assert_int_equal(recovery_code_count(town_reader(town), town->ann, &count), OK);
    assert_int_equal(count, 0);
    set_up(town);
    assert_int_equal(town_run(town, add_passkey, &id), OK);
    assert_int_equal(town_run(town, remove_step, NULL), OK);
    assert_int_equal(recovery_code_count(town_reader(town), town->ann, &count), OK);
    assert_int_equal(count, RECOVERY_CODE_COUNT);
}

static enum factor_need need_of(struct town *town, unsigned factors)
{
    struct session_row row = {.factors = factors};
    struct session session = {.row = &row, .user = town_user(town, town->ann)};
    enum factor_need need;
    assert_int_equal(factor_find_need(town_reader(town), town->arena, &town->people, &session, &need), OK);
    return need;
}

static void policy_roles_and_users_say_who_shows_it(void **state)
{
    struct town *town = *state;
    struct user_row developer = {.roles = USER_IS_DEVELOPER};
    int64_t id;
    assert_int_equal(need_of(town, FACTOR_PASSWORD), FACTOR_IS_ENOUGH);
    town->people.second_factor_roles = USER_IS_DEVELOPER;
    assert_true(factor_is_required(&town->people, &developer));
    assert_false(factor_is_required(&town->people, town_user(town, town->ann)));
    assert_int_equal(need_of(town, FACTOR_PASSWORD), FACTOR_IS_ENOUGH);
    town->people.second_factor = SECOND_FACTOR_REQUIRED;
    assert_int_equal(need_of(town, FACTOR_PASSWORD), FACTOR_TO_SET_UP);
    assert_int_equal(town_run(town, add_passkey, &id), OK);
    assert_int_equal(need_of(town, FACTOR_PASSWORD), FACTOR_TO_SHOW);
    assert_int_equal(need_of(town, FACTOR_PASSKEY), FACTOR_IS_ENOUGH);
    town->people.second_factor = SECOND_FACTOR_OPTIONAL;
    assert_int_equal(need_of(town, FACTOR_PASSWORD), FACTOR_IS_ENOUGH);
    set_up(town);
    assert_int_equal(need_of(town, FACTOR_PASSWORD), FACTOR_TO_SHOW);
    assert_int_equal(need_of(town, FACTOR_PASSWORD | FACTOR_TOTP), FACTOR_IS_ENOUGH);
    assert_int_equal(need_of(town, FACTOR_PASSWORD | FACTOR_RECOVERY_CODE), FACTOR_IS_ENOUGH);
}

static void guesses_at_codes_wait(void **state)
{
    struct town *town = *state;
    const struct user_row *ann = town_user(town, town->ann);
    struct delay_try delay_try;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(factor_begin(&town->people, ann, STR_NONE, town->now, &delay_try), 0);
        factor_end(&delay_try, OK, 0, town->now);
    }
    assert_int_equal(factor_begin(&town->people, ann, STR_NONE, town->now, &delay_try), 1);
    town->now += 1;
    assert_int_equal(factor_begin(&town->people, ann, STR_NONE, town->now, &delay_try), 0);
    factor_end(&delay_try, OK, FACTOR_TOTP, town->now);
    assert_int_equal(factor_begin(&town->people, ann, STR_NONE, town->now, &delay_try), 0);
    factor_end(&delay_try, FAILED, 0, town->now);
}

static void a_user_of_another_realm_has_no_factor(void **state)
{
    struct town *town = *state;
    struct attempt attempt = {.user_id = town->bob, .code = STR("000000")};
    assert_int_equal(town_run(town, verify_step, &attempt), REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOWN_TEST(a_code_confirms_the_key),
        TOWN_TEST(a_sealed_key_is_its_users_and_its_realms),
        TOWN_TEST(each_code_is_good_once),
        TOWN_TEST(recovery_codes_work_once_however_they_are_typed),
        TOWN_TEST(new_recovery_codes_end_the_old_ones),
        TOWN_TEST(removing_the_app_takes_the_codes_unless_a_passkey_needs_them),
        TOWN_TEST(policy_roles_and_users_say_who_shows_it),
        TOWN_TEST(guesses_at_codes_wait),
        TOWN_TEST(a_user_of_another_realm_has_no_factor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
