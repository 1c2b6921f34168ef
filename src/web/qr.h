/*
 * qr.h — a text as a QR code, in an image that a page can show: `data:image/svg+xml;base64,…`.
 *
 * The only user of libqrencode.   Specs: ISO/IEC 18004.   Threads: any.
 */
#pragma once

#include "base/text.h"

struct arena;

/* Absent when the text is too long for one. */
struct str qr_picture(struct arena *arena, struct str text);
