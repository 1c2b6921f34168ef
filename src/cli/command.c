#include "cli/command.h"

#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "cli/help.h"

#define SECRET_MAX 4096

const struct operand cli_common_options[] = {
    {"json", OPERAND_FLAG, "print JSON for programs", false},
    {"help", OPERAND_FLAG, "print this help", false},
    {0},
};

const struct operand cli_operator_options[] = {
    {"socket", OPERAND_TEXT, "the daemon's control socket", false},
    {"config", OPERAND_TEXT, "the daemon's configuration, which names its data_directory", false},
    {0},
};

const struct cli_value *cli_value(const struct cli_call *call, const char *name)
{
    for (size_t i = 0; i < call->value_count; i++) {
        if (strcmp(call->values[i].operand->name, name) == 0)
            return &call->values[i];
    }
    return NULL;
}

const char *cli_text(const struct cli_call *call, const char *name, const char *otherwise)
{
    const struct cli_value *value = cli_value(call, name);
    return value ? arena_cstr(call->arena, value->text) : otherwise;
}

int cli_fail(const struct cli_call *call, struct str error)
{
    fprintf(stderr, "jeton: %.*s\n", STR_ARGS(error));
    if (call->wants_json) {
        json_t *object = json_keep(call->arena, json_pack("{s:o}", "error", json_of_str(error)));
        struct str text = json_text(call->arena, object);
        printf("%.*s\n", STR_ARGS(text));
    }
    return EXIT_FAILED;
}

int cli_print(struct str text)
{
    bool is_written = fwrite(text.ptr, 1, text.len, stdout) == text.len && fflush(stdout) == 0;
    if (!is_written)
        perror("jeton: stdout");
    return is_written ? EXIT_DONE : EXIT_FAILED;
}

static int misuse(const struct cli_call *call, struct str what)
{
    fprintf(stderr, "jeton %s: %.*s\n", call->command->name, STR_ARGS(what));
    fprintf(stderr, "Try `jeton help %s`.\n", call->command->name);
    return EXIT_USAGE;
}

/* The command's name is matched word by word; the number of words it took, or 0. */
static int match_words(const char *name, int argc, char **argv)
{
    struct str rest = str_of(name);
    struct str word;
    int count = 0;
    while (str_next_word(&rest, &word)) {
        if (count >= argc || !str_equal(word, str_of(argv[count])))
            return 0;
        count++;
    }
    return count;
}

/* `--expires-in` names the option `expires_in`. */
static bool is_named(const struct operand *option, struct str name)
{
    if (name.len != strlen(option->name))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char wanted = option->name[i] == '_' ? '-' : option->name[i];
        if (name.ptr[i] != wanted)
            return false;
    }
    return true;
}

static const struct operand *find_in(const struct operand *options, size_t count, struct str name)
{
    for (size_t i = 0; i < count && options[i].name; i++) {
        if (is_named(&options[i], name))
            return &options[i];
    }
    return NULL;
}

const struct operand *cli_common_options_of(const struct cli_command *command)
{
    return command->has_no_json ? cli_common_options + 1 : cli_common_options;
}

static const struct operand *find_option(const struct cli_command *command, struct str name)
{
    const struct operand *option = find_in(command->options, OPTION_COUNT_MAX, name);
    if (!option)
        option = find_in(cli_common_options_of(command), 2, name);
    if (!option && command->is_operator)
        option = find_in(cli_operator_options, 2, name);
    return option;
}

static bool read_secret(struct cli_call *call, struct str *ret_text)
{
    char line[SECRET_MAX];
    if (!fgets(line, sizeof(line), stdin))
        return false;
    *ret_text = arena_str(call->arena, (struct str){line, strcspn(line, "\r\n")});
    explicit_bzero(line, sizeof(line));
    return true;
}

static struct str make_absolute(struct cli_call *call, struct str path)
{
    char folder[4096];
    if (str_has_prefix(path, STR("/")) || !getcwd(folder, sizeof(folder)))
        return path;
    return arena_printf(call->arena, "%s/%.*s", folder, STR_ARGS(path));
}

static struct cli_value *find_value(struct cli_call *call, const struct operand *operand)
{
    struct cli_value *value = call->values;
    while (value < call->values + call->value_count && value->operand != operand)
        value++;
    return value;
}

static int add_value(struct cli_call *call, const struct operand *operand, struct str text)
{
    struct cli_value value = {operand, text, 0};
    struct cli_value *place = find_value(call, operand);
    bool is_again = place < call->values + call->value_count;
    if (is_again && operand->kind == OPERAND_WORDS)
        value.text = arena_printf(call->arena, "%.*s %.*s", STR_ARGS(place->text), STR_ARGS(text));
    else if (is_again)
        return misuse(call, arena_printf(call->arena, "%s is given twice", operand->name));
    if (!str_is_utf8(text))
        return misuse(call, arena_printf(call->arena, "%s is not UTF-8", operand->name));
    if (operand->kind == OPERAND_NUMBER && !str_parse_int(text, &value.number))
        return misuse(call, arena_printf(call->arena, "%s must be a number", operand->name));
    if (operand->kind == OPERAND_STDIN && !str_equal(text, STR("-")))
        return misuse(call, arena_printf(call->arena, "%s is read from stdin only: give -", operand->name));
    if ((operand->kind == OPERAND_SECRET || operand->kind == OPERAND_STDIN) && str_equal(text, STR("-")) &&
        !read_secret(call, &value.text))
        return misuse(call, arena_printf(call->arena, "%s is not on stdin", operand->name));
    if (operand->kind == OPERAND_PATH)
        value.text = make_absolute(call, text);
    call->value_count += !is_again;
    *place = value;
    return EXIT_DONE;
}

