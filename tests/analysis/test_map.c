#include "analysis/map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include "tests/support.h"

static struct map_axis parsed(const char *text)
{
    struct map_axis axis;
    struct error error = {0};
    int code = map_axis_parse(&axis, text, &error);
    ck_assert_msg(code == ERROR_NONE, "%s: %s", text, error.text);
    return axis;
}

START_TEST(axes_go_from_end_to_end)
{
    struct map_axis axis = parsed("input-correlation=0.1:0.9:5");
    ck_assert_int_eq(axis.count, 5);
    ck_assert(axis.setting->type == SETTING_REAL && !axis.logarithmic);
    for (int i = 0; i < 5; i++)
        ck_assert(fabs(axis.values[i] - (0.1 + 0.2 * i)) < 1e-15);
    map_axis_free(&axis);
    axis = parsed("c=0.1:10:log");
    ck_assert_int_eq(axis.count, MAP_COUNT);
    ck_assert(strcmp(axis.setting->name, "c") == 0 && axis.values[0] == 0.1 && axis.values[MAP_COUNT - 1] == 10);
    for (int i = 1; i < MAP_COUNT; i++)
        ck_assert(fabs(axis.values[i] / axis.values[i - 1] - pow(100, 1. / (MAP_COUNT - 1))) < 1e-13);
    map_axis_free(&axis);
}
END_TEST

/* Whole numbers: rounded, ascending, none twice, both ends. */
START_TEST(whole_axes)
{
    struct map_axis axis = parsed("layers=2:9:lin");
    ck_assert_int_eq(axis.count, 8);
    for (int i = 0; i < 8; i++)
        ck_assert(axis.values[i] == 2 + i);
    map_axis_free(&axis);
    axis = parsed("tokens=1:1000:40:log");
    ck_assert(axis.setting->type == SETTING_INTEGER && axis.count <= 40 && axis.values[0] == 1 &&
              axis.values[axis.count - 1] == 1000);
    for (int i = 1; i < axis.count; i++)
        ck_assert(axis.values[i] == round(axis.values[i]) && axis.values[i] > axis.values[i - 1]);
    char text[32];
    map_axis_text(&axis, axis.count - 1, text, sizeof text);
    ck_assert_str_eq(text, "1000");
    map_axis_free(&axis);
}
END_TEST

