/*
 * token.h — draft, write and read opaque tokens.
 *
 * A token is prefix + id + secret [+ checksum]. The id (48 bits: 12 hex or 9 base62 digits) finds the row, the secret
 * proves it. The store keeps the SHA-256 of the secret's text only, so a stolen database opens nothing. The
 * secret is drafted on the worker; the id comes from the store, in the order of its rows.
 *
 * Threads: any; no state.
 */
#pragma once

#include "oauth/call.h"

/* Shortest forms that hold the id and 112 random bits (base62: 125), without prefix and checksum. */
#define TOKEN_HEX_LENGTH_MIN    40
#define TOKEN_BASE62_LENGTH_MIN 30
#define TOKEN_CHECKSUM_LEN      6

/* Random bytes that the secret of this format is made of; at most TOKEN_RANDOM_MAX. */
size_t token_random_len(const struct token_format *format);

/* The secret's text and hash; `random` has token_random_len bytes. */
void token_draft(struct arena *arena, const struct token_format *format, const unsigned char *random,
                 struct token_draft *ret_draft);
/* From the system's generator. */
void token_draft_random(struct arena *arena, const struct token_format *format, struct token_draft *ret_draft);
/* From a key and what it derives from: the same again and again. `label` tells uses of the key apart. */
void token_draft_derived(struct arena *arena, const struct token_format *format, const struct digest *key,
                         struct str label, struct str source, struct token_draft *ret_draft);

/* The whole token, when the draft has its id. */
struct str token_write(struct arena *arena, const struct token_format *format, const struct token_draft *draft);

/* False when the text cannot be a token of this format: length, prefix, alphabet or checksum are wrong. */
bool token_read(const struct token_format *format, struct str text, int64_t *ret_id, struct digest *ret_secret_hash);
