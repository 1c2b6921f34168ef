#include "admin/commands.h"

#include "base/arena.h"
#include "identity/user.h"
#include "oauth/realm.h"
#include "store/store.h"

struct mail_unit {
    struct unit unit; /* first: the store's pointer is ours */
    struct mail_row mail;
};

static enum outcome apply(struct unit *unit, struct store_tx *tx)
{
    return mail_insert(tx, &((const struct mail_unit *)unit)->mail);
}

enum outcome command_mail_test(struct command_call *call)
{
    const struct realm *realm;
    struct str recipient = argument_text(call, "recipient");
    TRY(command_realm(call, &realm));
    if (!email_is_fit(recipient))
        return command_refuse(call, person_problem_text(PERSON_email_malformed));
    struct mail_unit unit = {
        .unit.apply = apply,
        .mail = {.realm_id = realm->id,
                 .recipient = recipient,
                 .subject = STR("A test of mail"),
                 .body =
                     arena_printf(call->arena,
                                  "This is a test: mail of %.*s arrives.\n\nThe operator of %.*s has sent it; there "
                                  "is nothing to do.\n",
                                  STR_ARGS(realm->name), STR_ARGS(realm->issuer)),
                 .created_at = call->now,
                 .due_at = call->now},
    };
    TRY(store_run(call->host->store, &unit.unit));
    return command_answer(
        call, json_pack("{s:o, s:o}", "realm", json_of_str(realm->name), "recipient", json_of_str(recipient)));
}
