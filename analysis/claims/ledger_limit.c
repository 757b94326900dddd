#include "analysis/claims/ledger.h"

/* As many tokens as features, where the limit does not hold and the prediction at the width does: what T/d moves. */
#define LONG "width<=256"
#define LONG_CHECKS(branch, share, query, gradient)                                                                    \
    CLAIM_TEST("log-value", "branch_ratio." branch, "1", "L", "@predicted-at-width", "@predicted-at-width", share,     \
               LONG_REASON, .where = LONG),                                                                            \
        CLAIM_TEST("log-value", "weight_gradient_variance." branch ".wq", "1", "L", "@predicted-at-width",             \
                   "@predicted-at-width", query, LONG_REASON, .where = LONG),                                          \
        CLAIM_TEST("log-value", "gradient_variance", "0", "L - 1", "@predicted-at-width", "@predicted-at-width",       \
                   gradient, LONG_REASON, .where = LONG)
#define LONG_REASON                                                                                                    \
    "at T = d = 64 half the logarithm's variance and the prediction's own error, 0.01 to 0.06 measured; six standard " \
    "errors; T/d moves the first two by 0.3"
#define LONG_STACK "init=unit layers=2 width=64 heads=1 tokens=64"
#define SHORT      "width>=512 tokens<=16"

