#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/folder.h"
#include "tests/support.h"
#include "train/task.h"

enum { T = 11, SEED = 7 };

static struct task task;
static int x[64], y[64];

static void start(const char *text)
{
    struct error error = {0};
    ck_assert_msg(task_init(&task, text, &error) == ERROR_NONE, "%s", error.text);
}

/* Every sequence is one stretch of tokens: what follows x[t] is x[t + 1]. */
START_TEST(successors_follow)
{
    static const char *const texts[] = {"icl:5:0.1", "copy:6", "markov:4:0.3"};
    start(texts[_i]);
    for (uint32_t b = 0; b < 50; b++) {
        double bayes;
        int counted = task_draw(&task, SEED, 3, b, T, x, y, &bayes), seen = 0;
        ck_assert(isfinite(bayes) && bayes >= 0);
        for (int t = 0; t < T; t++) {
            ck_assert(x[t] >= 0 && x[t] < task.vocabulary);
            seen += y[t] != TASK_IGNORED;
            if (t + 1 < T && y[t] != TASK_IGNORED)
                ck_assert_int_eq(y[t], x[t + 1]);
        }
        ck_assert_int_eq(counted, seen);
    }
    task_free(&task);
}
END_TEST

START_TEST(sequences_are_functions_of_their_address)
{
    int again_x[T], again_y[T];
    double bayes, again;
    start("icl:5:0.4");
    task_draw(&task, SEED, 3, 2, T, x, y, &bayes);
    task_draw(&task, SEED, 3, 2, T, again_x, again_y, &again);
    ck_assert_int_eq(memcmp(x, again_x, sizeof again_x), 0);
    ck_assert_int_eq(memcmp(y, again_y, sizeof again_y), 0);
    ck_assert_double_eq(bayes, again);
    static const uint64_t others[][3] = {{SEED + 1, 3, 2}, {SEED, 4, 2}, {SEED, 3, 1}, {SEED | 1ULL << 40, 3, 2}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        task_draw(&task, others[i][0], others[i][1], (uint32_t)others[i][2], T, again_x, again_y, &again);
        ck_assert_int_ne(memcmp(x, again_x, sizeof again_x), 0);
    }
    task_free(&task);
}
END_TEST

/* What the counts give is the likelihood of the successors, a product of Dirichlet-multinomials, by the gamma function:
 * prod_i Gamma(V a)/Gamma(V a + n_i) prod_j Gamma(a + n_ij)/Gamma(a). */
START_TEST(icl_floor_is_the_marginal_likelihood)
{
    const double alphas[] = {0.1, 1, 3.7};
    const char *texts[] = {"icl:3:0.1", "icl:3:1", "icl:3:3.7"};
    enum { V = 3 };
    start(texts[_i]);
    for (uint32_t b = 0; b < 20; b++) {
        int n[V][V] = {{0}};
        double bayes, a = alphas[_i], expected = 0;
        task_draw(&task, SEED, 0, b, T, x, y, &bayes);
        for (int t = 0; t < T; t++)
            n[x[t]][y[t]]++;
        for (int i = 0; i < V; i++) {
            expected -= lgamma(V * a) - lgamma(V * a + n[i][0] + n[i][1] + n[i][2]);
            for (int j = 0; j < V; j++)
                expected -= lgamma(a + n[i][j]) - lgamma(a);
        }
        ck_assert_double_le(fabs(bayes - expected), 1e-12 * (1 + expected));
    }
    task_free(&task);
}
END_TEST

/* Where the rows are Dirichlet's, a successor given all before it has the law that the counts give, so the floor less
 * that law's entropies is a martingale. Its mean over 4000 sequences is within 5 standard errors, measured, of 0: once in
 * 1.7e6. Rows of another alpha show: at twice or half of it the sum is off by 10 and more. */
START_TEST(icl_floor_is_calibrated)
{
    enum { V = 4 };
    const double alphas[] = {0.05, 0.5, 2};
    const char *texts[] = {"icl:4:0.05", "icl:4:0.5", "icl:4:2"};
    double sum = 0, squares = 0;
    start(texts[_i]);
    for (uint32_t b = 0; b < 4000; b++) {
        int n[V][V] = {{0}}, from[V] = {0};
        double bayes, expected = 0;
        task_draw(&task, SEED, 1, b, T, x, y, &bayes);
        for (int t = 0; t < T; t++) {
            for (int j = 0; j < V; j++) {
                double p = (n[x[t]][j] + alphas[_i]) / (from[x[t]] + V * alphas[_i]);
                expected -= p * log(p);
            }
            n[x[t]][y[t]]++;
            from[x[t]]++;
        }
        sum += bayes - expected;
        squares += (bayes - expected) * (bayes - expected);
    }
    ck_assert(isfinite(sum));
    ck_assert_double_le(fabs(sum), 5 * sqrt(squares));
    ck_assert_double_ge(squares, 1);
    task_free(&task);
}
END_TEST

