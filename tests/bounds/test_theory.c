#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/bounds/theory.h"
#include "sim/activation.h"
#include "sim/attention.h"
#include "sim/init.h"
#include "sim/observe.h"
#include "sim/placement.h"
#include <check.h>
#include "tests/support.h"

enum { DEPTH = 11 };

static struct graph_scope scope_at(int l)
{
    return (struct graph_scope){.L = DEPTH, .l = l, .d = 36, .T = 5, .F = 19, .H = 3, .E = 7, .k = 2, .c = 1.37};
}

static double value(const struct theory_line *line, int l)
{
    struct error error = {0};
    struct graph_scope scope = scope_at(l);
    double result = NAN;
    int code = theory_evaluate(line, &scope, &result, &error);
    ck_assert_msg(code == ERROR_NONE && isfinite(result), "%s: %s", line->id, error.text);
    return result;
}

/* A row that names what no table has is never drawn and never missed. */
START_TEST(rows_name_what_exists)
{
    for (size_t i = 0; i < theory_count; i++) {
        const struct theory_line *line = &theory_lines[i];
        bool init = false, observable = false;
        for (size_t j = 0; j < init_count; j++)
            init |= strcmp(init_rows[j].name, line->init) == 0;
        for (int j = 0; j < OBSERVABLES; j++)
            observable |= strcmp(observables[j].name, line->observable) == 0;
        ck_assert_msg(init && observable && placement_find(line->placement), "%s", line->id);
        ck_assert_ptr_eq(theory_find(line->id), line); // no id twice
    }
    ck_assert_ptr_null(theory_find("pre-variance"));
}
END_TEST

static bool same_subject(const struct theory_line *a, const struct theory_line *b)
{
    return strcmp(a->placement, b->placement) == 0 && strcmp(a->init, b->init) == 0 &&
           strcmp(a->observable, b->observable) == 0;
}

START_TEST(floors_lie_below_ceilings)
{
    int pairs = 0;
    for (size_t i = 0; i < theory_count; i++) {
        for (size_t j = 0; j < theory_count; j++) {
            const struct theory_line *low = &theory_lines[i], *high = &theory_lines[j];
            if (low->role != THEORY_FLOOR || high->role == THEORY_FLOOR || !same_subject(low, high))
                continue;
            for (int l = 0; l <= DEPTH; l++)
                ck_assert_msg(value(low, l) <= value(high, l), "%s above %s at %d", low->id, high->id, l);
            pairs++;
        }
    }
    ck_assert_int_ge(pairs, 2);
}
END_TEST

/* The whole gradient starts from the cotangent at layer L, the variance from the input at layer 0: every line of them
 * is 1 there. Cosines are of two layers and start nowhere. */
START_TEST(lines_start_at_one)
{
    for (size_t i = 0; i < theory_count; i++) {
        if (strstr(theory_lines[i].observable, "cosine"))
            continue;
        bool gradient = strncmp(theory_lines[i].observable, "gradient", 8) == 0;
        ck_assert_msg(value(&theory_lines[i], gradient ? DEPTH : 0) == 1, "%s", theory_lines[i].id);
    }
}
END_TEST

/* theory.md, section 4, worked out for L = 11, l = 4, c = 1.37: relative branch size c^2/L = 0.170627. */
START_TEST(values_by_hand)
{
    static const struct {
        const char *id;
        double value;
    } rows[] = {
        {"pre-variance-floor", 5},
        {"pre-variance-ceiling", 9},
        {"pre-variance-scaled-floor", 1.6825090909090909},
        {"pre-variance-scaled-ceiling", 2.3650181818181818},
        {"post-gradient-floor", 0.11018921004786979},
        {"span-gradient-floor", 0.3319476013588135},
        {"span-gradient-floor-unit", 1.0 / 128},
        {"post-half-life", 1.0 / 128},
        {"span-half-life", 0.13348388671875},
        {"span-variance", 1},
        {"pre-collapse-limit", 0.875},
        {"span-cosine", 0.70710678118654752},
        {"span-cosine-scaled", 0.92425260022003985},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_double_eq_tol(value(theory_find(rows[i].id), 4), rows[i].value, 1e-10);
}
END_TEST

START_TEST(a_wrong_row_is_an_error)
{
    struct theory_line line = {.id = "wrong", .expression = "1/(l - 4)"};
    struct graph_scope scope = scope_at(4);
    struct error error = {0};
    double result = 0;
    ck_assert_int_eq(theory_evaluate(&line, &scope, &result, &error), ERROR_INPUT);
    line.expression = "1 + q";
    ck_assert_int_eq(theory_evaluate(&line, &scope, &result, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "wrong"));
}
END_TEST

/* Each line holds of the model that its own words make, and of no other in any one of them. */
START_TEST(lines_hold_where_their_words_do)
{
    static const struct {
        const char *id, *settings;
        bool holds;
    } rows[] = {
        {"pre-variance-floor", "placement=prenorm init=unit mask=causal activation=gelu cotangent=last", true},
        {"pre-variance-floor", "placement='y = x + attn(norm(x)); x = y + ffn(norm(y))' init=unit", true},
        {"pre-variance-floor", "placement=prenorm init=scaleinit", false},
        {"pre-variance-floor", "placement=prenorm init=unit input-scale=2", false},
        {"span-gradient-floor", "placement=spannorm init=scaleinit:3", true},
        {"span-gradient-floor", "placement=spannorm init=scaleinit cotangent=pooled", false},
        {"span-half-life", "placement=spannorm init=unit input-correlation=0.9", true},
        {"span-half-life", "placement=spannorm init=unit input-correlation=0.5", false},
        {"span-half-life", "placement=spannorm init=unit input-correlation=1 activation=gelu", false},
        {"span-half-life", "placement=spannorm init=unit input-correlation=1 mask=causal", false},
        {"span-half-life", "placement=postnorm init=unit input-correlation=1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct model model;
        struct error error = {0};
        bool holds = !rows[i].holds;
        support_model(&model, rows[i].settings);
        ck_assert_msg(theory_holds(theory_find(rows[i].id), &model, &holds, &error) == ERROR_NONE, "%s", error.text);
        ck_assert_msg(holds == rows[i].holds, "%s of %s", rows[i].id, rows[i].settings);
        model_free(&model);
    }
}
END_TEST

/* Every line can be asked: its words are known to the language of hypotheses. */
START_TEST(assumptions_can_be_read)
{
    struct model model;
    support_model(&model, "placement=prenorm init=unit");
    for (size_t i = 0; i < theory_count; i++) {
        struct error error = {0};
        bool holds;
        ck_assert_msg(theory_holds(&theory_lines[i], &model, &holds, &error) == ERROR_NONE, "%s", error.text);
    }
    model_free(&model);
}
END_TEST

Suite *theory_suite(void)
{
    Suite *suite = suite_create("theory");
    TCase *tests = tcase_create("theory");
    tcase_add_test(tests, rows_name_what_exists);
    tcase_add_test(tests, floors_lie_below_ceilings);
    tcase_add_test(tests, lines_start_at_one);
    tcase_add_test(tests, values_by_hand);
    tcase_add_test(tests, a_wrong_row_is_an_error);
    tcase_add_test(tests, lines_hold_where_their_words_do);
    tcase_add_test(tests, assumptions_can_be_read);
    suite_add_tcase(suite, tests);
    return suite;
}
