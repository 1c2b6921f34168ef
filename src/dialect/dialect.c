#include "dialect/dialect.h"

#include "base/arena.h"
#include "base/mistake.h"
#include "base/yaml.h"
#include "dialect/shape.h"
#include "dialect/shipped.h"
#include "oauth/grant.h"

static const char *const dialect_keys[] = {"authorization_schemes",
                                           "client_authentication",
                                           "repeated_parameters",
                                           "constants",
                                           "secret_names",
                                           "content_type",
                                           "headers",
                                           "endpoints",
                                           "replies",
                                           "redirects",
                                           "facts",
                                           "errors",
                                           "resource_errors",
                                           NULL};

static void load_constants_names(struct loader *loader)
{
    const struct yaml_node *node = yaml_member(loader->root, "constants");
    struct template_names *names = &loader->dialect->names;
    size_t count;
    if (!node)
        return;
    const struct str *texts = load_texts(loader, node, &count);
    if (count > TEMPLATE_EXTRA_MAX)
        mistake_add(loader->mistakes, loader->file, node->line, node->path,
                    arena_printf(loader->arena, "%zu names", count), STR("at most 4 names"));
    for (size_t i = 0; i < count && i < TEMPLATE_EXTRA_MAX; i++)
        names->extra[names->extra_count++] = texts[i];
}

static void load_schemes(struct loader *loader)
{
    static struct str bearer = STR_INIT("Bearer");
    const struct yaml_node *node = yaml_member(loader->root, "authorization_schemes");
    struct dialect *dialect = loader->dialect;
    dialect->authorization_schemes = &bearer;
    dialect->authorization_scheme_count = 1;
    if (node)
        dialect->authorization_schemes = load_texts(loader, node, &dialect->authorization_scheme_count);
}

static void load_client_authentication(struct loader *loader)
{
    const struct yaml_node *node = yaml_member(loader->root, "client_authentication");
    size_t count;
    loader->dialect->client_authentication = CLIENT_BY_HEADER | CLIENT_BY_BODY;
    if (!node)
        return;
    const struct str *texts = load_texts(loader, node, &count);
    loader->dialect->client_authentication = 0;
    for (size_t i = 0; i < count; i++) {
        if (str_equal(texts[i], STR("header")))
            loader->dialect->client_authentication |= CLIENT_BY_HEADER;
        else if (str_equal(texts[i], STR("body")))
            loader->dialect->client_authentication |= CLIENT_BY_BODY;
        else
            load_mistake(loader, node, texts[i], "header, body");
    }
}

static void load_repeated(struct loader *loader)
{
    const struct yaml_node *node = yaml_member(loader->root, "repeated_parameters");
    if (!node)
        return;
    struct str text = load_text(loader, node);
    loader->dialect->last_repeated_wins = str_equal(text, STR("last"));
    if (!str_equal(text, STR("last")) && !str_equal(text, STR("refuse")))
        load_mistake(loader, node, text, "refuse or last");
}

/* Another token could help, and nothing else. */
static bool is_of_token(enum refusal refusal)
{
    struct str error = refusal_words(refusal)->error;
    return refusal == REFUSED_authorization_malformed || str_equal(error, STR("token_missing")) ||
           str_equal(error, STR("invalid_token"));
}

/*
 * Gateways let pass what is answered 2xx, and know "refused" by 401 and 403 only; nginx makes a 500 of anything else.
 * So whatever a dialect answers its own clients (400, or 200 with errors in the body), the guard's no is a no. Where
 * the token is not at fault it must not be 401: clients throw theirs away then.
 */
static unsigned guard_status(enum refusal refusal, unsigned status)
{
    if (status == 401 || status == 403 || status >= 500)
        return status;
    if (refusal == REFUSED_store_unavailable)
        return 503;
    return is_of_token(refusal) ? 401 : 403;
}

