/*
 * listeners.h — the servers that the configuration asks for, and what each of them serves.
 *
 * Applying a configuration starts the listeners that are new, drains those that are gone and reads the certificates
 * of the others again. What a listener serves changes at once; other changes to one that runs need a restart, which
 * the log says. A removed listener answers what is under way for ten seconds at most.
 *
 * Threads: one, but for listeners_load.
 */
#pragma once

#include <stdbool.h>

#include "base/text.h"

struct arena;
struct configuration;
struct exchange;
struct listeners;
struct server_load;

/* Answers the exchange or parks it; `serves` as in struct listener_policy. */
typedef void (*listener_handler)(struct exchange *exchange, unsigned serves, void *arg);

/* As `streams` in struct server_options. */
typedef bool (*listener_streams)(struct exchange *exchange, unsigned serves, void *arg);

/* `rest` as in struct server_options. */
struct listeners *listeners_create(listener_handler handler, listener_streams streams, void (*rest)(void *arg),
                                   void *arg);

/* False when a new listener cannot listen: the log and, of the last one, `ret_error` (in the arena) say which and
 * why; the others run. Does not wait. */
bool listeners_apply(struct listeners *listeners, const struct configuration *configuration, struct arena *arena,
                     struct str *ret_error);

/* Ends removed listeners whose connections have ended or whose time is over; true while some are left. */
bool listeners_sweep(struct listeners *listeners);

/* Over all listeners, removed ones that still answer among them. */
struct server_load listeners_load(struct listeners *listeners);

/* No new connections; waits until those that are open have ended (server_drain), at most `most_ms`. */
void listeners_drain(struct listeners *listeners, int most_ms);

/* Ends what is left (server_stop). */
void listeners_destroy(struct listeners *listeners);
