#include <dirent.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/formula.h"
#include "sim/text.h"
#include "tests/formula_trip.h"
#include "tests/random_formula.h"
#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { RANDOM_STRINGS = 20000, RANDOM_FORMULAS = 4000 };

/* The message of a text that must not parse, into error. */
static void parse_fails(const char *text, size_t length, struct error *error)
{
    struct formula formula;
    *error = (struct error){0};
    ck_assert_msg(formula_parse(text, length, "formula", &formula, error) == ERROR_INPUT, "parsed: %.80s", text);
    ck_assert_int_eq(error->code, ERROR_INPUT);
    ck_assert_ptr_null(formula.rules); /* nothing is left to free */
}

static void parse(const char *text, struct formula *formula)
{
    struct error error;
    ck_assert_msg(formula_parse(text, strlen(text), "formula", formula, &error) == ERROR_NONE, "%s", error.text);
}

static void assert_trip(const char *text, size_t length, bool must_parse)
{
    int parsed;
    const char *wrong = formula_trip(text, length, &parsed);
    ck_assert_msg(wrong == NULL, "%s: %.*s", wrong, (int)length, text);
    ck_assert_msg(parsed || !must_parse, "does not parse: %.*s", (int)length, text);
}

/* ---- errors ---- */

static const struct {
    const char *text, *message;
} errors[] = {
    /* tokens and grammar */
    {"x = x $ x", "line 1, column 7: expected an operator or the end of the statement, found '$'"},
    {"x = \xc3\xa9", "line 1, column 5: expected a name, a number, a function or '(', found '\xc3\xa9' (U+00E9)"},
    {"x = \xc3", "line 1, column 5: expected a name, a number, a function or '(', found byte 0xc3"},
    {"x = x \xe2\x88\x92 x",
     "line 1, column 7: expected an operator or the end of the statement, found '\xe2\x88\x92' (U+2212); write -"},
    {"x = 2\xc2\xb7x",
     "line 1, column 6: expected an operator or the end of the statement, found '\xc2\xb7' (U+00B7); write *"},
    {"x = x x", "line 1, column 7: expected an operator or the end of the statement, found 'x'"},
    {"x = 2x", "line 1, column 6: expected an operator or the end of the statement, found 'x'"},
    {"x = x < 2", "line 1, column 7: expected an operator or the end of the statement, found '<'"},
    {"x = ", "line 1, column 5: expected a name, a number, a function or '(', found end of line"},
    {"x = x +\nx", "line 1, column 8: expected a name, a number, a function or '(', found end of line"},
    {"x = +x", "line 1, column 5: expected a name, a number, a function or '(', found '+'"},
    {"x = first", "line 1, column 5: expected a name, a number, a function or '(', found 'first'"},
    {"x = .", "line 1, column 5: expected a name, a number, a function or '(', found '.'"},
    {"x + x", "line 1, column 3: expected '=' after 'x', found '+'"},
    {"2 = x", "line 1, column 1: expected a statement 'name = expression', found '2'"},
    {"= x", "line 1, column 1: expected a statement 'name = expression', found '='"},
    {"y = (x + attn(x)", "line 1, column 17: expected ')' to close '(' of column 5, found end of line"},
    {"y = attn(x\nx = y", "line 1, column 11: expected ')' to close '(' of column 9, found end of line"},
    {"x = attn x", "line 1, column 10: expected '(' after 'attn', found 'x'"},
    {"x = min(1)*x", "line 1, column 5: 'min' takes 2 scalars, found 1"},
    {"x = min(1, 2, 3)*x", "line 1, column 5: 'min' takes 2 scalars, found 3"},
    {"x = sqrt(1, 2)*x", "line 1, column 5: 'sqrt' takes 1 scalar, found 2"},
    {"x = attn(,)", "line 1, column 10: expected a name, a number, a function or '(', found ','"},
    /* names */
    {"y = nrom(x + attn(x))", "line 1, column 5: unknown function 'nrom'; did you mean 'norm'?"},
    {"\n# a comment\n\tskip = x; x = skp", "line 3, column 16: unknown name 'skp'; did you mean 'skip'?"},
    {"x = softmax(x)", "line 1, column 5: unknown function 'softmax'"},
    {"x = q", "line 1, column 5: unknown name 'q'"},
    {"x = x*D", "line 1, column 7: unknown name 'D'; did you mean 'd'?"},
    {"x = s*x", "line 1, column 5: 's' is known in initialisations only"},
    {"y = y", "line 1, column 5: unknown name 'y'"},
    {"block: y = x; x = y\nfinal: x = y", "line 2, column 12: unknown name 'y'"},
    {"a = 2; x = x\nblock if a < l: x = x",
     "line 2, column 1: this block is never reached: the one before it has no condition"},
    {"block if x < 1: x = x", "line 1, column 10: unknown name 'x'"},
    {"L = 3", "line 1, column 1: 'L' is reserved and cannot be assigned"},
    {"norm = x", "line 1, column 1: 'norm' is reserved and cannot be assigned"},
    {"abcdefghijklmnopqrstuvwxyz012345 = x", "line 1, column 1: a name has at most 31 characters"},
    {"x = abcdefghijklmnopqrstuvwxyz0123456", "line 1, column 5: unknown name 'abcdefghijklmnopqrstuvwxyz012345...'"},
    /* types */
    {"x = x + 1", "line 1, column 7: cannot add a scalar to a signal"},
    {"x = 1 + x", "line 1, column 7: cannot add a signal to a scalar"},
    {"x = x - L", "line 1, column 7: cannot subtract a scalar from a signal"},
    {"x = L - x", "line 1, column 7: cannot subtract a signal from a scalar"},
    {"x = x/x", "line 1, column 6: cannot divide two signals; divide by a scalar"},
    {"x = 1/x", "line 1, column 6: cannot divide a scalar by a signal"},
    {"x = x^2", "line 1, column 6: cannot raise a signal to a power"},
    {"x = x^x", "line 1, column 6: cannot raise a signal to a power"},
    {"x = 2^x", "line 1, column 6: cannot raise a scalar to the power of a signal"},
    {"x = attn(2*d)", "line 1, column 5: within 'attn': 'wq' takes a signal, this is a scalar"},
    {"x = sqrt(x)", "line 1, column 10: 'sqrt' takes a scalar, this is a signal"},
    {"x = max(1, x)", "line 1, column 12: 'max' takes a scalar, this is a signal"},
    {"x = wq(x, x)", "line 1, column 11: fan_out is a scalar, this is a signal"},
    {"block if (l < 2) + 1 > 0: x = x",
     "line 1, column 18: a condition is no number; join conditions by 'and', 'or', 'not'"},
    {"block if sqrt((l < 2)) > 0: x = x", "line 1, column 15: 'sqrt' takes a scalar, this is a condition"},
    {"block if -(l < 2): x = x", "line 1, column 10: a condition has no sign; its opposite is 'not'"},
    {"block if l < (l < 2): x = x",
     "line 1, column 12: a condition is no number; join conditions by 'and', 'or', 'not'"},
    {"x = norm(x)*(l < 2)", "line 1, column 16: expected ')' to close '(' of column 13, found '<'"},
    /* calls and their options */
    {"x = attend(x, x)", "line 1, column 5: 'attend' takes 3 signals, found 2"},
    {"x = tanh(x, x)", "line 1, column 5: 'tanh' takes 1 signal, found 2"},
    {"x = attend(x, x, x, head=3)", "line 1, column 21: unknown option 'head'; did you mean 'heads'?"},
    {"x = attend(x, x, x, mask=casual)", "line 1, column 26: unknown mask 'casual'; did you mean 'causal'?"},
    {"x = norm(x, layernrom)", "line 1, column 13: unknown kind 'layernrom'; did you mean 'layernorm'?"},
    {"x = norm(x, 2)", "line 1, column 13: expected a word, found '2'"},
    {"x = norm(x, eps=1, eps=2)", "line 1, column 20: 'eps' is given twice"},
    {"x = norm(eps=1, x)", "line 1, column 17: an argument without a name stands before those with one"},
    {"x = norm(eps=1)", "line 1, column 5: 'norm' takes 1 signal, found 0"},
    {"x = norm(x, groups=x)", "line 1, column 20: groups is a scalar, this is a signal"},
    {"x = ffn(x, cap=3)", "line 1, column 12: 'cap' says nothing to 'ffn'"},
    {"x = ffn(x, x)", "line 1, column 12: 'ffn' takes at most 1 argument"},
    {"x = attn()", "line 1, column 5: 'attn' needs 'u'"},
    {"x = attn(x, u=x)", "line 1, column 13: 'u' is given twice"},
    {"x = attn(x, n=x)", "line 1, column 13: unknown option 'n'"},
    {"x = moe(x, body=ffm)", "line 1, column 17: unknown def 'ffm'; did you mean 'ffn'?"},
    {"x = moe(x, body=attn)",
     "line 1, column 5: within 'attn': an expert sees its tokens one by one and cannot attend"},
    {"def sub(u) = moe(u); x = moe(x, body=sub)", "line 1, column 14: an expert has no experts of its own"},
    {"def no(u) = 2; x = moe(x, body=no)", "line 1, column 20: what an expert gives is a signal, this is a scalar"},
    {"x = wq_2(x)", "line 1, column 5: a matrix's name does not end in _ and a number"},
    {"x = wabcdefghijklmnopqrstuvwx(x)", "line 1, column 5: a matrix's name has at most 24 characters"},
    /* declarations */
    {"def f(u) = norm(u)", "line 1, column 19: there is no block; a formula assigns x, as in x = x + attn(norm(x))"},
    {"def f(u) = u; x = f(x)", "line 1, column 19: 'f' gives an argument back as it is"},
    {"def f(u) = g(u); def g(u) = norm(u); x = f(x)", "line 1, column 12: unknown function 'g'"},
    {"def f(u) = f(u); x = f(x)", "line 1, column 12: unknown function 'f'"},
    {"def f(u) = norm(v); x = f(x)", "line 1, column 17: unknown name 'v'"},
    {"def f(u) = norm(u) u; x = f(x)",
     "line 1, column 20: expected an operator or the end of the definition, found 'u'"},
    {"def f(u) = norm(x); x = f(x)", "line 1, column 17: unknown name 'x'"},
    {"def norm(u) = u; x = x", "line 1, column 5: 'norm' is the language's own and cannot be defined"},
    {"def f2(u) = norm(u); x = x", "line 1, column 5: a def's name does not end in a digit: its calls are numbered"},
    {"def f(u) = norm(u); def f(u) = u; x = x", "line 1, column 25: 'f' is defined already"},
    {"def f(u, u) = norm(u); x = x", "line 1, column 10: there is a parameter 'u' already"},
    {"def f(u = 1, v) = norm(v); x = x",
     "line 1, column 14: a parameter without a default stands before those with one"},
    {"def f(u = ) = norm(u); x = x", "line 1, column 11: expected a default, found ')'"},
    {"def f(u) = ; x = x", "line 1, column 12: expected what it computes, found ';'"},
    {"def f(u) norm(u); x = x", "line 1, column 10: expected '=' and what it computes, found 'norm'"},
    {"def f(L) = L; x = x", "line 1, column 7: 'L' is reserved and cannot be assigned"},
    {"x = x; def f(u) = norm(u)", "line 1, column 8: declarations stand before the first block"},
    {"state u, x; x = x", "line 1, column 7: the first state is x, as in: state x, u"},
    {"state x, x; x = x", "line 1, column 10: 'x' is declared already"},
    {"state x, u v; x = x", "line 1, column 12: expected ',' or the end of the declaration, found 'v'"},
    {"input x; x = x", "line 1, column 7: 'x' is declared already"},
    {"input m; m = x; x = x", "line 1, column 10: 'm' is an input and cannot be assigned"},
    {"input m; x = x + m",
     "line 1, column 16: a signal of the memory's tokens meets one of the sequence's; only attend can"},
    {"input m; x = m", "line 1, column 10: 'x' is a signal of the sequence's tokens, this is one of the memory's"},
    {"input m; x = attend(x, m, x)", "line 1, column 14: keys and values are of different tokens"},
    {"shared wz; x = x + attn(x)", "line 1, column 8: unknown matrix 'wz'"},
    {"state x, u; u = 2; x = x", "line 1, column 13: 'u' is a signal and cannot become a scalar"},
    {"y.z = x; x = x", "line 1, column 1: a name has no dot outside of initialisations"},
    {"y = x; y = 2", "line 1, column 8: 'y' is a signal and cannot become a scalar"},
    {"a = 2; a = x", "line 1, column 8: 'a' is a scalar and cannot become a signal"},
    {"x = 2", "line 1, column 1: 'x' is a signal and cannot become a scalar"},
    /* numbers */
    {"x = 1e999*x", "line 1, column 5: the number 1e999 is too large"},
    {"x = 1e-999*x", "line 1, column 5: the number 1e-999 is too small"},
    {"x = 0.0000000000000000000000000000000000000000000000000000000000000001*x",
     "line 1, column 5: a number has at most 63 characters"},
    /* sections */
    {"", "line 1, column 1: there is no block; a formula assigns x, as in x = x + attn(norm(x))"},
    {" ; # nothing\n", "line 2, column 1: there is no block; a formula assigns x, as in x = x + attn(norm(x))"},
    {"first: x = x", "line 1, column 13: there is no block; a formula assigns x, as in x = x + attn(norm(x))"},
    {"y = attn(x)", "line 1, column 1: this section never assigns x, its output"},
    {"x = x\nfinal: y = x", "line 2, column 1: this section never assigns x, its output"},
    {"block: ; first: x = x", "line 1, column 1: this section never assigns x, its output"},
    {"frist: x = x", "line 1, column 1: unknown section 'frist'; did you mean 'first'?"},
    {"head: x = x", "line 1, column 1: unknown section 'head'"},
    {"first: x = x; first: x = x", "line 1, column 15: a second section 'first'"},
    {"final: x = x; block: x = x; final: x = x", "line 1, column 29: a second section 'final'"},
    {"x = x; block: x = x", "line 1, column 8: this block is never reached: the one before it has no condition"},
    {"block: x = x; block if l > 2: x = x",
     "line 1, column 15: this block is never reached: the one before it has no condition"},
    {"first x = x", "line 1, column 7: expected ':', found 'x'"},
    {"block x = x", "line 1, column 7: expected ':' or 'if', found 'x'"},
    {"if l < 2: x = x", "line 1, column 1: expected 'block if', found 'if'"},
    {"block if l: x = x", "line 1, column 11: expected a comparison (< <= > >= == !=), found ':'"},
    {"block if l = 3: x = x", "line 1, column 12: expected a comparison (< <= > >= == !=), found '='"},
    {"block if l < 3 x = x", "line 1, column 16: expected ':' after the condition, found 'x'"},
    {"block if 1 < l < 3: x = x", "line 1, column 16: expected ':' after the condition, found '<'"},
    {"block if attn(1) < 3: x = x", "line 1, column 10: unknown function 'attn'"},
    {"block if not l: x = x", "line 1, column 15: expected a comparison (< <= > >= == !=), found ':'"},
    {"block if l < 2 and l: x = x", "line 1, column 21: expected a comparison (< <= > >= == !=), found ':'"},
    {"block if l or l < 2: x = x", "line 1, column 12: expected a comparison (< <= > >= == !=), found 'or'"},
};

