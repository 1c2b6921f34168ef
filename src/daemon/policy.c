#include "daemon/policy.h"

#include "base/arena.h"
#include "base/mistake.h"
#include "base/setting.h"
#include "base/yaml.h"
#include "daemon/policy_guard.h"
#include "daemon/policy_limits.h"
#include "daemon/policy_people.h"
#include "daemon/policy_upstream.h"
#include "daemon/syntax.h"
#include "oauth/realm.h"
#include "oauth/registration.h"
#include "oauth/scope.h"

#define TEN_YEARS_SECONDS 315360000
/* 48 bits of id and 112 of secret: 160 bits in hex, a little more in base62. */
#define TOKEN_HEX_LENGTH_MIN    40
#define TOKEN_BASE62_LENGTH_MIN 30
#define CHECKSUM_LEN            6
/* "A maximum authorization code lifetime of 10 minutes is RECOMMENDED." [RFC6749 4.1.2] */
#define CODE_LIFETIME_MOST 600

static const struct setting_choice alphabets[] = {{"hex", TOKEN_HEX}, {"base62", TOKEN_BASE62}, {0}};
static const struct setting_choice rotations[] = {{"rotate", REFRESH_ROTATE}, {"keep", REFRESH_KEEP}, {0}};
static const struct setting_choice levels[] = {{"read", false}, {"write", true}, {0}};

/* Places of a struct token_format, which a struct token_policy begins with. */
_Static_assert(offsetof(struct token_policy, format) == 0, "format rows fill token policies too");

#define FORMAT_ROWS(usual_alphabet, usual_length)                                                                    \
    {                                                                                                                \
        .key = "format",                                                                                             \
        .kind = SETTING_CHOICE,                                                                                      \
        .place = SETTING_PLACE(struct token_format, alphabet),                                                       \
        .choices = alphabets,                                                                                        \
        .default_text = usual_alphabet,                                                                              \
        .help = "The alphabet.",                                                                                     \
    },                                                                                                               \
        {                                                                                                            \
            .key = "length",                                                                                         \
            .kind = SETTING_INTEGER,                                                                                 \
            .place = SETTING_PLACE(struct token_format, length),                                                     \
            .least = 16,                                                                                             \
            .most = 255,                                                                                             \
            .default_text = usual_length,                                                                            \
            .help = "Characters, the checksum among them but not the prefix. Too few to be safe are refused: how "   \
                    "many that is depends on alphabet and checksum.",                                                \
        },                                                                                                           \
        {                                                                                                            \
            .key = "prefix",                                                                                         \
            .kind = SETTING_TEXT,                                                                                    \
            .place = SETTING_PLACE(struct token_format, prefix),                                                     \
            .most = 16,                                                                                              \
            .is_fit = syntax_is_prefix,                                                                              \
            .allowed = "at most 16 of A-Z, a-z, 0-9, _ and -",                                                       \
            .default_text = "",                                                                                      \
            .help = "What each one begins with, so that secret scanners know it.",                                   \
        },                                                                                                           \
    {                                                                                                                \
        .key = "checksum", .kind = SETTING_BOOL, .place = SETTING_PLACE(struct token_format, has_checksum),          \
        .default_text = "false",                                                                                     \
        .help = "Whether the last six characters are a checksum that can be verified offline.",                      \
    }

#define LIFETIME_ROW(usual)                                                                                          \
    {                                                                                                                \
        .key = "lifetime_seconds", .kind = SETTING_SECONDS, .may_be_never = true,                                    \
        .place = SETTING_PLACE(struct token_policy, lifetime_seconds), .least = 1, .most = TEN_YEARS_SECONDS,        \
        .default_text = usual, .help = "How long a token is good for; never, or 0: until it is revoked.",            \
    }