static const struct claim claims[] = {
    {
        .id = "prediction",
        .source = "derived: analysis/moments",
        .statement = "Activation variance, token cosine and gradient of every placement with norms, every mask and "
                     "activation are what the moments of infinite width predict from the formula alone (without norms "
                     "see nonorm-prediction), with queries and keys or with uniform attention; and with as many tokens "
                     "as features what the prediction at the width says, of attention's branch and gradients, too",
        .hypotheses = "input-scale=1 input-correlation<=0",
        .free = "norm mask activation",
        .settings = "heads=8 tokens=4 layers=4",
        .checks =
            {CLAIM_TEST("log-value", "activation_variance", "1", "L", "@predicted", "@predicted", "0.01 + 8/d",
                        "O(1/d): 2.5/d measured at d = 1024, for the mean of a logarithm lies half its variance below "
                        "the logarithm of the mean; 0.01 is six standard errors",
                        .where = SHORT),
             CLAIM_TEST("value", "token_cosine", "1", "L", "@predicted", "@predicted", "0.01 + 8/d",
                        "O(1/d): 2.4/d measured at d = 1024; 0.01 is six standard errors", .where = SHORT),
             CLAIM_TEST(
                 "log-value", "gradient_variance", "0", "L - 1", "@predicted", "@predicted", "0.03 + 8*L/d",
                 "O(L/d): the mean of a logarithm lies half its variance, at most 3.5 L/d, below the logarithm of the "
                 "mean, and the mean O(1/d) off the limit; 0.03 and what is left are six standard errors",
                 .where = SHORT),
             LONG_CHECKS("attn", "0.15", "0.15", "0.08")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"placement=prenorm|spannorm init=unit width=1024", "placement=prenorm|spannorm " LONG_STACK}, 256},
                  {{"placement=prenorm|postnorm|spannorm|b2t init=unit mask=none|causal width=1024",
                    "placement=prenorm|postnorm|spannorm|b2t|mixln width=1024 " XIONG_INIT,
                    "placement=prenorm|postnorm|spannorm|b2t " LONG_STACK,
                    "placement=spannorm mask=causal " LONG_STACK},
                   512},
                  {{"placement=prenorm|postnorm|spannorm|b2t|deepnorm|perinorm|lns|mixln|parallel init=unit "
                    "mask=none|causal activation=relu|gelu|swiglu width=4096",
                    "placement=prenorm|postnorm|spannorm|b2t|deepnorm|perinorm|lns|mixln|parallel mask=none|causal "
                    "init=unit layers=2 width=128 heads=2 tokens=128"},
                   1024}},
    },
    {
        /* One sample's attention averages over heads only; with 8 of them log g_0 has the spread 0.8 at any width, and
         * its mean lies 0.3 below the logarithm of the mean. Many heads of a fair width are needed, and a cotangent of its
         * own for every token: of one token's alone log g(W_Q) has the spread 1.1 behind one head of 64 features. */
        .id = "nonorm-prediction",
        .source = "derived: analysis/moments",
        .statement = "Without norms activations, cosines and gradients are as predicted too, for a few blocks and many "
                     "heads: logits grow with depth, the softmax saturates, and a sample's gradient is carried by rare "
                     "near-ties over which only many heads average",
        .hypotheses = "placement=nonorm layers<=4 input-scale=1 input-correlation<=0",
        .settings = "placement=nonorm init=unit tokens=4 layers=4",
        .checks = {CLAIM_TEST("log-value", "activation_variance", "1", "L", "@predicted", "@predicted", "0.06",
                              "half the logarithm's variance, 0.005 at d = 1024, and O(1/d), 0.014 measured in all; "
                              "six standard errors",
                              .where = "heads>=32 " SHORT),
                   CLAIM_TEST("value", "token_cosine", "1", "L", "@predicted", "@predicted", "0.02",
                              "O(1/d): 0.002 measured at d = 1024; six standard errors", .where = "heads>=32 " SHORT),
                   CLAIM_TEST("log-value", "gradient_variance", "0", "L - 1", "@predicted", "@predicted", "6/H + 0.22",
                              "half the logarithm's variance, 3.5/H measured; 0.1 measured besides, for the logits of "
                              "heads of 32 features are not quite normal, and the prediction's own standard error of "
                              "0.02; six standard errors",
                              .where = "heads>=32 " SHORT),
                   LONG_CHECKS("attn", "0.15", "0.2", "0.12")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"heads=32 width=1024", LONG_STACK}, 256},
                  {{"heads=64 width=2048", LONG_STACK}, 512},
                  {{"heads=128 width=8192", LONG_STACK}, 256}},
    },
    {
        .id = "moe-prediction",
        .source = "derived: analysis/moments",
        .statement = "The same with a mixture of experts in SpanNorm, for both routers",
        .hypotheses = "input-scale=1 input-correlation<=0",
        .free = "router",
        .settings = SPAN_MOE " heads=8 tokens=4 layers=4 experts=4 top-k=2",
        .checks = {CLAIM_TEST("value", "token_cosine", "1", "L", "@predicted", "@predicted", "0.02 + 8*L/d",
                              "as for prediction; a sample's spread is 0.06 with unit init, since routers choose: six "
                              "standard errors are 0.02",
                              .where = SHORT),
                   CLAIM_TEST(
                       "log-value", "gradient_variance", "0", "L - 1", "@predicted", "@predicted", "0.06 + 16*L/d",
                       "O(L/d): 15 L/d measured at d = 1024, 4 L/d at 4096; a router's choices do not average out, so "
                       "half the logarithm's variance, 0.015, is left at any width; six standard errors",
                       .where = SHORT),
                   LONG_CHECKS("attn", "0.12", "0.18", "0.1")},
        .expected = VERDICT_SUPPORTED,
        .plans =
            {{{"router=renormalised|switch init=scaleinit width=512", "router=renormalised " LONG_STACK}, 256},
             {{"router=renormalised|switch init=unit|scaleinit width=1024", "router=renormalised|switch " LONG_STACK},
              256},
             {{"router=renormalised|switch init=unit|scaleinit width=4096", "router=renormalised|switch " LONG_STACK},
              4096}},
    },
    {
        .id = "width-limit",
        .source = "derived: analysis/moments",
        .statement = "The distance between a stack of width d and the prediction falls like 1/d: the line through the "
                     "measured means against 1/d meets the prediction at 0",
        .hypotheses = "init=unit input-scale=1",
        .free = "norm",
        .settings = "init=unit heads=2 tokens=4 layers=4",
        .checks = {CLAIM_TEST("value", "token_cosine", "L", "L", "@predicted", "@predicted", "0.01",
                              "O(1/d^2) of the narrowest width, (c/64)^2 with the first order's c of 2.5 to 6; 0.001 "
                              "measured, and six standard errors",
                              .contrast = "limit", .against = "d"),
                   CLAIM_TEST("log-value", "gradient_variance", "0", "0", "@predicted", "@predicted", "0.06",
                              "O((L/d)^2) of the narrowest width, 4 L/d being the first order; 0.015 measured, and six "
                              "standard errors",
                              .contrast = "limit", .against = "d")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"placement=postnorm width=64|512"}, 2048},
                  {{"placement=postnorm width=64|128|512"}, 4096},
                  {{"placement=postnorm width=128|256|512|1024"}, 4096}},
    },
    {
        .id = "width-transfer",
        .source = "derived: analysis/moments",
        .statement = "Activation variance and gradient do not depend on the width: their slopes against log d vanish",
        .hypotheses = "init=unit|scaleinit input-scale=1",
        .free = "norm",
        .settings = "heads=2 tokens=4 layers=8",
        .checks = {CLAIM_TEST("log-value", "activation_variance", "L", "L", "0", "0", "0.04",
                              "O(1/d): 6/128 of the narrowest width over the logarithm of the widths' ratio, 0.02; six "
                              "standard errors",
                              .contrast = "slope", .against = "d"),
                   CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "0", "0", "0.08",
                              "O(L/d): 3.5 L/d of the narrowest width over the logarithm of the widths' ratio, 0.1 at "
                              "most, 0.015 measured; six standard errors",
                              .contrast = "slope", .against = "d")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"placement=prenorm init=unit width=128|1024"}, 256},
                  {{"placement=prenorm init=unit width=128|256|1024"}, 256},
                  {{"placement=prenorm init=unit width=256|1024|4096"}, 256}},
    },
    {
        .id = "fluctuation-unit",
        .source = "derived: analysis/moments",
        .statement = "Unit init: over samples, log(g_0/g_L) of PostNorm has a variance that grows like L and falls "
                     "like 1/d: deep narrow stacks are log-normal",
        .hypotheses = "placement=postnorm|spannorm init=unit activation=relu mask=none cotangent=iid input-scale=1",
        .free = "norm",
        .settings = "placement=postnorm init=unit heads=2 tokens=4",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "1", "1", "0.35",
                              "0.07 measured, because the first blocks fluctuate less (d/L var is 6.0, 7.2, 7.6 at L = "
                              "4, 16, 64, d = 256); six standard errors; far from 0, what ScaleInit gives",
                              .variance = true, .where = "width=64 layers>=8", .contrast = "slope", .against = "L"),
                   CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "-1", "-1", "0.3",
                              "O(L/d): 0.07 measured from d = 32 on; six standard errors; far from 0 and from -2",
                              .variance = true, .where = "layers=4", .contrast = "slope", .against = "d")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8|32 width=64", "layers=4 width=32|256"}, 2048},
                  {{"layers=8|32 width=64", "layers=4 width=32|256"}, 4096},
                  {{"layers=8|32|128 width=64", "layers=4 width=32|256|1024"}, 8192}},
    },
    {
        .id = "fluctuation-scaled",
        .source = "derived: analysis/moments",
        .statement = "ScaleInit: the variance over samples of log(g_0/g_L) does not grow with L, and SpanNorm's is "
                     "about half of PostNorm's (between 0.35 and 0.65 of it)",
        .hypotheses =
            "placement=postnorm|spannorm init=scaleinit:1 activation=relu mask=none cotangent=iid input-scale=1",
        .free = "norm",
        .settings = "init=scaleinit heads=2 tokens=4",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "0", "0", "0.35",
                              "0.15 measured at L = 4 and 16, 0.08 at 8 and 32: the limit is reached like 1/L; six "
                              "standard errors; far from 1, what unit gives",
                              .variance = true, .where = "placement=postnorm", .contrast = "slope", .against = "L"),
                   CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "0", "0", "0.35", "as for postnorm",
                              .variance = true, .where = "placement=spannorm", .contrast = "slope", .against = "L"),
                   CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "-1.05", "-0.43", "0.05",
                              "O(1/d), and the range is log 0.35 to log 0.65", .variance = true,
                              .contrast = "difference")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"placement=postnorm|spannorm layers=4|16 width=32"}, 4096},
                  {{"placement=postnorm|spannorm layers=8|32 width=32"}, 4096},
                  {{"placement=postnorm|spannorm layers=8|32|128 width=64"}, 4096}},
    },
    {
        .id = "embedding",
        .source = "derived: analysis/moments",
        .statement =
            "SpanNorm's first skip is not normed: with embeddings of standard deviation 0.02 the first block's "
            "branches swamp the input and tokens correlate at once, as predicted; with e = 1 they do not",
        .hypotheses = "placement=spannorm init=scaleinit:1 input-correlation<=0 tokens<=64 " WIDE,
        .free = "norm cotangent",
        .settings = "placement=spannorm init=scaleinit layers=24 heads=8 tokens=8",
        .checks = {CLAIM_TEST("value", "token_cosine", "1", "1", "@predicted", "@predicted", "0.02 + 8/d",
                              "O(1/d): 4/d measured at d = 1024 and e = 0.02, 1/d at e = 1; six standard errors, of a "
                              "sample's spread of 0.05 at d = 256"),
                   CLAIM_TEST("value", "token_cosine", "1", "1", "0.3", NULL, "0",
                              "none: a one-sided statement; 0.62 measured", .where = "input-scale<=0.02"),
                   CLAIM_TEST("value", "token_cosine", "1", "1", NULL, "0.05", "0",
                              "none: a one-sided statement; 0.012 measured", .where = "input-scale>=1")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"input-scale=1|0.02 width=256"}, 128},
                  {{"input-scale=1|0.02 width=1024"}, 256},
                  {{"input-scale=1|0.02 width=4096"}, 256}},
    },
};

const struct claim_group ledger_limit = {"Infinite and finite width", claims, sizeof claims / sizeof *claims};
