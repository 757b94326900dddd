/* Points of spanscope map and roots of spanscope solve: what predict says of their models. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/printed.h"
#include "tests/program.h"

enum { LAYERS = 3 };
#define SHAPE "-d", "12", "-H", "3", "-T", "3", "-F", "7"
#define TINY  "-L", "3", SHAPE

/* Of the upper row, c = 2, what predict says of a stack of this depth. */
static void check_point(const json_t *map, int depth, const json_t *profile)
{
    const json_t *values = json_object_get(map, "values");
    const json_t *cosines = json_array_get(json_object_get(values, "token_cosine"), 1),
                 *ratios = json_array_get(json_object_get(values, "log10_gradient_ratio"), 1);
    ck_assert(json_array_size(cosines) == LAYERS && json_array_size(ratios) == LAYERS);
    double cosine = json_number_value(json_array_get(cosines, (size_t)depth - 1)),
           ratio = json_number_value(json_array_get(ratios, (size_t)depth - 1));
    ck_assert_double_eq(cosine, printed_number(printed_cell(profile, depth, "token_cosine"), "mean"));
    double expected = printed_number(printed_cell(profile, 0, "gradient_variance"), "log10_mean") -
                      printed_number(printed_cell(profile, depth, "gradient_variance"), "log10_mean");
    ck_assert(fabs(ratio - expected) < 1e-14); // rounding of logarithms
}

/* A map a line; without draws its points are what predict says of their models. */
START_TEST(maps_are_predictions)
{
    struct program map = PROGRAM("map", SHAPE, "-p", "postnorm", "-p", "spannorm", "--x", "layers=1:3", "--y",
                                 "c=0.5:2:2:log", "-q");
    ck_assert_msg(map.status == 0, "%s", map.err);
    ck_assert_int_eq(printed_lines(map.out), 2);
    for (int i = 0; i < 2; i++) {
        json_t *object = printed_line(map.out, i);
        const json_t *config = json_object_get(object, "config");
        ck_assert_str_eq(printed_text(object, "schema"), "spanscope/map/1");
        ck_assert_str_eq(printed_text(object, "kind"), "predicted");
        ck_assert_str_eq(printed_text(config, "placement"), i ? "spannorm" : "postnorm");
        ck_assert(!json_object_get(config, "layers") && !json_object_get(config, "c")); // the axes' names
        ck_assert_str_eq(printed_text(json_object_get(object, "y"), "scale"), "log");
        ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(object, "values"), "token_cosine")), 2);
        for (int depth = 1; depth <= LAYERS; depth++) {
            const char layers[] = {(char)('0' + depth), '\0'};
            struct program predict = PROGRAM("predict", SHAPE, "-L", layers, "-p", printed_text(config, "placement"),
                                             "-i", "scaleinit:2", "-f", "json", "--width-limit");
            ck_assert_msg(predict.status == 0, "%s", predict.err);
            json_t *profile = printed_line(predict.out, 0);
            check_point(object, depth, profile);
            json_decref(profile);
            program_free(&predict);
        }
        json_decref(object);
    }
    program_free(&map);
}
END_TEST

/* Two points in closed form, and two that are drawn, as c is large: all are at their width what predict says there, to the
 * last digit, and know its errors. */
#define BROAD "-p", "prenorm", "-L", "2", "-d", "128", "-H", "2", "--budget", "0.02"

