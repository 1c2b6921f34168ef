/*
 * policy_upstream.h — the part of a realm's policy that says where requests go that are none of Jeton's own.
 *
 * Threads: any; no state.
 */
#pragma once

#include "base/setting.h"

/* The settings of a struct upstream_policy. */
extern const struct setting policy_upstream_rows[];
