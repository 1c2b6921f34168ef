/*
 * codec.h — hex, base64, base32, base62 and percent-encoding.
 *
 * Decoders are strict: what is not exactly in the alphabet is refused, never skipped. Results live in the
 * arena. The encoders that write into a caller's room write no NUL.
 *
 * Specs: RFC 4648 (base64, base64url, base32), WHATWG URL §5 (form-urlencoded).   Threads: any; no state.
 */
#pragma once

#include "base/text.h"

struct arena;
struct buf;

/* `room` takes 2 * len bytes, lower case. */
void hex_write(const unsigned char *bytes, size_t len, char *room);
/* text.len must be 2 * room_len; false otherwise or when a digit is foreign. Upper case is taken too. */
bool hex_parse(struct str text, unsigned char *room, size_t room_len);

/* Standard alphabet with or without padding; false on anything else. */
bool base64_parse(struct arena *arena, struct str text, struct str *ret_bytes);
struct str base64_write(struct arena *arena, struct str bytes);
/* URL alphabet without padding. */
bool base64url_parse(struct arena *arena, struct str text, struct str *ret_bytes);
struct str base64url_write(struct arena *arena, struct str bytes);

/* A-Z and 2-7, without padding. */
struct str base32_write(struct arena *arena, struct str bytes);

/* Exactly `digits` base62 digits (0-9A-Za-z), most significant first; the number must fit. */
void base62_write(uint64_t number, size_t digits, char *room);
/* False on a foreign digit or overflow. */
bool base62_parse(struct str text, uint64_t *ret_number);

/* `+` is a blank, %XX a byte; false on a bad escape. Used for forms and for Basic credentials [RFC6749 2.3.1]. */
bool form_decode(struct arena *arena, struct str text, struct str *ret_text);
/* %XX only: for paths. */
bool percent_decode(struct arena *arena, struct str text, struct str *ret_text);
/* One pair of a form, decoded. */
struct form_field {
    struct str name;
    struct str value;
};
/* Blank becomes `+`; everything but A-Za-z0-9-._~ becomes %XX. */
void form_encode(struct buf *buf, struct str text);
