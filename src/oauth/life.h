/*
 * life.h — an issued token with all that its life hangs on: whether it lives, and whose it is.
 *
 * Guard, whoami, introspection and the operator's commands all ask here, so they can never disagree. All rows come
 * from the thread's cache while nothing has changed. Who leaves an instance loses the grants there with the
 * membership (grant_revoke_of_user), so memberships are not looked at.
 *
 * Threads: as store.h.
 */
#pragma once

#include "oauth/refusal.h"
#include "store/rows.h"

struct arena;
struct instance_row;
struct store_reader;
struct user_row;

struct life {
    bool is_refresh;
    int64_t id;
    struct digest secret_hash;
    int64_t scope_set;
    int64_t expires_at; /* 0: never */
    int64_t rotated_at; /* of a refresh token that was exchanged; 0: not yet */
    int64_t client_id;  /* clients.id */
    int64_t grant_id;   /* 0: none */
    /* after life_load */
    struct client_row *client;   /* NULL: deleted */
    struct grant_row *grant;     /* NULL: none, or gone */
    struct account_row *account; /* NULL: none, or gone */
    struct user_row *user;
    struct instance_row *instance;
};

/* NULL where there is no such row. */
STEP life_find_access(struct store_reader *reader, struct arena *arena, int64_t id, struct life **ret_life);
STEP life_find_refresh(struct store_reader *reader, struct arena *arena, int64_t id, struct life **ret_life);

/* Finds the client, the grant, and the account, user and instance that the grant names. */
STEP life_load(struct store_reader *reader, struct arena *arena, struct life *life);

/* Why a loaded token is dead at `now`: REFUSED_token_expired or REFUSED_token_revoked; NOT_REFUSED: it lives. */
enum refusal life_end(const struct life *life, int64_t now);
