#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/formula.h"
#include "sim/init.h"
#include "sim/print.h"
#include "tests/formula_trip.h"
#include <check.h>

/* Odd and distinct, so that an exchanged size shows. */
static const struct graph_scope scope = {
    .L = 7, .l = 3, .d = 63, .T = 5, .F = 131, .H = 9, .E = 5, .k = 2, .phi2 = 0.37, .c = 99, .s = 99};

enum { WQ, WK, WV, WO, W1, WG, W2, WR };

/* A formula with every matrix of the prelude, and their sizes. */
static void evaluate_init(const struct init *init, int *code, double sd[INIT_MATRICES], struct error *error)
{
    struct formula formula;
    const char *text = "x = x + attn(x) + glu(x) + moe(x)";
    int d = (int)scope.d, F = (int)scope.F, E = (int)scope.E;
    ck_assert_int_eq(formula_parse(text, strlen(text), "formula", &formula, error), ERROR_NONE);
    const struct graph *graph = &formula.rules[0].block;
    struct init_size sizes[graph->matrix_count];
    double own[graph->matrix_count];
    for (int m = 0; m < graph->matrix_count; m++) {
        const char *name = graph->matrices[m].name;
        int in = strcmp(name, "w2") == 0 ? F : d;
        int out = strcmp(name, "w1") == 0 || strcmp(name, "wg") == 0 ? F : strcmp(name, "wr") == 0 ? E : d;
        sizes[m] = (struct init_size){in, out};
        own[m] = NAN;
    }
    *code = init_evaluate(init, &scope, graph, sizes, own, error);
    for (int i = 0; i < INIT_MATRICES; i++)
        for (int m = 0; m < graph->matrix_count; m++)
            if (strcmp(graph->matrices[m].name, init_matrix_names[i]) == 0)
                sd[i] = own[m];
    formula_free(&formula);
}

