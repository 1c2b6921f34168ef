/*
 * policy.h — the `realms` part of jeton.yaml: what is decided, for each realm.
 *
 * Threads: any; no state.
 */
#pragma once

#include "base/setting.h"

struct mistakes;
struct realm;
struct yaml_node;

/* The settings of one realm; they fill a struct realm. */
extern const struct setting policy_rows[];

/* What must hold between settings: scopes that exist and need no user where there is none, refresh tokens that
 * can be used, token shapes that cannot be guessed. `node` is the realm's. */
void policy_check(const struct realm *realm, const struct yaml_node *node, struct str file,
                  struct mistakes *mistakes);
