#include "fixture.h"

#include "graphql/lexer.h"

static struct lexer lex(const char *source)
{
    struct lexer lexer;
    lexer_init(&lexer, arena, str_of(source), 100);
    lexer_next(&lexer);
    return lexer;
}

static void assert_token(const char *source, enum token_kind kind, const char *text)
{
    struct lexer lexer = lex(source);
    assert_int_equal(lexer.token.kind, kind);
    assert_true(str_equal(lexer.token.text, str_of(text)));
    lexer_next(&lexer);
    assert_int_equal(lexer.token.kind, TOKEN_END);
}

static void assert_failure(const char *source, const char *message)
{
    struct lexer lexer = lex(source);
    assert_int_equal(lexer.token.kind, TOKEN_FAILED);
    assert_string_equal(arena_cstr(arena, lexer.message), message);
}

/* [GraphQL 2.1.7] Ignored tokens. */
static void commas_comments_and_byte_order_mark_mean_nothing(void **state)
{
    (void)state;
    assert_token("\xef\xbb\xbf , # comment \"x\n\r\n\tname,, #end", TOKEN_NAME, "name");
}

static void every_punctuator_is_one_token(void **state)
{
    (void)state;
    struct lexer lexer = lex("!$&()...:=@[]{|}");
    for (int kind = TOKEN_BANG; kind <= TOKEN_BRACE_RIGHT; kind++) {
        assert_int_equal(lexer.token.kind, kind);
        lexer_next(&lexer);
    }
    assert_int_equal(lexer.token.kind, TOKEN_END);
}

/* [GraphQL 2.9.1, 2.9.2] No leading zeros; neither a name nor a dot touches the end. */
static void numbers_are_strict(void **state)
{
    (void)state;
    assert_token("-0", TOKEN_INT, "-0");
    assert_token("120", TOKEN_INT, "120");
    assert_token("-1.50e+3", TOKEN_FLOAT, "-1.50e+3");
    assert_token("1E5", TOKEN_FLOAT, "1E5");
    assert_failure("01", "Syntax Error: Invalid number, unexpected digit after 0: \"1\".");
    assert_failure("1.", "Syntax Error: Invalid number, expected digit but got: <EOF>.");
    assert_failure("1x", "Syntax Error: Invalid number, expected digit but got: \"x\".");
    assert_failure("1.2.3", "Syntax Error: Invalid number, expected digit but got: \".\".");
    assert_failure("-", "Syntax Error: Invalid number, expected digit but got: <EOF>.");
    assert_failure("1e\"", "Syntax Error: Invalid number, expected digit but got: '\"'.");
}

static void escapes_become_characters(void **state)
{
    (void)state;
    assert_token("\"plain é\"", TOKEN_STRING, "plain é");
    assert_token("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", TOKEN_STRING, "\"\\/\b\f\n\r\t");
    assert_token("\"\\u0041\\u00e9\\u20AC\"", TOKEN_STRING, "A\xc3\xa9\xe2\x82\xac");
    assert_token("\"\\uD83D\\uDE00\\u{1F600}\\u{41}\"", TOKEN_STRING,
                 "\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
                 "A");
    assert_token("\"\"", TOKEN_STRING, "");
}

static void bad_strings_are_refused(void **state)
{
    (void)state;
    assert_failure("\"abc", "Syntax Error: Unterminated string.");
    assert_failure("\"a\nb\"", "Syntax Error: Unterminated string.");
    assert_failure("\"a\\qb\"", "Syntax Error: Invalid character escape sequence: \"\\q\".");
    assert_failure("\"\\u00zz\"", "Syntax Error: Invalid Unicode escape sequence: \"\\u00zz\".");
    assert_failure("\"\\uD800\"", "Syntax Error: Invalid Unicode escape sequence: \"\\uD800\".");
    assert_failure("\"\\u{110000}\"", "Syntax Error: Invalid Unicode escape sequence: \"\\u{110000}\".");
    assert_failure("\"\\u{1F", "Syntax Error: Invalid Unicode escape sequence: \"\\u{1F\".");
    assert_failure("\"\\u0000\"", "Syntax Error: Invalid Unicode escape sequence: \"\\u0000\".");
    assert_failure("\"\a\"", "Syntax Error: Invalid character within String: U+0007.");
}

/* [GraphQL 2.9.4] BlockStringValue. */
static void block_strings_lose_their_indentation(void **state)
{
    (void)state;
    assert_token("\"\"\"\n    Hello,\n      World!\n\n    Yours,\n  \"\"\"", TOKEN_BLOCK_STRING,
                 "Hello,\n  World!\n\nYours,");
    assert_token("\"\"\"first\n  second\r\n   third\"\"\"", TOKEN_BLOCK_STRING, "first\nsecond\n third");
    assert_token("\"\"\"a \\\"\"\" b \\n\"\"\"", TOKEN_BLOCK_STRING, "a \"\"\" b \\n");
    assert_token("\"\"\"\"\"\"", TOKEN_BLOCK_STRING, "");
    assert_token("\"\"\" \n \n\"\"\"", TOKEN_BLOCK_STRING, "");
    assert_failure("\"\"\"a\"\"", "Syntax Error: Unterminated string.");
}

static void what_is_no_token_is_named(void **state)
{
    (void)state;
    assert_failure("?", "Syntax Error: Unexpected character: \"?\".");
    assert_failure("é", "Syntax Error: Unexpected character: U+00E9.");
    assert_failure("..", "Syntax Error: Unexpected character: \".\".");
    assert_failure("\x01", "Syntax Error: Invalid character: U+0001.");
    assert_failure("'x'",
                   "Syntax Error: Unexpected single quote character ('), did you mean to use a double quote (\")?");
    assert_failure("name \xc3(", "Syntax Error: Document is not valid UTF-8 text.");
}

static void the_first_failure_stays(void **state)
{
    (void)state;
    struct lexer lexer = lex("? name");
    lexer_next(&lexer);
    assert_int_equal(lexer.token.kind, TOKEN_FAILED);
    assert_int_equal(lexer.failed_at, 0);
}

static void places_count_lines_and_utf16_units(void **state)
{
    (void)state;
    unsigned line;
    unsigned column;
    source_locate(STR("a\r\nb\rc\n\xc3\xa9\xf0\x9f\x98\x80x"), 13, &line, &column);
    assert_int_equal(line, 4);
    assert_int_equal(column, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        graphql_test(commas_comments_and_byte_order_mark_mean_nothing),
        graphql_test(every_punctuator_is_one_token),
        graphql_test(numbers_are_strict),
        graphql_test(escapes_become_characters),
        graphql_test(bad_strings_are_refused),
        graphql_test(block_strings_lose_their_indentation),
        graphql_test(what_is_no_token_is_named),
        graphql_test(the_first_failure_stays),
        graphql_test(places_count_lines_and_utf16_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
