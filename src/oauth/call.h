/*
 * call.h — one typed request to the rules, and what they made of it.
 *
 * A face fills in the parameters under their standard names, runs the operation's check, prepare and (when something
 * must be written) apply, and reads the facts or the refusal. Nothing here knows HTTP, JSON or forms.
 *
 * Threads: a call belongs to its exchange.
 */
#pragma once

#include "base/outcome.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "oauth/realm.h"
#include "oauth/refusal.h"

struct arena;
struct access_token_row;
struct account_row;
struct client_row;
struct grant_kind;
struct grant_row;
struct refresh_token_row;
struct store_reader;
struct store_tx;

/* name, may stand in a URL */
#define PARAMETERS(X)                                                                                                \
    X(grant_type, true)                                                                                              \
    X(client_id, true)                                                                                               \
    X(client_secret, false)                                                                                          \
    X(scope, true)                                                                                                   \
    X(refresh_token, false)                                                                                          \
    X(account_id, true)                                                                                              \
    X(account_secret, false)                                                                                         \
    X(limited_scope, true)                                                                                           \
    X(token, false)                                                                                                  \
    X(token_type_hint, true)                                                                                         \
    X(access_token, false)                                                                                           \
    X(password, false)                                                                                               \
    X(code, false)

enum parameter {
#define PARAMETER_ENUM(name, in_url) PARAMETER_##name,
    PARAMETERS(PARAMETER_ENUM)
#undef PARAMETER_ENUM
        PARAMETER_COUNT
};

/* Longest value of one parameter, in bytes: tokens and secrets stay far below. */
#define PARAMETER_MAX 4096

struct str parameter_name(enum parameter parameter);
/* PARAMETER_COUNT for a name that the rules do not know: such parameters are ignored. [RFC6749 3.2] */
enum parameter parameter_find(struct str name);
bool parameter_may_be_in_url(enum parameter parameter);

/* What the rules say, by the names that templates use. `text` facts are UTF-8. */
#define FACTS(X)                                                                                                     \
    X(access_token)                                                                                                  \
    X(expires_in)                                                                                                    \
    X(scope)                                                                                                         \
    X(refresh_token)                                                                                                 \
    X(active)                                                                                                        \
    X(client_id)                                                                                                     \
    X(application)                                                                                                   \
    X(environment)                                                                                                   \
    X(subject)                                                                                                       \
    X(subject_type)                                                                                                  \
    X(instance)                                                                                                      \
    X(token_id)                                                                                                      \
    X(token_type)                                                                                                    \
    X(token_kind)                                                                                                    \
    X(issued_at)                                                                                                     \
    X(expires_at)                                                                                                    \
    X(grant_type)                                                                                                    \
    X(grant_types)                                                                                                   \
    X(scopes)                                                                                                        \
    X(issuer)                                                                                                        \
    X(realm)                                                                                                         \
    X(error)                                                                                                         \
    X(error_description)                                                                                             \
    X(request_path)                                                                                                  \
    X(request_query)                                                                                                 \
    X(request_method)                                                                                                \
    X(request_id)                                                                                                    \
    X(body_digest)                                                                                                   \
    X(extra_0)                                                                                                       \
    X(extra_1)                                                                                                       \
    X(extra_2)                                                                                                       \
    X(extra_3)

enum fact_name {
#define FACT_ENUM(name) FACT_##name,
    FACTS(FACT_ENUM)
#undef FACT_ENUM
        FACT_COUNT
};
_Static_assert(FACT_COUNT <= 64, "presence is one 64-bit mask");

enum fact_kind { FACT_TEXT, FACT_NUMBER, FACT_BOOL };

struct fact {
    enum fact_kind kind;
    struct str text;
    int64_t number;
};

struct facts {
    uint64_t present; /* 1 << enum fact_name */
    struct fact values[FACT_COUNT];
};

/* FACT_COUNT for an unknown name. */
enum fact_name fact_find(struct str name);

/* Where client credentials may come from. */
enum client_authentication {
    CLIENT_BY_HEADER = 1 << 0, /* Basic */
    CLIENT_BY_BODY = 1 << 1,   /* client_id and client_secret among the parameters */
};

/* The Authorization header, taken apart by the face. */
struct authorization {
    bool is_present;
    bool is_malformed;
    struct str client_id; /* of Basic, form-decoded [RFC6749 2.3.1] */
    struct str client_secret;
    bool is_basic;
    struct str token; /* of one of the dialect's schemes */
};

/* The most random bytes that one token takes: 255 base62 digits, 5 from 8 bytes. */
#define TOKEN_RANDOM_MAX 408

struct token_draft {
    struct str secret; /* the token's text without prefix, id and checksum */
    struct digest secret_hash;
    int64_t id;
};

struct call {
    /* filled by the face */
    struct arena *arena;
    const struct realm *realm;
    int64_t now;
    unsigned client_authentication; /* bits of enum client_authentication that the dialect allows */
    struct str parameters[PARAMETER_COUNT];
    struct authorization authorization;
    struct str claimed_client_id; /* what a request with a leak says of itself; for the log */
    struct str needed_scope;      /* guard: words that the token must have; absent: none */

    /* made by the rules */
    enum refusal refusal;
    struct facts facts;
    bool is_settled; /* after prepare: nothing to write, the facts are complete */
    const struct grant_kind *grant_kind;
    struct client_row *client;
    int64_t secret_id; /* the secret that authenticated; 0: none */
    struct account_row *account;
    struct str scope;
    int64_t lifetime_seconds;
    bool gives_refresh_token;
    struct token_draft access;
    struct token_draft refresh;
    int64_t token_id;     /* of the live token that the facts are about; 0: none */
    int64_t presented_id; /* of the token that is refreshed or revoked */
    struct digest presented_hash;
    bool presented_is_refresh;
    int64_t presented_grant_id;
};

/* What an endpoint does, by the name that dialects give it. */
struct operation {
    struct str name;
    bool is_for_resource; /* speaks to API clients (guard, whoami): errors in the resource's shape */
    enum outcome (*check)(struct call *call);
    enum outcome (*prepare)(struct call *call, struct store_reader *reader);
    enum outcome (*apply)(struct call *call, struct store_tx *tx); /* NULL: prepare always settles */
    void (*conclude)(struct call *call);                           /* NULL, or completes the facts after apply */
};

/* NULL for a name that is no operation. */
const struct operation *operation_find(struct str name);

static inline struct str call_parameter(const struct call *call, enum parameter parameter)
{
    return call->parameters[parameter];
}

void call_set_text(struct call *call, enum fact_name name, struct str text); /* absent texts are left out */
void call_set_number(struct call *call, enum fact_name name, int64_t number);
void call_set_bool(struct call *call, enum fact_name name, int value);

/* The check of operations that need none. */
STEP check_nothing(struct call *call);

/* The operations. */
STEP token_check(struct call *call);
STEP token_prepare(struct call *call, struct store_reader *reader);
STEP token_apply(struct call *call, struct store_tx *tx);
void token_conclude(struct call *call);
STEP guard_check(struct call *call);
STEP guard_prepare(struct call *call, struct store_reader *reader);
STEP introspect_check(struct call *call);
STEP introspect_prepare(struct call *call, struct store_reader *reader);
STEP revoke_check(struct call *call);
STEP revoke_prepare(struct call *call, struct store_reader *reader);
STEP revoke_apply(struct call *call, struct store_tx *tx);
STEP metadata_prepare(struct call *call, struct store_reader *reader);
