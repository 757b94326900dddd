#include "analysis/claims/ledger.h"

static const struct claim claims[] = {
    {
        .id = "pre-variance",
        .source = "derived: analysis/bounds; Xiong et al., arXiv 2002.04745, Lemma 2",
        .statement = "PreNorm with unit init: the activation variance grows linearly, every block adds between f = 1 "
                     "(the FFN alone) and f + alpha = 2 (all tokens equal)",
        .hypotheses = "placement=prenorm init=unit input-scale=1 " WIDE,
        .free = "layers tokens activation norm mask cotangent input-correlation",
        .settings = "placement=prenorm init=unit heads=2 tokens=8",
        .checks = {CLAIM_TEST("increment", "activation_variance", "1", "L", "@pre-variance-floor",
                              "@pre-variance-ceiling", "0.1",
                              "the bounds are exact in expectation at every width; where the tokens have collapsed and "
                              "the increment nears 2 a sample's spread is 1.07: five standard errors")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8 width=64"}, 1024}, {{"layers=16 width=128"}, 3200}, {{"layers=32 width=256"}, 8000}},
    },
    {
        /* With uniform attention the recursion of (q, p) is two lines; over layers L/8..L its slope is within 0.03 of
         * -1 for L = 32 to 1024 and T = 1 to 64: -0.980 (L = 32, T = 1) to -1.028 (L = 128, T = 64). So it is with
         * ReLU, whose mean draws tokens together; where they stay apart, attention's branch goes on growing: -0.907 with
         * a linear FFN, -0.949 with relu2 (L = 32, T = 64). */
        .id = "pre-collapse",
        .source = "derived: analysis/bounds; arXiv 2002.04745",
        .statement =
            "PreNorm with unit init: 1 - cos(x_(l-1), x_l) falls like 1/l (log-log slope -1 over the layers L/8 to L)",
        .hypotheses = "placement=prenorm init=unit activation=relu mask=none input-scale=1 layers>=32 tokens<=64 " WIDE,
        .free = "norm cotangent input-correlation",
        .settings = "placement=prenorm init=unit heads=2 tokens=8",
        .checks = {CLAIM_TEST("approach-slope", "layer_cosine", "L/8", "L", "-1", "-1", "0.03 + 3/d",
                              "0.03 is the distance of the infinite-width slope from -1 at finite L; 0.4/d for the "
                              "width measured, and six standard errors, of a sample's spread of 0.1 at d = 64")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=32 width=64"}, 256}, {{"layers=64 width=64"}, 512}, {{"layers=64|256 width=128"}, 1024}},
    },
    {
        .id = "pre-gradient",
        .source = "derived: analysis/bounds",
        .statement = "PreNorm with unit init: the gradient grows toward the input like a power of L without an "
                     "exponential term, the power that the moments of infinite width predict, 0.86 from L = 8 to 128",
        .hypotheses =
            "placement=prenorm init=unit activation=relu mask=none cotangent=iid input-scale=1 tokens<=64 " WIDE,
        .free = "norm input-correlation",
        .settings = "placement=prenorm init=unit heads=2 tokens=8",
        .checks =
            {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "@predicted", "@predicted", "0.05",
                        "O(1/d): 0.004 measured at d = 64; six standard errors", .contrast = "slope", .against = "L"),
             CLAIM_TEST(
                 "log-ratio", "gradient_variance", "0", "L", "0", "0", "0.05",
                 "a factor of 1.003 per block would bend the curve by 0.055; 0.002 measured, six standard errors 0.03",
                 .contrast = "bend", .against = "L")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8|32|128 width=64"}, 1024},
                  {{"layers=8|32|128 width=256"}, 512},
                  {{"layers=8|32|128|512 width=512"}, 512}},
    },
    {
        .id = "post-variance",
        .source = "by construction",
        .statement = "PostNorm: the activation variance is 1 at every block's output, whatever L. True by "
                     "construction, of every placement that ends in a norm",
        .hypotheses = "placement=postnorm input-scale=1 " WIDE,
        .free = "layers tokens activation norm mask cotangent input-correlation",
        .settings = "placement=postnorm heads=2 tokens=8 width=64",
        .checks = {CLAIM_TEST("value", "activation_variance", "1", "L", "@post-variance", "@post-variance", EPS_MARGIN,
                              EPS_REASON)},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"init=unit layers=8", "init=scaleinit layers=16"}, 16},
                  {{"init=unit layers=8|128", "init=scaleinit layers=8"}, 16},
                  {{"init=unit|scaleinit|xavier layers=8", "init=unit layers=1024"}, 31}},
    },
    {
        .id = "post-vanishing",
        .source = "derived: analysis/bounds",
        .statement = "PostNorm with unit init and equal tokens: the token-specific gradient is multiplied by 1/2 per "
                     "block from the output, whose cotangent is independent between tokens, to the input",
        .hypotheses = "placement=postnorm " COLLAPSED " tokens<=64 " WIDE,
        .free = "norm",
        .settings = "placement=postnorm init=unit heads=2 tokens=8 input-correlation=0.9999999999",
        .checks = {CLAIM_TEST("block-factor", "gradient_specific", "1", "L", "@post-half-life", "@post-half-life",
                              FACTOR_MARGIN, FACTOR_REASON)},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8 width=64"}, 512},
                  {{"layers=8|16 width=128"}, 1024},
                  {{"layers=8|16 width=256", "layers=8 width=256 tokens=32 heads=4"}, 2048}},
    },
    {
        .id = "post-floor",
        .source = "derived: analysis/bounds",
        .statement = "PostNorm with unit init and equal tokens: the total gradient stops falling at the token-mean "
                     "mode, 1/T of it, for a cotangent that is independent between tokens or on one token only",
        .hypotheses = "placement=postnorm init=unit activation=relu mask=none cotangent=iid|last input-scale=1 "
                      "input-correlation>=0.9999999999 tokens>=8 tokens<=16 " WIDE,
        .free = "norm",
        .settings = "placement=postnorm init=unit heads=2 tokens=8 input-correlation=0.9999999999",
        .checks = {CLAIM_TEST("value", "gradient_variance/gradient_specific", "0", "0", "2", NULL, "0",
                              "none: a one-sided statement; 9,000 measured"),
                   CLAIM_TEST("block-factor", "gradient_variance", "1", "L/2", "1", "1", "4/d + 0.02",
                              "4/d: half the logarithm's variance of 7.6/d per block; above the middle 2^(-L/2)/T of "
                              "the specific part is left; 0.02 is seven standard errors")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=16 width=64"}, 512},
                  {{"cotangent=iid|last layers=16 width=256"}, 512},
                  {{"cotangent=iid|last layers=16|32 width=512"}, 512}},
    },
    {
        .id = "post-pooled",
        .source = "derived: analysis/moments",
        .statement = "PostNorm with unit init and a pooled loss (the same cotangent for every token): the gradient "
                     "does not vanish; g_0/g_L is at least 1",
        .hypotheses =
            "placement=postnorm init=unit activation=relu mask=none cotangent=pooled input-scale=1 tokens<=64 " WIDE,
        .free = "norm input-correlation",
        .settings = "placement=postnorm init=unit cotangent=pooled heads=2 tokens=8",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "0", NULL, "5*L/d",
                              "O(L/d): the mean logarithm lies half its variance of 7.6 L/d, so 3.8 L/d, below the "
                              "logarithm of the mean; the rest is six standard errors")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=16 width=64"}, 512},
                  {{"input-correlation=0|0.999999 layers=16 width=256"}, 1024},
                  {{"input-correlation=0|0.999999 layers=16|64 width=512"}, 2048}},
    },
    {
        .id = "rank-collapse",
        .source = "derived: analysis/bounds",
        .statement = "With unit init and nearly equal tokens, 1 - token cosine is halved by every PostNorm block and "
                     "multiplied by 3/4 by every SpanNorm block",
        .hypotheses = "placement=postnorm|spannorm init=unit activation=relu mask=none input-correlation>=0.9999 "
                      "input-correlation<=0.9999999 "
                      "input-scale=1 tokens>=2 tokens<=64 " WIDE,
        .free = "norm cotangent",
        .settings = "init=unit heads=2 tokens=8 input-correlation=0.999999 layers=6",
        .checks = {CLAIM_TEST("approach-factor", "token_cosine", "1", "L", "1/2", "1/2", "2/d + 0.005",
                              "O(1/d), 0.5/d to 0.7/d measured; the ReLU's next order (1 - r)^(1/2)/3 is 0.0003; six "
                              "standard errors",
                              .where = "placement=postnorm"),
                   CLAIM_TEST("approach-factor", "token_cosine", "1", "L", "3/4", "3/4", "2/d + 0.005",
                              "as for postnorm", .where = "placement=spannorm")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"placement=postnorm|spannorm width=64"}, 512},
                  {{"placement=postnorm|spannorm width=256"}, 1024},
                  {{"placement=postnorm|spannorm width=1024"}, 1024}},
    },
    {
        .id = "causal-hoarding",
        .source = "derived: analysis/moments",
        .statement = "With a causal mask and unit init the first token hoards PostNorm's gradient: at the input its "
                     "mean square is more than 10 times the median token's, and the mean over tokens misleads",
        .hypotheses =
            "placement=postnorm init=unit mask=causal cotangent=iid layers>=16 tokens>=16 input-scale=1 " WIDE,
        .free = "norm",
        .settings = "placement=postnorm init=unit mask=causal heads=2 tokens=16",
        .checks = {CLAIM_TEST("log-value", "gradient_variance.token1/gradient_variance.median", "0", "0", "2.3026",
                              NULL, "0", "none: a one-sided statement, log 10; 10 measured")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=16 width=64"}, 256}, {{"layers=16 width=256"}, 512}, {{"layers=16|32 width=512"}, 512}},
    },
    {
        /* The drift is that of c = 1: with c = 2 the limit of width has a slope of 0.077. */
        .id = "causal-median",
        .source = "derived: analysis/moments",
        .statement = "With a causal mask and ScaleInit the median token keeps its gradient in SpanNorm and PostNorm: "
                     "g_0/g_L of the median token lies above e^(-c^2) and e^(-2c^2), without a drift in L",
        .hypotheses = "placement=spannorm|postnorm init=scaleinit:1 activation=relu mask=causal cotangent=iid "
                      "input-scale=1 tokens<=64 input-correlation<=0 " WIDE,
        .free = "norm",
        .settings = "init=scaleinit mask=causal heads=2 tokens=8",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance.median", "0", "L", "-c^2", "0.2*c^2", "8/d",
                              "as for span-isometry", .where = "placement=spannorm"),
                   CLAIM_TEST("log-ratio", "gradient_variance.median", "0", "L", "-2*c^2", "0.2*c^2", "8/d",
                              "as for span-isometry", .where = "placement=postnorm"),
                   CLAIM_TEST("log-ratio", "gradient_variance.median", "0", "L", "0", "0", "0.03 + 4/d",
                              "the floor falls by 0.04 from L = 8 to 32, a slope of 0.03; O(1/d): 1/d measured, and "
                              "six standard errors",
                              .where = "placement=spannorm", .contrast = "slope", .against = "L")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"placement=spannorm|postnorm layers=8|32 width=64"}, 256},
                  {{"placement=spannorm|postnorm layers=8|32|128 width=256"}, 512},
                  {{"placement=spannorm|postnorm layers=8|32|128 width=512"}, 512}},
    },
    {
        .id = "b2t-half-life",
        .source = "derived: analysis/bounds",
        .statement = "B2T with unit init and equal tokens: the token-specific gradient is multiplied by ((1 + 1/sqrt "
                     "2)^2 + 1/2)/(3 + sqrt 2) = 0.773 per block",
        .hypotheses = "placement=b2t " COLLAPSED " tokens<=64 " WIDE,
        .free = "norm",
        .settings = "placement=b2t init=unit heads=2 tokens=8 input-correlation=0.9999999999",
        .checks = {CLAIM_TEST("block-factor", "gradient_specific", "1", "L", "((1 + 1/sqrt(2))^2 + 1/2)/(3 + sqrt(2))",
                              "((1 + 1/sqrt(2))^2 + 1/2)/(3 + sqrt(2))", FACTOR_MARGIN, FACTOR_REASON)},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8 width=64"}, 512}, {{"layers=8|16 width=128"}, 1024}, {{"layers=8|16 width=256"}, 2048}},
    },
    {
        /* An FFN's arguments have the variance (8L)^(-1/2), of which only a function of degree 1 makes the same share at
         * every depth: in the limit of width at T = 64 and F = d/8 the slope is -1.63 with SwiGLU, -1.55 with GELU, -1.43
         * with tanh. */
        .id = "deepnorm-distance",
        .source = "derived here; arXiv 2203.00555's init, whose wv, wo and w1, w2 each have (8L)^(-1/4)",
        .statement = "DeepNorm's blocks draw near the identity as the stack deepens: 1 - cos(x_(l-1), x_l) of its last "
                     "block falls like 1/(8L)/sqrt(2L), the branches' variance over the skip's, so L such steps take "
                     "the stack L^(-1/2) away from its input",
        .hypotheses =
            "placement=deepnorm init=deepnorm activation=relu|identity layers>=4 input-scale=1 tokens<=64 " WIDE,
        .free = "norm mask cotangent input-correlation",
        .settings = "placement=deepnorm init=deepnorm heads=2 tokens=8",
        .checks = {CLAIM_TEST("log-approach", "layer_cosine", "L", "L", "-3/2", "-3/2", "0.03",
                              "O(1/L): the next order of 1 - cos is 0.004 of it at L = 8, which bends the slope by "
                              "0.002; six standard errors at d = 64 are 0.03",
                              .contrast = "slope", .against = "L")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8|32|128 width=64"}, 256},
                  {{"layers=8|32|128 width=256"}, 256},
                  {{"layers=8|32|128|512 width=256"}, 256}},
    },
    {
        /* The FFN is given norm(y)/sqrt(l), of which a function of degree 1, phi(s u) = s phi(u) for s > 0, makes 1/l of
         * what the initialisation makes 1. Others do not: GELU's share falls to 0.59/l, (1/4)/E phi^2, as its argument
         * nears 0, products and squares are of degree 2, and a sigmoid hands on its mean. */
        .id = "lns-variance",
        .source = "derived here",
        .statement =
            "LNS with unit init: block l adds between 1/l and 2/l, so the activation variance grows like log L",
        .hypotheses = "placement=lns init=unit activation=relu|identity input-scale=1 " WIDE,
        .free = "layers tokens norm mask cotangent input-correlation",
        .settings = "placement=lns init=unit heads=2 tokens=8",
        .checks = {CLAIM_TEST("increment", "activation_variance", "1", "L", "1/l", "2/l", "0.1/l",
                              "exact in expectation; a sample's spread is 0.17 at l = 1 and grows to the increment "
                              "itself where tokens have collapsed: five standard errors")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8 width=64"}, 1024}, {{"layers=16 width=128"}, 3200}, {{"layers=32 width=256"}, 8000}},
    },
    {
        /* With uniform attention the recursion of (q, p) gives 1 - r the exponent -1/2 in the end, -a/(a + f) with a =
         * f = 1, which depth reaches slowly. */
        .id = "pre-rank",
        .source = "derived: analysis/moments",
        .statement = "PreNorm with unit init: 1 - token cosine falls like a power of l, not exponentially: over the "
                     "layers L/8 to L with the power that the moments of infinite width predict, near -0.55",
        .hypotheses = "placement=prenorm init=unit activation=relu mask=none input-correlation<=0 input-scale=1 "
                      "tokens>=8 tokens<=64 " WIDE,
        .free = "norm cotangent",
        .settings = "placement=prenorm init=unit heads=2 tokens=8",
        .checks = {CLAIM_TEST("approach-slope", "token_cosine", "L/8", "L", "@predicted", "@predicted", "0.03 + 3/d",
                              "O(1/d): 1/d measured at d = 64; six standard errors, of a sample's spread of 0.14")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=32 width=64"}, 256}, {{"layers=64 width=128"}, 512}, {{"layers=64|256 width=256"}, 512}},
    },
    {
        .id = "b2t-isometry",
        .source = "derived: analysis/bounds; B2T, arXiv 2206.00330",
        .statement =
            "B2T with ScaleInit keeps its gradient as SpanNorm does: g_0/g_L lies between 0.9 and 1.1 for every L",
        .hypotheses =
            "placement=b2t init=scaleinit:1 activation=relu mask=none cotangent=iid input-scale=1 tokens<=64 " WIDE,
        .free = "norm",
        .settings = "placement=b2t init=scaleinit heads=2 tokens=8",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "-0.105", "0.095", "8/d",
                              "as for span-isometry; 0.058 in the limit of width at T = 8")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8|32 width=64"}, 256},
                  {{"layers=8|32 width=256"}, 256},
                  {{"layers=8|32|128 width=512"}, 512}},
    },
};

const struct claim_group ledger_baseline = {"PreNorm, PostNorm and others", claims, sizeof claims / sizeof *claims};
