/*
 * setting.h — a table of settings that reads a YAML map into a struct.
 *
 * One row says everything about one setting: its key, what it may be, where it goes, its default and its help.
 * The same table makes the reader, the mistakes it tells and the reference page (base/reference.h), so they cannot
 * contradict each other. Reading goes on after a mistake: all of them are told at once.
 *
 * Threads: any; tables are constant.
 */
#pragma once

#include <stddef.h>

#include "base/text.h"

struct arena;
struct mistakes;
struct yaml_node;

enum setting_kind {
    SETTING_BOOL,    /* true or false                          → bool */
    SETTING_INTEGER, /* within least and most                  → any integer */
    SETTING_TEXT,    /* a scalar; least to most bytes          → struct str */
    SETTING_CHOICE,  /* one of `choices`                       → any integer: its value */
    SETTING_SECONDS, /* 90, 90s, 15m, 8h, 28d                  → any integer */
    SETTING_BYTES,   /* 4096, 64k, 1m: powers of 1024          → any integer */
    SETTING_TEXTS,   /* list of scalars; least to most items   → struct str * and `beside` */
    SETTING_CHOICES, /* list of `choices`                      → any unsigned: their values or-ed */
    SETTING_SECTION, /* a map by `rows`, in place              → struct; `beside`: bool, whether it is in the file */
    SETTING_LIST,    /* list of maps by `rows`                 → struct * and `beside` */
    SETTING_MAP,     /* free names over maps by `rows`         → struct * and `beside`; the name goes to `name` */
};

/* A member of the struct that the row fills; size 0: none. */
struct setting_place {
    size_t offset;
    size_t size;
};

#define SETTING_PLACE(type, member)                                                                                  \
    {                                                                                                                \
        offsetof(type, member), sizeof(((type *)0)->member)                                                          \
    }

/* The struct itself: for a section whose keys stand apart in the file only. */
#define SETTING_SAME(type)                                                                                           \
    {                                                                                                                \
        0, sizeof(type)                                                                                              \
    }

/* A table of this one row is no table of keys: the elements of a list or map are what the row says. */
#define SETTING_ITSELF ""

/* Lists of choices end with a NULL name. */
struct setting_choice {
    const char *name;
    int64_t value;
};

struct setting {
    const char *key; /* NULL ends a table; or SETTING_ITSELF */
    enum setting_kind kind;
    bool is_required;
    bool may_be_never; /* of SETTING_SECONDS: `never` is 0, and 0 is allowed */
    bool takes_one;    /* of SETTING_TEXTS: a scalar is a list of one */
    struct setting_place place;
    struct setting_place beside; /* of lists and maps: size_t, the count */
    int64_t least;
    int64_t most;                         /* 0 with a `least` of 0: no limit */
    const struct setting_choice *choices; /* of SETTING_CHOICE and SETTING_CHOICES */
    const struct setting *rows;           /* of sections, lists and maps */
    size_t element_size;                  /* of lists and maps */
    struct setting_place name;            /* of maps: a struct str of the element */
    /* Of texts, lists of texts (each) and names of maps: what they must look like; `allowed` says it in words. */
    bool (*is_fit)(struct str text);
    const char *allowed;
    const char *default_text; /* as a file would say it, lists as words; NULL: zero or absent */
    const char *help;         /* one sentence or two */
};

/*
 * Fills `record` from the map; NULL stands for an empty one. Texts live as long as the tree. What is wrong adds a
 * mistake and leaves the default. Elements stand in the order of the file.
 */
void settings_read(const struct setting *rows, const struct yaml_node *map, struct str file,
                   struct mistakes *mistakes, void *record);

/* What a row allows, in words: "30 to 255", "hex or base62". */
struct str setting_allowed(const struct setting *row, struct arena *arena);
