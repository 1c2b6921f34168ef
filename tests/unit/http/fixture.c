#include "fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"

static const unsigned limit_status[] = {
    [WITHIN_LIMITS] = 500, [BODY_TOO_LARGE] = 413,      [HEADERS_TOO_LARGE] = 431,
    [URI_TOO_LONG] = 414,  [VERSION_UNSUPPORTED] = 505, [REQUEST_MALFORMED] = 400,
};

static void answer_path(struct exchange *exchange)
{
    response_answer(exchange, 200, STR("text/plain"), exchange->request.path);
}

static void park(struct fixture *fixture, struct exchange *exchange)
{
    exchange->resumed = answer_path;
    exchange_park(exchange);
    pthread_mutex_lock(&fixture->mutex);
    fixture->parked[fixture->parked_count++ % PARKED_MAX] = exchange;
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->mutex);
}

static void answer_seen(struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    struct str body = arena_printf(
        exchange->arena,
        "method=%.*s\ntarget=%.*s\npath=%.*s\nquery=%.*s%s\nhost=%.*s%s\nauthority=%.*s\nauthorization=%.*s%s\n"
        "content_type=%.*s\nclient_address=%.*s\nnow=%lld\nx=%.*s\n",
        STR_ARGS(request->method), STR_ARGS(request->target), STR_ARGS(request->path), STR_ARGS(request->query),
        request->query.ptr ? "" : "(absent)", STR_ARGS(request->host), request->host.ptr ? "" : "(absent)",
        STR_ARGS(request->authority), STR_ARGS(request->authorization), request->authorization.ptr ? "" : "(absent)",
        STR_ARGS(request->content_type), STR_ARGS(request->client_address), (long long)exchange->now,
        STR_ARGS(request_header(exchange, "x-test")));
    response_answer(exchange, 200, STR("text/plain"), body);
}

static void stick(struct fixture *fixture, struct exchange *exchange)
{
    pthread_mutex_lock(&fixture->mutex);
    fixture->stuck_count++;
    pthread_cond_broadcast(&fixture->changed);
    while (!fixture->has_let_go)
        pthread_cond_wait(&fixture->changed, &fixture->mutex);
    pthread_mutex_unlock(&fixture->mutex);
    answer_path(exchange);
}

/* "a,b": X-Varies-0: a, X-Varies-1: b */
static void vary(struct exchange *exchange)
{
    struct str rest = exchange->request.query, value;
    for (int i = 0; rest.len && str_next(&rest, ',', &value); i++)
        response_header_vary(exchange, arena_printf(exchange->arena, "X-Varies-%d", i), value);
}

static void answer_shared(struct fixture *fixture, struct exchange *exchange)
{
    struct shared_reply *kept = pthread_getspecific(fixture->shared);
    if (kept && response_give(exchange, kept)) {
        vary(exchange);
        atomic_fetch_add(&fixture->given_count, 1);
        return;
    }
    vary(exchange);
    response_header_add(exchange, STR("X-Good"), STR("yes"));
    response_answer(exchange, 200, STR("text/plain"), arena_str(exchange->arena, STR("shared")));
    if (!kept)
        pthread_setspecific(fixture->shared, response_share(exchange));
}

static void release_shared(void *kept)
{
    shared_reply_release(kept);
}

static void answer_headers(struct exchange *exchange)
{
    response_header_add(exchange, STR("X-Good"), STR("yes"));
    response_header_add(exchange, STR("X-Empty"), STR(""));
    response_header_add(exchange, STR("Content-Length"), STR("1"));
    response_header_add(exchange, STR("X-Forged"), STR("a\r\nSet-Cookie: evil=1"));
    response_header_add(exchange, STR("X-Name: x\r\nX-Forged"), STR("a"));
    response_header_add(exchange, STR("X-Nul"), STR("a\0b"));
    response_answer(exchange, 200, STR("text/plain"), STR("headers"));
}

static void count_end(void *subject)
{
    struct fixture *fixture = subject;
    atomic_fetch_add(&fixture->ended_count, 1);
}

static void handle(struct exchange *exchange, void *arg)
{
    struct fixture *fixture = arg;
    struct str path = exchange->request.path;
    arena_defer(exchange->arena, count_end, fixture);
    if (exchange->limit != WITHIN_LIMITS)
        response_answer(exchange, limit_status[exchange->limit], STR("text/plain"), STR("limit"));
    else if (str_has_prefix(path, STR("/park")))
        park(fixture, exchange);
    else if (str_equal(path, STR("/echo")))
        response_answer(exchange, 200, STR("text/plain"), exchange->request.body);
    else if (str_equal(path, STR("/stick")))
        stick(fixture, exchange);
    else if (str_equal(path, STR("/shared")))
        answer_shared(fixture, exchange);
    else if (str_equal(path, STR("/headers")))
        answer_headers(exchange);
    else if (str_equal(path, STR("/empty")))
        response_answer(exchange, 204, STR_NONE, STR(""));
    else
        answer_seen(exchange);
}

void fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){.arena = arena_create()};
    pthread_mutex_init(&fixture->mutex, NULL);
    pthread_cond_init(&fixture->changed, NULL);
    pthread_key_create(&fixture->shared, release_shared);
    fixture->options = (struct server_options){
        .address = STR("127.0.0.1:0"),
        .worker_count = 2,
        .connection_max = 256,
        .idle_timeout_seconds = 60,
        .request_timeout_seconds = 10,
        .body_max = 65536,
        .header_max = 4096,
        .header_count_max = 20,
        .handler = handle,
        .arg = fixture,
    };
}

