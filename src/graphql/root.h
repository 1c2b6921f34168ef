/*
 * root.h — which root fields a request asks for, before anybody validates it.
 *
 * Whoever answers some fields of an API and passes on the rest needs to know whose a request is; a schema of the rest
 * it has not.
 *
 * Specs: GraphQL October 2021 §2, §6.   Threads: any; pure.
 */
#pragma once

#include "base/text.h"

struct arena;

/* Whether it can be read at all, within limits. */
bool graphql_is_document(struct arena *arena, struct str query);

/*
 * Whether `holds` is true of every root field of the operation, wherever fragments have it; `__typename` does not
 * count. `type` is Query, Mutation or Subscription. False as well when there is none, when the text is no document or
 * too long for one, or when it is not clear which operation is meant.
 */
bool graphql_roots_hold(struct arena *arena, struct str query, struct str operation_name,
                        bool (*holds)(struct str type, struct str field, const void *arg), const void *arg);
