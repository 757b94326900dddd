#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "sim/placement.h"
#include "sim/setting.h"
#include "sim/team.h"
#include "tests/rows.h"
#include "tests/support.h"
#include <check.h>

static struct model model;
static struct error error;

static void setup(void)
{
    model_defaults(&model);
    error = (struct error){0};
}

static void teardown(void)
{
    model_free(&model);
}

START_TEST(defaults_are_valid)
{
    ck_assert_int_eq(model_check(&model, &error), ERROR_NONE);
    ck_assert_int_eq(model.ffn_width, 4 * model.width);
    ck_assert_double_eq_tol(model.phi2, 0.5, 1e-12); // of relu
    model.ffn_width = 37;
    model.activation = activation_find("swiglu");
    ck_assert_int_eq(model_check(&model, &error), ERROR_NONE);
    ck_assert_int_eq(model.ffn_width, 37);
    ck_assert_double_eq_tol(model.phi2, 0.355775, 1e-6); // E silu(z)^2, by quadrature elsewhere
}
END_TEST

START_TEST(limits_are_named)
{
    static const struct {
        size_t offset;
        int value;
        const char *words;
    } rows[] = {
        {offsetof(struct model, layers), 0, "layers: 0 is not between 1 and 100000"},
        {offsetof(struct model, layers), 100001, "layers: 100001 is not between"},
        {offsetof(struct model, layers), INT_MIN, "layers: -2147483648 is not between"},
        {offsetof(struct model, width), INT_MAX, "width: 2147483647 is not between"},
        {offsetof(struct model, width), -4, "width: -4 is not between"},
        {offsetof(struct model, tokens), 0, "tokens: 0 is not between"},
        {offsetof(struct model, tokens), INT_MAX, "tokens: 2147483647 is not between"},
        {offsetof(struct model, heads), 0, "heads: 0 is not between"},
        {offsetof(struct model, heads), 3, "3 heads do not divide width 256"},
        {offsetof(struct model, heads), 512, "512 heads do not divide width 256"},
        {offsetof(struct model, ffn_width), -1, "ffn-width: -1 is not between"},
        {offsetof(struct model, ffn_width), INT_MAX, "ffn-width: 2147483647 is not between"},
        {offsetof(struct model, experts), 5000, "experts: 5000 is not between"},
        {offsetof(struct model, top_k), 9, "cannot choose 9 of 8 experts"},
        {offsetof(struct model, top_k), 0, "top-k: 0 is not between"},
    };
    ck_assert_int_eq(setting_apply(&model, "placement", "x = attn(x)", &error), ERROR_NONE);
    ck_assert_int_eq(setting_apply(&model, "init", "unit", &error), ERROR_NONE);
    *(int *)((char *)&model + rows[_i].offset) = rows[_i].value;
    ck_assert_int_eq(model_check(&model, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, rows[_i].words) != NULL, "%s", error.text);
}
END_TEST
enum { LIMITS = 15 };

