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
#include "tests/texts.h"
#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { RANDOM_STRINGS = 20000, RANDOM_FORMULAS = 4000 };

static void assert_trip(const char *text, size_t length, bool must_parse)
{
    int parsed;
    const char *wrong = formula_trip(text, length, &parsed);
    ck_assert_msg(wrong == NULL, "%s: %.*s", wrong, (int)length, text);
    ck_assert_msg(parsed || !must_parse, "does not parse: %.*s", (int)length, text);
}

/* ---- errors ---- */

static const struct text_message messages[] = {
    {"a = 2; x = x\nblock if a < l: x = x",
     "line 2, column 1: this block is never reached: the one before it has no condition"},
    {"def f(u) = norm(u)", "line 1, column 19: there is no block; a formula assigns x, as in x = x + attn(norm(x))"},
    {"x = x; def f(u) = norm(u)", "line 1, column 8: declarations stand before the first block"},
    {"state u, x; x = x", "line 1, column 7: the first state is x, as in: state x, u"},
    {"state x, \u00fc; x = x", "line 1, column 10: expected a name, found '\u00fc' (U+00FC)"
                               "; names are of a to z, A to Z, 0 to 9 and _"},
    {"shared w\u00fc; x = x", "line 1, column 8: expected a name, found 'w\u00fc'"
                              "; names are of a to z, A to Z, 0 to 9 and _"},
    {"state x, x; x = x", "line 1, column 10: 'x' is declared already"},
    {"state x, u v; x = x", "line 1, column 12: expected ',' or the end of the declaration, found 'v'"},
    {"input x; x = x", "line 1, column 7: 'x' is declared already"},
    {"shared wz; x = x + attn(x)",
     "line 1, column 8: unknown matrix 'wz'; known are attn.wq, attn.wk, attn.wv, attn.wo"},
    {"", "line 1, column 1: there is no block; a formula assigns x, as in x = x + attn(norm(x))"},
    {" ; # nothing\n", "line 2, column 1: there is no block; a formula assigns x, as in x = x + attn(norm(x))"},
    {"first: x = x", "line 1, column 13: there is no block; a formula assigns x, as in x = x + attn(norm(x))"},
    {"y = attn(x)", "line 1, column 1: this section never assigns x, its output"},
    {"x = x\nfinal: y = x", "line 2, column 1: this section never assigns x, its output"},
    {"block: ; first: x = x", "line 1, column 1: this section never assigns x, its output"},
    {"first: x = x; first: x = x", "line 1, column 15: a second section 'first'"},
    {"final: x = x; block: x = x; final: x = x", "line 1, column 29: a second section 'final'"},
    {"x = x; block: x = x", "line 1, column 8: this block is never reached: the one before it has no condition"},
    {"block: x = x; block if l > 2: x = x",
     "line 1, column 15: this block is never reached: the one before it has no condition"},
    {"first x = x", "line 1, column 7: expected ':', found 'x'"},
    {"block x = x", "line 1, column 7: expected ':' or 'if', found 'x'"},
    {"if l < 2: x = x", "line 1, column 1: expected 'block if', found 'if'"},
    {"block if l < 3 x = x", "line 1, column 16: expected ':' after the condition, found 'x'"},
    {"block if 1 < l < 3: x = x", "line 1, column 16: expected ':' after the condition, found '<'"},
};

START_TEST(message_names_place_and_reason)
{
    texts_check_message(&messages[_i]);
}
END_TEST

static const struct text_limit limits[] = {
    {"", "block if l<2:x=x;", "", FORMULA_RULES_MAX, "too many blocks: at most 64"},
};

START_TEST(limit_is_an_error_not_a_crash)
{
    texts_check_limit(&limits[_i]);
}
END_TEST

static const char *const floods[] = {
    "(",      "-",         "attn(", "def f(u)=", "state x,", "not ", "wq(x,", "attend(x,x,x,cap=", "x^", "2^-", "sqrt(",
    "first:", "block if ", "#",     "\n",        ")",        "9",    "x=x+"};

START_TEST(flood_ends)
{
    char *text = texts_repeat("x = ", floods[_i], (int)(FORMULA_TEXT_MAX - 4) / (int)strlen(floods[_i]), "");
    assert_trip(text, strlen(text), false);
    assert_trip(text + 4, strlen(text) - 4, false);
    free(text);
}
END_TEST

