/*
 * policy_guard.h — the part of a realm's policy that says which API requests pass the guard.
 *
 * Threads: any; no state.
 */
#pragma once

#include "base/setting.h"

struct mistakes;
struct realm;
struct yaml_node;

/* The settings of a struct guard_policy. */
extern const struct setting policy_guard_rows[];

/* Compiles the realm's rules and says what must hold between them: scopes that exist, and no rule that can never
 * decide. `node` is the realm's. */
void policy_guard_compile(struct realm *realm, const struct yaml_node *node, struct str file,
                          struct mistakes *mistakes);
