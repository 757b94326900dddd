#include "analysis/bounds/forward.h"

#include <check.h>
#include <string.h>

#include "tests/enclosure.h"

/* What second moments alone decide has no width: x of square 1 and pair 1/2, maps of gain v. Means over Gaussians of
 * relu: E f^2 = v/2, mean sqrt(v/(2 pi)); eps of the norm 1e-6. */
START_TEST(what_is_exact)
{
    struct enclosure enclosure;
    enclosure_init(&enclosure, "x = w1(x)*w2(x)");
    double v1 = enclosure_gain(&enclosure, "w1"), v2 = enclosure_gain(&enclosure, "w2");
    const struct form *form = enclosure_forward(&enclosure);
    enclosure_check(form->gram.square, v1 * v2);
    enclosure_check(form->gram.pair, v1 * v2 / 4);
    enclosure_check(form->cosines[0], 0);
    enclosure_free(&enclosure);

    enclosure_init(&enclosure, "x = x + 0.5*x"); // one signal, twice
    form = enclosure_forward(&enclosure);
    enclosure_check(form->gram.square, 2.25);
    enclosure_check(form->cosines[0], 1);
    enclosure_free(&enclosure);

    enclosure_init(&enclosure, "x = norm(x + w1(x))");
    double square = 1 + enclosure_gain(&enclosure, "w1"), eps = enclosure.model.eps;
    form = enclosure_forward(&enclosure);
    enclosure_check(form->gram.square, square / (square + eps));
    enclosure_check(form->gram.pair, square / 2 / (square + eps));
    enclosure_check(form->cosines[0], 1 / sqrt(square));
    enclosure_free(&enclosure);
}
END_TEST

/* The kernel's table is good to 1e-9. */
START_TEST(functions_of_gaussians)
{
    struct enclosure enclosure;
    enclosure_init(&enclosure, "x = relu(w1(x))");
    double v = enclosure_gain(&enclosure, "w1");
    const struct form *form = enclosure_forward(&enclosure);
    ck_assert_double_eq_tol(form->gram.square.lo, v / 2, 1e-9);
    ck_assert_double_eq_tol(form->gram.square.hi, v / 2, 1e-9);
    ck_assert_double_eq_tol(form->mean.lo, sqrt(v / (2 * M_PI)), 1e-9);
    ck_assert_double_eq_tol(form->mean.hi, sqrt(v / (2 * M_PI)), 1e-9);
    enclosure_free(&enclosure);
}
END_TEST

static const char *const formulas[] = {
    "x = norm(x + ffn(x))", "y = x + attn(norm(x)); x = y + glu(norm(y))", "x = 0.5*x + x*sigmoid(x)",
    "x = x + wo(attend(wq(x), wk(x), wv(x))*sigmoid(wg(x)))", "x = norm(x + relu(w1(x)), layernorm)"};

/* Of a point within an interval, the form is within the interval's. */
START_TEST(narrower_in_is_narrower_out)
{
    struct enclosure wide, point;
    enclosure_init(&wide, formulas[_i]);
    enclosure_init(&point, formulas[_i]);
    wide.in.gram[1][1] = (struct gain_gram){{0.8, 1.3}, {0.2, 0.7}};
    wide.in.head[0] = wide.in.gram[1][1].square;
    wide.in.fourth[0] = 3 * 1.3 * 1.3;
    const struct form *outer = enclosure_forward(&wide), *inner = enclosure_forward(&point);
    enclosure_check_within(inner->gram.square, outer->gram.square);
    enclosure_check_within(inner->gram.pair, outer->gram.pair);
    enclosure_check_within(inner->mean, outer->mean);
    enclosure_check_within(inner->cosines[0], outer->cosines[0]);
    ck_assert(outer->gram.square.hi > inner->gram.square.hi || _i == 0 || _i == 4); // norms forget the size
    enclosure_free(&wide);
    enclosure_free(&point);
}
END_TEST

START_TEST(what_leaves_the_range_is_said)
{
    struct enclosure enclosure;
    enclosure_init(&enclosure, "x = 1e100*x");
    enclosure.in.gram[1][1].square = enclosure.in.gram[1][1].pair = interval_point(1e200);
    const char *why = forward_block(&enclosure.reading, &enclosure.in);
    ck_assert(why && strstr(why, "leave the range of double"));
    enclosure_free(&enclosure);
}
END_TEST

Suite *forward_suite(void)
{
    Suite *suite = suite_create("forward");
    TCase *tests = tcase_create("forward");
    tcase_add_test(tests, what_is_exact);
    tcase_add_test(tests, functions_of_gaussians);
    tcase_add_loop_test(tests, narrower_in_is_narrower_out, 0, (int)(sizeof formulas / sizeof *formulas));
    tcase_add_test(tests, what_leaves_the_range_is_said);
    suite_add_tcase(suite, tests);
    return suite;
}
