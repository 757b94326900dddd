#include "analysis/ledger.h"

/* Norms add eps = 1e-6 to the mean square Q that they divide by, so an output's mean square is Q/(Q + eps). */
#define EPS_MARGIN "2e-6"
#define EPS_REASON "the norm's eps of 1e-6 takes off 1e-6/Q, Q the mean square before the norm, at least 1/2"

/* Factors per block of the token-specific gradient at widths 32, 64, 128, 256 (T = 8, 2 heads, 3,200 to 600 samples):
 * geometric mean over 7 blocks 0.510, 0.503, 0.503, 0.501 (PostNorm) and 0.761, 0.756, 0.752, 0.750 (SpanNorm), so
 * 0.35/d above the limit; the mean of single blocks' factors is 1.2/d above it, half the variance of their logarithm.
 * Tokens that are not quite equal leak gradient from the token-mean mode: where two tokens' angle is theta, their ReLU
 * masks differ in a share theta/pi of features, which adds theta/(4 pi T) to a specific part of 2^-(L - l + 1). At
 * correlation 1 - 1e-4, T = L = 8, that makes the PostNorm mean 0.004 larger (0.003 measured, same seeds); at
 * 1 - 1e-10 and L = 16, 0.0005. */
#define FACTOR_MARGIN "2/d"
#define FACTOR_REASON                                                                                                  \
    "O(1/d): 0.35/d measured for the geometric mean over the blocks, 1.2/d for a single block; tokens that are not "   \
    "quite equal add at most 0.1 %"
#define COLLAPSED                                                                                                      \
    "init=unit activation=relu mask=none cotangent=iid input-scale=1 input-correlation>=0.9999999999 layers<=16"

#define SPAN_MOE "placement=first:y=norm(x+attn(norm(x)));x=norm(x+moe(y));block:y=norm(x+attn(x));x=norm(x+moe(y))"

