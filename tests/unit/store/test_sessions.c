/*
 * Sessions, tickets and mails, and how what is over leaves. Limits of time from both sides.
 */
#include "fixture.h"

#include "store/people.h"

#define NOW  INT64_C(1790000000)
#define HOUR 3600

#define ADA 7
#define BOB 8

static enum outcome insert_session(struct store_tx *tx, void *subject)
{
    struct session_row *row = subject;
    row->id = store_tx_token_id(tx, row->authenticated_at);
    return session_insert(tx, row);
}

static struct session_row plain_session(int64_t user_id, int64_t expires_at)
{
    struct session_row row = {
        .user_id = user_id, .factors = FACTOR_PASSWORD, .authenticated_at = NOW, .expires_at = expires_at};
    memset(row.secret_hash.bytes, 0x5e, DIGEST_LEN);
    return row;
}

static void add_session(struct fixture *fixture, struct session_row *row)
{
    assert_int_equal(write_rows(fixture->store, insert_session, row), OK);
}

static struct session_row *find_session(struct fixture *fixture, int64_t id)
{
    struct session_row *row = NULL;
    assert_int_equal(session_find(fixture->reader, fixture->arena, id, &row), OK);
    return row;
}

static void assert_same_session(const struct session_row *found, const struct session_row *written)
{
    assert_non_null(found);
    assert_int_equal(found->id, written->id);
    assert_true(digest_equal(&found->secret_hash, &written->secret_hash));
    assert_int_equal(found->user_id, written->user_id);
    assert_int_equal(found->factors, written->factors);
    assert_int_equal(found->authenticated_at, written->authenticated_at);
    assert_int_equal(found->seen_at, written->seen_at);
    assert_int_equal(found->expires_at, written->expires_at);
    assert_true(str_equal(found->client_address, written->client_address));
    assert_true(str_equal(found->user_agent, written->user_agent));
}

static void find_a_session_as_it_was_written(void **state)
{
    struct fixture *fixture = *state;
    struct session_row rows[] = {plain_session(ADA, NOW + HOUR), plain_session(BOB, NOW + 2 * HOUR)};
    rows[1].factors = FACTOR_PASSWORD | FACTOR_PASSKEY;
    rows[1].seen_at = NOW + 3;
    rows[1].client_address = STR("2001:db8::1");
    rows[1].user_agent = STR("Mozilla/5.0 (X11; Linux x86_64)");
    for (size_t i = 0; i < 2; i++) {
        add_session(fixture, &rows[i]);
        assert_same_session(find_session(fixture, rows[i].id), &rows[i]);
        assert_null(find_session(fixture, rows[i].id + 1));
    }
}

static enum outcome touch_session(struct store_tx *tx, void *subject)
{
    const struct session_row *row = subject;
    return session_touch(tx, row->id, row->seen_at);
}

static void note_when_a_session_was_seen_last_and_never_an_earlier_time(void **state)
{
    struct fixture *fixture = *state;
    struct session_row row = plain_session(ADA, NOW + HOUR);
    static const struct {
        int64_t seen_at, noted_at;
    } uses[] = {{NOW + 5, NOW + 5}, {NOW + 4, NOW + 5}, {NOW + 6, NOW + 6}};
    add_session(fixture, &row);
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        row.seen_at = uses[i].seen_at;
        assert_int_equal(write_rows(fixture->store, touch_session, &row), OK);
        assert_int_equal(find_session(fixture, row.id)->seen_at, uses[i].noted_at);
    }
}

static void list_the_live_sessions_of_a_user_newest_first(void **state)
{
    struct fixture *fixture = *state;
    struct session_row rows[] = {plain_session(ADA, NOW + HOUR), plain_session(ADA, NOW + 2 * HOUR),
                                 plain_session(BOB, NOW + HOUR), plain_session(ADA, NOW + HOUR)};
    struct session_row *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < 4; i++)
        add_session(fixture, &rows[i]);
    assert_int_equal(session_list(fixture->reader, fixture->arena, ADA, NOW + HOUR - 1, 10, &found, &count), OK);
    assert_int_equal(count, 3);
    assert_same_session(&found[0], &rows[3]);
    assert_same_session(&found[2], &rows[0]);
    assert_int_equal(session_list(fixture->reader, fixture->arena, ADA, NOW + HOUR, 10, &found, &count), OK);
    assert_int_equal(count, 1);
    assert_same_session(&found[0], &rows[1]);
    assert_int_equal(session_list(fixture->reader, fixture->arena, ADA, NOW, 2, &found, &count), OK);
    assert_int_equal(count, 2);
}

