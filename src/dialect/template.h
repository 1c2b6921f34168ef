/*
 * template.h — bodies and headers with named holes, compiled once at start.
 *
 * A hole is `$name` or `${name}`, the name a fact's (oauth/call.h) or one of the dialect's own constants. In JSON a
 * hole may stand for a value or inside a string:
 *
 *     {"access_token":$access_token,"ref":{"type":$subject_type,"id":$subject#},"detail":$detail?null}
 *
 * A member whose value is absent is left out, comma and all; an object all of whose members are absent goes with
 * its own key. `$name?LITERAL` writes the literal instead; `$name[]` writes the words of a list as an array of
 * strings;
 * `$name#` writes digits as a number; `$name:8` the first eight bytes. Spacing is kept as written. `$$` is a dollar.
 *
 * Threads: a compiled template is read only.
 */
#pragma once

#include "base/text.h"

struct arena;
struct buf;
struct facts;
struct json_template;
struct text_template;

/* The dialect's own holes, by number: they are facts extra_0 … */
#define TEMPLATE_EXTRA_MAX 4
struct template_names {
    struct str extra[TEMPLATE_EXTRA_MAX];
    size_t extra_count;
};

/* NULL when the text is no template: `ret_error` is a constant that says why. Lives in the arena. */
struct json_template *json_template_compile(struct arena *arena, struct str text, const struct template_names *names,
                                            struct str *ret_error);
uint64_t json_template_facts(const struct json_template *json); /* that its holes name, 1 << enum fact_name */
void json_template_write(const struct json_template *json, const struct facts *facts, struct buf *out);

struct text_template *text_template_compile(struct arena *arena, struct str text, const struct template_names *names,
                                            struct str *ret_error);
/* Bytes that could end a header or a quoted-string are escaped or replaced. False when a hole is absent. */
bool text_template_write_header(const struct text_template *text, const struct facts *facts, struct buf *out);
/* The facts that its holes name, 1 << enum fact_name. */
uint64_t text_template_facts(const struct text_template *text);
/* As it is: for texts that are escaped later. False when a hole is absent: the rest is written all the same. */
bool text_template_write(const struct text_template *text, const struct facts *facts, struct buf *out);
