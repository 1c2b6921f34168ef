/*
 * passkey.c — signing in with a passkey, and adding and removing them.
 *
 * The only part of the site that needs a script (web/static/passkey.js): browsers ask for passkeys by no other way.
 *
 * Specs: WebAuthn Level 2 §7.1, §7.2.
 */
#include "identity/passkey.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "http/message.h"
#include "identity/session.h"
#include "oauth/realm.h"
#include "web/errand.h"
#include "web/passkey.h"
#include "web/say.h"
#include "web/site_parts.h"
#include "web/tally.h"

/* Ids of all of a user's passkeys, in base64url, with blanks between. */
#define KNOWN_MAX (PASSKEYS_PER_USER_MAX * 1400)

struct key {
    struct person_step person;
    struct session_draft draft;
    struct passkey_proof proof; /* of one that signs in */
    struct passkey_row row;     /* of one that is added */
    int64_t removed_id;
};

static struct passkey_place place_of(const struct visit *visit)
{
    struct str origin = visit->place->origin;
    struct str authority = str_slice(origin, str_find(origin, ':') + STR("://").len, origin.len);
    return (struct passkey_place){
        .people = &visit->place->realm->people,
        .origin = origin,
        .rp_id = str_slice(authority, 0, str_find(authority, ':')),
        .cookie = visit->browser,
    };
}

static struct key *create_key(struct visit *visit)
{
    struct key *key = arena_new(visit->arena, struct key);
    key->person = (struct person_step){visit->arena, &visit->place->realm->people, visit->exchange->now, PERSON_FINE};
    visit->own = key;
    return key;
}

static void log_passkey(const struct visit *visit, enum log_level level, const char *event, struct str username)
{
    log_event(level, event, log_text("exchange", visit->exchange->id), log_text("realm", visit->place->realm->name),
              log_text("username", username), log_text("client_address", visit->exchange->request.client_address));
}

/* What the script hands to the browser. `user_id` 0: whoever it will be. */
static void describe(struct visit *visit, enum passkey_purpose purpose, int64_t user_id, struct str known)
{
    json_t *model = json_object();
    /* It makes the browser known, which the challenge is bound to. */
    json_object_set_new(model, "form", json_of_str(visit_make_form(visit, "passkey")));
    const struct passkey_place place = place_of(visit);
    struct str challenge = passkey_challenge(visit->arena, &place, purpose, user_id, visit->exchange->now);
    json_object_set_new(model, "challenge", json_of_str(challenge));
    json_object_set_new(model, "rp_id", json_of_str(place.rp_id));
    json_object_set_new(model, "known", json_of_str(known));
    if (purpose == PASSKEY_TO_REGISTER)
        json_object_set_new(model, "user_id", json_of_str(passkey_user_handle(visit->arena, place.people, user_id)));
    visit_set(visit, "passkey", model);
    visit->has_script = true;
}

static STEP list_own(struct visit *visit, struct passkey_row **ret_rows, size_t *ret_count, struct str *ret_known)
{
    struct buf known;
    TRY(passkey_list(visit_reader(visit), visit->arena, visit->session->user->id, ret_rows, ret_count));
    buf_init(&known, visit->arena, KNOWN_MAX);
    for (size_t i = 0; i < *ret_count; i++) {
        if (i)
            buf_add_char(&known, ' ');
        buf_add(&known, (*ret_rows)[i].credential_id);
    }
    *ret_known = buf_str(&known);
    return OK;
}

void passkey_offer(struct visit *visit)
{
    describe(visit, PASSKEY_TO_SIGN_IN, 0, STR(""));
}

void passkey_offer_own(struct visit *visit)
{
    struct passkey_row *rows;
    struct str known;
    size_t count;
    if (list_own(visit, &rows, &count, &known) == OK && count)
        describe(visit, PASSKEY_TO_SIGN_IN, visit->session->user->id, known);
}

static json_t *describe_row(struct visit *visit, const struct passkey_row *row)
{
    json_t *model = json_pack("{s:I, s:o, s:o}", "id", (json_int_t)row->id, "label", json_of_str(row->label), "since",
                              json_of_str(say_day(visit, row->created_at)));
    if (row->last_used_at)
        json_object_set_new(model, "used", json_of_str(say_day(visit, row->last_used_at)));
    return model;
}

enum outcome passkey_describe(struct visit *visit)
{
    struct passkey_row *rows;
    struct str known;
    size_t count;
    json_t *list = json_array();
    visit_set(visit, "passkeys", list);
    TRY(list_own(visit, &rows, &count, &known));
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, describe_row(visit, &rows[i]));
    visit_set_text(visit, "device", say_device(visit, request_header(visit->exchange, "User-Agent")));
    describe(visit, PASSKEY_TO_REGISTER, visit->session->user->id, known);
    return OK;
}

/* Signing in */

static void show_refused(struct visit *visit)
{
    log_passkey(visit, LOG_WARNING, "passkey_failed", STR("(unknown)"));
    tally_add(visit->place->tally, TALLY_SIGN_IN_WRONG);
    visit->status = 403;
    visit_add_problem(visit, NULL, WORD_word_passkey_refused);
    if (visit->session && visit->need == FACTOR_TO_SHOW)
        factor_show(visit);
    else
        sign_in_show(visit);
}

static enum outcome use_passkey(struct visit *visit, struct store_tx *tx)
{
    struct key *key = visit->own;
    TRY(passkey_apply(&key->person, tx, &key->proof));
    return session_begin(tx, key->person.people, &key->draft, visit->exchange->now);
}

