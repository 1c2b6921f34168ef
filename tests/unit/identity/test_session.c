/* Sessions and links in mails: what opens them, and when they end. */
#include "town.h"

#include "identity/session.h"
#include "identity/ticket.h"

static enum outcome begin_step(struct town *town, struct store_tx *tx, void *subject)
{
    return session_begin(tx, &town->people, subject, town->now);
}

/* The cookie. */
static struct str begin(struct town *town, struct session_draft *draft)
{
    if (!draft->user_id)
        draft->user_id = town->ann;
    handle_draw(town->arena, &draft->handle);
    assert_int_equal(town_run(town, begin_step, draft), OK);
    return handle_write(town->arena, HANDLE_SESSION, &draft->handle);
}

static struct session *open_in(struct town *town, const struct people_policy *people, struct str cookie)
{
    struct session *session;
    assert_int_equal(session_read(town_reader(town), town->arena, people, cookie, town->now, &session), OK);
    return session;
}

static struct session *open_by(struct town *town, struct str cookie)
{
    return open_in(town, &town->people, cookie);
}

static void a_cookie_opens_its_session(void **state)
{
    struct town *town = *state;
    struct session_draft draft = {
        .factors = FACTOR_PASSWORD, .client_address = STR("192.0.2.1"), .user_agent = STR("Browser/1.0")};
    struct str cookie = begin(town, &draft);
    struct session *session = open_by(town, cookie);
    assert_non_null(session);
    assert_int_equal(session->user->id, town->ann);
    assert_int_equal(session->row->factors, FACTOR_PASSWORD);
    assert_int_equal(session->row->authenticated_at, TOWN_NOW);
    assert_true(str_equal(session->row->client_address, STR("192.0.2.1")));
    assert_true(str_equal(session->row->user_agent, STR("Browser/1.0")));
    assert_false(session->is_stale);
    assert_true(session_is_since(session, TOWN_NOW));
    assert_false(session_is_since(session, TOWN_NOW + 1));
}

static void nothing_else_opens_it(void **state)
{
    struct town *town = *state;
    struct session_draft draft = {0}, other = {0};
    struct str cookie = begin(town, &draft);
    struct str id_of_other = str_slice(begin(town, &other), 0, 10);
    struct str mixed =
        arena_printf(town->arena, "%.*s%.*s", STR_ARGS(id_of_other), STR_ARGS(str_slice(cookie, 10, cookie.len)));
    assert_null(open_by(town, mixed));
    assert_null(open_by(town, STR_NONE));
    assert_null(open_by(town, STR("")));
    assert_null(open_in(town, &town->others, cookie));
    for (size_t i = 0; i < cookie.len; i++) {
        struct str changed = arena_str(town->arena, cookie);
        ((char *)changed.ptr)[i] = cookie.ptr[i] == 'x' ? 'y' : 'x';
        assert_null(open_by(town, changed));
    }
}

static void an_idle_session_ends_and_a_used_one_lives_on(void **state)
{
    struct town *town = *state;
    struct session_draft draft = {0};
    struct str cookie = begin(town, &draft);
    town->now = TOWN_NOW + SESSION_TOUCH_SECONDS - 1;
    assert_false(open_by(town, cookie)->is_stale);
    town->now = TOWN_NOW + SESSION_TOUCH_SECONDS;
    assert_true(open_by(town, cookie)->is_stale);
    town->now = TOWN_NOW + town->people.session_idle_seconds - 1;
    assert_non_null(open_by(town, cookie));
    town->now++;
    assert_null(open_by(town, cookie));
}

static enum outcome touch(struct town *town, struct store_tx *tx, void *subject)
{
    return session_touch(tx, ((struct session_draft *)subject)->handle.id, town->now);
}

static void no_use_prolongs_it_beyond_its_end(void **state)
{
    struct town *town = *state;
    struct session_draft draft = {0};
    struct str cookie = begin(town, &draft);
    while (town->now < TOWN_NOW + town->people.session_lifetime_seconds - 1800) {
        town->now += 1800;
        assert_int_equal(town_run(town, touch, &draft), OK);
        assert_non_null(open_by(town, cookie));
    }
    town->now = TOWN_NOW + town->people.session_lifetime_seconds - 1;
    assert_non_null(open_by(town, cookie));
    town->now++;
    assert_null(open_by(town, cookie));
}

