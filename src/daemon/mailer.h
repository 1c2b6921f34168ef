/*
 * mailer.h — sends what is in the outbox.
 *
 * Whoever wants to send a mail inserts a row in the transaction of what the mail is about (store/people.h). The
 * mailer looks every second, sends by the way of the configuration of the moment, and deletes the row after that: a
 * mail goes out once, or once more after a crash, never not at all. What the relay does not take is tried again after
 * one minute, then two, up to six hours; after three days it is given up. The log says so, without address and
 * content.
 *
 * Threads: one of its own; start and stop from one.
 */
#pragma once

struct mailer;
struct snapshot;
struct store;

/* NULL when there is no thread to be had. */
struct mailer *mailer_start(struct store *store, struct snapshot *snapshot);
/* Gives up the connection under way; its mail stays. NULL is allowed. */
void mailer_stop(struct mailer *mailer);
