/*
 * usage.h — counts what clients do, while they do it.
 *
 * Each thread counts in a stripe of its own as long as there are few of them, so that nobody waits for anybody; the
 * keeper takes the stripes away once a second. Counting allocates when a client and rule come for the first time
 * since then, and never touches the store.
 *
 * Threads: any.
 */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "store/usage.h"

struct cells;
struct usage;

struct usage *usage_create(void);
/* NULL is allowed. */
void usage_destroy(struct usage *usage);

/* Whose it is: `rule` is the rule's name, absent or empty for none. */
struct usage_owner {
    int64_t realm_id;
    int64_t client_id; /* clients.id; 0: nobody knows */
    struct str rule;
};

/* One request that was asked about. */
struct usage_request {
    struct usage_owner owner;
    enum usage_count refused; /* USAGE_refused_…; USAGE_requests: it passed */
    int64_t points;
    int64_t subject; /* users.id, or below 0 a service account's; 0: none */
    int64_t ns;      /* that it took to decide */
};
/* `now` in seconds since 1970. */
void usage_add_request(struct usage *usage, const struct usage_request *request, int64_t now);
/* Anything else. */
void usage_add(struct usage *usage, const struct usage_owner *owner, enum usage_count what, int64_t count,
               int64_t now);

/* Moves all that was counted since the last time into the cells. */
void usage_collect(struct usage *usage, struct cells *cells);
