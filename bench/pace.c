/*
 * pace.c — sends one HTTP request over and over: at a given pace, or as fast as replies come.
 *
 * At a pace (--rate) requests are due at random moments (exponential gaps, as independent clients make them), whether
 * or not earlier ones have been answered. Latency counts from the moment a request was due, so a server that stalls
 * is charged for every request that had to wait meanwhile (no coordinated omission). Without --rate each connection
 * sends its next request when the last is answered, and latency counts from sending.
 *
 * The request is a file of raw bytes; `{token}` in it is replaced, in each request, by a random line of --tokens
 * (lines of one length). Prints one JSON object. A reply that is not 2xx, a lost connection and an unanswered request
 * are errors, counted apart.
 *
 * Threads: every lane has its connections, its schedule and its counts; they meet at the end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "counts.h"

#define REQUEST_MAX     4096
#define REPLY_MAX       16384
#define CONNECTIONS_MAX 8192
#define EVENTS_MAX      256
#define SECOND_NS       INT64_C(1000000000)
#define DRAIN_NS        (2 * SECOND_NS) /* how long the last replies are waited for */

struct settings {
    struct sockaddr_in address;
    unsigned connection_count;
    unsigned lane_count;
    double rate; /* requests per second over all lanes; 0: as fast as replies come */
    double warm_up_seconds;
    double seconds;
    /* The request, cut at its hole; tail is absent when it has none. */
    const char *head;
    size_t head_len;
    const char *tail;
    size_t tail_len;
    const char *tokens;
    size_t token_len;
    size_t token_count;
};

struct connection {
    int fd;
    int64_t due_ns; /* of the request under way */
    size_t reply_len;
    size_t reply_end; /* 0: the header is not complete yet */
    unsigned status;
    char reply[REPLY_MAX + 1];
};

struct lane {
    const struct settings *settings;
    pthread_t thread;
    unsigned number;
    unsigned connection_count;
    struct connection *connections;
    unsigned *idle; /* ring of connections, so that all of them take turns */
    unsigned idle_first;
    unsigned idle_count;
    int epoll;
    uint64_t random;
    int64_t next_due_ns;
    int64_t from_ns; /* the measured time */
    int64_t until_ns;
    struct counts counts;
};

static void fail(const char *what)
{
    fprintf(stderr, "pace: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

static int64_t monotonic_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * SECOND_NS + at.tv_nsec;
}

/* xorshift64*: the same requests in every run. */
static uint64_t draw(struct lane *lane)
{
    lane->random ^= lane->random >> 12;
    lane->random ^= lane->random << 25;
    lane->random ^= lane->random >> 27;
    return lane->random * UINT64_C(2685821657736338717);
}

static void open_connection(struct lane *lane, unsigned index)
{
    struct connection *connection = &lane->connections[index];
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0)
        fail("socket");
    if (connect(connection->fd, (const struct sockaddr *)&lane->settings->address, sizeof lane->settings->address))
        fail("connect");
    int on = 1;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);

    struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
    if (epoll_ctl(lane->epoll, EPOLL_CTL_ADD, connection->fd, &event))
        fail("epoll_ctl");
    lane->idle[(lane->idle_first + lane->idle_count++) % lane->connection_count] = index;
}

static void lose_connection(struct lane *lane, unsigned index)
{
    lane->counts.lost_count++;
    close(lane->connections[index].fd);
    open_connection(lane, index);
}

static size_t write_request(struct lane *lane, char *room)
{
    const struct settings *settings = lane->settings;
    memcpy(room, settings->head, settings->head_len);
    if (!settings->tail)
        return settings->head_len;

    size_t len = settings->head_len;
    size_t line = draw(lane) % settings->token_count;
    memcpy(room + len, settings->tokens + line * (settings->token_len + 1), settings->token_len);
    len += settings->token_len;
    memcpy(room + len, settings->tail, settings->tail_len);
    return len + settings->tail_len;
}

static void send_request(struct lane *lane, unsigned index, int64_t due_ns)
{
    struct connection *connection = &lane->connections[index];
    connection->due_ns = due_ns;
    connection->reply_len = 0;
    connection->reply_end = 0;
    char room[REQUEST_MAX];
    size_t len = write_request(lane, room);
    /* A request fits into any socket buffer: a short write is a broken connection, too. */
    if (send(connection->fd, room, len, MSG_NOSIGNAL) != (ssize_t)len)
        lose_connection(lane, index);
}

static void advance_due(struct lane *lane)
{
    double share = (double)(draw(lane) >> 11) / (double)(UINT64_C(1) << 53);
    double rate = lane->settings->rate / lane->settings->lane_count;
    lane->next_due_ns += (int64_t)(-log1p(-share) / rate * (double)SECOND_NS);
}

