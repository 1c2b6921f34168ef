/*
 * ledger.h — usage in the store: what was counted is written down, old hours become days, old days leave.
 *
 * What could not be written is kept and tried again, so nothing is lost while the store is not ready.
 *
 * Threads: a ledger belongs to one thread; it waits for the store's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LEDGER_HOURS_DAYS 30  /* that are kept by the hour */
#define LEDGER_DAYS_DAYS  400 /* and all in all */

struct ledger;
struct store;
struct usage;

struct ledger *ledger_create(struct usage *usage, struct store *store);
/* What was not written is lost. NULL is allowed. */
void ledger_destroy(struct ledger *ledger);

/* Collects and writes all that was counted, in slices. False when the store could not: then it will be with the next
 * call. */
bool ledger_write(struct ledger *ledger);

/* One slice of rolling up and dropping what is old at `now`. False when there was nothing to do, or it failed. */
bool ledger_age(struct ledger *ledger, int64_t now);

/* The day that begins so many days before today: what begins before it is older. UTC. */
int64_t ledger_day_before(int64_t now, int64_t days);
