#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/solve.h"
#include "tests/support.h"

/* ---- equations ---- */

START_TEST(equations_are_read)
{
    struct solve_equation equation;
    struct error error = {0};
    ck_assert_int_eq(solve_parse(&equation, " gradient_ratio=1.5 ", &error), ERROR_NONE);
    ck_assert(equation.quantity.ratio && !equation.quantity.log10 && equation.target == 1.5);
    ck_assert_str_eq(equation.quantity.over.column, "gradient_variance");
    ck_assert(!equation.quantity.over.from_end && equation.quantity.over.layer == 0);
    ck_assert(equation.quantity.under.from_end && equation.quantity.under.layer == 0);
    ck_assert_int_eq(solve_parse(&equation, "log10_branch_ratio.attn@3 = -2", &error), ERROR_NONE);
    ck_assert(!equation.quantity.ratio && equation.quantity.log10 && equation.target == -2);
    ck_assert_str_eq(equation.quantity.over.column, "branch_ratio.attn");
    ck_assert(!equation.quantity.over.from_end && equation.quantity.over.layer == 3);
    ck_assert_int_eq(solve_parse(&equation, "token_cosine / token_cosine@L-2 = 3", &error), ERROR_NONE);
    ck_assert(equation.quantity.over.from_end && equation.quantity.over.layer == 0);
    ck_assert(equation.quantity.under.from_end && equation.quantity.under.layer == 2);
    ck_assert_int_eq(solve_parse(&equation, "last_token_cosine = 0.5", &error), ERROR_NONE);
    ck_assert(!equation.quantity.ratio && equation.quantity.cosine);
    ck_assert_str_eq(equation.quantity.over.column, "token_cosine");
    ck_assert(equation.quantity.over.from_end && equation.quantity.over.layer == 0);
}
END_TEST

static const struct {
    const char *text, *error;
} wrong[] = {
    {"", "expected QUANTITY = VALUE"},
    {"gradient_ratio", "expected QUANTITY = VALUE"},
    {"= 1", "expected a quantity"},
    {"gradient_ratio = ", "finite number"},
    {"gradient_ratio = nan", "finite number"},
    {"gradient_ratios = 1", "did you mean 'gradient_ratio'"},
    {"gradient_ratio@2 = 1", "stands alone"},
    {"last_token_cosine@2 = 1", "stands alone"},
    {"gradient_slope = 0", "gradient_slope, slope of log g against the layer, least squares, per block, is made"},
    {"token_cosine@ = 1", "layer"},
    {"token_cosine@M = 1", "layer"},
    {"token_cosine@L+1 = 1", "L-1"},
    {"token_cosine@-1 = 1", "layer"},
    {"token_cosine@12345678901234567890 = 1", "expected a quantity"},
    {"token_cosine/ = 1", "expected a quantity"},
};

START_TEST(wrong_equations_are_errors)
{
    struct solve_equation equation;
    struct error error = {0};
    ck_assert_int_eq(solve_parse(&equation, wrong[_i].text, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, wrong[_i].error) != NULL, "%s: %s", wrong[_i].text, error.text);
}
END_TEST

/* ---- roots of functions that are known ---- */

/* The model that the words name, and the setting that is solved for. */
struct maker {
    const char *words, *name;
};

static int make(void *context, double x, struct model *model, struct error *error)
{
    const struct maker *maker = context;
    char text[40];
    model_defaults(model);
    int code = setting_apply_all(model, maker->words, error);
    setting_print_number(x, text, sizeof text);
    if (code == ERROR_NONE)
        code = setting_apply(model, maker->name, text, error);
    if (code == ERROR_NONE)
        code = model_check(model, error);
    if (code != ERROR_NONE)
        model_free(model);
    return code;
}

/* Points are counted one by one, whichever thread has them; what is out of order counts no more. */
static void count_points(void *context, int done, int all)
{
    int *counted = context;
    *counted += done == *counted + 1 && done <= all;
}