static void answer_passkey(struct visit *visit, enum outcome outcome)
{
    const struct key *key = visit->own;
    if (outcome == FAILED) {
        visit_fail_for_now(visit);
        return;
    }
    if (outcome == REFUSED) {
        show_refused(visit);
        return;
    }
    log_passkey(visit, LOG_INFO, "passkey_shown", key->proof.user->username);
    tally_add(visit->place->tally, TALLY_SIGNED_IN);
    sign_in_finish(visit, &key->draft);
    visit_return(visit);
}

static enum outcome verify(struct visit *visit, struct key *key, int64_t user_id)
{
    const struct passkey_place place = place_of(visit);
    const struct passkey_assertion assertion = {
        .credential_id = visit_field(visit, "credential_id"),
        .client_data = visit_field(visit, "client_data"),
        .authenticator_data = visit_field(visit, "authenticator_data"),
        .signature = visit_field(visit, "signature"),
        .user_handle = visit_field(visit, "user_handle"),
    };
    return passkey_verify_assertion(&key->person, visit_reader(visit), &place, user_id, &assertion, &key->proof);
}

/* As the second step of a session it must be that user's; the session goes on then. */
static void take_passkey(struct visit *visit)
{
    static const struct errand_steps steps = {NULL, use_passkey, answer_passkey};
    bool is_second = visit->session && visit->need == FACTOR_TO_SHOW;
    struct key *key = create_key(visit);
    enum outcome outcome = verify(visit, key, is_second ? visit->session->user->id : 0);
    if (outcome == FAILED) {
        visit_fail_for_now(visit);
        return;
    }
    if (outcome == REFUSED) {
        show_refused(visit);
        return;
    }
    session_draft_fill(visit, &key->draft);
    key->draft.user_id = key->proof.user->id;
    key->draft.factors = FACTOR_PASSKEY;
    if (is_second) {
        key->draft.factors |= visit->session->row->factors;
        key->draft.authenticated_at = visit->session->row->authenticated_at;
    }
    errand_begin(visit, &steps);
}

static void show_passkey(struct visit *visit)
{
    visit_go(visit, visit_path(visit, "sign-in"));
}

/* Adding and removing */

static void refuse_passkey(struct visit *visit, enum word word)
{
    visit->status = 403;
    visit_add_problem(visit, NULL, word);
    security_show(visit);
}

/* Whoever has just shown it has it: the session goes on as one that did. */
static enum outcome add_passkey(struct visit *visit, struct store_tx *tx)
{
    struct key *key = visit->own;
    int64_t id;
    TRY(passkey_register(&key->person, tx, &key->row, &id));
    return session_begin(tx, key->person.people, &key->draft, visit->exchange->now);
}

static void answer_added(struct visit *visit, enum outcome outcome)
{
    const struct key *key = visit->own;
    if (outcome == FAILED) {
        visit_fail_for_now(visit);
    } else if (outcome == REFUSED) {
        refuse_passkey(visit, WORD_word_passkey_refused);
    } else {
        log_passkey(visit, LOG_INFO, "passkey_added", visit->session->user->username);
        sign_in_finish(visit, &key->draft);
        visit_go_done(visit, "security", "passkey-added");
    }
}

static void take_added(struct visit *visit)
{
    static const struct errand_steps steps = {NULL, add_passkey, answer_added};
    const struct session *session = visit->session;
    const struct passkey_place place = place_of(visit);
    const struct passkey_registration registration = {
        .client_data = visit_field(visit, "client_data"),
        .attestation_object = visit_field(visit, "attestation_object"),
        .label = str_trim(visit_field(visit, "label")),
    };
    struct key *key = create_key(visit);
    enum outcome outcome =
        passkey_verify_registration(&key->person, &place, session->user->id, &registration, &key->row);
    if (outcome != OK) {
        refuse_passkey(visit, registration.label.len ? WORD_word_passkey_refused : WORD_word_label_missing);
        return;
    }
    session_draft_fill(visit, &key->draft);
    key->draft.user_id = session->user->id;
    key->draft.factors = session->row->factors | FACTOR_PASSKEY;
    key->draft.authenticated_at = session->row->authenticated_at;
    errand_begin(visit, &steps);
}

static enum outcome remove_passkey(struct visit *visit, struct store_tx *tx)
{
    struct key *key = visit->own;
    return passkey_remove(&key->person, tx, visit->session->user->id, key->removed_id);
}

static void answer_removed(struct visit *visit, enum outcome outcome)
{
    if (outcome == FAILED) {
        visit_fail_for_now(visit);
        return;
    }
    if (outcome == OK)
        log_passkey(visit, LOG_INFO, "passkey_removed", visit->session->user->username);
    visit_go_done(visit, "security", "passkey-removed");
}

static void take_passkeys(struct visit *visit)
{
    static const struct errand_steps steps = {NULL, remove_passkey, answer_removed};
    struct str removed = visit_field(visit, "remove");
    if (!removed.len) {
        take_added(visit);
        return;
    }
    struct key *key = create_key(visit);
    if (str_parse_int(removed, &key->removed_id) && key->removed_id > 0)
        errand_begin(visit, &steps);
    else
        security_show(visit);
}

const struct page passkey_pages[] = {
    {"passkey", "passkey", 0, show_passkey, take_passkey},
    {"security/passkeys", "security", NEEDS_USER | NEEDS_FRESH, security_show, take_passkeys},
    {0},
};
