#include "daemon/policy_people.h"

#include "daemon/syntax.h"
#include "oauth/realm.h"
#include "store/people.h"

#define DAY_SECONDS 86400
/* Argon2id below this is weaker than what it replaces; above, a few sign-ins at once take all memory of a machine.
 * [RFC9106 4] */
#define MEMORY_LEAST (8 * 1024 * 1024)
#define MEMORY_MOST  (1024 * 1024 * 1024)

static const struct setting_choice matches[] = {{"exact", REDIRECT_EXACT}, {"domain", REDIRECT_DOMAIN}, {0}};
static const struct setting_choice bindings[] = {
    {"optional", PKCE_OPTIONAL}, {"public", PKCE_PUBLIC}, {"always", PKCE_ALWAYS}, {0}};
static const struct setting_choice registrations[] = {{"closed", false}, {"open", true}, {0}};
static const struct setting_choice factors[] = {
    {"optional", SECOND_FACTOR_OPTIONAL}, {"required", SECOND_FACTOR_REQUIRED}, {0}};
static const struct setting_choice roles[] = {{"developer", USER_IS_DEVELOPER}, {"operator", USER_IS_OPERATOR}, {0}};

const struct setting policy_authorize_rows[] = {
    {
        .key = "redirect_match",
        .kind = SETTING_CHOICE,
        .place = SETTING_PLACE(struct authorize_policy, redirect_match),
        .choices = matches,
        .default_text = "exact",
        .help =
            "How a redirect_uri must agree with a registered one: in every byte, where only the port of a loopback "
            "address may differ [RFC9700 2.1], or in scheme and host.",
    },
    {
        .key = "pkce",
        .kind = SETTING_CHOICE,
        .place = SETTING_PLACE(struct authorize_policy, pkce),
        .choices = bindings,
        .default_text = "public",
        .help = "Who must bind the code to itself [RFC7636]: nobody, clients without a secret, or every client. What "
                "is used is always checked.",
    },
    {
        .key = "state_required",
        .kind = SETTING_BOOL,
        .place = SETTING_PLACE(struct authorize_policy, state_is_required),
        .default_text = "false",
        .help = "Whether a request without a state is refused.",
    },
    {
        .key = "remember_consent",
        .kind = SETTING_BOOL,
        .place = SETTING_PLACE(struct authorize_policy, remembers_consent),
        .default_text = "false",
        .help = "Whether a person is not asked again for what the client was allowed before.",
    },
    {
        .key = "tell_issuer",
        .kind = SETTING_BOOL,
        .place = SETTING_PLACE(struct authorize_policy, tells_issuer),
        .default_text = "false",
        .help = "Whether answers carry iss, for clients of several servers [RFC9207].",
    },
    {0},
};

const struct setting policy_people_rows[] = {
    {
        .key = "registration",
        .kind = SETTING_CHOICE,
        .place = SETTING_PLACE(struct people_policy, is_open),
        .choices = registrations,
        .default_text = "closed",
        .help = "Whether whoever comes may make an account, confirmed by mail; else only the operator makes them.",
    },
    {
        .key = "second_factor",
        .kind = SETTING_CHOICE,
        .place = SETTING_PLACE(struct people_policy, second_factor),
        .choices = factors,
        .default_text = "optional",
        .help = "Whether everybody must have one besides the password, or whoever wants.",
    },
    {
        .key = "second_factor_roles",
        .kind = SETTING_CHOICES,
        .place = SETTING_PLACE(struct people_policy, second_factor_roles),
        .most = 2,
        .choices = roles,
        .default_text = "",
        .help = "Who must have one in any case.",
    },
    {
        .key = "session_idle_seconds",
        .kind = SETTING_SECONDS,
        .place = SETTING_PLACE(struct people_policy, session_idle_seconds),
        .least = 60,
        .most = 90 * DAY_SECONDS,
        .default_text = "8h",
        .help = "How long a browser stays signed in without being used.",
    },
    {
        .key = "session_lifetime_seconds",
        .kind = SETTING_SECONDS,
        .place = SETTING_PLACE(struct people_policy, session_lifetime_seconds),
        .least = 60,
        .most = 365 * DAY_SECONDS,
        .default_text = "7d",
        .help = "How long it stays signed in at most, however much it is used.",
    },
    {
        .key = "password_memory",
        .kind = SETTING_BYTES,
        .place = SETTING_PLACE(struct people_policy, password_memory_bytes),
        .least = MEMORY_LEAST,
        .most = MEMORY_MOST,
        .default_text = "19m",
        .help = "What Argon2id takes for one password while it is hashed. Passwords that were set before are hashed "
                "anew when they are next used.",
    },
    {
        .key = "password_iterations",
        .kind = SETTING_INTEGER,
        .place = SETTING_PLACE(struct people_policy, password_iterations),
        .least = 1,
        .most = 10,
        .default_text = "2",
        .help = "How often Argon2id goes over that memory.",
    },
    {
        .key = "password_length_min",
        .kind = SETTING_INTEGER,
        .place = SETTING_PLACE(struct people_policy, password_length_min),
        .least = 8,
        .most = 128,
        .default_text = "10",
        .help = "Characters of the shortest password that people may choose.",
    },
    {0},
};

const struct setting policy_appearance_rows[] = {
    {
        .key = "title",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct appearance, title),
        .least = 1,
        .most = 100,
        .allowed = "1 to 100 bytes",
        .help = "What people know the API by; without it the realm's name.",
    },
    {
        .key = "logo_uri",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct appearance, logo_uri),
        .is_fit = syntax_is_https_uri,
        .allowed = "an https URL of at most 500 printable characters",
        .help = "An image that stands beside the title; without it none.",
    },
    {
        .key = "accent",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct appearance, accent),
        .is_fit = syntax_is_color,
        .allowed = "a colour as #rrggbb, in quotes",
        .default_text = "#2f5bd0",
        .help = "The colour of buttons and links.",
    },
    {0},
};
