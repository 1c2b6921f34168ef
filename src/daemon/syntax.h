/*
 * syntax.h — what the texts of jeton.yaml must look like: names, addresses, URLs, scopes.
 *
 * Threads: any; pure.
 */
#pragma once

#include "base/text.h"

/* 1 to 63 of a to z, 0 to 9 and inner hyphens: realms and dialects. */
bool syntax_is_name(struct str text);
/* What tokens may begin with: A-Z, a-z, 0-9, _ and -. */
bool syntax_is_prefix(struct str text);
/* One scope. [RFC6749 3.3] */
bool syntax_is_scope(struct str text);
/* Scopes with one blank between them; nothing is an empty list. */
bool syntax_is_scope_list(struct str text);
/* A host name or numeric address in lower case, without port; IPv6 in brackets. */
bool syntax_is_host(struct str text);
/* "HOST:PORT" with a numeric port up to 65535. */
bool syntax_is_address(struct str text);
/* "10.0.0.0/8", "::1": what a listener trusts as a proxy. */
bool syntax_is_proxy(struct str text);
/* "http://127.0.0.1:8000/v2": an API's server; no slash at the end. */
bool syntax_is_upstream(struct str text);
/* "" or "/something". */
bool syntax_is_path_prefix(struct str text);
/* An https URL, or http on a loopback host; no query, no fragment, no slash at the end. [RFC8414 2] */
bool syntax_is_issuer(struct str text);
/* "https://host/…", at most 500 printable bytes without quotes. */
bool syntax_is_https_uri(struct str text);
/* "#rrggbb" */
bool syntax_is_color(struct str text);
/* "smtp://host" or "smtps://host", with or without a port. */
bool syntax_is_relay(struct str text);
/* The relay is on this machine. */
bool syntax_is_local_relay(struct str text);
/* "name@example.com": no blanks, no quotes, no display name; at most 254 bytes of ASCII. */
bool syntax_is_mail_address(struct str text);
/* Anything but nothing, without control characters. */
bool syntax_is_file(struct str text);
