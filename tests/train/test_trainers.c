/* Trainings in single precision against the same in double. */
#include "train/trainers.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support.h"
#include "train/score.h"

/* Smooth activations: where a kink is crossed, an entry's gradient jumps. */
static const char *const models[] = {
    "placement=prenorm activation=silu mask=causal",
    "placement=spannorm activation=gelu init=scaleinit layers=3 mask=causal width=36 heads=2 ffn-width=41",
    "placement=postnorm activation=swiglu norm=layernorm law=uniform mask=causal",
    "placement='first:x=x;block:y=moe(x)+x;x=y+attn(norm(y));final:x=norm(x)+ffn(x)' activation=gelu mask=causal",
    "placement='state x, u; a = attn(x); y = norm(x + a); f = ffn(y); x = norm(y + f); u = u + a + f; "
    "final: x = x + norm(u)' activation=silu mask=causal kv-heads=1 rope=50",
    "placement='shared wq; x = norm(x + wo(attend(wq(x), wq(x), wv(x)))); x = norm(x + ffn(x))' activation=silu "
    "layers=3 mask=causal width=48 heads=3 tokens=33 law=orthogonal",
};
enum { MODELS = sizeof models / sizeof *models };

/* One training in one precision. */
struct run {
    struct model model;
    struct task task;
    struct training training;
    const struct trainers *trainers;
    struct trainer trainer;
};

static void run_init(struct run *run, const char *text, bool single, const char *optimiser)
{
    struct error error = {0};
    support_model(&run->model, text);
    run->model.single = single;
    ck_assert_int_eq(task_init(&run->task, "icl:4:0.1", &error), ERROR_NONE);
    run->training = training_defaults();
    run->training.task = &run->task;
    run->training.batch = 3;
    run->training.steps = 12;
    run->training.optimiser = optimiser_find(optimiser);
    run->trainers = trainers_of(&run->model);
}

