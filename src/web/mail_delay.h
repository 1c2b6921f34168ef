/*
 * mail_delay.h — nobody can have others flooded with mail from here.
 *
 * Threads: any.
 */
#pragma once

#include "base/text.h"

struct visit;

/* Counts a letter to the address (or to whoever has the name). True: there were too many; the visit's field has a
 * problem that says so. The same for names that are nobody's. */
bool mail_delay_holds(struct visit *visit, const char *field, struct str recipient);
