/*
 * pace.c — sends one HTTP request over and over: at a given pace, or as fast as replies come.
 *
 * At a pace (--rate) requests are due at random moments (exponential gaps, as independent clients make them), whether
 * or not earlier ones have been answered. Latency counts from the moment a request was due, so a server that stalls
 * is charged for every request that had to wait meanwhile (no coordinated omission). Without --rate each connection
 * sends its next request when the last is answered, and latency counts from sending.
 *
 * The request, or the requests of one piece of work in turn, are files of raw bytes with holes (script.h). Prints one
 * JSON object. A reply that is neither 2xx nor 303, one that lacks what the next request needs, a lost connection and
 * an unanswered request are errors, counted apart; the work that it happened in ends there.
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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "counts.h"
#include "script.h"

#define REPLY_MAX       16384
#define CONNECTIONS_MAX 8192
#define EVENTS_MAX      256
#define SECOND_NS       INT64_C(1000000000)
#define DRAIN_NS        (8 * SECOND_NS) /* how long the last replies are waited for; a queue of sign-ins is seconds long */

struct settings {
    struct sockaddr_in address;
    unsigned connection_count;
    unsigned lane_count;
    double rate; /* requests per second over all lanes; 0: as fast as replies come */
    double warm_up_seconds;
    double seconds;
    struct script script;
};

struct connection {
    int fd;
    int64_t due_ns; /* of the work under way */
    unsigned step;
    struct filling filling;
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
    size_t next_line;
    int64_t next_due_ns;
    int64_t from_ns; /* the measured time */
    int64_t until_ns;
    struct counts counts;
};

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

/* Lanes take turns, so that nobody has a line that somebody else has. */
static void take_line(struct lane *lane)
{
    lane->next_line += lane->settings->lane_count;
    lane->counts.line_count++;
}

/* What the next work is about. */
static void draw_token(struct lane *lane, struct connection *connection)
{
    const struct script *script = &lane->settings->script;
    if (!script->tokens || script->draw == DRAW_OWN)
        return;
    size_t line = lane->next_line;
    if (script->draw == DRAW_RANDOM)
        line = draw(lane) % script->token_count;
    else
        take_line(lane);
    if (line >= script->token_count)
        fail("no more lines in --tokens");
    script_give_line(script, line, &connection->filling);
}

static void send_step(struct lane *lane, unsigned index)
{
    struct connection *connection = &lane->connections[index];
    connection->reply_len = 0;
    connection->reply_end = 0;
    char room[REQUEST_MAX];
    size_t len = script_write(&lane->settings->script, connection->step, &connection->filling, room);
    /* A request fits into any socket buffer: a short write is a broken connection, too. */
    if (send(connection->fd, room, len, MSG_NOSIGNAL) != (ssize_t)len)
        lose_connection(lane, index);
}

static void begin_work(struct lane *lane, unsigned index, int64_t due_ns)
{
    struct connection *connection = &lane->connections[index];
    connection->due_ns = due_ns;
    connection->step = 0;
    draw_token(lane, connection);
    send_step(lane, index);
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
        begin_work(lane, index, is_paced ? lane->next_due_ns : now_ns);
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

static void count_work(struct lane *lane, const struct connection *connection, int64_t now_ns)
{
    lane->counts.reply_count++;
    if (now_ns >= lane->from_ns && now_ns < lane->until_ns)
        lane->counts.measured_count++;
    if (connection->due_ns >= lane->from_ns)
        counts_note_latency(&lane->counts, now_ns - connection->due_ns);
}

/* Whether the work may go on. */
static bool take_reply(struct lane *lane, struct connection *connection)
{
    bool is_good = (connection->status >= 200 && connection->status < 300) || connection->status == 303;
    connection->reply[connection->reply_len] = '\0';
    if (!is_good)
        lane->counts.statuses[connection->status < STATUS_MAX ? connection->status : 0]++;
    else if (!script_read(&lane->settings->script, connection->step, connection->reply, &connection->filling))
        lane->counts.useless_count++;
    else
        return true;
    return false;
}

static void finish_reply(struct lane *lane, unsigned index)
{
    struct connection *connection = &lane->connections[index];
    int64_t now_ns = monotonic_ns();
    bool is_good = take_reply(lane, connection);
    if (is_good && ++connection->step < lane->settings->script.step_count) {
        send_step(lane, index);
        return;
    }
    if (is_good)
        count_work(lane, connection, now_ns);
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

static void give_lines(struct lane *lane)
{
    const struct script *script = &lane->settings->script;
    lane->next_line = script->token_first + lane->number;
    for (unsigned i = 0; i < lane->connection_count && script->draw == DRAW_OWN; i++) {
        if (lane->next_line >= script->token_count)
            fail("no more lines in --tokens");
        script_give_line(script, lane->next_line, &lane->connections[i].filling);
        take_line(lane);
    }
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
    give_lines(lane);
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
          "            [--draw random|once|own] [--first N] [--take STEP:NAME=MARK] A.B.C.D:PORT REQUEST-FILE...\n",
          stderr);
    exit(2);
}

static void take_option(struct settings *settings, int option, const char *text)
{
    switch (option) {
    case 'c':
        settings->connection_count = (unsigned)atoi(text);
        break;
    case 'l':
        settings->lane_count = (unsigned)atoi(text);
        break;
    case 'r':
        settings->rate = atof(text);
        break;
    case 's':
        settings->seconds = atof(text);
        break;
    case 'w':
        settings->warm_up_seconds = atof(text);
        break;
    case 't':
        script_load_tokens(&settings->script, text);
        break;
    case 'f':
        settings->script.token_first = strtoul(text, NULL, 10);
        break;
    case 'v':
        script_add_value(&settings->script, text);
        break;
    default:
        if (option != 'd' || !script_set_draw(&settings->script, text))
            show_usage();
    }
}

static void parse_arguments(struct settings *settings, int argc, char **argv)
{
    static const struct option options[] = {
        {"connections", required_argument, NULL, 'c'}, {"lanes", required_argument, NULL, 'l'},
        {"rate", required_argument, NULL, 'r'},        {"seconds", required_argument, NULL, 's'},
        {"warm-up", required_argument, NULL, 'w'},     {"tokens", required_argument, NULL, 't'},
        {"draw", required_argument, NULL, 'd'},        {"first", required_argument, NULL, 'f'},
        {"take", required_argument, NULL, 'v'},        {0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        take_option(settings, option, optarg);
    bool is_sane = settings->connection_count > 0 && settings->connection_count <= CONNECTIONS_MAX &&
                   settings->lane_count > 0 && settings->lane_count <= settings->connection_count &&
                   settings->seconds > 0 && settings->rate >= 0 && settings->warm_up_seconds >= 0;
    if (argc - optind < 2 || !is_sane)
        show_usage();
    parse_address(settings, argv[optind]);
    while (++optind < argc)
        script_add_step(&settings->script, argv[optind]);
    script_check(&settings->script);
}

int main(int argc, char **argv)
{
    struct settings settings = {.connection_count = 64, .lane_count = 1, .seconds = 2, .warm_up_seconds = 0.2};
    script_init(&settings.script);
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
