#include <check.h>
#include <float.h>
#include <lapacke.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include "tests/support.h"

/* 75 terms, each square rounded: 75 eps at most, and a cosine divides two such sums. */
static const double TOLERANCE = 200 * DBL_EPSILON;

static struct support_rig rig;
static struct observe_schema schema;
static int T, D;

static void start(const char *text, bool per_token)
{
    struct error error = {0};
    support_rig_init(&rig, text);
    T = rig.model.tokens, D = rig.model.width;
    int code = observe_schema_init(&schema, &rig.model, rig.stack.depth.blocks, rig.model.layers, per_token, &error);
    ck_assert_int_eq(code, ERROR_NONE);
}

static void stop(void)
{
    observe_schema_free(&schema);
    observe_schema_free(&schema); // safe twice
    support_rig_free(&rig);
}

static struct arena arena_of(double *work)
{
    return (struct arena){work, observe_work(&schema), 0};
}

static struct wide *new_row(void)
{
    struct wide *row = calloc((size_t)schema.column_count, sizeof *row);
    for (int c = 0; c < schema.column_count; c++)
        row[c] = wide_absent();
    return row;
}

static double naive_cosine(int count, const double *a, const double *b)
{
    long double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < count; i++) {
        ab += (long double)a[i] * b[i];
        aa += (long double)a[i] * a[i];
        bb += (long double)b[i] * b[i];
    }
    return (double)(ab / sqrtl(aa) / sqrtl(bb));
}

/* theory.md's definition: the mean over ordered pairs of different tokens. */
static double naive_token_cosine(const double *x)
{
    double sum = 0;
    for (int s = 0; s < T; s++)
        for (int t = 0; t < T; t++)
            if (s != t)
                sum += naive_cosine(D, x + s * D, x + t * D);
    return sum / (T * (T - 1));
}

static double naive_square(int count, const double *x)
{
    return support_sum_of_squares((size_t)count, x) / count;
}

static double naive_peak(const double *x)
{
    double largest = 0;
    for (int i = 0; i < T * D; i++)
        largest = fmax(largest, fabs(x[i]));
    return largest;
}

static double naive_fourth(const double *x)
{
    double sum = 0;
    for (int i = 0; i < T * D; i++)
        sum += pow(x[i], 4);
    return sum / (T * D);
}

/* Of T = 5 tokens the last three. */
static double naive_late_cosine(const double *x)
{
    return (naive_cosine(D, x + 2 * D, x + 3 * D) + naive_cosine(D, x + 2 * D, x + 4 * D) +
            naive_cosine(D, x + 3 * D, x + 4 * D)) /
           3;
}

/* By the singular values of X. */
static double naive_stable_rank(const double *x)
{
    double *copy = support_copy((size_t)(T * D), x), s[T], superb[T];
    ck_assert_int_eq(LAPACKE_dgesvd(LAPACK_COL_MAJOR, 'N', 'N', D, T, copy, D, s, NULL, 1, NULL, 1, superb), 0);
    free(copy);
    return support_sum_of_squares((size_t)T, s) / (s[0] * s[0]);
}

static double naive_specific(const double *g)
{
    double sum = 0;
    for (int i = 0; i < D; i++) {
        double mean = 0;
        for (int t = 0; t < T; t++)
            mean += g[t * D + i] / T;
        for (int t = 0; t < T; t++)
            sum += (g[t * D + i] - mean) * (g[t * D + i] - mean);
    }
    return sum / (T * D);
}

static void check(const struct wide *row, const char *name, double expected)
{
    int column = observe_find(&schema, name);
    ck_assert_msg(column >= 0 && wide_present(row[column]), "%s is absent", name);
    double value = wide_value(row[column]);
    ck_assert_msg(isfinite(value) && fabs(value - expected) <= TOLERANCE * fmax(fabs(expected), 1),
                  "%s: %.17g, not %.17g", name, value, expected);
}

START_TEST(columns_follow_the_definitions)
{
    start("", true);
    double *x = support_normals(1, rig.count), *below = support_normals(2, rig.count),
           *work = support_poison(observe_work(&schema));
    struct wide *row = new_row();
    observe_activation(&schema, 0, below, x, row, arena_of(work));
    observe_gradient(&schema, 0, below, 0, row, arena_of(work));
    check(row, "activation_variance", naive_square(T * D, x));
    check(row, "token_cosine", naive_token_cosine(x));
    check(row, "layer_cosine", naive_cosine(T * D, x, below));
    check(row, "peak", naive_peak(x) / sqrt(naive_square(T * D, x)));
    check(row, "kurtosis", naive_fourth(x) / pow(naive_square(T * D, x), 2));
    check(row, "late_token_cosine", naive_late_cosine(x));
    check(row, "token_stable_rank", naive_stable_rank(x));
    check(row, "gradient_variance", naive_square(T * D, below));
    check(row, "gradient_token_cosine", naive_token_cosine(below));
    check(row, "gradient_specific", naive_specific(below));
    for (int t = 0; t < T; t++) {
        char name[OBSERVE_NAME_MAX];
        snprintf(name, sizeof name, "activation_variance.token%d", t + 1);
        check(row, name, naive_square(D, x + t * D));
        snprintf(name, sizeof name, "gradient_variance.token%d", t + 1);
        check(row, name, naive_square(D, below + t * D));
    }
    free(x), free(below), free(row), free(work);
    stop();
}
END_TEST

