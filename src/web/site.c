#include "web/site.h"

#include "base/arena.h"
#include "base/embedded.h"
#include "base/mistake.h"
#include "http/message.h"
#include "http/route.h"
#include "identity/form.h"
#include "oauth/realm.h"
#include "web/files.h"
#include "web/site_parts.h"
#include "web/template.h"

#define PREFIX STR("/auth")

const struct page *const page_families[] = {
    sign_in_pages,  factor_pages,  consent_pages,  account_pages, application_pages,
    security_pages, passkey_pages, register_pages, recover_pages, NULL,
};

/* What stands at a path. */
struct target {
    const struct place *place;
    const struct page *page; /* NULL: an asset */
    const struct asset *asset;
};

static void add_target(struct arena *arena, struct site *site, struct target target, struct str path)
{
    const struct realm *realm = target.place ? target.place->realm : NULL;
    struct target *kept = arena_new(arena, struct target);
    const struct route *taken;
    *kept = target;
    struct route route = {STR_NONE, path, STR_NONE, false, kept};
    if (!realm || realm->host_count == 0)
        (void)route_add(site->routes, route, &taken);
    for (size_t i = 0; realm && i < realm->host_count; i++) {
        route.host = realm->hosts[i];
        (void)route_add(site->routes, route, &taken);
    }
}

static void add_place(struct arena *arena, struct site *site, struct place *place, const struct realm *realm)
{
    place_init(arena, place, site, realm);
    add_target(arena, site, (struct target){place, NULL, &place->colors}, place->colors.path);
    for (size_t family = 0; page_families[family]; family++)
        for (const struct page *page = page_families[family]; page->path; page++)
            add_target(arena, site, (struct target){place, page, NULL},
                       arena_printf(arena, "%.*s/%s", STR_ARGS(place->prefix), page->path));
}

static void add_assets(struct arena *arena, struct site *site)
{
    static const char *const names[] = {
        [ASSET_PASSKEY] = "passkey.js", [ASSET_SEND] = "send.js", [ASSET_STYLE] = "style.css"};
    for (size_t i = 0; i < ASSET_COUNT; i++) {
        const struct embedded_file *file = web_static;
        while (!str_equal(str_of(file->name), str_of(names[i])))
            file++;
        site->assets[i] = asset_of(arena, PREFIX, str_of(file->name), (struct str){file->text, file->len});
        add_target(arena, site, (struct target){NULL, NULL, &site->assets[i]}, site->assets[i].path);
    }
}

static void find_words(struct site *site, struct mistakes *mistakes)
{
#define WORD_KEY(section, name) #section "." #name,
    static const char *const keys[] = {WORDS(WORD_KEY)};
#undef WORD_KEY
    for (size_t i = 0; i < WORD_COUNT; i++) {
        site->words[i] = catalogue_find(site->catalogue, str_of(keys[i]));
        if (site->words[i] == PHRASE_NONE)
            mistake_add(mistakes, STR("web/words.h"), 1, str_of(keys[i]), STR_NONE, STR("a key of the catalogue"));
    }
}

struct site *site_create(struct arena *arena, const struct site_means *means, const struct realm *const *realms,
                         size_t count, struct mistakes *mistakes)
{
    size_t count_before = mistakes->count;
    struct site *site = arena_new(arena, struct site);
    site->means = *means;
    site->routes = route_table_create(arena);
    site->catalogue = catalogue_read(arena, web_texts, mistakes);
    if (!site->catalogue)
        return NULL;
    site->templates = templates_read(arena, web_pages, site->catalogue, mistakes);
    find_words(site, mistakes);
    add_assets(arena, site);
    site->places = arena_array(arena, struct place, count);
    for (site->place_count = 0; site->place_count < count; site->place_count++)
        add_place(arena, site, &site->places[site->place_count], realms[site->place_count]);
    return mistakes->count == count_before ? site : NULL;
}

static bool is_method(const struct exchange *exchange, const char *method)
{
    return str_equal(exchange->request.method, str_of(method));
}

static bool is_reading(const struct exchange *exchange)
{
    return is_method(exchange, "GET") || is_method(exchange, "HEAD");
}

static void refuse_method(struct visit *visit)
{
    response_header_add(visit->exchange, STR("Allow"), visit->page->take ? STR("GET, HEAD, POST") : STR("GET, HEAD"));
    visit_fail(visit, 405, WORD_error_malformed, WORD_error_malformed_text);
}

