/* Passwords of people: what fits, what never does, and what is hashed anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "base/arena.h"
#include "crypto/password.h"

static struct arena *arena;
static const struct password_cost cheap = {8 * 1024 * 1024, 1};

static int create_arena(void **state)
{
    (void)state;
    arena = arena_create();
    return 0;
}

static int end_arena(void **state)
{
    (void)state;
    arena_destroy(arena);
    return 0;
}

/* Argon2id by its authors' reference tests, bcrypt and SHA-512 by those of crypt, yescrypt by its own program. */
static const struct {
    struct str password, hash;
} known[] = {
    {STR_INIT("password"),
     STR_INIT("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")},
    {STR_INIT("password"),
     STR_INIT("$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc")},
    {STR_INIT("U*U"), STR_INIT("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")},
    {STR_INIT("U*U"), STR_INIT("$2b$04$CCCCCCCCCCCCCCCCCCCCC.K7Qr0se1MxuggH4aP4YgB.U2Em1pGSK")},
    {STR_INIT("Hello world!"), STR_INIT("$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJ"
                                        "uesI68u4OTLiBFdcbYEdFCoEOfaS35inz1")},
    {STR_INIT("p\xc3\xa4ssword"),
     STR_INIT("$y$j9T$sAlTsAlTsAlTsAlTsAlT./$pXQt/i/CiwYX8cngdA80ddBAQoVWwO/rqoRwDz6Ppi.")},
};

#define KNOWN_COUNT (sizeof(known) / sizeof(*known))

static void known_hashes_fit_their_passwords_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        assert_true(password_is_hash(known[i].hash));
        assert_true(password_fits(known[i].password, known[i].hash));
        assert_false(password_fits(STR("passwore"), known[i].hash));
        assert_false(password_fits(STR_NONE, known[i].hash));
        assert_false(password_fits(STR(""), known[i].hash));
        assert_false(password_fits(arena_printf(arena, "%.*s ", STR_ARGS(known[i].password)), known[i].hash));
    }
}

static void a_new_hash_fits_and_is_another_each_time(void **state)
{
    (void)state;
    struct str hash = password_hash(arena, STR("correct horse"), &cheap);
    struct str other = password_hash(arena, STR("correct horse"), &cheap);
    assert_true(str_has_prefix(hash, STR("$argon2id$v=19$m=8192,t=1,p=1$")));
    assert_false(str_equal(hash, other));
    assert_true(password_is_hash(hash));
    assert_true(password_fits(STR("correct horse"), hash));
    assert_true(password_fits(STR("correct horse"), other));
    assert_false(password_fits(STR("correct hors"), hash));
}

static void a_changed_hash_fits_no_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        char *changed = (char *)arena_cstr(arena, known[i].hash);
        size_t at = known[i].hash.len - 8;
        changed[at] = changed[at] == 'a' ? 'b' : 'a';
        assert_false(password_fits(known[i].password, (struct str){changed, known[i].hash.len}));
        assert_false(password_fits(known[i].password, str_slice(known[i].hash, 0, known[i].hash.len - 1)));
    }
}

/* crypt(5) stops at a NUL: "secret\0anything" must not be "secret". */
static void a_password_is_compared_with_all_its_bytes(void **state)
{
    (void)state;
    struct str hash = password_hash(arena, STR("U*U"), &cheap);
    assert_false(password_fits(STR("U*U\0"), hash));
    assert_false(password_fits(STR("U*U\0x"), known[2].hash));
    assert_false(password_fits(STR("U*U\0"), known[3].hash));
}

static void passwords_have_a_limit(void **state)
{
    char *bytes = arena_alloc(arena, PASSWORD_MAX + 1);
    struct str longest = {bytes, PASSWORD_MAX}, too_long = {bytes, PASSWORD_MAX + 1};
    (void)state;
    memset(bytes, 'x', PASSWORD_MAX + 1);
    struct str hash = password_hash(arena, longest, &cheap);
    assert_true(password_fits(longest, hash));
    assert_false(password_fits(too_long, hash));
    assert_false(str_is_present(password_hash(arena, too_long, &cheap)));
    assert_false(password_fits((struct str){bytes, 512}, known[4].hash)); /* more than crypt(5) takes */
    password_pretend(too_long, &cheap);
}

