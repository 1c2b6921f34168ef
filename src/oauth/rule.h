/*
 * rule.h — which API requests pass: the guard's rules of a realm, and the one that decides about a request.
 *
 * A rule has a pattern of a path and perhaps methods. A pattern is literal segments, `*` for any one segment, and at
 * its end `**` for any number of them, also none. Of the rules that fit the longest decides: patterns are compared
 * segment by segment, a literal before `*` before `**`; of rules with the same pattern those that name methods come
 * before the one that names none.
 *
 * Whoever forwards a request and whoever serves it may read its path otherwise than we do, and what is judged must be
 * what is served. So percent-encoding is undone before paths are compared, one slash at the end does not count, and a
 * path that can be read in two ways is no path: dot segments, empty segments, encoded slashes, backslashes, path
 * parameters (`;`), controls, what is encoded twice, and bytes that are no UTF-8.
 *
 * Threads: any; immutable once compiled.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct arena;

#define RULES_MAX 1000
/* Segments of a pattern; a path may have any number of them. */
#define RULE_SEGMENTS_MAX 32
#define RULE_COST_MAX     1000000

struct rule_segment {
    enum { SEGMENT_LITERAL, SEGMENT_ANY, SEGMENT_REST } kind; /* in the order of precedence */
    struct str text;                                          /* of a literal: decoded */
};

struct guard_rule {
    /* as configured */
    struct str name;     /* absent: made of methods and path */
    struct str *methods; /* none: every method */
    size_t method_count;
    struct str path;
    struct str scope;       /* words that the token must have, each of them; absent: none */
    bool needs_user;        /* a token of a client on its own, or of a service account, is not enough */
    struct str environment; /* of the client; absent: any */
    bool takes_limited;     /* tokens with the realm's limited scope pass too */
    struct str cost_text;
    struct str limit; /* the class of windows that it counts in */

    /* compiled */
    size_t index; /* in the order of the file */
    struct rule_segment *segments;
    size_t segment_count;
    int64_t cost;           /* in points */
    bool cost_is_estimated; /* `cost` is what counts where the query cannot be seen */
};

struct guard_policy {
    bool is_there; /* without it every live token passes */
    bool lets_unmatched_pass;
    struct guard_rule *rules;
    size_t rule_count;
    const struct guard_rule **by_precedence; /* compiled */
};

/* What a pattern and a cost must look like. */
bool rule_is_pattern(struct str text);
bool rule_is_cost(struct str text);

/* Once, of rules whose patterns and costs are fit. */
void rules_compile(struct guard_policy *policy, struct arena *arena);

/* The path without slashes at both ends, decoded; false when it can be read in more than one way. `path` begins with
 * a slash and has no query. */
bool rule_path_read(struct arena *arena, struct str path, struct str *ret_path);

bool rule_takes_method(const struct guard_rule *rule, struct str method);

/* Capitals and hyphens, as every method that an API has: what some servers would make of `get`, no rule says. */
bool rule_method_is_fit(struct str method);

/* NULL: none of them fits. `path` is one that rule_path_read has read. */
const struct guard_rule *rule_find(const struct guard_policy *policy, struct str method, struct str path);

/* The rule that decides wherever this one could; NULL when there are requests that this one decides. */
const struct guard_rule *rule_find_shadow(const struct guard_policy *policy, const struct guard_rule *rule,
                                          struct arena *arena);
