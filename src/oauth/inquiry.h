/*
 * inquiry.h — whose usage may be told to whom.
 *
 * A client that proves who it is hears of itself. One that may introspect hears of every client of the realm, and of
 * requests that nobody knows whose they were.
 *
 * Threads: any; no state.
 */
#pragma once

#include "meter/summary.h"

struct call;
struct store_reader;

/* Rows that one answer may look at: about half a second's work. */
#define INQUIRY_ROWS_MAX 200000

struct inquiry {
    struct summary_question question;
    struct str client_id; /* as asked; may be absent */
};

/* Authenticates the client by its header. Refuses what cannot be read (`usage_since_wrong` and the like), a client
 * that there is not (`usage_client_unknown`), and another client's usage to a client that may not have it
 * (`usage_not_allowed`), whether there is such a client or not. */
STEP inquiry_settle(struct call *call, struct store_reader *reader, const struct inquiry *inquiry,
                    struct summary_query *ret_query);
/* Refuses with `usage_too_much` when that takes too many rows. */
STEP inquiry_answer(struct call *call, struct store_reader *reader, const struct summary_query *query,
                    struct summary *ret_summary);
