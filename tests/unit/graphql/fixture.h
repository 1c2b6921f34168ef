/*
 * fixture.h — one schema, and queries answered against it.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "graphql/graphql.h"

extern struct arena *arena; /* of the test at hand */

int fixture_open(void **state);
int fixture_close(void **state);

/* The request; `variables` is JSON text or NULL. */
struct graphql_request *read_query(const char *query, const char *variables);
/* The response with these results (JSON text: an object by root field, or NULL). */
const char *respond(const char *query, const char *variables, const char *results);
const char *write_response(struct graphql_request *request);
/* The message of the first error, "" without one. */
const char *first_error(const char *query, const char *variables);
/* The arguments of the first root field as JSON text. */
const char *arguments_of(const char *query, const char *variables);

#define graphql_test(function) cmocka_unit_test_setup_teardown(function, fixture_open, fixture_close)

struct case_of_message {
    const char *query;
    const char *message;
};

void assert_messages(const struct case_of_message *cases, size_t count);
