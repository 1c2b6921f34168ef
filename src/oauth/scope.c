#include "oauth/scope.h"

#include "base/arena.h"
#include "base/buf.h"
#include "oauth/call.h"
#include "store/rows.h"

#define SCOPE_TEXT_MAX 4096

/* As many as a 64-bit number has: nobody's ids are longer. */
#define PATTERN_DIGITS_MAX 20

/* `*` in the pattern stands for one or more digits. */
static bool matches(struct str pattern, struct str word)
{
    size_t star = str_find(pattern, '*');
    if (star == pattern.len)
        return str_equal(pattern, word);
    size_t digits = star;
    while (digits < word.len && word.ptr[digits] >= '0' && word.ptr[digits] <= '9')
        digits++;
    return digits > star && digits - star <= PATTERN_DIGITS_MAX &&
           str_has_prefix(word, str_slice(pattern, 0, star)) &&
           str_equal(str_slice(word, digits, word.len), str_slice(pattern, star + 1, pattern.len));
}

const struct scope_policy *scope_find(const struct realm *realm, struct str word)
{
    for (size_t i = 0; i < realm->scope_count; i++)
        if (matches(realm->scopes[i].name, word))
            return &realm->scopes[i];
    return NULL;
}

bool scope_is_known(const struct realm *realm, struct str word)
{
    return scope_find(realm, word) != NULL;
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

static bool comes_before(struct str a, struct str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.ptr, b.ptr, len) : 0;
    return order < 0 || (order == 0 && a.len < b.len);
}

/* The first word in the order of bytes that falls under the pattern and is not among `taken`; absent: none. */
static struct str find_next(const struct scope_policy *policy, struct str requested, struct str taken)
{
    struct str first = STR_NONE;
    struct str word;
    while (str_next_word(&requested, &word))
        if (matches(policy->name, word) && !has_word(taken, word) &&
            (!str_is_present(first) || comes_before(word, first)))
            first = word;
    return first;
}

static void add_word(struct buf *scope, struct str word)
{
    if (scope->len)
        buf_add_char(scope, ' ');
    buf_add(scope, word);
}

static void add_matching(struct buf *scope, const struct scope_policy *policy, struct str requested)
{
    struct str word;
    while (str_is_present(word = find_next(policy, requested, buf_str(scope))))
        add_word(scope, word);
}

static struct str put_in_order(struct call *call, struct str requested)
{
    struct buf scope;
    buf_init(&scope, call->arena, SCOPE_TEXT_MAX);
    for (size_t i = 0; i < call->realm->scope_count; i++)
        add_matching(&scope, &call->realm->scopes[i], requested);
    return buf_str(&scope);
}

enum outcome scope_check_known(struct call *call, struct str requested)
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

/* Nothing named is all of the realm's. */
static bool is_allowed(const struct client_row *client, struct str word)
{
    return !str_is_present(client->scope) || has_word(client->scope, word);
}

static STEP check_words(struct call *call, enum scope_giver giver, struct str requested)
{
    struct str word;
    while (str_next_word(&requested, &word)) {
        bool needs_user = scope_find(call->realm, word)->needs_user;
        REQUIRE(call, giver == SCOPE_BY_USER || !needs_user, scope_needs_user);
        REQUIRE(call, is_allowed(call->client, word), scope_not_allowed);
    }
    return OK;
}

static bool may_have(const struct call *call, enum scope_giver giver, struct str word)
{
    const struct scope_policy *policy = scope_find(call->realm, word);
    return policy && (giver == SCOPE_BY_USER || !policy->needs_user) && is_allowed(call->client, word);
}

enum outcome scope_give(struct call *call, enum scope_giver giver, struct str given)
{
    struct buf scope;
    struct str rest = given, word;
    buf_init(&scope, call->arena, SCOPE_TEXT_MAX);
    while (str_next_word(&rest, &word))
        if (may_have(call, giver, word))
            add_word(&scope, word);
    REQUIRE(call, scope.len || str_is_empty(given), scope_not_allowed);
    call->scope = buf_str(&scope);
    return OK;
}

enum outcome scope_settle(struct call *call, enum scope_giver giver, struct str requested)
{
    if (str_is_empty(requested))
        return scope_give(call, giver, call->realm->default_scope);
    TRY(scope_check_known(call, requested));
    TRY(check_words(call, giver, requested));
    call->scope = put_in_order(call, requested);
    return OK;
}

enum outcome scope_narrow(struct call *call, struct str requested, struct str granted)
{
    if (str_is_empty(requested)) {
        call->scope = granted;
        return OK;
    }
    TRY(scope_check_known(call, requested));
    REQUIRE(call, scope_contains(granted, requested), scope_grows);
    call->scope = put_in_order(call, requested);
    return OK;
}
