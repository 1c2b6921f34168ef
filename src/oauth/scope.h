/*
 * scope.h — which scopes a token gets.
 *
 * A result is in the realm's order without repetitions, so that one set of scopes is one text; words that match one
 * pattern of the realm (`org_*:read`) are in the order of their bytes.
 *
 * Specs: RFC 6749 §3.3.   Threads: any; pure.
 */
#pragma once

#include "base/outcome.h"
#include "base/text.h"

struct call;
struct realm;

/* More words than this are refused. */
#define SCOPE_WORDS_MAX 64

/* Refuses a list that is too long or has a word that is none of the realm's. */
STEP scope_check_known(struct call *call, struct str requested);

/* Who gives it: some scopes only a user can. */
enum scope_giver { SCOPE_BY_CLIENT, SCOPE_BY_USER };

/*
 * `requested` (absent or empty: the realm's default) within what the client may have from the giver. `call->client`
 * must be there. Sets call->scope.
 */
STEP scope_settle(struct call *call, enum scope_giver giver, struct str requested);

/*
 * What policy gives unasked (a fixed, default or limited scope) as far as the client may have it from the giver.
 * Refuses when nothing of it is left. Sets call->scope.
 */
STEP scope_give(struct call *call, enum scope_giver giver, struct str given);

/* At refresh: `requested` (absent: all of `granted`) must be within `granted`. [RFC6749 6] */
STEP scope_narrow(struct call *call, struct str requested, struct str granted);

/* Every word of `needed` is among `had`. */
bool scope_contains(struct str had, struct str needed);
struct scope_policy;

/* The realm's scope that the word is, by name or by pattern; NULL: none. */
const struct scope_policy *scope_find(const struct realm *realm, struct str word);
/* The word is one of the realm's scopes, by name or by pattern. */
bool scope_is_known(const struct realm *realm, struct str word);