static enum outcome delete_session(struct store_tx *tx, void *subject)
{
    return session_delete(tx, *(int64_t *)subject);
}

struct ending {
    int64_t user_id;
    int64_t kept_id;
};

static enum outcome delete_others(struct store_tx *tx, void *subject)
{
    const struct ending *ending = subject;
    return session_delete_others(tx, ending->user_id, ending->kept_id);
}

static enum outcome delete_others_and_fail(struct store_tx *tx, void *subject)
{
    TRY(delete_others(tx, subject));
    return FAILED;
}

static void end_one_session_or_all_others_of_the_user(void **state)
{
    struct fixture *fixture = *state;
    struct session_row rows[] = {plain_session(ADA, NOW + HOUR), plain_session(ADA, NOW + HOUR),
                                 plain_session(ADA, NOW + HOUR), plain_session(BOB, NOW + HOUR)};
    for (size_t i = 0; i < 4; i++)
        add_session(fixture, &rows[i]);
    struct ending ending = {ADA, rows[1].id};
    assert_int_equal(write_rows(fixture->store, delete_session, &rows[0].id), OK);
    assert_null(find_session(fixture, rows[0].id));
    assert_int_equal(write_rows(fixture->store, delete_others_and_fail, &ending), FAILED);
    assert_non_null(find_session(fixture, rows[2].id));
    assert_int_equal(write_rows(fixture->store, delete_others, &ending), OK);
    assert_non_null(find_session(fixture, rows[1].id));
    assert_null(find_session(fixture, rows[2].id));
    ending.kept_id = 0;
    assert_int_equal(write_rows(fixture->store, delete_others, &ending), OK);
    assert_null(find_session(fixture, rows[1].id));
    assert_non_null(find_session(fixture, rows[3].id));
}

static enum outcome insert_ticket(struct store_tx *tx, void *subject)
{
    struct ticket_row *row = subject;
    row->id = store_tx_token_id(tx, NOW);
    return ticket_insert(tx, row);
}

static enum outcome delete_ticket(struct store_tx *tx, void *subject)
{
    return ticket_delete(tx, *(int64_t *)subject);
}

static struct ticket_row plain_ticket(int64_t user_id, struct str purpose)
{
    struct ticket_row row = {.user_id = user_id, .purpose = purpose, .expires_at = NOW + HOUR};
    memset(row.secret_hash.bytes, 0x71, DIGEST_LEN);
    return row;
}

static struct ticket_row *find_ticket(struct fixture *fixture, int64_t id)
{
    struct ticket_row *row = NULL;
    assert_int_equal(ticket_find(fixture->reader, fixture->arena, id, &row), OK);
    return row;
}

static void find_a_ticket_until_it_is_used(void **state)
{
    struct fixture *fixture = *state;
    struct ticket_row rows[] = {plain_ticket(ADA, STR("reset_password")), plain_ticket(ADA, STR("confirm_email"))};
    rows[1].content = STR("ada@example.org");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(write_rows(fixture->store, insert_ticket, &rows[i]), OK);
        struct ticket_row *row = find_ticket(fixture, rows[i].id);
        assert_non_null(row);
        assert_int_equal(row->id, rows[i].id);
        assert_true(digest_equal(&row->secret_hash, &rows[i].secret_hash));
        assert_int_equal(row->user_id, ADA);
        assert_true(str_equal(row->purpose, rows[i].purpose));
        assert_true(str_equal(row->content, rows[i].content));
        assert_int_equal(row->expires_at, NOW + HOUR);
    }
    assert_int_equal(write_rows(fixture->store, delete_ticket, &rows[0].id), OK);
    assert_null(find_ticket(fixture, rows[0].id));
    assert_non_null(find_ticket(fixture, rows[1].id));
}

