/*
 * html.h — reads the HTML of a template and always knows what kind of place it is in.
 *
 * It takes less than browsers do, so that there is one reading of every template: attributes in double quotes,
 * nothing in `script`, no `style`, no attributes that are scripts or styles, no comments (a template has its own), no
 * bare `<`.
 *
 * Specs: WHATWG HTML §13.2.5.   Threads: a state belongs to its reader.
 */
#pragma once

#include "base/text.h"

/* Private to html.c, but for being compared. */
enum html_place {
    HTML_TEXT,
    HTML_TAG_BEGIN,
    HTML_TAG_NAME,
    HTML_END_TAG,
    HTML_DECLARATION,
    HTML_IN_TAG,
    HTML_ATTRIBUTE_NAME,
    HTML_VALUE_BEGIN,
    HTML_VALUE,
    HTML_VALUE_END,
    HTML_TAG_END,
};

enum html_attribute {
    HTML_ATTRIBUTE_FIXED, /* no hole may stand in it */
    HTML_ATTRIBUTE_TEXT,
    HTML_ATTRIBUTE_URL,
};

#define HTML_NAME_MAX 24

struct html {
    enum html_place place;
    enum html_attribute attribute;
    bool value_is_begun;
    size_t name_len;
    char name[HTML_NAME_MAX];   /* of the tag or attribute that is being read */
    char inside[HTML_NAME_MAX]; /* script, title or textarea, where no other tag can be; "": none of them */
};

/* What may be put here. */
enum html_hole {
    HTML_HOLE_NONE,
    HTML_HOLE_TEXT,
    HTML_HOLE_PLAIN_TEXT, /* of an element that has no other elements: title, textarea */
    HTML_HOLE_ATTRIBUTE,
    HTML_HOLE_URL,      /* at the beginning of a URL */
    HTML_HOLE_URL_PART, /* further on */
};

/* The beginning of a page; a zeroed state is one, too. */
#define HTML_START ((struct html){.place = HTML_TEXT})

/* NULL, or why the text cannot go on here: a constant; `ret_len` is how far it went. */
const char *html_read(struct html *html, struct str text, size_t *ret_len);

enum html_hole html_find_hole(const struct html *html);
/* Something was written into a hole here. */
void html_pass_hole(struct html *html);

/* Whatever follows would be read in the same way. */
bool html_equal(const struct html *a, const struct html *b);
