/*
 * yaml.h — a YAML file as a tree that knows its lines; by libyaml, which no other file includes.
 *
 * One document; aliases, tags and duplicate keys are refused, so is nesting deeper than 16 and more than 100,000
 * nodes. Scalars are text: what a scalar means is said by whoever reads it.
 */
#pragma once

#include "base/text.h"

struct arena;
struct mistakes;

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    unsigned line;           /* 1 is the first */
    struct str text;         /* of a scalar */
    bool is_plain;           /* scalar without quotes: `~` and `null` mean nothing only then */
    struct str key;          /* of a member of a map */
    struct yaml_node *child; /* first item or member */
    struct yaml_node *next;  /* next item or member */
    struct str path;         /* "endpoints[2].path": for mistakes */
};

/* NULL and a mistake when it is no such YAML. Everything lives in mistakes' arena. */
struct yaml_node *yaml_read(struct str file, struct str text, struct mistakes *mistakes);

/* The member, or NULL; of anything that is no map: NULL. */
const struct yaml_node *yaml_member(const struct yaml_node *map, const char *key);
/* A plain `~`, `null` or empty scalar. */
bool yaml_is_null(const struct yaml_node *node);
/* What stands there, for a mistake: "12", or words: a section, a list, nothing. */
struct str yaml_show(struct arena *arena, const struct yaml_node *node);
