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
struct call;
struct access_token_row;
struct account_row;
struct client_row;
struct grant_kind;
struct grant_row;
struct guard_rule;
struct instance_row;
struct meter;
struct refresh_token_row;
struct sign_in;
struct store_reader;
struct store_tx;
struct user_row;

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
    X(code, false)                                                                                                   \
    X(username, true)                                                                                                \
    X(redirect_uri, true)                                                                                            \
    X(response_type, true)                                                                                           \
    X(response_mode, true)                                                                                           \
    X(state, true)                                                                                                   \
    X(code_challenge, true)                                                                                          \
    X(code_challenge_method, true)                                                                                   \
    X(code_verifier, false)                                                                                          \
    X(prompt, true)                                                                                                  \
    X(max_age, true)                                                                                                 \
    X(points, true)                                                                                                  \
    X(subject, true)                                                                                                 \
    X(subject_type, true)                                                                                            \
    X(rule, true)                                                                                                    \
    X(path, true)                                                                                                    \
    X(method, true)

enum parameter {
#define PARAMETER_ENUM(name, in_url) PARAMETER_##name,
    PARAMETERS(PARAMETER_ENUM)
#undef PARAMETER_ENUM
        PARAMETER_COUNT
};
_Static_assert(PARAMETER_COUNT <= 32, "sets of parameters are one 32-bit mask");

/* Longest value of one parameter, in bytes: tokens and secrets stay far below. */
#define PARAMETER_MAX 4096

struct str parameter_name(enum parameter parameter);
/* PARAMETER_COUNT for a name that the rules do not know: such parameters are ignored. [RFC6749 3.2] */
enum parameter parameter_find(struct str name);
bool parameter_may_be_in_url(enum parameter parameter);
/* What the API's servers tell of a request's cost; nobody else's parameter of such a name means anything. */
bool parameter_is_of_charge(enum parameter parameter);

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
    X(code)                                                                                                          \
    X(state)                                                                                                         \
    X(username)                                                                                                      \
    X(display_name)                                                                                                  \
    X(request_path)                                                                                                  \
    X(request_query)                                                                                                 \
    X(request_method)                                                                                                \
    X(request_id)                                                                                                    \
    X(body_digest)                                                                                                   \
    X(response_types)                                                                                                \
    X(response_modes)                                                                                                \
    X(code_challenge_methods)                                                                                        \
    X(tells_issuer)                                                                                                  \
    X(rate_limit)                                                                                                    \
    X(rate_remaining)                                                                                                \
    X(rate_reset)                                                                                                    \
    X(rate_name)                                                                                                     \
    X(points_limit)                                                                                                  \
    X(points_remaining)                                                                                              \
    X(query_cost)                                                                                                    \
    X(query_mistake)                                                                                                 \
    X(query_line)                                                                                                    \
    X(query_column)                                                                                                  \
    X(retry_after)                                                                                                   \
    X(rate_policy)                                                                                                   \
    X(rate_limits)                                                                                                   \
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

/* The most random bytes that one token takes: 255 base62 digits, 5 from 6 bytes. */
#define TOKEN_RANDOM_MAX 306

struct token_draft {
    struct str secret; /* the token's text without prefix, id and checksum */
    struct digest secret_hash;
    int64_t id;
};

/* How the answer travels to the client. [OAuth 2.0 Multiple Response Types 2.1, OAuth 2.0 Form Post Response Mode] */
enum response_mode { RESPONSE_QUERY, RESPONSE_FRAGMENT, RESPONSE_FORM_POST };

/* What a face makes of a query before it runs. */
struct query_estimate {
    int64_t points; /* at least 1 */
    bool only_reads;
    bool is_unreadable; /* or readable in more than one way: nothing of the above is sure */
    struct str mistake; /* present: a mistake of grammar, and nothing else, makes it unreadable */
    unsigned line;
    unsigned column;
};

/* The API request that the guard is asked about, as it came. */
struct guarded_request {
    struct str method;  /* absent: nobody has told, or two have told different ones */
    struct str path;    /* raw, without its query; absent as well */
    bool is_unreadable; /* found by guard_check, where there are rules */
    /* For rules that ask; only once the token is known to live. NULL: the face cannot tell. */
    struct query_estimate (*estimate)(const struct call *call, const void *message);
    const void *message; /* the face's */
};

