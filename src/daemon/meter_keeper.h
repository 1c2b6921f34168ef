/*
 * meter_keeper.h — writes down what was counted, once a second and when the server stops.
 *
 * Counting never waits for the store: a crash costs the last second's counts at most, limits and usage alike.
 *
 * Threads: one of its own; start and stop from one.
 */
#pragma once

struct meter;
struct meter_keeper;
struct store;

/* Reads what was written before. NULL when the store cannot be read or there is no thread to be had. */
struct meter_keeper *meter_keeper_start(struct meter *meter, struct store *store);
/* Writes the rest; nobody may be counting any more. NULL is allowed. */
void meter_keeper_stop(struct meter_keeper *keeper);
