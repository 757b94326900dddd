#include <stdio.h>

#include "plots/legend.h"
#include "tests/folder.h"
#include "tests/profiles.h"
#include <check.h>

static void check_legend(const char *const configs[], const struct abscissa *abscissa, const char *const names[],
                         const char *caption)
{
    struct saved_list list;
    struct legend legend;
    struct error error;
    profiles_read(&list, "measured", configs, "{\"layer\":0}");
    ck_assert_int_eq(legend_init(&legend, &list, abscissa, &error), ERROR_NONE);
    for (size_t i = 0; i < list.count; i++)
        ck_assert_str_eq(legend.names[i], names[i]);
    ck_assert_str_eq(legend.caption, caption);
    legend_free(&legend);
    saved_free(&list);
}

START_TEST(legend_parts_common_from_different)
{
    static const char *const configs[] = {
        "\"placement\":\"prenorm\",\"init\":\"unit\",\"c\":1,\"experts\":8," PROFILES_BASE,
        "\"placement\":\"spannorm\",\"init\":\"scaleinit\",\"c\":0.5,\"experts\":8," PROFILES_BASE
        ",\"input_correlation\":0.9",
        NULL};
    static const char *const names[] = {"prenorm, unit", "spannorm, scaleinit, input correlation 0.9"};
    check_legend(configs, NULL, names,
                 "c = 0.5, L = 2, d = 24, H = 3, T = 5, F = 40, relu, no mask, 7 samples, seed 9");
}
END_TEST

START_TEST(legend_numbers_repeats_and_shows_formulas)
{
    static const char *const configs[] = {
        "\"placement\":\"unit\",\"init\":\"unit\",\"layers\":3,\"formula\":\"y = x;\\nx = y + moe(x)\",\"experts\":8",
        "\"placement\":\"unit\",\"init\":\"unit\",\"layers\":3,\"formula\":\"y = x;\\nx = y + moe(x)\",\"experts\":8",
        NULL};
    static const char *const names[] = {"unit", "unit (2)"};
    check_legend(configs, NULL, names, "init unit, y = x; x = y + moe(x), L = 3, E = 8");
}
END_TEST

/* 0.008 as the third of 0.002:0.032:5:log has it, and another number that is not 0.008 in its seventh digit. */
START_TEST(legend_shows_numbers_without_their_rounding)
{
    static const char *const configs[] = {
        "\"placement\":\"b2t\",\"init\":\"unit\",\"layers\":3,\"lr\":0.0079999999999999984",
        "\"placement\":\"b2t\",\"init\":\"unit\",\"layers\":3,\"lr\":0.0080000012", NULL};
    static const char *const names[] = {"b2t, lr 0.008", "b2t, lr 0.0080000012"};
    check_legend(configs, NULL, names, "init unit, L = 3, no mask");
}
END_TEST

START_TEST(legend_leaves_depth_out_where_asked)
{
    static const char *const configs[] = {"\"placement\":\"b2t\",\"init\":\"unit\",\"layers\":3,\"mask\":\"causal\"",
                                          "\"placement\":\"b2t\",\"init\":\"unit\",\"layers\":5,\"mask\":\"causal\"",
                                          NULL};
    static const char *const each[] = {"b2t, L = 3", "b2t, L = 5"};
    static const char *const grouped[] = {"b2t", "b2t"};
    check_legend(configs, NULL, each, "init unit, causal mask");
    check_legend(configs, &abscissa_depth, grouped, "init unit, causal mask");
}
END_TEST

START_TEST(legend_gives_a_prediction_its_measurements_group)
{
    struct saved_list list;
    struct legend legend;
    struct error error;
    static const char *const post[] = {"\"placement\":\"postnorm\",\"init\":\"unit\"," PROFILES_BASE, PROFILES_SPAN,
                                       NULL};
    profiles_read(&list, "measured", post, profiles_rows);
    FILE *file = fopen(folder_path("predicted.json"), "w");
    profiles_add(file, "predicted", PROFILES_SPAN, profiles_rows);
    fclose(file);
    ck_assert_int_eq(saved_read(folder_path("predicted.json"), &list, &error), ERROR_NONE);
    ck_assert_int_eq(legend_init(&legend, &list, NULL, &error), ERROR_NONE);
    ck_assert_int_eq(legend.groups[0], 0);
    ck_assert_int_eq(legend.groups[1], 1);
    ck_assert_int_eq(legend.groups[2], 1);
    ck_assert_int_eq(legend.group_count, 2);
    ck_assert_str_eq(legend.names[2], "spannorm, predicted");
    legend_free(&legend);
    saved_free(&list);
}
END_TEST

/* Two models whose initialisations are both called custom, and values of a setting that this program does not know, are
 * not one curve. */