/* A cookie from before the second step is worth nothing after it, and the step makes no session younger. */
static void a_step_more_makes_a_new_session_with_the_old_ones_end(void **state)
{
    struct town *town = *state;
    struct session_draft first = {.factors = FACTOR_PASSWORD};
    struct str old = begin(town, &first);
    town->now += 600;
    struct session_draft second = {
        .factors = FACTOR_PASSWORD | FACTOR_TOTP, .ended_id = first.handle.id, .authenticated_at = TOWN_NOW};
    struct str cookie = begin(town, &second);
    assert_null(open_by(town, old));
    struct session *session = open_by(town, cookie);
    assert_int_equal(session->row->authenticated_at, TOWN_NOW);
    assert_int_equal(session->row->expires_at, TOWN_NOW + town->people.session_lifetime_seconds);
    assert_true(session_has_second_factor(session));
    assert_false(session_has_second_factor(&(struct session){.row = &(struct session_row){.factors = 1}}));
}

static enum outcome set_row(struct town *town, struct store_tx *tx, void *subject)
{
    (void)town;
    return user_update(tx, subject);
}

static void a_session_ends_with_its_user(void **state)
{
    struct town *town = *state;
    struct session_draft draft = {0};
    struct str cookie = begin(town, &draft);
    struct user_row *ann = town_user(town, town->ann);
    ann->disabled_at = town->now;
    assert_int_equal(town_run(town, set_row, ann), OK);
    assert_null(open_by(town, cookie));
}

static void a_user_agent_is_cut_and_must_be_text(void **state)
{
    struct town *town = *state;
    char *bytes = arena_alloc(town->arena, USER_AGENT_MAX + 100);
    memset(bytes, 'x', USER_AGENT_MAX + 99);
    struct session_draft draft = {.user_agent = {bytes, USER_AGENT_MAX + 99}};
    assert_int_equal(open_by(town, begin(town, &draft))->row->user_agent.len, USER_AGENT_MAX);
    draft = (struct session_draft){.user_agent = STR("\xff\xfe")};
    assert_int_equal(open_by(town, begin(town, &draft))->row->user_agent.len, 0);
}

struct ending {
    int64_t user_id;
    int64_t session_id;
    bool is_found;
};

static enum outcome end_step(struct town *town, struct store_tx *tx, void *subject)
{
    struct ending *ending = subject;
    return session_end(tx, town->arena, ending->user_id, ending->session_id, &ending->is_found);
}

static void one_ends_ones_own_sessions_only(void **state)
{
    struct town *town = *state;
    struct session_draft draft = {0};
    struct str cookie = begin(town, &draft);
    struct ending ending = {town->bob, draft.handle.id, true};
    assert_int_equal(town_run(town, end_step, &ending), OK);
    assert_false(ending.is_found);
    assert_non_null(open_by(town, cookie));
    ending.user_id = town->ann;
    assert_int_equal(town_run(town, end_step, &ending), OK);
    assert_true(ending.is_found);
    assert_null(open_by(town, cookie));
    assert_int_equal(town_run(town, end_step, &ending), OK);
    assert_false(ending.is_found);
}

static enum outcome ticket_step(struct town *town, struct store_tx *tx, void *subject)
{
    return ticket_begin(tx, town->arena, subject, town->now);
}

static struct str begin_ticket(struct town *town, enum ticket_purpose purpose, struct str content)
{
    struct ticket_draft draft = {.purpose = purpose, .user_id = town->ann, .content = content};
    handle_draw(town->arena, &draft.handle);
    assert_int_equal(town_run(town, ticket_step, &draft), OK);
    return handle_write(town->arena, HANDLE_TICKET, &draft.handle);
}

static struct ticket *read_ticket(struct town *town, enum ticket_purpose purpose, struct str text)
{
    struct ticket *ticket;
    assert_int_equal(ticket_read(town_reader(town), town->arena, &town->people, purpose, text, town->now, &ticket),
                     OK);
    return ticket;
}

