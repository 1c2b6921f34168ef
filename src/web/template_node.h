/*
 * template_node.h — what a template is compiled to. Private to the compiler and the writer.
 */
#pragma once

#include "web/escape.h"
#include "web/model.h"

enum node_kind {
    NODE_TEXT,
    NODE_HOLE,
    NODE_PHRASE,
    NODE_IF,
    NODE_EACH,
};

struct node {
    struct node *next;
    enum node_kind kind;
    struct str text;        /* of NODE_TEXT: as it stands in the file */
    struct model_path path; /* of holes, `if` and `each` */
    enum escape escape;     /* of holes and phrases */
    bool has_elements;      /* of phrases: strong words may be marked */
    size_t phrase;          /* of the catalogue */
    struct node *inside;    /* of `if` and `each` */
    struct node *otherwise; /* of `if` */
};

struct template
{
    struct str name;
    struct str text;
    struct node *first;
};
