/*
 * rows.h — the rows and their ids, as the verbs hand them out.
 *
 * `id` is a row's own number in this database; `client_id`, `account_id` are the names on the wire. Texts live in the
 * arena that the verb was given. Times are seconds since 1970; 0 in a `_at` means never.
 */
#pragma once

#include "base/text.h"
#include "crypto/digest.h"

#define SECRETS_PER_CLIENT_MAX 5
#define SECRET_LABEL_MAX       64

struct application_row {
    int64_t id;
    int64_t realm_id;
    struct str name;
    struct str owner;    /* e-mail of the developer; may be empty */
    struct str website;  /* https URL whose host people are shown; may be empty */
    struct str logo_uri; /* may be empty */
    int64_t verified_at; /* the operator has looked at it; 0: nobody has */
    int64_t created_at;
    int64_t suspended_at;
};

struct secret_row {
    int64_t id;
    struct str label;
    struct digest secret_hash;
    int64_t created_at;
    int64_t last_used_at;
    int64_t expires_at;
};

enum client_flag {
    CLIENT_IS_PUBLIC = 1 << 0,      /* has no secret */
    CLIENT_IS_TRUSTED = 1 << 1,     /* reviewed by the operator: grants that policy keeps for trusted ones */
    CLIENT_MAY_INTROSPECT = 1 << 2, /* a resource server: introspects every token of the realm */
};

struct client_row {
    int64_t id;
    int64_t realm_id;
    int64_t application_id;
    struct str client_id;
    struct str environment;   /* "production" or "development" */
    struct str scope;         /* what it may have; absent: all of the realm's */
    struct str redirect_uris; /* registered ones, separated by one blank; may be empty */
    struct str plan;          /* whose limits hold for it; absent: the realm's default */
    unsigned flags;           /* enum client_flag */
    int64_t created_at;
    int64_t suspended_at;                              /* its own or its application's */
    struct secret_row secrets[SECRETS_PER_CLIENT_MAX]; /* live ones; expired ones stay until removed */
    size_t secret_count;
};

struct account_row {
    int64_t id;
    int64_t realm_id;
    struct str account_id;
    struct str name;
    struct digest secret_hash;
    int64_t created_at;
    int64_t suspended_at;
};

/* What a user or a service account allowed a client. */
struct grant_row {
    int64_t id;
    int64_t client_id;   /* clients.id */
    int64_t account_id;  /* accounts.id; 0: none */
    int64_t user_id;     /* users.id; 0: none */
    int64_t instance_id; /* instances.id; 0: the realm as a whole */
    int64_t scope_set;
    int64_t created_at;
    int64_t revoked_at;
};

struct access_token_row {
    int64_t id;
    struct digest secret_hash;
    int64_t client_id; /* clients.id */
    int64_t grant_id;  /* 0: the client's own, no grant */
    int64_t scope_set;
    int64_t expires_at; /* 0: never */
};

struct refresh_token_row {
    int64_t id;
    struct digest secret_hash;
    int64_t client_id;
    int64_t grant_id; /* always has one */
    int64_t scope_set;
    int64_t expires_at;
    int64_t rotated_at;          /* when it was first exchanged; 0: not yet */
    int64_t successor_id;        /* the refresh token that followed; 0: none */
    int64_t successor_access_id; /* the access token given with it */
};
