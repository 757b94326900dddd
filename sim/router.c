#include "sim/router.h"

#include <math.h>
#include <string.h>

/* exp(score) over the sum of all that are to be weighed, without overflow; p holds the scores, -infinity where not. */
static void normalise(int experts, real *p)
{
    double largest = -INFINITY, sum = 0;
    for (int e = 0; e < experts; e++)
        largest = fmax(largest, p[e]);
    for (int e = 0; e < experts; e++) {
        p[e] = exp(p[e] - largest);
        sum += p[e];
    }
    for (int e = 0; e < experts; e++)
        p[e] /= sum;
}

static void weigh_chosen(int experts, const real *logits, const real *chosen, real *p)
{
    for (int e = 0; e < experts; e++)
        p[e] = chosen[e] != 0 ? logits[e] : -INFINITY;
    normalise(experts, p);
}

static void weigh_all(int experts, const real *logits, const real *chosen, real *p)
{
    (void)chosen;
    memcpy(p, logits, (size_t)experts * sizeof *p);
    normalise(experts, p);
}

/* log sigmoid(u) = -log(1 + exp(-u)) */
static double log_sigmoid(double u)
{
    return u < 0 ? u - log1p(exp(u)) : -log1p(exp(-u));
}

static double sigmoid(double u)
{
    return exp(log_sigmoid(u));
}

static void weigh_sigmoid(int experts, const real *logits, const real *chosen, real *p)
{
    for (int e = 0; e < experts; e++)
        p[e] = chosen[e] != 0 ? log_sigmoid(logits[e]) : -INFINITY;
    normalise(experts, p);
}

/* The transpose of p = exp(score) / sum for the scores. */
static void softmax_backward(int experts, const real *chosen, const real *p, const real *dp, real *dscores)
{
    double mean = 0;
    for (int e = 0; e < experts; e++)
        mean += chosen[e] != 0 ? p[e] * dp[e] : 0;
    for (int e = 0; e < experts; e++)
        dscores[e] = p[e] * ((chosen[e] != 0 ? dp[e] : 0) - mean);
}

static void backward_softmax(int experts, const real *logits, const real *chosen, const real *p, const real *dp,
                             real *dlogits)
{
    (void)logits;
    softmax_backward(experts, chosen, p, dp, dlogits);
}

/* The slope of log sigmoid is sigmoid of the opposite. */
static void backward_sigmoid(int experts, const real *logits, const real *chosen, const real *p, const real *dp,
                             real *dlogits)
{
    softmax_backward(experts, chosen, p, dp, dlogits);
    for (int e = 0; e < experts; e++)
        dlogits[e] *= sigmoid(-logits[e]);
}

static void weigh_apart(int experts, const real *logits, const real *chosen, real *p)
{
    (void)chosen;
    for (int e = 0; e < experts; e++)
        p[e] = sigmoid(logits[e]);
}

static void backward_apart(int experts, const real *logits, const real *chosen, const real *p, const real *dp,
                           real *dlogits)
{
    for (int e = 0; e < experts; e++)
        dlogits[e] = chosen[e] != 0 ? p[e] * sigmoid(-logits[e]) * dp[e] : 0;
}

const struct router routers[] = {
    {"renormalised", "softmax over the chosen logits (Mixtral)", false, 1, NULL, weigh_chosen, backward_softmax},
    {"switch", "softmax over all logits, kept at the chosen (Switch Transformer)", false, 1, NULL, weigh_all,
     backward_softmax},
    {"sigmoid", "sigmoids of the chosen logits over their sum (DeepSeek-V3)", false, 2, sigmoid, weigh_sigmoid,
     backward_sigmoid},
    {"independent", "sigmoids of the chosen logits as they are (Llama-4)", true, 1, NULL, weigh_apart, backward_apart},
};
const size_t router_count = sizeof routers / sizeof *routers;

const struct router_weigh router_weighs[] = {
    {"output", "what an expert puts out", false},
    {"input", "what an expert is given (Llama-4)", true},
};
const size_t router_weigh_count = sizeof router_weighs / sizeof *router_weighs;

/* The `count` largest scores that are not -infinity; ties go to the smaller index. */
static void choose(int experts, int count, const real *scores, real *chosen)
{
    memset(chosen, 0, (size_t)experts * sizeof *chosen);
    for (int n = 0; n < count; n++) {
        int best = -1;
        for (int e = 0; e < experts; e++)
            if (chosen[e] == 0 && scores[e] != -INFINITY && (best < 0 || scores[e] > scores[best]))
                best = e;
        if (best >= 0)
            chosen[best] = 1;
    }
}

/* Sum of a group's best scores. */
static double group_score(const struct router *router, int size, const real *logits)
{
    real own[size], chosen[size];
    double sum = 0;
    for (int e = 0; e < size; e++)
        own[e] = router->score ? router->score(logits[e]) : logits[e];
    choose(size, router->best, own, chosen);
    for (int e = 0; e < size; e++)
        sum += chosen[e] != 0 ? own[e] : 0;
    return sum;
}

/* open[E]: the logits, -infinity in groups that are not chosen. */
static void open_groups(const struct router *router, const struct router_sizes *sizes, const real *logits, real *open)
{
    int size = sizes->experts / sizes->groups;
    real score[sizes->groups], chosen[sizes->groups];
    for (int g = 0; g < sizes->groups; g++)
        score[g] = group_score(router, size, logits + g * size);
    choose(sizes->groups, sizes->top_groups, score, chosen);
    for (int e = 0; e < sizes->experts; e++)
        open[e] = chosen[e / size] != 0 ? logits[e] : -INFINITY;
}

void router_gate(const struct router *router, const struct router_sizes *sizes, const real *logits, real *chosen,
                 real *p)
{
    real open[sizes->experts];
    bool grouped = sizes->groups > 1 && sizes->top_groups < sizes->groups;
    if (grouped)
        open_groups(router, sizes, logits, open);
    choose(sizes->experts, sizes->top_k, grouped ? open : logits, chosen);
    router->weigh(sizes->experts, logits, chosen, p);
}
