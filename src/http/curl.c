#include "http/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static struct {
    pthread_mutex_t lock;
    struct curl_library curl;
    void *handle; /* NULL: not yet. It stays: others may have threads and handlers in what it brought. */
    unsigned holder_count;
} loaded = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
    {"curl_global_init", offsetof(struct curl_library, global_init)},
    {"curl_global_cleanup", offsetof(struct curl_library, global_cleanup)},
    {"curl_easy_init", offsetof(struct curl_library, easy_init)},
    {"curl_easy_setopt", offsetof(struct curl_library, easy_setopt)},
    {"curl_easy_getinfo", offsetof(struct curl_library, easy_getinfo)},
    {"curl_easy_perform", offsetof(struct curl_library, easy_perform)},
    {"curl_easy_pause", offsetof(struct curl_library, easy_pause)},
    {"curl_easy_reset", offsetof(struct curl_library, easy_reset)},
    {"curl_easy_cleanup", offsetof(struct curl_library, easy_cleanup)},
    {"curl_easy_strerror", offsetof(struct curl_library, easy_strerror)},
    {"curl_slist_append", offsetof(struct curl_library, slist_append)},
    {"curl_slist_free_all", offsetof(struct curl_library, slist_free_all)},
    {"curl_multi_init", offsetof(struct curl_library, multi_init)},
    {"curl_multi_setopt", offsetof(struct curl_library, multi_setopt)},
    {"curl_multi_add_handle", offsetof(struct curl_library, multi_add_handle)},
    {"curl_multi_remove_handle", offsetof(struct curl_library, multi_remove_handle)},
    {"curl_multi_socket_action", offsetof(struct curl_library, multi_socket_action)},
    {"curl_multi_info_read", offsetof(struct curl_library, multi_info_read)},
    {"curl_multi_cleanup", offsetof(struct curl_library, multi_cleanup)},
};

/* Copied as bytes: ISO C lets no pointer to an object become one to a function otherwise. */
static bool find_functions(void *handle)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
        void *symbol = dlsym(handle, functions[i].name);
        if (!symbol)
            return false;
        memcpy((char *)&loaded.curl + functions[i].offset, &symbol, sizeof symbol);
    }
    return true;
}

static bool open_library(void)
{
    if (loaded.handle)
        return true;
    void *handle = dlopen(CURL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return false;
    if (find_functions(handle))
        loaded.handle = handle;
    else
        dlclose(handle);
    return loaded.handle != NULL;
}

const struct curl_library *curl_acquire(void)
{
    pthread_mutex_lock(&loaded.lock);
    bool is_there =
        open_library() && (loaded.holder_count > 0 || loaded.curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    if (is_there)
        loaded.holder_count++;
    pthread_mutex_unlock(&loaded.lock);
    return is_there ? &loaded.curl : NULL;
}

void curl_release(void)
{
    pthread_mutex_lock(&loaded.lock);
    if (--loaded.holder_count == 0)
        loaded.curl.global_cleanup();
    pthread_mutex_unlock(&loaded.lock);
}
