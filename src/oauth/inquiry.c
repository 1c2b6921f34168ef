#include "oauth/inquiry.h"

#include "oauth/call.h"
#include "oauth/client.h"
#include "store/applications.h"

/* NULL for everybody. */
static STEP choose_client(struct call *call, struct store_reader *reader, struct str client_id,
                          const struct client_row **ret_client)
{
    struct client_row *client = call->client;
    bool may_see_all = call->client->flags & CLIENT_MAY_INTROSPECT;
    if (!may_see_all)
        REQUIRE(call, !str_is_present(client_id) || str_equal(client_id, client->client_id), usage_not_allowed);
    else if (!str_is_present(client_id))
        client = NULL;
    else
        TRY(client_find(reader, call->arena, call->realm->id, client_id, &client));
    REQUIRE(call, client || !str_is_present(client_id), usage_client_unknown);
    *ret_client = client;
    return OK;
}

static enum outcome read_question(struct call *call, const struct summary_question *question,
                                  struct summary_query *query)
{
    static const enum refusal refusals[SUMMARY_MISTAKE_COUNT] = {
        [SUMMARY_SINCE_WRONG] = REFUSED_usage_since_wrong,
        [SUMMARY_UNTIL_WRONG] = REFUSED_usage_until_wrong,
        [SUMMARY_SPAN_EMPTY] = REFUSED_usage_span_empty,
        [SUMMARY_BY_WRONG] = REFUSED_usage_by_wrong,
        [SUMMARY_RULE_WRONG] = REFUSED_usage_rule_wrong,
        [SUMMARY_ENVIRONMENT_WRONG] = REFUSED_usage_environment_wrong,
    };
    enum summary_mistake mistake = summary_read(question, call->now, query);
    return mistake ? refuse(call, refusals[mistake]) : OK;
}

enum outcome inquiry_settle(struct call *call, struct store_reader *reader, const struct inquiry *inquiry,
                            struct summary_query *ret_query)
{
    struct summary_query query = {
        .realm = call->realm->name, .realm_id = call->realm->id, .row_max = INQUIRY_ROWS_MAX};
    call->client_authentication = CLIENT_BY_HEADER;
    TRY(client_check_credentials(call));
    TRY(client_authenticate(call, reader));
    TRY(read_question(call, &inquiry->question, &query));
    TRY(choose_client(call, reader, inquiry->client_id, &query.client));
    *ret_query = query;
    return OK;
}

enum outcome inquiry_answer(struct call *call, struct store_reader *reader, const struct summary_query *query,
                            struct summary *ret_summary)
{
    TRY(summary_make(reader, call->arena, query, ret_summary));
    REQUIRE(call, !ret_summary->is_too_much, usage_too_much);
    return OK;
}
