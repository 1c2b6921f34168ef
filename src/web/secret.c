#include "web/secret.h"

#include "base/arena.h"
#include "crypto/password.h"
#include "http/message.h"
#include "identity/policy.h"
#include "identity/session.h"
#include "identity/user.h"
#include "oauth/realm.h"
#include "web/say.h"
#include "web/visit.h"

void secret_refuse(struct visit *visit, const struct secret *secret, const char *field)
{
    const struct sign_in *current = &secret->current;
    if (current->verdict == SIGN_IN_DELAYED) {
        visit->status = 429;
        response_header_add(visit->exchange, STR("Retry-After"), arena_decimal(visit->arena, current->wait_seconds));
        visit_set_text(visit, "lifetime", say_duration(visit, current->wait_seconds));
        visit_add_problem(visit, field, WORD_word_sign_in_delayed);
        return;
    }
    sign_in_log(current, visit->exchange->id);
    visit->status = 403;
    visit_add_problem(visit, field, WORD_word_password_wrong);
}

bool secret_ask_current(struct visit *visit, struct secret *secret, const char *field, bool *ret_is_answered)
{
    struct sign_in *current = &secret->current;
    *ret_is_answered = false;
    *current = (struct sign_in){
        .arena = visit->arena,
        .people = &visit->place->realm->people,
        .now = visit->exchange->now,
        .username = visit->session->user->username,
        .password = visit_field(visit, "password"),
        .client_address = visit->exchange->request.client_address,
        .device = cookie_read(&visit->place->device, visit->exchange),
    };
    if (current->password.len == 0) {
        visit_add_problem(visit, field, WORD_word_password_missing);
        return false;
    }
    if (sign_in_prepare(current, visit_reader(visit)) != OK) {
        *ret_is_answered = true;
        visit_fail_for_now(visit);
        return false;
    }
    if (current->verdict == SIGN_IN_UNDECIDED)
        return true;
    secret_refuse(visit, secret, field);
    return false;
}

static enum word find_word(enum person_problem problem)
{
    switch (problem) {
    case PERSON_password_long:
        return WORD_word_password_long;
    case PERSON_password_username:
        return WORD_word_password_username;
    case PERSON_password_common:
        return WORD_word_password_common;
    default:
        return WORD_word_password_short;
    }
}

void secret_ask_fresh(struct visit *visit, struct secret *secret, const char *field, struct str username)
{
    secret->fresh = visit_field(visit, field);
    secret->current.arena = visit->arena;
    secret->current.people = &visit->place->realm->people;
    enum person_problem problem = password_problem(secret->current.people, username, secret->fresh);
    if (problem != PERSON_FINE)
        visit_add_problem(visit, field, find_word(problem));
}

enum outcome secret_prove(struct secret *secret)
{
    const struct people_policy *people = secret->current.people;
    struct password_cost cost = people_password_cost(people);
    if (str_is_present(secret->current.username)) {
        sign_in_prove(&secret->current);
        if (secret->current.verdict != SIGN_IN_FITS)
            return REFUSED;
    }
    if (!str_is_present(secret->fresh))
        return OK;
    secret->fresh_hash = password_hash(secret->current.arena, secret->fresh, &cost);
    return str_is_present(secret->fresh_hash) ? OK : FAILED;
}

enum outcome secret_apply(struct secret *secret, struct store_tx *tx)
{
    if (!str_is_present(secret->current.username))
        return OK;
    TRY(sign_in_apply(&secret->current, tx));
    return secret->current.verdict == SIGN_IN_FITS ? OK : REFUSED;
}
