#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/router.h"
#include "tests/rows.h"
#include "tests/support.h"

enum { E = 7, K = 3 };

/* Chosen by sorting: an expert is chosen when fewer than k come before it. */
static void naive_gate(const struct router *router, int k, const double *logits, double *chosen, double *p)
{
    double sum = 0;
    for (int e = 0; e < E; e++) {
        int before = 0;
        for (int f = 0; f < E; f++)
            before += logits[f] > logits[e] || (logits[f] == logits[e] && f < e);
        chosen[e] = before < k;
        double score = router->score || router->apart ? 1 / (1 + exp(-logits[e])) : exp(logits[e]);
        p[e] = before < k || router == router_find("switch") || router->apart ? score : 0;
        sum += p[e];
    }
    for (int e = 0; e < E; e++)
        p[e] /= router->apart ? 1 : sum;
}

START_TEST(gates_follow_the_definition)
{
    double *logits = support_normals(1, E), chosen[E], p[E], expected_chosen[E], expected[E];
    for (int k = 1; k <= E; k++) {
        router_gate(&routers[_i], &(struct router_sizes){E, k, 1, 1}, logits, chosen, p);
        naive_gate(&routers[_i], k, logits, expected_chosen, expected);
        ck_assert_mem_eq(chosen, expected_chosen, sizeof chosen);
        ck_assert_double_le(support_distance(E, p, expected), 10 * DBL_EPSILON);
    }
    free(logits);
}
END_TEST

/* Neither under- nor overflow: a softmax does not see a common shift, and a sigmoid far below 0 is an exponential, by
 * itself 0. Logits near 1000 are rounded to 1000 eps. */
START_TEST(far_logits_are_weighed)
{
    double *logits = support_normals(1, E), chosen[E], p[E], near[E], expected[E];
    const struct router *softmax = router_find(_i == 1 ? "switch" : "renormalised");
    router_gate(softmax, &(struct router_sizes){E, K, 1, 1}, logits, near, expected);
    for (int e = 0; e < E; e++)
        logits[e] -= 1000;
    router_gate(&routers[_i], &(struct router_sizes){E, K, 1, 1}, logits, chosen, p);
    ck_assert_mem_eq(chosen, near, sizeof chosen);
    for (int e = 0; e < E; e++)
        expected[e] = routers[_i].apart ? 0 : expected[e];
    ck_assert_double_le(support_distance(E, p, expected), 2000 * DBL_EPSILON);
    free(logits);
}
END_TEST

START_TEST(ties_go_to_the_smaller_index)
{
    const double logits[E] = {1, 2, 2, 0, 2, 2, -1}, expected[E] = {0, 1, 1, 0, 1, 0, 0};
    double chosen[E], p[E];
    router_gate(&routers[_i], &(struct router_sizes){E, K, 1, 1}, logits, chosen, p);
    ck_assert_mem_eq(chosen, expected, sizeof chosen);
}
END_TEST

struct motion {
    const struct router *router;
    const double *logits, *direction, *dp;
};

/* sum_e p_e dp_e over the chosen. */
static double objective(void *context, double step)
{
    const struct motion *motion = context;
    double logits[E], chosen[E], p[E], sum = 0;
    for (int e = 0; e < E; e++)
        logits[e] = motion->logits[e] + step * motion->direction[e];
    router_gate(motion->router, &(struct router_sizes){E, K, 1, 1}, logits, chosen, p);
    for (int e = 0; e < E; e++)
        sum += chosen[e] * p[e] * motion->dp[e];
    return sum;
}

