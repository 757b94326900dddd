#include "analysis/bounds/reading.h"

#include <check.h>

#include "analysis/bounds/forward.h"
#include "sim/setting.h"
#include "tests/enclosure.h"
#include "tests/support.h"

static struct reading_block read_pair(const char *formula, double lo, double hi)
{
    struct enclosure enclosure;
    struct reading_block out;
    struct error error = {0};
    enclosure_init(&enclosure, formula);
    enclosure.in.gram[1][1].pair = (struct interval){lo, hi};
    ck_assert_msg(reading_block(&enclosure.reading, enclosure.block, &enclosure.in, &enclosure.gradient, &out,
                                &error) == ERROR_NONE,
                  "%s", error.text);
    enclosure_free(&enclosure);
    return out;
}

static const char spannorm[] = "y = norm(x + attn(x)); x = norm(y + ffn(y))";

/* What any input within has is within, and what is joined of pieces is within what one reading says. */
START_TEST(pieces_are_between_points_and_the_whole)
{
    struct reading_block joined = read_pair(spannorm, 0.1, 0.9);
    struct enclosure whole;
    enclosure_init(&whole, spannorm);
    whole.in.gram[1][1].pair = (struct interval){0.1, 0.9};
    struct interval once = enclosure_forward(&whole)->gram.pair, pieces = joined.joint.gram[1][1].pair;
    enclosure_check_within(pieces, once);
    ck_assert_msg(pieces.hi - pieces.lo < 0.9 * (once.hi - once.lo), "[%g, %g] of [%g, %g]", pieces.lo, pieces.hi,
                  once.lo, once.hi);
    for (double pair = 0.1; pair < 0.9; pair += 0.07) {
        struct reading_block point = read_pair(spannorm, pair, pair);
        enclosure_check_within(point.joint.gram[1][1].pair, pieces);
        enclosure_check_within(point.gradient.square[0][0], joined.gradient.square[0][0]);
        enclosure_check_within(point.attentions.sum.entropy, joined.attentions.sum.entropy);
        enclosure_check_within(point.cosines[0], joined.cosines[0]);
    }
    enclosure_free(&whole);
}
END_TEST

START_TEST(a_shared_matrix_is_refused)
{
    struct model model;
    struct depth depth;
    struct reading reading;
    struct error error = {0};
    support_model(&model, "layers=2");
    ck_assert_int_eq(setting_apply(&model, "placement", "shared wa\nx = x + wa(x)", &error), ERROR_NONE);
    ck_assert_int_eq(depth_init(&depth, &model, false, &error), ERROR_NONE);
    ck_assert_int_eq(reading_init(&reading, &depth, false, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "wa"));
    depth_free(&depth);
    model_free(&model);
}
END_TEST

Suite *reading_suite(void)
{
    Suite *suite = suite_create("reading");
    TCase *tests = tcase_create("reading");
    tcase_add_test(tests, pieces_are_between_points_and_the_whole);
    tcase_add_test(tests, a_shared_matrix_is_refused);
    suite_add_tcase(suite, tests);
    return suite;
}