static const struct setting access_token_rows[] = {FORMAT_ROWS("base62", "40"), LIFETIME_ROW("3600"), {0}};
static const struct setting refresh_token_rows[] = {FORMAT_ROWS("base62", "40"), LIFETIME_ROW("28d"), {0}};
static const struct setting code_rows[] = {
    FORMAT_ROWS("hex", "40"),
    {
        .key = "lifetime_seconds",
        .kind = SETTING_SECONDS,
        .place = SETTING_PLACE(struct token_policy, lifetime_seconds),
        .least = 10,
        .most = CODE_LIFETIME_MOST,
        .default_text = "60",
        .help = "How long the client has to redeem a code; once, in any case.",
    },
    {0},
};
static const struct setting client_id_rows[] = {FORMAT_ROWS("base62", "24"), {0}};
static const struct setting client_secret_rows[] = {FORMAT_ROWS("base62", "43"), {0}};

static const struct setting grant_rows[] = {
    {
        .key = "for_trusted_clients",
        .kind = SETTING_BOOL,
        .place = SETTING_PLACE(struct grant_policy, is_for_trusted_clients),
        .default_text = "false",
        .help = "Whether only clients that the operator marked as trusted may use it.",
    },
    {
        .key = "refresh_token",
        .kind = SETTING_BOOL,
        .place = SETTING_PLACE(struct grant_policy, gives_refresh_token),
        .default_text = "false",
        .help =
            "Whether a refresh token comes with the access token. The realm must take the grant refresh_token too.",
    },
    {
        .key = "scope",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct grant_policy, scope),
        .is_fit = syntax_is_scope_list,
        .allowed = "names of scopes, separated by one blank",
        .help = "What this grant always gives, whatever was asked for. Without it: what was asked for, else the "
                "realm's default_scope.",
    },
    {0},
};

#define GRANT_ROW(name, type, text)                                                                                  \
    {                                                                                                                \
        .key = name, .kind = SETTING_SECTION, .place = SETTING_PLACE(struct realm, grants[type]),                    \
        .beside = SETTING_PLACE(struct realm, grants[type].is_allowed), .rows = grant_rows, .help = text,            \
    }

static const struct setting grants_rows[] = {
    GRANT_ROW("client_credentials", GRANT_CLIENT_CREDENTIALS, "A client gets a token for itself [RFC6749 4.4]."),
    GRANT_ROW("refresh_token", GRANT_REFRESH_TOKEN, "A refresh token gives a new access token [RFC6749 6]."),
    GRANT_ROW("service_account", GRANT_SERVICE_ACCOUNT, "A service account signs in with its id and secret."),
    GRANT_ROW("authorization_code", GRANT_AUTHORIZATION_CODE,
              "A user allows the client, which redeems the code that it gets [RFC6749 4.1]."),
    GRANT_ROW("implicit", GRANT_IMPLICIT,
              "A user allows the client, and the tokens travel through the browser [RFC6749 4.2]. For clients that "
              "cannot do better."),
    GRANT_ROW(
        "password", GRANT_PASSWORD,
        "The client asks the user's name and password itself [RFC6749 4.3]. For clients that cannot do better."),
    {0},
};

static const struct setting refresh_rows[] = {
    {
        .key = "rotation",
        .kind = SETTING_CHOICE,
        .place = SETTING_PLACE(struct realm, refresh_rotation),
        .choices = rotations,
        .default_text = "rotate",
        .help = "Whether each use gives a new refresh token, so that a stolen one is noticed, or the token stays.",
    },
    {
        .key = "grace_seconds",
        .kind = SETTING_SECONDS,
        .place = SETTING_PLACE(struct realm, refresh_grace_seconds),
        .most = 3600,
        .default_text = "30",
        .help = "How long a client that did not hear the answer may repeat the request and hear it again. Later "
                "repeats revoke the whole family of tokens.",
    },
    {0},
};

static const struct setting limited_rows[] = {
    {
        .key = "lifetime_seconds",
        .kind = SETTING_SECONDS,
        .is_required = true,
        .place = SETTING_PLACE(struct realm, limited_lifetime_seconds),
        .least = 1,
        .most = TEN_YEARS_SECONDS,
        .help = "How long such a token is good for.",
    },
    {
        .key = "scope",
        .kind = SETTING_TEXT,
        .is_required = true,
        .place = SETTING_PLACE(struct realm, limited_scope),
        .is_fit = syntax_is_scope_list,
        .allowed = "names of scopes, separated by one blank",
        .help = "What such a token may do.",
    },
    {0},
};