/* argv[0] begins with `--`; `ret_used` counts it and a value of its own word. */
static int read_option(struct cli_call *call, int argc, char **argv, int *ret_used)
{
    struct str name = str_slice(str_of(argv[0]), 2, SIZE_MAX);
    size_t equals = str_find(name, '=');
    const struct operand *option = find_option(call->command, str_slice(name, 0, equals));
    bool has_value = equals < name.len;
    *ret_used = 1;
    if (!option)
        return misuse(call, arena_printf(call->arena, "there is no option %s", argv[0]));
    bool is_flag = option->kind == OPERAND_FLAG || option->kind == OPERAND_VIEW;
    if (is_flag && has_value)
        return misuse(call, arena_printf(call->arena, "--%.*s takes no value", (int)equals, name.ptr));
    if (is_flag)
        return add_value(call, option, STR(""));
    if (has_value)
        return add_value(call, option, str_slice(name, equals + 1, SIZE_MAX));
    if (argc < 2)
        return misuse(call, arena_printf(call->arena, "%s needs a value", argv[0]));
    *ret_used = 2;
    return add_value(call, option, str_of(argv[1]));
}

static size_t count_operands(const struct cli_command *command)
{
    size_t count = 0;
    while (count < OPERAND_COUNT_MAX && command->operands[count].name)
        count++;
    return count;
}

static int check_complete(const struct cli_call *call)
{
    const struct cli_command *command = call->command;
    for (size_t i = 0; i < count_operands(command); i++) {
        if (!cli_value(call, command->operands[i].name))
            return misuse(call, arena_printf(call->arena, "%s is missing", command->operands[i].name));
    }
    for (size_t i = 0; i < OPTION_COUNT_MAX && command->options[i].name; i++) {
        if (command->options[i].is_required && !cli_value(call, command->options[i].name))
            return misuse(call, arena_printf(call->arena, "--%s is missing", command->options[i].name));
    }
    return EXIT_DONE;
}

static int read_operand(struct cli_call *call, struct str word, size_t *operand)
{
    if (call->command->takes_words) {
        const char *blank = str_is_empty(call->words) ? "" : " ";
        call->words = arena_printf(call->arena, "%.*s%s%.*s", STR_ARGS(call->words), blank, STR_ARGS(word));
        return EXIT_DONE;
    }
    if (*operand >= count_operands(call->command))
        return misuse(call, arena_printf(call->arena, "%.*s is one word too many", STR_ARGS(word)));
    return add_value(call, &call->command->operands[(*operand)++], word);
}

static int read_line(struct cli_call *call, int argc, char **argv)
{
    size_t operand = 0;
    bool are_options_over = false;
    for (int i = 0, used; i < argc; i += used) {
        struct str word = str_of(argv[i]);
        int status;
        used = 1;
        if (!are_options_over && str_equal(word, STR("--"))) {
            are_options_over = true;
            continue;
        }
        if (!are_options_over && str_has_prefix(word, STR("--")))
            status = read_option(call, argc - i, argv + i, &used);
        else
            status = read_operand(call, word, &operand);
        if (status != EXIT_DONE)
            return status;
    }
    return EXIT_DONE;
}

/* No command has these words: shows the group that they begin, or all there is. */
static int explain(struct arena *arena, const struct cli_command *commands, size_t count, int argc, char **argv)
{
    struct buf help;
    struct str first = str_of(argc > 0 ? argv[0] : "");
    buf_init(&help, arena, HELP_MAX);
    if (str_equal(first, STR("--help")) || str_equal(first, STR("-h"))) {
        help_write_all(commands, count, &help);
        return cli_print(buf_str(&help));
    }
    if (help_write_group(commands, count, first, &help)) {
        fprintf(stderr, "jeton %s is one of:\n%.*s", argv[0], STR_ARGS(buf_str(&help)));
        return EXIT_USAGE;
    }
    if (argc > 0)
        buf_printf(&help, "jeton: there is no command %s\n\n", argv[0]);
    help_write_all(commands, count, &help);
    fprintf(stderr, "%.*s", STR_ARGS(buf_str(&help)));
    return EXIT_USAGE;
}

static int run_command(struct cli_call *call, int argc, char **argv)
{
    int status = read_line(call, argc, argv);
    if (status != EXIT_DONE)
        return status;
    call->wants_json = cli_value(call, "json") != NULL;
    if (!cli_value(call, "help")) {
        status = check_complete(call);
        return status == EXIT_DONE ? call->command->run(call) : status;
    }
    struct buf help;
    buf_init(&help, call->arena, HELP_MAX);
    help_write_command(call->command, &help);
    return cli_print(buf_str(&help));
}

int cli_run(const struct cli_command *commands, size_t count, int argc, char **argv)
{
    struct arena *arena = arena_create();
    struct cli_call call = {.commands = commands, .command_count = count, .arena = arena, .words = STR("")};
    int words = 0;
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        argv[1] += strlen("--");
    for (size_t i = 0; i < count; i++) {
        int matched = match_words(commands[i].name, argc - 1, argv + 1);
        if (matched > words) {
            words = matched;
            call.command = &commands[i];
        }
    }
    int status = call.command ? run_command(&call, argc - 1 - words, argv + 1 + words)
                              : explain(arena, commands, count, argc - 1, argv + 1);
    arena_destroy(arena);
    return status;
}
