/*
 * user.h — who people are: registering, passwords, roles, instances, being switched off.
 *
 * Each verb that takes a transaction is a step of a unit: it may run twice. Passwords are hashed before the unit,
 * on the crew (crypto/password.h). A REFUSED step leaves a problem that has a name and an English text;
 * faces may have texts of their own by the name.
 *
 * Threads: as store.h.
 */
#pragma once

#include "base/outcome.h"
#include "base/text.h"
#include "crypto/password.h"
#include "store/people.h"

struct arena;
struct people_policy;

#define USERNAME_MAX       200 /* bytes, of everything that people call themselves */
#define DISPLAY_NAME_MAX   200
#define EMAIL_MAX          254 /* the longest that mail can carry [RFC5321 4.5.3.1] */
#define INSTANCE_NAME_MAX  63
#define INSTANCE_TITLE_MAX 200
#define MEMBER_ROLE_MAX    63

/* name, text */
#define PERSON_PROBLEMS(X)                                                                                           \
    X(username_malformed, "a user name is an e-mail address, or 1 to 200 of a-z, 0-9, '.', '_' and '-'")             \
    X(username_taken, "there is a user of that name")                                                                \
    X(display_name_malformed, "a name is 1 to 200 bytes of text without controls")                                   \
    X(email_malformed, "an e-mail address is at most 254 bytes and has one @ with a host name behind it")            \
    X(password_short, "the password is too short")                                                                   \
    X(password_long, "the password is longer than 1024 bytes")                                                       \
    X(password_not_text, "the password is not UTF-8, or has a NUL")                                                  \
    X(password_username, "the password is the user's name or address")                                               \
    X(password_common, "the password is one of the most common ones")                                                \
    X(password_hash_unknown, "a password's hash is Argon2id, bcrypt, yescrypt or SHA-512 as crypt(5) writes it")     \
    X(user_unknown, "there is no such user in the realm")                                                            \
    X(instance_malformed, "an instance's name is 1 to 63 of a-z, 0-9 and inner -, its title 1 to 200 bytes of text") \
    X(instance_taken, "there is an instance of that name")                                                           \
    X(instance_unknown, "there is no such instance in the realm")                                                    \
    X(role_malformed, "a role is 1 to 63 of a-z, 0-9 and inner -")                                                   \
    X(not_a_member, "the user is no member of the instance")                                                         \
    X(passkey_unfit, "the passkey does not prove what it should")                                                    \
    X(passkey_stale, "the page was open for too long")                                                               \
    X(passkey_known, "the passkey is registered already")                                                            \
    X(passkey_too_many, "the user has ten passkeys: remove one first")                                               \
    X(label_malformed, "a passkey's label is 1 to 64 bytes of text without controls")

enum person_problem {
    PERSON_FINE = 0,
#define PERSON_ENUM(name, text) PERSON_##name,
    PERSON_PROBLEMS(PERSON_ENUM)
#undef PERSON_ENUM
        PERSON_PROBLEM_COUNT
};

struct str person_problem_name(enum person_problem problem);
struct str person_problem_text(enum person_problem problem);

/* What every step needs. */
struct person_step {
    struct arena *arena;
    const struct people_policy *people;
    int64_t now;
    enum person_problem problem; /* why, when a step was REFUSED */
};

/* Names are compared in lower case. [ASCII; other letters as they are] */
struct str username_fold(struct arena *arena, struct str username);
bool email_is_fit(struct str email);

/* Has never confirmed the address that is its name, and so never signed in: whoever registers may have made it. */
bool user_is_waiting(const struct user_row *user);
/* Whom a person means: by name, or by an address once its owner has confirmed it. `typed` is folded. A user who is
 * waiting stands in nobody's way. NULL: nobody. */
STEP user_find_typed(struct store_reader *reader, struct arena *arena, int64_t realm_id, struct str typed,
                     struct user_row **ret_user);

/* What new hashes cost in this realm. */
struct password_cost people_password_cost(const struct people_policy *people);

/* Pure: what is wrong with a new password; PERSON_FINE: nothing. Lengths count characters. */
enum person_problem password_problem(const struct people_policy *people, struct str username, struct str password);

struct user_draft {
    struct str username;      /* as typed */
    struct str display_name;  /* absent: the user name */
    struct str email;         /* absent: the user name when that is an address, else none */
    struct str password_hash; /* empty: no password opens it */
    unsigned roles;
    bool is_email_confirmed;
};

STEP user_register(struct person_step *step, struct store_tx *tx, const struct user_draft *draft, int64_t *ret_id);

/* A new password ends every session but `kept_session_id` (0: all), and every link that was mailed before: whoever
 * had the old one may have asked for it. */
STEP user_change_password(struct person_step *step, struct store_tx *tx, int64_t user_id, struct str password_hash,
                          int64_t kept_session_id);
STEP user_rename(struct person_step *step, struct store_tx *tx, int64_t user_id, struct str display_name);
/* Confirmed: whoever asks has shown that mail to it arrives. */
STEP user_change_email(struct person_step *step, struct store_tx *tx, int64_t user_id, struct str email);
STEP user_change_roles(struct person_step *step, struct store_tx *tx, int64_t user_id, unsigned roles);
/* Ends the sessions; tokens die because the row says so, and live again with user_enable. */
STEP user_disable(struct person_step *step, struct store_tx *tx, int64_t user_id);
STEP user_enable(struct person_step *step, struct store_tx *tx, int64_t user_id);

STEP instance_register(struct person_step *step, struct store_tx *tx, struct str name, struct str title,
                       int64_t *ret_id);
/* `role` absent: "member". */
STEP user_join(struct person_step *step, struct store_tx *tx, int64_t user_id, int64_t instance_id, struct str role);
/* Revokes what the user allowed in the instance. */
STEP user_leave(struct person_step *step, struct store_tx *tx, int64_t user_id, int64_t instance_id);
