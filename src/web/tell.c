/*
 * tell.c — pages that only tell something, and the last step of a form_post.
 */
#include "base/arena.h"
#include "http/message.h"
#include "oauth/call.h"
#include "oauth/realm.h"
#include "store/applications.h"
#include "web/describe.h"
#include "web/say.h"
#include "web/site_parts.h"

void visit_tell(struct visit *visit, const struct telling *telling)
{
    visit_set_text(visit, "heading", say(visit, telling->heading, NULL));
    visit_set_text(visit, "text", say(visit, telling->text, NULL));
    if (telling->hint != WORD_COUNT)
        visit_set_text(visit, "hint", say(visit, telling->hint, NULL));
    if (telling->is_mail)
        visit_set_flag(visit, "is_mail");
    if (telling->is_over)
        visit_set_flag(visit, "is_over");
    if (telling->link_label != WORD_COUNT)
        visit_set(visit, "link",
                  json_pack("{s:o, s:o}", "label", json_of_str(say(visit, telling->link_label, NULL)), "path",
                            json_of_str(visit_path(visit, telling->link_page))));
    visit_show(visit, "told");
}

void visit_fail(struct visit *visit, unsigned status, enum word heading, enum word text)
{
    visit->status = status;
    visit_set_text(visit, "heading", say(visit, heading, NULL));
    visit_set_text(visit, "text", say(visit, text, NULL));
    visit_show(visit, "error");
}

void visit_fail_for_now(struct visit *visit)
{
    response_header_add(visit->exchange, STR("Retry-After"), STR("5"));
    visit_fail(visit, 503, WORD_error_unavailable, WORD_error_unavailable_text);
}

static const struct place *find_place(const struct site *site, const struct realm *realm)
{
    for (size_t i = 0; i < site->place_count; i++)
        if (site->places[i].realm == realm)
            return &site->places[i];
    return NULL;
}

bool visit_begin_call(struct visit *visit, const struct site *site, struct exchange *exchange, struct call *call)
{
    const struct place *place = find_place(site, call->realm);
    bool is_read = visit_begin(visit, exchange, place);
    visit->call = call;
    return is_read;
}

/* Not the client's fault: what the person did twice, or what has changed since the page was shown. */
static bool is_of_person(enum refusal refusal)
{
    return refusal == REFUSED_user_disabled || refusal == REFUSED_instance_gone ||
           refusal == REFUSED_instance_missing;
}

unsigned limit_status(const struct exchange *exchange)
{
    switch (exchange->limit) {
    case BODY_TOO_LARGE:
        return 413;
    case HEADERS_TOO_LARGE:
        return 431;
    case URI_TOO_LONG:
        return 414;
    default:
        return 400;
    }
}

/* [RFC9110 15.5] */
static unsigned fault_status(const struct visit *visit)
{
    if (visit->exchange->limit)
        return limit_status(visit->exchange);
    return visit->call->refusal == REFUSED_method_not_allowed ? 405 : 400;
}

static void tell_client_fault(struct visit *visit)
{
    const struct facts *facts = &visit->call->facts;
    visit_set_text(visit, "reason", facts->values[FACT_error_description].text);
    visit_set_text(visit, "code", facts->values[FACT_error].text);
    if (is_of_person(visit->call->refusal)) {
        visit_fail(visit, 403, WORD_error_heading, WORD_error_person);
        return;
    }
    visit_set_flag(visit, "is_client_fault");
    visit_fail(visit, fault_status(visit), WORD_error_heading, WORD_error_client);
}

/* [RFC6749 4.1.2.1] The client hears nothing, and what it has registered is not told. */
void site_tell(void *site, struct exchange *exchange, struct call *call)
{
    struct visit *visit = arena_new(exchange->arena, struct visit);
    (void)visit_begin_call(visit, site, exchange, call);
    switch (call->refusal) {
    case REFUSED_store_unavailable:
    case REFUSED_busy:
        visit_fail_for_now(visit);
        break;
    case REFUSED_code_reused:
    case REFUSED_code_expired:
        visit_fail(visit, 409, WORD_error_done_before, WORD_error_done_before_text);
        break;
    default:
        tell_client_fault(visit);
    }
}

/* [OAuth 2.0 Form Post Response Mode 2] */
void site_post(void *site, struct exchange *exchange, struct call *call, const struct form_field *fields,
               size_t count)
{
    struct visit *visit = arena_new(exchange->arena, struct visit);
    json_t *list = json_array();
    (void)visit_begin_call(visit, site, exchange, call);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:o, s:o}", "name", json_of_str(fields[i].name), "value",
                                              json_of_str(fields[i].value)));
    visit_set(visit, "fields", list);
    visit_set_text(visit, "redirect_uri", call->authorize.redirect_uri);
    visit_set_text(visit, "send_script", visit->place->site->assets[ASSET_SEND].path);
    visit->has_script = true;
    describe_client(visit);
    visit_show(visit, "form-post");
}
