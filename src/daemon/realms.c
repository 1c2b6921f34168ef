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

struct unknown_plan {
    struct str realm;
    struct str plan;
};

struct resolving {
    struct unit unit;
    struct configuration *configuration;
    const struct digest *key;
    struct arena *arena;
    struct unknown_plan unknown[PLANS_TOLD_MAX];
    size_t unknown_count;
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

/* Plans that clients have and the realm has no more. Read here and not by the main thread, which would need a
 * connection of its own for it. */
static STEP find_unknown_plans(struct resolving *resolving, struct store_reader *reader, const struct realm *realm)
{
    struct str *plans;
    size_t count;
    TRY(client_plans(reader, resolving->arena, realm->id, PLANS_TOLD_MAX, &plans, &count));
    for (size_t i = 0; i < count && resolving->unknown_count < PLANS_TOLD_MAX; i++)
        if (!rate_plan_find(realm, plans[i]))
            resolving->unknown[resolving->unknown_count++] = (struct unknown_plan){realm->name, plans[i]};
    return OK;
}

static enum outcome apply(struct unit *unit, struct store_tx *tx)
{
    struct resolving *resolving = (struct resolving *)unit;
    struct configuration *configuration = resolving->configuration;
    resolving->unknown_count = 0;
    for (size_t i = 0; i < configuration->realm_count; i++) {
        TRY(resolve_realm(tx, &configuration->realms[i], resolving->key));
        TRY(find_unknown_plans(resolving, store_tx_reader(tx), &configuration->realms[i]));
    }
    return OK;
}

enum outcome realms_resolve(struct configuration *configuration, struct store *store, const struct digest *key)
{
    struct arena *arena = arena_create();
    struct resolving resolving = {.unit.apply = apply, .configuration = configuration, .key = key, .arena = arena};
    enum outcome outcome = store_run(store, &resolving.unit);
    /* Nobody is refused for it, but somebody should hear. */
    for (size_t i = 0; outcome == OK && i < resolving.unknown_count; i++)
        log_event(LOG_WARNING, "plan_unknown", log_text("realm", resolving.unknown[i].realm),
                  log_text("plan", resolving.unknown[i].plan));
    arena_destroy(arena);
    return outcome;
}
