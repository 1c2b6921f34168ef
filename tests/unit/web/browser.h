/*
 * browser.h — browsers that visit the pages of an office: they keep cookies, fill in forms and follow nothing
 * unasked.
 *
 * There is no server: exchange_park and exchange_resume are this file's own. The authorization endpoint is a plain
 * one, /oauth/authorize, that asks and answers as a dialect's would.
 */
#pragma once

#include "../oauth/office.h"

#include <pthread.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/crew.h"
#include "base/mistake.h"
#include "crypto/password.h"
#include "http/message.h"
#include "web/site.h"

#define PASSWORD "correct horse battery"

struct town {
    struct office *office;
    struct crew *crew;
    struct site *site;
    struct arena *arena;
};

struct jar_cookie {
    struct str name;
    struct str value;
};

struct browser {
    struct town *town;
    const char *language;
    const char *host;
    const char *site; /* whose page it comes from, as Sec-Fetch-Site says; "cross-site" leaves cookies at home */
    struct jar_cookie jar[8];
    size_t jar_count;
    /* the last reply */
    struct exchange *exchange;
    unsigned status;
    struct str body;
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_parked;
    bool is_resumed;
} parking = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};

void exchange_park(struct exchange *exchange)
{
    (void)exchange;
    pthread_mutex_lock(&parking.mutex);
    assert_false(parking.is_parked);
    parking.is_parked = true;
    parking.is_resumed = false;
    pthread_mutex_unlock(&parking.mutex);
}

void exchange_resume(struct exchange *exchange)
{
    (void)exchange;
    pthread_mutex_lock(&parking.mutex);
    parking.is_resumed = true;
    pthread_cond_signal(&parking.changed);
    pthread_mutex_unlock(&parking.mutex);
}

static inline void wait_until_resumed(struct exchange *exchange)
{
    pthread_mutex_lock(&parking.mutex);
    bool is_parked = parking.is_parked;
    while (is_parked && !parking.is_resumed)
        pthread_cond_wait(&parking.changed, &parking.mutex);
    parking.is_parked = false;
    pthread_mutex_unlock(&parking.mutex);
    if (is_parked)
        exchange->resumed(exchange);
}

/* The authorization endpoint. */

static inline struct call *town_read(void *arg, struct exchange *exchange, const struct realm *realm,
                                     struct str target)
{
    struct town *town = arg;
    struct str path = str_slice(target, 0, str_find(target, '?')), pair;
    struct str rest = str_slice(target, path.len + 1, target.len);
    if (!str_equal(path, STR("/oauth/authorize")))
        return NULL;
    struct call *call = office_call(town->office, NULL);
    call->arena = exchange->arena;
    call->realm = realm;
    while (str_next(&rest, '&', &pair)) {
        size_t equals = str_find(pair, '=');
        enum parameter parameter = parameter_find(str_slice(pair, 0, equals));
        if (parameter != PARAMETER_COUNT)
            assert_true(
                form_decode(exchange->arena, str_slice(pair, equals + 1, pair.len), &call->parameters[parameter]));
    }
    office_ask(town->office, call);
    return call;
}

static inline void town_answer(void *arg, struct exchange *exchange, struct call *call, struct str target)
{
    const struct town *town = arg;
    const struct refusal_words *words = refusal_words(call->refusal);
    (void)target;
    if (call->refusal && !str_is_present(call->authorize.redirect_uri)) {
        call_set_text(call, FACT_error, words->error);
        call_set_text(call, FACT_error_description, words->error_description);
        site_tell(town->site, exchange, call);
        return;
    }
    struct str value = call->refusal ? words->error : office_fact(call, FACT_code);
    struct str location = arena_printf(exchange->arena, "%.*s&%s=%.*s", STR_ARGS(call->authorize.redirect_uri),
                                       call->refusal ? "error" : "code", STR_ARGS(value));
    response_header_add(exchange, STR("Location"), location);
    response_answer(exchange, 302, STR_NONE, STR(""));
}