void fixture_start(struct fixture *fixture)
{
    struct str error = STR_NONE;
    fixture->server = server_start(&fixture->options, fixture->arena, &error);
    if (!fixture->server)
        fail_msg("%.*s", STR_ARGS(error));
}

void fixture_stop(struct fixture *fixture)
{
    if (fixture->server) {
        server_drain(fixture->server);
        fixture_wait_exchanges(fixture, 0);
        server_stop(fixture->server);
    }
    pthread_key_delete(fixture->shared);
    pthread_cond_destroy(&fixture->changed);
    pthread_mutex_destroy(&fixture->mutex);
    arena_destroy(fixture->arena);
}

/* Until `*counter`, which the mutex guards, has reached `count`. */
static void wait_for_count(struct fixture *fixture, const unsigned *counter, unsigned count)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    int result = 0;
    pthread_mutex_lock(&fixture->mutex);
    while (*counter < count && result == 0)
        result = pthread_cond_timedwait(&fixture->changed, &fixture->mutex, &until);
    bool is_reached = *counter >= count;
    pthread_mutex_unlock(&fixture->mutex);
    assert_true(is_reached);
}

void fixture_wait_parked(struct fixture *fixture, unsigned count)
{
    wait_for_count(fixture, &fixture->parked_count, count);
}

void fixture_wait_stuck(struct fixture *fixture, unsigned count)
{
    wait_for_count(fixture, &fixture->stuck_count, count);
}

void fixture_let_go(struct fixture *fixture)
{
    pthread_mutex_lock(&fixture->mutex);
    fixture->has_let_go = true;
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->mutex);
}

void fixture_resume(struct fixture *fixture, unsigned index)
{
    pthread_mutex_lock(&fixture->mutex);
    struct exchange *exchange = fixture->parked[index % PARKED_MAX];
    pthread_mutex_unlock(&fixture->mutex);
    exchange_resume(exchange);
}

/* Yields until the condition holds; the test fails when it never does. */
#define WAIT_UNTIL(condition)                                                                                        \
    do {                                                                                                             \
        int64_t until_ns_ = clock_monotonic_ns() + PATIENCE_MS * INT64_C(1000000);                                   \
        while (!(condition)) {                                                                                       \
            assert_true(clock_monotonic_ns() < until_ns_);                                                           \
            poll(NULL, 0, 1);                                                                                        \
        }                                                                                                            \
    } while (0)

void fixture_wait_exchanges(struct fixture *fixture, unsigned count)
{
    WAIT_UNTIL(server_load(fixture->server).exchange_count == count);
}

void fixture_wait_connections(struct fixture *fixture, unsigned count)
{
    WAIT_UNTIL(server_load(fixture->server).connection_count == count);
}

void fixture_wait_ended(struct fixture *fixture, unsigned count)
{
    WAIT_UNTIL(atomic_load(&fixture->ended_count) == count);
}

/* -1 when nothing listens there. */
static int connect_to(const struct sockaddr *address, socklen_t len)
{
    const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    int fd = socket(address->sa_family, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, address, len) == 0)
        return fd;
    close(fd);
    return -1;
}

int client_connect(const struct fixture *fixture)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)server_port(fixture->server)),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = connect_to((const struct sockaddr *)&address, sizeof(address));
    assert_true(fd >= 0);
    return fd;
}

int client_connect_ipv6(const struct fixture *fixture)
{
    const struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                         .sin6_port = htons((uint16_t)server_port(fixture->server)),
                                         .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    return connect_to((const struct sockaddr *)&address, sizeof(address));
}

/* What the server does not want to read any more is lost, as it is on a real network. */
void client_send(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes = str_slice(bytes, (size_t)sent, bytes.len);
    }
}

static bool read_byte(int fd, char *ret_byte)
{
    return recv(fd, ret_byte, 1, 0) == 1;
}

bool client_read_head(int fd, struct reply *ret_reply)
{
    size_t len = 0;
    memset(ret_reply, 0, sizeof(*ret_reply));
    while (len < 4 || memcmp(ret_reply->head + len - 4, "\r\n\r\n", 4) != 0) {
        assert_true(len < sizeof(ret_reply->head) - 1);
        if (!read_byte(fd, &ret_reply->head[len++]))
            return false;
    }
    assert_int_equal(strncmp(ret_reply->head, "HTTP/1.1 ", 9), 0);
    ret_reply->status = atoi(ret_reply->head + 9);
    return true;
}

bool client_read(int fd, struct reply *ret_reply)
{
    if (!client_read_head(fd, ret_reply))
        return false;
    size_t len = (size_t)atoi(reply_header(ret_reply, "Content-Length"));
    assert_true(len < sizeof(ret_reply->body));
    while (ret_reply->body_len < len) {
        ssize_t got = recv(fd, ret_reply->body + ret_reply->body_len, len - ret_reply->body_len, 0);
        if (got <= 0)
            return false;
        ret_reply->body_len += (size_t)got;
    }
    return true;
}

bool client_sees_end(int fd)
{
    char byte;
    ssize_t got = recv(fd, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

int client_status(const struct fixture *fixture, struct str bytes, struct reply *ret_reply)
{
    int fd = client_connect(fixture);
    client_send(fd, bytes);
    int status = client_read(fd, ret_reply) ? ret_reply->status : 0;
    close(fd);
    return status;
}

const char *reply_header(const struct reply *reply, const char *name)
{
    static char value[1024];
    size_t name_len = strlen(name);
    for (const char *line = strstr(reply->head, "\r\n"); line && line[2]; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, name_len) != 0 || line[2 + name_len] != ':')
            continue;
        const char *from = line + 2 + name_len + 2;
        snprintf(value, sizeof(value), "%.*s", (int)strcspn(from, "\r"), from);
        return value;
    }
    return "";
}
