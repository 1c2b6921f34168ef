/*
 * What proves a person beside the password: recovery codes, each good once, and passkeys.
 */
#include "fixture.h"

#include "store/people.h"

#define NOW INT64_C(1790000000)

#define ADA 7
#define BOB 8

struct recovery {
    int64_t user_id;
    struct digest hashes[RECOVERY_CODE_COUNT];
    size_t count;
    size_t at; /* of the one to use */
    bool is_found;
};

static struct recovery make_recovery(int64_t user_id, unsigned char first)
{
    struct recovery recovery = {.user_id = user_id, .count = RECOVERY_CODE_COUNT};
    for (size_t i = 0; i < RECOVERY_CODE_COUNT; i++)
        memset(recovery.hashes[i].bytes, first + (int)i, DIGEST_LEN);
    return recovery;
}

static enum outcome replace_codes(struct store_tx *tx, void *subject)
{
    const struct recovery *recovery = subject;
    return recovery_codes_replace(tx, recovery->user_id, recovery->hashes, recovery->count);
}

static enum outcome use_code(struct store_tx *tx, void *subject)
{
    struct recovery *recovery = subject;
    return recovery_code_use(tx, recovery->user_id, &recovery->hashes[recovery->at], &recovery->is_found);
}

static enum outcome use_code_and_fail(struct store_tx *tx, void *subject)
{
    TRY(use_code(tx, subject));
    return FAILED;
}

static size_t codes_left(struct fixture *fixture, int64_t user_id)
{
    size_t count = 99;
    assert_int_equal(recovery_code_count(fixture->reader, user_id, &count), OK);
    return count;
}

static void use_each_recovery_code_once(void **state)
{
    struct fixture *fixture = *state;
    struct recovery ada = make_recovery(ADA, 1), bob = make_recovery(BOB, 100), stranger = bob;
    assert_int_equal(codes_left(fixture, ADA), 0);
    assert_int_equal(write_rows(fixture->store, replace_codes, &ada), OK);
    assert_int_equal(write_rows(fixture->store, replace_codes, &bob), OK);
    assert_int_equal(write_rows(fixture->store, use_code_and_fail, &ada), FAILED);
    assert_int_equal(codes_left(fixture, ADA), RECOVERY_CODE_COUNT); /* what was undone was not used */
    for (int round = 0; round < 2; round++) {
        assert_int_equal(write_rows(fixture->store, use_code, &ada), OK);
        assert_int_equal(ada.is_found, round == 0);
        assert_int_equal(codes_left(fixture, ADA), RECOVERY_CODE_COUNT - 1);
    }
    stranger.user_id = ADA;
    assert_int_equal(write_rows(fixture->store, use_code, &stranger), OK);
    assert_false(stranger.is_found);
    assert_int_equal(codes_left(fixture, BOB), RECOVERY_CODE_COUNT);
}

static void replace_all_recovery_codes_of_one_user(void **state)
{
    struct fixture *fixture = *state;
    struct recovery first = make_recovery(ADA, 1), second = make_recovery(ADA, 50), bob = make_recovery(BOB, 100);
    assert_int_equal(write_rows(fixture->store, replace_codes, &first), OK);
    assert_int_equal(write_rows(fixture->store, replace_codes, &bob), OK);
    assert_int_equal(write_rows(fixture->store, replace_codes, &second), OK);
    assert_int_equal(codes_left(fixture, ADA), RECOVERY_CODE_COUNT);
    assert_int_equal(write_rows(fixture->store, use_code, &first), OK);
    assert_false(first.is_found);
    second.count = 0;
    assert_int_equal(write_rows(fixture->store, replace_codes, &second), OK);
    assert_int_equal(codes_left(fixture, ADA), 0);
    assert_int_equal(codes_left(fixture, BOB), RECOVERY_CODE_COUNT);
}

struct passkey_writing {
    struct passkey_row row;
    bool is_found;
};

static enum outcome insert_passkey(struct store_tx *tx, void *subject)
{
    struct passkey_writing *writing = subject;
    return passkey_insert(tx, &writing->row, &writing->row.id);
}

static enum outcome use_passkey(struct store_tx *tx, void *subject)
{
    const struct passkey_writing *writing = subject;
    return passkey_use(tx, writing->row.id, writing->row.sign_count, writing->row.last_used_at);
}

static enum outcome delete_passkey(struct store_tx *tx, void *subject)
{
    struct passkey_writing *writing = subject;
    return passkey_delete(tx, writing->row.user_id, writing->row.id, &writing->is_found);
}