static void load_guard_errors(struct dialect *dialect)
{
    memcpy(dialect->guard_errors, dialect->resource_errors, sizeof(dialect->guard_errors));
    for (int i = NOT_REFUSED + 1; i < REFUSAL_COUNT; i++)
        dialect->guard_errors[i].status = guard_status((enum refusal)i, dialect->guard_errors[i].status);
}

static void load_secret_names(struct loader *loader)
{
    const struct yaml_node *node = yaml_member(loader->root, "secret_names");
    if (node)
        loader->dialect->secret_names = load_texts(loader, node, &loader->dialect->secret_name_count);
}

static void load_all_errors(struct loader *loader)
{
    const struct yaml_node *errors = yaml_member(loader->root, "errors");
    const struct yaml_node *resource = yaml_member(loader->root, "resource_errors");
    if (!errors || !yaml_member(errors, "body")) {
        load_mistake(loader, errors ? errors : loader->root, STR_NONE, "a member `errors` with a `body`");
        return;
    }
    load_errors(loader, errors, loader->dialect->errors);
    load_errors(loader, resource ? resource : errors, loader->dialect->resource_errors);
    load_guard_errors(loader->dialect);
}

/* "token" or, of a grant, "token password": a name of anything else would be of no use to anybody. */
static void check_reply_names(struct loader *loader)
{
    const struct yaml_node *replies = yaml_member(loader->root, "replies");
    for (const struct yaml_node *member = replies ? replies->child : NULL; member; member = member->next) {
        size_t blank = str_find(member->key, ' ');
        if (blank < member->key.len && !grant_kind_find(str_slice(member->key, blank + 1, member->key.len)))
            load_mistake(loader, member, member->key, "a name, or a name, a blank and a grant type");
    }
}

static void load_guard_reply(struct loader *loader)
{
    const struct yaml_node *map = yaml_member(yaml_member(loader->root, "replies"), "guard");
    struct reply_shape *guard = &loader->dialect->guard;
    load_reply(loader, map, guard);
    struct header_template *headers = arena_array(loader->arena, struct header_template, guard->header_count + 1);
    for (size_t i = 0; i < guard->header_count; i++) {
        headers[i] = guard->headers[i];
        headers[i].is_of_api = yaml_member(yaml_member(map, "headers"), guard->headers[i].name.ptr) != NULL;
    }
    guard->headers = headers;
    if (loader->dialect->guard.status > 299)
        load_mistake(loader, map, yaml_member(map, "status")->text, "200 to 299: the guard's yes");
}

struct dialect *dialect_read(struct str file, struct str text, struct mistakes *mistakes)
{
    size_t count_before = mistakes->count;
    struct loader loader = {.arena = mistakes->arena, .file = file, .mistakes = mistakes};
    loader.root = yaml_read(file, text, mistakes);
    if (!loader.root)
        return NULL;
    loader.dialect = arena_new(loader.arena, struct dialect);
    load_only(&loader, loader.root, dialect_keys);
    load_constants_names(&loader);
    load_schemes(&loader);
    load_client_authentication(&loader);
    load_repeated(&loader);
    load_secret_names(&loader);
    load_all_errors(&loader);
    load_redirects(&loader);
    load_fact_values(&loader);
    load_endpoints(&loader, yaml_member(loader.root, "endpoints"));
    check_reply_names(&loader);
    load_guard_reply(&loader);
    return mistakes->count == count_before ? loader.dialect : NULL;
}

static struct str name_of(const struct embedded_file *file)
{
    struct str name = str_of(file->name);
    return str_slice(name, 0, str_find(name, '.'));
}

struct str dialect_shipped_name(size_t index)
{
    return shipped_dialects[index].name ? name_of(&shipped_dialects[index]) : STR_NONE;
}

struct str dialect_shipped(struct str name)
{
    for (const struct embedded_file *file = shipped_dialects; file->name; file++)
        if (str_equal(name, name_of(file)))
            return (struct str){file->text, file->len};
    return STR_NONE;
}
