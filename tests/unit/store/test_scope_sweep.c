/*
 * Scope sets leave when no token and no grant names them, and never while one does, whatever is issued meanwhile.
 */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#define NOW     INT64_C(1790000000)
#define HOUR    3600
#define MANY    1500
#define FEW     1000
#define ISSUERS 3

struct sweeping {
    int64_t now;
    size_t slice_max;
    struct sweep_result result;
};

static enum outcome sweep_slice(struct store_tx *tx, void *subject)
{
    struct sweeping *sweeping = subject;
    return tokens_sweep(tx, sweeping->now, sweeping->slice_max, &sweeping->result);
}

static bool sweep_once(struct fixture *fixture, struct sweeping *sweeping)
{
    assert_int_equal(write_rows(fixture->store, sweep_slice, sweeping), OK);
    return !sweeping->result.is_done;
}

static void sweep(struct fixture *fixture, int64_t now)
{
    struct sweeping sweeping = {.now = now, .slice_max = 100};
    for (int calls = 0; sweep_once(fixture, &sweeping); calls++)
        assert_true(calls < 100000);
}

static struct str text_of(struct arena *arena, size_t number)
{
    return arena_printf(arena, "org_%zu:read", number);
}

struct interning {
    struct arena *arena;
    size_t from;
    size_t count;
    int64_t scope_set; /* of the last one */
};

static enum outcome intern(struct store_tx *tx, void *subject)
{
    struct interning *interning = subject;
    for (size_t i = 0; i < interning->count; i++)
        TRY(scope_set_intern(tx, text_of(interning->arena, interning->from + i), &interning->scope_set));
    return OK;
}

static enum outcome intern_and_fail(struct store_tx *tx, void *subject)
{
    TRY(intern(tx, subject));
    return FAILED;
}

static void make_sets(struct fixture *fixture, size_t count)
{
    struct interning interning = {.arena = fixture->arena, .count = count};
    assert_int_equal(write_rows(fixture->store, intern, &interning), OK);
}

static int64_t set_count(struct fixture *fixture)
{
    return ask(fixture->path, "SELECT count(*) FROM scope_sets");
}

#define NAMED                                                                                                        \
    "(SELECT scope_set FROM access_tokens UNION SELECT scope_set FROM refresh_tokens UNION SELECT scope_set FROM "   \
    "grants)"

static int64_t missing_count(struct fixture *fixture)
{
    return ask(fixture->path, "SELECT count(*) FROM " NAMED " WHERE scope_set NOT IN (SELECT id FROM scope_sets)");
}

static enum outcome name_three(struct store_tx *tx, void *subject)
{
    struct interning one = {.arena = subject, .count = 1};
    struct access_token_row access = {.id = store_tx_token_id(tx, NOW), .client_id = 1};
    struct refresh_token_row refresh = {.id = store_tx_token_id(tx, NOW), .client_id = 1, .grant_id = 1};
    struct grant_row grant = {.client_id = 1, .created_at = NOW};
    int64_t *const sets[] = {&access.scope_set, &refresh.scope_set, &grant.scope_set};
    for (size_t i = 0; i < 3; i++) {
        one.from = 700 * i;
        TRY(intern(tx, &one));
        *sets[i] = one.scope_set;
    }
    TRY(access_token_insert(tx, &access));
    TRY(refresh_token_insert(tx, &refresh));
    return grant_insert(tx, &grant, &grant.id);
}

static void remove_those_that_neither_token_nor_grant_names(void **state)
{
    struct fixture *fixture = *state;
    make_sets(fixture, MANY);
    assert_int_equal(write_rows(fixture->store, name_three, fixture->arena), OK);
    sweep(fixture, NOW);
    assert_int_equal(set_count(fixture), 3);
    assert_int_equal(missing_count(fixture), 0);
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM scope_marks"), 0);
}

static void leave_alone_what_is_few_and_search_once_an_hour(void **state)
{
    struct fixture *fixture = *state;
    make_sets(fixture, FEW);
    sweep(fixture, NOW);
    assert_int_equal(set_count(fixture), FEW);
    make_sets(fixture, FEW + 1);
    sweep(fixture, NOW + HOUR - 1);
    assert_int_equal(set_count(fixture), FEW + 1);
    sweep(fixture, NOW + HOUR);
    assert_int_equal(set_count(fixture), 0);
}

static void give_a_removed_text_a_new_number(void **state)
{
    struct fixture *fixture = *state;
    struct interning one = {.arena = fixture->arena, .from = MANY - 1, .count = 1};
    struct str text = STR_NONE;
    make_sets(fixture, MANY);
    int64_t last = ask(fixture->path, "SELECT max(id) FROM scope_sets");
    sweep(fixture, NOW);
    assert_int_equal(write_rows(fixture->store, intern, &one), OK);
    assert_true(one.scope_set > last);
    assert_int_equal(scope_set_text(fixture->reader, fixture->arena, one.scope_set, &text), OK);
    assert_true(str_equal(text, text_of(fixture->arena, one.from)));
}

struct issuing {
    struct arena *arena;
    size_t number;
    int64_t now;
    int64_t expires_at;
};

static enum outcome issue(struct store_tx *tx, void *subject)
{
    struct issuing *issuing = subject;
    struct access_token_row row = {.client_id = 1, .expires_at = issuing->expires_at};
    TRY(scope_set_intern(tx, text_of(issuing->arena, issuing->number), &row.scope_set));
    row.id = store_tx_token_id(tx, issuing->now);
    return access_token_insert(tx, &row);
}

