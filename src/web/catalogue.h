/*
 * catalogue.h — every text that people read, in each language.
 *
 * One YAML file per language, compiled in; keys are paths (`sign_in.title`). A text has parameters, `{name}`, which
 * are filled from the page's model and escaped where they come to stand, and `**strong words**`. All languages have
 * the same keys with the same parameters: whatever differs is a mistake at the start.
 *
 * Specs: RFC 9110 §12.5.4, RFC 4647 §3.4.   Threads: read only once it is there.
 */
#pragma once

#include "web/model.h"

struct arena;
struct catalogue;
struct embedded_file;
struct mistakes;

enum phrase_kind { PHRASE_TEXT, PHRASE_PARAMETER, PHRASE_STRONG, PHRASE_STRONG_END };

struct phrase {
    struct phrase *next;
    enum phrase_kind kind;
    struct str text;
    struct model_path path; /* of a parameter */
};

struct language {
    struct str tag; /* "en" */
    struct phrase **phrases;
};

#define PHRASE_NONE SIZE_MAX

/* The first file is the language of whoever asks for none that we have. NULL and mistakes. Lives in the arena. */
struct catalogue *catalogue_read(struct arena *arena, const struct embedded_file *files, struct mistakes *mistakes);

/* By the header Accept-Language, which may be absent. */
const struct language *catalogue_choose(const struct catalogue *catalogue, struct str accepted);

/* PHRASE_NONE for an unknown key. */
size_t catalogue_find(const struct catalogue *catalogue, struct str key);
/* How many there are, and their keys: for tests. */
size_t catalogue_count(const struct catalogue *catalogue);
struct str catalogue_key(const struct catalogue *catalogue, size_t index);

/* As plain text: for mails. */
struct str phrase_text(struct arena *arena, const struct phrase *phrase, const struct scope *scope);
