/*
 * realm.h — one API company's authorization server: its policy.
 *
 * Read from the configuration once, immutable, shared by all threads while the configuration lives. What is decided
 * (lifetimes, grants, scopes, token shapes) stands here; how it is spelled is the dialect's.
 */
#pragma once

#include "base/text.h"
#include "crypto/digest.h"
#include "identity/policy.h"
#include "oauth/plan.h"
#include "oauth/rule.h"

enum token_alphabet { TOKEN_HEX, TOKEN_BASE62 };

/* The shape of an opaque token: prefix + id + secret [+ checksum]; `length` counts everything but the prefix. */
struct token_format {
    struct str prefix; /* at most 16 characters of [A-Za-z0-9_-] */
    enum token_alphabet alphabet;
    unsigned length;   /* 30 to 255; hex at least 40: 48 bits of id and 112 of secret */
    bool has_checksum; /* the last six characters: CRC-32 in base62 */
};

struct token_policy {
    struct token_format format;
    int64_t lifetime_seconds; /* 0: does not expire */
};

enum grant_type {
    GRANT_CLIENT_CREDENTIALS,
    GRANT_REFRESH_TOKEN,
    GRANT_SERVICE_ACCOUNT,
    GRANT_AUTHORIZATION_CODE,
    GRANT_IMPLICIT, /* at the authorization endpoint only */
    GRANT_PASSWORD,
    GRANT_TYPE_COUNT
};

struct grant_policy {
    bool is_allowed;
    bool is_for_trusted_clients; /* unauthorized_client for the others */
    bool gives_refresh_token;
    struct str scope; /* absent: what the request asks, else the realm's default; present: always this */
};

struct scope_policy {
    struct str name; /* a `*` stands for one or more digits: "org_*:read" */
    struct str description;
    bool is_write;
    bool needs_user; /* never for a client on its own */
};

enum refresh_rotation { REFRESH_ROTATE, REFRESH_KEEP };

/* How a redirect_uri must agree with the registered ones. Loopback ports may always vary where they are exact. */
enum redirect_match {
    REDIRECT_EXACT,  /* [RFC9700 2.1] */
    REDIRECT_DOMAIN, /* the same scheme kind and host; port, path and query are free */
};

/* Whether the client must bind the code to itself. [RFC7636] */
enum pkce_policy {
    PKCE_OPTIONAL, /* checked when it is used */
    PKCE_PUBLIC,   /* public clients must */
    PKCE_ALWAYS,
};

/* What the authorization endpoint decides by. */
struct authorize_policy {
    enum redirect_match redirect_match;
    enum pkce_policy pkce;
    bool state_is_required;
    bool remembers_consent; /* an earlier grant that covers the request is not asked for again */
    bool tells_issuer;      /* [RFC9207] */
};

/* What people see of the realm. */
struct appearance {
    struct str title;    /* absent: the realm's name */
    struct str logo_uri; /* absent: none */
    struct str accent;   /* "#rrggbb" */
};

/* Where requests go that are none of ours, once the guard has let them pass. */
struct upstream_policy {
    bool is_there;
    struct str url;    /* "http://127.0.0.1:8000", perhaps with a path; no slash at the end */
    struct str *paths; /* what they begin with, segment by segment */
    size_t path_count;
    int64_t connect_seconds;
    int64_t answer_seconds; /* the longest silence */
    unsigned requests;      /* under way at once */
    unsigned requests_per_client;
    bool passes_authorization;
    bool passes_preflight; /* what browsers ask before a request, which has no token [Fetch 4.8] */
};

struct realm {
    int64_t id; /* realms.id in the store */
    struct str name;
    struct str issuer; /* "https://auth.example.com", without a slash at the end */
    struct str dialect;
    struct str *hosts; /* lower case, without port; none: every host */
    size_t host_count;
    struct str path; /* prefix of every endpoint; "" or "/something" */
    struct grant_policy grants[GRANT_TYPE_COUNT];
    struct token_policy access_token;
    struct token_policy refresh_token;
    struct token_policy code;
    enum refresh_rotation refresh_rotation;
    int64_t refresh_grace_seconds;
    /* A token that a client asks to be limited: shorter, with another scope. Lifetime 0: not offered. */
    int64_t limited_lifetime_seconds;
    struct str limited_scope;
    struct scope_policy *scopes;
    size_t scope_count;
    struct str default_scope;
    struct token_format client_id_format; /* shapes of what the registration hands out */
    struct token_format client_secret_format;
    struct authorize_policy authorize;
    struct people_policy people; /* how people sign in */
    struct appearance appearance;
    struct guard_policy guard; /* which API requests pass */
    struct upstream_policy upstream;
    struct rate_policy rate;   /* how much clients may ask for */
    struct digest refresh_key; /* successors are derived with it; never in the store */
};