static inline void town_handle(struct town *town, struct exchange *exchange)
{
    if (site_handle(town->site, exchange))
        return;
    struct call *call = town_read(town, exchange, &town->office->realm, exchange->request.target);
    if (!call)
        response_answer(exchange, 404, STR_NONE, STR("none of the site's"));
    else if (call->refusal && !str_is_present(call->authorize.redirect_uri))
        town_answer(town, exchange, call, exchange->request.target);
    else
        site_ask(town->site, exchange, call, exchange->request.target);
}

static inline enum outcome give_passwords(const struct office *office, struct store_tx *tx)
{
    const struct password_cost cost = {.memory_bytes = 8 << 20, .iterations = 1};
    for (size_t i = 0; i < 3; i++) {
        struct user_row *user = (struct user_row *)&office->users[i];
        user->password_hash = password_hash(office->house.arena, STR(PASSWORD), &cost);
        user->email = arena_printf(office->house.arena, "%.*s@example.com", STR_ARGS(user->username));
        user->email_confirmed_at = 1;
        TRY(user_update(tx, user));
    }
    return OK;
}

static inline void town_open_site(struct town *town)
{
    struct mistakes mistakes;
    const struct realm *realms[] = {&town->office->realm, &town->office->house.realms[1]};
    const struct site_means means = {.has_mail = true,
                                     .store = town->office->house.store,
                                     .crew = town->crew,
                                     .dialogue = {town_read, town_answer, town}};
    mistakes_init(&mistakes, town->arena);
    town->site = site_create(town->arena, &means, realms, 2, &mistakes);
    assert_non_null(town->site);
}

static inline int town_setup(void **state)
{
    /* What was guessed wrongly in one test is long forgotten in the next. */
    static int64_t day;
    struct town *town = memory_alloc(sizeof(*town));
    void *office = NULL;
    office_setup(&office);
    town->office = office;
    town->arena = arena_create();
    town->office->now += ++day * 86400;
    struct people_policy *people = &town->office->realm.people;
    *people = (struct people_policy){.is_open = true,
                                     .session_idle_seconds = 3600,
                                     .session_lifetime_seconds = 86400,
                                     .password_memory_bytes = 8 << 20,
                                     .password_iterations = 1,
                                     .password_length_min = 10,
                                     .realm_id = town->office->realm.id,
                                     .realm_name = town->office->realm.name};
    random_bytes(&people->key, sizeof(people->key));
    town->office->realm.appearance.title = STR("First Radio");
    office_perform(town->office, give_passwords);
    town->crew = crew_start(&(struct crew_options){.thread_count = 1, .queue_max = 8});
    town_open_site(town);
    *state = town;
    return 0;
}

static inline int town_teardown(void **state)
{
    struct town *town = *state;
    void *office = town->office;
    crew_stop(town->crew);
    office_teardown(&office);
    arena_destroy(town->arena);
    memory_free(town);
    return 0;
}

/* Sending */

static inline struct browser browser_of(struct town *town)
{
    return (struct browser){.town = town, .language = "en", .host = "localhost", .site = "same-origin"};
}

static inline struct str reply_header(const struct browser *browser, const char *name)
{
    for (const struct response_header *at = browser->exchange->response.headers; at; at = at->next)
        if (str_equal_nocase(at->name, str_of(name)))
            return at->value;
    return STR_NONE;
}

static inline struct jar_cookie *jar_find(struct browser *browser, struct str name)
{
    for (size_t i = 0; i < browser->jar_count; i++)
        if (str_equal(browser->jar[i].name, name))
            return &browser->jar[i];
    assert_true(browser->jar_count < 8);
    browser->jar[browser->jar_count].name = name;
    return &browser->jar[browser->jar_count++];
}

static inline void keep_cookies(struct browser *browser)
{
    for (const struct response_header *at = browser->exchange->response.headers; at; at = at->next) {
        if (!str_equal(at->name, STR("Set-Cookie")))
            continue;
        struct str pair = str_slice(at->value, 0, str_find(at->value, ';'));
        size_t equals = str_find(pair, '=');
        jar_find(browser, str_slice(pair, 0, equals))->value = str_slice(pair, equals + 1, pair.len);
    }
}

