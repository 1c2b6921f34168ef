#include "web/describe.h"

#include "base/arena.h"
#include "oauth/call.h"
#include "oauth/realm.h"
#include "oauth/redirect.h"
#include "oauth/scope.h"
#include "store/applications.h"
#include "store/people.h"
#include "web/visit.h"

/* More is not read by anybody. */
#define WITHHELD_MAX 4

struct str describe_initial(struct arena *arena, struct str name)
{
    size_t len = 1;
    while (len < name.len && ((unsigned char)name.ptr[len] & 0xc0) == 0x80)
        len++;
    struct str initial = str_slice(name, 0, len);
    if (initial.len == 1 && initial.ptr[0] >= 'a' && initial.ptr[0] <= 'z')
        return arena_printf(arena, "%c", initial.ptr[0] - 'a' + 'A');
    return initial;
}

struct str describe_origin(struct str url)
{
    if (!str_has_prefix_nocase(url, STR("https://")))
        return STR_NONE;
    size_t len = STR("https://").len;
    for (; len < url.len && url.ptr[len] != '/' && url.ptr[len] != '?' && url.ptr[len] != '#'; len++) {
        char c = url.ptr[len];
        bool is_fit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                      c == '.' || c == ':';
        if (!is_fit)
            return STR_NONE;
    }
    return len > STR("https://").len ? str_slice(url, 0, len) : STR_NONE;
}

static void allow_pictures(struct visit *visit, struct str origin)
{
    struct str before = visit->image_source;
    visit->image_source =
        str_is_present(before) ? arena_printf(visit->arena, "%.*s %.*s", STR_ARGS(before), STR_ARGS(origin)) : origin;
}

json_t *describe_application(struct visit *visit, const struct application_row *application, struct str domain)
{
    struct str origin = describe_origin(application->logo_uri);
    json_t *model = json_object();
    json_object_set_new(model, "name", json_of_str(application->name));
    json_object_set_new(model, "initial", json_of_str(describe_initial(visit->arena, application->name)));
    json_object_set_new(model, "domain", json_of_str(domain));
    json_object_set_new(model, "is_verified", json_boolean(application->verified_at));
    if (str_is_present(origin)) {
        json_object_set_new(model, "logo", json_of_str(application->logo_uri));
        allow_pictures(visit, origin);
    }
    return model;
}

json_t *describe_user(const struct user_row *user)
{
    struct str name = user->display_name.len ? user->display_name : user->username;
    return json_pack("{s:o, s:o}", "username", json_of_str(user->username), "display_name", json_of_str(name));
}

/* "planner.example" of "https://planner.example/about" */
static struct str find_host(struct str url)
{
    struct str host = redirect_uri_host(url);
    return host.len ? host : STR_NONE;
}

/* A name that the operator has looked at; else what the answer will really be sent to. */
static struct str find_domain(const struct call *call, const struct application_row *application)
{
    struct str website = application->verified_at ? find_host(application->website) : STR_NONE;
    return str_is_present(website) ? website : redirect_uri_host(call->authorize.settled_uri);
}

void describe_client(struct visit *visit)
{
    const struct call *call = visit->call;
    struct application_row *application = NULL;
    if (!call || !call->client)
        return;
    if (application_find(visit_reader(visit), visit->arena, call->client->application_id, &application) != OK ||
        !application)
        return;
    visit_set(visit, "client", describe_application(visit, application, find_domain(call, application)));
}

/* Of `org_*:read` people are shown which: the word itself behind the description. */
static struct str find_description(struct arena *arena, const struct scope_policy *policy, struct str word)
{
    struct str description = policy && policy->description.len ? policy->description : word;
    if (!policy || str_equal(policy->name, word) || !policy->description.len)
        return description;
    return arena_printf(arena, "%.*s (%.*s)", STR_ARGS(description), STR_ARGS(word));
}

json_t *describe_scopes(const struct realm *realm, struct arena *arena, struct str scope)
{
    json_t *list = json_array();
    struct str rest = scope, word;
    while (str_next_word(&rest, &word)) {
        const struct scope_policy *policy = scope_find(realm, word);
        struct str description = find_description(arena, policy, word);
        json_array_append_new(list, json_pack("{s:o, s:b}", "description", json_of_str(description), "is_write",
                                              policy && policy->is_write));
    }
    return list;
}

bool describe_may_write(const struct realm *realm, struct str scope)
{
    struct str rest = scope, word;
    while (str_next_word(&rest, &word)) {
        const struct scope_policy *policy = scope_find(realm, word);
        /* What nobody has described may do anything. */
        if (!policy || policy->is_write)
            return true;
    }
    return false;
}

static bool has_policy(const struct realm *realm, struct str scope, const struct scope_policy *wanted)
{
    struct str rest = scope, word;
    while (str_next_word(&rest, &word))
        if (scope_find(realm, word) == wanted)
            return true;
    return false;
}

/* Such a word may well hold other scopes: then nobody can say what is not given. */
static bool is_wide(struct str word)
{
    static const char *const wide[] = {"all", "full", "global", "admin", "everything", "any", NULL};
    size_t begin = 0;
    for (size_t i = 0; i <= word.len; i++) {
        bool is_letter = i < word.len &&
                         ((word.ptr[i] >= 'a' && word.ptr[i] <= 'z') || (word.ptr[i] >= 'A' && word.ptr[i] <= 'Z'));
        if (is_letter)
            continue;
        for (size_t w = 0; wide[w]; w++)
            if (str_equal_nocase(str_slice(word, begin, i - begin), str_of(wide[w])))
                return true;
        begin = i + 1;
    }
    return false;
}

static bool has_wide_word(struct str scope)
{
    struct str rest = scope, word;
    while (str_next_word(&rest, &word))
        if (is_wide(word))
            return true;
    return false;
}

json_t *describe_withheld(const struct realm *realm, struct str scope)
{
    json_t *list = json_array();
    if (has_wide_word(scope))
        return list;
    for (size_t i = 0; i < realm->scope_count && json_array_size(list) < WITHHELD_MAX; i++) {
        const struct scope_policy *policy = &realm->scopes[i];
        bool is_told = policy->is_write && policy->description.len && !is_wide(policy->name);
        if (is_told && !has_policy(realm, scope, policy))
            json_array_append_new(list, json_of_str(policy->description));
    }
    return list;
}