/* Rows that all tokens share have no part of their own, whose squares rounding would leave; what one of them has, of 1e-6
 * and of 1e-12, is theirs. T - 1 of T^2 parts of it are left: of 1e-12 to the rounding of sums, 5 eps/1e-12 = 1e-3. */
START_TEST(what_is_shared_is_not_specific)
{
    start("", false);
    double *g = support_normals(3, rig.count), *work = support_poison(observe_work(&schema));
    struct wide *row = new_row();
    int specific = observe_find(&schema, "gradient_specific");
    for (int t = 1; t < T; t++)
        memcpy(g + t * D, g, (size_t)D * sizeof *g);
    observe_gradient(&schema, 0, g, 0, row, arena_of(work));
    ck_assert_double_eq(wide_value(row[specific]), 0);
    g[D] = nextafter(g[D], INFINITY);
    observe_gradient(&schema, 0, g, 0, row, arena_of(work));
    ck_assert_double_eq(wide_value(row[specific]), 0);
    static const double parts[] = {1e-6, 1e-12};
    for (int i = 0; i < 2; i++) {
        for (int f = 0; f < D; f++)
            g[D + f] = g[f] * (1 + parts[i]);
        observe_gradient(&schema, 0, g, 0, row, arena_of(work));
        double expected = parts[i] * parts[i] * naive_square(D, g) * (T - 1) / (T * T);
        ck_assert_double_eq_tol(wide_value(row[specific]) / expected, 1, 0.01);
    }
    free(g), free(row), free(work);
    stop();
}
END_TEST

/* 2^-3000 times g: squares are 2^-6000, cosines know nothing of it. */
START_TEST(an_exponent_moves_squares_only)
{
    start("", true);
    double *g = support_normals(3, rig.count), *work = support_poison(observe_work(&schema));
    struct wide *near = new_row(), *far = new_row();
    observe_gradient(&schema, 0, g, 0, near, arena_of(work));
    observe_gradient(&schema, 0, g, -3000, far, arena_of(work));
    int seen = 0;
    for (int c = 0; c < schema.column_count; c++) {
        ck_assert_int_eq(wide_present(near[c]), wide_present(far[c]));
        if (!wide_present(near[c]))
            continue;
        ck_assert_double_eq(near[c].mantissa, far[c].mantissa);
        ck_assert_int_eq(far[c].exponent, observables[schema.columns[c].observable].cosine ? 0 : -6000);
        seen++;
    }
    ck_assert_int_eq(seen, 3 + T);
    free(g), free(near), free(far), free(work);
    stop();
}
END_TEST

START_TEST(zero_tokens_have_no_cosine)
{
    start("", false);
    double *x = support_normals(4, rig.count), *zero = calloc(rig.count, sizeof *zero),
           *work = support_poison(observe_work(&schema));
    struct wide *row = new_row();
    memset(x + D, 0, (size_t)D * sizeof *x); // the second token
    observe_activation(&schema, 0, zero, x, row, arena_of(work));
    double sum = 0;
    for (int s = 0; s < T; s++)
        for (int t = 0; t < T; t++)
            sum += s != t && s != 1 && t != 1 ? naive_cosine(D, x + s * D, x + t * D) : 0;
    check(row, "token_cosine", sum / ((T - 1) * (T - 2)));
    ck_assert(!wide_present(row[observe_find(&schema, "layer_cosine")])); // with a vector of zeros
    observe_activation(&schema, 0, NULL, zero, row, arena_of(work));
    ck_assert(!wide_present(row[observe_find(&schema, "token_cosine")]));
    check(row, "activation_variance", 0);
    free(x), free(zero), free(row), free(work);
    stop();
}
END_TEST

START_TEST(one_token_has_no_pairs)
{
    start("tokens=1", true);
    for (int id = 0; id < OBSERVABLES; id++)
        if (observables[id].span == OBSERVE_PER_LAYER || observables[id].span == OBSERVE_PER_STATE)
            ck_assert_int_eq(observe_find(&schema, observables[id].name) >= 0,
                             observables[id].need == OBSERVE_ANYTHING);
    double *x = support_normals(5, rig.count), *work = support_poison(observe_work(&schema));
    struct wide *row = new_row();
    observe_activation(&schema, 0, NULL, x, row, arena_of(work));
    observe_gradient(&schema, 0, x, 0, row, arena_of(work));
    check(row, "activation_variance.token1", naive_square(D, x));
    free(x), free(row), free(work);
    stop();
}
END_TEST