static inline struct str write_cookies(const struct browser *browser)
{
    struct buf out;
    buf_init(&out, browser->town->arena, 4096);
    buf_add(&out, STR("other=1"));
    for (size_t i = 0; i < browser->jar_count; i++)
        if (browser->jar[i].value.len)
            buf_printf(&out, "; %.*s=%.*s", STR_ARGS(browser->jar[i].name), STR_ARGS(browser->jar[i].value));
    return buf_str(&out);
}

/* Exchanges live as long as the town, so that replies can be looked at. */
static inline void browser_send(struct browser *browser, const char *method, struct str target, struct str body)
{
    struct arena *arena = browser->town->arena;
    struct exchange *exchange = arena_new(arena, struct exchange);
    struct request_field *fields = arena_array(arena, struct request_field, 4);
    bool is_cross = str_equal(str_of(browser->site), STR("cross-site")) && str_equal(str_of(method), STR("POST"));
    size_t mark = str_find(target, '?');
    fields[0] = (struct request_field){STR("Cookie"), is_cross ? STR("") : write_cookies(browser)};
    fields[1] = (struct request_field){STR("Accept-Language"), str_of(browser->language)};
    fields[2] = (struct request_field){STR("User-Agent"), STR("Mozilla/5.0 (X11; Linux) Firefox/115.0")};
    fields[3] = (struct request_field){STR("Sec-Fetch-Site"), str_of(browser->site)};
    *exchange = (struct exchange){.arena = arena, .id = STR("0123456789abcdef"), .now = browser->town->office->now};
    exchange->request = (struct request){
        .method = str_of(method),
        .target = target,
        .path = str_slice(target, 0, mark),
        .query = mark < target.len ? str_slice(target, mark + 1, target.len) : STR_NONE,
        .host = str_of(browser->host),
        .content_type = body.len ? STR("application/x-www-form-urlencoded") : STR_NONE,
        .body = body,
        .client_address = STR("192.0.2.1"),
        .fields = fields,
        .field_count = 4,
    };
    browser->exchange = exchange;
    town_handle(browser->town, exchange);
    wait_until_resumed(exchange);
    assert_int_not_equal(exchange->response.status, 0);
    browser->status = exchange->response.status;
    browser->body = exchange->response.body;
    keep_cookies(browser);
}

static inline void browser_get(struct browser *browser, const char *target)
{
    browser_send(browser, "GET", str_of(target), STR(""));
}

/* Looking */

static inline size_t find_text(struct str text, size_t from, const char *wanted)
{
    size_t len = strlen(wanted);
    while (from + len <= text.len && memcmp(text.ptr + from, wanted, len) != 0)
        from++;
    return from + len <= text.len ? from : text.len;
}

static inline bool page_has(const struct browser *browser, const char *text)
{
    return find_text(browser->body, 0, text) < browser->body.len;
}

#define assert_page_has(browser, text)                                                                               \
    do {                                                                                                             \
        if (!page_has((browser), (text)))                                                                            \
            print_error("no \"%s\" in\n%.*s\n", (text), STR_ARGS((browser)->body));                                  \
        assert_true(page_has((browser), (text)));                                                                    \
    } while (0)

static inline struct str unescape(struct arena *arena, struct str text)
{
    static const struct {
        const char *entity;
        char byte;
    } entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};
    char *room = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len;) {
        size_t taken = 1;
        room[len] = text.ptr[i];
        for (size_t e = 0; e < 5; e++)
            if (str_has_prefix(str_slice(text, i, text.len), str_of(entities[e].entity))) {
                room[len] = entities[e].byte;
                taken = strlen(entities[e].entity);
            }
        i += taken;
        len++;
    }
    return (struct str){room, len};
}

