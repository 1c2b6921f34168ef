#include "store/epoch.h"

#include "base/arena.h"
#include "store/parts.h"

/* More slots, fewer false alarms; 16,384 of them are 64 KiB a kind, touched as they are used. */
#define SLOT_BITS 14

static _Atomic uint32_t counts[EPOCH_KINDS_COUNT][1 << SLOT_BITS];

static _Atomic uint32_t *count_of(enum epoch_kind kind, int64_t id)
{
    return &counts[kind][((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - SLOT_BITS)];
}

uint32_t epoch_read(enum epoch_kind kind, int64_t id)
{
    return atomic_load_explicit(count_of(kind, id), memory_order_acquire);
}

void epoch_change(struct store_tx *tx, enum epoch_kind kind, int64_t id)
{
    if (tx->note_count == tx->note_room) {
        tx->note_room = tx->note_room ? 2 * tx->note_room : 64;
        tx->notes = memory_resize(tx->notes, tx->note_room * sizeof *tx->notes);
    }
    tx->notes[tx->note_count++] = (struct epoch_note){kind, id};
    reader_forget_row(&tx->reader, kind, id);
}

/* The commit's number first: whoever finds a new epoch must not read the row in a transaction from before. */
void epochs_publish(struct store_tx *tx)
{
    atomic_fetch_add_explicit(&tx->reader.store->commit_count, 1, memory_order_release);
    for (size_t i = 0; i < tx->note_count; i++)
        atomic_fetch_add_explicit(count_of(tx->notes[i].kind, tx->notes[i].id), 1, memory_order_release);
    tx->note_count = 0;
}
