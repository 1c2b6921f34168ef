/*
 * faces.h — the dialects' endpoints and the pages of one configuration, and the dialogue between the two.
 *
 * Faces never include each other: a dialect asks a person by way of the pages, the pages read the request again and
 * answer it by way of the dialect, and here each is given the other's functions.
 *
 * Threads: opening in one; handling on any HTTP worker.
 */
#pragma once

#include <stdbool.h>

struct configuration;
struct crew;
struct exchange;
struct meter;
struct mistakes;
struct store;
struct upstreams;

/* What both work with. */
struct faces_means {
    struct store *store;
    struct crew *crew;
    struct meter *meter;
    struct upstreams *upstreams;
};

/* Builds both. False, with mistakes, where two endpoints claim the same place. Without any means: to check only. */
bool faces_open(struct configuration *configuration, const struct faces_means *means, struct mistakes *mistakes);

/* All that `jeton check` tells: loads it and builds the routes, without a store. True when it is right. */
bool faces_check(const char *path, struct mistakes *mistakes);

/* As `streams` in http/server.h. */
bool faces_stream(const struct configuration *configuration, struct exchange *exchange, unsigned parts);

/* Answers the exchange or parks it. `parts` are the listener's (bits of enum face_part); pages are for the public. */
void faces_handle(const struct configuration *configuration, struct exchange *exchange, unsigned parts);
