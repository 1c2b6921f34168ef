/*
 * template.h — pages as HTML with holes, compiled at the start.
 *
 *     {{name}} {{a.b}}                   the model's value, escaped by the place where the hole is
 *     {{t key}}                          a text of the catalogue, its parameters filled from the model and escaped
 *     {{#if x}} … {{else}} … {{/if}}     by whether the value is there and not false, 0 or empty
 *     {{#each list}} … {{/each}}         names are the item's first; `this` is the item
 *     {{> partial}}                      another file, as if it stood here
 *     {{url:app}} {{url:image}}          a URL that may be a private-use scheme, a picture in base64
 *     {{! … }}                           nothing
 *
 * Where a hole is, is found by reading the HTML (web/html.h), and decides how it is escaped (web/escape.h): there is
 * no way to write a value that is not escaped, and a hole in a place where escaping does not help is a mistake at the
 * start: names of tags and attributes, attributes that are scripts or styles or that nobody has looked at. Both sides
 * of an `if` end in the same place, and an `each` ends where it began.
 *
 * Threads: read only once they are there.
 */
#pragma once

#include "base/text.h"
#include "web/model.h"

struct arena;
struct buf;
struct catalogue;
struct embedded_file;
struct language;
struct mistakes;
struct template;
struct templates;

/* Every file is a page or a partial, "name.html" by the name "name". NULL and mistakes. Lives in the arena. */
struct templates *templates_read(struct arena *arena, const struct embedded_file *files,
                                 const struct catalogue *catalogue, struct mistakes *mistakes);

/* NULL: there is none. */
const struct template *template_find(const struct templates *templates, struct str name);

void template_write(const struct template *template, const struct scope *scope, const struct language *language,
                    struct buf *out);