static void a_ticket_does_one_thing_for_a_while(void **state)
{
    struct town *town = *state;
    struct str confirm = begin_ticket(town, TICKET_CONFIRM_EMAIL, STR("new@example.com"));
    struct str reset = begin_ticket(town, TICKET_RESET_PASSWORD, STR_NONE);
    assert_true(str_equal(read_ticket(town, TICKET_CONFIRM_EMAIL, confirm)->row->content, STR("new@example.com")));
    assert_int_equal(read_ticket(town, TICKET_RESET_PASSWORD, reset)->user->id, town->ann);
    assert_null(read_ticket(town, TICKET_RESET_PASSWORD, confirm));
    assert_null(read_ticket(town, TICKET_CONFIRM_EMAIL, reset));
    town->now = TOWN_NOW + TICKET_RESET_SECONDS - 1;
    assert_non_null(read_ticket(town, TICKET_RESET_PASSWORD, reset));
    town->now++;
    assert_null(read_ticket(town, TICKET_RESET_PASSWORD, reset));
    town->now = TOWN_NOW + TICKET_CONFIRM_SECONDS - 1;
    assert_non_null(read_ticket(town, TICKET_CONFIRM_EMAIL, confirm));
    town->now++;
    assert_null(read_ticket(town, TICKET_CONFIRM_EMAIL, confirm));
}

static void a_later_ticket_takes_the_place_of_an_earlier_one(void **state)
{
    struct town *town = *state;
    struct str first = begin_ticket(town, TICKET_RESET_PASSWORD, STR_NONE);
    struct str second = begin_ticket(town, TICKET_RESET_PASSWORD, STR_NONE);
    assert_null(read_ticket(town, TICKET_RESET_PASSWORD, first));
    assert_non_null(read_ticket(town, TICKET_RESET_PASSWORD, second));
}

/* Else whoever reads old mails could undo what the owner has done since. */
static void a_new_password_or_address_ends_the_links_for_the_old_one(void **state)
{
    struct town *town = *state;
    struct user_row *ann = town_user(town, town->ann);
    struct str reset = begin_ticket(town, TICKET_RESET_PASSWORD, STR_NONE);
    ann->password_hash = STR("");
    assert_int_equal(town_run(town, set_row, ann), OK);
    assert_null(read_ticket(town, TICKET_RESET_PASSWORD, reset));
    reset = begin_ticket(town, TICKET_RESET_PASSWORD, STR_NONE);
    assert_non_null(read_ticket(town, TICKET_RESET_PASSWORD, reset));
    ann->email = STR("new@example.com");
    assert_int_equal(town_run(town, set_row, ann), OK);
    assert_null(read_ticket(town, TICKET_RESET_PASSWORD, reset));
    reset = begin_ticket(town, TICKET_RESET_PASSWORD, STR_NONE);
    ann->disabled_at = town->now;
    assert_int_equal(town_run(town, set_row, ann), OK);
    assert_null(read_ticket(town, TICKET_RESET_PASSWORD, reset));
}

static void a_changed_ticket_opens_nothing(void **state)
{
    struct town *town = *state;
    struct str reset = begin_ticket(town, TICKET_RESET_PASSWORD, STR_NONE);
    struct ticket *ticket;
    for (size_t i = 0; i < reset.len; i++) {
        struct str changed = arena_str(town->arena, reset);
        ((char *)changed.ptr)[i] = reset.ptr[i] == 'x' ? 'y' : 'x';
        assert_null(read_ticket(town, TICKET_RESET_PASSWORD, changed));
    }
    assert_int_equal(
        ticket_read(town_reader(town), town->arena, &town->others, TICKET_RESET_PASSWORD, reset, town->now, &ticket),
        OK);
    assert_null(ticket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOWN_TEST(a_cookie_opens_its_session),
        TOWN_TEST(nothing_else_opens_it),
        TOWN_TEST(an_idle_session_ends_and_a_used_one_lives_on),
        TOWN_TEST(no_use_prolongs_it_beyond_its_end),
        TOWN_TEST(a_step_more_makes_a_new_session_with_the_old_ones_end),
        TOWN_TEST(a_session_ends_with_its_user),
        TOWN_TEST(a_user_agent_is_cut_and_must_be_text),
        TOWN_TEST(one_ends_ones_own_sessions_only),
        TOWN_TEST(a_ticket_does_one_thing_for_a_while),
        TOWN_TEST(a_later_ticket_takes_the_place_of_an_earlier_one),
        TOWN_TEST(a_new_password_or_address_ends_the_links_for_the_old_one),
        TOWN_TEST(a_changed_ticket_opens_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
