/*
 * script.h — what a connection says: one request or several in turn, with holes, and what fills the holes.
 *
 * A request is a file of raw bytes with holes like `{token}`. `{token}` is a line of a file; every other value, and
 * the next `{token}` where that is asked for, is taken out of the reply to one of the requests: it stands behind a
 * mark and ends at a quote, an ampersand, a semicolon or the line's end. Values go into the next request as they are.
 *
 * Threads: a script is made by one and read by all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STEPS_MAX   4
#define VALUES_MAX  4
#define VALUE_MAX   256
#define REQUEST_MAX 4096

/* Where the next `{token}` comes from. */
enum draw {
    DRAW_RANDOM, /* any line, each time */
    DRAW_ONCE,   /* the next line that nobody has had */
    DRAW_OWN,    /* the connection's own line, until a reply gives another */
};

struct script {
    struct step {
        const char *text;
        size_t len;
    } steps[STEPS_MAX];
    size_t step_count;
    struct value {
        const char *name;
        const char *mark; /* NULL: of the file only */
        unsigned step;    /* whose reply has it */
    } values[VALUES_MAX]; /* the first is `token` */
    size_t value_count;
    const char *tokens;
    size_t token_len;
    size_t token_count;
    size_t token_first; /* lines before it are left alone */
    enum draw draw;
};

/* What fills the holes of one connection now. */
struct filling {
    char texts[VALUES_MAX][VALUE_MAX];
    size_t lens[VALUES_MAX];
};

void script_init(struct script *script);
void script_add_step(struct script *script, const char *path);
void script_load_tokens(struct script *script, const char *path);
/* "STEP:NAME=MARK": the reply to this step (from 1 on) must have the mark; what follows is the value. */
void script_add_value(struct script *script, const char *text);
/* The words of enum draw; false: it is none of them. */
bool script_set_draw(struct script *script, const char *word);
/* Ends the program when a hole has no value. */
void script_check(const struct script *script);

void script_give_line(const struct script *script, size_t line, struct filling *filling);
size_t script_write(const struct script *script, unsigned step, const struct filling *filling,
                    char room[REQUEST_MAX]);
/* False when the reply (with a NUL at its end) lacks a value that it must have. */
bool script_read(const struct script *script, unsigned step, const char *reply, struct filling *filling);

/* Says what is wrong, with errno's text when there is one, and ends the program. */
void fail(const char *what) __attribute__((noreturn));
