/*
 * route.h — which target serves a host, path and method.
 *
 * Built once per configuration, then read only. A route matches an exact path, or a path and everything below it
 * (`is_prefix`: "/guard/x" matches "/guard/x" and "/guard/x/…"). A route that names a host beats one that
 * does not; an exact path beats a prefix, a longer prefix a shorter one. Paths are compared as raw bytes.
 *
 * Threads: building in one, finding in any.
 */
#pragma once

#include "base/text.h"

struct arena;
struct route_table;

struct route {
    struct str host;   /* lower case without port; absent: any host */
    struct str path;   /* begins with '/' */
    struct str method; /* absent: any method */
    bool is_prefix;
    const void *target;
};

enum route_found {
    ROUTE_FOUND,
    ROUTE_NO_METHOD, /* the path is known, the method is not: 405; `ret_route` is one with that path */
    ROUTE_NO_PATH,   /* 404 */
};

/* The table lives in the arena. */
struct route_table *route_table_create(struct arena *arena);

/* False when the same host, path and method (or an any-method route there) are taken already; `ret_taken`
 * is then the route that has them. */
bool route_add(struct route_table *table, struct route route, const struct route **ret_taken);

/* One hash look-up for exact paths. `host` may be absent. */
enum route_found route_find(const struct route_table *table, struct str host, struct str path, struct str method,
                            const struct route **ret_route);

/* "GET, POST" of the routes with this host and path, for the Allow header. */
struct str route_methods(const struct route_table *table, struct arena *arena, struct str host, struct str path);