static void nothing_fits_what_is_no_hash(void **state)
{
    static const struct str bad[] = {
        STR_INIT(""),
        STR_INIT("*"),
        STR_INIT("!"),
        STR_INIT("password"),
        STR_INIT("$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"),                           /* MD5 */
        STR_INIT("rl.3StKT.4T8M"),                                                /* DES */
        STR_INIT("$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"), /* the buggy one */
        STR_INIT("$2b$05$CCCCCCCCCCCCCCCCCCCCC."),
        STR_INIT("$6$saltstring"),
        STR_INIT("$6$"),
        STR_INIT("$y$j9T$"),
        STR_INIT("$argon2id$"),
        STR_INIT("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$"),
        STR_INIT("$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"),
        STR_INIT("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4\0"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (password_is_hash(bad[i]) || password_fits(STR("password"), bad[i]))
            fail_msg("\"%.*s\" was taken", STR_ARGS(bad[i]));
    }
    assert_false(password_is_hash(STR_NONE));
    assert_false(password_fits(STR(""), STR_NONE));
}

/* One import must not hold up everybody's sign-in for hours. */
static void a_hash_of_an_unbearable_cost_is_none(void **state)
{
    static const struct str bad[] = {
        STR_INIT("$argon2id$v=19$m=1048577,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"),
        STR_INIT("$argon2id$v=19$m=65536,t=11,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"),
        STR_INIT("$2b$16$CCCCCCCCCCCCCCCCCCCCC.K7Qr0se1MxuggH4aP4YgB.U2Em1pGSK"),
        STR_INIT("$2b$31$CCCCCCCCCCCCCCCCCCCCC.K7Qr0se1MxuggH4aP4YgB.U2Em1pGSK"),
        STR_INIT("$6$rounds=1000001$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJ"
                 "uesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"),
        STR_INIT("$y$jGT$sAlTsAlTsAlTsAlTsAlT./$pXQt/i/CiwYX8cngdA80ddBAQoVWwO/rqoRwDz6Ppi."),
        STR_INIT("$y$j9U$sAlTsAlTsAlTsAlTsAlT./$pXQt/i/CiwYX8cngdA80ddBAQoVWwO/rqoRwDz6Ppi."),
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(password_is_hash(bad[i]));
    assert_true(password_is_hash(STR("$2b$15$CCCCCCCCCCCCCCCCCCCCC.K7Qr0se1MxuggH4aP4YgB.U2Em1pGSK")));
}

static void whatever_differs_from_new_hashes_is_outdated(void **state)
{
    (void)state;
    struct str hash = password_hash(arena, STR("password"), &cheap);
    assert_false(password_is_outdated(hash, &cheap));
    assert_true(password_is_outdated(hash, &(struct password_cost){16 * 1024 * 1024, 1}));
    assert_true(password_is_outdated(hash, &(struct password_cost){8 * 1024 * 1024, 2}));
    for (size_t i = 0; i < KNOWN_COUNT; i++)
        assert_true(password_is_outdated(known[i].hash, &cheap));
    assert_true(password_is_outdated(STR(""), &cheap));
}

static int64_t thread_time_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
}

/* A stranger must not hear from the clock who is a user. What the work itself takes is the least of several runs, by
 * the thread's own clock and in turns: the machine may be busy with something else. */
static void pretending_takes_as_long_as_comparing(void **state)
{
    struct str hash = password_hash(arena, STR("password"), &cheap);
    int64_t comparing = INT64_MAX, pretending = INT64_MAX;
    (void)state;
    for (int i = 0; i < 25; i++) {
        int64_t start = thread_time_ns();
        assert_false(password_fits(STR("wrong"), hash));
        int64_t middle = thread_time_ns();
        password_pretend(STR("wrong"), &cheap);
        int64_t end = thread_time_ns();
        comparing = middle - start < comparing ? middle - start : comparing;
        pretending = end - middle < pretending ? end - middle : pretending;
    }
    assert_in_range(pretending, comparing * 2 / 3, comparing * 3 / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_hashes_fit_their_passwords_only),
        cmocka_unit_test(a_new_hash_fits_and_is_another_each_time),
        cmocka_unit_test(a_changed_hash_fits_no_more),
        cmocka_unit_test(a_password_is_compared_with_all_its_bytes),
        cmocka_unit_test(passwords_have_a_limit),
        cmocka_unit_test(nothing_fits_what_is_no_hash),
        cmocka_unit_test(a_hash_of_an_unbearable_cost_is_none),
        cmocka_unit_test(whatever_differs_from_new_hashes_is_outdated),
        cmocka_unit_test(pretending_takes_as_long_as_comparing),
    };
    return cmocka_run_group_tests(tests, create_arena, end_arena);
}
