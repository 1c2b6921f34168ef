#include "cli/operator.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "cli/connection.h"
#include "cli/print.h"

#define OUTPUT_MAX (128 * 1024 * 1024)

/* The command's own are for the daemon; those that all have in common are for us. */
static bool is_for_daemon(const struct cli_command *command, const struct operand *operand)
{
    if (operand->kind == OPERAND_VIEW)
        return false;
    return (operand >= command->operands && operand < command->operands + OPERAND_COUNT_MAX) ||
           (operand >= command->options && operand < command->options + OPTION_COUNT_MAX);
}

static json_t *value_json(const struct cli_value *value)
{
    switch (value->operand->kind) {
    case OPERAND_NUMBER:
        return json_integer(value->number);
    case OPERAND_FLAG:
    case OPERAND_VIEW:
        return json_true();
    case OPERAND_TEXT:
    case OPERAND_SECRET:
    case OPERAND_STDIN:
    case OPERAND_PATH:
    case OPERAND_WORDS:
        break;
    }
    return json_of_str(value->text);
}

static json_t *build_request(const struct cli_call *call)
{
    json_t *arguments = json_object();
    for (size_t i = 0; i < call->value_count; i++) {
        const struct cli_value *value = &call->values[i];
        if (is_for_daemon(call->command, value->operand))
            json_object_set_new(arguments, value->operand->name, value_json(value));
    }
    return json_keep(call->arena, json_pack("{s:s, s:o}", "command", call->command->name, "arguments", arguments));
}

static int print_json(const struct cli_call *call, const json_t *result)
{
    struct str text = json_text(call->arena, result);
    return cli_print(arena_printf(call->arena, "%.*s\n", STR_ARGS(text)));
}

static int print_for_people(const struct cli_call *call, const json_t *result)
{
    struct buf out;
    buf_init(&out, call->arena, OUTPUT_MAX);
    if (call->command->print)
        call->command->print(call, result, &out);
    else
        print_result(&out, result);
    int status = cli_print(buf_str(&out));
    if (print_has_secret(result))
        fputs("Keep the secret now: only its hash is stored, so it cannot be shown again.\n", stderr);
    return status;
}

/* A script asks for yes or no: it need not read what is printed. */
static int decide(const struct cli_command *command, const json_t *result)
{
    bool is_no = command->verdict && !json_is_true(json_object_get(result, command->verdict));
    return is_no ? EXIT_FAILED : EXIT_DONE;
}

int operator_run(struct cli_call *call)
{
    struct str error;
    const json_t *answer = connection_ask(call, build_request(call), &error);
    if (!answer)
        return cli_fail(call, error);
    if (!json_is_true(json_object_get(answer, "ok")))
        return cli_fail(call, json_member(answer, "error"));
    const json_t *result = json_object_get(answer, "result");
    int status = call->wants_json ? print_json(call, result) : print_for_people(call, result);
    return status == EXIT_DONE ? decide(call->command, result) : status;
}
