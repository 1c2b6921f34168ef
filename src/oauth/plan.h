/*
 * plan.h — how much a client may ask for: the plans of a realm.
 *
 * A plan has windows: each limits requests or points, of one client or of each of its users, in so many seconds. A
 * window counts the requests of one class of rules (`limit`), or of all.
 *
 * Threads: any; part of the realm's policy.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct arena;
struct client_row;
struct realm;

/* The class of rules that say nothing else, and of requests that no rule is for. */
#define RATE_CLASS_DEFAULT STR("default")
/* Of windows only: every class. */
#define RATE_CLASS_ALL STR("all")

struct rate_window {
    struct str name;
    struct str limit; /* the class of rules that it counts, or RATE_CLASS_ALL */
    bool is_per_user; /* each user of the client has one of his own; requests without a user share one */
    bool is_of_points;
    int64_t seconds;
    int64_t most;
    uint64_t window_id; /* of name, seconds, unit and whose it is: the count stays when anything else changes */
};

/* What the requests of one class count in. */
struct rate_class {
    struct str limit; /* absent: every class that no window names */
    const struct rate_window **windows;
    size_t window_count;
    struct str policy; /* of all of them, as the header RateLimit-Policy has it */
};

struct rate_plan {
    struct str name;
    struct rate_window *windows;
    size_t window_count;
    struct rate_class *classes; /* compiled; the last one is of all others */
    size_t class_count;
};

/* Which plan holds for clients that have none of their own. Absent: none. */
struct rate_defaults {
    struct str production;
    struct str development;
};

/* most 0: not limited. */
struct rate_cap {
    int64_t most;
    int64_t seconds;
};

/* Requests for tokens. */
struct rate_tokens {
    struct rate_cap per_client;           /* of a client that has proved who it is */
    struct rate_cap failures_per_address; /* of wrong credentials from one IPv4 address or IPv6 /64 */
};

struct rate_policy {
    struct rate_plan *plans;
    size_t plan_count;
    struct rate_defaults defaults;
    struct rate_tokens tokens;
};

/* "hour";q=1000;w=3600 [draft-ietf-httpapi-ratelimit-headers-10 3] */
struct str rate_window_policy(struct arena *arena, const struct rate_window *window);

/* NULL for a name that no plan has. */
const struct rate_plan *rate_plan_find(const struct realm *realm, struct str name);
/* The client's own plan, if the realm has it, else the one for its environment. NULL: nothing is limited. */
const struct rate_plan *rate_plan_of(const struct realm *realm, const struct client_row *client);
/* Whether a request of a rule of the class counts in it. */
bool rate_window_counts(const struct rate_window *window, struct str limit);
/* Numbers the windows and sorts them into classes: once, before the plan is used. */
void rate_plan_compile(struct rate_plan *plan, struct arena *arena);
const struct rate_class *rate_class_find(const struct rate_plan *plan, struct str limit);
