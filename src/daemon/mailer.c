#include "daemon/mailer.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metric.h"
#include "daemon/configuration.h"
#include "daemon/mail_message.h"
#include "daemon/routine.h"
#include "daemon/snapshot.h"
#include "daemon/syntax.h"
#include "http/client.h"
#include "oauth/realm.h"
#include "store/people.h"
#include "store/store.h"

#define REST_NS        INT64_C(1000000000)
#define REST_FAILED_NS (5 * REST_NS) /* the store logs why; no need to ask every moment */

#define FIRST_WAIT_SECONDS 60
#define WAIT_SECONDS_MOST  (6 * 3600)
#define GIVE_UP_SECONDS    (3 * 86400)
#define ADDRESS_LEN_MAX    254 /* [RFC5321 4.5.3.1.3] */

struct mailer {
    struct store *store;
    struct snapshot *snapshot;
    struct client *client;
    struct routine *routine;
    _Atomic bool is_stopping;
    struct metric *sent;
    struct metric *postponed;
    struct metric *given_up;
};

/* One mail and what became of it. */
struct delivery {
    struct unit unit; /* first: the store's pointer is ours */
    struct arena *arena;
    const struct mail_row *mail;
    struct str reason;    /* why it did not go out */
    int64_t postponed_to; /* 0: the row goes */
};

/* No server takes anything else, and nothing else may come near a command of SMTP. */
static bool is_address(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f || text.ptr[i] == '<' || text.ptr[i] == '>')
            return false;
    return text.len <= ADDRESS_LEN_MAX && str_find(text, '@') < text.len;
}

static bool write_mail(struct delivery *delivery, const struct mail_policy *policy, const struct mail_sender *sender)
{
    struct arena *arena = delivery->arena;
    const char *folder = arena_cstr(arena, policy->directory);
    const char *path = arena_printf(arena, "%s/%lld.eml", folder, (long long)delivery->mail->id).ptr;
    if ((mkdir(folder, 0700) == 0 || errno == EEXIST) &&
        file_write(path, mail_message_write(arena, delivery->mail, sender, MAIL_TO_FILE), 0600))
        return true;
    delivery->reason = arena_printf(arena, "%s: %s", path, strerror(errno));
    return false;
}

static bool send_mail(struct mailer *mailer, struct delivery *delivery, const struct mail_policy *policy,
                      const struct mail_sender *sender)
{
    const struct mail_relay relay = {
        .url = policy->relay,
        .is_local = syntax_is_local_relay(policy->relay),
        .username = policy->username,
        .password = policy->password,
    };
    const struct mail_envelope envelope = {
        .sender = sender->address,
        .recipient = delivery->mail->recipient,
        .message = mail_message_write(delivery->arena, delivery->mail, sender, MAIL_BY_RELAY),
    };
    return client_send_mail(mailer->client, &relay, &envelope, delivery->arena, &delivery->reason);
}

/* What people know the realm by. */
static struct str sender_name(const struct configuration *configuration, int64_t realm_id)
{
    for (size_t i = 0; i < configuration->realm_count; i++) {
        const struct realm *realm = configuration->realm_list[i];
        if (realm->id == realm_id)
            return str_is_present(realm->appearance.title) ? realm->appearance.title : realm->name;
    }
    return STR("");
}

static bool deliver(struct mailer *mailer, struct delivery *delivery)
{
    struct snapshot_hold *hold;
    const struct configuration *configuration = snapshot_hold(mailer->snapshot, &hold);
    arena_defer(delivery->arena, snapshot_release, hold);
    const struct mail_policy *policy = &configuration->mail;
    const struct mail_sender sender = {sender_name(configuration, delivery->mail->realm_id), policy->from};
    if (!policy->is_there)
        delivery->reason = STR("the configuration has no section mail");
    else if (!is_address(delivery->mail->recipient))
        delivery->reason = STR("the recipient is no address that a server takes");
    else if (str_is_present(policy->relay))
        return send_mail(mailer, delivery, policy, &sender);
    else
        return write_mail(delivery, policy, &sender);
    return false;
}

static enum outcome apply(struct unit *unit, struct store_tx *tx)
{
    const struct delivery *delivery = (const struct delivery *)unit;
    if (!delivery->postponed_to)
        return mail_delete(tx, delivery->mail->id);
    return mail_postpone(tx, delivery->mail->id, delivery->postponed_to);
}

/* When to try again; 0: never. */
static int64_t find_next_try(const struct mail_row *mail, int64_t now)
{
    int64_t wait_seconds = FIRST_WAIT_SECONDS;
    for (int64_t i = 0; i < mail->attempt_count && wait_seconds < WAIT_SECONDS_MOST; i++)
        wait_seconds *= 2;
    if (wait_seconds > WAIT_SECONDS_MOST)
        wait_seconds = WAIT_SECONDS_MOST;
    return now + wait_seconds - mail->created_at < GIVE_UP_SECONDS ? now + wait_seconds : 0;
}

static void log_failure(const struct delivery *delivery)
{
    log_event(delivery->postponed_to ? LOG_WARNING : LOG_ERROR,
              delivery->postponed_to ? "mail_postponed" : "mail_given_up", log_number("mail", delivery->mail->id),
              log_number("realm_id", delivery->mail->realm_id),
              log_number("attempts", delivery->mail->attempt_count + 1), log_text("reason", delivery->reason));
}

/* How long to rest after it, in ns. */
static int64_t handle_mail(struct mailer *mailer, struct arena *arena, const struct mail_row *mail)
{
    struct delivery delivery = {.unit.apply = apply, .arena = arena, .mail = mail};
    struct metric *count = mailer->sent;
    if (!deliver(mailer, &delivery)) {
        if (atomic_load(&mailer->is_stopping))
            return 0; /* nobody is to blame: the next start sends it */
        delivery.postponed_to = find_next_try(mail, clock_now());
        count = delivery.postponed_to ? mailer->postponed : mailer->given_up;
        log_failure(&delivery);
    }
    metric_add(count, 1);
    return store_run(mailer->store, &delivery.unit) == OK ? 0 : REST_FAILED_NS;
}

static int64_t take_turn(void *arg)
{
    struct mailer *mailer = arg;
    struct arena *arena = arena_create();
    struct mail_row *mail;
    int64_t rest_ns = REST_FAILED_NS;
    if (mail_find_due(store_reader(mailer->store), arena, clock_now(), &mail) == OK)
        rest_ns = mail ? handle_mail(mailer, arena, mail) : REST_NS;
    arena_destroy(arena);
    return rest_ns;
}

static void free_mailer(struct mailer *mailer)
{
    client_destroy(mailer->client);
    memory_free(mailer);
}

struct mailer *mailer_start(struct store *store, struct snapshot *snapshot)
{
    struct mailer *mailer = memory_alloc(sizeof(*mailer));
    mailer->store = store;
    mailer->snapshot = snapshot;
    mailer->client = client_create();
    mailer->sent = metric_counter("jeton_mails_sent_total", "Mails that the relay took.", NULL);
    mailer->postponed = metric_counter("jeton_mails_postponed_total", "Attempts that failed.", NULL);
    mailer->given_up = metric_counter("jeton_mails_given_up_total", "Mails that were never sent.", NULL);
    mailer->routine = routine_start(take_turn, mailer);
    if (mailer->routine)
        return mailer;
    free_mailer(mailer);
    return NULL;
}

void mailer_stop(struct mailer *mailer)
{
    if (!mailer)
        return;
    atomic_store(&mailer->is_stopping, true);
    client_interrupt(mailer->client);
    routine_stop(mailer->routine);
    free_mailer(mailer);
}
