/*
 * command.h — the command line: one table of commands that is read, checked and printed as help.
 *
 * A command's name has one to three words. Operands come in the table's order, options anywhere as `--name VALUE` or
 * `--name=VALUE`. Every command knows `--help`, and `--json` if it has a result for programs. `jeton --version` is
 * the command `version`.
 *
 * Threads: one.
 */
#pragma once

#include "base/json.h"
#include "base/text.h"

struct arena;
struct buf;

/* Exit statuses. */
#define EXIT_DONE   0
#define EXIT_FAILED 1 /* it did not work, or the answer is no */
#define EXIT_USAGE  2 /* wrong use */

enum operand_kind {
    OPERAND_TEXT,
    OPERAND_NUMBER,
    OPERAND_FLAG,   /* options only: takes no value */
    OPERAND_VIEW,   /* the same, about how the result is shown: the daemon does not hear of it */
    OPERAND_SECRET, /* `-` reads one line from stdin: the process list is public */
    OPERAND_STDIN,  /* `-` only: what the process list must not show */
    OPERAND_PATH,   /* made absolute: the daemon stands in another folder */
    OPERAND_WORDS,  /* options only: may come several times, the values are put together with blanks between */
};

struct operand {
    const char *name; /* "client_id"; an option is written --client-id */
    enum operand_kind kind;
    const char *meaning;
    bool is_required; /* of options; operands always are */
};

#define OPERAND_COUNT_MAX 2
#define OPTION_COUNT_MAX  12
#define VALUE_COUNT_MAX   (OPERAND_COUNT_MAX + OPTION_COUNT_MAX + 4)

struct cli_call;

struct cli_command {
    const char *name;
    const char *summary; /* one line */
    const char *help;    /* more; NULL: the summary says it all */
    int (*run)(struct cli_call *call);
    /* Of operator's commands: the result for people; NULL: print_result. */
    void (*print)(const struct cli_call *call, const json_t *result, struct buf *out);
    /* Of operator's commands: the member of the result whose yes or no decides how it ends; NULL: it is done. */
    const char *verdict;
    bool has_no_json; /* it has no result for programs: no --json */
    bool is_operator; /* works on a running server: takes --socket and --config */
    bool takes_words; /* any number of operands, left in `words` */
    struct operand operands[OPERAND_COUNT_MAX];
    struct operand options[OPTION_COUNT_MAX];
};

struct cli_value {
    const struct operand *operand;
    struct str text;
    int64_t number;
};

/* A command with its line read. */
struct cli_call {
    const struct cli_command *commands;
    size_t command_count;
    const struct cli_command *command;
    struct arena *arena;
    struct cli_value values[VALUE_COUNT_MAX];
    size_t value_count;
    bool wants_json;
    struct str words; /* with blanks between */
};

/* Finds the command, reads its line and runs it. The exit status. */
int cli_run(const struct cli_command *commands, size_t count, int argc, char **argv);

/* NULL, or the value that was given for the operand or option of that name. */
const struct cli_value *cli_value(const struct cli_call *call, const char *name);
/* Its text with a NUL behind it, or `otherwise`. */
const char *cli_text(const struct cli_call *call, const char *name, const char *otherwise);

/* Says on stderr what is wrong; as {"error": …} on stdout too where JSON was asked. Returns EXIT_FAILED. */
int cli_fail(const struct cli_call *call, struct str error);
/* Writes to stdout; EXIT_FAILED when it does not take it all. */
int cli_print(struct str text);
