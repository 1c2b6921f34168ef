/*
 * curl.h — libcurl, loaded when something is to be sent and not before.
 *
 * With the two dozen libraries that it brings it would take an eighth more memory of a server that neither sends mail
 * nor forwards anything. (docs/decisions/0004)
 *
 * Private to http/.   Threads: any.
 */
#pragma once

#include <curl/curl.h>

#define CURL_LIBRARY "libcurl.so.4"

/* What we use of it. */
struct curl_library {
    CURLcode (*global_init)(long flags);
    void (*global_cleanup)(void);
    CURL *(*easy_init)(void);
    CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
    CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
    CURLcode (*easy_perform)(CURL *easy);
    CURLcode (*easy_pause)(CURL *easy, int flags);
    void (*easy_reset)(CURL *easy);
    void (*easy_cleanup)(CURL *easy);
    const char *(*easy_strerror)(CURLcode code);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free_all)(struct curl_slist *list);
    CURLM *(*multi_init)(void);
    CURLMcode (*multi_setopt)(CURLM *multi, CURLMoption option, ...);
    CURLMcode (*multi_add_handle)(CURLM *multi, CURL *easy);
    CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *easy);
    CURLMcode (*multi_socket_action)(CURLM *multi, curl_socket_t fd, int events, int *ret_running);
    CURLMsg *(*multi_info_read)(CURLM *multi, int *ret_left);
    CURLMcode (*multi_cleanup)(CURLM *multi);
};

/* NULL when the library is not there, or none that has all of this. Each success is to be given back. */
const struct curl_library *curl_acquire(void);
void curl_release(void);
