#include "daemon/realms.h"

#include "daemon/configuration.h"
#include "oauth/realm.h"
#include "store/applications.h"
#include "store/store.h"
#include "store/tokens.h"

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

/* No realm's key tells another's. */
static enum outcome resolve_realm(struct store_tx *tx, struct realm *realm, const struct digest *key)
{
    realm->refresh_key = digest_hmac((struct str){(const char *)key->bytes, DIGEST_LEN}, realm->name);
    TRY(realm_row_id(tx, realm->name, &realm->id));
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

enum outcome realms_resolve(struct configuration *configuration, struct store *store, const struct digest *key)
{
    struct resolving resolving = {.unit.apply = apply, .configuration = configuration, .key = key};
    return store_run(store, &resolving.unit);
}