static void run_start(struct run *run)
{
    struct error error = {0};
    ck_assert_msg(training_check(&run->training, &run->model, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(run->trainers->init(&run->trainer, &run->model, &run->training, 1 << 30, &error) == ERROR_NONE, "%s",
                  error.text);
}

static void run_end(struct run *run)
{
    while (trainer_goes_on(&run->trainer))
        run->trainers->step(&run->trainer);
}

static void run_free(struct run *run)
{
    trainer_free(&run->trainer);
    task_free(&run->task);
    model_free(&run->model);
}

/* Entry i of what a trainer in single precision holds. */
static double single_of(const double *array, size_t i)
{
    return ((const float *)(const void *)array)[i];
}

/* Rounding errors of u = 6e-8 are independent from one operation to the next, of which some 30 follow each other in a
 * block and its reverse: three blocks come to u sqrt(90), and matrices differ in condition; 2^10 u = 6e-5 is allowed.
 * A function of the other precision's table, a scale or a stride lost err by 1. */
#define CLOSE (1024 * (double)FLT_EPSILON / 2)

/* Normal weights are rounded; other laws are worked out in either precision. Rounding turns the columns of an orthogonal
 * matrix by u times the condition of the normals that it is made of; of n x n of them that exceeds n t with probability 2/t
 * (Edelman, SIAM J. Matrix Anal. Appl. 9, 1988), so that CLOSE fails one of width 48 in ten: none of these seeds. */
static void check_weight(const struct held_matrix *matrix, double twice, double once)
{
    if (!matrix->map.law)
        ck_assert(once == (double)(float)twice);
    else
        ck_assert_double_le(fabs(once - twice), CLOSE * matrix->map.sigma);
}

static void check_matrix(const struct held_matrix *a, const struct held_matrix *b, const struct held *twice,
                         const struct held *once, const char *text)
{
    double error = 0, size = 0;
    for (size_t i = 0; i < a->entries; i++) {
        double weight = twice->weights[a->first + i], gradient = twice->gradients[a->first + i];
        double difference = single_of(once->gradients, b->first + i) - gradient;
        check_weight(a, weight, single_of(once->weights, b->first + i));
        error += difference * difference;
        size += gradient * gradient;
    }
    ck_assert_msg(error <= CLOSE * CLOSE * size, "%s: block %u site %u matrix %u: gradient %g apart", text,
                  a->map.address.block, a->map.address.site, a->map.address.matrix, sqrt(error / size));
}

/* Before any update: the same weights, rounded, and loss and gradients within what that does to them. */
START_TEST(training_begins_as_in_double)
{
    struct run twice, once;
    run_init(&twice, models[_i], false, "sgd");
    run_init(&once, models[_i], true, "sgd");
    twice.training.rate = once.training.rate = 0;
    twice.training.steps = once.training.steps = 1;
    run_start(&twice), run_start(&once);
    run_end(&twice), run_end(&once);
    const struct held *a = &twice.trainer.network.held, *b = &once.trainer.network.held;
    const struct trainer_record *x = &twice.trainer.record, *y = &once.trainer.record;
    ck_assert_int_eq(a->count, b->count);
    for (int i = 0; i < a->count; i++)
        check_matrix(&a->matrices[i], &b->matrices[i], a, b, models[_i]);
    ck_assert_double_eq(x->bayes[0], y->bayes[0]);
    ck_assert_double_le(fabs(x->loss[0] - y->loss[0]), CLOSE * x->loss[0]);
    ck_assert_double_ne(x->loss[0], y->loss[0]); // it is another precision
    ck_assert_double_le(fabs(x->gradient_norm[0] - y->gradient_norm[0]), CLOSE * x->gradient_norm[0]);
    ck_assert_double_le(fabs(x->spread[0] - y->spread[0]), CLOSE * x->spread[0]);
    run_free(&twice);
    run_free(&once);
}
END_TEST

/* Trajectories part as rounding errors grow, and what is learned does not: over 16 seeds of this run the two scores lie
 * 3.5e-4 (standard deviation) apart, at most 6.5e-4; eight deviations are allowed. Seeds differ by 0.04. */
START_TEST(training_ends_where_that_of_double_does)
{
    struct run runs[2];
    double scores[2];
    for (int single = 0; single < 2; single++) {
        struct run *run = &runs[single];
        run_init(run, "placement=spannorm layers=2 width=16 heads=2 tokens=16 ffn-width=64 mask=causal", single,
                 "adam");
        run->training.batch = 8;
        run->training.steps = 300;
        run->training.rate = 3e-3;
        run_start(run);
        run_end(run);
        scores[single] = score_of(300, 4, run->trainer.record.loss, run->trainer.record.bayes);
        run_free(run);
    }
    ck_assert_double_lt(scores[0], 0.5);
    ck_assert_double_le(fabs(scores[0] - scores[1]), 8 * 3.5e-4);
}
END_TEST

static void check_same(const struct trainer *a, const struct trainer *b)
{
    size_t bytes = (size_t)a->record.done * sizeof(double), entries = a->network.held.entries;
    ck_assert_int_eq(a->record.done, b->record.done);
    ck_assert_int_eq(memcmp(a->network.held.weights, b->network.held.weights, entries * sizeof(float)), 0);
    ck_assert_int_eq(memcmp(a->record.loss, b->record.loss, bytes), 0);
    ck_assert_int_eq(memcmp(a->record.spread, b->record.spread, bytes), 0);
    ck_assert_int_eq(memcmp(a->record.gradient_norm, b->record.gradient_norm, bytes), 0);
}

/* The state holds floats, half the bytes, and all of them. */
START_TEST(saved_run_goes_on_with_the_same_bits)
{
    struct run whole, first, second, twice;
    struct error error = {0};
    run_init(&whole, models[3], true, optimisers[_i].name);
    run_init(&first, models[3], true, optimisers[_i].name);
    run_init(&second, models[3], true, optimisers[_i].name);
    run_init(&twice, models[3], false, optimisers[_i].name);
    run_start(&whole), run_start(&first), run_start(&second), run_start(&twice);
    run_end(&whole);
    for (int i = 0; i < 5; i++)
        first.trainers->step(&first.trainer);
    FILE *file = tmpfile();
    ck_assert_int_eq(first.trainers->save(&first.trainer, file, &error), ERROR_NONE);
    long head = 3 * (long)sizeof(int64_t) + 4 * 5 * (long)sizeof(double);
    size_t arrays = 1 + (size_t)optimisers[_i].moments;
    ck_assert_int_eq(ftell(file) - head, (long)(arrays * first.trainer.network.held.entries * sizeof(float)));
    rewind(file);
    ck_assert_int_eq(second.trainers->restore(&second.trainer, file, &error), ERROR_NONE);
    run_end(&second);
    check_same(&whole.trainer, &second.trainer);
    rewind(file);
    ck_assert_int_eq(twice.trainers->restore(&twice.trainer, file, &error), ERROR_RESOURCE);
    fclose(file);
    run_free(&whole), run_free(&first), run_free(&second), run_free(&twice);
}
END_TEST

/* ---- range ---- */

static int64_t diverged_at(const char *text, bool single, double rate, double clip)
{
    struct run run;
    run_init(&run, text, single, "sgd");
    run.training.rate = rate;
    run.training.settings.clip = clip;
    run_start(&run);
    run_end(&run);
    int64_t step = run.trainer.record.diverged;
    run_free(&run);
    return step;
}

/* A stack whose output and gradients are 1e20 times larger than its input: finite in both precisions, but their squares
 * are floats only once they are clipped. */
START_TEST(divergence_is_an_outcome)
{
    static const char large[] = "placement='x=x+1e20*ffn(x)' layers=1 activation=relu mask=causal";
    ck_assert_int_ge(diverged_at(models[1], true, 1e60, 0), 1);
    ck_assert_int_eq(diverged_at(large, false, 0, 0), -1);
    ck_assert_int_eq(diverged_at(large, true, 0, 0), 0);
    ck_assert_int_eq(diverged_at(large, true, 0, 0.5), -1);
    static const char *const lost[] = {"placement='x=1e-300*x' layers=2 mask=causal", // losses are that of nothing
                                       "placement='x=norm(1e160*x)' layers=2 mask=causal"};
    for (int i = 0; i < 2; i++)
        ck_assert(diverged_at(lost[i], false, 0, 0) == 0 && diverged_at(lost[i], true, 0, 0) == 0);
}
END_TEST

extern const struct optimiser optimisers_single[];

enum { ENTRIES = 41, UPDATES = 50 };

/* The weights that UPDATES steps with gradients 1e-30, 10^-29.5, ... 1e-10 lead to from 0. */
static void adam_double(double epsilon, double w[ENTRIES])
{
    double g[ENTRIES], m[ENTRIES] = {0}, v[ENTRIES] = {0};
    struct optimiser_settings settings = optimiser_defaults();
    settings.epsilon = epsilon;
    for (int i = 0; i < ENTRIES; i++)
        g[i] = (double)(float)pow(10, -30 + 0.5 * i), w[i] = 0;
    for (int step = 1; step <= UPDATES; step++)
        optimiser_find("adam")->update(&settings, 1e-3, step, 1, ENTRIES, g, w, m, v);
}

static void adam_single(double epsilon, double w[ENTRIES])
{
    float g[ENTRIES], m[ENTRIES] = {0}, v[ENTRIES] = {0}, own[ENTRIES] = {0};
    struct optimiser_settings settings = optimiser_defaults();
    settings.epsilon = epsilon;
    for (int i = 0; i < ENTRIES; i++)
        g[i] = (float)pow(10, -30 + 0.5 * i);
    for (int step = 1; step <= UPDATES; step++)
        optimisers_single[optimiser_find("adam") - optimisers].update(&settings, 1e-3, step, 1, ENTRIES, (void *)g,
                                                                      (void *)own, (void *)m, (void *)v);
    for (int i = 0; i < ENTRIES; i++)
        w[i] = (double)own[i];
}

static double distance_of_steps(double epsilon)
{
    double twice[ENTRIES], once[ENTRIES], largest = 0;
    adam_double(epsilon, twice);
    adam_single(epsilon, once);
    for (int i = 0; i < ENTRIES; i++)
        largest = isfinite(once[i]) ? fmax(largest, fabs(once[i] / twice[i] - 1)) : INFINITY;
    return largest;
}

/* Squares of 1e-23 are no floats. At the least epsilon that is taken, and above, no step notices: a step has some 8
 * roundings of u, those of the moments 1/(1 - beta) = 20 times over, and they do not add up to more than 200 u = 1.2e-5
 * even where all have one sign. Far below it they would decide the steps, or divide by 0. */
START_TEST(second_moments_may_underflow)
{
    struct run run;
    struct error error = {0};
    struct optimiser_settings settings = optimiser_defaults();
    double least = optimiser_epsilon_least(&settings);
    ck_assert_double_lt(least, 1e-11);
    ck_assert_double_lt(distance_of_steps(least), 100 * (double)FLT_EPSILON);
    ck_assert_double_lt(distance_of_steps(1e-8), 100 * (double)FLT_EPSILON);
    ck_assert_double_gt(distance_of_steps(1e-22), 0.01);
    ck_assert(isinf(distance_of_steps(0)));
    run_init(&run, models[0], true, "adam");
    run.training.settings.epsilon = least;
    ck_assert_int_eq(training_check(&run.training, &run.model, &error), ERROR_NONE);
    run.training.settings.epsilon = 0.9 * least;
    ck_assert_int_eq(training_check(&run.training, &run.model, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, "epsilon: ") && strstr(error.text, "4.1e-12"), "%s", error.text);
    run.model.single = 0;
    ck_assert_int_eq(training_check(&run.training, &run.model, &error), ERROR_NONE);
    run.model.single = 1;
    run.training.optimiser = optimiser_find("momentum"); // which has none
    ck_assert_int_eq(training_check(&run.training, &run.model, &error), ERROR_NONE);
    task_free(&run.task);
    model_free(&run.model);
}
END_TEST

/* A decay of 9.2e-8 a step takes one spacing of 1.2e-7 off 1.9. 1 - 9.2e-8 as a float is 1 - 1.2e-7, and takes two. */
START_TEST(weight_decay_is_not_rounded)
{
    struct optimiser_settings settings = optimiser_defaults();
    float w[16], zero[16] = {0}, m[16] = {0}, v[16] = {0};
    for (int i = 0; i < 16; i++)
        w[i] = 1.9f;
    settings.weight_decay = 2.3e-5;
    optimisers_single[optimiser_find("adamw") - optimisers].update(&settings, 4e-3, 1, 1, 16, (void *)zero, (void *)w,
                                                                   (void *)m, (void *)v);
    for (int i = 0; i < 16; i++)
        ck_assert(w[i] == 1.9f - FLT_EPSILON);
}
END_TEST

/* ---- what is measured ---- */

static const struct estimate *cell_of(const struct run *run, int layer, const char *name)
{
    const struct trainer_record *record = &run->trainer.record;
    int column = observe_find(&record->schema, name);
    ck_assert_msg(column >= 0, "%s", name);
    return &record->profile[layer * record->schema.column_count + column];
}

static double mean_of(const struct run *run, int layer, const char *name)
{
    const struct estimate *cell = cell_of(run, layer, name);
    ck_assert_msg(cell->n > 0, "%s of layer %d", name, layer);
    return estimate_mean(cell).mantissa;
}

static const struct values first_step = {.value = (double[]){0}, .count = 1};

static void measure(struct run *run, const char *text, bool single, double rate)
{
    run_init(run, text, single, "sgd");
    run->training.measured = &first_step;
    run->training.steps = 1;
    run->training.rate = rate;
    run_start(run);
    run_end(run);
    ck_assert_int_eq(run->trainer.record.profiles, 1);
}

/* Every number of a profile, of which weights move by 2^-10 or so: what an update changes is known to u over that. */
START_TEST(profiles_are_those_of_double)
{
    struct run twice, once;
    measure(&twice, models[1], false, 0.1);
    measure(&once, models[1], true, 0.1);
    const struct observe_schema *schema = &twice.trainer.record.schema;
    for (int l = 0; l <= 3; l++)
        for (int c = 0; c < schema->column_count; c++) {
            const char *name = schema->columns[c].name;
            if (cell_of(&twice, l, name)->n == 0) {
                ck_assert_int_eq(cell_of(&once, l, name)->n, 0);
                continue;
            }
            double a = wide_value(estimate_mean(cell_of(&twice, l, name)));
            double b = wide_value(estimate_mean(cell_of(&once, l, name)));
            bool cosine = observables[schema->columns[c].observable].cosine,
                 moved = strstr(name, "update_over") || strstr(name, "activation_change");
            double allowed = (moved ? 1024 : 1) * CLOSE * (cosine ? 1 : fabs(a));
            ck_assert_msg(fabs(a - b) <= allowed, "%s of layer %d is %.9g, in single precision %.9g", name, l, a, b);
        }
    run_free(&twice);
    run_free(&once);
}
END_TEST

/* A bias of the keys moves all logits of a row alike, so that its gradient is 0, of any loss; nothing moves at a rate of
 * 1e-12, and equal tokens have no cosine but 1. */
START_TEST(what_is_not_resolved_is_no_number)
{
    static const char text[] = "placement='x=norm(x+wo(attend(wq(x)+wbq(ones(x)),wk(x)+wbk(ones(x)),wv(x))))' tokens=6 "
                               "layers=2 init='w=1/sqrt(n);wbq=.5;wbk=.5' mask=causal";
    struct run twice, once;
    measure(&twice, text, false, 1e-12);
    measure(&once, text, true, 1e-12);
    static const char *const lost[] = {"weight_gradient_variance.wbk", "training_weight_gradient_variance.wbk",
                                       "activation_change"};
    static const char *const known[] = {"weight_gradient_variance.wbq", "training_weight_gradient_variance.wbq",
                                        "weight_gradient_variance.wk", "training_weight_gradient_variance.wk"};
    for (size_t i = 0; i < sizeof lost / sizeof *lost; i++)
        ck_assert_msg(isnan(mean_of(&once, 2, lost[i])), "%s is %g", lost[i], mean_of(&once, 2, lost[i]));
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        ck_assert_msg(mean_of(&once, 2, known[i]) > 0, "%s is %g", known[i], mean_of(&once, 2, known[i]));
    ck_assert_double_gt(mean_of(&twice, 2, "activation_change"), 0);
    run_free(&twice);
    run_free(&once);
}
END_TEST

static double spread_of(const char *text, bool single)
{
    struct run run;
    run_init(&run, text, single, "sgd");
    run.training.steps = 1;
    run_start(&run);
    run_end(&run);
    double spread = run.trainer.record.spread[0];
    run_free(&run);
    return spread;
}

/* Tokens fall together with depth. Errors of a few u in every entry, independent from token to token, add their square:
 * 1e-13 or so, and twice its product with the tokens' own distance, 1e-3 of 1e-8. Below 1e-12 it is 0. */
START_TEST(spread_is_known_to_a_trillionth)
{
    static const char near[] = "placement='x=norm(0.5*x+attn(x))' layers=28 width=32 heads=2 tokens=32 mask=causal";
    static const char nearer[] = "placement='x=norm(0.5*x+attn(x))' layers=60 width=32 heads=2 tokens=32 mask=causal";
    double expected = spread_of(near, false), found = spread_of(near, true);
    ck_assert(expected > 1e-10 && expected < 1e-6);
    ck_assert_double_le(fabs(found / expected - 1), 0.02);
    ck_assert_double_lt(spread_of(nearer, false), 1e-15);
    ck_assert_double_gt(spread_of(nearer, false), 0);
    ck_assert_double_eq(spread_of(nearer, true), 0);
}
END_TEST

Suite *trainers_suite(void)
{
    Suite *suite = suite_create("trainers");
    TCase *tests = tcase_create("precisions");
    tcase_add_loop_test(tests, training_begins_as_in_double, 0, MODELS);
    tcase_add_test(tests, training_ends_where_that_of_double_does);
    tcase_add_loop_test(tests, saved_run_goes_on_with_the_same_bits, 0, (int)optimiser_count);
    tcase_add_test(tests, divergence_is_an_outcome);
    tcase_add_test(tests, second_moments_may_underflow);
    tcase_add_test(tests, weight_decay_is_not_rounded);
    tcase_add_test(tests, profiles_are_those_of_double);
    tcase_add_test(tests, what_is_not_resolved_is_no_number);
    tcase_add_test(tests, spread_is_known_to_a_trillionth);
    suite_add_tcase(suite, tests);
    return suite;
}
