/* One JSON line per event on stderr, whatever the texts hold and however many threads speak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"

#define CAPTURE_MAX      (8 * 1024 * 1024)
#define THREAD_COUNT     4
#define LINES_PER_THREAD 200

static struct arena *arena;
static int own_stderr;
static int captured;

static int setup(void **state)
{
    (void)state;
    arena = arena_create();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_set_level(LOG_INFO);
    arena_destroy(arena);
    return 0;
}

/* Between these two no assertion may fail: its message would be captured too. */
static void begin_capture(int fd)
{
    own_stderr = dup(STDERR_FILENO);
    captured = fd;
    dup2(fd, STDERR_FILENO);
}

static void end_capture(void)
{
    dup2(own_stderr, STDERR_FILENO);
    close(own_stderr);
}

static struct str read_captured(void)
{
    char *room = arena_alloc(arena, CAPTURE_MAX);
    ssize_t len = pread(captured, room, CAPTURE_MAX, 0);
    close(captured);
    assert_in_range(len, 0, CAPTURE_MAX - 1);
    return (struct str){room, (size_t)len};
}

#define capture(event) (begin_capture(memfd_create("log", MFD_CLOEXEC)), (event), end_capture(), read_captured())

/* The text is one line, and that line one JSON object. */
static const json_t *read_line(struct str text)
{
    assert_true(str_has_suffix(text, STR("\n")));
    assert_int_equal(str_find(text, '\n'), text.len - 1);
    const json_t *object = json_read(arena, str_slice(text, 0, text.len - 1));
    if (!json_is_object(object))
        fail_msg("not a JSON object: %.*s", STR_ARGS(text));
    return object;
}

