/*
 * daemon.h — the serving process: configuration, store, listeners, control socket, janitor, signals.
 *
 * One call serves until SIGTERM or SIGINT. SIGHUP reads the configuration again: a good one takes its place without
 * a dropped request, a bad one is logged with all its mistakes and the old one stays.
 *
 * Threads: call from the main thread, before any other exists: it blocks the signals that it waits for.
 */
#pragma once

#include <stdbool.h>

struct control_host;
struct exchange;

struct daemon_options {
    const char *configuration_path;
    /* Optional: a data folder that the caller has claimed (folder_claim) and keeps until the call returns. */
    const char *claimed_directory;
    /* Optional. The store and the realms are there, nothing listens yet; control_run works with `host`. False stops
     * the start; say why on stderr first. */
    bool (*before_serve)(const struct control_host *host, void *arg);
    /* Optional. Every listener accepts. */
    void (*after_serve)(void *arg);
    /* Optional. On a worker: answers what has come by a listener that serves operations and is none of its pages;
     * false when it does not want to. */
    bool (*answer)(struct exchange *exchange, void *arg);
    void *arg;
};

/* The exit status: 0 after a graceful stop, 1 when it could not start (the reasons are on stderr). */
int daemon_serve(const struct daemon_options *options);
