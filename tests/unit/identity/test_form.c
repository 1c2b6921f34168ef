/* Forms, device cookies and handles: what was made for one browser, form, request or user is worth nothing elsewhere.
 */
#include "town.h"

#include "identity/device.h"
#include "identity/form.h"
#include "identity/handle.h"

static struct form_place place_of(struct town *town)
{
    return (struct form_place){&town->people, STR("s0123"), STR("consent"), STR("/oauth/authorize?client_id=a")};
}

static void a_form_fits_for_a_quarter_of_an_hour(void **state)
{
    struct town *town = *state;
    struct form_place place = place_of(town);
    struct str token = form_make(town->arena, &place, TOWN_NOW);
    assert_int_equal(form_check(town->arena, &place, token, TOWN_NOW), FORM_FITS);
    assert_int_equal(form_check(town->arena, &place, token, TOWN_NOW + FORM_SECONDS), FORM_FITS);
    assert_int_equal(form_check(town->arena, &place, token, TOWN_NOW + FORM_SECONDS + 1), FORM_EXPIRED);
    assert_int_equal(form_check(town->arena, &place, token, TOWN_NOW + 86400), FORM_EXPIRED);
    assert_int_equal(form_check(town->arena, &place, token, TOWN_NOW - 60), FORM_FOREIGN);
    assert_false(str_equal(token, form_make(town->arena, &place, TOWN_NOW)));
}

/* An old form of another browser must not be called expired: that would offer a fresh one. */
static void a_form_is_of_one_browser_one_form_one_request_and_one_realm(void **state)
{
    struct town *town = *state;
    struct form_place place = place_of(town);
    struct str token = form_make(town->arena, &place, TOWN_NOW);
    struct form_place others[] = {place, place, place, place, place, place};
    others[0].browser = STR("s0124");
    others[1].name = STR("sign-in");
    others[2].subject = STR("/oauth/authorize?client_id=b");
    others[3].people = &town->others;
    others[4].subject = STR_NONE;
    others[5].browser = STR("s0123consent"); /* parts must not run into each other */
    others[5].name = STR("");
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        assert_int_equal(form_check(town->arena, &others[i], token, TOWN_NOW), FORM_FOREIGN);
        assert_int_equal(form_check(town->arena, &others[i], token, TOWN_NOW + 86400), FORM_FOREIGN);
    }
}

static void a_changed_form_token_is_foreign(void **state)
{
    struct town *town = *state;
    struct form_place place = place_of(town);
    struct str token = form_make(town->arena, &place, TOWN_NOW);
    for (size_t i = 0; i < token.len; i++) {
        struct str changed = arena_str(town->arena, token);
        ((char *)changed.ptr)[i] = token.ptr[i] == 'A' ? 'B' : 'A';
        assert_int_equal(form_check(town->arena, &place, changed, TOWN_NOW), FORM_FOREIGN);
    }
    for (size_t len = 0; len < token.len; len++)
        assert_int_equal(form_check(town->arena, &place, str_slice(token, 0, len), TOWN_NOW), FORM_FOREIGN);
    assert_int_equal(form_check(town->arena, &place, STR_NONE, TOWN_NOW), FORM_FOREIGN);
    struct str longer = arena_printf(town->arena, "%.*sA", STR_ARGS(token));
    assert_int_equal(form_check(town->arena, &place, longer, TOWN_NOW), FORM_FOREIGN);
}

static void a_browser_without_a_session_has_a_value_of_its_own(void **state)
{
    struct town *town = *state;
    struct str browser = browser_draw(town->arena);
    assert_true(browser_is_anonymous(browser));
    assert_false(str_equal(browser, browser_draw(town->arena)));
    assert_false(browser_is_anonymous(STR_NONE));
    assert_false(browser_is_anonymous(STR("")));
    assert_false(browser_is_anonymous(str_slice(browser, 0, browser.len - 1)));
    struct handle handle;
    handle_draw(town->arena, &handle);
    handle.id = 7;
    assert_false(browser_is_anonymous(handle_write(town->arena, HANDLE_SESSION, &handle)));
}

static void a_device_is_of_one_user_and_has_an_end(void **state)
{
    struct town *town = *state;
    struct str cookie = device_make(town->arena, &town->people, 7, TOWN_NOW);
    struct str device = device_read(town->arena, &town->people, 7, cookie, TOWN_NOW);
    assert_true(str_is_present(device));
    assert_true(str_equal(device, device_read(town->arena, &town->people, 7, cookie, TOWN_NOW + DEVICE_SECONDS - 1)));
    assert_false(str_is_present(device_read(town->arena, &town->people, 7, cookie, TOWN_NOW + DEVICE_SECONDS)));
    assert_false(str_is_present(device_read(town->arena, &town->people, 8, cookie, TOWN_NOW)));
    assert_false(str_is_present(device_read(town->arena, &town->others, 7, cookie, TOWN_NOW)));
    assert_false(str_is_present(device_read(town->arena, &town->people, 7, STR_NONE, TOWN_NOW)));
    struct str other = device_make(town->arena, &town->people, 7, TOWN_NOW);
    assert_false(str_equal(device, device_read(town->arena, &town->people, 7, other, TOWN_NOW)));
    for (size_t i = 0; i < cookie.len; i++) {
        struct str changed = arena_str(town->arena, cookie);
        ((char *)changed.ptr)[i] = cookie.ptr[i] == '1' ? '0' : '1';
        assert_false(str_is_present(device_read(town->arena, &town->people, 7, changed, TOWN_NOW)));
    }
}

static void a_handle_is_read_as_it_was_written(void **state)
{
    static const int64_t ids[] = {0, 1, 61, 62, (INT64_C(1) << 48) - 1};
    struct town *town = *state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
        struct handle handle;
        struct digest hash;
        int64_t id = -1;
        handle_draw(town->arena, &handle);
        handle.id = ids[i];
        struct str text = handle_write(town->arena, HANDLE_SESSION, &handle);
        assert_true(handle_read(HANDLE_SESSION, text, &id, &hash));
        assert_int_equal(id, ids[i]);
        assert_true(digest_equal(&hash, &handle.secret_hash));
        assert_false(handle_read(HANDLE_TICKET, text, &id, &hash));
    }
}

static void other_texts_are_no_handles(void **state)
{
    struct town *town = *state;
    struct handle handle;
    struct digest hash;
    int64_t id;
    handle_draw(town->arena, &handle);
    handle.id = 7;
    struct str text = handle_write(town->arena, HANDLE_SESSION, &handle);
    assert_false(handle_read(HANDLE_SESSION, STR_NONE, &id, &hash));
    assert_false(handle_read(HANDLE_SESSION, str_slice(text, 0, text.len - 1), &id, &hash));
    assert_false(handle_read(HANDLE_SESSION, arena_printf(town->arena, "%.*sA", STR_ARGS(text)), &id, &hash));
    struct str changed = arena_str(town->arena, text);
    ((char *)changed.ptr)[3] = '-';
    assert_false(handle_read(HANDLE_SESSION, changed, &id, &hash));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOWN_TEST(a_form_fits_for_a_quarter_of_an_hour),
        TOWN_TEST(a_form_is_of_one_browser_one_form_one_request_and_one_realm),
        TOWN_TEST(a_changed_form_token_is_foreign),
        TOWN_TEST(a_browser_without_a_session_has_a_value_of_its_own),
        TOWN_TEST(a_device_is_of_one_user_and_has_an_end),
        TOWN_TEST(a_handle_is_read_as_it_was_written),
        TOWN_TEST(other_texts_are_no_handles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