START_TEST(copy_repeats_and_counts_the_second_half)
{
    double bayes;
    start("copy:9");
    ck_assert_int_eq(task_draw(&task, SEED, 0, 0, 32, x, y, &bayes), 17);
    ck_assert_double_eq(bayes, 0);
    for (int t = 16; t < 32; t++)
        ck_assert_int_eq(x[t], x[t - 16]);
    for (int t = 0; t < 32; t++)
        ck_assert_int_eq(y[t], t < 15 ? TASK_IGNORED : x[t - 15]);
    task_free(&task);
}
END_TEST

/* The floor of markov against the table's conditional entropies: E of the loss at position t given the two tokens before
 * is the row's entropy, so the sum of differences is a martingale with steps below log(1/p) <= 10. Its mean over 2000
 * sequences of 10 steps is within 5 standard errors, measured, of 0: once in 1.7e6. */
START_TEST(markov_floor_is_the_tables)
{
    start("markov:3:0.5");
    double sum = 0, squares = 0;
    for (uint32_t b = 0; b < 2000; b++) {
        double bayes, expected = log(3);
        task_draw(&task, SEED, 0, b, T, x, y, &bayes);
        for (int t = 1; t < T; t++) {
            const double *row = task.table + (x[t - 1] * 3 + y[t - 1]) * 3;
            for (int j = 0; j < 3; j++) {
                double p = row[j] - (j > 0 ? row[j - 1] : 0);
                expected -= p > 0 ? p * log(p) : 0;
            }
        }
        sum += bayes - expected;
        squares += (bayes - expected) * (bayes - expected);
    }
    ck_assert(isfinite(sum));
    ck_assert_double_le(fabs(sum), 5 * sqrt(squares));
    ck_assert_double_ge(squares, 1);
    task_free(&task);
}
END_TEST

START_TEST(text_is_a_stretch_of_the_file)
{
    double bayes;
    char text[TASK_TEXT_MAX];
    folder_write("words.txt", "the quick brown fox jumps over the lazy dog");
    snprintf(text, sizeof text, "text:%s", folder_path("words.txt"));
    start(text);
    struct error error = {0};
    ck_assert_int_eq(task_check(&task, 42, &error), ERROR_NONE);
    ck_assert_int_eq(task_check(&task, 43, &error), ERROR_INPUT);
    for (uint32_t b = 0; b < 40; b++) {
        char found[T + 2] = "";
        ck_assert_int_eq(task_draw(&task, SEED, 0, b, T, x, y, &bayes), T);
        ck_assert(isnan(bayes));
        for (int t = 0; t < T; t++) {
            found[t] = (char)x[t];
            found[t + 1] = (char)y[t];
        }
        ck_assert_ptr_nonnull(strstr("the quick brown fox jumps over the lazy dog", found));
    }
    task_free(&task);
}
END_TEST

START_TEST(wrong_words_are_named)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"icll:4:1", "did you mean 'icl'"},
        {"icl", "V:ALPHA"},
        {"icl:4", "V:ALPHA"},
        {"icl:1:0.1", "between 2 and"},
        {"icl:4:x", "not a finite"},
        {"icl:4:0", "not between"},
        {"copy", "is not V"},
        {"copy:3:4", "whole number"},
        {"text:", "is not FILE"},
        {"text:/no/such/file", "/no/such"},
        {"text:/dev/zero", "'/dev/zero' has more than the 268435456 bytes that are allowed"},
    };
    struct error error = {0};
    ck_assert_int_ne(task_init(&task, cases[_i].text, &error), ERROR_NONE);
    ck_assert_msg(strstr(error.text, cases[_i].words) != NULL, "%s", error.text);
}
END_TEST

Suite *task_suite(void)
{
    Suite *suite = suite_create("task");
    TCase *tests = folder_case(suite, "sequences");
    tcase_add_loop_test(tests, successors_follow, 0, 3);
    tcase_add_test(tests, sequences_are_functions_of_their_address);
    tcase_add_loop_test(tests, icl_floor_is_the_marginal_likelihood, 0, 3);
    tcase_add_loop_test(tests, icl_floor_is_calibrated, 0, 3);
    tcase_add_test(tests, copy_repeats_and_counts_the_second_half);
    tcase_add_test(tests, markov_floor_is_the_tables);
    tcase_add_test(tests, text_is_a_stretch_of_the_file);
    tcase_add_loop_test(tests, wrong_words_are_named, 0, 11);
    return suite;
}
