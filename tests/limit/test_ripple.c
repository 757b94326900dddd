#include <check.h>
#include <math.h>

#include "analysis/limit/ripple.h"

enum { WIDTH = 37 };

struct fixture {
    struct pool pool;
    struct ripples ripples;
    jmp_buf exhausted;
};

static void setup(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    fixture->pool.exhausted = &fixture->exhausted;
    ripple_begin(&fixture->ripples, 2, &fixture->pool);
}

/* The specific row of a signal behind its other one. */
static struct signal signal_of(double *rows, int columns)
{
    return (struct signal){columns, rows};
}

static double covariance(const struct fixture *fixture, int space, const struct signal *a, const struct signal *b)
{
    struct ripple x = ripple_gram(&fixture->ripples, space, a), y = ripple_gram(&fixture->ripples, space, b);
    return ripple_dot(&x, &y);
}

/* Rows x, y of R^m with Gaussian features have x_s . x_t / m of variance g^2/m, and x_s . x_t with y_s . y_t the
 * covariance c^2/m, g the square of x and c its product with y, whatever components they are sums of. 1e-15: rounding. */
START_TEST(sums_of_fresh_components_are_fresh)
{
    struct fixture fixture;
    setup(&fixture);
    for (int c = 1; c <= 3; c++)
        ripple_fresh(&fixture.ripples, 0, c, WIDTH, 0.7 + c, (0.7 + c) * (0.7 + c), NULL);
    static double a[2][4] = {{0, 0, 0, 0}, {0, 0.3, -1.2, 0.9}}, b[2][4] = {{0, 0, 0, 0}, {0, 0.5, 0.4, -0.1}};
    struct signal x = signal_of(a[0], 4), y = signal_of(b[0], 4);
    double square = 0.3 * 0.3 + 1.2 * 1.2 + 0.9 * 0.9, product = 0.3 * 0.5 - 1.2 * 0.4 - 0.9 * 0.1;
    ck_assert_double_eq_tol(covariance(&fixture, 0, &x, &x), square * square / WIDTH, 1e-15);
    ck_assert_double_eq_tol(covariance(&fixture, 0, &x, &y), product * product / WIDTH, 1e-15);
    pool_free(&fixture.pool);
}
END_TEST

/* A map's output deviates as its input does and by itself; two outputs have in common what the input has. */
START_TEST(maps_hand_ripples_on)
{
    struct fixture fixture;
    setup(&fixture);
    static double row[2][2] = {{0, 0}, {0, 1}};
    struct signal unit = signal_of(row[0], 2);
    ripple_fresh(&fixture.ripples, 0, 1, WIDTH, 1, 1, NULL);
    struct ripple in = ripple_gram(&fixture.ripples, 0, &unit);
    ripple_fresh(&fixture.ripples, 1, 1, 2 * WIDTH, 1.37, 1.37 * 1.37, &in);
    struct ripple out = ripple_gram(&fixture.ripples, 1, &unit);
    ck_assert_double_eq_tol(ripple_dot(&out, &out), 1 / (1.37 * 1.37) / WIDTH + 1. / (2 * WIDTH), 1e-15);
    ck_assert_double_eq_tol(ripple_dot(&in, &out), 1 / 1.37 / WIDTH, 1e-15);
    pool_free(&fixture.pool);
}
END_TEST

/* What is handed on has the covariances that it had. 1e-14: rounding through a factor. */
START_TEST(handing_on_keeps_covariances)
{
    struct fixture fixture;
    setup(&fixture);
    for (int c = 0; c < 3; c++)
        ripple_fresh(&fixture.ripples, 0, c, WIDTH + 5 * c, 1, 1.37, NULL);
    static const double rows[2][3] = {{0.6, 0, 0.8}, {-0.8, 0, 0.6}};
    static double a[2][3] = {{0}, {0.6 * 1.3 - 0.8 * 0.2, 0, 0.8 * 1.3 + 0.6 * 0.2}}; // 1.3 and 0.2 of the rows
    static double b[2][2] = {{0}, {1.3, 0.2}}, c[2][2] = {{0}, {-0.4, 0.9}};
    static double d[2][3] = {{0}, {-0.6 * 0.4 - 0.8 * 0.9, 0, -0.8 * 0.4 + 0.6 * 0.9}};
    struct signal before[2] = {signal_of(a[0], 3), signal_of(d[0], 3)},
                  after[2] = {signal_of(b[0], 2), signal_of(c[0], 2)};
    double entries[9];
    ripple_hand_on(&fixture.ripples, 0, rows[0], 2, 3, entries);
    ripple_receive(&fixture.ripples, 1, 0, 2, entries);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            ck_assert_double_eq_tol(covariance(&fixture, 1, &after[i], &after[j]),
                                    covariance(&fixture, 0, &before[i], &before[j]), 1e-14);
    pool_free(&fixture.pool);
}
END_TEST

Suite *ripple_suite(void)
{
    Suite *suite = suite_create("ripple");
    TCase *tests = tcase_create("ripple");
    tcase_add_test(tests, sums_of_fresh_components_are_fresh);
    tcase_add_test(tests, maps_hand_ripples_on);
    tcase_add_test(tests, handing_on_keeps_covariances);
    suite_add_tcase(suite, tests);
    return suite;
}
