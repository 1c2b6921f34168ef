/*
 * house.h — a real store in a folder of its own and two realms, for tests of registration and commands.
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
#include "admin/control.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "oauth/realm.h"
#include "store/applications.h"
#include "store/store.h"

struct house {
    struct arena *arena;
    const char *folder;
    struct store *store;
    struct realm realms[2]; /* "first" and "second" */
    const struct realm *realm_list[2];
    struct control_host host;
};

/* Gives the realms their numbers. */
struct house_unit {
    struct unit unit;
    struct house *house;
};

static inline enum outcome house_apply(struct unit *unit, struct store_tx *tx)
{
    struct house *house = ((struct house_unit *)unit)->house;
    TRY(realm_row_id(tx, house->realms[0].name, &house->realms[0].id));
    return realm_row_id(tx, house->realms[1].name, &house->realms[1].id);
}

static inline const struct realm *const *house_hold(void *arg, size_t *ret_count, void **ret_hold)
{
    struct house *house = arg;
    *ret_count = 2;
    *ret_hold = NULL;
    return house->realm_list;
}

static inline void house_release(void *arg, void *hold)
{
    (void)arg;
    (void)hold;
}

static inline struct realm house_realm(struct str name, struct scope_policy *scopes)
{
    const struct str none = STR("");
    struct realm realm = {.name = name, .path = none, .scopes = scopes, .scope_count = 2};
    realm.dialect = STR("standard");
    realm.issuer = STR("http://localhost");
    realm.default_scope = STR("read");
    realm.access_token = (struct token_policy){{none, TOKEN_HEX, 40, false}, 3600};
    realm.refresh_token = (struct token_policy){{none, TOKEN_HEX, 64, false}, 86400};
    realm.client_id_format = (struct token_format){none, TOKEN_BASE62, 24, false};
    realm.client_secret_format = (struct token_format){none, TOKEN_BASE62, 49, true};
    realm.client_secret_format.prefix = STR("jts_");
    return realm;
}

static inline void house_open(struct house *house)
{
    static struct scope_policy scopes[2];
    scopes[0].name = STR("read");
    scopes[1].name = STR("org_*:read");
    house->arena = arena_create();
    house->folder = scratch_create(house->arena, "house");
    assert_non_null(house->folder);
    const struct store_options options = {
        .path = arena_printf(house->arena, "%s/jeton.db", house->folder).ptr,
        .is_without_sync = true,
    };
    struct str error = STR_NONE;
    house->store = store_open(&options, house->arena, &error);
    assert_non_null(house->store);
    house->realms[0] = house_realm(STR("first"), scopes);
    house->realms[1] = house_realm(STR("second"), scopes);
    house->realm_list[0] = &house->realms[0];
    house->realm_list[1] = &house->realms[1];
    struct house_unit unit = {{.apply = house_apply}, house};
    assert_int_equal(store_run(house->store, &unit.unit), OK);
    house->host = (struct control_host){
        .store = house->store, .hold_realms = house_hold, .release_realms = house_release, .arg = house};
}

static inline void house_close(struct house *house)
{
    store_close(house->store);
    DIR *folder = opendir(house->folder);
    const struct dirent *entry;
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] != '.')
            unlink(arena_printf(house->arena, "%s/%s", house->folder, entry->d_name).ptr);
    }
    closedir(folder);
    assert_int_equal(rmdir(house->folder), 0);
    arena_destroy(house->arena);
}

static inline int house_setup(void **state)
{
    /* Audit lines would only hide what a failed test says. */
    log_set_level(LOG_ERROR);
    *state = memory_alloc(sizeof(struct house));
    house_open(*state);
    return 0;
}

static inline int house_teardown(void **state)
{
    house_close(*state);
    memory_free(*state);
    return 0;
}