static int find_by(struct solve *solve, const char *words, const char *range, const char *text,
                   const struct moments_options *moments, int threads, struct error *error)
{
    struct solve_equation equation;
    struct map_axis axis;
    ck_assert_msg(solve_parse(&equation, text, error) == ERROR_NONE, "%s", error->text);
    ck_assert_msg(map_axis_parse(&axis, range, error) == ERROR_NONE, "%s", error->text);
    struct maker maker = {words, axis.setting->name};
    int counted = 0;
    struct solve_plan plan = {make, &maker, *moments, threads, count_points, &counted};
    int code = solve_find(solve, &equation, &axis, &plan, error);
    ck_assert_int_eq(counted, axis.count);
    map_axis_free(&axis);
    return code;
}

/* In the limit. */
static int find(struct solve *solve, const char *words, const char *range, const char *text, uint64_t seed,
                struct error *error)
{
    struct moments_options moments = moments_defaults();
    moments.most = 1;
    moments.draws = 64;
    moments.seed = seed;
    return find_by(solve, words, range, text, &moments, 2, error);
}

/* Three linear branches of variance s^2: activation and gradient grow by (1 + s^2)^3, s being sd times the root of n. */
#define LINEAR(sd)                                                                                                     \
    "placement='x=x+ffn(x)' activation=identity width=64 ffn-width=64 layers=3 tokens=2 "                              \
    "init='wq=0;wk=0;wv=0;wo=0;wr=0;wg=0;w1=1/sqrt(d);w2=(" sd ")/sqrt(F)'"

static const struct {
    const char *words, *range, *equation;
    int count;
    double roots[2];
} exact[] = {
    {LINEAR("c"), "c=0.01:100:20:log", "activation_ratio = 8", 1, {1}},
    {LINEAR("c"), "c=0.3:3:7:lin", "gradient_ratio = 8", 1, {1}},
    {LINEAR("c"), "c=0.5:1:2:lin", "gradient_ratio = 8", 1, {1}},
    {LINEAR("c"), "c=0.01:100:20:log", "log10_activation_ratio = 3", 1, {3}},
    {LINEAR("c"), "c=0.01:100:20:log", "activation_variance@1 = 5", 1, {2}},
    {LINEAR("c"), "c=0.01:100:20:log", "activation_variance@2/activation_variance@L-2 = 5", 1, {2}},
    {LINEAR("c"), "input-scale=0.1:10:9:log", "activation_variance@0 = 2", 1, {M_SQRT2}},
    {LINEAR("c") " input-scale=1e-100", "c=0.5:3:4:lin", "activation_variance@1 = 5e-200", 1, {2}},
    {LINEAR("c"), "c=0.01:100:20:log", "activation_ratio = 0.5", 0, {0}},
    /* (1 + (c - 1)^4)^3 takes 1 + h twice, between two points of the scan or about one. */
    {LINEAR("(c-1)^2"), "c=0.15:2.55:5:lin", "activation_variance@1 = 1.0016", 2, {0.8, 1.2}},
    {LINEAR("(c-1)^2"), "c=0.2:1.8:3:lin", "activation_variance@1 = 1.0016", 2, {0.8, 1.2}},
    {LINEAR("(c-1)^2"), "c=0.1:3:5:lin", "activation_variance@1 = 0.999", 0, {0}},
    {LINEAR("1"), "layers=1:20:4:lin", "activation_ratio = 128", 1, {7}},
};

/* The prediction of linear branches is exact but for rounding; roots are to 1e-9 of an interval, a double one's ends to
 * the root of that as |f| is flat between them. */
