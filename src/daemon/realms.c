#include "daemon/realms.h"

#include <assert.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/log.h"
#include "daemon/configuration.h"
#include "oauth/realm.h"
#include "store/applications.h"
#include "store/store.h"
#include "store/tokens.h"

#define PLANS_TOLD_MAX 100
#define REALM_NAME_MAX 63 /* syntax_is_name */

struct resolving {
    struct unit unit;
    struct configuration *configuration;
    const struct digest *key;
};

/* What never expires is never swept. */
static enum outcome note_lifetime(struct store_tx *tx, int64_t lifetime_seconds)
{
    return lifetime_seconds ? lifetime_note(tx, lifetime_seconds) : OK;
}

/* No key tells another: neither another realm's nor another purpose's. A name of a realm has no blank, so no text
 * that is signed here is that of another key. */
static void derive_keys(struct realm *realm, const struct digest *key)
{
    struct str secret = {(const char *)key->bytes, DIGEST_LEN};
    char text[sizeof("people ") + REALM_NAME_MAX];
    int len = snprintf(text, sizeof text, "people %.*s", STR_ARGS(realm->name));
    assert(len < (int)sizeof text);
    realm->refresh_key = digest_hmac(secret, realm->name);
    realm->people.key = digest_hmac(secret, (struct str){text, (size_t)len});
}

static enum outcome resolve_realm(struct store_tx *tx, struct realm *realm, const struct digest *key)
{
    derive_keys(realm, key);
    TRY(realm_row_id(tx, realm->name, &realm->id));
    realm->people.realm_id = realm->id;
    realm->people.realm_name = realm->name;
    TRY(note_lifetime(tx, realm->access_token.lifetime_seconds));
    TRY(note_lifetime(tx, realm->refresh_token.lifetime_seconds));
    return note_lifetime(tx, realm->limited_lifetime_seconds);
}

static enum outcome apply(struct unit *unit, struct store_tx *tx)
{
    struct resolving *resolving = (struct resolving *)unit;
    struct configuration *configuration = resolving->configuration;
    for (size_t i = 0; i < configuration->realm_count; i++)
        TRY(resolve_realm(tx, &configuration->realms[i], resolving->key));
    return OK;
}

/* A plan that clients have and the realm has no more: nobody is refused for it, but somebody should hear. */
static STEP tell_unknown_plans(const struct realm *realm, struct store_reader *reader, struct arena *arena)
{
    struct str *plans;
    size_t count;
    TRY(client_plans(reader, arena, realm->id, PLANS_TOLD_MAX, &plans, &count));
    for (size_t i = 0; i < count; i++)
        if (!rate_plan_find(realm, plans[i]))
            log_event(LOG_WARNING, "plan_unknown", log_text("realm", realm->name), log_text("plan", plans[i]));
    return OK;
}

static STEP tell_all_unknown_plans(const struct configuration *configuration, struct store_reader *reader)
{
    struct arena *arena = arena_create();
    enum outcome outcome = OK;
    for (size_t i = 0; outcome == OK && i < configuration->realm_count; i++)
        outcome = tell_unknown_plans(&configuration->realms[i], reader, arena);
    arena_destroy(arena);
    return outcome;
}

enum outcome realms_resolve(struct configuration *configuration, struct store *store, const struct digest *key)
{
    struct resolving resolving = {.unit.apply = apply, .configuration = configuration, .key = key};
    TRY(store_run(store, &resolving.unit));
    return tell_all_unknown_plans(configuration, store_reader(store));
}