START_TEST(error_names_place_and_reason)
{
    struct error error;
    parse_fails(errors[_i].text, strlen(errors[_i].text), &error);
    char first_line[400];
    snprintf(first_line, sizeof first_line, "%.*s", (int)strcspn(error.text, "\n"), error.text);
    char wanted[400];
    snprintf(wanted, sizeof wanted, "formula: %s", errors[_i].message);
    ck_assert_str_eq(first_line, wanted);
}
END_TEST

static const struct {
    const char *text, *message;
} carets[] = {
    {"y = nrom(x + attn(x))", "formula: line 1, column 5: unknown function 'nrom'; did you mean 'norm'?\n"
                              "  y = nrom(x + attn(x))\n"
                              "      ^"},
    {"x = x\n\ty = \x01\xc3\xa9 + q\n",
     "formula: line 2, column 6: expected a name, a number, a function or '(', found byte 0x01\n"
     "   y = ?\u00e9 + q\n"
     "       ^"},
    {"def f(u) = \u6f22e\u0301\xff; x = q", "formula: line 1, column 22: unknown name 'q'\n" // accents have no column
                                            "  def f(u) = \u6f22e\u0301?; x = q\n"           // and Chinese has two
                                            "                       ^"},
    {"x = norm(\u00e9)",
     "formula: line 1, column 10: expected a name, a number, a function or '(', found '\u00e9' (U+00E9)\n"
     "  x = norm(\u00e9)\n"
     "           ^"},
    {"def f(u) = norm(v)\n  x = x + f(x)", "formula: line 1, column 17: unknown name 'v'\n"
                                           "  def f(u) = norm(v)\n"
                                           "                  ^\n"
                                           "  in the definition of 'f', called in line 2, column 11"},
    {"x = ffn(2)", "formula: line 1, column 5: within 'ffn': 'w1' takes a signal, this is a scalar\n"
                   "  x = ffn(2)\n"
                   "      ^"},
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
    parse_fails(carets[_i].text, strlen(carets[_i].text), &error);
    ck_assert_str_eq(error.text, carets[_i].message);
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

/* ---- limits ---- */

/* count copies of part between head and tail, in memory that the caller frees. */
static char *repeat(const char *head, const char *part, int count, const char *tail)
{
    size_t size = strlen(head) + (size_t)count * strlen(part) + strlen(tail) + 1;
    char *text = malloc(size);
    ck_assert_ptr_nonnull(text);
    char *end = stpcpy(text, head);
    for (int i = 0; i < count; i++)
        end = stpcpy(end, part);
    stpcpy(end, tail);
    return text;
}

/* The largest count that is allowed parses, one more is the error. A sum of n+1 takes n+1 nodes: x stands once. */
static const struct {
    const char *head, *part, *tail;
    int allowed;
    const char *message;
} limits[] = {
    {"x = ", "(", "x", FORMULA_NESTING_MAX - 1, "nested too deeply: at most 100 levels"},
    {"x = 2", "^2", "*x", FORMULA_NESTING_MAX - 1, "nested too deeply: at most 100 levels"},
    {"x = x", " + x", "", GRAPH_NODES_MAX - 1, "too long: a section has at most 4096 operations"},
    {"", "x = x;", "", GRAPH_STATEMENTS_MAX, "too long: a section has at most 512 statements"},
    {"", "block if l<2:x=x;", "", FORMULA_RULES_MAX, "too many blocks: at most 64"},
    {"x = x", "+moe(x)", "", 585, "too long: a section has at most 4096 operations"},
    {"x = ", "norm(", "x", FORMULA_NESTING_MAX - 1, "nested too deeply: at most 100 levels"},
    {"x = x", " ", "", FORMULA_TEXT_MAX - 5, "formula: the text has 65537 bytes; at most 65536 are allowed"},
};

START_TEST(limit_is_an_error_not_a_crash)
{
    struct error error = {0};
    char *over = repeat(limits[_i].head, limits[_i].part, limits[_i].allowed + 1, limits[_i].tail);
    parse_fails(over, strlen(over), &error);
    ck_assert_msg(strstr(error.text, limits[_i].message) != NULL, "%s", error.text);
    free(over);

    bool parentheses = strchr(limits[_i].part, '(') != NULL && strchr(limits[_i].part, ')') == NULL;
    char *closing = parentheses ? repeat("x", ")", limits[_i].allowed, "") : strdup(limits[_i].tail);
    char *under = repeat(limits[_i].head, limits[_i].part, limits[_i].allowed, closing);
    assert_trip(under, strlen(under), true);
    free(closing);
    free(under);
}
END_TEST

static const char *const floods[] = {
    "(",      "-",         "attn(", "def f(u)=", "state x,", "not ", "wq(x,", "attend(x,x,x,cap=", "x^", "2^-", "sqrt(",
    "first:", "block if ", "#",     "\n",        ")",        "9",    "x=x+"};

START_TEST(flood_ends)
{
    char *text = repeat("x = ", floods[_i], (int)(FORMULA_TEXT_MAX - 4) / (int)strlen(floods[_i]), "");
    assert_trip(text, strlen(text), false);
    assert_trip(text + 4, strlen(text) - 4, false);
    free(text);
}
END_TEST

/* ---- meaning ---- */

static const struct {
    const char *text;
    double value;
} scalars[] = {
    {"1 + 2*3", 7},
    {"(1 + 2)*3", 9},
    {"7 - 2 - 1", 4},
    {"12/3/2", 2},
    {"12/3*2", 8},
    {"2^3^2", 512},
    {"(2^3)^2", 64},
    {"-2^2", -4},
    {"(-2)^2", 4},
    {"2^-1", 0.5},
    {"2^-2^0", 0.5},
    {"--3", 3},
    {"1--1", 2},
    {"2*-3", -6},
    {"-2*-3^2", 18},
    {"min(2, 3)*max(2, 3)", 6},
    {"sqrt(16)", 4},
    {".5 + 5.", 5.5},
    {"1e3 + 2.5E-1", 1000.25},
    {"2*L - l/2", 12.5},
    {"d + 10*T + H", 116},
    {"F*E - k", 653},
    {"-min(1, -4)", 4},
    {"1 - (2 - 3)", 2},
    {"max(1, 2 + 3)^2", 25},
    {"6/(2*3)", 1},
    {"1.5e+1", 15},
    {"floor(2.7) + floor(-2.3)", -1},
    {"mod(7, 3) + 10*mod(-7, 3) + 100*mod(7, -3)", -179},
    {"mod(0.75, 0.5)", 0.25},
    {"log(exp(2))", 2},
    {"heads + 10*kv_heads + 100*head_width", 2113},
    {"2^(1/2)^2", 1.189207115002721},
};

START_TEST(scalar_has_its_value)
{
    char text[128];
    snprintf(text, sizeof text, "a = %s; x = a*x", scalars[_i].text);
    struct formula formula;
    struct error error;
    parse(text, &formula);
    struct graph_scope scope = {
        .L = 7, .l = 3, .d = 63, .T = 5, .F = 131, .H = 3, .E = 5, .k = 2, .heads = 3, .kv_heads = 1, .head_width = 21};
    double values[GRAPH_NODES_MAX];
    const struct graph *block = &formula.rules[0].block;
    ck_assert_int_eq(graph_evaluate(block, &scope, values, &error), ERROR_NONE);
    /* exact but for the last, a power with a rounding of its own */
    ck_assert_double_eq_tol(values[block->statements[0].node], scalars[_i].value, 1e-15 * fabs(scalars[_i].value));
    formula_free(&formula);
}
END_TEST

static const struct {
    const char *text, *printed;
} prints[] = {
    {"y=norm( x+attn(x) ) # c\n\nx=norm(x+ffn(y));", "y = norm(x + attn(x)); x = norm(x + ffn(y))"},
    {"first:x=norm(x)\nblock if l<=L/4:x=x\nblock:x=attn(x)\nfinal:\n x=x",
     "first: x = norm(x); block if l <= L/4: x = x; block: x = attn(x); final: x = x"},
    {"block: x = x", "x = x"},
    {"x = x - (attn(x) - x)", "x = x - (attn(x) - x)"},
    {"x = x - attn(x) + x", "x = x - attn(x) + x"},
    {"x = -attn(x) - -x", "x = -attn(x) - -x"},
    {"x = x*-1", "x = -x"},
    {"x = attn(x)*2*-1", "x = attn(x)*2*-1"},
    {"x = attn(x)/2/(3*d)", "x = attn(x)/2/(3*d)"},
    {"x = attn(x)*(1/3)", "x = attn(x)*(1/3)"},
    {"x = (1/3)*attn(x)", "x = 1/3*attn(x)"},
    {"a = 2; x = a*(x + attn(x))", "a = 2; x = a*(x + attn(x))"},
    {"a = -(2*L)^-(1/4); b = -a; x = b*x*a", "a = -(2*L)^-(1/4); b = -a; x = b*x*a"},
    {"a = 0.1; b = 1e22; c2 = 1.0000000000000002; x = x", "a = 0.1; b = 1e+22; c2 = 1.0000000000000002; x = x"},
    {"y = attn(x); x = 2*d*y - y*(3*d)", "y = attn(x); x = 2*d*y - 3*d*y"},
    {"y = attn(x); z = y; y = norm(x); x = y + z", "y = attn(x); z = y; y = norm(x); x = y + z"},
    {"x=wo( attend(norm(wq(x,2*d),groups=H,eps=1e-5),wk(x),wv(x),mask=causal ,cap=50))",
     "x = wo(attend(norm(wq(x, 2*d), groups=H, eps=1e-05), wk(x), wv(x), mask=causal, cap=50))"},
    {"x = x*attn(x)*2", "x = x*attn(x)*2"},
    {"x = 2*(x*attn(x))", "x = 2*(x*attn(x))"},
    {"x = x*(attn(x)*2)", "x = x*(attn(x)*2)"},
    {"x = attn(x,window=4*mod(l,2))+norm(x,layernorm)", "x = attn(x, window=4*mod(l, 2)) + norm(x, layernorm)"},
    {"def  f(u,a=2*d)=a*norm( u );state x,u;input m;shared wq,attn.wv\nx=f(attn(x,m))+f(x,3);u=u-x",
     "def  f(u,a=2*d)=a*norm( u ); state x, u; input m; shared wq, attn.wv; x = f(attn(x, m)) + f(x, 3); u = u - x"},
    {"def two()=2; x = x*-two()", "def two()=2; x = x*-two()"},
    {"block if not(l<2 or l>3)and l!=1 or mod(l,2)==0:x=x\nblock:x=moe(x,body=glu,top=1)",
     "block if not (l < 2 or l > 3) and l != 1 or mod(l, 2) == 0: x = x; block: x = moe(x, body=glu, top=1)"},
    {"block if not not l<2 and (l<3 and l>1):x=x", "block if not not l < 2 and (l < 3 and l > 1): x = x"},
};

START_TEST(print_is_canonical)
{
    struct formula formula;
    char printed[512];
    parse(prints[_i].text, &formula);
    ck_assert_uint_eq(formula_print(&formula, "; ", printed, sizeof printed), strlen(prints[_i].printed));
    ck_assert_str_eq(printed, prints[_i].printed);
    formula_free(&formula);
    assert_trip(prints[_i].text, strlen(prints[_i].text), true);
}
END_TEST

/* Which rule serves block l of 8: the number of attn in its graph tells. */
static const struct {
    const char *text;
    int sites[8]; /* of blocks 1 to 8; -1 for an error */
} depths[] = {
    {"x = attn(x)", {1, 1, 1, 1, 1, 1, 1, 1}},
    {"first: x = x; block: x = attn(x)", {0, 1, 1, 1, 1, 1, 1, 1}},
    {"block: x = attn(x); first: x = x", {0, 1, 1, 1, 1, 1, 1, 1}},
    {"block if l <= L/4: x = attn(x); block: x = x", {1, 1, 0, 0, 0, 0, 0, 0}},
    {"block if l == 3: x = attn(x); block if l > 5: x = attn(attn(x)); block if l != 4: x = x",
     {0, 0, 1, -1, 0, 2, 2, 2}},
    {"first: x = attn(x); block if l < 4: x = attn(attn(x)); block if l >= L - 1: x = x; final: x = norm(x)",
     {1, 2, 2, -1, -1, -1, 0, 0}},
};

START_TEST(depth_chooses_the_rule)
{
    struct formula formula;
    parse(depths[_i].text, &formula);
    for (int l = 1; l <= 8; l++) {
        struct graph_scope scope = {.L = 8, .l = l};
        const struct graph *block;
        struct error error = {0};
        int code = formula_block(&formula, &scope, &block, &error);
        ck_assert_int_eq(code, depths[_i].sites[l - 1] < 0 ? ERROR_INPUT : ERROR_NONE);
        ck_assert_int_eq(block != NULL ? block->site_count : -1, depths[_i].sites[l - 1]);
    }
    formula_free(&formula);
}
END_TEST

START_TEST(missing_rule_is_named)
{
    struct formula formula;
    parse("block if l < 4: x = x", &formula);
    struct graph_scope scope = {.L = 8, .l = 4};
    const struct graph *block;
    struct error error;
    ck_assert_int_eq(formula_block(&formula, &scope, &block, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "formula: no condition holds in block 4; end with a 'block:' without one");
    formula_free(&formula);

    parse("block if 1/(l - 3) < 4: x = x", &formula);
    scope.l = 3;
    ck_assert_int_eq(formula_block(&formula, &scope, &block, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "formula: line 1, column 11: the result of '/' is not a finite number in block 3");
    formula_free(&formula);
}
END_TEST

START_TEST(print_is_cut_like_snprintf)
{
    struct formula formula;
    parse("first: x = norm(x); block: x = attn(x)", &formula);
    char whole[64], part[64];
    size_t length = formula_print(&formula, "; ", whole, sizeof whole);
    for (size_t size = 0; size <= length + 1; size++) {
        memset(part, '#', sizeof part);
        ck_assert_uint_eq(formula_print(&formula, "; ", part, size), length);
        ck_assert_int_eq(part[size], '#');
        if (size > 0) {
            ck_assert_uint_eq(strlen(part), size - 1);
            ck_assert_int_eq(memcmp(part, whole, size - 1), 0);
        }
    }
    formula_free(&formula);
    formula_free(&formula); /* safe on what is free already */
}
END_TEST

/* ---- scalars of initialisations ---- */

static const struct {
    const char *text, *message; /* NULL: parses */
} assignments[] = {
    {"wq = 1/sqrt(d); w2 = c*wq*s/phi2", NULL},
    {"wq = 1\nwq = 2\nw2 = wq", NULL},
    {"b = (8*L)^(-1/4); w = 1/sqrt(n); wv = b*w; attn2.wo = 0; wk = attn2.wo + m", NULL},
    {"", "line 1, column 1: nothing is assigned; an initialisation does, as in w = 1/sqrt(n)"},
    {"n = 1", "line 1, column 1: 'n' is reserved and cannot be assigned"},
    {"wq = attn.wq", "line 1, column 6: unknown name 'attn.wq'"},
    {"wq = silu(2)", "line 1, column 6: unknown function 'silu'"},
    {"wq = wk(2)", "line 1, column 6: unknown function 'wk'"},
    {"c = 1", "line 1, column 1: 'c' is reserved and cannot be assigned"},
    {"wq = x", "line 1, column 6: unknown name 'x'"},
    {"wq = phi3", "line 1, column 6: unknown name 'phi3'; did you mean 'phi2'?"},
    {"wq = norm(d)", "line 1, column 6: unknown function 'norm'"},
    {"first: wq = 1", "line 1, column 1: sections are for block formulas only"},
};

START_TEST(scalars_are_assigned)
{
    struct graph graph;
    struct error error = {0};
    const char *text = assignments[_i].text;
    int code = formula_parse_scalars(text, strlen(text), "mine", &graph, &error);
    if (assignments[_i].message == NULL) {
        ck_assert_msg(code == ERROR_NONE, "%s", error.text);
        ck_assert_ptr_null(formula_trip_invariant(&graph));
    } else {
        ck_assert_int_eq(code, ERROR_INPUT);
        error.text[strcspn(error.text, "\n")] = '\0';
        ck_assert_str_eq(error.text + strlen("mine: "), assignments[_i].message);
    }
    graph_free(&graph);
}
END_TEST

/* ---- every text ---- */

static uint64_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* Three kinds of bytes: any, printable, and words of the language, which get furthest into the parser. */
static size_t random_text(uint64_t *state, char buffer[512])
{
    static const char *const words[] = {
        "x",   "y",         "=",      ";",          "\n",     "attn(",     "norm(",   ")",
        "(",   "+",         "-",      "*",          "/",      "^",         "2",       "L",
        ".5",  "1e",        "first:", "block:",     "final:", "block if ", "<=",      "==",
        ":",   ",",         "min(",   "#",          " ",      "ffn(x)",    "x = ",    "\t",
        "moe", "def f(u)=", "f(",     "state x,u;", "u",      "input m;",  "m",       "shared wq;",
        "wq(", "attend(",   "mask=",  "causal",     "heads=", "cap=",      "groups=", "body=",
        "glu", "tanh(",     "phi(",   " and ",      " or ",   "not ",      "mod(",    "layernorm"};
    struct text text = {buffer, 512, 0};
    uint64_t kind = next(state) % 3;
    for (uint64_t left = next(state) % 40; left > 0; left--) {
        if (kind == 0 && text.length < 500)
            buffer[text.length++] = (char)next(state);
        else if (kind == 1)
            text_print(&text, "%c", (int)(' ' + next(state) % 95));
        else
            text_print(&text, "%s", words[next(state) % COUNT(words)]);
    }
    return text.length < 511 ? text.length : 511;
}

/* One expression of any length: 1 + 1 + ... of 400 ones, 1,597 bytes, and one that is no expression. */
START_TEST(a_scalar_is_evaluated)
{
    enum { ONES = 400 };
    char text[4 * ONES] = "";
    struct error error = {0};
    struct graph_scope scope = {.L = 8, .l = 3, .c = 1.5};
    double value = 0;
    for (int i = 0; i < ONES; i++)
        strcat(text, i > 0 ? " + 1" : "1");
    ck_assert_uint_gt(strlen(text), 1500);
    ck_assert_msg(formula_scalar(text, "ones", &scope, &value, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_double_eq(value, ONES);
    ck_assert_int_eq(formula_scalar("c^2*l/L", "it", &scope, &value, &error), ERROR_NONE);
    ck_assert_double_eq_tol(value, 2.25 * 3 / 8, 1e-15);
    ck_assert_int_eq(formula_scalar("1 + q", "bound", &scope, &value, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "bound"));
    ck_assert_int_eq(formula_scalar("1/(l - 3)", "bound", &scope, &value, &error), ERROR_INPUT);
    ck_assert_int_eq(formula_scalar("1; x = 2", "bound", &scope, &value, &error), ERROR_INPUT);
}
END_TEST

START_TEST(random_text_ends)
{
    uint64_t state = 20240501;
    char buffer[512];
    for (int i = 0; i < RANDOM_STRINGS; i++)
        assert_trip(buffer, random_text(&state, buffer), false);
}
END_TEST

/* One to four bytes of a valid formula replaced, dropped or doubled. */
static size_t mutate(uint64_t *state, char *text, size_t length)
{
    static const char bytes[] = "xyLld0129.e+-*/^()=<>!,;:# "
                                "\n\t\0\200firstblockfinalifattnffnmoenormsqrtminmaxdefstateinputsharedwqwkattend."
                                "capheads=maskcausalandornotmodphi";
    for (uint64_t left = 1 + next(state) % 4; left > 0 && length > 1; left--) {
        size_t place = next(state) % length, kind = next(state) % 3;
        if (kind == 0) {
            text[place] = bytes[next(state) % sizeof bytes];
        } else if (kind == 1) {
            memmove(text + place, text + place + 1, length - place - 1);
            length--;
        } else {
            memmove(text + place + 1, text + place, length - place);
            length++;
        }
    }
    return length;
}

START_TEST(mutated_formula_ends)
{
    uint64_t state = 77;
    char buffer[RANDOM_FORMULA_MAX + 8];
    for (int i = 0; i < RANDOM_STRINGS; i++) {
        size_t length = random_formula(next(&state), (unsigned)i % 4, buffer);
        assert_trip(buffer, mutate(&state, buffer, length), false);
    }
}
END_TEST

START_TEST(random_formula_round_trips)
{
    char buffer[RANDOM_FORMULA_MAX];
    for (uint64_t seed = 0; seed < RANDOM_FORMULAS; seed++)
        assert_trip(buffer, random_formula(seed, seed % 4, buffer), true);
}
END_TEST

/* The files hold what fuzzing found worth keeping. */
START_TEST(kept_input_ends)
{
    DIR *folder = opendir("tests/data/formula");
    ck_assert_ptr_nonnull(folder);
    int files = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] == '.')
            continue;
        char path[512], *bytes;
        size_t length;
        struct error error;
        snprintf(path, sizeof path, "tests/data/formula/%s", entry->d_name);
        ck_assert_int_eq(text_read(path, FORMULA_TEXT_MAX + 1, &bytes, &length, &error), ERROR_NONE);
        assert_trip(bytes, length, false);
        free(bytes);
        files++;
    }
    closedir(folder);
    ck_assert_int_ge(files, 10);
}
END_TEST

Suite *formula_suite(void)
{
    Suite *suite = suite_create("formula");
    TCase *tests = tcase_create("errors");
    tcase_add_loop_test(tests, error_names_place_and_reason, 0, COUNT(errors));
    tcase_add_loop_test(tests, error_shows_the_line, 0, COUNT(carets));
    tcase_add_test(tests, error_of_a_file_names_it);
    tcase_add_loop_test(tests, limit_is_an_error_not_a_crash, 0, COUNT(limits));
    tcase_add_loop_test(tests, flood_ends, 0, COUNT(floods));
    suite_add_tcase(suite, tests);
    tests = tcase_create("meaning");
    tcase_add_loop_test(tests, scalar_has_its_value, 0, COUNT(scalars));
    tcase_add_loop_test(tests, print_is_canonical, 0, COUNT(prints));
    tcase_add_loop_test(tests, depth_chooses_the_rule, 0, COUNT(depths));
    tcase_add_test(tests, missing_rule_is_named);
    tcase_add_test(tests, print_is_cut_like_snprintf);
    tcase_add_loop_test(tests, scalars_are_assigned, 0, COUNT(assignments));
    tcase_add_test(tests, kept_input_ends);
    tcase_add_test(tests, a_scalar_is_evaluated);
    suite_add_tcase(suite, tests);
    tests = tcase_create("every text");
    tcase_set_tags(tests, "slow");
    tcase_set_timeout(tests, 600);
    tcase_add_test(tests, random_text_ends);
    tcase_add_test(tests, mutated_formula_ends);
    tcase_add_test(tests, random_formula_round_trips);
    suite_add_tcase(suite, tests);
    return suite;
}
