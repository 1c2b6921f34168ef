/*
 * epoch.h — how a cached row learns that it is no longer true.
 *
 * Every row that readers cache belongs to a numbered slot by its kind and id. A reader notes the slot's count
 * before it reads the row and keeps both; the writer raises the count after the commit and before the reply. A cached
 * row counts only while its slot's count stands: so a revoked token is refused by the very next request, and
 * no message goes to any thread. Slots are shared by many ids: a false alarm costs one read.
 *
 * Threads: any; counts are atomic.
 */
#pragma once

#include <stdint.h>

struct store_tx;

enum epoch_kind {
    EPOCH_CLIENT,
    EPOCH_ACCOUNT,
    EPOCH_GRANT,
    EPOCH_TOKEN,
    EPOCH_USER,
    EPOCH_INSTANCE,
    EPOCH_MEMBERSHIP, /* of user and instance, as memberships.c makes one number of them */
    EPOCH_KINDS_COUNT
};

uint32_t epoch_read(enum epoch_kind kind, int64_t id);

/*
 * After the row was written: says that it will have changed when the transaction is durable; forgotten when that
 * rolls back. The transaction's own reader forgets the row at once, so that the rest of the batch reads it as it is
 * now.
 */
void epoch_change(struct store_tx *tx, enum epoch_kind kind, int64_t id);