START_TEST(legend_tells_apart_whatever_differs)
{
#define CUSTOM(text) "\"placement\":\"spannorm\",\"init\":\"custom\",\"init_formula\":\"" text "\"," PROFILES_BASE
#define LONG         "wq = 1/(d + 0.000000000000000000000000000000000000001); wk = 1/d; wv = 1/d; wo = 1/d; w1 = 1/d; w2 = "
    static const char *const inits[] = {CUSTOM("wq = 0.02"), CUSTOM("wq = 0.06"), NULL};
    static const char *const init_names[] = {"spannorm, wq = 0.02", "spannorm, wq = 0.06"};
    static const char *const unknown[] = {PROFILES_SPAN ",\"twist\":1", PROFILES_SPAN ",\"twist\":2", PROFILES_SPAN,
                                          NULL};
    static const char *const unknown_names[] = {"spannorm, twist 1", "spannorm, twist 2", "spannorm, twist not given"};
    static const char *const ends[] = {CUSTOM(LONG "1/(2*d)"), CUSTOM(LONG "1/(3*d)"), NULL};
    static const char common[] = "L = 2, d = 24, H = 3, T = 5, F = 40, relu, no mask, 7 samples, seed 9";
    check_legend(inits, &abscissa_depth, init_names,
                 "init custom, d = 24, H = 3, T = 5, F = 40, relu, no mask, 7 samples, seed 9");
    char caption[200];
    snprintf(caption, sizeof caption, "init unit, %s", common);
    check_legend(unknown, NULL, unknown_names, caption);
    struct saved_list list;
    struct legend legend;
    struct error error;
    profiles_read(&list, "measured", ends, "{\"layer\":0}");
    ck_assert_int_eq(legend_init(&legend, &list, &abscissa_depth, &error), ERROR_NONE);
    ck_assert_str_ne(legend.names[0], legend.names[1]); /* they end alike as far as they are shown */
    ck_assert_int_ne(legend.groups[0], legend.groups[1]);
    legend_free(&legend);
    saved_free(&list);
}
END_TEST

/* Along an abscissa whose points may differ in all that these do, a curve has no name, nor what is left of another. */
START_TEST(legend_names_no_curve_of_all)
{
    static const char *const runs[] = {"\"placement\":\"b2t\",\"init\":\"unit\",\"layers\":3,\"c\":1,\"seed\":7",
                                       "\"placement\":\"keel\",\"init\":\"unit\",\"layers\":4,\"c\":2,\"seed\":8",
                                       NULL};
    static const char *const names[] = {"", ""}, *const placements[] = {"b2t", "keel"};
    check_legend(runs, &abscissa_initial_spread, placements, "init unit, L = 3 to 4, no mask, seed 7 to 8");
    check_legend(runs, &abscissa_false_positives, names,
                 "placement b2t and keel, init unit, L = 3 to 4, no mask, seed 7 to 8");
}
END_TEST

/* A run beside trainings is untrained, whatever it does not say of them; of the trainings what they differ in, and of all
 * how many samples only where nothing else tells them apart. */
START_TEST(legend_names_trainings_beside_runs)
{
    static const char format[] =
        "{\"schema\":\"spanscope/profile/1\",\"kind\":\"measured\",\"config\":{\"placement\":\"b2t\",\"init\":\"unit\","
        "\"layers\":3,\"engine\":\"%s\",\"samples\":%d}%s,\"layers\":[{\"layer\":0}]}\n";
    static const char training[] = ",\"training\":{\"task\":\"copy:3\",\"steps\":9,\"lr\":%s,\"clip\":0,\"step\":%d}";
    static const char *const names[] = {"b2t, untrained", "b2t, at step 0, lr 0.1", "b2t, at step 9, lr 0.1",
                                        "b2t, at step 9, lr 0.2"};
    char text[4000], one[200];
    size_t length = (size_t)snprintf(text, sizeof text, format, "dense", 4, "");
    for (int i = 1; i < 4; i++) {
        snprintf(one, sizeof one, training, i == 3 ? "0.2" : "0.1", i > 1 ? 9 : 0);
        length += (size_t)snprintf(text + length, sizeof text - length, format, "held", 8, one);
    }
    struct saved_list list;
    struct legend legend;
    struct error error;
    profiles_text(&list, text);
    ck_assert_int_eq(legend_init(&legend, &list, NULL, &error), ERROR_NONE);
    for (int i = 0; i < 4; i++)
        ck_assert_str_eq(legend.names[i], names[i]);
    ck_assert_str_eq(legend.caption,
                     "init unit, L = 3, no mask, task copy:3, 9 steps, 4 to 8 samples, dense and held engine");
    legend_free(&legend);
    saved_free(&list);
}
END_TEST

Suite *legend_suite(void)
{
    Suite *suite = suite_create("legend");
    TCase *tests = folder_case(suite, "legend");
    tcase_add_test(tests, legend_parts_common_from_different);
    tcase_add_test(tests, legend_numbers_repeats_and_shows_formulas);
    tcase_add_test(tests, legend_shows_numbers_without_their_rounding);
    tcase_add_test(tests, legend_leaves_depth_out_where_asked);
    tcase_add_test(tests, legend_tells_apart_whatever_differs);
    tcase_add_test(tests, legend_names_no_curve_of_all);
    tcase_add_test(tests, legend_names_trainings_beside_runs);
    tcase_add_test(tests, legend_gives_a_prediction_its_measurements_group);
    return suite;
}
