#include "web/letter.h"

#include "base/arena.h"
#include "http/message.h"
#include "identity/handle.h"
#include "oauth/realm.h"
#include "store/people.h"
#include "web/say.h"
#include "web/site_parts.h"

static struct str write_link(const struct visit *visit, const struct letter *letter)
{
    struct str path = visit_path(visit, letter->page);
    struct str origin = visit->place->origin;
    if (!letter->ticket)
        return arena_printf(visit->arena, "%.*s%.*s", STR_ARGS(origin), STR_ARGS(path));
    struct str ticket = handle_write(visit->arena, HANDLE_TICKET, letter->ticket);
    return arena_printf(visit->arena, "%.*s%.*s?ticket=%.*s", STR_ARGS(origin), STR_ARGS(path), STR_ARGS(ticket));
}

enum outcome letter_send(struct visit *visit, struct store_tx *tx, const struct letter *letter)
{
    const json_t *realm = json_object_get(visit->place->model, "realm");
    if (letter->recipient.len == 0 || !visit->place->site->means.has_mail)
        return OK;
    json_t *parameters =
        json_keep(visit->arena,
                  json_pack("{s:s, s:o, s:o, s:o}", "realm_title", json_string_value(json_object_get(realm, "title")),
                            "name", json_of_str(letter->name), "link", json_of_str(write_link(visit, letter)),
                            "lifetime", json_of_str(say_duration(visit, letter->lifetime_seconds))));
    const struct mail_row mail = {
        .realm_id = visit->place->realm->id,
        .recipient = letter->recipient,
        .subject = say(visit, letter->subject, parameters),
        .body = say(visit, letter->body, parameters),
        .created_at = visit->exchange->now,
        .due_at = visit->exchange->now,
    };
    return mail_insert(tx, &mail);
}
