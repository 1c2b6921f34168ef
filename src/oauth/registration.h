/*
 * registration.h — applications, their clients and secrets, and service accounts: who may register what.
 *
 * Each verb is a step of a unit: it runs inside the batch's transaction and may run twice. What it hands out (ids and
 * secrets) is therefore drawn before the unit, by the `_draw` verbs; the store keeps the secret's SHA-256 only, so
 * the texts in the drafts are the one chance to tell them. A REFUSED step leaves a constant text in `refusal`.
 *
 * Specs: RFC 6749 §2, §3.1.2.2, §10.10.   Threads: as store.h.
 */
#pragma once

#include "base/outcome.h"
#include "base/text.h"
#include "store/rows.h"

struct arena;
struct realm;
struct store_tx;
struct token_format;

#define APPLICATION_NAME_MAX 100 /* bytes */
#define OWNER_MAX            254 /* the longest e-mail address that mail can carry [RFC5321 4.5.3.1] */
#define ACCOUNT_ID_MAX       64
#define WEBSITE_MAX          500 /* bytes; of logo_uri too */

/* The least that a configured shape may leave for randomness. A guess at 2^-112 is hopeless for an id; a secret is
 * what stands between a stranger and the client, and offline guessing against its plain SHA-256 must be too. */
#define CLIENT_ID_RANDOM_BITS_MIN     112
#define CLIENT_SECRET_RANDOM_BITS_MIN 160

/* The random bits in a text of this shape, rounded down: everything but prefix and checksum. */
unsigned credential_random_bits(const struct token_format *format);
/* A random text of this shape. Draws randomness: never inside a unit. */
struct str credential_draw(struct arena *arena, const struct token_format *format);

/* What every step needs. */
struct registration {
    struct arena *arena;
    const struct realm *realm;
    int64_t now;
    const char *refusal; /* why, when a step was REFUSED */
};

struct client_draft {
    struct str client_id;
    struct str client_secret; /* absent: a public client */
};

/* An application with its `production` client and, when asked, its `development` one. */
struct application_draft {
    struct str name;          /* 1 to APPLICATION_NAME_MAX bytes without controls */
    struct str owner;         /* e-mail; absent or at most OWNER_MAX bytes */
    struct str website;       /* https URL whose host people are shown; may be absent */
    struct str logo_uri;      /* https URL; may be absent */
    struct str scope;         /* what its clients may have; absent: all of the realm's */
    struct str redirect_uris; /* of each of its clients, separated by blanks; may be absent */
    unsigned flags;           /* enum client_flag, of each of its clients */
    bool is_verified;         /* the operator has looked at it */
    bool has_development;
    struct client_draft production;
    struct client_draft development;
};

/* Draws ids and secrets in the realm's shapes. */
void application_draw(struct arena *arena, const struct realm *realm, struct application_draft *draft);
STEP application_register(struct registration *call, struct store_tx *tx, const struct application_draft *draft,
                          int64_t *ret_id);

/* Of the call's realm; REFUSED when there is no such application there. */
STEP application_stop(struct registration *call, struct store_tx *tx, int64_t id);   /* suspends at `now` */
STEP application_resume(struct registration *call, struct store_tx *tx, int64_t id); /* lifts that */
STEP application_remove(struct registration *call, struct store_tx *tx, int64_t id);

/* The operator says so, or takes it back: people see it when they are asked. */
STEP application_verify(struct registration *call, struct store_tx *tx, int64_t id);
STEP application_unverify(struct registration *call, struct store_tx *tx, int64_t id);

/* A client by itself; one whose application is suspended stays so. Its tokens are refused while it lasts. */
STEP client_stop(struct registration *call, struct store_tx *tx, struct str client_id);
STEP client_resume(struct registration *call, struct store_tx *tx, struct str client_id);
/* CLIENT_IS_TRUSTED and CLIENT_MAY_INTROSPECT only: whether a client keeps a secret never changes. */
STEP client_change_flags(struct registration *call, struct store_tx *tx, struct str client_id, unsigned set,
                         unsigned cleared);
/* A plan of the realm's; absent: the realm's default for its environment. */
STEP client_change_plan(struct registration *call, struct store_tx *tx, struct str client_id, struct str plan);
/* All of the client's, from now on: as oauth/redirect.h says, separated by blanks, none twice; empty: none. */
STEP client_change_redirect_uris(struct registration *call, struct store_tx *tx, struct str client_id,
                                 struct str redirect_uris);

struct secret_draft {
    struct str label;   /* at most SECRET_LABEL_MAX bytes without controls */
    int64_t expires_at; /* 0: never */
    struct str client_secret;
};

/* At most SECRETS_PER_CLIENT_MAX live ones; expired ones make room. */
STEP client_add_secret(struct registration *call, struct store_tx *tx, struct str client_id,
                       const struct secret_draft *draft, int64_t *ret_id);
STEP client_revoke_secret(struct registration *call, struct store_tx *tx, struct str client_id, int64_t secret_id);

struct account_draft {
    struct str account_id; /* absent before account_draw: one is made up, as decimal text; never "-" */
    struct str name;
    struct str account_secret;
};

/* Draws the secret, in the shape of the realm's client secrets, and the id when none is given. */
void account_draw(struct arena *arena, const struct realm *realm, struct account_draft *draft);
STEP account_register(struct registration *call, struct store_tx *tx, const struct account_draft *draft,
                      int64_t *ret_id);
/* Its tokens are refused while it lasts. */
STEP account_stop(struct registration *call, struct store_tx *tx, struct str account_id);
STEP account_resume(struct registration *call, struct store_tx *tx, struct str account_id);
