#include "analysis/bounds/form.h"

#include <check.h>

#include "tests/enclosure.h"

/* x/2 + 3 w1(x): the Gram of independent parts adds, however it is asked for. */
START_TEST(a_gram_in_four_ways)
{
    struct enclosure enclosure;
    enclosure_init(&enclosure, "x = 0.5*x + 3*w1(x)");
    const struct form *form = enclosure_forward(&enclosure);
    const struct reading *reading = &enclosure.reading;
    double v = enclosure_gain(&enclosure, "w1"), square = 0.25 + 9 * v;
    enclosure_check(form->gram.square, square);
    enclosure_check(form->gram.pair, square / 2);
    enclosure_check(form_whole(reading, form).square, square);
    enclosure_check(form_cross(reading, form, form).pair, square / 2);
    enclosure_check(form_with_component(reading, 1, form).square, 0.5); // with x
    enclosure_check(form->cosines[0], 0.5 / sqrt(square));
    enclosure_check(form->mean, 0);
    enclosure_free(&enclosure);
}
END_TEST

/* Linked components count, once in each order; unlinked ones do not. */
START_TEST(links_are_cross_terms)
{
    struct enclosure enclosure;
    enclosure_init(&enclosure, "x = 0.5*x + 3*w1(x)");
    const struct form *form = enclosure_forward(&enclosure);
    struct reading *reading = &enclosure.reading;
    int own = reading->survey.component[enclosure_map(&enclosure, "w1")];
    double v = enclosure_gain(&enclosure, "w1");
    form_link(reading, 1, own, (struct gain_gram){interval_point(0.1), interval_point(0.2)});
    enclosure_check(form_whole(reading, form).square, 0.25 + 9 * v + 2 * 0.5 * 3 * 0.1);
    enclosure_check(form_whole(reading, form).pair, (0.25 + 9 * v) / 2 + 2 * 0.5 * 3 * 0.2);
    form_link_unknown(reading, own, 1);
    enclosure_check_within((struct interval){-sqrt(v), sqrt(v)}, form_gram(reading, 1, own)->square);
    form_clear(reading);
    enclosure_check(form_whole(reading, form).square, 0);
    enclosure_free(&enclosure);
}
END_TEST

/* T = 5 tokens: pairs of exchangeable ones are -1/4 of the diagonal at least. */
START_TEST(no_gram_is_indefinite)
{
    struct enclosure enclosure;
    enclosure_init(&enclosure, "x = x + w1(x)");
    struct gain_gram wide = {{-1, 2}, {-3, 3}}, tidied = form_tidied(&enclosure.reading, wide, false);
    ck_assert(enclosure.reading.alike && enclosure.model.tokens == 5);
    ck_assert(tidied.square.lo == 0 && tidied.square.hi == 2 && tidied.pair.lo == -0.5 && tidied.pair.hi == 2);
    enclosure.reading.alike = false;
    ck_assert(form_tidied(&enclosure.reading, wide, false).pair.lo == -2);
    enclosure_free(&enclosure);
}
END_TEST

Suite *form_suite(void)
{
    Suite *suite = suite_create("form");
    TCase *tests = tcase_create("form");
    tcase_add_test(tests, a_gram_in_four_ways);
    tcase_add_test(tests, links_are_cross_terms);
    tcase_add_test(tests, no_gram_is_indefinite);
    suite_add_tcase(suite, tests);
    return suite;
}
