/*
 * policy_limits.h — the parts of a realm's policy that say how much clients may ask for.
 *
 * Threads: any; no state.
 */
#pragma once

#include "base/setting.h"

struct mistakes;
struct realm;
struct yaml_node;

/* They fill a struct rate_plan, a struct rate_defaults and a struct rate_tokens. */
extern const struct setting policy_plan_rows[];
extern const struct setting policy_default_plan_rows[];
extern const struct setting policy_token_requests_rows[];

/* Numbers the windows, and checks what must hold between settings: defaults that exist, windows that can be told
 * apart, no more of them for one request than can be counted in a step. `node` is the realm's. */
void policy_limits_complete(struct realm *realm, const struct yaml_node *node, struct str file,
                            struct mistakes *mistakes);
