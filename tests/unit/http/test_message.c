/* Which bytes may stand in the name of a header, and which in its value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/message.h"

/* [RFC9110 5.6.2] tchar, and no byte beside it. */
static void a_name_is_a_token(void **state)
{
    static const struct str fit =
        STR_INIT("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    (void)state;
    assert_false(header_may_be_name(STR("")));
    assert_true(header_may_be_name(fit));
    for (int byte = 0; byte < 256; byte++) {
        char text[3] = {'a', (char)byte, 'b'};
        bool is_fit = str_find(fit, (char)byte) < fit.len;
        assert_int_equal(header_may_be_name((struct str){text, 3}), is_fit);
        assert_int_equal(header_may_be_name((struct str){text + 1, 1}), is_fit);
    }
}

static void a_value_has_no_control_but_tab(void **state)
{
    (void)state;
    assert_false(header_may_be_value(STR("")));
    for (int byte = 0; byte < 256; byte++) {
        char text[3] = {'a', (char)byte, 'b'};
        bool is_fit = byte == '\t' || (byte >= ' ' && byte != 0x7f);
        assert_int_equal(header_may_be_value((struct str){text, 3}), is_fit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_a_token),
        cmocka_unit_test(a_value_has_no_control_but_tab),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
