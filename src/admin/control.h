/*
 * control.h — the operator's commands, by a unix socket in the data folder.
 *
 * One JSON object a line in, one a line out: {"command": "app create", "arguments": {…}} is answered with {"ok":
 * true, "result": …} or {"ok": false, "error": "…"}. The socket has mode 0600: whoever may open it is the operator.
 * Commands run through the same store and the same rules as requests do; the demo calls control_run without a socket.
 *
 * Threads: a small number of its own; control_run blocks, so never call it on an HTTP worker.
 */
#pragma once

#include "base/json.h"
#include "base/text.h"

struct arena;
struct control;
struct meter;
struct realm;
struct store;

/* What the daemon lends. `hold_realms` keeps a configuration alive until `release_realms`. */
struct control_host {
    struct store *store;
    struct meter *meter; /* NULL: nothing is counted */
    const struct realm *const *(*hold_realms)(void *arg, size_t *ret_count, void **ret_hold);
    void (*release_realms)(void *arg, void *hold);
    /* For `stats`: adds the daemon's own members to the object. */
    void (*add_stats)(void *arg, json_t *object);
    void *arg;
};

/* NULL with `ret_error` when the socket cannot be made. A stale socket file of a dead daemon is replaced. */
struct control *control_start(const struct control_host *host, const char *socket_path, struct arena *arena,
                              struct str *ret_error);
/* Finishes the commands under way, removes the socket. */
void control_stop(struct control *control);

/* Runs one command; the answer lives in the arena. Never NULL. */
json_t *control_run(const struct control_host *host, struct arena *arena, const json_t *request);
