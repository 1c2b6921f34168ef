/*
 * form.h — what a page's form sends.
 *
 * Specs: WHATWG URL §5.1.   Threads: any; no state.
 */
#pragma once

#include "base/codec.h"

struct exchange;

/* Our own forms have far fewer. */
#define FORM_FIELDS_MAX 32

struct form {
    struct form_field fields[FORM_FIELDS_MAX];
    size_t count;
};

/* False when it is no form, not UTF-8, has a name twice or too many of them. Everything lives in the exchange. */
bool form_read(const struct exchange *exchange, struct form *ret_form);
/* The same for a query; absent: an empty one. */
bool form_read_query(const struct exchange *exchange, struct form *ret_form);

/* Absent when there is no such field. */
struct str form_value(const struct form *form, const char *name);
