/*
 * limit.h — how often: a request is charged to its client's windows, or refused.
 *
 * All windows that a request counts in are checked and charged in one step. The facts `rate_*`, `points_*`,
 * `query_cost` and `retry_after` tell how they stand, whether it was refused or not.
 *
 * Specs: draft-ietf-httpapi-ratelimit-headers-10.   Threads: any.
 */
#pragma once

#include <stdint.h>

#include "base/outcome.h"
#include "base/text.h"

struct call;

/* The facts that limits tell: they outlive a refusal. A set of 1 << enum fact_name. */
uint64_t limit_facts(void);

/*
 * Charges the request of call->client, by call->rule, to the windows of its plan. Refuses with `rate_limited`, with
 * `points_used_up` when it is the points that the client must wait for, or with `cost_too_high` when waiting would
 * not help. Without call->meter nothing is counted.
 */
STEP limit_take(struct call *call);

/* The request of limit_take goes nowhere after all: its client has all of it back, and the facts tell so. */
void limit_give_back(struct call *call);

/* call->cost points of call->client, told after the request was served, by the class of call->rule: may go past the
 * limit. Tells the facts, and counts no request. */
void limit_charge_points(struct call *call);

/* Before credentials are looked at: refuses with `rate_limited` who was wrong too often from the same network. */
STEP limit_check_address(struct call *call);
/* The credentials were wrong. Logs, once a window, that nobody is heard from that network any more. */
void limit_note_failure(struct call *call);
/* A client that has proved who it is asks for a token. */
STEP limit_take_token(struct call *call);
