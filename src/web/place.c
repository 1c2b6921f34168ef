/*
 * place.c — what all pages of a realm have in common.
 */
#include "base/arena.h"
#include "oauth/realm.h"
#include "web/colors.h"
#include "web/describe.h"
#include "web/site_parts.h"
#include "web/tally.h"

/* Where the configuration names no colour: that of style.css. */
static const struct color usual_accent = {0x2f, 0x5b, 0xd0};

/* "security/set-up" is `paths.security_set_up`. */
static const char *path_key(struct arena *arena, const char *path)
{
    char *key = arena_alloc(arena, strlen(path) + 1);
    for (size_t i = 0; path[i]; i++)
        key[i] = path[i] == '/' || path[i] == '-' ? '_' : path[i];
    return key;
}

static json_t *list_paths(struct arena *arena, struct str prefix)
{
    json_t *paths = json_object();
    for (size_t family = 0; page_families[family]; family++)
        for (const struct page *page = page_families[family]; page->path; page++)
            json_object_set_new(paths, path_key(arena, page->path),
                                json_of_str(arena_printf(arena, "%.*s/%s", STR_ARGS(prefix), page->path)));
    return paths;
}

static json_t *describe_realm(struct arena *arena, const struct site *site, const struct realm *realm)
{
    struct str title = realm->appearance.title.len ? realm->appearance.title : realm->name;
    json_t *model = json_object();
    json_object_set_new(model, "title", json_of_str(title));
    json_object_set_new(model, "initial", json_of_str(describe_initial(arena, title)));
    json_object_set_new(model, "is_open", json_boolean(realm->people.is_open));
    json_object_set_new(model, "has_mail", json_boolean(site->means.has_mail));
    if (realm->appearance.logo_uri.len)
        json_object_set_new(model, "logo", json_of_str(realm->appearance.logo_uri));
    return model;
}

static struct asset make_colors(struct arena *arena, struct str prefix, const struct realm *realm)
{
    struct color accent;
    if (!color_parse(realm->appearance.accent, &accent))
        accent = usual_accent;
    return asset_of(arena, prefix, STR("colors.css"), colors_write(arena, accent));
}

/* Scheme and host of the issuer, which may have a path of its own. */
static struct str find_origin(struct str issuer)
{
    size_t begin = str_find(issuer, ':') + STR("://").len;
    struct str rest = str_slice(issuer, begin, issuer.len);
    return str_slice(issuer, 0, issuer.len - rest.len + str_find(rest, '/'));
}

void place_init(struct arena *arena, struct place *place, const struct site *site, const struct realm *realm)
{
    struct str prefix = arena_printf(arena, "/auth/%.*s", STR_ARGS(realm->name));
    struct str label = arena_printf(arena, "jeton-%.*s", STR_ARGS(realm->name));
    /* No other realm's label: one may be called "x-device". */
    struct str device = arena_printf(arena, "jeton_device-%.*s", STR_ARGS(realm->name));
    *place = (struct place){.site = site, .realm = realm, .prefix = prefix};
    place->origin = find_origin(realm->issuer);
    place->cookie = cookie_of(arena, label, realm->issuer);
    place->device = cookie_of(arena, device, realm->issuer);
    place->colors = make_colors(arena, prefix, realm);
    place->image_source = describe_origin(realm->appearance.logo_uri);
    place->tally = tally_create(arena, realm->name);
    place->model = json_keep(arena, json_pack("{s:o, s:o, s:o, s:o, s:o, s:I}", "realm",
                                              describe_realm(arena, site, realm), "paths", list_paths(arena, prefix),
                                              "style", json_of_str(site->assets[ASSET_STYLE].path), "passkey_script",
                                              json_of_str(site->assets[ASSET_PASSKEY].path), "colors",
                                              json_of_str(place->colors.path), "password_length_min",
                                              (json_int_t)realm->people.password_length_min));
}