/* Branches of all blocks, each name once; a matrix that the model does not have has no column. */
START_TEST(the_schema_names_every_branch)
{
    start("placement=first:x=attn(x)+attn(x);block:x=norm(x+moe(ffn(x))) layers=3", false);
    static const char *const there[] = {
        "branch_ratio.attn",
        "branch_ratio.attn2",
        "branch_ratio.ffn",
        "branch_ratio.moe",
        "branch_contribution.attn2",
        "expert_load",
        "weight_gradient_variance.attn2.wo",
        "weight_gradient_variance.moe.wr",
        "weight_gradient_variance.ffn.w2",
        "attention_entropy",
    };
    static const char *const absent[] = {
        "branch_ratio.attn3",
        "branch_ratio",
        "weight_gradient_variance.ffn.wg",
        "weight_gradient_variance.attn.w1",
        "activation_variance.token1",
    };
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        ck_assert_msg(observe_find(&schema, there[i]) >= 0, "%s", there[i]);
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        ck_assert_msg(observe_find(&schema, absent[i]) < 0, "%s", absent[i]);
    ck_assert_int_eq(schema.branch_count, 4);
    for (int b = 0; b < schema.branch_count; b++)
        ck_assert_int_eq(observe_branch_index(&schema, schema.branches[b].name), b);
    for (int a = 0; a < schema.column_count; a++)
        ck_assert_int_eq(observe_find(&schema, schema.columns[a].name), a); // no name twice
    stop();

    start("placement=x=ffn(x) activation=swiglu", false);
    ck_assert_int_ge(observe_find(&schema, "weight_gradient_variance.ffn.wg"), 0);
    ck_assert_int_lt(observe_find(&schema, "attention_entropy"), 0);
    stop();
}
END_TEST

/* Names of every state, of matrices outside of branches, of a name's second use. */
START_TEST(the_schema_names_states_and_matrices)
{
    start("placement='state x,u;x=x+wo(wz(x))+wz(x)+attn(x);u=tanh(x)+u' layers=2 init=w=1/sqrt(n)", true);
    static const char *const there[] = {
        "u.activation_variance",
        "u.gradient_token_cosine",
        "u.peak",
        "weight_gradient_variance.wz",
        "weight_gradient_variance.wz_2",
        "weight_gradient_variance.wo",
        "weight_gradient_variance.attn.wo",
    };
    static const char *const absent[] = {"u.attention_entropy", "u.activation_variance.token1", "x.activation_variance",
                                         "branch_ratio.",       "weight_gradient_variance..wz", "expert_load"};
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        ck_assert_msg(observe_find(&schema, there[i]) >= 0, "%s", there[i]);
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        ck_assert_msg(observe_find(&schema, absent[i]) < 0, "%s", absent[i]);
    for (int m = 0; m < schema.matrix_count; m++)
        ck_assert_int_eq(observe_matrix_index(&schema, schema.matrices[m].label), m);
    ck_assert_int_eq(observe_matrix_index(&schema, "wq"), -1);
    stop();
}
END_TEST

/* 1e-6 times a branch, and a norm behind it: what is put out, and what of it is added. */
START_TEST(contributions_are_what_is_added)
{
    static const struct {
        const char *text;
        double expected; /* 0: a ratio of 1e-12 */
    } cases[] = {{"placement=x=x+1e-6*attn(x)", 0}, {"placement=x=x+norm(attn(x)) eps=1e-12", 1}};
    for (size_t i = 0; i < 2; i++) {
        start(cases[i].text, false);
        double *x = support_normals(6, rig.count);
        struct wide *row = new_row();
        int index[] = {0};
        support_forward(&rig, 0, x);
        observe_block(&schema, rig.stack.depth.blocks[0].graph, index, &rig.workspace.report, 1, row);
        double out = wide_value(row[observe_find(&schema, "branch_ratio.attn")]);
        double added = wide_value(row[observe_find(&schema, "branch_contribution.attn")]);
        ck_assert(isfinite(out) && out > 0);
        ck_assert_double_eq_tol(added, cases[i].expected > 0 ? cases[i].expected : 1e-12 * out,
                                1e-10 * fmax(added, 1e-12 * out));
        free(x), free(row);
        stop();
    }
}
END_TEST

Suite *observe_suite(void)
{
    Suite *suite = suite_create("observe");
    TCase *tests = tcase_create("observe");
    tcase_add_test(tests, columns_follow_the_definitions);
    tcase_add_test(tests, what_is_shared_is_not_specific);
    tcase_add_test(tests, an_exponent_moves_squares_only);
    tcase_add_test(tests, zero_tokens_have_no_cosine);
    tcase_add_test(tests, one_token_has_no_pairs);
    tcase_add_test(tests, the_schema_names_every_branch);
    tcase_add_test(tests, the_schema_names_states_and_matrices);
    tcase_add_test(tests, contributions_are_what_is_added);
    suite_add_tcase(suite, tests);
    return suite;
}