START_TEST(axes_that_are_none)
{
    static const char *const rows[][2] = {
        {"layers", "expected NAME=FROM:TO"},
        {"=1:2", "expected NAME=FROM:TO"},
        {"layer=1:2", "did you mean 'layers'?"},
        {"mask=1:2", "is no setting that is a number"},
        {"layers=1", "expected FROM:TO"},
        {"layers=1:2:3:4", "expected FROM:TO"},
        {"layers=1:2:3:log:lin", "expected FROM:TO"},
        {"layers=5:5", "5 is not below 5"},
        {"c=1:nan", "not a finite number"},
        {"c=0:1:log", "begins above 0"},
        {"c=1:2:1", "between 2 and"},
        {"window=0.1:2", "axis window: '0.1' is not a whole number"},
        {"layers=1:1.5:2", "axis layers: '1.5' is not a whole number"},
        {"layers=0:4", "axis layers: 0 is not between 1 and 100000"},
        {"c=-1:1", "axis c: -1 is not between 0 and 1e+100"},
        {"rotary=0:2", "axis rotary: 2 is not between 0 and 1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct map_axis axis;
        struct error error = {0};
        ck_assert_int_eq(map_axis_parse(&axis, rows[i][0], &error), ERROR_INPUT);
        ck_assert_msg(strstr(error.text, rows[i][1]) != NULL, "%s: %s", rows[i][0], error.text);
        map_axis_free(&axis);
    }
}
END_TEST

/* Models of a small grid: the axes' values on top of the text in context. */
struct grid {
    const char *text;
    const struct map *map;
    int made; /* models, where one thread makes them */
};

static int make_model(void *context, int x, int y, struct model *model, struct error *error)
{
    const struct grid *grid = context;
    const struct map_axis *axes[2] = {&grid->map->x, &grid->map->y};
    const int at[2] = {x, y};
    int code = ERROR_NONE;
    support_model(model, grid->text);
    for (int a = 0; a < 2 && code == ERROR_NONE; a++) {
        char text[40];
        map_axis_text(axes[a], at[a], text, sizeof text);
        code = setting_apply(model, axes[a]->name, text, error);
    }
    if (code == ERROR_NONE)
        code = model_check(model, error);
    if (code != ERROR_NONE)
        model_free(model);
    return code;
}

static int predict_share(struct map *map, const char *text, const char *x, const char *y, int share, int shares,
                         int threads, struct error *error)
{
    *map = (struct map){.x = parsed(x), .y = parsed(y)};
    struct grid grid = {text, map, 0};
    struct map_plan plan = {.model = make_model,
                            .context = &grid,
                            .moments = moments_defaults(),
                            .threads = threads,
                            .share = share,
                            .shares = shares};
    plan.moments.draws = 16;
    plan.moments.most = 1;
    return map_predict(map, &plan, error);
}

static int predict(struct map *map, const char *text, const char *x, const char *y, int threads, struct error *error)
{
    return predict_share(map, text, x, y, 0, 1, threads, error);
}

/* Every point is the prediction of its own model, in its place. */
START_TEST(points_are_predictions)
{
    struct map map;
    struct error error = {0};
    const char *text = "placement=spannorm init=scaleinit";
    ck_assert_int_eq(predict(&map, text, "layers=2:7:3", "c=0.5:2:4:log", 1, &error), ERROR_NONE);
    ck_assert_int_eq(map.x.count, 3);
    for (int y = 0; y < 4; y++) {
        for (int x = 0; x < 3; x++) {
            struct grid grid = {text, &map, 0};
            struct model model;
            struct moments moments;
            struct moments_options options = moments_defaults();
            ck_assert_int_eq(make_model(&grid, x, y, &model, &error), ERROR_NONE);
            ck_assert_int_eq(model.layers, (int)map.x.values[x]);
            ck_assert(model.init.c == map.y.values[y]);
            ck_assert_int_eq(moments_predict(&model, &options, &moments, &error), ERROR_NONE);
            const double *values = map.points[y * 3 + x].values;
            int columns = moments.schema.column_count, g = observe_find(&moments.schema, "gradient_variance");
            int r = observe_find(&moments.schema, "token_cosine");
            double ratio = wide_value(moments.mean[g]) / wide_value(moments.mean[model.layers * columns + g]);
            /* Rounding of a logarithm. */
            ck_assert(isfinite(values[0]) && fabs(values[0] - log10(ratio)) < 1e-14);
            ck_assert(values[3] == wide_value(moments.mean[model.layers * columns + r]));
            moments_free(&moments);
            model_free(&model);
        }
    }
    map_free(&map);
}
END_TEST

/* In the limit, and at the width of each point, where the last are drawn. */
START_TEST(threads_change_nothing)
{
    struct map maps[2];
    struct error error = {0};
    for (int i = 0; i < 2; i++) {
        maps[i] = (struct map){.x = parsed("layers=1:5:3"), .y = parsed("input-correlation=0:1:4")};
        struct grid grid = {"placement=postnorm init=unit mask=causal", &maps[i], 0};
        struct map_plan plan = {.model = make_model,
                                .context = &grid,
                                .moments = moments_defaults(),
                                .threads = i == 0 ? 1 : 3,
                                .shares = 1};
        plan.moments.draws = 16;
        plan.moments.most = 1;
        plan.moments.width_limit = _i == 0;
        plan.moments.replicas = _i == 0 ? 0 : 5;
        ck_assert_int_eq(map_predict(&maps[i], &plan, &error), ERROR_NONE);
    }
    ck_assert(maps[0].points[0].drawn && maps[0].points[0].errors[0] > 0);
    ck_assert(memcmp(maps[0].points, maps[1].points, 12 * sizeof *maps[0].points) == 0);
    map_free(&maps[0]);
    map_free(&maps[1]);
}
END_TEST

/* Parts of a map have its numbers, each point in just one of them. */
START_TEST(shares_are_the_whole)
{
    struct map whole, part;
    struct error error = {0};
    const char *text = "placement=postnorm init=unit mask=causal", *x = "layers=1:5:5", *y = "input-correlation=0:1:4";
    int found[20] = {0};
    size_t done = 0;
    ck_assert_int_eq(predict(&whole, text, x, y, 2, &error), ERROR_NONE);
    for (int share = 0; share < 3; share++) {
        ck_assert_int_eq(predict_share(&part, text, x, y, share, 3, 2, &error), ERROR_NONE);
        done += part.done;
        for (size_t i = 0; i < 20; i++) {
            const double *values = part.points[i].values;
            if (isnan(values[0]))
                continue;
            ck_assert(memcmp(values, whole.points[i].values, MAP_VALUES * sizeof *values) == 0);
            found[i]++;
        }
        map_free(&part);
    }
    ck_assert_uint_eq(done, 20);
    for (size_t i = 0; i < 20; i++)
        ck_assert_int_eq(found[i], 1);
    map_free(&whole);
}
END_TEST

/* Invalid models are errors before anything is predicted; predictions beyond double leave their points empty. */
START_TEST(points_without_a_prediction)
{
    struct map map;
    struct error error = {0};
    ck_assert_int_eq(predict(&map, "init=unit", "layers=1:3", "heads=1:3", 1, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, "layers = 1, heads = 2: ") == error.text, "%s", error.text);
    ck_assert(strstr(error.text, "do not divide") != NULL);
    map_free(&map);
    const char *grouped = "placement=x=wo(norm(wq(x,12),groups=6-l)) init=unit";
    ck_assert_int_eq(predict(&map, grouped, "layers=1:3", "input-scale=1:2:2", 1, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, "layers = 1, input-scale = 1: ") == error.text, "%s", error.text);
    ck_assert(strstr(error.text, "5 groups do not divide width 12 in block 1") != NULL);
    map_free(&map);
    /* Without a norm and with second moments of 1e4, ten gated FFNs square the signal out of double. */
    ck_assert_int_eq(predict(&map, "placement=x=ffn(x) activation=swiglu init=unit", "layers=1:12:2",
                             "input-scale=1:100:2", 1, &error),
                     ERROR_NONE);
    ck_assert_int_eq((int)map.beyond, 1);
    ck_assert(strstr(map.first_beyond.text, "layers = 12, input-scale = 100: the signal leaves the range of double"));
    ck_assert(isnan(map.points[3].values[0]) && isfinite(map.points[2].values[0]));
    map_free(&map);
}
END_TEST

static int count_model(void *context, int x, int y, struct model *model, struct error *error)
{
    struct grid *grid = context;
    grid->made++;
    return make_model(grid, x, y, model, error);
}

/* A signal is heeded while the models are checked too, which of a large grid takes long. */
START_TEST(a_stop_ends_the_check)
{
    struct map map = {.x = parsed("layers=1:20:20"), .y = parsed("input-correlation=0:1:3")};
    struct grid grid = {"placement=postnorm init=unit", &map, 0};
    struct error error = {0};
    volatile sig_atomic_t stop = 1;
    struct map_plan plan = {
        .model = count_model, .context = &grid, .moments = moments_defaults(), .threads = 1, .shares = 1};
    plan.moments.stop = &stop;
    ck_assert_int_eq(map_predict(&map, &plan, &error), ERROR_INTERRUPTED);
    ck_assert_str_eq(error.text, "interrupted");
    ck_assert_int_le(grid.made, 1);
    ck_assert_uint_eq(map.done, 0);
    for (int i = 0; i < 60; i++)
        ck_assert(isnan(map.points[i].values[0]));
    map_free(&map);
}
END_TEST

Suite *map_suite(void)
{
    Suite *suite = suite_create("map");
    TCase *fast = tcase_create("fast");
    tcase_set_timeout(fast, 60);
    tcase_add_test(fast, axes_go_from_end_to_end);
    tcase_add_test(fast, whole_axes);
    tcase_add_test(fast, axes_that_are_none);
    tcase_add_test(fast, points_are_predictions);
    tcase_add_loop_test(fast, threads_change_nothing, 0, 2);
    tcase_add_test(fast, shares_are_the_whole);
    tcase_add_test(fast, points_without_a_prediction);
    tcase_add_test(fast, a_stop_ends_the_check);
    suite_add_tcase(suite, fast);
    return suite;
}
