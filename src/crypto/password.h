/*
 * password.h — passwords of people, hashed slowly.
 *
 * New hashes are Argon2id by libsodium. Imported ones may be whatever crypt(5) of libxcrypt verifies: bcrypt,
 * yescrypt, SHA-512. A hash says its own parameters, so a policy may change at any time; password_is_outdated tells
 * which ones to make anew at the next sign-in. These functions take tens of milliseconds: only on the crew.
 *
 * Specs: RFC 9106 §4.   Threads: any.
 */
#pragma once

#include "base/text.h"

struct arena;

/* In bytes: longer ones are refused before they are hashed. */
#define PASSWORD_MAX 1024

struct password_cost {
    size_t memory_bytes; /* 8 MiB to 1 GiB */
    unsigned iterations; /* 1 to 10 */
};

/* As crypt(5) writes it, in the arena; absent when there is no memory for it. */
struct str password_hash(struct arena *arena, struct str password, const struct password_cost *cost);

/* False for a hash of an unknown kind and for an empty one, too. */
bool password_fits(struct str password, struct str hash);

/* Takes as long as password_fits with a hash of this cost: for users that do not exist. */
void password_pretend(struct str password, const struct password_cost *cost);

/* The hash is of another kind or of another cost than new ones. */
bool password_is_outdated(struct str hash, const struct password_cost *cost);

/* Of a kind that password_fits verifies, whole, and of a bearable cost: for imports. */
bool password_is_hash(struct str hash);