static void let_a_ticket_take_the_place_of_earlier_ones_for_the_same_purpose(void **state)
{
    struct fixture *fixture = *state;
    struct ticket_row rows[] = {plain_ticket(ADA, STR("reset_password")), plain_ticket(BOB, STR("reset_password")),
                                plain_ticket(ADA, STR("confirm_email")), plain_ticket(ADA, STR("reset_password"))};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(write_rows(fixture->store, insert_ticket, &rows[i]), OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(find_ticket(fixture, rows[i].id) != NULL, i != 0);
}

static enum outcome insert_mail(struct store_tx *tx, void *subject)
{
    return mail_insert(tx, subject);
}

static enum outcome delete_mail(struct store_tx *tx, void *subject)
{
    return mail_delete(tx, ((struct mail_row *)subject)->id);
}

static enum outcome postpone_mail(struct store_tx *tx, void *subject)
{
    const struct mail_row *row = subject;
    return mail_postpone(tx, row->id, row->due_at);
}

static struct mail_row *find_due(struct fixture *fixture, int64_t now)
{
    struct mail_row *row = NULL;
    assert_int_equal(mail_find_due(fixture->reader, fixture->arena, now, &row), OK);
    return row;
}

static void add_mail(struct fixture *fixture, struct str recipient, int64_t due_at)
{
    struct mail_row row = {.realm_id = 1,
                           .recipient = recipient,
                           .subject = STR("Gr\xc3\xbc\xc3\x9f"
                                          "e"),
                           .body = STR("one\ntwo\n"),
                           .created_at = NOW,
                           .due_at = due_at};
    assert_int_equal(write_rows(fixture->store, insert_mail, &row), OK);
}

static void hand_out_mails_in_the_order_in_which_they_are_due(void **state)
{
    struct fixture *fixture = *state;
    add_mail(fixture, STR("late@example.com"), NOW + 20);
    add_mail(fixture, STR("early@example.com"), NOW + 10);
    add_mail(fixture, STR("later@example.com"), NOW + 20);
    assert_null(find_due(fixture, NOW + 9));

    struct mail_row *row = find_due(fixture, NOW + 10);
    assert_non_null(row);
    assert_int_equal(row->realm_id, 1);
    assert_true(str_equal(row->recipient, STR("early@example.com")));
    assert_true(str_equal(row->subject, STR("Gr\xc3\xbc\xc3\x9f"
                                            "e")));
    assert_true(str_equal(row->body, STR("one\ntwo\n")));
    assert_int_equal(row->created_at, NOW);
    assert_int_equal(row->due_at, NOW + 10);
    assert_int_equal(row->attempt_count, 0);

    row->due_at = NOW + 30;
    assert_int_equal(write_rows(fixture->store, postpone_mail, row), OK);
    row = find_due(fixture, NOW + 30);
    assert_true(str_equal(row->recipient, STR("late@example.com")));
    assert_int_equal(write_rows(fixture->store, delete_mail, row), OK);
    row = find_due(fixture, NOW + 30);
    assert_true(str_equal(row->recipient, STR("later@example.com")));
    assert_int_equal(write_rows(fixture->store, delete_mail, row), OK);
    assert_null(find_due(fixture, NOW + 29));
    row = find_due(fixture, NOW + 30);
    assert_true(str_equal(row->recipient, STR("early@example.com")));
    assert_int_equal(row->attempt_count, 1);
}

struct sweeping {
    int64_t now;
    size_t max;
    size_t deleted_count;
};

static enum outcome sweep_people(struct store_tx *tx, void *subject)
{
    struct sweeping *sweeping = subject;
    return people_sweep(tx, sweeping->now, sweeping->max, &sweeping->deleted_count);
}

static size_t sweep(struct fixture *fixture, int64_t now, size_t max)
{
    struct sweeping sweeping = {.now = now, .max = max};
    assert_int_equal(write_rows(fixture->store, sweep_people, &sweeping), OK);
    return sweeping.deleted_count;
}

static void remove_sessions_and_tickets_when_they_are_over_and_not_before(void **state)
{
    struct fixture *fixture = *state;
    struct session_row over = plain_session(ADA, NOW + HOUR), live = plain_session(ADA, NOW + HOUR + 1);
    struct ticket_row ticket = plain_ticket(ADA, STR("reset_password"));
    add_session(fixture, &live);
    add_session(fixture, &over);
    assert_int_equal(write_rows(fixture->store, insert_ticket, &ticket), OK);
    add_mail(fixture, STR("ada@example.com"), NOW); /* leaves when it is sent */
    assert_int_equal(sweep(fixture, NOW + HOUR - 1, 100), 0);
    assert_non_null(find_session(fixture, over.id));
    assert_non_null(find_ticket(fixture, ticket.id));
    assert_int_equal(sweep(fixture, NOW + HOUR, 100), 2);
    assert_null(find_session(fixture, over.id));
    assert_null(find_ticket(fixture, ticket.id));
    assert_non_null(find_session(fixture, live.id));
    assert_int_equal(sweep(fixture, NOW + HOUR, 100), 0);
    assert_non_null(find_due(fixture, NOW + HOUR));
}

static enum outcome insert_many(struct store_tx *tx, void *subject)
{
    (void)subject;
    for (int i = 0; i < 5; i++) {
        struct session_row session = plain_session(ADA, NOW + i);
        struct ticket_row ticket = plain_ticket(ADA + i, STR("reset_password"));
        struct code_row code = {
            .id = store_tx_token_id(tx, NOW), .client_id = 1, .grant_id = 1, .expires_at = NOW, .forget_at = NOW};
        memset(code.submission.bytes, i, DIGEST_LEN);
        TRY(insert_session(tx, &session));
        TRY(insert_ticket(tx, &ticket));
        TRY(code_insert(tx, &code));
    }
    return OK;
}

static void remove_no_more_rows_at_once_than_asked(void **state)
{
    struct fixture *fixture = *state;
    static const size_t deleted_counts[] = {4, 4, 4, 3, 0};
    int64_t left = 15;
    assert_int_equal(write_rows(fixture->store, insert_many, NULL), OK);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(sweep(fixture, NOW + HOUR, 4), deleted_counts[i]);
        left -= (int64_t)deleted_counts[i];
        assert_int_equal(ask(fixture->path, "SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM tickets)"
                                            " + (SELECT count(*) FROM codes)"),
                         left);
    }
}

