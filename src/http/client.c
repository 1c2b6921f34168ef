#include "http/client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "http/curl.h"

#define CONNECT_SECONDS 10L
#define SEND_SECONDS    30L

/* At most one of each family is tried at the same time. */
#define SOCKETS_MAX 4

struct client {
    const struct curl_library *curl; /* NULL: not yet */
    _Atomic bool is_interrupted;
    pthread_mutex_t lock; /* of the sockets: whoever interrupts shuts only what is still ours */
    int sockets[SOCKETS_MAX];
    size_t socket_count;
};

/* One message on its way. */
struct sending {
    struct client *client;
    const struct mail_relay *relay;
    const struct mail_envelope *envelope;
    struct arena *arena;
    struct str rest; /* of the message */
    char reason[CURL_ERROR_SIZE];
};

static void note_socket(struct client *client, int fd)
{
    pthread_mutex_lock(&client->lock);
    if (client->socket_count < SOCKETS_MAX)
        client->sockets[client->socket_count++] = fd;
    pthread_mutex_unlock(&client->lock);
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct client *client = arg;
    (void)purpose;
    if (atomic_load(&client->is_interrupted))
        return CURL_SOCKET_BAD;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd >= 0)
        note_socket(client, fd);
    return fd;
}

static int close_socket(void *arg, curl_socket_t fd)
{
    struct client *client = arg;
    pthread_mutex_lock(&client->lock);
    for (size_t i = 0; i < client->socket_count; i++)
        if (client->sockets[i] == fd)
            client->sockets[i--] = client->sockets[--client->socket_count];
    int result = close(fd);
    pthread_mutex_unlock(&client->lock);
    return result;
}

static size_t give_message(char *room, size_t size, size_t count, void *arg)
{
    struct sending *sending = arg;
    struct str part = str_slice(sending->rest, 0, size * count);
    memcpy(room, part.ptr, part.len);
    sending->rest = str_slice(sending->rest, part.len, SIZE_MAX);
    return part.len;
}

/* As often as something moves, and once a second when nothing does: for what waits without a socket. */
static int look_whether_to_go_on(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                                 curl_off_t up)
{
    const struct sending *sending = arg;
    (void)down_total, (void)down, (void)up_total, (void)up;
    return atomic_load(&sending->client->is_interrupted);
}

static const char *in_brackets(struct sending *sending, struct str address)
{
    return arena_printf(sending->arena, "<%.*s>", STR_ARGS(address)).ptr;
}

/* What holds for every connection of ours. */
static CURLcode set_limits(struct sending *sending, CURL *easy)
{
    const struct curl_library *curl = sending->client->curl;
    CURLcode code = curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    code |= curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    code |= curl->easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    code |= curl->easy_setopt(easy, CURLOPT_PROXY, "");
    code |= curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    code |= curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    code |= curl->easy_setopt(easy, CURLOPT_TIMEOUT, SEND_SECONDS);
    code |= curl->easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, SEND_SECONDS); /* the goodbye has no other */
    code |= curl->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* the end waits for no name server */
    code |= curl->easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    code |= curl->easy_setopt(easy, CURLOPT_USE_SSL,
                              sending->relay->is_local ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    code |= curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, sending->reason);
    return code;
}

/* How we hear of an interruption, and they. */
static CURLcode set_callbacks(struct sending *sending, CURL *easy)
{
    const struct curl_library *curl = sending->client->curl;
    CURLcode code = curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    code |= curl->easy_setopt(easy, CURLOPT_OPENSOCKETDATA, sending->client);
    code |= curl->easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    code |= curl->easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, sending->client);
    code |= curl->easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    code |= curl->easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, look_whether_to_go_on);
    code |= curl->easy_setopt(easy, CURLOPT_XFERINFODATA, sending);
    return code;
}

static CURLcode set_message(struct sending *sending, CURL *easy, struct curl_slist *recipients)
{
    const struct curl_library *curl = sending->client->curl;
    const struct mail_relay *relay = sending->relay;
    CURLcode code = curl->easy_setopt(easy, CURLOPT_URL, arena_cstr(sending->arena, relay->url));
    if (str_is_present(relay->username)) {
        code |= curl->easy_setopt(easy, CURLOPT_USERNAME, arena_cstr(sending->arena, relay->username));
        code |= curl->easy_setopt(easy, CURLOPT_PASSWORD, arena_cstr(sending->arena, relay->password));
    }
    code |= curl->easy_setopt(easy, CURLOPT_MAIL_FROM, in_brackets(sending, sending->envelope->sender));
    code |= curl->easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
    code |= curl->easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    code |= curl->easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)sending->envelope->message.len);
    code |= curl->easy_setopt(easy, CURLOPT_READFUNCTION, give_message);
    code |= curl->easy_setopt(easy, CURLOPT_READDATA, sending);
    return code;
}

static CURLcode send_with(struct sending *sending, CURL *easy)
{
    const struct curl_library *curl = sending->client->curl;
    struct curl_slist *recipients = curl->slist_append(NULL, in_brackets(sending, sending->envelope->recipient));
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (recipients && !set_limits(sending, easy) && !set_callbacks(sending, easy) &&
        !set_message(sending, easy, recipients))
        code = curl->easy_perform(easy);
    curl->easy_cleanup(easy);
    curl->slist_free_all(recipients);
    return code;
}

struct client *client_create(void)
{
    struct client *client = memory_alloc(sizeof(*client));
    pthread_mutex_init(&client->lock, NULL);
    return client;
}

void client_destroy(struct client *client)
{
    if (!client)
        return;
    if (client->curl)
        curl_release();
    pthread_mutex_destroy(&client->lock);
    memory_free(client);
}

bool client_send_mail(struct client *client, const struct mail_relay *relay, const struct mail_envelope *envelope,
                      struct arena *arena, struct str *ret_reason)
{
    struct sending sending = {
        .client = client, .relay = relay, .envelope = envelope, .arena = arena, .rest = envelope->message};
    if (!client->curl)
        client->curl = curl_acquire();
    CURL *easy = client->curl ? client->curl->easy_init() : NULL;
    if (!easy) {
        *ret_reason = STR(CURL_LIBRARY " is not to be had");
        return false;
    }
    CURLcode code = send_with(&sending, easy);
    if (code == CURLE_OK)
        return true;
    const char *reason = sending.reason[0] ? sending.reason : client->curl->easy_strerror(code);
    *ret_reason = arena_str(arena, str_of(reason));
    return false;
}

void client_interrupt(struct client *client)
{
    atomic_store(&client->is_interrupted, true);
    pthread_mutex_lock(&client->lock);
    for (size_t i = 0; i < client->socket_count; i++)
        shutdown(client->sockets[i], SHUT_RDWR);
    pthread_mutex_unlock(&client->lock);
}
