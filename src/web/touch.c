#include "web/touch.h"

#include "base/arena.h"
#include "store/people.h"
#include "store/store.h"

/* Nobody waits for it, so it has memory of its own. */
struct touch {
    struct unit unit;
    int64_t session_id;
    int64_t seen_at;
};

static enum outcome apply(struct unit *unit, struct store_tx *tx)
{
    const struct touch *touch = (struct touch *)unit;
    return session_touch(tx, touch->session_id, touch->seen_at);
}

static void end(struct unit *unit)
{
    memory_free(unit);
}

void touch_session(struct store *store, int64_t session_id, int64_t now)
{
    struct touch *touch = memory_alloc(sizeof(*touch));
    *touch = (struct touch){{NULL, apply, end, OK}, session_id, now};
    store_submit(store, &touch->unit);
}
