#include "identity/user.h"

#include "base/arena.h"
#include "identity/common_password.h"
#include "identity/policy.h"
#include "store/store.h"
#include "store/tokens.h"

static const struct {
    struct str name, text;
} problems[PERSON_PROBLEM_COUNT] = {
#define PERSON_ROW(name, text) [PERSON_##name] = {STR_INIT(#name), STR_INIT(text)},
    PERSON_PROBLEMS(PERSON_ROW)
#undef PERSON_ROW
};

struct str person_problem_name(enum person_problem problem)
{
    return problems[problem].name;
}

struct str person_problem_text(enum person_problem problem)
{
    return problems[problem].text;
}

static enum outcome refuse(struct person_step *step, enum person_problem problem)
{
    step->problem = problem;
    return REFUSED;
}

#define REQUIRE(step, holds, name)                                                                                   \
    do {                                                                                                             \
        if (!(holds))                                                                                                \
            return refuse((step), PERSON_##name);                                                                    \
    } while (0)

struct str username_fold(struct arena *arena, struct str username)
{
    char *room = arena_alloc(arena, username.len + 1);
    for (size_t i = 0; i < username.len; i++) {
        char byte = username.ptr[i];
        room[i] = (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
    }
    return (struct str){room, username.len};
}

static bool is_name_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '-';
}

/* As a label of a host name: it may become one. [RFC1123 2.1] */
static bool is_slug(struct str text, size_t max)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_name_byte(text.ptr[i]) || text.ptr[i] == '.' || text.ptr[i] == '_')
            return false;
    return text.len > 0 && text.len <= max && text.ptr[0] != '-' && text.ptr[text.len - 1] != '-';
}

static bool is_text(struct str text, size_t max)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return false;
    return text.len > 0 && text.len <= max && str_is_utf8(text);
}

/* Blanks, controls and what mail headers give a meaning to have no place in one. */
static bool is_mailbox(struct str text)
{
    return is_text(text, EMAIL_MAX) && !memchr(text.ptr, ' ', text.len) && !memchr(text.ptr, '<', text.len) &&
           !memchr(text.ptr, '>', text.len) && !memchr(text.ptr, '"', text.len) && !memchr(text.ptr, ',', text.len);
}

/* A local part, one @, and labels with a dot or two between; the rest only a mail can tell. */
bool email_is_fit(struct str email)
{
    size_t at = str_find(email, '@');
    struct str host = str_slice(email, at + 1, email.len);
    struct str label;
    if (!is_mailbox(email) || at == 0 || at + 1 >= email.len || str_find(host, '@') < host.len)
        return false;
    while (str_next(&host, '.', &label))
        if (label.len == 0 || label.len > 63 || label.ptr[0] == '-')
            return false;
    return email.ptr[email.len - 1] != '.';
}

bool user_is_waiting(const struct user_row *user)
{
    return user->password_hash.len == 0 && user->email_confirmed_at == 0 && str_equal(user->username, user->email);
}

STEP user_find_typed(struct store_reader *reader, struct arena *arena, int64_t realm_id, struct str typed,
                     struct user_row **ret_user)
{
    struct user_row *named, *owner;
    TRY(user_find(reader, arena, realm_id, typed, &named));
    *ret_user = named;
    if ((named && !user_is_waiting(named)) || !email_is_fit(typed))
        return OK;
    TRY(user_find_email(reader, arena, realm_id, typed, &owner));
    /* Anybody may write another's address into an account of his own. */
    if (owner && owner->email_confirmed_at)
        *ret_user = owner;
    return OK;
}

static bool is_username(struct str username)
{
    if (username.len == 0 || username.len > USERNAME_MAX)
        return false;
    if (str_find(username, '@') < username.len)
        return email_is_fit(username);
    for (size_t i = 0; i < username.len; i++)
        if (!is_name_byte(username.ptr[i]))
            return false;
    return true;
}

