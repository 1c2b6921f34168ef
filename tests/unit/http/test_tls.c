#include "fixture.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "../scratch.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"

#define REQUEST_TIMEOUT_SECONDS 4
/* So long that no half request ends while a test is about others. */
#define PATIENT_SECONDS 60

static struct fixture fixture;
static struct reply reply;
static struct arena *memory;
static const char *folder;
static const char *certificate_file;
static const char *key_file;
static SSL_CTX *client_tls;

static void write_pem(const char *path, EVP_PKEY *key, X509 *certificate)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    if (certificate)
        assert_int_equal(PEM_write_X509(file, certificate), 1);
    else
        assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
}

/* A new key and a certificate for `name` signed by it, in the two files. */
static void make_certificate(const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME *subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    write_pem(certificate_file, key, certificate);
    write_pem(key_file, key, NULL);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void start(unsigned request_timeout_seconds)
{
    memory = arena_create();
    folder = scratch_create(memory, "tls");
    assert_non_null(folder);
    certificate_file = arena_printf(memory, "%s/certificate.pem", folder).ptr;
    key_file = arena_printf(memory, "%s/key.pem", folder).ptr;
    make_certificate("first.example");
    client_tls = SSL_CTX_new(TLS_client_method());
    fixture_init(&fixture);
    fixture.options.certificate_file = str_of(certificate_file);
    fixture.options.key_file = str_of(key_file);
    fixture.options.request_timeout_seconds = request_timeout_seconds;
    fixture_start(&fixture);
}

static int set_up(void **state)
{
    (void)state;
    start(PATIENT_SECONDS);
    return 0;
}

static int set_up_impatient(void **state)
{
    (void)state;
    start(REQUEST_TIMEOUT_SECONDS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_stop(&fixture);
    SSL_CTX_free(client_tls);
    unlink(certificate_file);
    unlink(key_file);
    rmdir(folder);
    arena_destroy(memory);
    return 0;
}

/* NULL when there is no handshake. */
static SSL *connect_tls(void)
{
    SSL *tls = SSL_new(client_tls);
    SSL_set_fd(tls, client_connect(&fixture));
    if (SSL_connect(tls) == 1)
        return tls;
    close(SSL_get_fd(tls));
    SSL_free(tls);
    return NULL;
}

static void disconnect_tls(SSL *tls)
{
    int fd = SSL_get_fd(tls);
    SSL_shutdown(tls);
    SSL_free(tls);
    close(fd);
}

static void assert_certificate_is_for(SSL *tls, const char *name)
{
    char found[64];
    X509 *certificate = SSL_get1_peer_certificate(tls);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, found, sizeof(found));
    X509_free(certificate);
    assert_string_equal(found, name);
}

/* One reply, all that came in one record or several until its body's known end. */
static void assert_answered(SSL *tls, const char *request, const char *end)
{
    char text[4096];
    size_t len = 0;
    if (request)
        assert_true(SSL_write(tls, request, (int)strlen(request)) > 0);
    do {
        int got = SSL_read(tls, text + len, (int)(sizeof(text) - 1 - len));
        assert_true(got > 0);
        len += (size_t)got;
        text[len] = 0;
    } while (!strstr(text, end));
    assert_int_equal(strncmp(text, "HTTP/1.1 200 ", 13), 0);
}

static void requests_are_answered_over_tls(void **state)
{
    (void)state;
    SSL *tls = connect_tls();
    assert_non_null(tls);
    for (int i = 0; i < 3; i++)
        assert_answered(tls, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "x=\n");
    disconnect_tls(tls);
}

static void old_versions_are_refused(void **state)
{
    (void)state;
    SSL_CTX_set_security_level(client_tls, 0);
    SSL_CTX_set_cipher_list(client_tls, "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(client_tls, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(client_tls, TLS1_1_VERSION);
    assert_null(connect_tls());
    SSL_CTX_set_max_proto_version(client_tls, TLS1_2_VERSION);
    SSL *tls = connect_tls();
    assert_non_null(tls);
    assert_int_equal(SSL_version(tls), TLS1_2_VERSION);
    disconnect_tls(tls);
}

static void plain_text_is_no_handshake(void **state)
{
    (void)state;
    assert_int_equal(client_status(&fixture, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), &reply), 0);
}

static void say(SSL *tls, struct str bytes)
{
    while (bytes.len > 0) {
        int sent = SSL_write(tls, bytes.ptr, (int)bytes.len);
        if (sent <= 0)
            return; /* refused before all of it was read */
        bytes = str_slice(bytes, (size_t)sent, bytes.len);
    }
}

/* The handler's words and the orderly end of TLS. */
static void assert_refusal_comes(SSL *tls, const char *status)
{
    char text[4096] = "";
    size_t len = 0;
    int got;
    while ((got = SSL_read(tls, text + len, (int)(sizeof(text) - 1 - len))) > 0) {
        len += (size_t)got;
        text[len] = 0;
    }
    assert_int_equal(SSL_get_error(tls, got), SSL_ERROR_ZERO_RETURN);
    assert_int_equal(strncmp(text + strlen("HTTP/1.1 "), status, strlen(status)), 0);
    assert_non_null(strstr(text, "\r\nX-Request-Id: "));
    assert_non_null(strstr(text, "\r\nConnection: close\r\n"));
    assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\nlimit");
    close(SSL_get_fd(tls));
    SSL_free(tls);
}

static struct str long_text(const char *front, const char *piece, size_t count, const char *end)
{
    struct buf text;
    buf_init(&text, fixture.arena, 1024 * 1024);
    buf_add(&text, str_of(front));
    for (size_t i = 0; i < count; i++)
        buf_add(&text, str_of(piece));
    buf_add(&text, str_of(end));
    return buf_str(&text);
}

static void refuse_each(const char *before)
{
    const struct {
        struct str head;
        const char *status;
    } cases[] = {
        {long_text("GET / HTTP/1.1\r\nHost: a\r\nX: ", "x", 30000, "\r\n\r\n"), "431"},
        {long_text("GET / HTTP/1.1\r\nHost: a\r\n", "X: y\r\n", 1000, "\r\n"), "431"},
        {long_text("GET /", "a", 30000, " HTTP/1.1\r\n"), "414"},
        {STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5x\r\n\r\nhello"), "400"},
        {STR("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "400"},
        {STR("GET / HTTP/9.9\r\n\r\n"), "505"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        SSL *tls = connect_tls();
        assert_non_null(tls);
        if (before)
            assert_answered(tls, before, "x=\n");
        say(tls, cases[i].head);
        assert_refusal_comes(tls, cases[i].status);
    }
}

/* Half a head, half a request line and nothing yet; on every worker. */
static void what_is_refused_is_told_over_tls(void **state)
{
    (void)state;
    static const char *const firsts[] = {"GET / HTTP/1.1\r\nHo", "GE", ""};
    static const char *const rests[] = {"st: a\r\n\r\n", "T / HTTP/1.1\r\nHost: a\r\n\r\n",
                                        "GET / HTTP/1.1\r\nHost: a\r\n\r\n"};
    SSL *others[12];
    for (size_t i = 0; i < 12; i++) {
        others[i] = connect_tls();
        say(others[i], str_of(firsts[i % 3]));
    }
    refuse_each(NULL);
    refuse_each("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    SSL_CTX_set_max_proto_version(client_tls, TLS1_2_VERSION);
    refuse_each(NULL);
    refuse_each("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    for (size_t i = 0; i < 12; i++) {
        assert_answered(others[i], rests[i % 3], "x=\n");
        disconnect_tls(others[i]);
    }
}

/* The handshake's keys change in between: nothing may be made of how much was written with which. */
static void new_keys_blame_nobody(void **state)
{
    (void)state;
    SSL *other = connect_tls();
    assert_answered(other, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "x=\n");
    assert_int_equal(SSL_key_update(other, SSL_KEY_UPDATE_REQUESTED), 1);
    say(other, STR("GE"));
    refuse_each(NULL);
    assert_answered(other, "T / HTTP/1.1\r\nHost: a\r\n\r\n", "x=\n");
    disconnect_tls(other);
}

static int64_t processor_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}

/* libmicrohttpd 0.9.75 asks to be called again and again for a handshake that waits for its client. */
static void half_a_handshake_costs_no_processor(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    int64_t began_ns = processor_ns();
    client_say(fd, "\x16\x03\x01\x02");
    assert_true(client_sees_end(fd));
    assert_true(processor_ns() - began_ns < REQUEST_TIMEOUT_SECONDS * INT64_C(1000000000) / 2);
    close(fd);
}

/* Not for a request that may never come: only the handshake's bytes have. */
static void drain_does_not_wait_for_a_handshake_alone(void **state)
{
    (void)state;
    char byte;
    SSL *tls = connect_tls();
    assert_non_null(tls);
    int64_t began_ns = clock_monotonic_ns();
    server_drain(fixture.server);
    fixture_wait_connections(&fixture, 0);
    assert_true(clock_monotonic_ns() - began_ns < PATIENT_SECONDS * INT64_C(1000000000) / 2);
    assert_true(SSL_read(tls, &byte, 1) <= 0);
    close(SSL_get_fd(tls));
    SSL_free(tls);
}

static void new_certificate_is_for_new_connections(void **state)
{
    (void)state;
    struct str error = STR_NONE;
    SSL *old = connect_tls();
    SSL *parked = connect_tls();
    static const char park[] = "GET /park HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_true(SSL_write(parked, park, sizeof(park) - 1) > 0);
    fixture_wait_parked(&fixture, 1);

    make_certificate("second.example");
    assert_true(server_reload_certificate(fixture.server, fixture.arena, &error));
    SSL *new = connect_tls();
    assert_certificate_is_for(new, "second.example");
    assert_answered(new, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "x=\n");

    fixture_resume(&fixture, 0);
    assert_answered(parked, NULL, "/park");
    assert_certificate_is_for(parked, "first.example");
    assert_answered(old, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "x=\n");
    disconnect_tls(parked);
    disconnect_tls(old);
    fixture_wait_connections(&fixture, 1);
    assert_answered(new, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "x=\n");
    disconnect_tls(new);
}

static void many_reloads_leave_one_certificate(void **state)
{
    (void)state;
    struct str error = STR_NONE;
    for (int i = 0; i < 20; i++) {
        make_certificate(i == 19 ? "last.example" : "other.example");
        assert_true(server_reload_certificate(fixture.server, fixture.arena, &error));
    }
    SSL *tls = connect_tls();
    assert_certificate_is_for(tls, "last.example");
    disconnect_tls(tls);
}

static void assert_reload_fails(void)
{
    struct str error = STR_NONE;
    assert_false(server_reload_certificate(fixture.server, fixture.arena, &error));
    assert_true(error.len > 0);
    SSL *tls = connect_tls();
    assert_non_null(tls);
    assert_certificate_is_for(tls, "first.example");
    disconnect_tls(tls);
}

static void certificate_that_does_not_fit_changes_nothing(void **state)
{
    (void)state;
    struct str old_key;
    assert_true(file_read(fixture.arena, key_file, 10000, &old_key));
    make_certificate("second.example");
    assert_true(file_write(key_file, old_key, 0600)); /* of another certificate */
    assert_reload_fails();
    assert_true(file_write(certificate_file, STR("no PEM"), 0600));
    assert_reload_fails();
    unlink(certificate_file);
    assert_reload_fails();
}

static void missing_certificate_stops_the_start(void **state)
{
    (void)state;
    struct str error = STR_NONE;
    struct server_options options = fixture.options;
    options.certificate_file = STR("/nowhere/certificate.pem");
    assert_null(server_start(&options, fixture.arena, &error));
    assert_non_null(strstr(error.ptr, "/nowhere/certificate.pem"));
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(requests_are_answered_over_tls),
        RULE(old_versions_are_refused),
        RULE(plain_text_is_no_handshake),
        RULE(what_is_refused_is_told_over_tls),
        RULE(new_keys_blame_nobody),
        cmocka_unit_test_setup_teardown(half_a_handshake_costs_no_processor, set_up_impatient, tear_down),
        RULE(drain_does_not_wait_for_a_handshake_alone),
        RULE(new_certificate_is_for_new_connections),
        RULE(many_reloads_leave_one_certificate),
        RULE(certificate_that_does_not_fit_changes_nothing),
        RULE(missing_certificate_stops_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
