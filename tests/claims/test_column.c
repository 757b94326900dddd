#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/claims/column.h"
#include <check.h>
#include "tests/support.h"

/* A depth of the odd shape of tests/support.h, per token, with values of every column at every layer. */
static struct model model;
static struct depth depth;
static struct wide *values; // [L + 1][columns]

static void make(const char *settings)
{
    struct error error = {0};
    support_model(&model, settings);
    ck_assert_int_eq(depth_init(&depth, &model, true, &error), ERROR_NONE);
    size_t count = (size_t)(model.layers + 1) * (size_t)depth.schema.column_count;
    values = calloc(count, sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = wide_of(NAN); // read by mistake
}

static void discard(void)
{
    free(values);
    depth_free(&depth);
    model_free(&model);
}

static void put(int l, const char *name, double mantissa, int exponent)
{
    int c = observe_find(&depth.schema, name);
    ck_assert_int_ge(c, 0);
    values[l * depth.schema.column_count + c] = (struct wide){mantissa, exponent};
}

/* The column of that text at layer l. */
static struct wide gathered(const char *text, int l)
{
    struct column column;
    struct error error = {0};
    struct wide *all = calloc((size_t)model.layers + 1, sizeof *all),
                *work = calloc((size_t)model.tokens, sizeof *work);
    bool found = false;
    ck_assert_int_eq(column_parse(&column, text, &depth.schema, &found, &error), ERROR_NONE);
    ck_assert_msg(found, "%s", text);
    column_gather(&column, &depth, values, all, work);
    struct wide value = all[l];
    free(all), free(work);
    return value;
}

static void check_value(const char *text, int l, double mantissa, int exponent)
{
    struct wide value = gathered(text, l);
    ck_assert_msg(wide_present(value), "%s at %d is absent", text, l);
    ck_assert_double_eq_tol(ldexp(value.mantissa, value.exponent - exponent), mantissa, 1e-15 * fabs(mantissa));
}

START_TEST(products_and_quotients_by_hand)
{
    make("tokens=3");
    put(1, "gradient_variance", 3, 0);
    put(1, "activation_variance", 5, 0);
    put(1, "gradient_specific", 0.7, -2000); // below the range of double
    put(1, "token_cosine", 0, WIDE_ABSENT);
    put(1, "gradient_variance.token2", 1.37, 1);
    check_value("gradient_variance", 1, 3, 0);
    check_value("gradient_variance*activation_variance", 1, 15, 0);
    check_value("gradient_variance/activation_variance", 1, 0.6, 0);
    check_value("gradient_variance/activation_variance*gradient_variance", 1, 1.8, 0);
    check_value("gradient_variance/gradient_specific", 1, 3 / 0.7, 2000);
    check_value("gradient_specific*gradient_specific", 1, 0.49, -4000);
    check_value("gradient_variance.token2", 1, 2.74, 0);
    ck_assert(!wide_present(gathered("gradient_variance*token_cosine", 1)));
    ck_assert(!wide_present(gathered("token_cosine/gradient_variance", 1)));
    ck_assert(!wide_present(gathered("gradient_variance/token_cosine", 1)));
    ck_assert(!wide_present(gathered("gradient_variance.token2*token_cosine", 1))); // of exponent 1
    discard();
}
END_TEST

static void put_tokens(int l, int tokens, const double *mantissas, int exponent)
{
    char name[OBSERVE_NAME_MAX];
    for (int t = 0; t < tokens; t++) {
        snprintf(name, sizeof name, "gradient_variance.token%d", t + 1);
        put(l, name, mantissas[t], exponent);
    }
}

/* In any order, over any range; one token's absence is the median's. */
START_TEST(medians_are_of_positions)
{
    static const double odd[] = {9, 1, 4, 1e-300, 5}, even[] = {7, 2, 1e300, 3}, orders[] = {6, 6, 1, 8, 2};
    make("tokens=5");
    put_tokens(0, 5, odd, 0);
    put_tokens(1, 5, odd, -3000);
    put_tokens(2, 5, orders, 0);
    check_value("gradient_variance.median", 0, 4, 0);
    check_value("gradient_variance.median", 1, 4, -3000);
    check_value("gradient_variance.median", 2, 6, 0);
    put(0, "gradient_variance.token2", 1, 40); // the smallest but one becomes the largest
    check_value("gradient_variance.median", 0, 5, 0);
    check_value("gradient_variance.token1/gradient_variance.median", 0, 9. / 5, 0);
    put(0, "gradient_variance.token4", 0, WIDE_ABSENT);
    ck_assert(!wide_present(gathered("gradient_variance.median", 0)));
    discard();
    make("tokens=4");
    put_tokens(0, 4, even, 0);
    put_tokens(1, 4, even, 1500);
    check_value("gradient_variance.median", 0, 5, 0);
    check_value("gradient_variance.median", 1, 5, 1500);
    discard();
}
END_TEST

/* A matrix m x n takes 2 T m n operations forward and as many in reverse; the squares of its gradient need two Grams,
 * T^2 m of the input, which the queries', keys' and values' share, and T^2 n. Attention has six products of 2 T^2 d of
 * its own. */
START_TEST(counts_are_of_the_block)
{
    make("placement='first: x = norm(norm(x) + attn(norm(x))); block: y = x + ffn(norm(x)); x = y + attn(y)' layers=3");
    double T = model.tokens, d = model.width, F = model.ffn_width;
    double ffn = 2 * (4 * T * d * F) + 2 * T * T * (d + F);
    double attention = 4 * (4 * T * d * d) + (2 + 4) * T * T * d + 6 * (2 * T * T * d);
    ck_assert(!wide_present(gathered("norms", 0)) && !wide_present(gathered("flops", 0)));
    check_value("norms", 1, 3, 0);
    check_value("norms", 2, 1, 0);
    check_value("norms", 3, 1, 0);
    check_value("flops", 1, attention, 0);
    check_value("flops", 3, ffn + attention, 0);
    check_value("flops/norms", 1, attention / 3, 0);
    discard();
}
END_TEST

START_TEST(counts_need_no_samples)
{
    struct column column;
    struct error error = {0};
    bool found;
    make("");
    ck_assert_int_eq(column_parse(&column, "flops/norms", &depth.schema, &found, &error), ERROR_NONE);
    ck_assert(found && column.exact);
    ck_assert_int_eq(column_parse(&column, "flops*gradient_variance", &depth.schema, &found, &error), ERROR_NONE);
    ck_assert(found && !column.exact);
    discard();
}
END_TEST

START_TEST(names_that_are_none)
{
    static const char *const absent[] = {"gradient_varianc", "gradient_variance.token6", "token_cosine.median",
                                         "gradient_variance*no", "branch_ratio.moe"};
    static const char *const nonsense[] = {
        "", "*", "norms*", "/norms", "norms**norms", "norms/norms/norms/norms/norms"};
    struct column column;
    make("tokens=5");
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        struct error error = {0};
        bool found = true;
        ck_assert_int_eq(column_parse(&column, absent[i], &depth.schema, &found, &error), ERROR_NONE);
        ck_assert_msg(!found, "%s", absent[i]);
    }
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        struct error error = {0};
        bool found;
        ck_assert_int_eq(column_parse(&column, nonsense[i], &depth.schema, &found, &error), ERROR_INPUT);
        ck_assert_ptr_nonnull(strstr(error.text, "is not a product of at most 4 observables"));
    }
    discard();
    ck_assert(column_by_token("norms*gradient_variance.token3") && column_by_token("gradient_variance.median"));
    ck_assert(!column_by_token("gradient_variance/token_cosine"));
}
END_TEST

Suite *column_suite(void)
{
    Suite *suite = suite_create("column");
    TCase *tests = tcase_create("column");
    tcase_add_test(tests, products_and_quotients_by_hand);
    tcase_add_test(tests, medians_are_of_positions);
    tcase_add_test(tests, counts_are_of_the_block);
    tcase_add_test(tests, counts_need_no_samples);
    tcase_add_test(tests, names_that_are_none);
    suite_add_tcase(suite, tests);
    return suite;
}
