/*
 * visit.h — one request to one page: who comes, what was sent, and what is shown.
 *
 * Private to web/. A page's handler reads the visit, fills its model and shows a page or goes on to another one. What
 * is slow or written goes through an errand (web/errand.h).
 *
 * Threads: a visit belongs to its exchange.
 */
#pragma once

#include "base/outcome.h"
#include "identity/factor.h"
#include "web/catalogue.h"
#include "web/cookie.h"
#include "web/form.h"
#include "web/site.h"
#include "web/words.h"

struct call;
struct page;
struct tally;
struct store_reader;

/* A file of ours at a path that names its content, so that browsers may keep it for good. */
struct asset {
    struct str path;
    struct str type;
    struct str text;
};

/* The pages of one realm. */
struct place {
    const struct site *site;
    const struct realm *realm;
    struct str prefix;    /* "/auth/REALM" */
    struct str origin;    /* "https://auth.example.com": for links in mails */
    struct cookie cookie; /* whose browser it is */
    struct cookie device; /* who has signed in with it before */
    struct asset colors;
    struct str image_source; /* where the realm's logo comes from, when it is not from here */
    const struct tally *tally;
    const json_t *model; /* what every page of the realm has: read only */
};

struct visit {
    struct exchange *exchange;
    struct arena *arena;
    const struct place *place;
    const struct page *page; /* whose path it is; NULL: an authorization endpoint's */
    const struct language *language;
    struct str browser;      /* the cookie's value, as it came or as it was just set; absent: none */
    struct session *session; /* NULL: nobody is signed in */
    enum factor_need need;   /* what the session still lacks */
    struct form form;        /* of a POST: the body's; else the query's */
    struct str return_to;    /* where to go on, once it was found to be one of ours; absent: nowhere */
    struct call *call;       /* the authorization request that return_to is; NULL: none */
    json_t *model;
    unsigned status;         /* of a page that is shown */
    struct str image_source; /* where pictures come from besides here */
    bool has_script;
    /* Another site's page has sent a form here: browsers leave our cookies at home then (SameSite), so nobody can
     * tell who comes; and a new cookie would sign out whoever it is. */
    bool is_from_elsewhere;
    void *own; /* the handler's */
};

/* Who comes, from the cookie. False: the store cannot tell. */
bool visit_begin(struct visit *visit, struct exchange *exchange, const struct place *place);
/* Looks again, after the browser has another cookie or none. */
bool visit_find_session(struct visit *visit);
struct store_reader *visit_reader(const struct visit *visit);

/* Where to go on: an authorization request of this realm, or a page of it. Anything else is left out. */
void visit_set_return(struct visit *visit, struct str target);
/* It is short enough to be gone to. */
bool visit_may_return(const struct visit *visit);
/* Goes there, or to the account. After an errand, too. */
void visit_return(struct visit *visit);

/* Members of the model; absent texts are left out. */
void visit_set(struct visit *visit, const char *name, json_t *value);
void visit_set_text(struct visit *visit, const char *name, struct str text);
void visit_set_flag(struct visit *visit, const char *name);
/* Makes a form of this name the browser's own, which is known by a cookie from now on. */
struct str visit_make_form(struct visit *visit, const char *name);
/* The model's `form`: makes the form of this name this browser's own. */
void visit_set_form(struct visit *visit, const char *name);

/* What is wrong with the form: the field's id (NULL: no field of its own), and why. The page will be shown with 400,
 * unless visit->status says something worse. */
void visit_add_problem(struct visit *visit, const char *field, enum word word);
bool visit_has_problems(const struct visit *visit);

/* After a form was taken the browser goes on to a page that says so, by a name in its query: so going back or loading
 * it again sends nothing twice. The list ends with one without a name. */
struct done {
    const char *name;
    enum word word;
};
void visit_go_done(struct visit *visit, const char *page, const char *done);
void visit_set_done(struct visit *visit, const struct done *list);

/* A field of the form; empty when there is none. */
struct str visit_field(const struct visit *visit, const char *name);

/* Path of a page of this realm: "/auth/REALM/account". */
struct str visit_path(const struct visit *visit, const char *page);

/* Answers with the page, or with a way to another one (303). */
void visit_show(struct visit *visit, const char *page);
void visit_go(struct visit *visit, struct str path);

/* Answers with a page that only tells something. `link_label` WORD_COUNT: no link. */
struct telling {
    enum word heading;
    enum word text;
    enum word hint; /* WORD_COUNT: none */
    bool is_mail;
    bool is_over;
    enum word link_label;
    const char *link_page;
};
void visit_tell(struct visit *visit, const struct telling *telling);
/* Answers with a page about what went wrong; the visit's status is set. */
void visit_fail(struct visit *visit, unsigned status, enum word heading, enum word text);
/* FAILED: 503, and nothing was changed. */
void visit_fail_for_now(struct visit *visit);
