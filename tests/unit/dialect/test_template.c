/* Templates: bodies and headers with named holes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/template.h"
#include "oauth/call.h"

static const struct template_names no_names;

static void check(struct call *call, const char *text, const char *expected)
{
    struct arena *arena = arena_create();
    struct str error = STR_NONE;
    struct json_template *json = json_template_compile(arena, str_of(text), &no_names, &error);
    struct buf out;
    assert_non_null(json);
    buf_init(&out, arena, 4096);
    json_template_write(json, &call->facts, &out);
    buf_add_char(&out, 0);
    assert_string_equal(out.ptr, expected);
    arena_destroy(arena);
}

static void leaves_out_members_that_are_absent(void **state)
{
    struct call call = {0};
    (void)state;
    call_set_text(&call, FACT_scope, STR("read"));
    check(&call, "{\"a\":$access_token,\"s\":$scope,\"e\":$expires_in}", "{\"s\":\"read\"}");
    check(&call, "{\"a\": $access_token, \"s\": $scope}", "{\"s\": \"read\"}");
    check(&call, "{\"a\":1,\"x\":$active,\"s\":$scope}", "{\"a\":1,\"s\":\"read\"}");
    check(&call, "{\"x\":$active}", "{}");
}

static void leaves_out_objects_of_which_all_is_absent(void **state)
{
    struct call call = {0};
    (void)state;
    check(&call, "{\"a\":1,\"ref\":{\"type\":$subject_type,\"id\":$subject}}", "{\"a\":1}");
    call_set_text(&call, FACT_subject, STR("7"));
    check(&call, "{\"a\":1,\"ref\":{\"type\":$subject_type,\"id\":$subject}}", "{\"a\":1,\"ref\":{\"id\":\"7\"}}");
    check(&call, "{\"ref\":{\"x\":1,\"t\":$subject_type},\"b\":{}}", "{\"ref\":{\"x\":1},\"b\":{}}");
}

static void writes_each_kind_of_value(void **state)
{
    struct call call = {0};
    (void)state;
    call_set_text(&call, FACT_scope, STR("a b"));
    call_set_text(&call, FACT_subject, STR("42"));
    call_set_text(&call, FACT_client_id, STR("007"));
    call_set_number(&call, FACT_expires_in, -5);
    call_set_bool(&call, FACT_active, true);
    check(&call, "[$scope[],$subject#,$client_id#,$expires_in,$active]", "[[\"a\",\"b\"],42,\"007\",-5,true]");
    check(&call, "[$instance,$instance?null,$instance?\"x\",$instance?0]", "[null,null,\"x\",0]");
    check(&call, "{\"t\":\"$scope $$1 $subject\"}", "{\"t\":\"a b $1 42\"}");
    check(&call, "$client_id:2", "\"00\"");
}

static void escapes_what_comes_from_outside(void **state)
{
    struct call call = {0};
    (void)state;
    call_set_text(&call, FACT_scope, STR("\"\\\n\x01</script>\xc3\xa9"));
    check(&call, "{\"a\":$scope,\"b\":\"<$scope>\"}",
          "{\"a\":\"\\\"\\\\\\n\\u0001</script>\xc3\xa9\",\"b\":\"<\\\"\\\\\\n\\u0001</script>\xc3\xa9>\"}");
}

static void refuses_what_is_no_template(void **state)
{
    static const char *const wrong[] = {"",
                                        "{",
                                        "{\"a\"}",
                                        "{\"a\":$nobody}",
                                        "{\"a\":1,}",
                                        "[1",
                                        "{\"a\":yes}",
                                        "{\"a\":1}2",
                                        "{a:1}",
                                        "\"x",
                                        "[[[[[[[[1",
                                        "{\"a\":\"$no_such\"}",
                                        "$scope?maybe",
                                        "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}"};
    struct arena *arena = arena_create();
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct str error = STR_NONE;
        assert_null(json_template_compile(arena, str_of(wrong[i]), &no_names, &error));
        assert_true(str_is_present(error));
    }
    arena_destroy(arena);
}

static void header_holes_cannot_end_the_header(void **state)
{
    struct call call = {0};
    struct arena *arena = arena_create();
    struct str error;
    struct buf out;
    (void)state;
    call_set_text(&call, FACT_error, STR("a\"b\r\nSet-Cookie: x"));
    struct text_template *text = text_template_compile(arena, STR("Bearer error=\"$error\""), &no_names, &error);
    buf_init(&out, arena, 4096);
    assert_true(text_template_write_header(text, &call.facts, &out));
    assert_true(str_equal(buf_str(&out), STR("Bearer error=\"a\\\"b??Set-Cookie: x\"")));
    arena_destroy(arena);
}

static void a_header_without_its_fact_is_left_out(void **state)
{
    struct call call = {0};
    struct arena *arena = arena_create();
    struct str error;
    struct buf out;
    (void)state;
    struct text_template *text = text_template_compile(arena, STR("app_$subject"), &no_names, &error);
    buf_init(&out, arena, 4096);
    assert_false(text_template_write_header(text, &call.facts, &out));
    arena_destroy(arena);
}

static void a_brace_ends_a_name_where_text_goes_on(void **state)
{
    struct call call = {0};
    struct arena *arena = arena_create();
    struct str error;
    struct buf out;
    (void)state;
    call_set_text(&call, FACT_subject, STR("1234"));
    call_set_text(&call, FACT_subject_type, STR("user"));
    check(&call, "{\"r\":\"${subject_type}_${subject:2}0\",\"i\":${subject#},\"n\":${instance?null}}",
          "{\"r\":\"user_120\",\"i\":1234,\"n\":null}");
    struct text_template *text = text_template_compile(arena, STR("${subject_type}_$subject"), &no_names, &error);
    buf_init(&out, arena, 4096);
    assert_true(text_template_write_header(text, &call.facts, &out));
    assert_true(str_equal(buf_str(&out), STR("user_1234")));
    assert_null(text_template_compile(arena, STR("${subject"), &no_names, &error));
    assert_null(text_template_compile(arena, STR("${subject-"), &no_names, &error));
    assert_null(text_template_compile(arena, STR("${}"), &no_names, &error));
    arena_destroy(arena);
}

/* Redirects leave out what is absent, so a text says whether it is whole. */
static void a_text_says_whether_it_is_whole(void **state)
{
    struct call call = {0};
    struct arena *arena = arena_create();
    struct str error;
    struct buf out;
    (void)state;
    buf_init(&out, arena, 4096);
    assert_false(
        text_template_write(text_template_compile(arena, STR("a$state"), &no_names, &error), &call.facts, &out));
    call_set_text(&call, FACT_state, STR("\"\n"));
    out.len = 0;
    assert_true(text_template_write(text_template_compile(arena, STR("a${state}b$scope?none"), &no_names, &error),
                                    &call.facts, &out));
    assert_true(str_equal(buf_str(&out), STR("a\"\nbnone")));
    arena_destroy(arena);
}

static void a_dialect_names_its_own_constants(void **state)
{
    struct template_names names = {{STR_INIT("error_detail")}, 1};
    struct arena *arena = arena_create();
    struct call call = {0};
    struct str error;
    struct buf out;
    (void)state;
    call_set_text(&call, FACT_extra_0, STR("why"));
    struct json_template *json = json_template_compile(arena, STR("{\"d\":$error_detail}"), &names, &error);
    buf_init(&out, arena, 4096);
    json_template_write(json, &call.facts, &out);
    assert_true(str_equal(buf_str(&out), STR("{\"d\":\"why\"}")));
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_out_members_that_are_absent),
        cmocka_unit_test(leaves_out_objects_of_which_all_is_absent),
        cmocka_unit_test(writes_each_kind_of_value),
        cmocka_unit_test(escapes_what_comes_from_outside),
        cmocka_unit_test(refuses_what_is_no_template),
        cmocka_unit_test(header_holes_cannot_end_the_header),
        cmocka_unit_test(a_header_without_its_fact_is_left_out),
        cmocka_unit_test(a_brace_ends_a_name_where_text_goes_on),
        cmocka_unit_test(a_text_says_whether_it_is_whole),
        cmocka_unit_test(a_dialect_names_its_own_constants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