/* Sends what is due while a connection is idle. What is not sent now stays due since its moment. */
static void send_due(struct lane *lane, int64_t now_ns)
{
    bool is_paced = lane->settings->rate > 0;
    while (lane->idle_count > 0 && lane->next_due_ns <= now_ns && lane->next_due_ns < lane->until_ns) {
        if (!is_paced && now_ns >= lane->until_ns)
            return;
        unsigned index = lane->idle[lane->idle_first];
        lane->idle_first = (lane->idle_first + 1) % lane->connection_count;
        lane->idle_count--;
        send_request(lane, index, is_paced ? lane->next_due_ns : now_ns);
        if (is_paced)
            advance_due(lane);
    }
}

/* Finds where the reply ends. False while the header is incomplete or when it has no length. */
static bool read_header(struct connection *connection)
{
    connection->reply[connection->reply_len] = '\0';
    char *end = strstr(connection->reply, "\r\n\r\n");
    if (!end)
        return false;
    *end = '\0';
    const char *length = strcasestr(connection->reply, "\r\nContent-Length:");
    *end = '\r';
    connection->status = connection->reply_len > 12 ? (unsigned)atoi(connection->reply + 9) : 0;
    size_t body_len = length ? strtoul(length + strlen("\r\nContent-Length:"), NULL, 10) : 0;
    connection->reply_end = (size_t)(end - connection->reply) + 4 + body_len;
    return true;
}

static void finish_reply(struct lane *lane, unsigned index)
{
    struct connection *connection = &lane->connections[index];
    int64_t now_ns = monotonic_ns();
    bool is_good = connection->status >= 200 && connection->status < 300;
    if (is_good)
        lane->counts.reply_count++;
    else
        lane->counts.statuses[connection->status < STATUS_MAX ? connection->status : 0]++;
    if (is_good && now_ns >= lane->from_ns && now_ns < lane->until_ns)
        lane->counts.measured_count++;
    if (is_good && connection->due_ns >= lane->from_ns)
        counts_note_latency(&lane->counts, now_ns - connection->due_ns);
    lane->idle[(lane->idle_first + lane->idle_count++) % lane->connection_count] = index;
    send_due(lane, now_ns);
}

static void receive(struct lane *lane, unsigned index)
{
    struct connection *connection = &lane->connections[index];
    ssize_t len =
        recv(connection->fd, connection->reply + connection->reply_len, REPLY_MAX - connection->reply_len, 0);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len <= 0) {
        lose_connection(lane, index);
        return;
    }
    connection->reply_len += (size_t)len;
    if (connection->reply_end == 0 && !read_header(connection))
        return;
    if (connection->reply_len >= connection->reply_end)
        finish_reply(lane, index);
}

/* Until a reply comes, a request is due or the time is over. */
static void await(struct lane *lane, int64_t stop_ns)
{
    int64_t until_ns = stop_ns;
    if (lane->idle_count > 0 && lane->next_due_ns < until_ns)
        until_ns = lane->next_due_ns;
    int64_t span_ns = until_ns - monotonic_ns();
    if (span_ns < 0)
        span_ns = 0;
    struct timespec span = {.tv_sec = span_ns / SECOND_NS, .tv_nsec = span_ns % SECOND_NS};

    struct epoll_event events[EVENTS_MAX];
    int count = epoll_pwait2(lane->epoll, events, EVENTS_MAX, &span, NULL);
    for (int i = 0; i < count; i++)
        receive(lane, events[i].data.u32);
}

static void *run_lane(void *arg)
{
    struct lane *lane = arg;
    prctl(PR_SET_TIMERSLACK, 1); /* the default of 50 µs would make every due request late */
    while (monotonic_ns() < lane->until_ns) {
        send_due(lane, monotonic_ns());
        await(lane, lane->until_ns);
    }
    /* What is due or under way still counts; nothing new falls due. */
    int64_t stop_ns = lane->until_ns + DRAIN_NS;
    while (monotonic_ns() < stop_ns) {
        send_due(lane, lane->until_ns);
        if (lane->idle_count == lane->connection_count)
            return NULL;
        await(lane, stop_ns);
    }
    lane->counts.unanswered_count = lane->connection_count - lane->idle_count;
    return NULL;
}

static void prepare_lane(struct lane *lane, const struct settings *settings, unsigned number)
{
    lane->settings = settings;
    lane->number = number;
    lane->connection_count = settings->connection_count / settings->lane_count;
    if (number < settings->connection_count % settings->lane_count)
        lane->connection_count++;
    lane->connections = calloc(lane->connection_count, sizeof *lane->connections);
    lane->idle = calloc(lane->connection_count, sizeof *lane->idle);
    if (!lane->connections || !lane->idle)
        fail("memory");
    lane->epoll = epoll_create1(EPOLL_CLOEXEC);
    lane->random = UINT64_C(88172645463325252) + number;
    for (unsigned i = 0; i < lane->connection_count; i++)
        open_connection(lane, i);
}

static void start_lane(struct lane *lane, int64_t begin_ns)
{
    const struct settings *settings = lane->settings;
    lane->from_ns = begin_ns + (int64_t)(settings->warm_up_seconds * (double)SECOND_NS);
    lane->until_ns = lane->from_ns + (int64_t)(settings->seconds * (double)SECOND_NS);
    lane->next_due_ns = settings->rate > 0 ? begin_ns : 0;
    int error = pthread_create(&lane->thread, NULL, run_lane, lane);
    if (error) {
        errno = error;
        fail("thread");
    }
}

