/*
 * describe.h — what pages tell of applications, scopes and instances: parts of models.
 *
 * Threads: as the visit.
 */
#pragma once

#include "base/json.h"

struct application_row;
struct arena;
struct membership_row;
struct realm;
struct user_row;
struct visit;

/* The first character of a name, in upper case: in the place of a logo. */
struct str describe_initial(struct arena *arena, struct str name);

/* "https://planner.example" of "https://planner.example/logo.png": where pictures come from, for the page's policy.
 * Absent for what no picture may come from. */
struct str describe_origin(struct str url);

/* {username, display_name} */
json_t *describe_user(const struct user_row *user);

/* The model's `client`: who asks, of visit->call. Nothing when there is none or the store cannot tell. */
void describe_client(struct visit *visit);

/* {name, initial, logo, domain, is_verified}. The logo's origin is added to where the page's pictures come from. */
json_t *describe_application(struct visit *visit, const struct application_row *application, struct str domain);

/* [{description, is_write}] of the words, in their order. A scope of a pattern says what it matched, too. */
json_t *describe_scopes(const struct realm *realm, struct arena *arena, struct str scope);
/* The descriptions of the realm's scopes that change things and that `scope` has not. */
json_t *describe_withheld(const struct realm *realm, struct str scope);
/* Some word of the scope may change things. */
bool describe_may_write(const struct realm *realm, struct str scope);