/* Before each slice a token names a set that no row named when the search began. */
static void keep_what_is_named_while_the_search_is_under_way(void **state)
{
    struct fixture *fixture = *state;
    struct sweeping sweeping = {.now = NOW, .slice_max = 100};
    struct issuing issuing = {.arena = fixture->arena, .now = NOW, .number = MANY};
    size_t slices = 0;
    make_sets(fixture, MANY);
    do {
        issuing.number--;
        slices++;
        assert_int_equal(write_rows(fixture->store, issue, &issuing), OK);
    } while (sweep_once(fixture, &sweeping));
    assert_true(slices > 20);
    assert_int_equal(missing_count(fixture), 0);
    assert_int_equal(set_count(fixture), slices);
}

struct revival {
    struct issuing issuing;
    int64_t scope_set;
};

static enum outcome read_then_issue(struct store_tx *tx, void *subject)
{
    struct revival *revival = subject;
    struct str text;
    TRY(scope_set_text(store_tx_reader(tx), revival->issuing.arena, revival->scope_set, &text));
    return issue(tx, &revival->issuing);
}

/* What the writer remembers of a unit that was undone must not pass for a set that the search knows to be in use. */
static void keep_what_is_named_after_it_was_named_in_vain(void **state)
{
    struct fixture *fixture = *state;
    struct sweeping sweeping = {.now = NOW, .slice_max = 100};
    struct interning one = {.arena = fixture->arena, .from = 7, .count = 1};
    make_sets(fixture, MANY);
    assert_true(sweep_once(fixture, &sweeping));
    assert_int_equal(write_rows(fixture->store, intern_and_fail, &one), FAILED);
    struct revival revival = {.issuing = {.arena = fixture->arena, .number = 7, .now = NOW},
                              .scope_set = one.scope_set};
    assert_int_equal(write_rows(fixture->store, read_then_issue, &revival), OK);
    sweep(fixture, NOW);
    assert_int_equal(missing_count(fixture), 0);
    assert_int_equal(set_count(fixture), 1);
}

static void go_on_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    struct sweeping sweeping = {.now = NOW, .slice_max = 100};
    struct issuing issuing = {.arena = fixture->arena, .now = NOW};
    make_sets(fixture, MANY);
    for (size_t slice = 0; sweep_once(fixture, &sweeping); slice++)
        if (slice % 5 == 0) {
            reopen(fixture);
            issuing.number = slice;
            assert_int_equal(write_rows(fixture->store, issue, &issuing), OK);
        }
    assert_int_equal(missing_count(fixture), 0);
    assert_true(set_count(fixture) < FEW);
}

struct issuer {
    struct fixture *fixture;
    _Atomic bool *is_stopping;
    _Atomic int64_t *now;
    size_t step;
    _Atomic size_t failed_count;
};

static void *keep_issuing(void *subject)
{
    struct issuer *issuer = subject;
    struct issuing issuing = {.number = issuer->step};
    while (!atomic_load(issuer->is_stopping)) {
        issuing.arena = arena_create();
        issuing.now = atomic_load(issuer->now);
        issuing.expires_at = issuing.now + HOUR;
        issuing.number = (issuing.number + issuer->step) % (2 * MANY);
        if (write_rows(issuer->fixture->store, issue, &issuing) != OK)
            atomic_fetch_add(&issuer->failed_count, 1);
        arena_destroy(issuing.arena);
    }
    return NULL;
}

static enum outcome note_hour(struct store_tx *tx, void *subject)
{
    (void)subject;
    return lifetime_note(tx, HOUR);
}

/* Of the texts from 2 * MANY on, which no issuer names. */
static int64_t unnamed_count(struct fixture *fixture)
{
    return ask(fixture->path, "SELECT count(*) FROM scope_sets WHERE CAST(substr(scope, 5) AS INTEGER) >= 3000");
}

/* Searches one after another while three threads issue; tokens expire after an hour of the test's clock. However many
 * sets they name meanwhile, and be it all they know: what nobody names is gone. */
static void lose_no_set_while_others_issue(void **state)
{
    struct fixture *fixture = *state;
    _Atomic bool is_stopping = false;
    _Atomic int64_t now = NOW;
    struct issuer issuers[ISSUERS] = {0};
    pthread_t threads[ISSUERS];
    static const size_t steps[ISSUERS] = {1, 7, 2 * MANY - 1};
    make_sets(fixture, 2 * MANY);
    assert_int_equal(write_rows(fixture->store, note_hour, NULL), OK);
    for (size_t i = 0; i < ISSUERS; i++) {
        issuers[i] = (struct issuer){fixture, &is_stopping, &now, steps[i], 0};
        assert_int_equal(pthread_create(&threads[i], NULL, keep_issuing, &issuers[i]), 0);
    }
    for (int round = 0; round < 4; round++) {
        make_sets(fixture, 3 * MANY);
        assert_int_equal(unnamed_count(fixture), MANY);
        sweep(fixture, atomic_load(&now));
        assert_int_equal(missing_count(fixture), 0);
        assert_int_equal(unnamed_count(fixture), 0);
        assert_true(set_count(fixture) <= 2 * MANY);
        atomic_fetch_add(&now, 2 * HOUR);
    }
    atomic_store(&is_stopping, true);
    for (size_t i = 0; i < ISSUERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(issuers[i].failed_count, 0);
    }
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(remove_those_that_neither_token_nor_grant_names),
        IN_STORE(leave_alone_what_is_few_and_search_once_an_hour),
        IN_STORE(give_a_removed_text_a_new_number),
        IN_STORE(keep_what_is_named_while_the_search_is_under_way),
        IN_STORE(keep_what_is_named_after_it_was_named_in_vain),
        IN_STORE(go_on_after_a_restart),
        IN_STORE(lose_no_set_while_others_issue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