static struct str repeat(const char *unit, size_t count)
{
    size_t len = strlen(unit);
    char *room = arena_alloc(arena, len * count + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(room + i * len, unit, len);
    return (struct str){room, len * count};
}

static void test_an_event_is_one_line_of_json(void **state)
{
    (void)state;
    struct str text = capture(log_event(LOG_WARNING, "store_failed", log_text("realm", STR("podium")),
                                        log_number("count", INT64_MIN), log_text("empty", STR(""))));
    const json_t *line = read_line(text);
    assert_true(str_equal(json_member(line, "level"), STR("warning")));
    assert_true(str_equal(json_member(line, "event"), STR("store_failed")));
    assert_true(str_equal(json_member(line, "realm"), STR("podium")));
    assert_true(str_equal(json_member(line, "empty"), STR("")));
    assert_true(json_integer_value(json_object_get(line, "count")) == INT64_MIN);
    assert_int_equal(json_object_size(line), 6);
}

static void test_an_event_needs_no_details(void **state)
{
    (void)state;
    assert_int_equal(json_object_size(read_line(capture(log_event(LOG_ERROR, "stopped")))), 3);
}

/* 2026-01-31T23:59:59.999Z */
static void test_the_time_is_utc_with_milliseconds(void **state)
{
    (void)state;
    struct str at = json_member(read_line(capture(log_event(LOG_INFO, "started"))), "time");
    static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddZ";
    assert_int_equal(at.len, sizeof(shape) - 1);
    for (size_t i = 0; i < at.len; i++) {
        if (shape[i] == 'd')
            assert_in_range(at.ptr[i], '0', '9');
        else
            assert_int_equal(at.ptr[i], shape[i]);
    }
}

static void test_input_cannot_forge_a_line_or_a_member(void **state)
{
    struct str text = STR("a\n{\"event\":\"forged\"}\",\"x\":\"\\\x01\x7f");
    (void)state;
    const json_t *line = read_line(capture(log_event(LOG_INFO, "seen", log_text("text", text))));
    assert_int_equal(json_object_size(line), 4);
    assert_true(str_equal(json_member(line, "text"), text));
}

static void test_texts_are_cut_at_512_bytes(void **state)
{
    (void)state;
    struct str text = repeat("a", 513);
    const json_t *line = read_line(capture(log_event(LOG_INFO, "seen", log_text("fits", str_slice(text, 0, 512)),
                                                     log_text("cut", text), log_number("after", 1))));
    assert_int_equal(json_member(line, "fits").len, 512);
    assert_int_equal(json_member(line, "cut").len, 512);
    assert_int_equal(json_integer_value(json_object_get(line, "after")), 1);
}

/* Half a character is no UTF-8, and the line no JSON. */
static void test_no_character_is_cut_in_two(void **state)
{
    (void)state;
    struct str text = arena_printf(arena, "a%s", repeat("\xc3\xa9", 300).ptr);
    const json_t *line = read_line(capture(log_event(LOG_INFO, "seen", log_text("text", text))));
    assert_int_equal(json_member(line, "text").len, 511);
}

static void test_what_is_not_utf8_is_named_so(void **state)
{
    (void)state;
    const json_t *line = read_line(capture(log_event(LOG_INFO, "seen", log_text("a", STR("\xff")),
                                                     log_text("b", STR("x\0y")), log_text("c", STR("\xc3")))));
    assert_true(str_equal(json_member(line, "a"), STR("(not UTF-8)")));
    assert_true(str_equal(json_member(line, "b"), STR("(not UTF-8)")));
    assert_true(str_equal(json_member(line, "c"), STR("(not UTF-8)")));
}

/* Each of these texts takes 3,072 bytes escaped: one fits beside the others, two do not. */
static void log_more_than_a_line_takes(void)
{
    struct str text = repeat("\x01", 512);
    log_event(LOG_INFO, "seen", log_text("a", text), log_text("b", text), log_text("c", STR("small")),
              log_text("d", text), log_number("e", 5));
}

static void test_a_detail_that_does_not_fit_is_left_out(void **state)
{
    (void)state;
    struct str text = capture(log_more_than_a_line_takes());
    assert_in_range(text.len, 3072, PIPE_BUF);
    const json_t *line = read_line(text);
    assert_int_equal(json_member(line, "a").len, 512);
    assert_false(str_is_present(json_member(line, "b")));
    assert_true(str_equal(json_member(line, "c"), STR("small")));
    assert_int_equal(json_integer_value(json_object_get(line, "e")), 5);
}

/* A line may be as long as a pipe takes at once, to the byte. */
static void test_a_line_is_as_long_as_a_pipe_takes(void **state)
{
    (void)state;
    struct str large = repeat("\x01", 512);
    size_t len = capture(log_event(LOG_INFO, "seen", log_text("a", large), log_text("b", STR("")))).len;
    struct str rest = repeat("b", PIPE_BUF - len - strlen(",\"c\":\"\"") - 500);
    struct str filler = repeat("c", 501);
    struct str full = capture(log_event(LOG_INFO, "seen", log_text("a", large), log_text("b", rest),
                                        log_text("c", str_slice(filler, 0, 500))));
    assert_int_equal(full.len, PIPE_BUF);
    assert_true(str_is_present(json_member(read_line(full), "c")));
    struct str over =
        capture(log_event(LOG_INFO, "seen", log_text("a", large), log_text("b", rest), log_text("c", filler)));
    assert_false(str_is_present(json_member(read_line(over), "c")));
}

static void test_events_below_the_level_are_dropped(void **state)
{
    (void)state;
    assert_int_equal(capture(log_event(LOG_DEBUG, "seen")).len, 0); /* the start is LOG_INFO */
    for (int lowest = LOG_DEBUG; lowest <= LOG_ERROR; lowest++) {
        log_set_level((enum log_level)lowest);
        for (int level = LOG_DEBUG; level <= LOG_ERROR; level++)
            assert_int_equal(capture(log_event((enum log_level)level, "seen")).len > 0, level >= lowest);
    }
}

static void *log_long_lines(void *unused)
{
    char text[512];
    memset(text, 0x01, sizeof(text));
    struct str large = {text, sizeof(text)}, small = {text, 100};
    for (int i = 0; i < LINES_PER_THREAD; i++)
        log_event(LOG_INFO, "seen", log_number("line", i), log_text("a", large), log_text("b", small),
                  log_text("c", large));
    return unused;
}

struct drain {
    int fd;
    char *room;
    size_t len;
};

static void *drain_pipe(void *subject)
{
    struct drain *drain = subject;
    ssize_t got;
    while ((got = read(drain->fd, drain->room + drain->len, CAPTURE_MAX - drain->len)) > 0)
        drain->len += (size_t)got;
    return NULL;
}

/* Through the narrowest pipe, by the longest lines: no writer ever gets in with half a line. */
static void test_lines_of_several_threads_do_not_mix(void **state)
{
    pthread_t threads[THREAD_COUNT], reader;
    int ends[2];
    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, PIPE_BUF) >= PIPE_BUF);
    struct drain drain = {ends[0], arena_alloc(arena, CAPTURE_MAX), 0};
    assert_int_equal(pthread_create(&reader, NULL, drain_pipe, &drain), 0);
    begin_capture(ends[1]);
    for (int i = 0; i < THREAD_COUNT; i++)
        pthread_create(&threads[i], NULL, log_long_lines, NULL);
    for (int i = 0; i < THREAD_COUNT; i++)
        pthread_join(threads[i], NULL);
    end_capture();
    close(ends[1]);
    pthread_join(reader, NULL);
    close(ends[0]);
    struct str rest = {drain.room, drain.len};
    size_t count = 0;
    while (rest.len) {
        size_t len = str_find(rest, '\n') + 1;
        read_line(str_slice(rest, 0, len));
        rest = str_slice(rest, len, rest.len);
        count++;
    }
    assert_int_equal(count, THREAD_COUNT * LINES_PER_THREAD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_event_is_one_line_of_json),        TEST(test_an_event_needs_no_details),
        TEST(test_the_time_is_utc_with_milliseconds),   TEST(test_input_cannot_forge_a_line_or_a_member),
        TEST(test_texts_are_cut_at_512_bytes),          TEST(test_no_character_is_cut_in_two),
        TEST(test_what_is_not_utf8_is_named_so),        TEST(test_a_detail_that_does_not_fit_is_left_out),
        TEST(test_a_line_is_as_long_as_a_pipe_takes),   TEST(test_events_below_the_level_are_dropped),
        TEST(test_lines_of_several_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
