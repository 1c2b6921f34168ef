#include "oauth/scope.h"

#include "base/arena.h"
#include "base/buf.h"
#include "oauth/call.h"
#include "store/rows.h"

#define SCOPE_TEXT_MAX 4096

/* `*` in the pattern stands for one or more digits. */
static bool matches(struct str pattern, struct str word)
{
    size_t star = str_find(pattern, '*');
    if (star == pattern.len)
        return str_equal(pattern, word);
    size_t digits = star;
    while (digits < word.len && word.ptr[digits] >= '0' && word.ptr[digits] <= '9')
        digits++;
    return digits > star && str_has_prefix(word, str_slice(pattern, 0, star)) &&
           str_equal(str_slice(word, digits, word.len), str_slice(pattern, star + 1, pattern.len));
}

static const struct scope_policy *find_policy(const struct realm *realm, struct str word)
{
    for (size_t i = 0; i < realm->scope_count; i++)
        if (matches(realm->scopes[i].name, word))
            return &realm->scopes[i];
    return NULL;
}

bool scope_is_known(const struct realm *realm, struct str word)
{
    return find_policy(realm, word) != NULL;
}

static bool has_word(struct str words, struct str wanted)
{
    struct str word;
    while (str_next_word(&words, &word))
        if (str_equal(word, wanted))
            return true;
    return false;
}

bool scope_contains(struct str had, struct str needed)
{
    struct str word;
    while (str_next_word(&needed, &word))
        if (!has_word(had, word))
            return false;
    return true;
}

/* The words of the request that fall under one scope of the realm, each once. */
static void add_matching(struct buf *scope, const struct scope_policy *policy, struct str requested)
{
    struct str word;
    while (str_next_word(&requested, &word)) {
        if (!matches(policy->name, word) || has_word(buf_str(scope), word))
            continue;
        if (scope->len)
            buf_add_char(scope, ' ');
        buf_add(scope, word);
    }
}

static struct str put_in_order(struct call *call, struct str requested)
{
    struct buf scope;
    buf_init(&scope, call->arena, SCOPE_TEXT_MAX);
    for (size_t i = 0; i < call->realm->scope_count; i++)
        add_matching(&scope, &call->realm->scopes[i], requested);
    return buf_str(&scope);
}

static STEP check_words(struct call *call, struct str requested)
{
    struct str word;
    size_t count = 0;
    REQUIRE(call, requested.len <= SCOPE_TEXT_MAX, scope_unknown);
    while (str_next_word(&requested, &word)) {
        REQUIRE(call, ++count <= SCOPE_WORDS_MAX, scope_unknown);
        REQUIRE(call, scope_is_known(call->realm, word), scope_unknown);
    }
    return OK;
}

/* The same text asked again and again is the rule: most requests name no scope at all. */
static STEP check_client_words(struct call *call, struct str requested)
{
    struct str allowed = call->client->scope;
    struct str word;
    while (str_next_word(&requested, &word)) {
        REQUIRE(call, !find_policy(call->realm, word)->needs_user, scope_needs_user);
        REQUIRE(call, !str_is_present(allowed) || has_word(allowed, word), scope_not_allowed);
    }
    return OK;
}

/* The default, as far as the client may have it. */
static struct str take_default(struct call *call)
{
    struct str allowed = call->client->scope;
    struct str rest = call->realm->default_scope;
    if (!str_is_present(allowed))
        return rest;
    struct buf scope;
    struct str word;
    buf_init(&scope, call->arena, SCOPE_TEXT_MAX);
    while (str_next_word(&rest, &word)) {
        if (!has_word(allowed, word))
            continue;
        if (scope.len)
            buf_add_char(&scope, ' ');
        buf_add(&scope, word);
    }
    return scope.len ? buf_str(&scope) : allowed;
}

enum outcome scope_for_client(struct call *call, struct str requested)
{
    TRY(check_words(call, requested));
    TRY(check_client_words(call, requested));
    call->scope = str_is_empty(requested) ? take_default(call) : put_in_order(call, requested);
    return OK;
}

enum outcome scope_narrow(struct call *call, struct str requested, struct str granted)
{
    if (str_is_empty(requested)) {
        call->scope = granted;
        return OK;
    }
    TRY(check_words(call, requested));
    REQUIRE(call, scope_contains(granted, requested), scope_grows);
    call->scope = put_in_order(call, requested);
    return OK;
}