static const struct claim claims[] = {
    {
        .id = "span-variance",
        .source = "derived: analysis/bounds; arXiv 2601.22580 (\"bounded signal variance\")",
        .statement = "SpanNorm: the activation variance is 1 at every block's output, whatever L. True by "
                     "construction, of every "
                     "placement that ends in a norm; span-moments says what is not",
        .hypotheses = "placement=spannorm input-scale=1",
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
        .statement = "SpanNorm with unit init: before the norms the second moments are 1 + a with a at most 1 and 1 + "
                     "f with f = 1, "
                     "at every depth",
        .hypotheses = "placement=spannorm init=unit",
        .settings = "placement=spannorm init=unit heads=2 tokens=8",
        .checks = {CLAIM_TEST("value", "branch_ratio.attn", "2", "L", "0", "1", "0.15",
                              "exact in expectation; what the samples resolve where tokens have collapsed and a is 1"),
                   CLAIM_TEST("value", "branch_ratio.ffn", "2", "L", "1", "1", "0.15",
                              "exact in expectation; what the samples resolve")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8 width=64"}, 1024}, {{"layers=16 width=128"}, 2048}, {{"layers=64 width=256"}, 2048}},
    },
    {
        /* Ceiling: the product of (1 + f' rho_l)/(1 + f) with f = f' = c^2/L is exp of about the sum of f (rho_l - 1),
         * rho_l - 1 the surplus of attention's backward gain over its forward gain, both O(c^2/L): k c^4/L in all.
         * Measured in the limit of width: k = 0.15 at most (T = 8, L = 2, 4, 8; T = 2 to 32, L = 4). Width adds 2.5/d
         * to the log (d = 32, 64, 128 at L = 8: 0.091, 0.052, 0.037). */
        .id = "span-isometry",
        .source = "derived: analysis/bounds; arXiv 2601.22580 (\"stable gradients\")",
        .statement = "SpanNorm with ScaleInit: g_0/g_L lies between (1 + c^2/L)^-L, which is at least e^(-c^2), and 1 "
                     "+ O(1/L) for "
                     "every L, and does not drift with L",
        .hypotheses = "placement=spannorm init=scaleinit activation=relu mask=none cotangent=iid input-scale=1",
        .settings = "placement=spannorm init=scaleinit heads=2 tokens=8",
        .checks =
            {CLAIM_TEST(
                 "log-ratio", "gradient_variance", "0", "L", "@span-gradient-floor", "c^4/2/L", "10/d",
                 "O(1/d): 2.5/d measured at d = 32 to 128 for every L; the ceiling is the exact value, not a bound "
                 "with room"),
             CLAIM_TEST(
                 "log-ratio", "gradient_variance", "0", "L", "0", "0", "0.0225*c^4 + 1/d",
                 "the ceiling's own O(1/L) lets the log fall by c^4/16 from L = 8 to 128, a slope of 0.0225; 1/d "
                 "where the "
                 "2.5/d of the width is not the same for every L",
                 .contrast = "slope", .against = "L")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8|32|128 width=64"}, 512},
                  {{"layers=8|32|128 width=256"}, 512},
                  {{"layers=8|32|128|1024 width=512"}, 1024}},
    },
    {
        .id = "span-isometry-smooth",
        .source = "derived: analysis/bounds",
        .statement = "SpanNorm with ScaleInit and a smooth activation: g_0/g_L tends to e^(f'/f - 1), f'/f the surplus "
                     "of the FFN's "
                     "backward gain, for every L",
        .hypotheses = "placement=spannorm init=scaleinit activation=gelu|silu mask=none cotangent=iid input-scale=1",
        .settings = "placement=spannorm init=scaleinit heads=2 tokens=8",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "0.072", "0.072", "10/d + 0.5/L",
                              "as for span-isometry; f'/f - 1 by quadrature", .where = "activation=gelu"),
                   CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "0.067", "0.067", "10/d + 0.5/L",
                              "as for span-isometry; f'/f - 1 by quadrature", .where = "activation=silu")},
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
        .hypotheses = "placement=spannorm init=scaleinit activation=relu mask=none cotangent=pooled|last input-scale=1",
        .settings = "placement=spannorm init=scaleinit heads=2 tokens=8",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "@span-gradient-floor", "0.2*c^2", "10/d",
                              "O(1/d), as for span-isometry")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"cotangent=pooled|last layers=32 width=64"}, 256},
                  {{"cotangent=pooled|last layers=8|32 width=256"}, 512},
                  {{"cotangent=pooled|last layers=8|32|128 width=512"}, 512}},
    },
    {
        .id = "scaleinit-branches",
        .source = "arXiv 2601.22580's ScaleInit as its abstract describes it: depth-scaled",
        .statement =
            "ScaleInit gives every FFN branch of SpanNorm the share c^2/L of the block's input, and attention at "
            "most that",
        .hypotheses = "placement=spannorm init=scaleinit input-scale=1",
        .settings = "placement=spannorm init=scaleinit heads=2 tokens=8",
        .checks = {CLAIM_TEST("value", "branch_ratio.ffn", "2", "L", "c^2/L", "c^2/L", "0.1*c^2/L",
                              "exact in expectation but for eps; 10 % is what the samples resolve"),
                   CLAIM_TEST("value", "branch_ratio.attn", "2", "L", "0", "c^2/L", "0.1*c^2/L",
                              "exact in expectation; 10 % is what the samples resolve")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8 width=64"}, 256}, {{"layers=8|32 width=128"}, 512}, {{"layers=8|128 width=256"}, 512}},
    },
    {
        .id = "span-half-life",
        .source = "derived: analysis/bounds",
        .statement = "SpanNorm with unit init and equal tokens is no isometry: the token-specific gradient is "
                     "multiplied by 3/4 per "
                     "block from the output, whose cotangent is independent between tokens, to the input",
        .hypotheses = "placement=spannorm " COLLAPSED,
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
        .statement =
            "SpanNorm without ScaleInit loses the isometry: with unit init and independent tokens g_0/g_L falls below "
            "e^-1, the least that ScaleInit (c = 1) allows, before L = 32",
        .hypotheses = "placement=spannorm init=unit mask=none cotangent=iid layers>=32",
        .settings = "placement=spannorm init=unit heads=2",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", NULL, "-1", "0",
                              "none: a one-sided statement")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"tokens=32 layers=32 width=64"}, 256},
                  {{"tokens=32 layers=32 width=256"}, 256},
                  {{"tokens=32 layers=32|64|128 width=512"}, 512}},
    },
    {
        .id = "span-norms-skip",
        .source = "arXiv 2601.22580, Eqs. 5-8 as a re-implementation gives them",
        .statement = "In SpanNorm's first block the skip is not normed: the input's scale e reaches the block's sum, "
                     "whose branches "
                     "are then 1/e^2 of it. With e = 3 the first block's second norm divides by 9 + f, so 1 - "
                     "layer_cosine is about "
                     "f/2/(9 + f); a normed skip would give it 1 - 1/sqrt(1 + f)",
        .hypotheses = "placement=spannorm init=unit input-scale=3",
        .settings = "placement=spannorm init=unit input-scale=3 heads=2 tokens=8 layers=2",
        .checks = {CLAIM_TEST("approach", "layer_cosine", "1", "1", "1 - 3/sqrt(10)", "1 - 3/sqrt(10)", "0.005 + 0.1/d",
                              "O(1/d): the branch is uncorrelated with the skip only in the mean")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"width=64"}, 256}, {{"width=256"}, 512}, {{"width=1024"}, 512}},
    },
    {
        .id = "span-utilisation",
        .source = "derived: analysis/bounds; arXiv 2601.22580 (\"representation collapse\")",
        .statement = "SpanNorm with ScaleInit uses every layer alike: the largest over the smallest 1 - cos(x_(l-1), "
                     "x_l) of all "
                     "layers stays below 2 whatever L, while with PreNorm and unit init it grows like L",
        .hypotheses = "placement=spannorm|prenorm init=scaleinit|unit mask=none input-scale=1 layers>=8",
        .settings = "heads=2 tokens=8",
        .checks = {CLAIM_TEST("approach-spread", "layer_cosine", "1", "L", "0", "0.6931", "0", "none: log 2 has room",
                              .where = "placement=spannorm"),
                   CLAIM_TEST("approach-spread", "layer_cosine", "1", "L", "1", "1", "0.15",
                              "the first layers' 1 - cos is not yet 1/(2l): 0.35 at l = 1",
                              .where = "placement=prenorm", .contrast = "slope", .against = "L")},
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
        .id = "scaled-baselines",
        .source = "derived: analysis/bounds",
        .statement =
            "ScaleInit alone does most of the work: with it PostNorm's g_0/g_L lies between e^(-2c^2) and 1.22 "
            "and PreNorm's between 1 and 1 + 2c^2 for every L, without a drift, and PreNorm's 1 - cos varies by "
            "less than 1 + 2c^2 over the layers. What SpanNorm adds is that the constant is 1",
        .hypotheses = "placement=postnorm|prenorm init=scaleinit activation=relu mask=none cotangent=iid input-scale=1",
        .settings = "init=scaleinit heads=2 tokens=8",
        .checks =
            {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "@post-gradient-floor", "0.2*c^2", "10/d",
                        "O(1/d), as for span-isometry; in the limit of width 0.12 c^2 at T = 2, 0.06 c^2 at T = 8",
                        .where = "placement=postnorm"),
             CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "0", "1.0986*c^2", "10/d",
                        "O(1/d), as for span-isometry; in the limit of width 0.94 at T = 8",
                        .where = "placement=prenorm"),
             CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "0", "0", "0.065 + 2/d",
                        "the floor itself falls by 0.085 from L = 8 to 32, a slope of 0.061; O(1/d) where the "
                        "width is not the same for every L",
                        .where = "placement=postnorm", .contrast = "slope", .against = "L"),
             CLAIM_TEST("approach-spread", "layer_cosine", "1", "L", "0", "1.0986*c^2", "4/d",
                        "O(1/d), with room for its constant", .where = "placement=prenorm")},
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
        .hypotheses = "input-scale=1",
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
        .statement =
            "SpanNorm with ScaleInit and a mixture of experts: g_0/g_L stays between e^(-c^2) and 1.22 and does not "
            "drift with L; the constant is not 1, because the router returns a gradient that the forward pass "
            "has no share of",
        .hypotheses = "init=scaleinit activation=relu mask=none cotangent=iid input-scale=1",
        .settings = SPAN_MOE " init=scaleinit heads=2 tokens=8 experts=4 top-k=2",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "@span-gradient-floor", "0.2*c^2 + 1/L",
                              "10/d",
                              "as for span-isometry; in the limit of width the router's gradient makes it 0.19 c^2 "
                              "(renormalised) and 0.14 c^2 (switch)"),
                   CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "0", "0", "0.04 + 1/d",
                              "as for span-isometry", .contrast = "slope", .against = "L")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8|32 width=64"}, 256},
                  {{"router=renormalised layers=8|32 width=128"}, 512},
                  {{"router=renormalised layers=8|32|128 width=256"}, 512}},
    },
    {
        .id = "moe-utilisation",
        .source = "derived: analysis/moments, analysis/bounds",
        .statement = "SpanNorm with ScaleInit and a mixture of experts uses every layer alike: the largest over the "
                     "smallest 1 - "
                     "cos of all layers stays below 2 whatever L",
        .hypotheses = "init=scaleinit mask=none input-scale=1 layers>=8",
        .settings = SPAN_MOE " init=scaleinit heads=2 tokens=8 experts=4 top-k=2",
        .checks = {CLAIM_TEST("approach-spread", "layer_cosine", "1", "L", "0", "0.6931", "0", "none: log 2 has room")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8|32 width=64"}, 128},
                  {{"layers=8|32 width=256"}, 256},
                  {{"layers=8|32|128 width=256"}, 256}},
    },
    {
        .id = "cost",
        .source = "arXiv 2601.22580 (\"efficiency comparable to PreNorm\")",
        .statement = "SpanNorm's blocks take as many norms and as many operations in products as PreNorm's; its first "
                     "block takes "
                     "one norm more, which is what the final norm of PreNorm models costs (time: `make bench`)",
        .hypotheses = "placement=spannorm|prenorm layers>=2",
        .settings = "layers=8",
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
