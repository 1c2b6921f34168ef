/*
 * model.h — what a page is about: a JSON object, and how the names in templates and texts find their values in it.
 *
 * Inside of `{{#each}}` the item comes first, then what stands around it.
 *
 * Threads: a model belongs to its exchange.
 */
#pragma once

#include "base/json.h"

struct scope {
    const struct scope *outer; /* NULL: none */
    const json_t *value;
};

#define MODEL_PATH_MAX 4

/* "client.name": members of members. */
struct model_path {
    struct str names[MODEL_PATH_MAX];
    size_t count;
};

/* False when it is no path: names of letters, digits and `_` with dots between; `this` is the item itself. */
bool model_path_read(struct str text, struct model_path *ret_path);

/* The value; NULL when there is none. The first name decides which scope it is. */
const json_t *model_find(const struct scope *scope, const struct model_path *path);

/* A text as it is, a number in digits; absent for everything else. `room` takes TEXT_INT_MAX bytes. */
struct str model_text(const json_t *value, char *room);

/* Not null, false, 0 or empty. */
bool model_holds(const json_t *value);
