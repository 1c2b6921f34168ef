/*
 * shape.h — a compiled dialect, as the decoders and encoders read it.
 *
 * Private to dialect/. Immutable once loaded.
 */
#pragma once

#include "base/text.h"
#include "dialect/template.h"
#include "oauth/call.h"
#include "oauth/refusal.h"

struct graphql_schema;

enum body_kind {
    BODY_FORM = 1 << 0,
    BODY_JSON = 1 << 1,
};

struct value_name {
    enum parameter parameter;
    struct str wire;
    struct str standard;
};

/* How an endpoint (or a GraphQL field) spells the parameters. */
struct spelling {
    struct str names[PARAMETER_COUNT]; /* on the wire; absent: not read here */
    struct value_name *values;
    size_t value_count;
    struct str fixed[PARAMETER_COUNT];    /* absent: as the request says */
    struct str defaults[PARAMETER_COUNT]; /* when the request does not say */
};

struct header_template {
    struct str name;
    const struct text_template *value;
    bool tells_limits; /* names a fact of the moment, about how much is left */
    bool is_of_api;    /* of the guard's reply alone: what the API behind answers should have it as well */
};

struct reply_shape {
    unsigned status;
    struct str content_type;
    const struct json_template *body; /* NULL: none */
    const struct header_template *headers;
    size_t header_count;
    uint64_t facts;      /* that its holes name, 1 << enum fact_name */
    uint64_t body_facts; /* those of the body */
};

/* The parameters of an answer that travels in a redirect: in this order, those that are absent left out. */
struct redirect_pair {
    struct str name;
    const struct text_template *value;
};

struct redirect_shape {
    const struct redirect_pair *pairs;
    size_t count;
};

/* A value of a fact that the API calls otherwise. */
struct fact_value {
    enum fact_name fact;
    struct str standard;
    struct str wire;
};

struct error_shape {
    unsigned status;
    const struct text_template *error;
    const struct text_template *error_description;
    const struct text_template *extra[TEMPLATE_EXTRA_MAX];
    const struct text_template *challenge; /* WWW-Authenticate */
    struct reply_shape reply;
};

struct field_shape {
    struct str type; /* "Mutation" */
    struct str name; /* "requestAccessToken" */
    const struct operation *operation;
    struct str input; /* the argument whose members are the parameters; absent: the arguments are */
    struct spelling spelling;
    const struct json_template *body;
    enum fact_name needs; /* without it the field is null; FACT_COUNT: nothing */
    bool stands_in;       /* for the API's own, where there is none behind Jeton */
};

struct graphql_shape {
    const struct graphql_schema *schema;
    const struct field_shape *fields;
    size_t field_count;
    const struct json_template *extensions; /* of an error; NULL: none */
};

struct endpoint {
    struct str *paths;
    size_t path_count;
    struct str *methods;
    size_t method_count;
    struct str does;
    const struct operation *operation;   /* NULL: graphql */
    const struct graphql_shape *graphql; /* NULL: operation */
    bool asks_person;                    /* the operation is `authorize` */
    bool tells_usage;                    /* no operation: a client asks what it did */
    unsigned bodies;                     /* bits of enum body_kind */
    bool ignores_other_bodies;           /* another kind of body counts as no parameters */
    bool refuses_query;
    bool authorizes; /* graphql: only with a live token */
    bool is_at_root; /* the realm's path is not put before it */
    struct spelling spelling;
    struct reply_shape reply;
    const struct reply_shape *grant_replies[GRANT_TYPE_COUNT]; /* NULL: reply */
};

struct dialect {
    struct template_names names;
    struct str *authorization_schemes;
    size_t authorization_scheme_count;
    unsigned client_authentication; /* bits of enum client_authentication */
    bool last_repeated_wins;
    struct str *secret_names; /* that mean a secret in a query, besides the parameters' own */
    size_t secret_name_count;
    const struct endpoint *endpoints;
    size_t endpoint_count;
    struct reply_shape guard; /* of every realm, at /guard/{realm} */
    struct redirect_shape code_redirect;
    struct redirect_shape token_redirect;
    struct redirect_shape error_redirect;
    const struct fact_value *fact_values;
    size_t fact_value_count;
    struct error_shape errors[REFUSAL_COUNT];
    struct error_shape resource_errors[REFUSAL_COUNT];
    struct error_shape guard_errors[REFUSAL_COUNT]; /* resource_errors in statuses that gateways take for a no */
};

/* Reads the parts of the file; mistakes are added, never returned. */
struct loader {
    struct arena *arena;
    struct str file;
    struct mistakes *mistakes;
    struct dialect *dialect;
    const struct yaml_node *root;
};

void load_endpoints(struct loader *loader, const struct yaml_node *list);
void load_spelling(struct loader *loader, const struct yaml_node *map, struct spelling *ret_spelling);
const struct graphql_shape *load_graphql(struct loader *loader, const struct yaml_node *endpoint);
/* Starts from what every reply has and lays `map` (may be NULL) over it. */
void load_reply(struct loader *loader, const struct yaml_node *map, struct reply_shape *ret_reply);
/* Starts from `base` and lays `map` over it. */
void load_reply_variant(struct loader *loader, const struct yaml_node *map, const struct reply_shape *base,
                        struct reply_shape *ret_reply);
void load_redirects(struct loader *loader);
void load_fact_values(struct loader *loader);
void load_errors(struct loader *loader, const struct yaml_node *map, struct error_shape *ret_errors);

/* Small readers of nodes; absent and 0 on a mistake. */
struct str load_text(struct loader *loader, const struct yaml_node *node);
/* FACT_COUNT on a mistake. */
enum fact_name load_fact(struct loader *loader, const struct yaml_node *node, struct str name);
int64_t load_int(struct loader *loader, const struct yaml_node *node, int64_t min, int64_t max);
/* True for the second of two words, false for the first or nothing (NULL). */
bool load_choice(struct loader *loader, const struct yaml_node *node, const char *first, const char *second);
/* One text or a list of them. */
struct str *load_texts(struct loader *loader, const struct yaml_node *node, size_t *ret_count);
const struct json_template *load_json(struct loader *loader, const struct yaml_node *node);
const struct text_template *load_template(struct loader *loader, const struct yaml_node *node);
/* `found` is what stands there, or absent. */
void load_mistake(struct loader *loader, const struct yaml_node *node, struct str found, const char *allowed);
/* The node is of another kind. */
void load_misfit(struct loader *loader, const struct yaml_node *node, const char *allowed);
/* Adds a mistake for every member whose key is none of `keys` (ended by NULL). */
void load_only(struct loader *loader, const struct yaml_node *map, const char *const *keys);
size_t load_count(const struct yaml_node *parent);
