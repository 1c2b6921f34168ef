/*
 * town.h — two realms with people in a real store, at any time of day, and steps on them by plain calls.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "../scratch.h"
#include "base/arena.h"
#include "base/log.h"
#include "crypto/password.h"
#include "identity/policy.h"
#include "identity/user.h"
#include "store/applications.h"
#include "store/people.h"
#include "store/store.h"

#define TOWN_NOW INT64_C(1800000000)

struct town {
    struct arena *arena;
    const char *folder;
    struct store *store;
    struct people_policy people; /* "first" */
    struct people_policy others; /* "second" */
    int64_t now;
    int64_t ann; /* of the first realm, "correct horse" */
    int64_t bob; /* of the second */
};

/* A step inside a unit of its own. */
typedef enum outcome (*town_step)(struct town *town, struct store_tx *tx, void *subject);

struct town_unit {
    struct unit unit;
    struct town *town;
    town_step step;
    void *subject;
};

static inline enum outcome town_apply(struct unit *unit, struct store_tx *tx)
{
    struct town_unit *town_unit = (struct town_unit *)unit;
    return town_unit->step(town_unit->town, tx, town_unit->subject);
}

static inline enum outcome town_run(struct town *town, town_step step, void *subject)
{
    struct town_unit unit = {{.apply = town_apply}, town, step, subject};
    return store_run(town->store, &unit.unit);
}

static inline struct store_reader *town_reader(struct town *town)
{
    return store_reader(town->store);
}

static inline struct person_step town_person(struct town *town)
{
    return (struct person_step){town->arena, &town->people, town->now, PERSON_FINE};
}

struct town_registration {
    struct user_draft draft;
    const struct people_policy *people;
    int64_t id;
    enum person_problem problem;
};

static inline enum outcome town_register_step(struct town *town, struct store_tx *tx, void *subject)
{
    struct town_registration *registration = subject;
    struct person_step step = {town->arena, registration->people, town->now, PERSON_FINE};
    enum outcome outcome = user_register(&step, tx, &registration->draft, &registration->id);
    registration->problem = step.problem;
    return outcome;
}

/* PERSON_FINE and the id, or why not. */
static inline enum person_problem town_register(struct town *town, const struct user_draft *draft, int64_t *ret_id)
{
    struct town_registration registration = {.draft = *draft, .people = &town->people};
    enum outcome outcome = town_run(town, town_register_step, &registration);
    assert_int_not_equal(outcome, FAILED);
    assert_int_equal(outcome == REFUSED, registration.problem != PERSON_FINE);
    *ret_id = registration.id;
    return registration.problem;
}

static inline struct user_row *town_user(struct town *town, int64_t id)
{
    struct user_row *user;
    assert_int_equal(user_find_row(town_reader(town), town->arena, id, &user), OK);
    assert_non_null(user);
    return user;
}

static inline enum outcome town_fill(struct town *town, struct store_tx *tx, void *subject)
{
    const struct password_cost cost = people_password_cost(&town->people);
    struct person_step step = town_person(town);
    struct user_draft ann = {.username = STR("Ann@Example.com"),
                             .display_name = STR("Ann"),
                             .password_hash = password_hash(town->arena, STR("correct horse"), &cost),
                             .is_email_confirmed = true};
    struct user_draft bob = {.username = STR("bob"), .password_hash = ann.password_hash};
    (void)subject;
    TRY(realm_row_id(tx, town->people.realm_name, &town->people.realm_id));
    TRY(realm_row_id(tx, town->others.realm_name, &town->others.realm_id));
    TRY(user_register(&step, tx, &ann, &town->ann));
    step.people = &town->others;
    return user_register(&step, tx, &bob, &town->bob);
}

static inline int town_setup(void **state)
{
    struct town *town = memory_alloc(sizeof(*town));
    struct str error = STR_NONE;
    log_set_level(LOG_ERROR);
    town->arena = arena_create();
    town->folder = scratch_create(town->arena, "town");
    assert_non_null(town->folder);
    const struct store_options options = {.path = arena_printf(town->arena, "%s/jeton.db", town->folder).ptr,
                                          .is_without_sync = true};
    town->store = store_open(&options, town->arena, &error);
    assert_non_null(town->store);
    town->now = TOWN_NOW;
    town->people = (struct people_policy){.session_idle_seconds = 3600,
                                          .session_lifetime_seconds = 86400,
                                          .password_memory_bytes = 8 * 1024 * 1024,
                                          .password_iterations = 1,
                                          .password_length_min = 10,
                                          .realm_name = STR("first"),
                                          .key = digest_sha256(STR("first"))};
    town->others = town->people;
    town->others.realm_name = STR("second");
    town->others.key = digest_sha256(STR("second"));
    assert_int_equal(town_run(town, town_fill, NULL), OK);
    *state = town;
    return 0;
}

static inline int town_teardown(void **state)
{
    struct town *town = *state;
    const struct dirent *entry;
    store_close(town->store);
    DIR *folder = opendir(town->folder);
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] != '.')
            unlink(arena_printf(town->arena, "%s/%s", town->folder, entry->d_name).ptr);
    }
    closedir(folder);
    assert_int_equal(rmdir(town->folder), 0);
    arena_destroy(town->arena);
    memory_free(town);
    return 0;
}

#define TOWN_TEST(test) cmocka_unit_test_setup_teardown(test, town_setup, town_teardown)
