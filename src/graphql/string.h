/*
 * string.h — what stands between quotes in GraphQL source.
 *
 * Specs: GraphQL October 2021 §2.9.4.   Threads: any; no state of its own.
 */
#pragma once

#include "base/text.h"

struct arena;
struct lexer;

/* From the opening quote at `lexer->at` past the closing one. Absent when the lexer has failed. */
struct str string_read(struct lexer *lexer);
struct str block_string_read(struct lexer *lexer);

/* `"x"`, `U+0007` or `<EOF>`: how messages show the character at an offset. */
struct str source_character(struct arena *arena, struct str source, size_t at);