static void evaluate(const char *argument, const char *label, double sd[INIT_MATRICES])
{
    int code;
    struct init init;
    struct error error;
    ck_assert_msg(init_resolve(argument, &init, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_str_eq(init.label, label);
    for (int i = 0; i < INIT_MATRICES; i++)
        sd[i] = NAN;
    evaluate_init(&init, &code, sd, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    init_free(&init);
}

/* theory.md, section 1, with sizes put in: L = 7, d = 63, F = 131, E = 5, phi2 = 0.37. Variances, in the order
 * wq wk wv wo w1 wg w2 wr; the factors of deepnorm are (8*7)^(-1/4), squared 56^(-1/2). */
static const struct {
    const char *argument, *label;
    double variance[INIT_MATRICES];
} cases[] = {
    {"unit", "unit", {1. / 63, 1. / 63, 1. / 63, 1. / 63, 1. / 63, 1. / 63, 1 / (131 * 0.37), 1. / 63}},
    {"scaleinit",
     "scaleinit",
     {1. / 63, 1. / 63, 1. / 63, 1. / 63 / 7, 1. / 63, 1. / 63, 1 / (131 * 0.37) / 7, 1. / 63}},
    {"scaleinit:0.5",
     "scaleinit",
     {1. / 63, 1. / 63, 1. / 63, .25 / 63 / 7, 1. / 63, 1. / 63, .25 / (131 * 0.37) / 7, 1. / 63}},
    {"normal:0.3", "normal", {.09, .09, .09, .09, .09, .09, .09, .09}},
    {"gpt2", "gpt2", {4e-4, 4e-4, 4e-4, 4e-4 / 14, 4e-4, 4e-4, 4e-4 / 14, 4e-4}},
    {"gpt2:0.3", "gpt2", {.09, .09, .09, .09 / 14, .09, .09, .09 / 14, .09}},
    {"xavier", "xavier", {2. / 126, 2. / 126, 2. / 126, 2. / 126, 2. / 194, 2. / 194, 2. / 194, 2. / 68}},
    {"deepnorm",
     "deepnorm",
     {2. / 126, 2. / 126, 2. / 126 * 0.13363062095621220, 2. / 126 * 0.13363062095621220,
      2. / 194 * 0.13363062095621220, 2. / 194 * 0.13363062095621220, 2. / 194 * 0.13363062095621220, 2. / 68}},
};

enum { CASES = sizeof cases / sizeof *cases };

/* Fewer than ten roundings, relative 1e-16 each. */
START_TEST(row_has_its_values)
{
    double sd[INIT_MATRICES];
    evaluate(cases[_i].argument, cases[_i].label, sd);
    for (int i = 0; i < INIT_MATRICES; i++) {
        ck_assert_msg(isfinite(sd[i]), "%s is not finite", init_matrix_names[i]);
        ck_assert_msg(fabs(sd[i] * sd[i] / cases[_i].variance[i] - 1) < 2e-15, "%s: %s has %.17g, wanted %.17g",
                      cases[_i].argument, init_matrix_names[i], sd[i], sqrt(cases[_i].variance[i]));
    }
}
END_TEST

/* Printing the assignments gives text of the same graph. */
START_TEST(rows_are_complete_and_round_trip)
{
    for (size_t row = 0; row < init_count; row++) {
        struct init init;
        struct formula a = {0}, b = {0};
        struct error error;
        char printed[1024];
        ck_assert_str_ne(init_rows[row].source, "");
        ck_assert_str_ne(init_rows[row].summary, "");
        ck_assert_int_eq(init_resolve(init_rows[row].required ? "normal:2" : init_rows[row].name, &init, &error),
                         ERROR_NONE);
        size_t length = print_graph(&init.graph, "\n", printed, sizeof printed);
        a.first = init.graph;
        ck_assert_int_eq(formula_parse_scalars(printed, length, "again", &b.first, &error), ERROR_NONE);
        ck_assert_ptr_null(formula_trip_difference(&a, &b));
        init_free(&init);
        graph_free(&b.first);
    }
}
END_TEST

START_TEST(every_row_has_a_case)
{
    for (size_t row = 0; row < init_count; row++) {
        int found = 0;
        for (size_t i = 0; i < CASES; i++)
            found += strcmp(cases[i].label, init_rows[row].name) == 0;
        ck_assert_msg(found >= 1, "%s", init_rows[row].name);
    }
}
END_TEST

/* A file of assignments in a folder of its own; the caller removes both. */
static void write_file(char folder[], char path[64], const char *text)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, 64, "%s/mine.init", folder);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(file_is_read)
{
    char folder[] = "/tmp/spanscope-XXXXXX", path[64];
    write_file(folder, path,
               "# depth-dependent, later assignments win\nwq = 9; wk = l\nwq = wk^2\nwv = c; wo = s\n"
               "w1 = phi2; wg = T; w2 = H; wr = k - 2\n");
    double sd[INIT_MATRICES];
    evaluate(path, "mine", sd);
    static const double wanted[INIT_MATRICES] = {9, 3, 1, 0.02, 0.37, 5, 9, 0};
    for (int i = 0; i < INIT_MATRICES; i++)
        ck_assert_double_eq(sd[i], wanted[i]);
    unlink(path);
    rmdir(folder);
}
END_TEST

/* Text in place of a name; a standard deviation may be 0. */
START_TEST(text_is_read)
{
    double sd[INIT_MATRICES];
    evaluate("wq=0;wk=0; wv=1/sqrt(d);wo=wv;w1=wv;wg=wv;w2=c/sqrt(F);wr=wv", "custom", sd);
    ck_assert(sd[WQ] == 0 && sd[WK] == 0);
    ck_assert_double_eq_tol(sd[WO], 1 / sqrt(scope.d), 1e-15);
    ck_assert_double_eq_tol(sd[W2], 1 / sqrt(scope.F), 1e-15);
}
END_TEST

/* One matrix of a site, all of a name, all that are not named; helpers; what the formula does not have. */
START_TEST(the_nearest_name_counts)
{
    double sd[INIT_MATRICES];
    evaluate("b = 2*L; w = b; wv = 3*w; attn.wo = 0; attn2.wo = 1; wz = 7; glu.w1 = n/m; moe.w1 = m", "custom", sd);
    const double expected[INIT_MATRICES] = {14, 14, 42, 0, 131, 14, 14, 14};
    for (int i = 0; i < INIT_MATRICES; i++)
        ck_assert_double_eq(sd[i], expected[i]);
}
END_TEST

/* A law stands around a deviation, which stays what it is; names hand it on, and the nearest name counts for both. */
START_TEST(matrices_have_laws_of_their_own)
{
    static const char *const expected[INIT_MATRICES] = {NULL, "uniform", "rows",    "uniform",
                                                        NULL, NULL,      "columns", NULL};
    const char *argument = "w = 2; b = 3; wk = uniform(b/2); wo = wk; wv = rows(1); w2 = columns(n); moe.w2 = wv",
               *text;
    double sd[INIT_MATRICES];
    struct formula formula;
    struct init init;
    struct error error;
    evaluate(argument, "custom", sd);
    ck_assert(sd[WK] == 1.5 && sd[WO] == 1.5 && sd[WV] == 1 && sd[WQ] == 2);
    text = "x = x + attn(x) + glu(x) + moe(x)";
    ck_assert_int_eq(formula_parse(text, strlen(text), "formula", &formula, &error), ERROR_NONE);
    ck_assert_int_eq(init_resolve(argument, &init, &error), ERROR_NONE);
    const struct graph *graph = &formula.rules[0].block;
    for (int m = 0; m < graph->matrix_count; m++) {
        const struct law *law = init_law(&init, &graph->matrices[m]);
        const char *wanted = NULL;
        for (int i = 0; i < INIT_MATRICES; i++)
            if (strcmp(graph->matrices[m].name, init_matrix_names[i]) == 0)
                wanted = strcmp(graph->matrices[m].label, "moe.w2") == 0 ? "rows" : expected[i];
        ck_assert_msg(law ? wanted && strcmp(law->name, wanted) == 0 : !wanted, "%s", graph->matrices[m].label);
    }
    formula_free(&formula);
    init_free(&init);
}
END_TEST

static const struct {
    const char *text, *message; /* the message from "column" on, to the end of its line */
} bad_laws[] = {
    {"w = 2*uniform(s)", "column 6: a law stands around all that it scales, as in uniform(2*s)"},
    {"w = -uniform(s)", "column 5: a law has no sign"},
    {"w = uniform(rows(s))", "column 13: 'uniform' takes a scalar, this is a law"},
    {"w = uniform", "column 12: expected '(' after 'uniform', found end of line"},
    {"w = unifrom(s)", "column 5: unknown function 'unifrom'; did you mean 'uniform'?"},
    {"w = uniform(s, s)", "column 5: 'uniform' takes 1 scalar, found 2"},
};

START_TEST(bad_law_is_located)
{
    struct init init;
    struct error error;
    ck_assert_int_eq(init_resolve(bad_laws[_i].text, &init, &error), ERROR_INPUT);
    const char *found = strstr(error.text, "column");
    ck_assert_msg(found && strncmp(found, bad_laws[_i].message, strcspn(found, "\n")) == 0, "%s", error.text);
}
END_TEST

static const struct {
    const char *init, *error; /* or NULL */
} checked[] = {
    {"w = 1; wqq = 5", "line 1: 'wqq' is no matrix of the formula, and nothing reads it; did you mean 'wq'?"},
    {"b = 2\nw = 1", "line 1: 'b' is no matrix of the formula, and nothing reads it"},
    {"w = 1; w = 2", "line 1: 'w' is assigned again"},
    {"wz = 1; w = wz; attn.wl = 3", "line 1: 'attn.wl' is no matrix"},
    {"b = 2; g = 3; b = b*g; w = b", NULL},
    {"w = 1; moe.wr = 2; wg = 3; glu.wo = 1", NULL}, /* of other formulas */
    {"w = 1; attn2.wo = 1", "line 1: 'attn2.wo' is no matrix of the formula, and nothing reads it; did you mean"},
    {"w = 1; ffn9.w1 = 7", " (its sites are attn, mix)"},
    {"w = 1; attn0.wo = 1", " (its sites are attn, mix)"},
    {"w = 1; mix.wz = 2; u = w; wz = u", NULL},
    {"w = 1; atn.wo = 0",
     "line 1: 'atn.wo' is no matrix of the formula, and nothing reads it; did you mean 'attn.wo'?"},
};

START_TEST(an_assignment_that_says_nothing_is_named)
{
    struct init init;
    struct formula formula;
    struct error error = {0};
    static const char text[] = "def mix(u) = wz(u); y = x + attn(x); x = y + mix(y)";
    ck_assert_int_eq(formula_parse(text, sizeof text - 1, "formula", &formula, &error), ERROR_NONE);
    int code = init_resolve(checked[_i].init, &init, &error);
    if (code == ERROR_NONE)
        code = init_check(&init, &formula, &error);
    ck_assert_msg((code == ERROR_NONE) == !checked[_i].error, "%s", error.text);
    if (checked[_i].error)
        ck_assert_msg(strstr(error.text, checked[_i].error) != NULL, "%s", error.text);
    init_free(&init);
    formula_free(&formula);
}
END_TEST

START_TEST(a_matrix_without_a_deviation_is_named)
{
    struct init init;
    struct error error;
    double sd[INIT_MATRICES];
    int code;
    ck_assert_int_eq(init_resolve("wq = 1; wk = 1; wy = 2", &init, &error), ERROR_NONE);
    evaluate_init(&init, &code, sd, &error);
    ck_assert_int_eq(code, ERROR_INPUT);
    ck_assert_str_eq(error.text,
                     "initialisation: 'wv' is not assigned (there is 'wq'); the formula has attn.wv in line 1: "
                     "assign it, or w for all");
    init_free(&init);
}
END_TEST

static const struct {
    const char *text, *message; /* the message behind the file's name */
} bad_files[] = {
    {"wq = 1; wk = 1 - d; wv = 1; wo = 1; w1 = 1; wg = 1; w2 = 1; wr = 1",
     ": line 1, column 16: wk is negative (-62) for attn.wk in block 3"},
    {"wq = sqrt(-l); wk = 1; wv = 1; wo = 1; w1 = 1; wg = 1; w2 = 1; wr = 1",
     ": line 1, column 6: sqrt(...) is not a finite number in block 3"},
};

START_TEST(bad_value_is_located)
{
    char folder[] = "/tmp/spanscope-XXXXXX", path[64];
    write_file(folder, path, bad_files[_i].text);
    struct init init;
    struct error error;
    double sd[INIT_MATRICES];
    ck_assert_int_eq(init_resolve(path, &init, &error), ERROR_NONE);
    int code;
    evaluate_init(&init, &code, sd, &error);
    ck_assert_int_eq(code, ERROR_INPUT);
    ck_assert_msg(strncmp(error.text, path, strlen(path)) == 0, "%s", error.text);
    ck_assert_str_eq(error.text + strlen(path), bad_files[_i].message);
    init_free(&init);
    unlink(path);
    rmdir(folder);
}
END_TEST

static const struct {
    const char *argument;
    int code;
    const char *message;
} failures[] = {
    {"xavir", ERROR_INPUT, "unknown initialisation 'xavir'; did you mean 'xavier'?"},
    {"scalinit:2", ERROR_INPUT, "unknown initialisation 'scalinit'; did you mean 'scaleinit'?"},
    {"orthogonal", ERROR_INPUT,
     "unknown initialisation 'orthogonal'; known are unit, scaleinit, normal, gpt2, xavier, deepnorm"},
    {"normal", ERROR_INPUT, "initialisation normal needs a value, as in normal:0.02"},
    {"unit:2", ERROR_INPUT, "initialisation unit takes no value, but '2' was given"},
    {"scaleinit:", ERROR_INPUT, "initialisation scaleinit: expected a number >= 0 for c, found ''"},
    {"scaleinit:2x", ERROR_INPUT, "initialisation scaleinit: expected a number >= 0 for c, found '2x'"},
    {"gpt2:-1", ERROR_INPUT, "initialisation gpt2: expected a number >= 0 for s, found '-1'"},
    {"gpt2:nan", ERROR_INPUT, "initialisation gpt2: expected a number >= 0 for s, found 'nan'"},
    {"missing.init", ERROR_RESOURCE, "cannot open 'missing.init': No such file or directory"},
};

START_TEST(failure_says_why)
{
    struct init init;
    struct error error;
    ck_assert_int_eq(init_resolve(failures[_i].argument, &init, &error), failures[_i].code);
    ck_assert_str_eq(error.text, failures[_i].message);
    init_free(&init);
}
END_TEST

Suite *init_suite(void)
{
    Suite *suite = suite_create("init");
    TCase *tests = tcase_create("init");
    tcase_add_test(tests, every_row_has_a_case);
    tcase_add_loop_test(tests, row_has_its_values, 0, CASES);
    tcase_add_test(tests, rows_are_complete_and_round_trip);
    tcase_add_test(tests, file_is_read);
    tcase_add_test(tests, text_is_read);
    tcase_add_test(tests, the_nearest_name_counts);
    tcase_add_test(tests, matrices_have_laws_of_their_own);
    tcase_add_loop_test(tests, bad_law_is_located, 0, sizeof bad_laws / sizeof *bad_laws);
    tcase_add_test(tests, a_matrix_without_a_deviation_is_named);
    tcase_add_loop_test(tests, an_assignment_that_says_nothing_is_named, 0, sizeof checked / sizeof *checked);
    tcase_add_loop_test(tests, bad_value_is_located, 0, sizeof bad_files / sizeof *bad_files);
    tcase_add_loop_test(tests, failure_says_why, 0, sizeof failures / sizeof *failures);
    suite_add_tcase(suite, tests);
    return suite;
}