static struct passkey_writing make_passkey(int64_t user_id, struct str credential_id)
{
    return (struct passkey_writing){.row = {.user_id = user_id,
                                            .credential_id = credential_id,
                                            .public_key = STR("cHVibGlj"),
                                            .algorithm = -7,
                                            .created_at = NOW}};
}

static struct passkey_row *find_passkey(struct fixture *fixture, struct str credential_id)
{
    struct passkey_row *row = NULL;
    assert_int_equal(passkey_find(fixture->reader, fixture->arena, credential_id, &row), OK);
    return row;
}

static void assert_same_passkey(const struct passkey_row *found, const struct passkey_row *written)
{
    assert_non_null(found);
    assert_int_equal(found->id, written->id);
    assert_int_equal(found->user_id, written->user_id);
    assert_true(str_equal(found->credential_id, written->credential_id));
    assert_true(str_equal(found->public_key, written->public_key));
    assert_int_equal(found->algorithm, written->algorithm);
    assert_int_equal(found->sign_count, written->sign_count);
    assert_true(str_equal(found->label, written->label));
    assert_int_equal(found->created_at, written->created_at);
    assert_int_equal(found->last_used_at, written->last_used_at);
}

static void find_use_and_remove_a_passkey(void **state)
{
    struct fixture *fixture = *state;
    struct passkey_writing first = make_passkey(ADA, STR("Zmlyc3Q")), second = make_passkey(ADA, STR("c2Vjb25k"));
    second.row.label = STR("my key");
    second.row.sign_count = 4;
    second.row.last_used_at = NOW + 1;
    assert_int_equal(write_rows(fixture->store, insert_passkey, &first), OK);
    assert_int_equal(write_rows(fixture->store, insert_passkey, &second), OK);
    assert_same_passkey(find_passkey(fixture, STR("Zmlyc3Q")), &first.row);
    assert_same_passkey(find_passkey(fixture, STR("c2Vjb25k")), &second.row);
    assert_null(find_passkey(fixture, STR("other")));

    first.row.sign_count = 17;
    first.row.last_used_at = NOW + 9;
    assert_int_equal(write_rows(fixture->store, use_passkey, &first), OK);
    assert_same_passkey(find_passkey(fixture, STR("Zmlyc3Q")), &first.row);

    struct passkey_writing of_another = first;
    of_another.row.user_id = BOB;
    assert_int_equal(write_rows(fixture->store, delete_passkey, &of_another), OK);
    assert_false(of_another.is_found);
    assert_int_equal(write_rows(fixture->store, delete_passkey, &first), OK);
    assert_true(first.is_found);
    assert_null(find_passkey(fixture, STR("Zmlyc3Q")));
    assert_non_null(find_passkey(fixture, STR("c2Vjb25k")));
}

static void take_a_passkey_once_whoever_brings_it(void **state)
{
    struct fixture *fixture = *state;
    struct passkey_writing first = make_passkey(ADA, STR("Zmlyc3Q")), again = make_passkey(BOB, STR("Zmlyc3Q"));
    assert_int_equal(write_rows(fixture->store, insert_passkey, &first), OK);
    assert_int_equal(write_rows(fixture->store, insert_passkey, &again), FAILED);
    assert_int_equal(find_passkey(fixture, STR("Zmlyc3Q"))->user_id, ADA);
}

static void list_the_passkeys_of_a_user(void **state)
{
    struct fixture *fixture = *state;
    struct passkey_row *rows = NULL;
    size_t count = 99;
    struct passkey_writing of_another = make_passkey(BOB, STR("bob"));
    assert_int_equal(write_rows(fixture->store, insert_passkey, &of_another), OK);
    assert_int_equal(passkey_list(fixture->reader, fixture->arena, ADA, &rows, &count), OK);
    assert_int_equal(count, 0);
    for (int i = 0; i < PASSKEYS_PER_USER_MAX + 1; i++) {
        struct passkey_writing writing = make_passkey(ADA, arena_printf(fixture->arena, "key%d", i));
        assert_int_equal(write_rows(fixture->store, insert_passkey, &writing), OK);
    }
    assert_int_equal(passkey_list(fixture->reader, fixture->arena, ADA, &rows, &count), OK);
    assert_int_equal(count, PASSKEYS_PER_USER_MAX);
    assert_true(str_equal(rows[0].credential_id, STR("key0")));
    assert_true(str_equal(rows[9].credential_id, STR("key9")));
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(use_each_recovery_code_once),   IN_STORE(replace_all_recovery_codes_of_one_user),
        IN_STORE(find_use_and_remove_a_passkey), IN_STORE(take_a_passkey_once_whoever_brings_it),
        IN_STORE(list_the_passkeys_of_a_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
