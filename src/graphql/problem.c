#include "graphql/problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"
#include "graphql/lexer.h"

/* A person reads the first few. */
#define PROBLEM_MAX     20
#define MESSAGE_LEN_MAX 1000

void problems_init(struct problems *problems, struct arena *arena, struct str source)
{
    *problems = (struct problems){.arena = arena, .source = source};
    problems->last = &problems->first;
}

static struct graphql_error *add(struct problems *problems, const char *format, va_list list)
{
    if (problems->is_full)
        return NULL;
    problems->count++;
    problems->is_full = problems->count == PROBLEM_MAX;
    struct graphql_error *error = arena_new(problems->arena, struct graphql_error);
    /* One byte past the limit is what str_cut looks at. */
    char message[MESSAGE_LEN_MAX + 2];
    vsnprintf(message, sizeof(message), format, list);
    error->message = arena_str(problems->arena, str_cut(str_of(message), MESSAGE_LEN_MAX));
    *problems->last = error;
    problems->last = &error->next;
    return error;
}

void problem_add(struct problems *problems, size_t at, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    struct graphql_error *error = add(problems, format, list);
    va_end(list);
    if (!error)
        return;
    if (problems->count == 1)
        problems->first_at = at;
    source_locate(problems->source, at, &error->line, &error->column);
}

void problem_add_general(struct problems *problems, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    add(problems, format, list);
    va_end(list);
}