/* What the authorization endpoint makes of a request and of the person's answer; authorize.h has the verbs. */
struct authorization_request {
    struct str redirect_uri; /* where the answer goes, once it may go there; absent: nowhere, tell the person */
    enum response_mode response_mode;
    bool gives_token; /* response_type=token */
    bool must_sign_in_again;
    bool must_ask;               /* prompt=consent: even when consent is remembered */
    bool may_not_ask;            /* prompt=none: refuse instead of showing a page */
    int64_t authenticated_since; /* max_age: an earlier sign-in does not count; 0: every one does */
    struct digest submission;    /* of the consent form that was answered; one of its own where none was shown */
    struct str settled_uri;      /* as prepare found it, while apply may have to tell the person something */
    struct token_draft code;
};

struct call {
    /* filled by the face */
    struct arena *arena;
    const struct realm *realm;
    struct meter *meter; /* NULL: nothing is counted or limited */
    int64_t now;
    unsigned client_authentication; /* bits of enum client_authentication that the dialect allows */
    struct str parameters[PARAMETER_COUNT];
    struct authorization authorization;
    uint32_t repeated; /* 1 << enum parameter: came more than once where that is refused; the last value is kept */
    struct str client_address;      /* numeric, of whoever asks: guessing is slowed down by it */
    struct str claimed_client_id;   /* what a request with a leak says of itself; for the log */
    struct str needed_scope;        /* guard: words that the token must have; absent: none */
    struct str needed_instance;     /* guard: the instance's name that the token must be of; absent: any or none */
    struct guarded_request guarded; /* guard: what the realm's rules are about */
    bool is_rehearsal;              /* guard: only to say what would become of the request; nothing is charged */
    bool must_authenticate;         /* charge: strangers may come the way that the request came */
    uint64_t wanted_facts; /* 1 << enum fact_name that the reply names: what is dear to make is made for them only */

    /* made by the rules */
    enum refusal refusal;
    struct facts facts;
    bool is_settled; /* after prepare: nothing to write, the facts are complete */
    bool must_prove; /* after prepare: a password must be hashed before apply */
    const struct grant_kind *grant_kind;
    struct client_row *client;
    int64_t secret_id; /* the secret that authenticated; 0: none */
    struct account_row *account;
    struct user_row *user;
    struct instance_row *instance; /* NULL: none */
    struct sign_in *sign_in;       /* of the password grant; the face logs it when all is over. NULL: none */
    struct authorization_request authorize;
    struct str scope;
    int64_t lifetime_seconds;
    bool gives_refresh_token;
    struct token_draft access;
    struct token_draft refresh;
    const struct guard_rule
        *rule;            /* of the guarded request, also where it was refused; NULL: none fits, or none is */
    int64_t cost;         /* of the guarded request, in points */
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
    /* Slow work between prepare and apply, on the crew's thread, when call->must_prove; NULL: there is none. */
    enum outcome (*prove)(struct call *call);
    enum outcome (*apply)(struct call *call, struct store_tx *tx); /* NULL: prepare always settles */
    void (*conclude)(struct call *call);                           /* NULL, or completes the facts after apply */
};

/* `charge` has no name in dialects: it is never the public's. charge.c says what it reads. */
extern const struct operation charge_operation;
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

/* The operations; those of `authorize` stand in authorize.h. */
STEP token_check(struct call *call);
STEP token_prepare(struct call *call, struct store_reader *reader);
STEP token_prove(struct call *call);
STEP token_apply(struct call *call, struct store_tx *tx);
void token_conclude(struct call *call);
STEP guard_check(struct call *call);
STEP guard_prepare(struct call *call, struct store_reader *reader);
STEP whoami_check(struct call *call);
STEP whoami_prepare(struct call *call, struct store_reader *reader);
STEP cost_prepare(struct call *call, struct store_reader *reader);
STEP introspect_check(struct call *call);
STEP introspect_prepare(struct call *call, struct store_reader *reader);
STEP revoke_check(struct call *call);
STEP revoke_prepare(struct call *call, struct store_reader *reader);
STEP revoke_apply(struct call *call, struct store_tx *tx);
STEP metadata_prepare(struct call *call, struct store_reader *reader);
