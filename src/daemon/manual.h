/*
 * manual.h — the configuration's reference with what stands before and after it.
 *
 * Threads: any; no state.
 */
#pragma once

#include "base/reference.h"

void manual_write(const struct setting *rows, struct buf *out, enum reference_kind kind);
