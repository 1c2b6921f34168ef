#include "cli/manual.h"

#include "base/buf.h"
#include "cli/help.h"

#define NAME_MAX_LEN 256

static const char front[] =
    ".TH JETON 1 \"\" \"Jeton\" \"User Commands\"\n"
    ".SH NAME\njeton \\- authorization server for API companies\n"
    ".SH SYNOPSIS\n.B jeton\n.I COMMAND\n[\\fIOPERAND\\fR...] [\\fB\\-\\-\\fIOPTION\\fR...]\n"
    ".SH DESCRIPTION\n"
    "Jeton registers the applications of an API company's developers, hands out their keys, and issues, refreshes,\n"
    "checks and revokes their access tokens, in the wire format that the company documents.\n"
    ".B jeton serve\nruns the daemon. The commands for operators work on the running daemon, by a unix socket in "
    "its\n"
    "data folder that only its own user and root may use.\n"
    ".SH COMMANDS\n";

static const char back[] =
    ".SH EXIT STATUS\n"
    ".TP\n0\nIt is done.\n.TP\n1\nIt did not work, and stderr says why; or the answer is no.\n.TP\n2\nThe command "
    "was used wrongly.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B JETON_SOCKET\nThe control socket, where neither \\-\\-socket nor \\-\\-config names it.\n"
    ".SH FILES\n"
    ".TP\n.I ./data/control.sock, ./demo/data/control.sock, /var/lib/jeton/control.sock\n"
    "Where the control socket is looked for when nothing names it, in this order.\n"
    ".SH SEE ALSO\n.BR jeton.yaml (5)\n";

typedef void write_operand(struct buf *out, const struct operand *operand);

/* Hyphens that are to be copied as such, and what roff would take for its own at the start of a line. */
static void add_text(struct buf *out, struct str text)
{
    bool is_line_start = true;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (byte == '-' || byte == '\\')
            buf_add_char(out, '\\');
        else if (is_line_start && (byte == '.' || byte == '\''))
            buf_add(out, STR("\\&"));
        buf_add_char(out, byte);
        is_line_start = byte == '\n';
    }
}

static void add_operand(struct buf *out, const struct operand *operand, write_operand *write)
{
    struct buf name;
    buf_init(&name, out->arena, NAME_MAX_LEN);
    write(&name, operand);
    buf_add(out, STR(".RS\n.TP\n.B "));
    add_text(out, buf_str(&name));
    buf_add_char(out, '\n');
    add_text(out, str_of(operand->meaning));
    buf_add(out, STR("\n.RE\n"));
}

static void add_all(struct buf *out, const struct operand *operands, size_t count, write_operand *write)
{
    for (size_t i = 0; i < count && operands[i].name; i++)
        add_operand(out, &operands[i], write);
}

static void add_command(struct buf *out, const struct cli_command *command)
{
    buf_add(out, STR(".TP\n.B "));
    add_text(out, str_of(command->name));
    buf_add_char(out, '\n');
    add_text(out, str_of(command->summary));
    buf_add(out, STR(".\n"));
    if (command->help) {
        add_text(out, str_of(command->help));
        buf_add_char(out, '\n');
    }
    add_all(out, command->operands, OPERAND_COUNT_MAX, help_write_placeholder);
    add_all(out, command->options, OPTION_COUNT_MAX, help_write_option);
}

void manual_write_commands(const struct cli_command *commands, size_t count, struct buf *out)
{
    buf_add(out, str_of(front));
    for (size_t i = 0; i < count; i++)
        add_command(out, &commands[i]);
    buf_add(out, STR(".SH OPTIONS\nEvery command takes, but for those that give programs nothing to read, which "
                     "have no\n.BR \\-\\-json ,\n"));
    add_all(out, cli_common_options, OPTION_COUNT_MAX, help_write_option);
    buf_add(out, STR("The commands that work on a running daemon take\n"));
    add_all(out, cli_operator_options, OPTION_COUNT_MAX, help_write_option);
    buf_add(out, str_of(back));
}
