/*
 * colors.h — a realm's accent colour made readable: the small stylesheet that goes with web/static/style.css.
 *
 * Whatever colour an operator chooses, text on it and text in it have the contrast that people need (4.5 : 1), by day
 * and by night; a colour that would be lost on the card is made darker or lighter, in its own hue.
 *
 * Specs: WCAG 2.1 §1.4.3, §1.4.11.   Threads: any; no state.
 */
#pragma once

#include "base/text.h"

struct arena;

struct color {
    unsigned char red, green, blue;
};

/* "#rrggbb"; false for anything else. */
bool color_parse(struct str text, struct color *ret_color);
/* 1 to 21. */
double color_contrast(struct color a, struct color b);
/* Black or white, whichever can be read better on it. */
struct color color_find_text(struct color background);
/* The colour itself, or the nearest to it on the way to black or white that has at least this contrast. */
struct color color_adapt(struct color color, struct color background, double contrast);

/* A stylesheet that sets --accent and what belongs to it. */
struct str colors_write(struct arena *arena, struct color accent);
