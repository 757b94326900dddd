#include "analysis/entries.h"

#include <math.h>
#include <stdlib.h>

#include <check.h>

#include "sim/setting.h"
#include "sim/source.h"

static struct model model;
static struct entries entries;

static void look(const char *scene, const struct entries_wish *wish)
{
    struct error error;
    model_defaults(&model);
    ck_assert_msg(setting_apply_all(&model, scene, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(model_check(&model, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(entries_init(&entries, &model, wish, &error) == ERROR_NONE, "%s", error.text);
}

static void end(void)
{
    entries_free(&entries);
    model_free(&model);
}

static struct entries_wish wish_of(int head, int blocks)
{
    return (struct entries_wish){.seed = 7, .sample = 3, .head = head, .blocks = blocks, .memory = (size_t)1 << 30};
}

#define SCENE "placement=prenorm init=unit layers=6 width=36 heads=3 tokens=5 input-scale=1.37 mask=causal"

static struct wide *sample_values(struct stack *stack)
{
    struct stack_workspace workspace;
    struct error error;
    ck_assert_int_eq(stack_init(stack, &model, NULL, false, (size_t)1 << 30, &error), ERROR_NONE);
    ck_assert_int_eq(stack_workspace_init(&workspace, stack, &error), ERROR_NONE);
    struct wide *values = calloc((size_t)(model.layers + 1) * (size_t)stack->depth.schema.column_count, sizeof *values);
    ck_assert_int_eq(stack_sample(stack, &workspace, 7, 3, NULL, values, &error), ERROR_NONE);
    stack_workspace_free(&workspace);
    return values;
}

/* rms^2 is the observable of the same sample, summed in another order: 180 terms, each rounded by 1e-16 of the sum. */
START_TEST(sizes_are_the_observables)
{
    struct entries_wish wish = wish_of(1, 0);
    struct stack stack;
    look(SCENE, &wish);
    struct wide *values = sample_values(&stack);
    const struct observe_schema *schema = &stack.depth.schema;
    for (int l = 0; l <= 6; l++) {
        const struct wide *row = values + l * schema->column_count;
        double q = wide_value(row[schema->layer_column[OBSERVE_ACTIVATION_VARIANCE]]);
        double g = wide_value(row[schema->layer_column[OBSERVE_GRADIENT_VARIANCE]]);
        double own = wide_value(entries.activations[l].rms), gradient = wide_value(entries.gradients[l].rms);
        ck_assert(isfinite(own) && fabs(own * own - q) <= 1e-12 * q);
        ck_assert(isfinite(gradient) && fabs(gradient * gradient - g) <= 1e-12 * g);
    }
    ck_assert_int_eq(entries.map_count, 0);
    free(values);
    stack_free(&stack);
    end();
}
END_TEST

/* Every entry is counted once, in the bin that its value in units of the root mean square says. */
START_TEST(bins_hold_the_entries)
{
    struct entries_wish wish = wish_of(1, 0);
    double x[5 * 36], square = 0;
    look(SCENE, &wish);
    source_input(7, 3, 0, 5, 36, model.input_correlation, model.input_scale, x);
    for (int i = 0; i < 5 * 36; i++)
        square += x[i] * x[i] / (5 * 36);
    for (int b = 0; b < ENTRIES_BINS; b++) {
        int64_t count = 0;
        for (int i = 0; i < 5 * 36; i++)
            count += floor((x[i] / sqrt(square) + 4) / 0.2) == b;
        ck_assert_int_eq(entries.activations[0].bins[b], count);
    }
    for (int l = 0; l <= 6; l++) {
        const struct entries_histogram *g = &entries.gradients[l];
        int64_t all = g->below + g->above;
        for (int b = 0; b < ENTRIES_BINS; b++)
            all += g->bins[b];
        ck_assert_int_eq(all, 5 * 36);
        ck_assert(g->least < 0 && g->most > 0);
    }
    end();
}
END_TEST

/* Rows are distributions over the tokens that the mask shows; the mean entropy over all heads is the observable. */
START_TEST(maps_are_the_attentions)
{
    double entropy[6] = {0};
    struct stack stack;
    for (int head = 1; head <= 3; head++) {
        struct entries_wish wish = wish_of(head, 6);
        look(SCENE, &wish);
        ck_assert_int_eq(entries.map_count, 6);
        for (int b = 0; b < 6; b++) {
            const struct entries_map *map = &entries.maps[b];
            ck_assert_int_eq(map->block, b + 1);
            ck_assert_str_eq(map->site, "attn");
            for (int i = 0; i < 5; i++) {
                double sum = 0;
                for (int k = 0; k < 5; k++) {
                    double a = map->a[i * 5 + k];
                    sum += a;
                    entropy[b] -= a > 0 ? a * log(a) / 15 : 0;
                    ck_assert(k <= i || a == 0);
                }
                ck_assert_double_eq_tol(sum, 1, 1e-12);
            }
        }
        if (head < 3)
            end();
    }
    struct wide *values = sample_values(&stack);
    for (int b = 0; b < 6; b++)
        ck_assert_double_eq_tol(entropy[b],
                                wide_value(values[(b + 1) * stack.depth.schema.column_count +
                                                  stack.depth.schema.layer_column[OBSERVE_ATTENTION_ENTROPY]]),
                                1e-12);
    free(values);
    stack_free(&stack);
    end();
}
END_TEST

/* Without queries a head's logits are its bias by distance alone, -2^(-8 h/H) |i - j|: the map is that of the head. */
START_TEST(maps_are_of_the_head_asked_for)
{
    for (int head = 1; head <= 3; head++) {
        struct entries_wish wish = wish_of(head, 1);
        look(SCENE " bias=alibi init='w = 1/sqrt(n); wq = 0'", &wish);
        ck_assert_int_eq(entries.map_count, 1);
        for (int i = 1; i < 5; i++) {
            const double *row = entries.maps[0].a + i * 5;
            ck_assert_double_eq_tol(log(row[i] / row[i - 1]), pow(2, -8.0 * head / 3), 1e-13); // of a few roundings
        }
        end();
    }
}
END_TEST

START_TEST(blocks_are_spread_evenly)
{
    static const int expected[] = {1, 3, 4, 6};
    struct entries_wish wish = wish_of(2, 4);
    look(SCENE, &wish);
    ck_assert_int_eq(entries.map_count, 4);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(entries.maps[i].block, expected[i]);
    end();
}
END_TEST

START_TEST(a_head_too_many)
{
    struct entries_wish wish = wish_of(4, 2);
    struct error error;
    model_defaults(&model);
    ck_assert_int_eq(setting_apply_all(&model, SCENE, &error), ERROR_NONE);
    ck_assert_int_eq(model_check(&model, &error), ERROR_NONE);
    ck_assert_int_eq(entries_init(&entries, &model, &wish, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "--head: 4, but the attention of block 1 has 3 heads");
    model_free(&model);
}
END_TEST

/* Gradients far below the least double keep their shape. */
START_TEST(gradients_beyond_double)
{
    struct entries_wish wish = wish_of(1, 1);
    look("placement='x = norm(0.01*attn(x))' init=unit layers=200 width=12 heads=1 tokens=3 input-correlation=0.9",
         &wish);
    ck_assert(isfinite(wide_log10(entries.gradients[0].rms)));
    ck_assert(entries.gradients[0].most > 0.5 && entries.gradients[0].most < 7);
    end();
}
END_TEST

Suite *entries_suite(void)
{
    Suite *suite = suite_create("entries");
    TCase *tcase = tcase_create("entries");
    tcase_add_test(tcase, sizes_are_the_observables);
    tcase_add_test(tcase, bins_hold_the_entries);
    tcase_add_test(tcase, maps_are_the_attentions);
    tcase_add_test(tcase, maps_are_of_the_head_asked_for);
    tcase_add_test(tcase, blocks_are_spread_evenly);
    tcase_add_test(tcase, a_head_too_many);
    tcase_add_test(tcase, gradients_beyond_double);
    suite_add_tcase(suite, tcase);
    return suite;
}
