#include <assert.h>
#include <linux/tcp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>

#include "base/arena.h"
#include "http/inside.h"

/* Whoever said nothing for so long is not the one whose bytes libmicrohttpd has just looked at. */
#define RECENT_MS 1000
/* As in the kernel's net/tcp_states.h: the only two before one's own end has been sent. */
#define STATE_ESTABLISHED 1
#define STATE_CLOSE_WAIT  8
#define DATE_MAX          40

static ssize_t pull(gnutls_transport_ptr_t transport, void *bytes, size_t len)
{
    struct connection *connection = transport;
    ssize_t got = recv(connection->fd, bytes, len, 0);
    if (got > 0)
        connection->is_read_last = true;
    return got;
}

static ssize_t push(gnutls_transport_ptr_t transport, const giovec_t *parts, int count)
{
    struct connection *connection = transport;
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = (size_t)count};
    connection->is_read_last = false;
    return sendmsg(connection->fd, &message, MSG_NOSIGNAL);
}

void wire_watch(struct connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (!info)
        return;
    connection->tls = info->tls_session;
    gnutls_transport_set_ptr(connection->tls, connection);
    gnutls_transport_set_pull_function(connection->tls, pull);
    gnutls_transport_set_vec_push_function(connection->tls, push);
}

static bool ask_kernel(int fd, struct tcp_info *ret_told)
{
    socklen_t len = sizeof(*ret_told);
    memset(ret_told, 0, sizeof(*ret_told));
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, ret_told, &len) == 0 &&
           len >= offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(uint64_t);
}

uint64_t wire_received_len(int fd)
{
    struct tcp_info told;
    return ask_kernel(fd, &told) ? told.tcpi_bytes_received : 0;
}

uint64_t wire_unread_len(int fd)
{
    int len = 0;
    return ioctl(fd, FIONREAD, &len) == 0 ? (uint64_t)len : 0;
}

/*
 * libmicrohttpd closes by ending its direction: of the connection, which the kernel knows, or of TLS, which is
 * something written. A connection that it has closed must not be held: it is in no list of libmicrohttpd's any more.
 */
bool wire_has_news(const struct connection *connection)
{
    struct tcp_info told;
    if (connection->tls && !connection->is_read_last)
        return false;
    if (!ask_kernel(connection->fd, &told))
        return false;
    if (told.tcpi_state != STATE_ESTABLISHED && told.tcpi_state != STATE_CLOSE_WAIT)
        return false;
    if (connection->tls)
        return told.tcpi_last_data_recv < RECENT_MS;
    return told.tcpi_bytes_received > connection->ended_len + wire_unread_len(connection->fd);
}

static void send_tls(gnutls_session_t tls, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = gnutls_record_send(tls, bytes.ptr, bytes.len);
        if (sent <= 0)
            return;
        bytes = str_slice(bytes, (size_t)sent, bytes.len);
    }
    gnutls_bye(tls, GNUTLS_SHUT_WR);
}

static void say_last(const struct connection *connection, struct str reply)
{
    char room[4096];
    size_t discarded_len = 0;
    if (connection->tls)
        send_tls(connection->tls, reply);
    else
        send(connection->fd, reply.ptr, reply.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(connection->fd, SHUT_WR);
    while (discarded_len < DISCARD_MAX) {
        ssize_t got = recv(connection->fd, room, sizeof(room), MSG_DONTWAIT);
        if (got <= 0)
            return;
        discarded_len += (size_t)got;
    }
}

/* [RFC9110 5.6.7] */
static struct str write_date(char *room, int64_t now)
{
    struct tm utc;
    time_t seconds = (time_t)now;
    gmtime_r(&seconds, &utc);
    return (struct str){room, strftime(room, DATE_MAX, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

/* As libmicrohttpd would have written it. [RFC9112 9.6] */
static struct str write_reply(const struct exchange *exchange)
{
    const struct response *response = &exchange->response;
    char date[DATE_MAX];
    struct buf reply;
    buf_init(&reply, exchange->arena, SIZE_MAX);
    buf_printf(&reply, "HTTP/1.1 %u %s\r\nDate: %.*s\r\n", response->status,
               MHD_get_reason_phrase_for(response->status), STR_ARGS(write_date(date, exchange->now)));
    for (const struct response_header *header = response->headers; header; header = header->next)
        buf_printf(&reply, "%.*s: %.*s\r\n", STR_ARGS(header->name), STR_ARGS(header->value));
    buf_printf(&reply, "X-Request-Id: %.*s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
               STR_ARGS(exchange->id), response->body.len);
    if (!str_equal(exchange->request.method, STR("HEAD")))
        buf_add(&reply, response->body);
    return buf_str(&reply);
}

void wire_break(const struct connection *connection)
{
    const struct sockaddr nobody = {.sa_family =
                                        AF_UNSPEC}; /* dissolves the association, with a reset [connect(2)] */
    (void)connect(connection->fd, &nobody, sizeof(nobody));
}

void wire_answer_last(const struct connection *connection, const struct exchange *exchange)
{
    assert(!exchange->response.shared);
    say_last(connection, write_reply(exchange));
}
