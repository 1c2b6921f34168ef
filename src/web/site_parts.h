/*
 * site_parts.h — what a site is made of. Private to web/.
 */
#pragma once

#include "web/visit.h"

struct route_table;
struct session_draft;
struct templates;

enum site_asset { ASSET_PASSKEY, ASSET_SEND, ASSET_STYLE, ASSET_COUNT };

struct site {
    struct site_means means;
    struct catalogue *catalogue;
    struct templates *templates;
    size_t words[WORD_COUNT]; /* of the catalogue */
    struct asset assets[ASSET_COUNT];
    struct place *places;
    size_t place_count;
    struct route_table *routes;
};

/* What a visitor must have; whoever has not, is asked for that first. */
enum page_need {
    NEEDS_SESSION = 1 << 0, /* with its second step, where the user has one */
    NEEDS_FACTOR = 1 << 1,  /* a second step is set up, where the realm requires one */
    NEEDS_FRESH = 1 << 2,   /* signed in some minutes ago at most: for what opens the account to others, too */
};
#define NEEDS_USER (NEEDS_SESSION | NEEDS_FACTOR)

/* One page of every realm. */
struct page {
    const char *path; /* below the realm's prefix: "sign-in" */
    const char *form; /* the name of its form: who may send that one may send this one */
    unsigned needs;   /* bits of enum page_need */
    /* Shows it: for GET, and again when its form is refused before it is read. */
    void (*show)(struct visit *visit);
    /* Takes its form, which is known to be this browser's; NULL: it has none. */
    void (*take)(struct visit *visit);
};

/* The rows of each family of pages; they end with one without a path. */
extern const struct page sign_in_pages[];
extern const struct page factor_pages[];
extern const struct page consent_pages[];
extern const struct page account_pages[];
extern const struct page application_pages[];
extern const struct page security_pages[];
extern const struct page passkey_pages[];
extern const struct page register_pages[];
extern const struct page recover_pages[];
extern const struct page *const page_families[]; /* all of them; ends with NULL */

/* "/auth[/REALM]/NAME-DIGEST.EXTENSION" */
struct asset asset_of(struct arena *arena, struct str prefix, struct str file_name, struct str text);
void asset_serve(const struct asset *asset, struct exchange *exchange);

/* Of the page that tells which limit of the server the request has passed. [RFC9110 15.5] */
unsigned limit_status(const struct exchange *exchange);

void place_init(struct arena *arena, struct place *place, const struct site *site, const struct realm *realm);

/* A visit to an authorization endpoint. False: the store cannot tell who comes. */
bool visit_begin_call(struct visit *visit, const struct site *site, struct exchange *exchange, struct call *call);

/* What comes before a page with such needs. */
enum gate { GATE_OPEN, GATE_SIGN_IN, GATE_FACTOR, GATE_SIGN_IN_AGAIN, GATE_SET_UP };
enum gate gate_find(const struct visit *visit, unsigned needs);
/* Whoever may not go on yet is shown the page that comes first (sign in, second step, setting it up), with
 * visit->return_to as it is: false. */
bool gate_lets_in(struct visit *visit, unsigned needs);

void sign_in_show(struct visit *visit);
/* A session's draft, but for whose it is and what was shown. Draws randomness. */
void session_draft_fill(struct visit *visit, struct session_draft *draft);
/* The session is there: gives the browser its cookies, and notes that it was for visit->return_to. */
void sign_in_finish(struct visit *visit, const struct session_draft *draft);

void factor_show(struct visit *visit);
void security_show(struct visit *visit);
void set_up_show(struct visit *visit);
/* What comes next for visit->call, shown here: when its request is too long to go there. */
void consent_go_on(struct visit *visit);
/* Shows codes that are just made, once. */
void recovery_codes_show(struct visit *visit, const struct str *codes, size_t count);