static const struct setting scope_rows[] = {
    {
        .key = "description",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct scope_policy, description),
        .most = 500,
        .allowed = "at most 500 bytes",
        .default_text = "",
        .help = "What people are told about it.",
    },
    {
        .key = "level",
        .kind = SETTING_CHOICE,
        .place = SETTING_PLACE(struct scope_policy, is_write),
        .choices = levels,
        .default_text = "read",
        .help = "Whether it changes anything.",
    },
    {
        .key = "needs_user",
        .kind = SETTING_BOOL,
        .place = SETTING_PLACE(struct scope_policy, needs_user),
        .default_text = "false",
        .help = "Whether only a user can give it: a client on its own or a service account never has it.",
    },
    {0},
};

#define SECTION_ROW(name, member, table, text)                                                                       \
    {                                                                                                                \
        .key = name, .kind = SETTING_SECTION, .place = SETTING_PLACE(struct realm, member), .rows = table,           \
        .help = text,                                                                                                \
    }

const struct setting policy_rows[] = {
    {
        .key = "dialect",
        .kind = SETTING_TEXT,
        .is_required = true,
        .place = SETTING_PLACE(struct realm, dialect),
        .is_fit = syntax_is_name,
        .allowed = "the name of a dialect: 1 to 63 of a-z, 0-9 and -",
        .help = "How the realm spells the protocol: a file of dialect_directory without its .yaml, or a dialect that "
                "is shipped.",
    },
    {
        .key = "issuer",
        .kind = SETTING_TEXT,
        .is_required = true,
        .place = SETTING_PLACE(struct realm, issuer),
        .is_fit = syntax_is_issuer,
        .allowed = "an https URL (http for a loopback host) without query, fragment and slash at the end",
        .help = "The URL that names the realm to its clients [RFC8414 2].",
    },
    {
        .key = "hosts",
        .kind = SETTING_TEXTS,
        .place = SETTING_PLACE(struct realm, hosts),
        .beside = SETTING_PLACE(struct realm, host_count),
        .most = 64,
        .is_fit = syntax_is_host,
        .allowed = "host names in lower case, without port",
        .help = "The host names that the realm answers to; none: every name.",
    },
    {
        .key = "path",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct realm, path),
        .is_fit = syntax_is_path_prefix,
        .allowed = "nothing, or a path that begins with a slash and does not end with one",
        .default_text = "",
        .help = "What the paths of all its endpoints begin with.",
    },
    {
        .key = "grants",
        .kind = SETTING_SECTION,
        .is_required = true,
        .place = SETTING_SAME(struct realm),
        .rows = grants_rows,
        .help = "Which grants the realm takes: those that stand here.",
    },
    SECTION_ROW("access_token", access_token, access_token_rows, "What access tokens look like."),
    SECTION_ROW("refresh_token", refresh_token, refresh_token_rows, "What refresh tokens look like."),
    SECTION_ROW("code", code, code_rows, "What authorization codes look like."),
    {
        .key = "refresh",
        .kind = SETTING_SECTION,
        .place = SETTING_SAME(struct realm),
        .rows = refresh_rows,
        .help = "What using a refresh token does to it.",
    },
    {
        .key = "limited",
        .kind = SETTING_SECTION,
        .place = SETTING_SAME(struct realm),
        .rows = limited_rows,
        .help = "The token that a client may ask to be limited; without this section none is given.",
    },
    {
        .key = "scopes",
        .kind = SETTING_MAP,
        .place = SETTING_PLACE(struct realm, scopes),
        .beside = SETTING_PLACE(struct realm, scope_count),
        .rows = scope_rows,
        .element_size = sizeof(struct scope_policy),
        .name = SETTING_PLACE(struct scope_policy, name),
        .is_fit = syntax_is_scope,
        .allowed = "printable characters but blanks, quotes and backslashes; * stands for digits [RFC6749 3.3]",
        .help = "The permissions that the realm knows.",
    },
    {
        .key = "default_scope",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct realm, default_scope),
        .is_fit = syntax_is_scope_list,
        .allowed = "names of scopes, separated by one blank",
        .default_text = "",
        .help = "What a token may do when the request does not say.",
    },
    SECTION_ROW("client_id", client_id_format, client_id_rows, "What the names of new clients look like."),
    SECTION_ROW("client_secret", client_secret_format, client_secret_rows, "What new secrets look like."),
    SECTION_ROW("authorize", authorize, policy_authorize_rows, "What the authorization endpoint decides by."),
    SECTION_ROW("people", people, policy_people_rows, "How people sign in."),
    {
        .key = "plans",
        .kind = SETTING_MAP,
        .place = SETTING_PLACE(struct realm, rate.plans),
        .beside = SETTING_PLACE(struct realm, rate.plan_count),
        .rows = policy_plan_rows,
        .element_size = sizeof(struct rate_plan),
        .name = SETTING_PLACE(struct rate_plan, name),
        .is_fit = syntax_is_name,
        .allowed = "the name of a plan: 1 to 63 of a-z, 0-9 and -",
        .help = "How much clients may ask for: lists of windows, by the plan's name (docs/limits.md).",
    },
    SECTION_ROW("default_plan", rate.defaults, policy_default_plan_rows,
                "The plans of clients that `jeton client plan set` gave none."),
    SECTION_ROW("token_requests", rate.tokens, policy_token_requests_rows, "How often tokens may be asked for."),
    SECTION_ROW("appearance", appearance, policy_appearance_rows, "What people see of the realm."),
    {
        .key = "guard",
        .kind = SETTING_SECTION,
        .place = SETTING_PLACE(struct realm, guard),
        .beside = SETTING_PLACE(struct realm, guard.is_there),
        .rows = policy_guard_rows,
        .help = "Which API requests pass; without this section whatever has a live token.",
    },
    {
        .key = "upstream",
        .kind = SETTING_SECTION,
        .place = SETTING_PLACE(struct realm, upstream),
        .beside = SETTING_PLACE(struct realm, upstream.is_there),
        .rows = policy_upstream_rows,
        .help = "The API behind Jeton: what is none of Jeton's own goes there once the guard lets it pass "
                "(docs/upstream.md). Without this section it is answered with 404.",
    },
    {0},
};

