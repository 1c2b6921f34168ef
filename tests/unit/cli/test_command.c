/* The command line: what is read of it, what is wrong use, and what is said then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "cli/command.h"

#define WORDS_MAX 12

/* What the command that ran last was given. */
static struct {
    unsigned runs;
    const char *name;
    char id[64];
    char label[64];
    int64_t number;
    bool is_public;
    bool wants_json;
    char words[64];
} seen;

static void copy_text(char *room, size_t size, const struct cli_call *call, const char *name)
{
    snprintf(room, size, "%s", cli_text(call, name, "(none)"));
}

static int run_note(struct cli_call *call)
{
    const struct cli_value *number = cli_value(call, "expires_in");
    seen.runs++;
    seen.name = call->command->name;
    seen.number = number ? number->number : -1;
    seen.is_public = cli_value(call, "public") != NULL;
    seen.wants_json = call->wants_json;
    copy_text(seen.id, sizeof(seen.id), call, "client_id");
    copy_text(seen.label, sizeof(seen.label), call, "label");
    snprintf(seen.words, sizeof(seen.words), "%.*s", STR_ARGS(call->words));
    return EXIT_DONE;
}

static int run_badly(struct cli_call *call)
{
    seen.runs++;
    return cli_fail(call, STR("it rains"));
}

static const struct cli_command commands[] = {
    {
        .name = "secret add",
        .summary = "Add one",
        .run = run_note,
        .operands = {{"client_id", OPERAND_TEXT, "whose", true}},
        .options = {{"label", OPERAND_TEXT, "its name", false},
                    {"expires_in", OPERAND_NUMBER, "seconds", false},
                    {"public", OPERAND_FLAG, "for all", false}},
    },
    {.name = "secret", .summary = "Tell of them", .run = run_note, .takes_words = true},
    {
        .name = "check",
        .summary = "Check",
        .run = run_note,
        .options = {{"label", OPERAND_TEXT, "which", true}},
    },
    {.name = "fail", .summary = "Fail", .run = run_badly},
    {.name = "stats", .summary = "Count", .run = run_note, .is_operator = true},
    {.name = "serve", .summary = "Serve", .run = run_note, .has_no_json = true},
    {.name = "version", .summary = "Tell it", .run = run_note},
};

/* What went to stdout and stderr while a line was run. */
static char printed[16384];
static char complained[16384];

static int redirect(FILE *stream, FILE *target)
{
    fflush(stream);
    int kept = dup(fileno(stream));
    assert_true(kept >= 0 && dup2(fileno(target), fileno(stream)) >= 0);
    return kept;
}

static void restore(FILE *stream, int kept, FILE *target, char *room, size_t size)
{
    fflush(stream);
    assert_true(dup2(kept, fileno(stream)) >= 0);
    close(kept);
    rewind(target);
    room[fread(room, 1, size - 1, target)] = '\0';
    fclose(target);
}

/* Runs `jeton LINE`; the line's words stand between blanks. */
static int run_line(const char *line)
{
    char room[512];
    char *argv[WORDS_MAX + 1] = {(char *)(uintptr_t) "jeton"};
    int argc = 1;
    char *rest = NULL;
    FILE *out = tmpfile(), *error = tmpfile();
    assert_true(out && error && strlen(line) < sizeof(room));
    strcpy(room, line);
    for (char *word = strtok_r(room, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        assert_true(argc < WORDS_MAX);
        argv[argc++] = word;
    }
    memset(&seen, 0, sizeof(seen));
    int kept_out = redirect(stdout, out), kept_error = redirect(stderr, error);
    int status = cli_run(commands, sizeof(commands) / sizeof(commands[0]), argc, argv);
    restore(stdout, kept_out, out, printed, sizeof(printed));
    restore(stderr, kept_error, error, complained, sizeof(complained));
    return status;
}

static void assert_misuse(const char *line, const char *said)
{
    assert_int_equal(run_line(line), EXIT_USAGE);
    assert_int_equal(seen.runs, 0);
    assert_string_equal(printed, "");
    if (!strstr(complained, said))
        fail_msg("`%s` says: %s", line, complained);
}

static void operands_and_options_are_read_in_any_order(void **state)
{
    static const char *const lines[] = {
        "secret add c1 --label a --expires-in 60 --public",
        "secret add --public --expires-in=60 c1 --label=a",
        "secret add --label a --public --expires-in 60 -- c1",
    };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(run_line(lines[i]), EXIT_DONE);
        assert_string_equal(seen.id, "c1");
        assert_string_equal(seen.label, "a");
        assert_int_equal(seen.number, 60);
        assert_true(seen.is_public);
        assert_false(seen.wants_json);
    }
}

static void behind_two_hyphens_nothing_is_an_option(void **state)
{
    (void)state;
    assert_int_equal(run_line("secret add -- --public"), EXIT_DONE);
    assert_string_equal(seen.id, "--public");
    assert_false(seen.is_public);
}

static void what_is_not_given_is_absent(void **state)
{
    (void)state;
    assert_int_equal(run_line("secret add c1"), EXIT_DONE);
    assert_string_equal(seen.label, "(none)");
    assert_int_equal(seen.number, -1);
    assert_false(seen.is_public);
}

