#include "web/fresh.h"

#include "base/arena.h"
#include "http/message.h"
#include "identity/form.h"
#include "oauth/realm.h"
#include "web/visit.h"

/* [RFC6749 3.1] Parameters that nobody knows are ignored: so is this one where requests are read. */
#define NAME STR("jeton_signed_in=")

static size_t find_parameter(struct str target)
{
    size_t at = target.len;
    while (at > 0 && target.ptr[at - 1] != '&' && target.ptr[at - 1] != '?')
        at--;
    bool is_there = at > 0 && str_has_prefix(str_slice(target, at, target.len), NAME);
    return is_there ? at - 1 : target.len;
}

struct str fresh_strip(struct str target)
{
    return str_slice(target, 0, find_parameter(target));
}

static struct form_place place_of(const struct visit *visit, struct str target)
{
    return (struct form_place){&visit->place->realm->people, visit->browser, STR("signed-in"), target};
}

struct str fresh_add(struct visit *visit, struct str target)
{
    struct str bare = fresh_strip(target);
    const struct form_place place = place_of(visit, bare);
    struct str token = form_make(visit->arena, &place, visit->exchange->now);
    const char *separator = str_find(bare, '?') < bare.len ? "&" : "?";
    return arena_printf(visit->arena, "%.*s%s%.*s%.*s", STR_ARGS(bare), separator, STR_ARGS(NAME), STR_ARGS(token));
}

bool fresh_fits(struct visit *visit)
{
    struct str target = visit->return_to;
    size_t at = find_parameter(target);
    if (at == target.len)
        return false;
    const struct form_place place = place_of(visit, str_slice(target, 0, at));
    struct str token = str_slice(target, at + 1 + NAME.len, target.len);
    return form_check(visit->arena, &place, token, visit->exchange->now) == FORM_FITS;
}
