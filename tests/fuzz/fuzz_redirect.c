/*
 * fuzz_redirect.c — two lines of any bytes: what was asked, and what was registered. What fits may be registered, and
 * what a page's policy and its readers are told of it can break out of nowhere.
 */
#include <assert.h>

#include "base/arena.h"
#include "oauth/redirect.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_host(struct str uri)
{
    struct str host = redirect_uri_host(uri);
    assert(host.len > 0);
    assert(str_find(host, '@') == host.len && str_find(host, '/') == host.len && str_find(host, '\\') == host.len);
}

static void check_source(struct arena *arena, struct str uri)
{
    struct str source = redirect_uri_source(arena, uri);
    assert(source.len > 1);
    for (size_t i = 0; i < source.len; i++)
        assert(source.ptr[i] > ' ' && source.ptr[i] < 0x7f && !strchr(";,'\"\\@", source.ptr[i]));
}

static void check_one(struct arena *arena, struct str uri)
{
    if (!redirect_uri_may_be(uri)) {
        assert(!redirect_uri_fits(uri, uri, REDIRECT_EXACT) && !redirect_uri_fits(uri, uri, REDIRECT_DOMAIN));
        return;
    }
    assert(uri.len <= REDIRECT_URI_MAX && str_find(uri, '#') == uri.len && str_is_utf8(uri));
    assert(redirect_uri_fits(uri, uri, REDIRECT_EXACT) && redirect_uri_fits(uri, uri, REDIRECT_DOMAIN));
    check_host(uri);
    check_source(arena, uri);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena *arena = arena_create();
    struct str text = {(const char *)bytes, len};
    struct str asked = str_slice(text, 0, str_find(text, '\n'));
    struct str registered = str_slice(text, asked.len + 1, len);
    check_one(arena, asked);
    check_one(arena, registered);
    /* Wherever the answer goes is on the registered host. */
    if (redirect_uri_fits(asked, registered, REDIRECT_DOMAIN) && redirect_uri_may_be(registered))
        assert(str_equal_nocase(redirect_uri_host(asked), redirect_uri_host(registered)));
    arena_destroy(arena);
    return 0;
}