static void an_empty_value_is_a_value(void **state)
{
    (void)state;
    assert_int_equal(run_line("secret add c1 --label="), EXIT_DONE);
    assert_string_equal(seen.label, "");
}

static void the_longest_name_is_the_command(void **state)
{
    (void)state;
    assert_int_equal(run_line("secret add c1"), EXIT_DONE);
    assert_string_equal(seen.name, "secret add");
    assert_int_equal(run_line("secret added twice"), EXIT_DONE);
    assert_string_equal(seen.name, "secret");
    assert_string_equal(seen.words, "added twice");
}

static void json_may_stand_anywhere_behind_the_command(void **state)
{
    static const char *const lines[] = {"secret add --json c1", "secret add c1 --json",
                                        "secret add c1 --json --label a"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(run_line(lines[i]), EXIT_DONE);
        assert_true(seen.wants_json);
    }
    assert_misuse("--json secret add c1", "there is no command --json");
}

static void an_operand_that_is_missing_or_too_much_is_wrong_use(void **state)
{
    (void)state;
    assert_misuse("secret add", "client_id is missing");
    assert_misuse("secret add --label a", "client_id is missing");
    assert_misuse("secret add c1 c2", "c2 is one word too many");
}

static void an_option_is_known_complete_and_given_once(void **state)
{
    (void)state;
    assert_misuse("secret add c1 --nothing", "there is no option --nothing");
    assert_misuse("secret add c1 --expires_in 60", "there is no option --expires_in");
    assert_misuse("secret add c1 --label", "--label needs a value");
    assert_misuse("secret add c1 --label a --label b", "label is given twice");
    assert_misuse("secret add c1 --public=yes", "--public takes no value");
    assert_misuse("check", "--label is missing");
}

static void a_number_is_a_number(void **state)
{
    (void)state;
    assert_int_equal(run_line("secret add c1 --expires-in -5"), EXIT_DONE);
    assert_int_equal(seen.number, -5);
    assert_misuse("secret add c1 --expires-in soon", "expires_in must be a number");
    assert_misuse("secret add c1 --expires-in 60s", "expires_in must be a number");
    assert_misuse("secret add c1 --expires-in=", "expires_in must be a number");
}

static void texts_are_utf8(void **state)
{
    (void)state;
    assert_misuse("secret add \xff", "client_id is not UTF-8");
}

static void socket_and_config_are_for_operators_commands(void **state)
{
    (void)state;
    assert_int_equal(run_line("stats --socket /run/x --config y"), EXIT_DONE);
    assert_misuse("secret add c1 --socket /run/x", "there is no option --socket");
}

static void help_wins_over_what_is_missing_and_runs_nothing(void **state)
{
    (void)state;
    assert_int_equal(run_line("secret add --help"), EXIT_DONE);
    assert_int_equal(seen.runs, 0);
    assert_non_null(strstr(printed, "Usage: jeton secret add CLIENT_ID [--label LABEL]"));
    assert_string_equal(complained, "");
    assert_int_equal(run_line("--help"), EXIT_DONE);
    assert_non_null(strstr(printed, "stats"));
}

static void json_is_wrong_use_where_there_is_none(void **state)
{
    (void)state;
    assert_misuse("serve --json", "there is no option --json");
    assert_int_equal(run_line("serve --help"), EXIT_DONE);
    assert_null(strstr(printed, "--json"));
}

static void the_version_is_an_option_too(void **state)
{
    (void)state;
    assert_int_equal(run_line("--version"), EXIT_DONE);
    assert_string_equal(seen.name, "version");
}

static void no_command_lists_them_all(void **state)
{
    (void)state;
    assert_misuse("", "Usage: jeton COMMAND");
    assert_misuse("nothing at all", "there is no command nothing");
    assert_misuse("sec", "there is no command sec");
}

static void a_failure_is_told_to_people_and_to_programs(void **state)
{
    (void)state;
    assert_int_equal(run_line("fail"), EXIT_FAILED);
    assert_string_equal(printed, "");
    assert_string_equal(complained, "jeton: it rains\n");
    assert_int_equal(run_line("fail --json"), EXIT_FAILED);
    assert_string_equal(printed, "{\"error\":\"it rains\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operands_and_options_are_read_in_any_order),
        cmocka_unit_test(behind_two_hyphens_nothing_is_an_option),
        cmocka_unit_test(what_is_not_given_is_absent),
        cmocka_unit_test(an_empty_value_is_a_value),
        cmocka_unit_test(the_longest_name_is_the_command),
        cmocka_unit_test(json_may_stand_anywhere_behind_the_command),
        cmocka_unit_test(an_operand_that_is_missing_or_too_much_is_wrong_use),
        cmocka_unit_test(an_option_is_known_complete_and_given_once),
        cmocka_unit_test(a_number_is_a_number),
        cmocka_unit_test(texts_are_utf8),
        cmocka_unit_test(socket_and_config_are_for_operators_commands),
        cmocka_unit_test(help_wins_over_what_is_missing_and_runs_nothing),
        cmocka_unit_test(json_is_wrong_use_where_there_is_none),
        cmocka_unit_test(the_version_is_an_option_too),
        cmocka_unit_test(no_command_lists_them_all),
        cmocka_unit_test(a_failure_is_told_to_people_and_to_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