static const char *map_file(const char *path, size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status))
        fail(path);
    if (status.st_size == 0)
        fail("an empty file");
    const char *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (bytes == MAP_FAILED)
        fail(path);
    close(fd);
    *ret_len = (size_t)status.st_size;
    return bytes;
}

static void load_request(struct settings *settings, const char *path)
{
    size_t len;
    const char *bytes = map_file(path, &len);
    const char *hole = memmem(bytes, len, "{token}", 7);
    if (hole && !settings->tokens)
        fail("{token} in the request, but no --tokens");
    settings->head = bytes;
    settings->head_len = hole ? (size_t)(hole - bytes) : len;
    settings->tail = hole ? hole + 7 : NULL;
    settings->tail_len = hole ? len - settings->head_len - 7 : 0;
    if (len + settings->token_len > REQUEST_MAX)
        fail("the request is too long");
}

static void load_tokens(struct settings *settings, const char *path)
{
    size_t len;
    settings->tokens = map_file(path, &len);
    const char *end = memchr(settings->tokens, '\n', len);
    if (!end || end == settings->tokens)
        fail("no lines in --tokens");
    settings->token_len = (size_t)(end - settings->tokens);
    settings->token_count = len / (settings->token_len + 1);
    if (len % (settings->token_len + 1))
        fail("lines of different length in --tokens");
}

/* Numeric IPv4 only: the benchmark stays on loopback. */
static void parse_address(struct settings *settings, const char *text)
{
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : sizeof host;
    if (len >= sizeof host)
        fail("the address is not A.B.C.D:PORT");
    memcpy(host, text, len);
    host[len] = '\0';
    settings->address.sin_family = AF_INET;
    settings->address.sin_port = htons((uint16_t)atoi(colon + 1));
    if (inet_pton(AF_INET, host, &settings->address.sin_addr) != 1)
        fail("the address is not A.B.C.D:PORT");
}

static void release_lane(struct lane *lane)
{
    for (unsigned i = 0; i < lane->connection_count; i++)
        close(lane->connections[i].fd);
    close(lane->epoll);
    free(lane->connections);
    free(lane->idle);
}

static void show_usage(void)
{
    fputs("usage: pace [--connections N] [--lanes N] [--rate R] [--seconds S] [--warm-up S] [--tokens FILE]\n"
          "            A.B.C.D:PORT REQUEST-FILE\n",
          stderr);
    exit(2);
}

static void parse_arguments(struct settings *settings, int argc, char **argv)
{
    static const struct option options[] = {
        {"connections", required_argument, NULL, 'c'},
        {"lanes", required_argument, NULL, 'l'},
        {"rate", required_argument, NULL, 'r'},
        {"seconds", required_argument, NULL, 's'},
        {"warm-up", required_argument, NULL, 'w'},
        {"tokens", required_argument, NULL, 't'},
        {0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            settings->connection_count = (unsigned)atoi(optarg);
            break;
        case 'l':
            settings->lane_count = (unsigned)atoi(optarg);
            break;
        case 'r':
            settings->rate = atof(optarg);
            break;
        case 's':
            settings->seconds = atof(optarg);
            break;
        case 'w':
            settings->warm_up_seconds = atof(optarg);
            break;
        case 't':
            load_tokens(settings, optarg);
            break;
        default:
            show_usage();
        }
    }
    bool is_sane = settings->connection_count > 0 && settings->connection_count <= CONNECTIONS_MAX &&
                   settings->lane_count > 0 && settings->lane_count <= settings->connection_count &&
                   settings->seconds > 0 && settings->rate >= 0 && settings->warm_up_seconds >= 0;
    if (argc - optind != 2 || !is_sane)
        show_usage();
    parse_address(settings, argv[optind]);
    load_request(settings, argv[optind + 1]);
}

int main(int argc, char **argv)
{
    struct settings settings = {.connection_count = 64, .lane_count = 1, .seconds = 2, .warm_up_seconds = 0.2};
    parse_arguments(&settings, argc, argv);

    struct lane *lanes = calloc(settings.lane_count, sizeof *lanes);
    if (!lanes)
        fail("memory");
    for (unsigned i = 0; i < settings.lane_count; i++)
        prepare_lane(&lanes[i], &settings, i);
    int64_t begin_ns = monotonic_ns();
    for (unsigned i = 0; i < settings.lane_count; i++)
        start_lane(&lanes[i], begin_ns);
    for (unsigned i = 0; i < settings.lane_count; i++) {
        pthread_join(lanes[i].thread, NULL);
        if (i > 0)
            counts_add(&lanes[0].counts, &lanes[i].counts);
    }
    counts_print(&lanes[0].counts, settings.seconds);
    for (unsigned i = 0; i < settings.lane_count; i++)
        release_lane(&lanes[i]);
    free(lanes);
    return 0;
}
