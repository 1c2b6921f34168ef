#include "daemon/policy_upstream.h"

#include "daemon/syntax.h"
#include "oauth/realm.h"

#define PATHS_MAX 64

/* "/" is all. */
static bool is_prefix(struct str text)
{
    return str_equal(text, STR("/")) || (text.len > 0 && syntax_is_path_prefix(text));
}

const struct setting policy_upstream_rows[] = {
    {
        .key = "url",
        .kind = SETTING_TEXT,
        .is_required = true,
        .place = SETTING_PLACE(struct upstream_policy, url),
        .is_fit = syntax_is_upstream,
        .allowed = "an http or https URL without query, fragment and slash at the end",
        .help = "The API's server. A path in it is put before the path of each request.",
    },
    {
        .key = "paths",
        .kind = SETTING_TEXTS,
        .takes_one = true,
        .place = SETTING_PLACE(struct upstream_policy, paths),
        .beside = SETTING_PLACE(struct upstream_policy, path_count),
        .least = 1,
        .most = PATHS_MAX,
        .is_fit = is_prefix,
        .allowed = "paths that begin with a slash and do not end with one, or / for all",
        .default_text = "/",
        .help = "What the paths that go there begin with, whole segments. Of several realms on one host the longest "
                "decides; Jeton's own endpoints always stay its own, and so does /auth/.",
    },
    {
        .key = "connect_seconds",
        .kind = SETTING_SECONDS,
        .place = SETTING_PLACE(struct upstream_policy, connect_seconds),
        .least = 1,
        .most = 60,
        .default_text = "2",
        .help = "How long a connection to it may take to come about (502 or 504).",
    },
    {
        .key = "answer_seconds",
        .kind = SETTING_SECONDS,
        .place = SETTING_PLACE(struct upstream_policy, answer_seconds),
        .least = 1,
        .most = 3600,
        .default_text = "30",
        .help = "How long it may be silent while it is its turn: before its answer (504) and in the middle of it.",
    },
    {
        .key = "requests",
        .kind = SETTING_INTEGER,
        .place = SETTING_PLACE(struct upstream_policy, requests),
        .least = 1,
        .most = 100000,
        .default_text = "1000",
        .help = "How many requests may be under way to it at once; more are refused (503).",
    },
    {
        .key = "requests_per_client",
        .kind = SETTING_INTEGER,
        .place = SETTING_PLACE(struct upstream_policy, requests_per_client),
        .least = 1,
        .most = 100000,
        .default_text = "500",
        .help =
            "How many of them one client may have under way (503): it cannot keep all the others out by being slow.",
    },
    {
        .key = "pass_authorization",
        .kind = SETTING_BOOL,
        .place = SETTING_PLACE(struct upstream_policy, passes_authorization),
        .default_text = "false",
        .help = "Whether the client's Authorization header goes on. The API needs no token: X-Jeton-* tell who asks.",
    },
    {
        .key = "preflight",
        .kind = SETTING_BOOL,
        .place = SETTING_PLACE(struct upstream_policy, passes_preflight),
        .default_text = "false",
        .help = "Whether OPTIONS requests of browsers that ask before the real one go on without a token.",
    },
    {0},
};
