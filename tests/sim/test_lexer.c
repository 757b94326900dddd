#include "sim/lexer.h"

#include <string.h>

#include "tests/texts.h"
#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Kinds of tokens: a name, a word, a number, a symbol, a new line, strange. */
static const struct {
    const char *text, *kinds;
} texts[] = {
    {"", ""},
    {" \t\r# all of it", ""},
    {"y2=norm( x )", "asasas"},
    {"# one\n x_1;", "nas"},
    {"a.b.c a. .b", "aXaaXXa"},
    {"1 .5 5. 1e3 1e+3 1.5E-7 1e 1e+ 2x .", "111111"
                                            "1a1as1aX"},
    {"<=>===!=<>=", "ssssss"},
    {"! & = !", "XXsX"},
    {"\xc3\xa9\xe2\x88\x92 \xc3", "WXX"},
    {"n\u00f6rm(x\u00b2)", "WsaXs"},
    {"attn.\u00fcber 2\u00e9 a\xff.b x\u00b7y \u00e9. x_\u6f22", "W1WWaXaWXW"},
    {"e\u0301_1", "W"},
};

START_TEST(tokens_are_told_apart)
{
    static const char letters[] = {[LEXER_NEWLINE] = 'n', [LEXER_NAME] = 'a',   [LEXER_WORD] = 'W',
                                   [LEXER_NUMBER] = '1',  [LEXER_SYMBOL] = 's', [LEXER_STRANGE] = 'X'};
    struct lexer lexer;
    char kinds[32] = "";
    size_t count = 0, end = 0;
    lexer_init(&lexer, texts[_i].text, strlen(texts[_i].text), "it", NULL);
    for (struct lexer_token token; (token = lexer_next(&lexer)).kind != LEXER_END;
         kinds[count++] = letters[token.kind]) {
        ck_assert_uint_lt(count, sizeof kinds - 1);
        ck_assert_uint_gt(token.length, 0);
        ck_assert_uint_ge((size_t)(token.text - texts[_i].text), end); // none overlaps the one before
        end = (size_t)(token.text - texts[_i].text) + token.length;
    }
    ck_assert_str_eq(kinds, texts[_i].kinds);
    ck_assert_uint_eq(lexer.next, strlen(texts[_i].text));
}
END_TEST

static const struct text_message messages[] = {
    {"x = x $ x", "line 1, column 7: expected an operator or the end of the statement, found '$'"},
    {"x = \xc3\xa9", "line 1, column 5: unknown name '\xc3\xa9' (U+00E9)"
                     "; names are of a to z, A to Z, 0 to 9 and _"},
    {"\u00e9 = x", "line 1, column 1: expected a statement 'name = expression', found '\u00e9' (U+00E9)"
                   "; names are of a to z, A to Z, 0 to 9 and _"},
    {"x = x + n\u00f6rm(x)", "line 1, column 9: unknown function 'n\u00f6rm'; did you mean 'norm'?"},
    {"x = n\xf6rm(x)", "line 1, column 5: unknown function 'n\\xf6rm'; did you mean 'norm'?"},
    {"x = x*gr\u00f6\u00dfe", "line 1, column 7: unknown name 'gr\u00f6\u00dfe'"
                              "; names are of a to z, A to Z, 0 to 9 and _"},
    {"x = (x gr\u00f6\u00dfe)", "line 1, column 8: unknown name 'gr\u00f6\u00dfe'"
                                "; names are of a to z, A to Z, 0 to 9 and _"},
    /* cut between characters: 31 bytes */
    {"x = ab\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22(x)",
     "line 1, column 5: unknown function 'ab\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22'"
     "; names are of a to z, A to Z, 0 to 9 and _"},
    {"x = a\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22(x)",
     "line 1, column 5: unknown function 'a\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22...'"
     "; names are of a to z, A to Z, 0 to 9 and _"},
    {"x = \xc3", "line 1, column 5: expected a name, a number, a function or '(', found byte 0xc3"},
    {"x = x \xe2\x88\x92 x",
     "line 1, column 7: expected an operator or the end of the statement, found '\xe2\x88\x92' (U+2212); write -"},
    {"x = 2\xc2\xb7x",
     "line 1, column 6: expected an operator or the end of the statement, found '\xc2\xb7' (U+00B7); write *"},
};

START_TEST(message_names_place_and_reason)
{
    texts_check_message(&messages[_i]);
}
END_TEST

static const struct text_message carets[] = {
    {"y = nrom(x + attn(x))", "formula: line 1, column 5: unknown function 'nrom'; did you mean 'norm'?\n"
                              "  y = nrom(x + attn(x))\n"
                              "      ^"},
    {"x = x\n\ty = \x01\xc3\xa9 + q\n",
     "formula: line 2, column 6: expected a name, a number, a function or '(', found byte 0x01\n"
     "   y = ?\u00e9 + q\n"
     "       ^"},
    {"x = norm(\u00e9)",
     "formula: line 1, column 10: unknown name '\u00e9' (U+00E9); names are of a to z, A to Z, 0 to 9 and _\n"
     "  x = norm(\u00e9)\n"
     "           ^"},
    {"x = norm(x", "formula: line 1, column 11: expected ')' to close '(' of column 9, found end of line\n"
                   "  x = norm(x\n"
                   "            ^"},
    /* 20 sums before and after the slip: clipped on both sides, 72 columns with the caret in the middle */
    {"x = x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + q + "
     "x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x + x",
     "formula: line 1, column 81: unknown name 'q'\n"
     "  ...x + x + x + x + x + x + x + x + x + q + x + x + x + x + x + x + x + x + ...\n"
     "                                         ^"},
};

START_TEST(error_shows_the_line)
{
    struct error error;
    struct formula formula;
    const char *text = carets[_i].text;
    ck_assert_int_eq(formula_parse(text, strlen(text), "formula", &formula, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, carets[_i].message);
}
END_TEST

/* The caret stands under its token: accents have no column, and Chinese has two. */
START_TEST(characters_have_columns)
{
    struct error error;
    struct lexer lexer;
    struct lexer_token token;
    const char *text = "def f(u) = \u6f22e\u0301\xff; x = q";
    lexer_init(&lexer, text, strlen(text), "formula", &error);
    do
        token = lexer_next(&lexer);
    while (!lexer_is(&token, "q"));
    ck_assert_int_eq(lexer_error(&lexer, &token, "unknown name '%c'", 'q'), ERROR_INPUT);
    ck_assert_str_eq(error.text, "formula: line 1, column 22: unknown name 'q'\n"
                                 "  def f(u) = \u6f22e\u0301?; x = q\n"
                                 "                       ^");
}
END_TEST

START_TEST(error_of_a_file_names_it)
{
    struct formula formula;
    struct error error;
    ck_assert_int_eq(formula_parse("x = y", 5, "dir/mine.txt", &formula, &error), ERROR_INPUT);
    ck_assert_msg(strncmp(error.text, "dir/mine.txt: line 1, column 5: ", 32) == 0, "%s", error.text);
}
END_TEST

Suite *lexer_suite(void)
{
    Suite *suite = suite_create("lexer");
    TCase *tests = tcase_create("lexer");
    tcase_add_loop_test(tests, tokens_are_told_apart, 0, COUNT(texts));
    tcase_add_loop_test(tests, message_names_place_and_reason, 0, COUNT(messages));
    tcase_add_loop_test(tests, error_shows_the_line, 0, COUNT(carets));
    tcase_add_test(tests, characters_have_columns);
    tcase_add_test(tests, error_of_a_file_names_it);
    suite_add_tcase(suite, tests);
    return suite;
}