static size_t count_characters(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

/* Longer ones are taken, and blanks and every sign are allowed. [NIST SP 800-63B 5.1.1.2] */
enum person_problem password_problem(const struct people_policy *people, struct str username, struct str password)
{
    struct str local = str_slice(username, 0, str_find(username, '@'));
    if (password.len > PASSWORD_MAX)
        return PERSON_password_long;
    if (!str_is_utf8(password))
        return PERSON_password_not_text;
    if (count_characters(password) < people->password_length_min)
        return PERSON_password_short;
    if (str_equal_nocase(password, username) || str_equal_nocase(password, local))
        return PERSON_password_username;
    return password_is_common(password, people->realm_name) ? PERSON_password_common : PERSON_FINE;
}

struct password_cost people_password_cost(const struct people_policy *people)
{
    return (struct password_cost){people->password_memory_bytes, people->password_iterations};
}

static STEP find_user(struct person_step *step, struct store_tx *tx, int64_t user_id, struct user_row **ret_row)
{
    struct user_row *row;
    TRY(user_find_row(store_tx_reader(tx), step->arena, user_id, &row));
    REQUIRE(step, row && row->realm_id == step->people->realm_id, user_unknown);
    *ret_row = row;
    return OK;
}

STEP user_register(struct person_step *step, struct store_tx *tx, const struct user_draft *draft, int64_t *ret_id)
{
    struct str username = username_fold(step->arena, draft->username);
    bool is_address = str_find(username, '@') < username.len;
    struct str email = str_is_empty(draft->email) && is_address ? username : draft->email;
    struct user_row *taken;
    REQUIRE(step, is_username(username), username_malformed);
    REQUIRE(step, str_is_empty(email) || email_is_fit(email), email_malformed);
    struct user_row row = {
        .realm_id = step->people->realm_id,
        .username = username,
        .display_name = str_is_empty(draft->display_name) ? username : draft->display_name,
        .email = str_is_empty(email) ? STR("") : username_fold(step->arena, email),
        .password_hash = str_is_empty(draft->password_hash) ? STR("") : draft->password_hash,
        .roles = draft->roles,
        .totp_key = STR(""),
        .created_at = step->now,
        .email_confirmed_at = draft->is_email_confirmed ? step->now : 0,
    };
    REQUIRE(step, is_text(row.display_name, DISPLAY_NAME_MAX), display_name_malformed);
    REQUIRE(step, str_is_empty(row.password_hash) || password_is_hash(row.password_hash), password_hash_unknown);
    TRY(user_find(store_tx_reader(tx), step->arena, row.realm_id, username, &taken));
    REQUIRE(step, !taken, username_taken);
    return user_insert(tx, &row, ret_id);
}

STEP user_change_password(struct person_step *step, struct store_tx *tx, int64_t user_id, struct str password_hash,
                          int64_t kept_session_id)
{
    struct user_row *row;
    REQUIRE(step, password_is_hash(password_hash), password_hash_unknown);
    TRY(find_user(step, tx, user_id, &row));
    row->password_hash = password_hash;
    TRY(user_update(tx, row));
    TRY(ticket_delete_of_user(tx, user_id));
    return session_delete_others(tx, user_id, kept_session_id);
}

STEP user_rename(struct person_step *step, struct store_tx *tx, int64_t user_id, struct str display_name)
{
    struct user_row *row;
    REQUIRE(step, is_text(display_name, DISPLAY_NAME_MAX), display_name_malformed);
    TRY(find_user(step, tx, user_id, &row));
    row->display_name = display_name;
    return user_update(tx, row);
}

STEP user_change_email(struct person_step *step, struct store_tx *tx, int64_t user_id, struct str email)
{
    struct user_row *row;
    REQUIRE(step, email_is_fit(email), email_malformed);
    TRY(find_user(step, tx, user_id, &row));
    row->email = username_fold(step->arena, email);
    row->email_confirmed_at = step->now;
    return user_update(tx, row);
}

STEP user_change_roles(struct person_step *step, struct store_tx *tx, int64_t user_id, unsigned roles)
{
    struct user_row *row;
    TRY(find_user(step, tx, user_id, &row));
    row->roles = roles;
    return user_update(tx, row);
}

STEP user_disable(struct person_step *step, struct store_tx *tx, int64_t user_id)
{
    struct user_row *row;
    TRY(find_user(step, tx, user_id, &row));
    if (row->disabled_at == 0) {
        row->disabled_at = step->now;
        TRY(user_update(tx, row));
    }
    return session_delete_others(tx, user_id, 0);
}

STEP user_enable(struct person_step *step, struct store_tx *tx, int64_t user_id)
{
    struct user_row *row;
    TRY(find_user(step, tx, user_id, &row));
    row->disabled_at = 0;
    return user_update(tx, row);
}

STEP instance_register(struct person_step *step, struct store_tx *tx, struct str name, struct str title,
                       int64_t *ret_id)
{
    struct instance_row *taken;
    struct instance_row row = {.realm_id = step->people->realm_id,
                               .name = name,
                               .title = str_is_empty(title) ? name : title,
                               .created_at = step->now};
    REQUIRE(step, is_slug(name, INSTANCE_NAME_MAX) && is_text(row.title, INSTANCE_TITLE_MAX), instance_malformed);
    TRY(instance_find(store_tx_reader(tx), step->arena, row.realm_id, name, &taken));
    REQUIRE(step, !taken, instance_taken);
    return instance_insert(tx, &row, ret_id);
}

static STEP find_both(struct person_step *step, struct store_tx *tx, int64_t user_id, int64_t instance_id)
{
    struct user_row *user;
    struct instance_row *instance;
    TRY(find_user(step, tx, user_id, &user));
    TRY(instance_find_row(store_tx_reader(tx), step->arena, instance_id, &instance));
    REQUIRE(step, instance && instance->realm_id == step->people->realm_id, instance_unknown);
    return OK;
}

STEP user_join(struct person_step *step, struct store_tx *tx, int64_t user_id, int64_t instance_id, struct str role)
{
    struct str name = str_is_empty(role) ? STR("member") : role;
    REQUIRE(step, is_slug(name, MEMBER_ROLE_MAX), role_malformed);
    TRY(find_both(step, tx, user_id, instance_id));
    return membership_put(tx, user_id, instance_id, name);
}

STEP user_leave(struct person_step *step, struct store_tx *tx, int64_t user_id, int64_t instance_id)
{
    bool was_member;
    TRY(find_both(step, tx, user_id, instance_id));
    TRY(membership_delete(tx, user_id, instance_id, &was_member));
    REQUIRE(step, was_member, not_a_member);
    return grant_revoke_of_user(tx, user_id, 0, instance_id, step->now);
}