/* dp of experts that are not chosen is never filled in, so it must not be read. */
START_TEST(gate_backward_is_the_derivative)
{
    double *logits = support_normals(2, E), *direction = support_normals(3, E), *dp = support_normals(4, E);
    double chosen[E], p[E], dlogits[E], unread[E], sum = 0;
    router_gate(&routers[_i], &(struct router_sizes){E, K, 1, 1}, logits, chosen, p);
    for (int e = 0; e < E; e++)
        unread[e] = chosen[e] != 0 ? dp[e] : NAN;
    routers[_i].backward(E, logits, chosen, p, unread, dlogits);
    struct motion motion = {&routers[_i], logits, direction, dp};
    support_check_slope(support_differentiate(objective, &motion, E), support_dot(E, dlogits, direction),
                        routers[_i].name);
    for (int e = 0; e < E; e++)
        sum += dlogits[e];
    if (&routers[_i] != router_find("sigmoid") && !routers[_i].apart)
        ck_assert_double_eq_tol(sum, 0, 1e-15 * E); // the common shift
    free(logits), free(direction), free(dp);
}
END_TEST

/* 8 experts in 4 groups, of which 2 are chosen, and then 3 experts: groups by their best logit (DeepSeek-V2), or by the sum
 * of their two sigmoids, which is that of both where there are two (V3). Scores are far apart: sorting them is the rule. */
START_TEST(groups_are_chosen_before_experts)
{
    enum { ALL = 8, SIZE = 2, GROUPS = ALL / SIZE };
    const struct router_sizes sizes = {ALL, 3, GROUPS, 2};
    const struct router *router = &routers[_i];
    int differs = 0;
    for (unsigned long seed = 1; seed <= 40; seed++) {
        double *logits = support_normals(90 + seed, ALL), chosen[ALL], plain[ALL], p[ALL], score[GROUPS];
        for (int g = 0; g < GROUPS; g++) {
            double a = logits[SIZE * g], b = logits[SIZE * g + 1];
            score[g] = router == router_find("sigmoid") ? 1 / (1 + exp(-a)) + 1 / (1 + exp(-b)) : fmax(a, b);
        }
        router_gate(router, &sizes, logits, chosen, p);
        for (int e = 0; e < ALL; e++) {
            int better = 0, before = 0;
            for (int g = 0; g < GROUPS; g++)
                better += score[g] > score[e / SIZE];
            for (int f = 0; f < ALL; f++) {
                int rivals = 0;
                for (int g = 0; g < GROUPS; g++)
                    rivals += score[g] > score[f / SIZE];
                before += rivals < 2 && logits[f] > logits[e];
            }
            ck_assert_double_eq(chosen[e], better < 2 && before < 3);
        }
        router_gate(router, &(struct router_sizes){ALL, 3, 1, 1}, logits, plain, p);
        differs += memcmp(plain, chosen, sizeof plain) != 0;
        free(logits);
    }
    ck_assert_int_gt(differs, 5);
}
END_TEST

/* Of the routers whose weights of the chosen sum to 1: the first and the third. */
START_TEST(one_expert_has_gate_one)
{
    const struct router *router = router_find(_i == 0 ? "renormalised" : "sigmoid");
    double *logits = support_normals(5, E), *dp = support_normals(6, E), chosen[E], p[E], dlogits[E];
    router_gate(router, &(struct router_sizes){E, 1, 1, 1}, logits, chosen, p);
    router->backward(E, logits, chosen, p, dp, dlogits);
    for (int e = 0; e < E; e++) {
        ck_assert_double_eq(p[e], chosen[e]);
        ck_assert_double_eq(dlogits[e], 0);
    }
    free(logits), free(dp);
}
END_TEST

Suite *router_suite(void)
{
    Suite *suite = suite_create("router");
    TCase *tests = tcase_create("router");
    int rows = (int)router_count;
    tcase_add_loop_test(tests, gates_follow_the_definition, 0, rows);
    tcase_add_loop_test(tests, far_logits_are_weighed, 0, rows);
    tcase_add_loop_test(tests, ties_go_to_the_smaller_index, 0, rows);
    tcase_add_loop_test(tests, gate_backward_is_the_derivative, 0, rows);
    tcase_add_loop_test(tests, groups_are_chosen_before_experts, 0, rows);
    tcase_add_loop_test(tests, one_expert_has_gate_one, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
