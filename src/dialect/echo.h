/*
 * echo.h — replies about a token that are the same each time.
 *
 * Whether a token lives is decided for every request. What the guard or introspection says of a live one never
 * changes, but for the user's names: client, application, environment, subject, instance, scope and id stay with a
 * token as long as it lives. So a thread keeps the replies that it has put together and gives them again, unless the
 * dialect tells something of the moment or the names have changed. How much is left of a limit is told in headers
 * that are put into the kept reply each time.
 *
 * Threads: each has its own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct call;
struct desk;
struct exchange;

/* The answer to this call depends on the desk and the token alone. */
bool echo_may_serve(const struct desk *desk, const struct call *call);

/* Answers, or false when this thread does not have the reply. */
bool echo_give(struct exchange *exchange, const struct desk *desk, const struct call *call);

/* Keeps the answer that the exchange was just given, if the thread had to give it before. */
void echo_keep(struct exchange *exchange, const struct desk *desk, const struct call *call);