static inline struct str attribute_of(struct browser *browser, struct str tag, const char *name)
{
    struct str mark = arena_printf(browser->town->arena, " %s=\"", name);
    size_t at = find_text(tag, 0, mark.ptr);
    if (at == tag.len)
        return STR("");
    struct str rest = str_slice(tag, at + mark.len, tag.len);
    return unescape(browser->town->arena, str_slice(rest, 0, str_find(rest, '"')));
}

static inline struct str form_of(struct browser *browser, const char *action)
{
    struct str mark = arena_printf(browser->town->arena, "action=\"%s\"", action);
    size_t begin = find_text(browser->body, 0, mark.ptr);
    if (begin == browser->body.len)
        print_error("no form to %s in\n%.*s\n", action, STR_ARGS(browser->body));
    assert_true(begin < browser->body.len);
    return str_slice(browser->body, begin, find_text(browser->body, begin, "</form>") - begin);
}

/* The value of a hidden field of a form of the page. */
static inline struct str hidden_of(struct browser *browser, const char *action, const char *name)
{
    struct str form = form_of(browser, action);
    struct str mark = arena_printf(browser->town->arena, "<input type=\"hidden\" name=\"%s\"", name);
    size_t at = find_text(form, 0, mark.ptr);
    assert_true(at < form.len);
    struct str rest = str_slice(form, at, form.len);
    return attribute_of(browser, str_slice(rest, 0, str_find(rest, '>')), "value");
}

static inline void add_pair(struct buf *out, struct str name, struct str value)
{
    if (out->len)
        buf_add_char(out, '&');
    form_encode(out, name);
    buf_add_char(out, '=');
    form_encode(out, value);
}

/* The hidden fields of the page's form, and what is typed: "name=value&…", as it is. */
static inline struct str fill_in(struct browser *browser, const char *action, const char *typed)
{
    struct str form = form_of(browser, action);
    struct buf out;
    buf_init(&out, browser->town->arena, 1 << 16);
    for (size_t at = 0; (at = find_text(form, at, "<input type=\"hidden\"")) < form.len; at++) {
        struct str rest = str_slice(form, at, form.len), tag = str_slice(rest, 0, str_find(rest, '>'));
        add_pair(&out, attribute_of(browser, tag, "name"), attribute_of(browser, tag, "value"));
    }
    if (out.len && *typed)
        buf_add_char(&out, '&');
    buf_add(&out, str_of(typed));
    return buf_str(&out);
}

static inline void browser_submit(struct browser *browser, const char *action, const char *typed)
{
    browser_send(browser, "POST", str_of(action), fill_in(browser, action, typed));
}

/* Goes where the last reply sends it, which must be a page of ours or the authorization endpoint. */
static inline void browser_follow(struct browser *browser)
{
    struct str location = reply_header(browser, "Location");
    assert_int_equal(browser->status, 303);
    assert_true(str_has_prefix(location, STR("/")) && !str_has_prefix(location, STR("//")));
    browser_send(browser, "GET", location, STR(""));
}

/* Paths of the first realm. */
#define SIGN_IN      "/auth/first/sign-in"
#define SIGN_OUT     "/auth/first/sign-out"
#define CONSENT      "/auth/first/consent"
#define FACTOR       "/auth/first/factor"
#define SET_UP       "/auth/first/security/set-up"
#define ACCOUNT      "/auth/first/account"
#define SECURITY     "/auth/first/security"
#define APPLICATIONS "/auth/first/applications"
#define ASK          "/oauth/authorize?client_id=plain&response_type=code&state=a%2Bb&scope=read"

static inline void browser_sign_in(struct browser *browser, const char *username)
{
    struct str typed = arena_printf(browser->town->arena, "username=%s&password=correct+horse+battery", username);
    browser_submit(browser, SIGN_IN, typed.ptr);
}

/* Alice, at a page of hers. */
static inline struct browser alice_at(struct town *town, const char *target)
{
    struct browser browser = browser_of(town);
    browser_get(&browser, target);
    browser_sign_in(&browser, "alice");
    browser_follow(&browser);
    assert_int_equal(browser.status, 200);
    return browser;
}
