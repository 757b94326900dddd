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
        dlogits[e] *= exp(log_sigmoid(-logits[e]));
}

const struct router routers[] = {
    {"renormalised", "softmax over the chosen logits (Mixtral)", weigh_chosen, backward_softmax},
    {"switch", "softmax over all logits, kept at the chosen (Switch Transformer)", weigh_all, backward_softmax},
    {"sigmoid", "sigmoids of the chosen logits over their sum (DeepSeek-V3)", weigh_sigmoid, backward_sigmoid},
};
const size_t router_count = sizeof routers / sizeof *routers;

static void choose(int experts, int top_k, const real *logits, real *chosen)
{
    memset(chosen, 0, (size_t)experts * sizeof *chosen);
    for (int n = 0; n < top_k; n++) {
        int best = -1;
        for (int e = 0; e < experts; e++)
            if (chosen[e] == 0 && (best < 0 || logits[e] > logits[best]))
                best = e;
        chosen[best] = 1;
    }
}

void router_gate(const struct router *router, int experts, int top_k, const real *logits, real *chosen, real *p)
{
    choose(experts, top_k, logits, chosen);
    router->weigh(experts, logits, chosen, p);
}
