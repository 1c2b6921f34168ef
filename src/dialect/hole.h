/*
 * hole.h — one named hole of a template: read it, write its fact.
 */
#pragma once

#include "base/text.h"
#include "oauth/call.h"

struct buf;
struct template_names;

struct hole {
    enum fact_name fact;
    size_t cut;             /* first bytes of the text only; 0: all */
    bool is_list;           /* words as an array of strings */
    bool is_number;         /* a text of digits as a number */
    struct str alternative; /* instead of an absent fact; absent: none */
};

static inline uint64_t hole_mask(const struct hole *hole)
{
    return UINT64_C(1) << hole->fact;
}

/* Reads `$name…` or `${name…}` off the front of `rest`. False with a constant `ret_error`. */
bool hole_read(struct str *rest, const struct template_names *names, struct hole *ret_hole, struct str *ret_error);

/* The fact's text: numbers in digits, truth as true and false; absent when there is none. `room` takes TEXT_INT_MAX
 * bytes. */
struct str hole_text(const struct hole *hole, const struct facts *facts, char *room);

/* As a JSON value; null when absent without an alternative. */
void hole_write_json(const struct hole *hole, const struct facts *facts, struct buf *out);