/* [RFC6749 10.12] The form is this browser's own, and about the request that it was shown for. */
static enum form_fit check_form(const struct visit *visit)
{
    const struct form_place place = {&visit->place->realm->people, visit->browser, str_of(visit->page->form),
                                     visit_field(visit, "return_to")};
    if (!str_is_present(visit->browser))
        return FORM_FOREIGN;
    return form_check(visit->arena, &place, visit_field(visit, "form"), visit->exchange->now);
}

/* The page once more, with what was asked: nothing that the person came for is lost. */
static void show_again(struct visit *visit, enum form_fit fit)
{
    visit->status = fit == FORM_FOREIGN ? 403 : 400;
    if (!gate_lets_in(visit, visit->page->needs))
        return;
    visit_add_problem(visit, NULL, fit == FORM_FOREIGN ? WORD_word_form_foreign : WORD_word_form_expired);
    visit->page->show(visit);
}

static void take_page(struct visit *visit)
{
    if (!form_read(visit->exchange, &visit->form)) {
        visit_fail(visit, 400, WORD_error_malformed, WORD_error_malformed_text);
        return;
    }
    visit_set_return(visit, visit_field(visit, "return_to"));
    enum form_fit fit = check_form(visit);
    if (fit != FORM_FITS)
        show_again(visit, fit);
    else if (gate_lets_in(visit, visit->page->needs))
        visit->page->take(visit);
}

static void show_page(struct visit *visit)
{
    /* A query that cannot be read says nothing. */
    if (!form_read_query(visit->exchange, &visit->form))
        visit->form.count = 0;
    visit_set_return(visit, visit_field(visit, "return_to"));
    if (gate_lets_in(visit, visit->page->needs))
        visit->page->show(visit);
}

static void serve_page(struct exchange *exchange, const struct place *place, const struct page *page)
{
    struct visit *visit = arena_new(exchange->arena, struct visit);
    bool is_known = visit_begin(visit, exchange, place);
    visit->page = page;
    if (exchange->limit)
        visit_fail(visit, limit_status(exchange), WORD_error_malformed, WORD_error_malformed_text);
    else if (!is_known)
        visit_fail_for_now(visit);
    else if (is_reading(exchange))
        show_page(visit);
    else if (is_method(exchange, "POST") && page->take)
        take_page(visit);
    else
        refuse_method(visit);
}

static void serve_asset(struct exchange *exchange, const struct asset *asset)
{
    if (is_reading(exchange)) {
        asset_serve(asset, exchange);
        return;
    }
    response_header_add(exchange, STR("Allow"), STR("GET, HEAD"));
    response_answer(exchange, 405, STR_NONE, STR(""));
}

static bool is_on_host(const struct place *place, struct str host)
{
    const struct realm *realm = place->realm;
    for (size_t i = 0; i < realm->host_count; i++)
        if (str_equal(realm->hosts[i], host))
            return true;
    return realm->host_count == 0;
}

/* A realm's path that is no page: its account is where people mean to go. */
static bool serve_unknown(const struct site *site, struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    for (size_t i = 0; i < site->place_count; i++) {
        const struct place *place = &site->places[i];
        struct str rest = str_slice(request->path, place->prefix.len, request->path.len);
        if (!str_has_prefix(request->path, place->prefix) || !is_on_host(place, request->host) ||
            (rest.len && rest.ptr[0] != '/'))
            continue;
        struct visit *visit = arena_new(exchange->arena, struct visit);
        (void)visit_begin(visit, exchange, place);
        if (rest.len <= 1)
            visit_go(visit, visit_path(visit, "account"));
        else
            visit_fail(visit, 404, WORD_error_not_found, WORD_error_not_found_text);
        return true;
    }
    return false;
}

bool site_handle(const struct site *site, struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    const struct route *route;
    if (!str_has_prefix(request->path, STR("/auth/")))
        return false;
    if (route_find(site->routes, request->host, request->path, request->method, &route) != ROUTE_FOUND)
        return serve_unknown(site, exchange);
    const struct target *target = route->target;
    if (target->page)
        serve_page(exchange, target->place, target->page);
    else
        serve_asset(exchange, target->asset);
    return true;
}
