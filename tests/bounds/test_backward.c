#include "analysis/bounds/backward.h"

#include <check.h>

#include "tests/enclosure.h"

static struct interval backward(struct enclosure *enclosure, bool *known)
{
    struct reading_gradient in;
    enclosure_forward(enclosure);
    *known = backward_block(&enclosure->reading, &enclosure->gradient, &in);
    return in.square[0][0];
}

/* A skip, a map, a gate that is independent of what it gates: two maps of gains u and v send back u v + v u of squares. */
START_TEST(what_is_exact)
{
    struct enclosure enclosure;
    bool known;
    enclosure_init(&enclosure, "x = 2*x + 3*w1(x)");
    enclosure_check(backward(&enclosure, &known), 4 + 9 * enclosure_gain(&enclosure, "w1"));
    ck_assert(known);
    enclosure_free(&enclosure);
    enclosure_init(&enclosure, "x = x + w1(x)*w2(x)");
    enclosure_check(backward(&enclosure, &known),
                    1 + 2 * enclosure_gain(&enclosure, "w1") * enclosure_gain(&enclosure, "w2"));
    ck_assert(known);
    enclosure_free(&enclosure);
}
END_TEST

/* f' of relu is 1 on half of a Gaussian. The kernel's table is good to 1e-9. */
START_TEST(functions_of_gaussians)
{
    struct enclosure enclosure;
    bool known;
    enclosure_init(&enclosure, "x = x + w2(relu(w1(x)))");
    struct interval back = backward(&enclosure, &known);
    double expected = 1 + enclosure_gain(&enclosure, "w1") * enclosure_gain(&enclosure, "w2") / 2;
    ck_assert_double_eq_tol(back.lo, expected, 1e-9);
    ck_assert_double_eq_tol(back.hi, expected, 1e-9);
    enclosure_free(&enclosure);
}
END_TEST

/* x x: the gradient meets x itself, of which second moments say nothing. */
START_TEST(a_product_of_what_depends_has_no_bound)
{
    struct enclosure enclosure;
    bool known;
    enclosure_init(&enclosure, "y = w1(x); z = attend(y, y, y); x = x + wo(z*tanh(z))");
    struct interval back = backward(&enclosure, &known);
    ck_assert(!known && back.lo >= 0);
    enclosure_free(&enclosure);
}
END_TEST

Suite *backward_suite(void)
{
    Suite *suite = suite_create("backward");
    TCase *tests = tcase_create("backward");
    tcase_add_test(tests, what_is_exact);
    tcase_add_test(tests, functions_of_gaussians);
    tcase_add_test(tests, a_product_of_what_depends_has_no_bound);
    suite_add_tcase(suite, tests);
    return suite;
}