static enum outcome insert_code(struct store_tx *tx, void *subject)
{
    struct code_row *row = subject;
    row->id = store_tx_token_id(tx, NOW);
    return code_insert(tx, row);
}

static void lose_the_reservation(struct fixture *fixture)
{
    shut(fixture);
    change(fixture->path, "UPDATE token_ids SET reserved_until = 0");
    reopen(fixture);
}

/* Should the reservation be lost, the ends of the tables tell which ids were given. */
static void not_give_the_id_of_a_session_a_ticket_or_a_code_again(void **state)
{
    struct fixture *fixture = *state;
    struct session_row session = plain_session(ADA, NOW + HOUR);
    struct ticket_row ticket = plain_ticket(ADA, STR("reset_password"));
    struct code_row code = {.client_id = 1, .grant_id = 1, .expires_at = NOW, .forget_at = NOW};
    add_session(fixture, &session);
    lose_the_reservation(fixture);
    assert_int_equal(write_rows(fixture->store, insert_ticket, &ticket), OK);
    assert_true(ticket.id > session.id);
    lose_the_reservation(fixture);
    assert_int_equal(write_rows(fixture->store, insert_code, &code), OK);
    assert_true(code.id > ticket.id);
    lose_the_reservation(fixture);
    assert_true(add_token(fixture, NOW, 1, 0, 0) > code.id);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(find_a_session_as_it_was_written),
        IN_STORE(note_when_a_session_was_seen_last_and_never_an_earlier_time),
        IN_STORE(list_the_live_sessions_of_a_user_newest_first),
        IN_STORE(end_one_session_or_all_others_of_the_user),
        IN_STORE(find_a_ticket_until_it_is_used),
        IN_STORE(let_a_ticket_take_the_place_of_earlier_ones_for_the_same_purpose),
        IN_STORE(hand_out_mails_in_the_order_in_which_they_are_due),
        IN_STORE(remove_sessions_and_tickets_when_they_are_over_and_not_before),
        IN_STORE(remove_no_more_rows_at_once_than_asked),
        IN_STORE(not_give_the_id_of_a_session_a_ticket_or_a_code_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
