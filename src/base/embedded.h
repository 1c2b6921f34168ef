/*
 * embedded.h — files that are compiled into the program by tools/embed.py.
 */
#pragma once

#include <stddef.h>

/* Arrays of them end with one whose name is NULL. */
struct embedded_file {
    const char *name; /* without its folder */
    const char *text; /* a NUL follows it that `len` does not count */
    size_t len;
};
