/*
 * slow_names.c — a resolver that takes fifteen seconds over every name that ends in `.slow.test`, and then has none.
 *
 * Preloaded by the tests (SlowNames in daemon.py).
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define SECONDS 15

static const char suffix[] = ".slow.test";

static int is_slow(const char *name)
{
    size_t len = name ? strlen(name) : 0;
    return len >= sizeof suffix && strcmp(name + len - (sizeof suffix - 1), suffix) == 0;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **ret_found)
{
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (is_slow(name)) {
        sleep(SECONDS);
        return EAI_AGAIN;
    }
    *(void **)(&next) = dlsym(RTLD_NEXT, "getaddrinfo");
    return next(name, service, hints, ret_found);
}
