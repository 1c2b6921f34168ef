#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/arena.h"
#include "http/address.h"

static struct address parse(const char *text)
{
    struct address address = {.kind = ADDRESS_NONE};
    assert_true(address_parse(str_of(text), &address));
    return address;
}

static void assert_written(const char *text, const char *canonical)
{
    struct arena *arena = arena_create();
    struct address address = parse(text);
    assert_string_equal(address_write(arena, &address).ptr, canonical);
    arena_destroy(arena);
}

static void addresses_are_read_with_and_without_port(void **state)
{
    (void)state;
    assert_written("192.0.2.1", "192.0.2.1");
    assert_written("192.0.2.1:443", "192.0.2.1");
    assert_written("2001:DB8::1", "2001:db8::1");
    assert_written("[2001:db8::1]", "2001:db8::1");
    assert_written("[2001:db8::1]:65535", "2001:db8::1");
}

static void mapped_address_is_the_ipv4_one(void **state)
{
    (void)state;
    assert_written("::ffff:192.0.2.1", "192.0.2.1");
    assert_int_equal(parse("::ffff:192.0.2.1").kind, ADDRESS_IPV4);
}

static void other_texts_are_no_address(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "localhost",
                                        "192.0.2",
                                        "192.0.2.1:",
                                        "192.0.2.1:65536",
                                        "1.2.3.4:x",
                                        "[192.0.2.1]",
                                        "[2001:db8::1",
                                        "2001:db8::1%eth0",
                                        "[::1]x",
                                        "unknown",
                                        "_hidden",
                                        "1.2.3.4 ",
                                        "[]:80",
                                        "unix"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct address address;
        assert_false(address_parse(str_of(texts[i]), &address));
    }
    struct address address;
    assert_false(address_parse((struct str){"1.2.3.4\0x", 9}, &address));
}

static bool is_in(const char *network_text, const char *address_text)
{
    struct network network;
    assert_true(network_parse(str_of(network_text), &network));
    struct address address = parse(address_text);
    return network_has(&network, &address);
}

static void prefix_decides_bit_by_bit(void **state)
{
    (void)state;
    assert_true(is_in("10.0.0.0/8", "10.255.1.2"));
    assert_false(is_in("10.0.0.0/8", "11.0.0.0"));
    assert_true(is_in("192.0.2.128/25", "192.0.2.255"));
    assert_false(is_in("192.0.2.128/25", "192.0.2.127"));
    assert_true(is_in("192.0.2.1", "192.0.2.1"));
    assert_false(is_in("192.0.2.1", "192.0.2.0"));
    assert_true(is_in("0.0.0.0/0", "203.0.113.9"));
    assert_true(is_in("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(is_in("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(is_in("::1", "::1"));
}

static void families_do_not_mix_except_mapped(void **state)
{
    (void)state;
    assert_false(is_in("::/0", "192.0.2.1"));
    assert_false(is_in("0.0.0.0/0", "2001:db8::1"));
    assert_true(is_in("10.0.0.0/8", "::ffff:10.1.2.3"));
    assert_true(is_in("::ffff:10.0.0.0/104", "10.1.2.3"));
    assert_false(is_in("::ffff:10.0.0.0/104", "11.1.2.3"));
}

static void other_texts_are_no_network(void **state)
{
    (void)state;
    static const char *const texts[] = {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1",        "::/129",
                                        "/8",          "proxy",     "::ffff:10.0.0.0/95", "10.0.0.0/8/8"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct network network;
        assert_false(network_parse(str_of(texts[i]), &network));
    }
}

static void socket_addresses_become_addresses(void **state)
{
    (void)state;
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.7", &mapped.sin6_addr), 1);
    struct address address = address_of_socket((const struct sockaddr *)&mapped);
    struct address expected = parse("192.0.2.7");
    assert_memory_equal(&address, &expected, sizeof(address));
    const struct sockaddr other = {.sa_family = AF_UNSPEC};
    assert_int_equal(address_of_socket(&other).kind, ADDRESS_NONE);
}

/* "" stands for: names no usable address. */
static void assert_client(const char *list, const char *client)
{
    struct network trusted[2];
    assert_true(network_parse(STR("10.0.0.0/8"), &trusted[0]));
    assert_true(network_parse(STR("::1"), &trusted[1]));
    struct arena *arena = arena_create();
    struct address address;
    bool is_found = address_forwarded(str_of(list), trusted, 2, &address);
    assert_string_equal(is_found ? address_write(arena, &address).ptr : "", client);
    arena_destroy(arena);
}

static void client_is_the_rightmost_untrusted(void **state)
{
    (void)state;
    assert_client("192.0.2.1", "192.0.2.1");
    assert_client("203.0.113.66, 192.0.2.1, 10.0.0.1", "192.0.2.1");
    assert_client("192.0.2.1,10.1.1.1 ,\t::1", "192.0.2.1");
    assert_client("[2001:db8::9]:4711, 10.0.0.1", "2001:db8::9");
}

static void all_trusted_gives_the_leftmost(void **state)
{
    (void)state;
    assert_client("10.0.0.2, 10.0.0.1", "10.0.0.2");
}

static void forged_garbage_on_the_left_stops_the_walk(void **state)
{
    (void)state;
    assert_client("192.0.2.1, unknown, 10.0.0.1", "10.0.0.1");
    assert_client("unknown", "");
    assert_client("", "");
    assert_client("192.0.2.1,", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_with_and_without_port),
        cmocka_unit_test(mapped_address_is_the_ipv4_one),
        cmocka_unit_test(other_texts_are_no_address),
        cmocka_unit_test(prefix_decides_bit_by_bit),
        cmocka_unit_test(families_do_not_mix_except_mapped),
        cmocka_unit_test(other_texts_are_no_network),
        cmocka_unit_test(socket_addresses_become_addresses),
        cmocka_unit_test(client_is_the_rightmost_untrusted),
        cmocka_unit_test(all_trusted_gives_the_leftmost),
        cmocka_unit_test(forged_garbage_on_the_left_stops_the_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
