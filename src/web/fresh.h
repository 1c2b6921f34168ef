/*
 * fresh.h — that a person has signed in for this very request.
 *
 * A client may ask that whoever is signed in does it again. The answer travels behind the request itself, as a
 * parameter that only this server can make, for this browser and this request.
 *
 * Threads: as the visit.
 */
#pragma once

#include "base/text.h"

struct visit;

/* The request without such a parameter. */
struct str fresh_strip(struct str target);
/* The request with one, for the browser as it is known by now. */
struct str fresh_add(struct visit *visit, struct str target);
/* visit->return_to has one that is good. */
bool fresh_fits(struct visit *visit);
