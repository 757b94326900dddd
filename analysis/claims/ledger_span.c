#include "analysis/claims/ledger.h"

/* ScaleInit, c = 1, with uniform attention. */
#define UNIFORM_SCALED                                                                                                 \
    "init='wq = 0; wk = 0; wv = 1/sqrt(d); wo = wv/sqrt(L); w1 = wv; wg = wv; w2 = 1/sqrt(F*phi2*L); wr = wv'"

static const struct claim claims[] = {
    {
        .id = "span-variance",
        .source = "by construction; arXiv 2601.22580 (\"bounded signal variance\")",
        .statement = "SpanNorm: the activation variance is 1 at every block's output, whatever L. True by "
                     "construction, of every placement that ends in a norm; span-moments says what is not",
        .hypotheses = "placement=spannorm input-scale=1 " WIDE,
        .free = "layers tokens activation norm mask cotangent input-correlation",
        .settings = "placement=spannorm heads=2 tokens=8 width=64",
        .checks = {CLAIM_TEST("value", "activation_variance", "1", "L", "@span-variance", "@span-variance", EPS_MARGIN,
                              EPS_REASON)},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"init=unit layers=8", "init=scaleinit layers=16"}, 16},
                  {{"init=unit layers=8", "init=scaleinit layers=8|128"}, 16},
                  {{"init=unit|xavier layers=8", "init=scaleinit layers=8|1024"}, 31}},
    },
    {
        .id = "span-moments",
        .source = "derived: analysis/bounds; arXiv 2601.22580 (\"bounded signal variance\")",
        .statement = "SpanNorm and PostNorm with unit init: before the norms the second moments are 1 + a with a at "
                     "most 1 and 1 + "
                     "f with f = 1, at every depth",
        .hypotheses = "placement=spannorm|postnorm init=unit input-scale=1 layers>=2 " WIDE,
        .free = "tokens activation norm mask cotangent input-correlation",
        .settings = "init=unit heads=2 tokens=8",
        .checks = {CLAIM_TEST("value", "branch_ratio.attn", "2", "L", "0", "1", "0.06",
                              "exact in expectation; a sample's spread is 0.25 at d = 64 where tokens have collapsed "
                              "and a is 1, 0.18 at 128: eight standard errors"),
                   CLAIM_TEST(
                       "value", "branch_ratio.ffn", "2", "L", "1", "1", "0.06",
                       "exact in expectation; a sample's spread is 0.21 at d = 64, 0.15 at 128: nine standard errors")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"placement=spannorm|postnorm layers=8 width=64"}, 2048},
                  {{"placement=spannorm|postnorm layers=16 width=128"}, 2048},
                  {{"placement=spannorm|postnorm layers=64 width=256"}, 2048}},
    },
    {
        /* Ceiling: the product of (1 + f' rho_l)/(1 + f) with f = f' = c^2/L is exp of about the sum of f (rho_l - 1),
         * rho_l - 1 the surplus of attention's backward gain over its forward gain, both O(c^2/L): k c^4/L in all.
         * Measured in the limit of width: k = 0.15 at most (T = 8, L = 2, 4, 8; T = 2 to 32, L = 4). Width adds 2.5/d
         * to the log (d = 32, 64, 128 at L = 8: 0.091, 0.052, 0.037). */
        .id = "span-isometry",
        .source = "derived: analysis/bounds; arXiv 2601.22580 (\"stable gradients\")",
        .statement = "SpanNorm with ScaleInit: g_0/g_L lies between (1 + c^2/L)^-L, which is at least e^(-c^2), and 1 "
                     "+ O(1/L) for every L, and does not drift with L",
        .hypotheses =
            "placement=spannorm init=scaleinit activation=relu mask=none cotangent=iid input-scale=1 tokens<=64 " WIDE,
        .free = "norm c",
        .settings = "placement=spannorm init=scaleinit heads=2 tokens=8",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "@span-gradient-floor", "c^4/2/L", "8/d",
                              "O(1/d): 2.5/d measured at d = 32 to 256 for every L, and six standard errors of the "
                              "samples; the ceiling is the exact value, not a bound with room"),
                   CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "0", "0", "0.0225*c^4 + 1/d",
                              "the ceiling's own O(1/L) lets the log fall by c^4/16 from L = 8 to 128, a slope of "
                              "0.0225; 1/d where the 2.5/d of the width is not the same for every L",
                              .contrast = "slope", .against = "L")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8|32|128 width=64"}, 512},
                  {{"layers=8|32|128 width=256"}, 768},
                  {{"layers=8|32|128|1024 width=512"}, 1024}},
    },
    {
        /* With c = 0 every branch is 0, and a margin that is a share of it leaves nothing to decide. */
        .id = "span-cosine",
        .source = "derived: analysis/bounds; arXiv 2601.22580 (\"representation collapse\")",
        .statement =
            "SpanNorm's block turns its input by the same angle at every depth: 1 - cos(x_(l-1), x_l) is 1 - (1 + "
            "f)^(-1/2), 0.293 with unit init and about c^2/2L with ScaleInit, no more than PreNorm's deepest block",
        .hypotheses = "placement=spannorm init=unit|scaleinit c>=0.01 input-scale=1 layers>=2 tokens<=64 " WIDE,
        .free = "activation norm mask cotangent input-correlation",
        .settings = "placement=spannorm heads=2 tokens=8",
        .checks = {CLAIM_TEST(
                       "approach", "layer_cosine", "1", "L", "@span-cosine", "@span-cosine", "0.3/d + 0.015",
                       "O(1/d): 0.15/d measured at d = 64; a sample's spread is 0.05 there, of which 0.015 is five "
                       "standard errors",
                       .where = "init=unit"),
                   CLAIM_TEST(
                       "approach", "layer_cosine", "2", "L", "@span-cosine-scaled", "@span-cosine-scaled", "0.03*c^2/L",
                       "O(1/d), 1 % measured at d = 64; a sample's spread is 0.055 c^2/L there: nine standard errors",
                       .where = "init=scaleinit")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"init=unit|scaleinit layers=8 width=64"}, 1024},
                  {{"init=unit|scaleinit layers=8|32 width=128"}, 1024},
                  {{"init=unit|scaleinit layers=8|128 width=256"}, 512}},
    },
    {
        /* dr/dt = c^2 (2 kappa(r) - r), kappa(r) = (sqrt(1 - r^2) + r (pi - acos r))/2pi, from r(0) = 0 to t = l/L = 1,
         * by Runge-Kutta; with attention and at finite L the recursion gives 0.2458, 0.2519, 0.2534 at L = 8, 32, 128. At
         * T = 64 it lies 0.098/L below, so that the margin holds from four blocks on. */
        .id = "span-rank-scaled",
        .source = "derived here: analysis/moments",
        .statement = "SpanNorm with ScaleInit, c = 1: tokens draw together by the FFN alone, attention drops out at "
                     "leading order, and the token cosine of the last layer tends to 0.2539 whatever L",
        .hypotheses = "placement=spannorm init=scaleinit:1 activation=relu mask=none input-scale=1 "
                      "input-correlation<=0 layers>=4 tokens<=64 " WIDE,
        .free = "norm cotangent",
        .settings = "placement=spannorm init=scaleinit heads=2 tokens=8",
        .checks = {CLAIM_TEST("value", "token_cosine", "L", "L", "0.253859", "0.253859", "0.07/L + 1/d + 0.015",
                              "O(1/L): 0.064/L by the recursion; O(1/d): 0.5/d measured at d = 64; 0.015 and what is "
                              "left are six standard errors")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8|32 width=64"}, 512},
                  {{"layers=8|32|128 width=256"}, 512},
                  {{"layers=8|32|128 width=512"}, 512}},
    },
    {
        .id = "span-uniform",
        .source = "derived: analysis/bounds",
        .statement = "The same with uniform attention (W_Q = W_K = 0), c = 1: no gradient goes through the scores, and "
                     "g_0/g_L lies between e^-1 and 1",
        .hypotheses = "placement=spannorm activation=relu mask=none cotangent=iid input-scale=1 " UNIFORM_SCALED
                      " tokens<=64 " WIDE,
        .free = "norm",
        .settings = "placement=spannorm " UNIFORM_SCALED " heads=2 tokens=8",
        .checks = {CLAIM_TEST(
                       "log-ratio", "gradient_variance", "0", "L", "@span-gradient-floor", "0", "8/d",
                       "O(1/d): 2/d measured at d = 64 and 256 for every L, and six standard errors of the samples"),
                   CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "0", "0", "0.025 + 1.5/d",
                              "as for span-isometry", .contrast = "slope", .against = "L")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8|32 width=64"}, 512},
                  {{"layers=8|32|128 width=256"}, 768},
                  {{"layers=8|32|128 width=512"}, 768}},
    },
    {
        /* The numbers are f'/f - 1 at c = 1; of another c it is c^2 times that to first order. */
        .id = "span-isometry-smooth",
        .source = "derived: analysis/bounds",
        .statement = "SpanNorm with ScaleInit and a smooth activation: g_0/g_L tends to e^(f'/f - 1), f'/f the surplus "
                     "of the FFN's backward gain, for every L",
        .hypotheses = "placement=spannorm init=scaleinit:1 activation=gelu|silu mask=none cotangent=iid input-scale=1 "
                      "tokens<=64 " WIDE,
        .free = "norm",
        .settings = "placement=spannorm init=scaleinit heads=2 tokens=8",
        .checks = {CLAIM_TEST(
                       "log-ratio", "gradient_variance", "0", "L", "0.072", "0.072", "8/d + 0.2/L",
                       "2.8/d measured at d = 64 and 256; 0.07/L measured at L = 8, of +0.15/L as for span-isometry "
                       "and -0.08/L of the logarithm's second order; six standard errors. f'/f - 1 by quadrature",
                       .where = "activation=gelu"),
                   CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "0.067", "0.067", "8/d + 0.2/L",
                              "as for the other activation", .where = "activation=silu")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"activation=gelu|silu layers=32 width=64"}, 512},
                  {{"activation=gelu|silu layers=8|32 width=256"}, 1024},
                  {{"activation=gelu|silu layers=8|128 width=512"}, 1024}},
    },
    {
        .id = "span-cotangents",
        .source = "derived: analysis/bounds",
        .statement = "SpanNorm with ScaleInit keeps the gradient of any loss: pooled over tokens or on the last token "
                     "only, g_0/g_L lies between e^(-c^2) and 1.22",
        .hypotheses = "placement=spannorm init=scaleinit activation=relu mask=none cotangent=pooled|last input-scale=1 "
                      "tokens<=64 " WIDE,
        .free = "norm",
        .settings = "placement=spannorm init=scaleinit heads=2 tokens=8",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "@span-gradient-floor", "0.2*c^2", "8/d",
                              "as for span-isometry")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"cotangent=pooled|last layers=32 width=64"}, 256},
                  {{"cotangent=pooled|last layers=8|32 width=256"}, 512},
                  {{"cotangent=pooled|last layers=8|32|128 width=512"}, 512}},
    },
    {
        .id = "scaleinit-branches",
        .source = "arXiv 2601.22580's ScaleInit as its abstract describes it: depth-scaled",
        .statement = "ScaleInit gives every FFN branch of SpanNorm the share c^2/L of the block's input, and attention "
                     "at most that",
        .hypotheses = "placement=spannorm init=scaleinit c>=0.01 input-scale=1 layers>=2 " WIDE,
        .free = "tokens activation norm mask cotangent input-correlation",
        .settings = "placement=spannorm init=scaleinit heads=2 tokens=8",
        .checks =
            {CLAIM_TEST(
                 "value", "branch_ratio.ffn", "2", "L", "c^2/L", "c^2/L", "0.06*c^2/L",
                 "exact in expectation but for eps; a sample's spread is 12 % of it at d = 64: eight standard errors"),
             CLAIM_TEST(
                 "value", "branch_ratio.attn", "2", "L", "0", "c^2/L", "0.06*c^2/L",
                 "exact in expectation but for eps; a sample's spread is 12 % of it at d = 64: eight standard errors")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8 width=64"}, 512}, {{"layers=8|32 width=128"}, 1024}, {{"layers=8|128 width=256"}, 512}},
    },
    {
        .id = "span-half-life",
        .source = "derived: analysis/bounds",
        .statement =
            "SpanNorm with unit init and equal tokens is no isometry: the token-specific gradient is multiplied by 3/4 "
            "per block from the output, whose cotangent is independent between tokens, to the input",
        .hypotheses = "placement=spannorm " COLLAPSED " tokens<=64 " WIDE,
        .free = "norm",
        .settings = "placement=spannorm init=unit heads=2 tokens=8 input-correlation=0.9999999999",
        .checks = {CLAIM_TEST("block-factor", "gradient_specific", "1", "L", "@span-half-life", "@span-half-life",
                              FACTOR_MARGIN, FACTOR_REASON)},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8 width=64"}, 512},
                  {{"layers=8|16 width=128"}, 1024},
                  {{"layers=8|16 width=256", "layers=8 width=256 tokens=32 heads=4"}, 2048}},
    },
    {
        .id = "span-unscaled",
        .source = "derived: analysis/bounds",
        .statement = "SpanNorm without ScaleInit loses the isometry: with unit init and independent tokens g_0/g_L "
                     "falls below e^-1, the least that ScaleInit (c = 1) allows, before L = 32",
        .hypotheses = "placement=spannorm init=unit mask=none cotangent=iid layers>=32 activation=relu input-scale=1 "
                      "tokens>=16 tokens<=64 " WIDE,
        .free = "norm",
        .settings = "placement=spannorm init=unit heads=2",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", NULL, "-1", "0",
                              "none: a one-sided statement; -2.8 and less measured")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"tokens=32 layers=32 width=64"}, 256},
                  {{"tokens=32 layers=32 width=256"}, 256},
                  {{"tokens=32 layers=32|64|128 width=512"}, 512}},
    },
    {
        .id = "span-norms-skip",
        .source = "arXiv 2601.22580, Eqs. 5-8 as a re-implementation gives them",
        .statement = "In SpanNorm's first block the skip is not normed: the input's scale e reaches the block's sum, "
                     "whose branches are then 1/e^2 of it. With e = 3 the first block's second norm divides by 9 + f, "
                     "so 1 - layer_cosine is about f/2/(9 + f); a normed skip would give it 1 - 1/sqrt(1 + f)",
        .hypotheses = "placement=spannorm init=unit input-scale=3 norm=rmsnorm " WIDE,
        .free = "tokens mask cotangent input-correlation",
        .settings = "placement=spannorm init=unit input-scale=3 heads=2 tokens=8 layers=2",
        .checks = {CLAIM_TEST("approach", "layer_cosine", "1", "1", "1 - 3/sqrt(10)", "1 - 3/sqrt(10)",
                              "0.35/d + 0.0005",
                              "O(1/d), 0.15/d measured at d = 64 and 256: the branch is uncorrelated with the skip "
                              "only in the mean; six standard errors")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"width=64"}, 256}, {{"width=256"}, 512}, {{"width=1024"}, 512}},
    },
    {
        /* The extremes of L layers' noise grow like sqrt(log L), and the noise with few tokens, features and hidden features
         * over which a branch averages: at L = 32 0.86 and 0.70 with one token at d = 64 and 128, 0.71 with 64 hidden
         * features at d = 64, against 0.35. */
        .id = "span-utilisation",
        .source = "derived: analysis/bounds; arXiv 2601.22580 (\"representation collapse\")",
        .statement = "SpanNorm with ScaleInit uses every layer alike: the largest over the smallest 1 - cos(x_(l-1), "
                     "x_l) of all layers stays below 2 whatever L, while with PreNorm and unit init it grows like L",
        .hypotheses = "placement=spannorm|prenorm init=scaleinit:1|unit mask=none input-scale=1 layers>=8 "
                      "activation=relu tokens>=8 tokens<=64 width>=128 heads<=8 ffn-width>=512",
        .free = "norm cotangent",
        .settings = "heads=2 tokens=8",
        .checks = {CLAIM_TEST("approach-spread", "layer_cosine", "1", "L", "0", "0.6931", "0",
                              "none: a one-sided statement; 0.35 measured at most",
                              .where = "placement=spannorm init=scaleinit"),
                   CLAIM_TEST("approach-spread", "layer_cosine", "1", "L", "1", "1", "0.15",
                              "0.08 measured at L = 8, 32 and d = 128, 0.04 up to L = 128: the first layers' 1 - cos "
                              "is not yet 1/(2l), but 0.35 at l = 1; six standard errors",
                              .where = "placement=prenorm init=unit", .contrast = "slope", .against = "L")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"placement=spannorm init=scaleinit layers=8|32 width=128",
                    "placement=prenorm init=unit layers=8|32 width=128"},
                   256},
                  {{"placement=spannorm init=scaleinit layers=8|32|128 width=512",
                    "placement=prenorm init=unit layers=8|32|128 width=512"},
                   256},
                  {{"placement=spannorm init=scaleinit layers=8|32|128|512 width=512",
                    "placement=prenorm init=unit layers=8|32|128|512 width=512"},
                   256}},
    },
    {
        /* One token's attention passes on all that it is given, forward and back: PreNorm's g_0/g_L is then 1 + 2c^2
         * itself, and q_L/q_0, to which 1 - cos's ratio tends, too, with noise that no mean over tokens takes off. Two
         * tokens' scores hand back more than they pass on: log g_0/g_L is 1.108 in the limit of width at L = 8. From
         * three on both have room: 1.075, and 0.81 for 1 - cos at L = 32. The numbers are those of c = 1: at T = 8
         * PostNorm's log g_0/g_L is 0.22 c^2 with c = 1/2, and with c = 2 it falls by 0.28 from L = 8 to 32. */
        .id = "scaled-baselines",
        .source = "derived: analysis/bounds",
        .statement = "ScaleInit alone does most of the work: with it PostNorm's g_0/g_L lies between e^(-2c^2) and "
                     "1.22 and PreNorm's between 1 and 1 + 2c^2 for every L, without a drift, and PreNorm's 1 - cos "
                     "varies by less than 1 + 2c^2 over the layers. What SpanNorm adds is that the constant is 1",
        .hypotheses = "placement=postnorm|prenorm init=scaleinit:1 activation=relu mask=none cotangent=iid "
                      "input-scale=1 tokens>=3 tokens<=64 " WIDE,
        .free = "norm",
        .settings = "init=scaleinit heads=2 tokens=8",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "@post-gradient-floor", "0.2*c^2", "8/d",
                              "as for span-isometry; in the limit of width 0.12 c^2 at T = 2, 0.06 c^2 at T = 8",
                              .where = "placement=postnorm"),
                   CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "0", "1.0986*c^2", "8/d",
                              "as for span-isometry; in the limit of width 0.94 at T = 8",
                              .where = "placement=prenorm"),
                   CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "0", "0", "0.065 + 2/d",
                              "the floor itself falls by 0.085 from L = 8 to 32, a slope of 0.061; O(1/d) where the "
                              "width is not the same for every L",
                              .where = "placement=postnorm", .contrast = "slope", .against = "L"),
                   CLAIM_TEST("approach-spread", "layer_cosine", "1", "L", "0", "1.0986*c^2", "14/d",
                              "O(1/d): 13/d measured from d = 64 to 256 at L = 32, the noise of the two extremes",
                              .where = "placement=prenorm")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"placement=postnorm|prenorm layers=8|32 width=64"}, 512},
                  {{"placement=postnorm|prenorm layers=8|32|128 width=256"}, 512},
                  {{"placement=postnorm|prenorm layers=8|32|128|512 width=256"}, 512}},
    },
    {
        .id = "moe-variance",
        .source = "derived: analysis/moments, analysis/bounds",
        .statement = "SpanNorm with a mixture of experts in place of the FFN: the activation variance is 1 at every "
                     "block's output",
        .hypotheses = "input-scale=1 width>=32 heads<=8 ffn-width>=64",
        .free = "layers tokens activation norm mask cotangent input-correlation router experts top-k",
        .settings = SPAN_MOE " heads=2 tokens=8 experts=4 top-k=2",
        .checks = {CLAIM_TEST("value", "activation_variance", "1", "L", "1", "1", EPS_MARGIN, EPS_REASON)},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"init=unit router=renormalised|switch layers=4 width=32"}, 16},
                  {{"init=unit|scaleinit router=renormalised|switch layers=8 width=64"}, 16},
                  {{"init=unit|scaleinit router=renormalised|switch layers=32 width=128"}, 16}},
    },
    {
        .id = "moe-isometry",
        .source = "derived: analysis/moments, analysis/bounds",
        .statement = "SpanNorm with ScaleInit and a mixture of experts: g_0/g_L stays between e^(-c^2) and 1.22 and "
                     "does not drift with L; the constant is not 1, because the router returns a gradient that the "
                     "forward pass has no share of",
        .hypotheses =
            "init=scaleinit:1 activation=relu mask=none cotangent=iid input-scale=1 tokens>=4 tokens<=64 " WIDE,
        .settings = SPAN_MOE " init=scaleinit heads=2 tokens=8 experts=4 top-k=2",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "@span-gradient-floor", "0.2*c^2 + 1/L",
                              "8/d",
                              "as for span-isometry; in the limit of width the router's gradient makes it 0.19 c^2 "
                              "(renormalised) and 0.14 c^2 (switch)"),
                   CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "0", "0", "0.04 + 1/d",
                              "as for span-isometry, twice its c^4/16 for the router's share; -0.004 measured",
                              .contrast = "slope", .against = "L")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8|32 width=64"}, 256},
                  {{"router=renormalised layers=8|32 width=128"}, 512},
                  {{"router=renormalised layers=8|32|128 width=256"}, 512}},
    },
    {
        /* At d = 64 the extremes of more layers pass log 2 by their noise: 1.0 at L = 96, 0.3 to 0.6 at d = 256, L = 128. */
        .id = "moe-utilisation",
        .source = "derived: analysis/moments, analysis/bounds",
        .statement = "SpanNorm with ScaleInit and a mixture of experts uses every layer alike: the largest over the "
                     "smallest 1 - cos of all layers stays below 2 whatever L",
        .hypotheses = "init=scaleinit:1 mask=none input-scale=1 layers>=8 activation=relu norm=rmsnorm "
                      "input-correlation<=0 tokens>=8 tokens<=64 " WIDE,
        .free = "cotangent",
        .settings = SPAN_MOE " init=scaleinit heads=2 tokens=8 experts=4 top-k=2",
        .checks = {CLAIM_TEST("approach-spread", "layer_cosine", "1", "L", "0", "0.6931", "0",
                              "none: a one-sided statement; 0.3 measured at most", .where = "layers<=32"),
                   CLAIM_TEST("approach-spread", "layer_cosine", "1", "L", "0", "0.6931", "0", "as for fewer layers",
                              .where = "layers>=33 width>=256")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8|32 width=64"}, 128},
                  {{"layers=8|32 width=256"}, 256},
                  {{"layers=8|32|128 width=256"}, 256}},
    },
    {
        .id = "cost",
        .source = "arXiv 2601.22580 (\"efficiency comparable to PreNorm\")",
        .statement = "SpanNorm's blocks take as many norms and as many operations in products as PreNorm's; its first "
                     "block takes one norm more, which is what the final norm of PreNorm models costs (its time, a "
                     "ratio near 1: build/bench/cost of `make bench`)",
        .hypotheses = "placement=spannorm|prenorm layers>=2",
        .free = "init width heads tokens ffn-width activation norm mask cotangent input-correlation input-scale",
        .settings = "init=unit layers=8",
        .checks = {CLAIM_TEST("value", "norms", "2", "L", "0", "0", "0.5", "counted in whole numbers",
                              .contrast = "difference"),
                   CLAIM_TEST("value", "flops", "1", "L", "0", "0", "0.5", "counted in whole numbers",
                              .contrast = "difference"),
                   CLAIM_TEST("value", "norms", "1", "1", "1", "1", "0.5", "counted in whole numbers",
                              .contrast = "difference")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"placement=prenorm|spannorm width=64"}, 2},
                  {{"placement=prenorm|spannorm width=512"}, 2},
                  {{"placement=prenorm|spannorm width=2048 layers=128"}, 2}},
    },
};

const struct claim_group ledger_span = {"SpanNorm and ScaleInit", claims, sizeof claims / sizeof *claims};