/* 4 heads do not divide a width of 7, which is all the same where no head is as wide as that. */
START_TEST(heads_matter_where_they_divide)
{
    static const struct {
        const char *formula;
        int code;
    } rows[] = {{"x = ffn(x)", ERROR_NONE},
                {"x = attn(x)", ERROR_INPUT},
                {"x = ffn(x)/head_width", ERROR_INPUT},
                {"x = ffn(x)/H", ERROR_NONE},
                {"x = attn(x, head_width=2)", ERROR_NONE},
                {"x = wo(attend(wq(x, 8), wk(x, 8), wv(x, 8)))", ERROR_NONE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_int_eq(setting_apply(&model, "placement", rows[i].formula, &error), ERROR_NONE);
        ck_assert_int_eq(setting_apply(&model, "init", "unit", &error), ERROR_NONE);
        model.width = 7;
        ck_assert_int_eq(model_check(&model, &error), rows[i].code);
    }
}
END_TEST

START_TEST(the_largest_width_has_its_ffn)
{
    model.width = 1 << 22;
    ck_assert_int_eq(model_check(&model, &error), ERROR_NONE);
    ck_assert_int_eq(model.ffn_width, 1 << 24);
}
END_TEST

START_TEST(reals_are_in_range)
{
    static const double correlations[] = {-0.01, 1.01, NAN, INFINITY}, scales[] = {0, -1, NAN, INFINITY};
    for (int i = 0; i < 4; i++) {
        model.input_correlation = correlations[i];
        ck_assert_int_eq(model_check(&model, &error), ERROR_INPUT);
        ck_assert_ptr_nonnull(strstr(error.text, "input-correlation"));
        model.input_correlation = 1;
        model.input_scale = scales[i];
        ck_assert_int_eq(model_check(&model, &error), ERROR_INPUT);
        ck_assert_ptr_nonnull(strstr(error.text, "input-scale"));
        model.input_scale = 1;
    }
    ck_assert_int_eq(model_check(&model, &error), ERROR_NONE);
}
END_TEST

/* Every scalar name of the language, all values different, so that none stands for another. */
START_TEST(scope_holds_the_model)
{
    ck_assert_int_eq(setting_apply_all(&model,
                                       "layers=11 width=36 tokens=5 ffn-width=19 heads=3 experts=7 top-k=2 "
                                       "init=scaleinit:1.37 activation=gelu",
                                       &error),
                     ERROR_NONE);
    ck_assert_int_eq(model_check(&model, &error), ERROR_NONE);
    struct graph_scope scope = model_scope(&model, 4);
    const struct {
        const char *name;
        double value;
    } rows[] = {{"L", 11},
                {"l", 4},
                {"d", 36},
                {"T", 5},
                {"F", 19},
                {"H", 3},
                {"E", 7},
                {"k", 2},
                {"c", 1.37},
                {"phi2", model.phi2},
                {"s", model.init.s},
                {"n", 0},
                {"m", 0},
                {"heads", 3},
                {"kv_heads", 3},
                {"head_width", 12}};
    ck_assert_int_eq((int)(sizeof rows / sizeof *rows), graph_variable_count);
    for (int i = 0; i < graph_variable_count; i++) {
        int v = 0;
        while (strcmp(graph_variables[v].name, rows[i].name) != 0)
            ck_assert_int_lt(++v, graph_variable_count);
        ck_assert_double_eq(*(double *)((char *)&scope + graph_variables[v].offset), rows[i].value);
    }
}
END_TEST

static bool share(struct team *team, uint64_t i, int thread, void *context)
{
    struct model own;
    (void)team, (void)thread;
    model_share(context, &own);
    own.layers += (int)i;
    model_free(&own);
    return true;
}

/* Each may go first, take another formula, or set numbers; what is theirs together stays until the last is gone, and is
 * read by several threads at once. Sanitizers see the rest. */
START_TEST(models_share_a_formula)
{
    struct model first, second;
    char text[200];
    support_model(&first, "placement=prenorm init=gpt2:0.3 activation=swiglu");
    model_share(&first, &second);
    ck_assert_ptr_eq(second.formula.rules, first.formula.rules);
    ck_assert_ptr_eq(second.init.graph.nodes, first.init.graph.nodes);
    team_run(3, 100, share, &first);
    ck_assert_int_eq(setting_apply(&first, "placement", "x = norm(x)", &error), ERROR_NONE);
    model_free(&first);
    ck_assert_int_eq(setting_apply(&second, "layers", "7", &error), ERROR_NONE);
    ck_assert_int_eq(model_check(&second, &error), ERROR_NONE);
    formula_print(&second.formula, "; ", text, sizeof text);
    ck_assert_str_eq(text, placement_find("prenorm")->formula);
    ck_assert(second.layers == 7 && second.init.s == 0.3);
    model_free(&second);
    model_free(&second);
}
END_TEST

Suite *model_suite(void)
{
    Suite *suite = suite_create("model");
    TCase *tests = tcase_create("model");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, defaults_are_valid);
    tcase_add_loop_test(tests, limits_are_named, 0, LIMITS);
    tcase_add_test(tests, heads_matter_where_they_divide);
    tcase_add_test(tests, the_largest_width_has_its_ffn);
    tcase_add_test(tests, reals_are_in_range);
    tcase_add_test(tests, scope_holds_the_model);
    tcase_add_test(tests, models_share_a_formula);
    suite_add_tcase(suite, tests);
    return suite;
}
