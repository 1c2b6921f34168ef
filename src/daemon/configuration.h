/*
 * configuration.h — jeton.yaml: what it may say, and what it said.
 *
 * A configuration is read and checked as a whole: every mistake is told at once, with file, line, key, what was
 * found and what is allowed, and nothing of a wrong file is used. What comes out is immutable but for the numbers
 * that the store gives its realms before it is published. The tables in configuration.c, mail_policy.c,
 * policy.c, policy_guard.c, policy_limits.c and policy_people.c are the only list of keys: they make the reader, the
 * reference page and the man page.
 *
 * Threads: loading in one; reading in any.
 */
#pragma once

#include "base/log.h"
#include "base/reference.h"
#include "base/text.h"
#include "daemon/mail_policy.h"
#include "dialect/face.h"

struct arena;
struct buf;
struct mistakes;
struct realm;
struct site;

/* What a listener serves: FACE_PUBLIC, FACE_GUARD, and: */
#define SERVES_OPERATIONS (1u << 2)

struct listener_policy {
    struct str address;
    unsigned serves;             /* bits of FACE_PUBLIC, FACE_GUARD, SERVES_OPERATIONS */
    struct str certificate_file; /* absent: plain HTTP */
    struct str key_file;
};

struct limit_policy {
    size_t body_bytes;
    size_t header_bytes;
    unsigned header_count;
    unsigned connections; /* of each listener */
    unsigned idle_seconds;
    unsigned request_seconds;
};

struct configuration {
    struct arena *arena; /* holds all of it, this struct too */
    struct str file;
    struct str data_directory; /* as every path here: absolute, or relative to where the program runs */
    struct str dialect_directory;
    enum log_level log_level;
    unsigned workers; /* of each listener; 0: as many as processors, at least 2 */
    struct listener_policy *listeners;
    size_t listener_count;
    struct str *trusted_proxies;
    size_t trusted_proxy_count;
    struct limit_policy limits;
    struct mail_policy mail;
    struct realm *realms;
    size_t realm_count;
    struct face_realm *face_realms; /* one for each realm, in the same order */
    const struct realm **realm_list;
    struct face *face; /* absent until faces_open, as the site */
    struct site *site;
};

/* NULL, with mistakes, when anything is wrong; the mistakes' arena stays the caller's then, else it belongs to the
 * configuration and goes with it. Realms have no id and no keys yet. */
struct configuration *configuration_load(const char *path, struct mistakes *mistakes);

/* The same of a text, without a look at any other file: dialects and certificates are not there. */
struct configuration *configuration_read(struct str file, struct str text, struct mistakes *mistakes);

/* NULL is allowed. */
void configuration_destroy(struct configuration *configuration);

/* Every key with its kind, limits, default and meaning: `jeton help configuration`, docs/configuration.md and
 * jeton.yaml(5). */
void configuration_write_reference(struct buf *out, enum reference_kind kind);