START_TEST(roots_are_those_of_the_function)
{
    struct solve solve;
    struct error error = {0};
    int code = find(&solve, exact[_i].words, exact[_i].range, exact[_i].equation, 1, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    ck_assert_int_eq(solve.count, exact[_i].count);
    ck_assert(solve.least <= solve.most);
    for (int i = 0; i < solve.count; i++) {
        const struct solve_root *root = &solve.roots[i];
        ck_assert_msg(fabs(root->x - exact[_i].roots[i]) < 1e-7, "%s: %.12g", exact[_i].equation, root->x);
        ck_assert(!root->jump && root->error == 0);
        ck_assert(root->low <= root->x && root->x <= root->high);
    }
    solve_free(&solve);
}
END_TEST

/* Heads divide the width; activation grows by 1 + H^2. */
#define HEADS                                                                                                          \
    "placement='x=x+attn(x)+ffn(x)' activation=identity width=96 ffn-width=64 layers=1 tokens=2 "                      \
    "init='wq=0;wk=0;wv=0;wo=0;wr=0;wg=0;w1=1/sqrt(d);w2=H/sqrt(F)'"

/* Values that are passed but not taken: whole numbers, next to each other or with others between that no model has, and a
 * step. */
START_TEST(jumps_are_told_from_roots)
{
    static const struct {
        const char *words, *range, *equation;
        double low, high, before, after;
    } rows[] = {
        {LINEAR("1"), "layers=1:20:4:lin", "activation_ratio = 5", 2, 3, 4, 8},
        {HEADS, "heads=2:16:2:lin", "activation_ratio = 100", 8, 12, 65, 145},
        {HEADS, "heads=8:12:2:lin", "activation_ratio = 100", 8, 12, 65, 145},
        {LINEAR("max(1, min(2, 1 + (c - 1.3)*1e12))"), "c=0.5:3:6:lin", "activation_variance@1 = 3", 1.3, 1.3, 2, 5},
    };
    struct solve solve;
    struct error error = {0};
    int code = find(&solve, rows[_i].words, rows[_i].range, rows[_i].equation, 1, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    ck_assert_int_eq(solve.count, 1);
    const struct solve_root *root = &solve.roots[0];
    ck_assert(root->jump);
    ck_assert_msg(fabs(root->low - rows[_i].low) < 1e-3 && fabs(root->high - rows[_i].high) < 1e-3, "%g %g", root->low,
                  root->high);
    ck_assert_msg(fabs(root->before - rows[_i].before) < 1e-9 && fabs(root->after - rows[_i].after) < 1e-9, "%g %g",
                  root->before, root->after);
    solve_free(&solve);
}
END_TEST

/* Points beyond double are counted; where all are, or the quantity is none of the model's, that is an error. */
START_TEST(gaps_are_counted)
{
    struct solve solve;
    struct error error = {0};
    const char *words = LINEAR("c") " layers=100";
    ck_assert_int_eq(find(&solve, words, "c=0.01:1e6:9:log", "log10_activation_ratio = 2", 1, &error), ERROR_NONE);
    ck_assert_int_eq(solve.count, 1);
    ck_assert_msg(fabs(solve.roots[0].x - sqrt(pow(100, 0.01) - 1)) < 1e-7, "%.12g", solve.roots[0].x);
    ck_assert(solve.beyond > 0 && solve.beyond < solve.points);
    solve_free(&solve);
    ck_assert_int_eq(find(&solve, words, "c=1e4:1e6:3:log", "activation_ratio = 2", 1, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "at no point"));
    ck_assert_int_eq(find(&solve, words, "c=1:2:3", "branch_ratio.attn = 2", 1, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "no column branch_ratio.attn"));
    ck_assert_int_eq(find(&solve, words, "c=1:2:3", "activation_variance@101 = 2", 1, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "layer 101"));
    ck_assert_int_eq(find(&solve, words, "c=1:2:3", "log10_token_cosine@0 = -1", 1, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "c = 1: it is 0, which has no logarithm"));
}
END_TEST

/* Readings whose roots are drawn: the limit, and 24 stacks at a width. Of a ratio the error is that of the ratio: taken
 * to be independent, gradients of one stack would give a multiple of it. */
static const struct {
    const char *words, *range, *equation;
    bool width_limit;
} drawn[] = {
    {"placement=postnorm init=scaleinit layers=2 width=32 heads=2 tokens=4 mask=causal input-correlation=0.1",
     "c=0.1:5:4:log", "token_cosine = 0.4", true},
    {"placement=postnorm init=scaleinit layers=2 width=32 heads=2 tokens=4 mask=causal input-correlation=0.1",
     "c=0.1:5:4:log", "token_cosine = 0.4", false},
    {"placement=prenorm init=scaleinit layers=3 width=24 heads=2 tokens=4 mask=causal activation=gelu", "c=0.5:3:3:log",
     "gradient_variance@1/gradient_variance@2 = 1.25", false},
};

static struct moments_options draws(bool width_limit, uint64_t seed)
{
    struct moments_options moments = moments_defaults();
    moments.width_limit = width_limit;
    moments.most = 1;
    moments.draws = 64;
    moments.replicas = width_limit ? 0 : 24;
    moments.full = !width_limit;
    moments.seed = seed;
    return moments;
}

/* The reported error is the spread over seeds. Of 16 roots, the square of their standard deviation over the mean square
 * error is chi^2/15 in law; it is outside [0.2, 3] once in 3000 for normal roots and true errors, and errors of few
 * replicas are themselves uncertain by a quarter. Each root is one and takes its value: draws are the same at every
 * point, so that nothing jumps but the gradient of a ReLU, which is none of these. */
START_TEST(errors_are_those_of_the_draws)
{
    enum { SEEDS = 16 };
    double sum = 0, squares = 0, errors = 0;
    for (int s = 0; s < SEEDS; s++) {
        struct solve solve;
        struct error error = {0};
        struct moments_options moments = draws(drawn[_i].width_limit, 1 + (uint64_t)s);
        int code = find_by(&solve, drawn[_i].words, drawn[_i].range, drawn[_i].equation, &moments, 2, &error);
        ck_assert_msg(code == ERROR_NONE, "%s", error.text);
        ck_assert_int_eq(solve.count, 1);
        const struct solve_root *root = &solve.roots[0];
        ck_assert(isfinite(root->x) && isfinite(root->error) && root->error > 0 && !root->jump);
        double target = strtod(strchr(drawn[_i].equation, '=') + 1, NULL);
        ck_assert_double_eq_tol(root->value, target, 1e-6); // to 1e-9 of the interval
        ck_assert((root->before - root->value) * (root->after - root->value) < 0);
        ck_assert_int_eq(root->replicas, drawn[_i].width_limit ? 0 : 24);
        ck_assert(root->order_error == 0);
        sum += root->x;
        squares += root->x * root->x;
        errors += root->error * root->error;
        solve_free(&solve);
    }
    double variance = (squares - sum * sum / SEEDS) / (SEEDS - 1), ratio = variance / (errors / SEEDS);
    ck_assert_msg(ratio > 0.2 && ratio < 3, "variance %g, squared error %g", variance, errors / SEEDS);
}
END_TEST

START_TEST(threads_change_nothing)
{
    struct solve one, three;
    struct error error = {0};
    struct moments_options moments = draws(drawn[_i].width_limit, 7);
    ck_assert_int_eq(find_by(&one, drawn[_i].words, drawn[_i].range, drawn[_i].equation, &moments, 1, &error), 0);
    ck_assert_int_eq(find_by(&three, drawn[_i].words, drawn[_i].range, drawn[_i].equation, &moments, 3, &error), 0);
    ck_assert_int_eq(one.count, 1);
    ck_assert_int_eq(three.count, 1);
    ck_assert(one.least == three.least && one.most == three.most);
    const struct solve_root *a = one.roots, *b = three.roots;
    ck_assert(a->x == b->x && a->error == b->error && a->value == b->value && a->before == b->before);
    solve_free(&one);
    solve_free(&three);
}
END_TEST

/* Whole numbers have errors, too. */
START_TEST(whole_numbers_have_errors)
{
    struct solve solve;
    struct error error = {0};
    struct moments_options moments = draws(false, 7);
    ck_assert_int_eq(find_by(&solve, "placement=prenorm init=unit width=24 heads=2 tokens=4 mask=causal",
                             "layers=1:8:3:lin", "activation_variance = 5", &moments, 2, &error),
                     ERROR_NONE);
    ck_assert_int_eq(solve.count, 1);
    ck_assert_int_eq(solve.roots[0].replicas, 24);
    ck_assert(isfinite(solve.roots[0].error) && solve.roots[0].error > 0);
    solve_free(&solve);
}
END_TEST

/* The quantity where the closed form, which errs by no more than `order`, is read on one side of x and stacks on the
 * other; NAN where both are alike. */
#define SWITCHES "placement=prenorm init=scaleinit layers=2 width=128 heads=2 tokens=6"

static double value_at(double x, const struct moments_options *moments, bool *closed)
{
    struct gauge gauge;
    struct gauge_value value;
    struct gauge_reading reading;
    struct model model;
    struct error error = {0};
    struct maker maker = {SWITCHES, "c"};
    ck_assert_int_eq(gauge_parse(&gauge, "gradient_ratio", strlen("gradient_ratio"), &error), ERROR_NONE);
    ck_assert_int_eq(make(&maker, x, &model, &error), ERROR_NONE);
    ck_assert_int_eq(gauge_predict(&gauge, 1, &model, moments, &value, &reading, &error), ERROR_NONE);
    model_free(&model);
    *closed = reading.replicas == 0;
    return gauge_number(&gauge, &value);
}

/* Where the closed form gives way to draws the two differ by their errors. A value between them is taken there, and is no
 * jump: its error is what both say of it. */
START_TEST(readings_meet_within_their_errors)
{
    struct moments_options moments = moments_defaults();
    struct solve solve;
    struct error error = {0};
    double low = 0.3, high = 3, values[2];
    bool closed;
    char range[80], equation[80];
    moments.width_limit = false;
    moments.budget = 0.01;
    value_at(low, &moments, &closed);
    ck_assert(closed);
    value_at(high, &moments, &closed);
    ck_assert(!closed);
    while (high - low > 1e-8) {
        double middle = (low + high) / 2;
        value_at(middle, &moments, &closed);
        *(closed ? &low : &high) = middle;
    }
    values[0] = value_at(low, &moments, &closed);
    values[1] = value_at(high, &moments, &closed);
    ck_assert(values[1] - values[0] > 1e-3); // up, as the quantity goes, so that no other x takes what is between
    snprintf(range, sizeof range, "c=%.12g:%.12g:2:lin", low - 0.1, high + 0.1);
    snprintf(equation, sizeof equation, "gradient_ratio = %.12g", (values[0] + values[1]) / 2);
    ck_assert_int_eq(find_by(&solve, SWITCHES, range, equation, &moments, 2, &error), ERROR_NONE);
    ck_assert_int_eq(solve.count, 1);
    ck_assert(fabs(solve.roots[0].x - low) < 1e-6 && !solve.roots[0].jump);
    /* The slope is near 2, and that of the step itself some hundred times that; errors are of 5 % of the quantity in
     * closed form, of half a per cent where it is drawn. */
    double doubt = solve.roots[0].error + solve.roots[0].x_order_error;
    ck_assert_msg(doubt > 0.002 && doubt < 0.1, "%g", doubt);
    solve_free(&solve);
}
END_TEST

Suite *solve_suite(void);
Suite *solve_suite(void)
{
    Suite *suite = suite_create("solve");
    TCase *equations = tcase_create("equations");
    tcase_add_test(equations, equations_are_read);
    tcase_add_loop_test(equations, wrong_equations_are_errors, 0, sizeof wrong / sizeof *wrong);
    suite_add_tcase(suite, equations);
    TCase *roots = tcase_create("roots");
    tcase_set_timeout(roots, 60);
    tcase_add_loop_test(roots, roots_are_those_of_the_function, 0, sizeof exact / sizeof *exact);
    tcase_add_loop_test(roots, jumps_are_told_from_roots, 0, 4);
    tcase_add_test(roots, gaps_are_counted);
    tcase_add_loop_test(roots, errors_are_those_of_the_draws, 0, sizeof drawn / sizeof *drawn);
    tcase_add_loop_test(roots, threads_change_nothing, 0, sizeof drawn / sizeof *drawn);
    tcase_add_test(roots, whole_numbers_have_errors);
    tcase_add_test(roots, readings_meet_within_their_errors);
    suite_add_tcase(suite, roots);
    return suite;
}