static double at_point(const json_t *map, const char *group, const char *name, size_t y, size_t x)
{
    const json_t *rows = json_object_get(map, group), *value;
    if (name)
        rows = json_object_get(rows, name);
    value = json_array_get(json_array_get(rows, y), x);
    ck_assert(json_is_number(value) || json_is_null(value));
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void check_wide_point(const json_t *map, size_t y, size_t x, const json_t *profile, bool *closed)
{
    const json_t *ratio = json_object_get(json_object_get(profile, "stack"), "gradient_ratio"),
                 *cosine = printed_cell(profile, 2, "token_cosine"), *order = json_object_get(profile, "order_error");
    const char *name = "log10_gradient_ratio";
    ck_assert_double_eq(at_point(map, "values", name, y, x), printed_number(ratio, "log10_mean"));
    ck_assert_double_eq(at_point(map, "values", "token_cosine", y, x), printed_number(cosine, "mean"));
    ck_assert_double_eq(at_point(map, "errors", "token_cosine", y, x), printed_number(cosine, "se"));
    double relative = printed_number(ratio, "se") / printed_number(ratio, "mean"),
           own = at_point(map, "errors", name, y, x);
    ck_assert_double_le(fabs(own * M_LN10 - relative), 1e-12 * relative);
    *closed = order != NULL;
    if (*closed)
        ck_assert_double_eq(at_point(map, "order_error", NULL, y, x), json_number_value(order));
    else
        ck_assert(isnan(at_point(map, "order_error", NULL, y, x)) && own > 0);
}

START_TEST(maps_at_a_width_are_predictions)
{
    static const char *const tokens[] = {"6", "9"}, *const gains[] = {"0.3", "3"};
    struct program map = PROGRAM("map", BROAD, "--x", "tokens=6:9:2", "--y", "c=0.3:3:2:log", "--at-width", "-j", "2");
    struct program alone = PROGRAM("map", BROAD, "--x", "tokens=6:9:2", "--y", "c=0.3:3:2:log", "--at-width", "-j",
                                   "1");
    ck_assert_msg(map.status == 0, "%s", map.err);
    ck_assert(strcmp(map.out, alone.out) == 0); // too long for a message of Check
    ck_assert_ptr_nonnull(strstr(map.err, "spanscope map: prenorm: 2 of 4 points are drawn, standard errors of "
                                          "log10_gradient_ratio up to 0.0"));
    ck_assert_ptr_nonnull(strstr(map.err, "; the others to first order in T/d: within about 4."));
    json_t *object = printed_line(map.out, 0);
    const json_t *reading = json_object_get(object, "reading");
    ck_assert_str_eq(printed_text(reading, "name"), "at-width");
    ck_assert_double_eq(printed_number(reading, "budget"), 0.02);
    int closed = 0;
    for (size_t i = 0; i < 4; i++) {
        bool own;
        struct program predict = PROGRAM("predict", BROAD, "-T", tokens[i % 2], "--c", gains[i / 2], "-f", "json",
                                         "-q");
        json_t *profile = printed_line(predict.out, 0);
        check_wide_point(object, i / 2, i % 2, profile, &own);
        closed += own;
        json_decref(profile);
        program_free(&predict);
    }
    ck_assert_int_eq(closed, 2);
    json_decref(object);
    program_free(&map), program_free(&alone);
}
END_TEST

/* Of several maps the last is checked before the first is predicted. */
START_TEST(a_point_that_is_no_model_ends_all_maps)
{
    struct program map = PROGRAM("map", "-d", "64,66", "--x", "heads=1:4:2", "--y", "c=1:2:2", "-q");
    ck_assert_int_eq(map.status, 2);
    ck_assert_str_eq(map.err, "spanscope map: heads = 4, c = 1: heads: 4 heads do not divide width 66\n");
    ck_assert_str_eq(map.out, "");
    program_free(&map);
}
END_TEST

/* What solve says of a root, predict says of it: in closed form, and drawn. */
START_TEST(roots_at_a_width_are_predictions)
{
    static const struct {
        const char *range, *equation, *words;
        bool drawn;
    } rows[] = {{"0.3:0.5:2", "gradient_ratio = 1.15", "; to first order in T/d: it within about 4.", false},
                {"1.5:3:2", "gradient_ratio = 6", " stacks drawn\n", true}};
    struct program table = PROGRAM("solve", "c", rows[_i].equation, BROAD, "--range", rows[_i].range, "--at-width");
    struct program json = PROGRAM("solve", "c", rows[_i].equation, BROAD, "--range", rows[_i].range, "--at-width", "-f",
                                  "json");
    ck_assert_msg(json.status == 0, "%s%s", json.err, table.out);
    ck_assert_ptr_nonnull(strstr(table.out, " at the model's width, c from "));
    ck_assert_msg(strstr(table.out, rows[_i].words) != NULL, "%s", table.out);
    json_t *object = printed_line(json.out, 0);
    const json_t *root = json_array_get(json_object_get(object, "roots"), 0);
    char c[40];
    snprintf(c, sizeof c, "%.17g", printed_number(root, "x"));
    struct program predict = PROGRAM("predict", BROAD, "--c", c, "-f", "json", "-q");
    json_t *profile = printed_line(predict.out, 0);
    const json_t *ratio = json_object_get(json_object_get(profile, "stack"), "gradient_ratio");
    ck_assert_double_eq(printed_number(root, "value"), printed_number(ratio, "mean"));
    ck_assert_double_eq(printed_number(root, "replicas"),
                        rows[_i].drawn ? printed_number(json_object_get(profile, "config"), "samples") : 0);
    ck_assert_double_eq(printed_number(root, "order_error"),
                        rows[_i].drawn ? 0 : json_number_value(json_object_get(profile, "order_error")));
    ck_assert((printed_number(root, "error") > 0) == rows[_i].drawn);
    json_decref(object);
    json_decref(profile);
    program_free(&table), program_free(&json), program_free(&predict);
}
END_TEST

/* One stack has no spread to tell an error by: neither 0 nor silence. */
START_TEST(a_root_of_one_stack_has_no_known_error)
{
    struct program table = PROGRAM("solve", "c", "gradient_ratio = 6", BROAD, "--range", "1:9:3:log", "--at-width",
                                   "--replicas", "1");
    struct program map = PROGRAM("map", BROAD, "--x", "tokens=6:9:2", "--y", "c=0.3:3:2:log", "--at-width",
                                 "--replicas", "1");
    ck_assert_msg(strstr(table.out, "; 1 stack drawn; its standard error is not known\n") != NULL, "%s%s", table.out,
                  table.err);
    ck_assert_msg(strstr(map.err, ", errors of log10_gradient_ratio are not known\n") != NULL, "%s", map.err);
    program_free(&table), program_free(&map);
}
END_TEST

/* More threads than points have nothing to do, and are not asked of the system. */
START_TEST(threads_are_no_more_than_points)
{
    struct program solve = PROGRAM("solve", "c", "gradient_ratio = 1.5", "-p", "prenorm", TINY, "--range", "0.1:3:5",
                                   "-j", "1000"),
                   map = PROGRAM("map", SHAPE, "--x", "layers=1:3", "--y", "c=1:2:3", "-j", "1000", "--dry-run");
    ck_assert_msg(solve.status == 0, "%s", solve.err);
    ck_assert_msg(strstr(map.out, " s in 9 threads\n") != NULL, "%s", map.out);
    program_free(&solve), program_free(&map);
}
END_TEST

/* Near a root, too far from one for what the first order leaves, and in the limit, which leaves nothing. */
START_TEST(no_root_is_told_with_its_error)
{
#define NARROW "-p", "prenorm", "-L", "4", "-d", "256", "-H", "4", "-T", "4"
    static const char *const cases[][3] = {
        {"0.1:1:9", "--at-width",
         "; to first order in T/d: the nearest within about 2 %, so that it may be there all the"},
        {"0.6:1:9", "--at-width", "; to first order in T/d: the nearest within about 3 %\n"},
        {"0.1:1:9", "--quiet", " at these points\n"},
    };
    const char *const *row = cases[_i];
    struct program table = PROGRAM("solve", "c", "gradient_ratio = 1", NARROW, "--range", row[0], row[1]),
                   json = PROGRAM("solve", "c", "gradient_ratio = 1", NARROW, "--range", row[0], row[1], "-f", "json");
    ck_assert_int_eq(table.status, 1);
    ck_assert_msg(strstr(table.out, "nowhere: ") && strstr(table.out, row[2]), "%s", table.out);
    json_t *object = printed_line(json.out, 0);
    ck_assert_double_eq(printed_number(object, "nearest"), printed_number(object, "least"));
    ck_assert_double_eq(printed_number(object, "nearest_error"), 0);
    ck_assert((printed_number(object, "nearest_order_error") > 0) == (_i < 2));
    json_decref(object);
    program_free(&table), program_free(&json);
}
END_TEST

/* What does not vary crosses nothing, though rounding does. */
START_TEST(a_value_at_all_points_is_no_root)
{
    static const char *const equations[] = {"kurtosis@L = 3", "token_cosine@0 = 0"};
    struct program table = PROGRAM("solve", "c", equations[_i], "-p", "spannorm", TINY),
                   json = PROGRAM("solve", "c", equations[_i], "-p", "spannorm", TINY, "-f", "json");
    ck_assert_msg(table.status == 0 && json.status == 0, "%s%s", table.err, json.err);
    ck_assert_msg(strstr(table.out, "\n  everywhere: it is ") != NULL, "%s", table.out);
    json_t *object = printed_line(json.out, 0);
    ck_assert(json_is_true(json_object_get(object, "everywhere")));
    ck_assert_uint_eq(json_array_size(json_object_get(object, "roots")), 0);
    json_decref(object);
    program_free(&table), program_free(&json);
}
END_TEST

Suite *points_suite(void);
Suite *points_suite(void)
{
    Suite *suite = suite_create("points");
    TCase *tests = tcase_create("points");
    tcase_add_checked_fixture(tests, program_setup, program_teardown);
    tcase_add_test(tests, maps_are_predictions);
    tcase_add_test(tests, maps_at_a_width_are_predictions);
    tcase_add_test(tests, a_point_that_is_no_model_ends_all_maps);
    tcase_add_loop_test(tests, roots_at_a_width_are_predictions, 0, 2);
    tcase_add_test(tests, a_root_of_one_stack_has_no_known_error);
    tcase_add_test(tests, threads_are_no_more_than_points);
    tcase_add_loop_test(tests, no_root_is_told_with_its_error, 0, 3);
    tcase_add_loop_test(tests, a_value_at_all_points_is_no_root, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
