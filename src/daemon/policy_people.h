/*
 * policy_people.h — the parts of a realm's policy that have to do with people: asking them, signing them in, and what
 * they see.
 *
 * Threads: any; no state.
 */
#pragma once

#include "base/setting.h"

/* They fill a struct authorize_policy, a struct people_policy and a struct appearance. */
extern const struct setting policy_authorize_rows[];
extern const struct setting policy_people_rows[];
extern const struct setting policy_appearance_rows[];
