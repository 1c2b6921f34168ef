#include "admin/commands.h"

#include "base/arena.h"
#include "meter/summary.h"
#include "meter/summary_json.h"
#include "oauth/realm.h"
#include "store/store.h"

/* Of an operator, who may wait. */
#define ROWS_MAX 20000000

/* The client and its realm, or a realm with all its clients. */
static enum outcome choose(struct command_call *call, struct summary_query *query)
{
    const struct realm *realm;
    struct client_row *client = NULL;
    if (str_is_present(argument_text(call, "client")))
        TRY(command_find_client(call, argument_text(call, "client"), &realm, &client));
    else
        TRY(command_realm(call, &realm));
    query->realm = realm->name;
    query->realm_id = realm->id;
    query->client = client;
    return OK;
}

static enum outcome read_query(struct command_call *call, struct summary_query *query)
{
    static const struct str errors[SUMMARY_MISTAKE_COUNT] = {
        [SUMMARY_SINCE_WRONG] = STR_INIT("--since takes hours or days ago, 400 days at most, as 24h or 30d, or a day "
                                         "that has begun, as 2026-11-01"),
        [SUMMARY_UNTIL_WRONG] =
            STR_INIT("--until takes hours or days ago, 400 days at most, as 24h or 30d, or a day, as 2026-11-01"),
        [SUMMARY_SPAN_EMPTY] = STR_INIT("--until must lie an hour after --since, which is 24h ago unless told, or a "
                                        "day where only days are left"),
        [SUMMARY_BY_WRONG] = STR_INIT("--by takes hour, day, client or rule"),
        [SUMMARY_RULE_WRONG] = STR_INIT("--rule takes a name, as --by rule prints it"),
        [SUMMARY_ENVIRONMENT_WRONG] = STR_INIT("--environment takes production or development"),
    };
    const struct summary_question question = {
        .since = argument_text(call, "since"),
        .until = argument_text(call, "until"),
        .by = argument_text(call, "by"),
        .rule = argument_text(call, "rule"),
        .environment = argument_text(call, "environment"),
    };
    enum summary_mistake mistake = summary_read(&question, call->now, query);
    return mistake ? command_refuse(call, errors[mistake]) : choose(call, query);
}

enum outcome command_usage(struct command_call *call)
{
    struct summary_query query = {.row_max = ROWS_MAX};
    struct summary summary;
    struct store_reader *reader = store_reader(call->host->store);
    json_t *object;
    TRY(read_query(call, &query));
    TRY(summary_make(reader, call->arena, &query, &summary));
    if (summary.is_too_much)
        return command_refuse(call, STR("that is too much at once; ask for a shorter time or for one client"));
    TRY(summary_json(reader, call->arena, &query, &summary, &object));
    return command_answer(call, json_incref(object));
}
