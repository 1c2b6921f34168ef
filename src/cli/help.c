#include "cli/help.h"

#include "base/buf.h"

#define COLUMN 30 /* where meanings begin */

/* `expires_in` as an option's name. */
static void add_option_name(struct buf *out, const struct operand *option)
{
    buf_add(out, STR("--"));
    for (const char *byte = option->name; *byte; byte++)
        buf_add_char(out, *byte == '_' ? '-' : *byte);
}

void help_write_placeholder(struct buf *out, const struct operand *operand)
{
    for (const char *byte = operand->name; *byte; byte++)
        buf_add_char(out, *byte >= 'a' && *byte <= 'z' ? (char)(*byte - 'a' + 'A') : *byte);
}

void help_write_option(struct buf *out, const struct operand *option)
{
    add_option_name(out, option);
    if (option->kind == OPERAND_FLAG || option->kind == OPERAND_VIEW)
        return;
    buf_add_char(out, ' ');
    help_write_placeholder(out, option);
}

static void add_usage(struct buf *out, const struct cli_command *command)
{
    buf_printf(out, "jeton %s", command->name);
    if (command->takes_words)
        buf_add(out, STR(" [COMMAND]"));
    for (size_t i = 0; i < OPERAND_COUNT_MAX && command->operands[i].name; i++) {
        buf_add_char(out, ' ');
        help_write_placeholder(out, &command->operands[i]);
    }
    for (size_t i = 0; i < OPTION_COUNT_MAX && command->options[i].name; i++) {
        const struct operand *option = &command->options[i];
        buf_add(out, option->is_required ? STR(" ") : STR(" ["));
        help_write_option(out, option);
        buf_add(out, option->is_required ? STR("") : STR("]"));
    }
}

static void pad_from(struct buf *out, size_t start)
{
    do
        buf_add_char(out, ' ');
    while (out->len - start < COLUMN && !out->is_full);
}

static void add_summary(struct buf *out, const struct cli_command *command)
{
    size_t start = out->len;
    buf_printf(out, "  %s", command->name);
    pad_from(out, start);
    buf_printf(out, "%s\n", command->summary);
}

void help_write_all(const struct cli_command *commands, size_t count, struct buf *out)
{
    buf_add(out, STR("Usage: jeton COMMAND [OPERAND...] [--OPTION...]\n\n"));
    for (size_t i = 0; i < count; i++)
        add_summary(out, &commands[i]);
    buf_add(out, STR("\n`jeton help COMMAND` tells more; `jeton help configuration` tells every setting.\n"
                     "Exit status: 0 done, 1 it did not work or the answer is no, 2 wrong use.\n"));
}

/* Whole words only: `a` does not begin `app`. */
static bool begins_with(const char *name, struct str words)
{
    struct str text = str_of(name);
    return str_has_prefix(text, words) && (text.len == words.len || text.ptr[words.len] == ' ');
}

bool help_write_group(const struct cli_command *commands, size_t count, struct str words, struct buf *out)
{
    bool is_found = false;
    for (size_t i = 0; i < count; i++) {
        if (!begins_with(commands[i].name, words))
            continue;
        add_usage(out, &commands[i]);
        buf_printf(out, "\n    %s\n", commands[i].summary);
        is_found = true;
    }
    if (is_found)
        buf_add(out, STR("\n`jeton help COMMAND` tells more.\n"));
    return is_found;
}

static void add_meaning(struct buf *out, size_t start, const struct operand *operand)
{
    pad_from(out, start);
    buf_printf(out, "%s\n", operand->meaning);
}

static void add_options(struct buf *out, const struct operand *options, size_t count)
{
    for (size_t i = 0; i < count && options[i].name; i++) {
        size_t start = out->len;
        buf_add(out, STR("  "));
        help_write_option(out, &options[i]);
        add_meaning(out, start, &options[i]);
    }
}

void help_write_command(const struct cli_command *command, struct buf *out)
{
    buf_add(out, STR("Usage: "));
    add_usage(out, command);
    buf_printf(out, "\n\n%s.\n", command->summary);
    if (command->help)
        buf_printf(out, "\n%s\n", command->help);
    buf_add_char(out, '\n');
    for (size_t i = 0; i < OPERAND_COUNT_MAX && command->operands[i].name; i++) {
        size_t start = out->len;
        buf_add(out, STR("  "));
        help_write_placeholder(out, &command->operands[i]);
        add_meaning(out, start, &command->operands[i]);
    }
    add_options(out, command->options, OPTION_COUNT_MAX);
    if (command->is_operator)
        add_options(out, cli_operator_options, OPTION_COUNT_MAX);
    add_options(out, cli_common_options_of(command), OPTION_COUNT_MAX);
}

bool help_write_topic(const struct cli_command *commands, size_t count, struct str words, struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        if (!str_equal(str_of(commands[i].name), words))
            continue;
        help_write_command(&commands[i], out);
        return true;
    }
    return help_write_group(commands, count, words, out);
}
