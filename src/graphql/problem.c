#include "graphql/problem.h"

#include <stdarg.h>

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

/* At a character's border, so that what is left is still UTF-8. */
static struct str cut(struct str message)
{
    if (message.len <= MESSAGE_LEN_MAX)
        return message;
    message.len = MESSAGE_LEN_MAX;
    while (((unsigned char)message.ptr[message.len] & 0xc0) == 0x80)
        message.len--;
    return message;
}

static struct graphql_error *add(struct problems *problems, const char *format, va_list list)
{
    if (problems->count == PROBLEM_MAX)
        return NULL;
    problems->count++;
    struct graphql_error *error = arena_new(problems->arena, struct graphql_error);
    error->message = cut(arena_vprintf(problems->arena, format, list));
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