struct checking {
    const struct realm *realm;
    const struct yaml_node *node;
    struct str file;
    struct mistakes *mistakes;
};

/* The line of the deepest of them that stands in the file. */
static unsigned find_line(const struct checking *checking, const char *const path[3])
{
    const struct yaml_node *node = checking->node;
    unsigned line = node->line;
    for (size_t i = 0; i < 3 && path[i] && node; i++) {
        node = yaml_member(node, path[i]);
        line = node ? node->line : line;
    }
    return line;
}

static void refuse(const struct checking *checking, const char *const path[3], struct str found, struct str allowed)
{
    struct str key = checking->node->path;
    for (size_t i = 0; i < 3 && path[i]; i++)
        key = arena_printf(checking->mistakes->arena, "%.*s.%s", STR_ARGS(key), path[i]);
    mistake_add(checking->mistakes, checking->file, find_line(checking, path), key, found, allowed);
}

static struct str show_length(const struct checking *checking, const struct token_format *format)
{
    return arena_printf(checking->mistakes->arena, "\"%u\"", format->length);
}

static void check_token_format(const struct checking *checking, const char *section,
                               const struct token_format *format)
{
    unsigned least = format->alphabet == TOKEN_HEX ? TOKEN_HEX_LENGTH_MIN : TOKEN_BASE62_LENGTH_MIN;
    if (format->has_checksum)
        least += CHECKSUM_LEN;
    if (format->length >= least)
        return;
    const char *path[3] = {section, "length"};
    refuse(checking, path, show_length(checking, format),
           arena_printf(checking->mistakes->arena, "%u to 255 in this alphabet%s", least,
                        format->has_checksum ? " with a checksum" : ""));
}

