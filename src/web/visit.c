#include "web/visit.h"

#include <assert.h>

#include "base/arena.h"
#include "base/buf.h"
#include "http/message.h"
#include "identity/form.h"
#include "identity/session.h"
#include "oauth/call.h"
#include "oauth/realm.h"
#include "oauth/redirect.h"
#include "store/store.h"
#include "web/describe.h"
#include "web/say.h"
#include "web/site_parts.h"
#include "web/template.h"
#include "web/touch.h"

/* The longest request that can come back in a form, escaped, and the page around it. */
#define PAGE_MAX (1024 * 1024)

struct store_reader *visit_reader(const struct visit *visit)
{
    return store_reader(visit->place->site->means.store);
}

static STEP find_session(struct visit *visit)
{
    const struct people_policy *people = &visit->place->realm->people;
    struct store_reader *reader = visit_reader(visit);
    TRY(session_read(reader, visit->arena, people, visit->browser, visit->exchange->now, &visit->session));
    if (!visit->session)
        return OK;
    return factor_find_need(reader, visit->arena, people, visit->session, &visit->need);
}

bool visit_find_session(struct visit *visit)
{
    visit->session = NULL;
    if (find_session(visit) == OK)
        return true;
    visit->session = NULL;
    return false;
}

/* [Fetch Metadata 2.3] Browsers that do not say so are taken at their cookies. */
static bool is_from_elsewhere(const struct exchange *exchange)
{
    return str_equal(exchange->request.method, STR("POST")) &&
           str_equal(request_header(exchange, "Sec-Fetch-Site"), STR("cross-site"));
}

bool visit_begin(struct visit *visit, struct exchange *exchange, const struct place *place)
{
    *visit = (struct visit){.exchange = exchange, .arena = exchange->arena, .place = place, .status = 200};
    visit->language = catalogue_choose(place->site->catalogue, request_header(exchange, "Accept-Language"));
    visit->model = json_keep(visit->arena, json_object());
    visit->image_source = place->image_source;
    visit->browser = cookie_read(&place->cookie, exchange);
    visit->is_from_elsewhere = is_from_elsewhere(exchange);
    if (!visit_find_session(visit))
        return false;
    if (visit->session && visit->session->is_stale)
        touch_session(place->site->means.store, visit->session->row->id, exchange->now);
    return true;
}

static bool is_page_of(const struct place *place, struct str target)
{
    /* Nothing but what our own paths are made of, so no browser reads another host into it. */
    for (size_t i = 0; i < target.len; i++)
        if ((unsigned char)target.ptr[i] <= ' ' || (unsigned char)target.ptr[i] >= 0x7f || target.ptr[i] == '\\')
            return false;
    return str_has_prefix(target, place->prefix) && target.len > place->prefix.len &&
           target.ptr[place->prefix.len] == '/';
}

void visit_set_return(struct visit *visit, struct str target)
{
    const struct site_dialogue *dialogue = &visit->place->site->means.dialogue;
    if (target.len == 0)
        return;
    if (is_page_of(visit->place, target)) {
        visit->return_to = target;
        return;
    }
    visit->call = dialogue->read(dialogue->arg, visit->exchange, visit->place->realm, target);
    if (visit->call)
        visit->return_to = target;
}

/* A request that came as a form may be longer than a line of a request can be. */
#define TARGET_MAX 6000

bool visit_may_return(const struct visit *visit)
{
    return !visit->call || visit->return_to.len <= TARGET_MAX;
}

void visit_return(struct visit *visit)
{
    if (!visit_may_return(visit))
        consent_go_on(visit);
    else
        visit_go(visit, str_is_present(visit->return_to) ? visit->return_to : visit_path(visit, "account"));
}

void visit_set(struct visit *visit, const char *name, json_t *value)
{
    json_object_set_new(visit->model, name, value);
}

void visit_set_text(struct visit *visit, const char *name, struct str text)
{
    if (str_is_present(text))
        json_object_set_new(visit->model, name, json_of_str(text));
}

void visit_set_flag(struct visit *visit, const char *name)
{
    json_object_set_new(visit->model, name, json_true());
}

/* A browser without a session is told apart by a random value: nothing is kept of it here. */
static struct str known_browser(struct visit *visit)
{
    if (visit->session || browser_is_anonymous(visit->browser))
        return visit->browser;
    visit->browser = browser_draw(visit->arena);
    if (!visit->is_from_elsewhere)
        cookie_write(&visit->place->cookie, visit->exchange, visit->browser, 0);
    return visit->browser;
}

struct str visit_make_form(struct visit *visit, const char *name)
{
    const struct form_place place = {&visit->place->realm->people, known_browser(visit), str_of(name),
                                     visit->return_to};
    return form_make(visit->arena, &place, visit->exchange->now);
}

