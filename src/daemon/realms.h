/*
 * realms.h — what the store gives the realms of a configuration: their numbers and keys.
 *
 * Threads: one, before the configuration is published; blocks on the store.
 */
#pragma once

#include "base/outcome.h"

struct configuration;
struct store;

/* Gives every realm its id and refresh_key, and notes the lifetimes of its tokens for the sweep. */
STEP realms_resolve(struct configuration *configuration, struct store *store);