static void check_credential_format(const struct checking *checking, const char *section,
                                    const struct token_format *format, unsigned bits_min)
{
    unsigned bits = credential_random_bits(format);
    if (bits >= bits_min)
        return;
    const char *path[3] = {section, "length"};
    refuse(checking, path, show_length(checking, format),
           arena_printf(checking->mistakes->arena, "enough for %u random bits (these are %u)", bits_min, bits));
}

static bool has_user(enum grant_type type)
{
    return type == GRANT_AUTHORIZATION_CODE || type == GRANT_IMPLICIT || type == GRANT_PASSWORD;
}

static bool takes_users(const struct realm *realm)
{
    for (enum grant_type type = 0; type < GRANT_TYPE_COUNT; type++)
        if (has_user(type) && realm->grants[type].is_allowed)
            return true;
    return false;
}

static void check_scopes(const struct checking *checking, const char *const path[3], struct str scope)
{
    struct str word;
    while (str_next_word(&scope, &word))
        if (!scope_find(checking->realm, word))
            refuse(checking, path, mistake_quote(checking->mistakes->arena, word),
                   STR("scopes that the realm's `scopes` name"));
}

/* What nobody has to allow cannot be given by itself. */
static void check_scopes_without_user(const struct checking *checking, const char *const path[3], struct str scope)
{
    struct str word;
    check_scopes(checking, path, scope);
    while (str_next_word(&scope, &word)) {
        const struct scope_policy *policy = scope_find(checking->realm, word);
        if (policy && policy->needs_user)
            refuse(checking, path, mistake_quote(checking->mistakes->arena, word), STR("scopes without needs_user"));
    }
}

static void check_grant(const struct checking *checking, const char *name, enum grant_type type)
{
    const struct grant_policy *grant = &checking->realm->grants[type];
    const char *const path[3] = {"grants", name, "scope"};
    if (has_user(type))
        check_scopes(checking, path, grant->scope);
    else
        check_scopes_without_user(checking, path, grant->scope);
    if (grant->gives_refresh_token && !checking->realm->grants[GRANT_REFRESH_TOKEN].is_allowed)
        refuse(checking, (const char *const[3]){"grants", name, "refresh_token"}, STR("\"true\""),
               STR("false, or the grant refresh_token beside it: nobody could use the token"));
}

/* A client on its own gets of the default what needs no user. */
static void check_default_scope(const struct checking *checking)
{
    const char *const path[3] = {"default_scope"};
    if (takes_users(checking->realm))
        check_scopes(checking, path, checking->realm->default_scope);
    else
        check_scopes_without_user(checking, path, checking->realm->default_scope);
}

static enum grant_type grant_type_of(const struct setting *row)
{
    return (enum grant_type)((row->place.offset - offsetof(struct realm, grants)) / sizeof(struct grant_policy));
}

static void check_grants(const struct checking *checking)
{
    const struct yaml_node *grants = yaml_member(checking->node, "grants");
    if (grants && grants->kind == YAML_MAP && !grants->child)
        refuse(checking, (const char *const[3]){"grants"}, STR("none"), STR("at least one"));
    for (const struct setting *row = grants_rows; row->key; row++)
        check_grant(checking, row->key, grant_type_of(row));
}

void policy_check(const struct realm *realm, const struct yaml_node *node, struct str file, struct mistakes *mistakes)
{
    const struct checking checking = {realm, node, file, mistakes};
    check_token_format(&checking, "access_token", &realm->access_token.format);
    check_token_format(&checking, "refresh_token", &realm->refresh_token.format);
    check_token_format(&checking, "code", &realm->code.format);
    check_credential_format(&checking, "client_id", &realm->client_id_format, CLIENT_ID_RANDOM_BITS_MIN);
    check_credential_format(&checking, "client_secret", &realm->client_secret_format, CLIENT_SECRET_RANDOM_BITS_MIN);
    check_grants(&checking);
    check_default_scope(&checking);
    check_scopes_without_user(&checking, (const char *const[3]){"limited", "scope"}, realm->limited_scope);
}