void visit_set_form(struct visit *visit, const char *name)
{
    visit_set_text(visit, "form", visit_make_form(visit, name));
}

static json_t *member_of(json_t *model, const char *name, json_t *(*create)(void))
{
    json_t *member = json_object_get(model, name);
    if (!member) {
        member = create();
        json_object_set_new(model, name, member);
    }
    return member;
}

void visit_add_problem(struct visit *visit, const char *field, enum word word)
{
    json_t *problem = json_object();
    json_object_set_new(problem, "text", json_of_str(say(visit, word, NULL)));
    if (field) {
        json_object_set_new(problem, "field", json_string(field));
        json_object_set_new(member_of(visit->model, "wrong", json_object), field, json_true());
    }
    json_array_append_new(member_of(visit->model, "problems", json_array), problem);
    if (visit->status == 200)
        visit->status = 400;
}

bool visit_has_problems(const struct visit *visit)
{
    return json_object_get(visit->model, "problems") != NULL;
}

struct str visit_field(const struct visit *visit, const char *name)
{
    struct str value = form_value(&visit->form, name);
    return str_is_present(value) ? value : STR("");
}

struct str visit_path(const struct visit *visit, const char *page)
{
    return arena_printf(visit->arena, "%.*s/%s", STR_ARGS(visit->place->prefix), page);
}

static void add_source(struct buf *out, struct str source)
{
    if (!str_is_present(source))
        return;
    buf_add_char(out, ' ');
    buf_add(out, source);
}

/* [RFC9700 4.16] Nobody may frame a page; it loads nothing but ours, and its forms lead nowhere but here, unless they
 * are answered by a way to the client. */
static struct str write_policy(const struct visit *visit)
{
    struct buf out;
    buf_init(&out, visit->arena, 8192);
    buf_add(&out, STR("default-src 'none'; style-src 'self'; img-src 'self' data:"));
    add_source(&out, visit->image_source);
    buf_add(&out, STR("; form-action 'self'"));
    if (visit->call && str_is_present(visit->call->authorize.settled_uri))
        add_source(&out, redirect_uri_source(visit->arena, visit->call->authorize.settled_uri));
    buf_add(&out, STR("; frame-ancestors 'none'; base-uri 'none'"));
    if (visit->has_script)
        buf_add(&out, STR("; script-src 'self'"));
    return buf_str(&out);
}

static void add_headers(struct visit *visit)
{
    struct exchange *exchange = visit->exchange;
    response_header_add(exchange, STR("Cache-Control"), STR("no-store"));
    response_header_add(exchange, STR("Vary"), STR("Accept-Language, Cookie"));
    response_header_add(exchange, STR("Referrer-Policy"), STR("no-referrer"));
    response_header_add(exchange, STR("X-Content-Type-Options"), STR("nosniff"));
    response_header_add(exchange, STR("X-Frame-Options"), STR("DENY"));
}

static void set_common(struct visit *visit)
{
    visit_set_text(visit, "language", visit->language->tag);
    visit_set_text(visit, "request_id", visit->exchange->id);
    visit_set_text(visit, "return_to", visit->return_to);
    if (!visit->session)
        return;
    visit_set(visit, "user", describe_user(visit->session->user));
    visit_set_text(visit, "sign_out_form", visit_make_form(visit, "sign-out"));
}

void visit_show(struct visit *visit, const char *page)
{
    const struct template *template = template_find(visit->place->site->templates, str_of(page));
    struct scope realm = {NULL, visit->place->model};
    struct scope scope = {&realm, visit->model};
    struct buf out;
    assert(template);
    set_common(visit);
    buf_init(&out, visit->arena, PAGE_MAX);
    template_write(template, &scope, visit->language, &out);
    add_headers(visit);
    response_header_add(visit->exchange, STR("Content-Language"), visit->language->tag);
    response_header_add(visit->exchange, STR("Content-Security-Policy"), write_policy(visit));
    response_answer(visit->exchange, visit->status, STR("text/html; charset=utf-8"), buf_str(&out));
}

void visit_go(struct visit *visit, struct str path)
{
    add_headers(visit);
    response_header_add(visit->exchange, STR("Location"), path);
    response_answer(visit->exchange, 303, STR_NONE, STR(""));
}

void visit_go_done(struct visit *visit, const char *page, const char *done)
{
    visit_go(visit, arena_printf(visit->arena, "%.*s/%s?done=%s", STR_ARGS(visit->place->prefix), page, done));
}

void visit_set_done(struct visit *visit, const struct done *list)
{
    struct str name = visit_field(visit, "done");
    for (const struct done *done = list; done->name; done++)
        if (str_equal(name, str_of(done->name)))
            visit_set_text(visit, "notice", say(visit, done->word, NULL));
}
