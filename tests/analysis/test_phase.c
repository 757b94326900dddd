#include <check.h>
#include <math.h>
#include <string.h>

#include "analysis/phase.h"

static const char *name_of(double gradient, double specific, double tokens, double layer)
{
    const double values[MAP_VALUES] = {gradient, specific, 0, tokens, layer, NAN};
    int phase = phase_find(values);
    return phase < 0 ? "" : phases[phase].name;
}

/* phase.c reads values by position: the names are what map.c puts there. */
START_TEST(positions_are_the_maps)
{
    static const char *const names[] = {"log10_gradient_ratio", "log10_specific_ratio", "log10_activation_ratio",
                                        "token_cosine", "layer_cosine"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_str_eq(map_values[i].name, names[i]);
}
END_TEST

START_TEST(phases_by_their_thresholds)
{
    ck_assert_str_eq(name_of(2.1, 0, 0, 0.5), "exploding");
    ck_assert_str_eq(name_of(1.9, 2.1, 0, 0.5), "exploding");
    ck_assert_str_eq(name_of(0, -2.1, 0.95, 0.5), "vanishing");
    ck_assert_str_eq(name_of(0, 0, 0.91, 0.9995), "collapsed tokens");
    ck_assert_str_eq(name_of(0, 0, 0.89, 0.9995), "idle layers");
    ck_assert_str_eq(name_of(0.30, 0, 0.89, 0.9985), "isometric");
    ck_assert_str_eq(name_of(-0.31, 0, 0.2, 0.5), "");
    ck_assert_str_eq(name_of(NAN, NAN, NAN, NAN), "");
}
END_TEST

Suite *phase_suite(void)
{
    Suite *suite = suite_create("phase");
    TCase *tcase = tcase_create("phases");
    tcase_add_test(tcase, positions_are_the_maps);
    tcase_add_test(tcase, phases_by_their_thresholds);
    suite_add_tcase(suite, tcase);
    return suite;
}
