/*
 * meter.h — what the server counts as it serves.
 *
 * One for the whole process: configurations come and go, the counts stay. A face gets it in its means and hands it to
 * each call; where there is none, nothing is counted and nothing is limited.
 *
 * Threads: create and destroy in one; the members say for themselves.
 */
#pragma once

struct limits;

struct meter {
    struct limits *limits; /* of clients and their users; kept over a restart */
};

struct meter *meter_create(void);
/* NULL is allowed. Nobody may be counting any more. */
void meter_destroy(struct meter *meter);