/* ---- meaning ---- */

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
    texts_parse(depths[_i].text, &formula);
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

START_TEST(states_pass_through_where_not_assigned)
{
    struct formula formula;
    struct error error;
    const char *text = "state x, u, v; input m; first: u = attn(x, m); x = x + u; block: v = x + v; x = norm(v)";
    ck_assert_int_eq(formula_parse(text, strlen(text), "formula", &formula, &error), ERROR_NONE);
    const struct graph *first = &formula.first, *block = &formula.rules[0].block;
    ck_assert_int_eq(first->state_count, 3);
    ck_assert_int_eq(first->input_count, 4);
    ck_assert_str_eq(first->inputs[3].name, "m");
    ck_assert(first->inputs[3].memory && !first->inputs[2].memory);
    ck_assert_int_eq(first->nodes[first->outputs[2]].kind, GRAPH_INPUT);
    ck_assert_int_eq(first->nodes[first->outputs[2]].index, 2);
    ck_assert_int_eq(block->outputs[1], graph_input_node(block, 1));
    ck_assert_int_eq(graph_input_node(block, 3), -1);
    ck_assert_int_eq(block->nodes[block->outputs[2]].kind, GRAPH_SUM);
    formula_free(&formula);
}
END_TEST

/* A shared matrix has block 0's kind of address: the place of its label's first section. */
START_TEST(shared_matrices_agree_over_sections)
{
    struct formula formula;
    struct error error;
    const char *text = "shared attn.wq, w1; first: x = ffn(x) + attn(x); block: x = attn(x) + ffn(x)";
    ck_assert_int_eq(formula_parse(text, strlen(text), "formula", &formula, &error), ERROR_NONE);
    const struct graph *first = &formula.first, *block = &formula.rules[0].block;
    for (int i = 0; i < block->matrix_count; i++)
        for (int j = 0; j < first->matrix_count; j++) {
            const struct graph_matrix *a = &block->matrices[i], *b = &first->matrices[j];
            bool shared = strcmp(a->label, "attn.wq") == 0 || strcmp(a->label, "ffn.w1") == 0;
            if (strcmp(a->label, b->label) != 0)
                continue;
            ck_assert_int_eq(a->shared, shared);
            ck_assert_int_eq(b->shared, shared);
            ck_assert_int_eq(a->place == b->place, shared);
        }
    formula_free(&formula);
}
END_TEST

START_TEST(missing_rule_is_named)
{
    struct formula formula;
    texts_parse("block if l < 4: x = x", &formula);
    struct graph_scope scope = {.L = 8, .l = 4};
    const struct graph *block;
    struct error error;
    ck_assert_int_eq(formula_block(&formula, &scope, &block, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "formula: no condition holds in block 4; end with a 'block:' without one");
    formula_free(&formula);

    texts_parse("block if 1/(l - 3) < 4: x = x", &formula);
    scope.l = 3;
    ck_assert_int_eq(formula_block(&formula, &scope, &block, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "formula: line 1, column 11: the result of '/' is not a finite number in block 3");
    formula_free(&formula);
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
    {"wq = s(2)", "line 1, column 6: unknown function 's'"},
    {"a012345678901234567890123456789.b01234567890123456789012345678901 = 1",
     "line 1, column 1: a name has at most 63 characters"},
    {"wq = wk(2)", "line 1, column 6: unknown function 'wk'"},
    {"c = 1", "line 1, column 1: 'c' is reserved and cannot be assigned"},
    {"wq = x", "line 1, column 6: unknown name 'x'"},
    {"wq = phi3", "line 1, column 6: unknown name 'phi3'; did you mean 'phi2'?"},
    {"wq = norm(d)", "line 1, column 6: unknown function 'norm'; did you mean 'normal'?"},
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
    tcase_add_loop_test(tests, message_names_place_and_reason, 0, COUNT(messages));
    tcase_add_loop_test(tests, limit_is_an_error_not_a_crash, 0, COUNT(limits));
    tcase_add_loop_test(tests, flood_ends, 0, COUNT(floods));
    suite_add_tcase(suite, tests);
    tests = tcase_create("meaning");
    tcase_add_loop_test(tests, depth_chooses_the_rule, 0, COUNT(depths));
    tcase_add_test(tests, states_pass_through_where_not_assigned);
    tcase_add_test(tests, shared_matrices_agree_over_sections);
    tcase_add_test(tests, missing_rule_is_named);
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
