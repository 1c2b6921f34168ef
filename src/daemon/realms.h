/*
 * realms.h — what a configuration's realms do not have of themselves: their numbers and keys.
 *
 * Threads: one, before the configuration is published; blocks on the store.
 */
#pragma once

#include "base/outcome.h"

struct configuration;
struct digest;
struct store;

/*
 * Gives every realm its id, and its refresh_key and people.key, made of the server's `key` and its name, and notes
 * the lifetimes of its tokens for the sweep. Logs which plans clients have that are in no realm's configuration any
 * more.
 */
STEP realms_resolve(struct configuration *configuration, struct store *store, const struct digest *key);
