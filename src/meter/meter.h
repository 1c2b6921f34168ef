/*
 * meter.h — what the server counts as it serves.
 *
 * One for the whole process: configurations come and go, the counts stay. A face gets it in its means and hands it to
 * each call; where there is none, nothing is counted and nothing is limited.
 *
 * Threads: create and destroy in one; the members say for themselves.
 */
#pragma once

#include "crypto/digest.h"

struct limits;
struct usage;

struct meter {
    struct limits *limits;    /* of clients and their users; kept over a restart */
    struct limits *addresses; /* wrong credentials by network; bounded, and forgotten by a restart */
    struct digest key;        /* that nobody knows: nobody finds two networks that count as one */
    struct usage *usage;      /* what they did since it was last written down */
};

struct meter *meter_create(void);
/* NULL is allowed. Nobody may be counting any more. */
void meter_destroy(struct meter *meter);
