#include "analysis/ledger.h"

/* Xiong et al.'s setting: queries and keys 0, so attention is uniform; every matrix d x d with variance 1/d, so that
 * the FFN has gain 1/2. */
#define XIONG      "wq=0;wk=0;wv=1/sqrt(d);wo=wv;w1=wv;wg=wv;w2=1/sqrt(F);wr=wv"
#define XIONG_INIT "init=" XIONG
/* Noci et al.'s: uniform attention, a linear FFN, every branch scaled by 1/sqrt(L). */
#define NOCI_INIT "init=wq=0;wk=0;wv=1/sqrt(d);wo=wv/sqrt(L);w1=wv;wg=wv;w2=1/sqrt(F*L);wr=wv"
/* Logits of variance 4. */
#define SHARP_INIT "init=wq=2/sqrt(d);wk=1/sqrt(d);wv=wk;wo=wk;w1=wk;wg=wk;w2=1/sqrt(F*phi2);wr=wk"

#define PRE_FINAL "block:y=x+attn(norm(x));x=y+ffn(norm(y));final:x=norm(x)"
#define POST_HALF "y=norm(x+attn(x));x=y+ffn(y)"
#define PRE_FFN   "x=x+ffn(norm(x))"
#define POST_FFN  "x=norm(x+ffn(x))"
#define KEEL      "a=2*L;y=norm(a*x+attn(norm(x)));x=norm(a*y+ffn(norm(y)))"

static const struct claim claims[] = {
    {
        .id = "xiong-lemma2-pre",
        .source = "Xiong et al., arXiv 2002.04745, Lemma 2",
        .statement = "PreNorm in the paper's setting (W_Q = W_K = 0, d x d matrices of variance 1/d): (1 + l/2) d <= "
                     "E|x_l|^2 <= (1 + 3l/2) d",
        .hypotheses = "placement=prenorm " XIONG_INIT,
        .settings = "placement=prenorm " XIONG_INIT " heads=1 tokens=8",
        .checks = {CLAIM_TEST("value", "activation_variance", "1", "L", "1 + l/2", "1 + 3*l/2", "0.03*l",
                              "exact in expectation; 3 % of the growth is what the samples resolve")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"width=64 ffn-width=64 layers=8"}, 1024},
                  {{"width=128 ffn-width=128 layers=16"}, 1024},
                  {{"width=256 ffn-width=256 layers=32"}, 2048}},
    },
    {
        .id = "xiong-lemma2-post",
        .source = "Xiong et al., arXiv 2002.04745, Lemma 2",
        .statement = "PostNorm in the paper's setting: before the second norm of a block, E|x^5|^2 = 3d/2",
        .hypotheses = XIONG_INIT,
        .settings = "placement=" POST_HALF " " XIONG_INIT " heads=1 tokens=8 layers=1",
        .checks = {CLAIM_TEST("value", "activation_variance", "1", "1", "3/2", "3/2", "0.03",
                              "exact in expectation; 2 % is what the samples resolve")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"width=64 ffn-width=64"}, 2048},
                  {{"width=256 ffn-width=256"}, 1024},
                  {{"width=1024 ffn-width=1024"}, 1024}},
    },
    {
        /* norm(x) alone on one token: the gradient is c (I - n n^T)/|x| sqrt(d) with n = x/|x|, so g_0 q_0 has the mean
         * (d - 1)/d for RMSNorm. LayerNorm projects out the mean too and divides by the variance: (d - 2)/d E[q/Var],
         * E[q/Var] = 1 + 1/(d - 3) for normal x. */
        .id = "xiong-lemma3",
        .source = "Xiong et al., arXiv 2002.04745, Lemma 3 (|J| = O(sqrt d/|x|))",
        .statement =
            "The norm's Jacobian is sqrt d/|x| times a projection, at any scale of x: |J|_F^2 |x|^2/d^2 is 1 - "
            "1/d for RMSNorm, and (1 - 2/d)(1 + 1/(d - 3)) for LayerNorm on normal x",
        .hypotheses = "cotangent=iid",
        .settings = "placement=x=norm(x) init=unit layers=1 tokens=1 heads=1 width=8",
        .checks = {CLAIM_TEST("value", "gradient_variance*activation_variance", "0", "0", "1 - 1/d", "1 - 1/d", "0.03",
                              "the norm's eps takes off 1e-4 at e = 0.1; what the samples resolve of 1/d = 0.125",
                              .where = "norm=rmsnorm"),
                   CLAIM_TEST("value", "gradient_variance*activation_variance", "0", "0", "(d - 2)^2/d/(d - 3)",
                              "(d - 2)^2/d/(d - 3)", "0.03", "as for the other norm", .where = "norm=layernorm")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"norm=rmsnorm|layernorm input-scale=0.1|10"}, 16384},
                  {{"norm=rmsnorm|layernorm input-scale=0.1|1|10"}, 32768},
                  {{"norm=rmsnorm|layernorm input-scale=0.1|1|10"}, 65536}},
    },
    {
        .id = "xiong-theorem1",
        .source = "Xiong et al., arXiv 2002.04745, Theorem 1 (|dW2_L|_F = O(d sqrt(ln d)) and O(d sqrt(ln d/L)))",
        .statement = "The gradient of the last block's W2 does not depend on the depth in PostNorm, and falls like "
                     "1/sqrt L in PreNorm with its final norm (its square like 1/L)",
        .hypotheses = "cotangent=iid input-scale=1",
        .settings = XIONG_INIT " heads=1 tokens=8",
        .checks = {CLAIM_TEST("log-value", "weight_gradient_variance.ffn.w2", "L", "L", "0", "0", "0.1",
                              "the token cosine, which saturates over the first blocks", .where = "placement=postnorm",
                              .contrast = "slope", .against = "L"),
                   CLAIM_TEST("log-value", "weight_gradient_variance.ffn.w2", "L", "L", "-1", "-1", "0.2",
                              "O(1/L): q_L = 1 + l (1/2 to 3/2) is not yet proportional to L at L = 8",
                              .where = "placement=" PRE_FINAL, .contrast = "slope", .against = "L")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"placement=postnorm|" PRE_FINAL " layers=8|64 width=64 ffn-width=64"}, 256},
                  {{"placement=postnorm|" PRE_FINAL " layers=8|32|128 width=128 ffn-width=128"}, 512},
                  {{"placement=postnorm|" PRE_FINAL " layers=8|32|128|512 width=256 ffn-width=256"}, 512}},
    },
    {
        .id = "xiong-post-decay",
        .source = "Xiong et al., arXiv 2002.04745, appendix F (a term, not the theorem)",
        .statement =
            "PostNorm's gradient falls like (2/3)^((L - l)/2), its square by 2/3 per block. False of the total "
            "gradient: the FFN's own backward gain of 3/2 cancels its norm's 2/3",
        .hypotheses = "placement=postnorm mask=none cotangent=iid layers>=16",
        .settings = "placement=postnorm " XIONG_INIT " heads=1 tokens=8",
        .checks = {CLAIM_TEST("block-factor", "gradient_variance", "1", "L", "2/3", "2/3", "0.05",
                              "wide: the measured factor is far off")},
        .expected = VERDICT_CONTRADICTED,
        .plans = {{{"layers=24 width=64 ffn-width=64"}, 256},
                  {{"layers=24 width=128 ffn-width=128"}, 512},
                  {{"layers=24|48 width=256 ffn-width=256"}, 512}},
    },
    {
        .id = "post-decay-half",
        .source = "ResiDual, arXiv 2304.14802, Theorem 3.1; Keel, arXiv 2601.19895",
        .statement = "PostNorm's gradient falls like 2^(-(L - l)/2), its square by 1/2 per block. True of the "
                     "token-specific gradient of equal tokens (post-vanishing), false of the total",
        .hypotheses = "placement=postnorm mask=none cotangent=iid layers>=16",
        .settings = "placement=postnorm init=unit heads=2 tokens=8",
        .checks = {CLAIM_TEST("block-factor", "gradient_variance", "1", "L", "1/2", "1/2", "0.05",
                              "wide: the measured factor is far off")},
        .expected = VERDICT_CONTRADICTED,
        .plans = {{{"layers=24 width=64 input-correlation=0|0.999999"}, 256},
                  {{"layers=24 width=128 input-correlation=0|0.999999"}, 512},
                  {{"layers=24|48 width=256 input-correlation=0|0.999999"}, 512}},
    },
    {
        .id = "b2t-main-source",
        .source = "B2T, arXiv 2206.00330 (the norm is the main source of PostNorm's vanishing gradient)",
        .statement =
            "PostNorm's norm makes the gradient vanish by itself: without attention the square falls by 1/(1 + "
            "f) per block. False: with an FFN alone the gradient keeps its size",
        .hypotheses = "activation=relu cotangent=iid layers>=16",
        .settings = "placement=" POST_FFN " init=unit tokens=4 heads=1",
        .checks = {CLAIM_TEST("block-factor", "gradient_variance", "1", "L", "1/2", "1/2", "0.05",
                              "wide: the measured factor is far off")},
        .expected = VERDICT_CONTRADICTED,
        .plans = {{{"layers=24 width=64"}, 256}, {{"layers=24 width=256"}, 256}, {{"layers=24|96 width=512"}, 512}},
    },
    {
        .id = "post-ffn-gain",
        .source = "derived here (activations: E phi'^2 against E phi^2)",
        .statement = "PostNorm with an FFN alone multiplies the gradient per block by (1 + f')/(1 + f): 1 for ReLU, "
                     "1.036 for GELU, 1.0335 for SiLU",
        .hypotheses = "activation=relu|gelu|silu cotangent=iid",
        .settings = "placement=" POST_FFN " init=unit tokens=4 heads=1 layers=16",
        .checks = {CLAIM_TEST("block-factor", "gradient_variance", "1", "L", "1", "1", "2/d + 0.005",
                              "O(1/d), and half a per cent to resolve", .where = "activation=relu"),
                   CLAIM_TEST("block-factor", "gradient_variance", "1", "L", "1.036", "1.036", "2/d + 0.005",
                              "O(1/d), and half a per cent to resolve", .where = "activation=gelu"),
                   CLAIM_TEST("block-factor", "gradient_variance", "1", "L", "1.0335", "1.0335", "2/d + 0.005",
                              "O(1/d), and half a per cent to resolve", .where = "activation=silu")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"activation=relu|gelu width=128"}, 256},
                  {{"activation=relu|gelu|silu width=256"}, 256},
                  {{"activation=relu|gelu|silu width=1024"}, 512}},
    },
    {
        .id = "xiong-pre-flat",
        .source = "Xiong et al., arXiv 2002.04745, appendix F (PreNorm's gradient is independent of l)",
        .statement = "PreNorm's weight gradients do not depend on the layer. True up to constants in the upper half of "
                     "the stack, false across it: the square of W2's falls like a power of l",
        .hypotheses = "placement=" PRE_FINAL " cotangent=iid",
        .settings = "placement=" PRE_FINAL " " XIONG_INIT " heads=1 tokens=8",
        .checks = {CLAIM_TEST("log-slope", "weight_gradient_variance.ffn.w2", "1", "L", "0", "0", "0.25",
                              "wide: what counts as independent")},
        .expected = VERDICT_CONTRADICTED,
        .plans = {{{"layers=32 width=64 ffn-width=64"}, 256},
                  {{"layers=32 width=128 ffn-width=128"}, 256},
                  {{"layers=32|128 width=256 ffn-width=256"}, 256}},
    },
    {
        .id = "pre-conservation",
        .source = "APJN, arXiv 2111.12143, 2604.11890 (J = q_L/q_l)",
        .statement = "PreNorm with a ReLU FFN alone: g_l q_l is the same at every layer, so the gradient grows toward "
                     "the input as the activations shrink, a power law",
        .hypotheses = "activation=relu cotangent=iid",
        .settings = "placement=" PRE_FFN " init=unit tokens=4 heads=1",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance*activation_variance", "0", "L", "0", "0", "0.05 + 10/d",
                              "O(1/d), and 5 % of what is a factor of 65 in either alone")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=16 width=64"}, 512},
                  {{"layers=16|64 width=128"}, 512},
                  {{"layers=16|64|256 width=512"}, 512}},
    },
    {
        .id = "de-smith",
        .source = "De and Smith, arXiv 2002.10444; Brock et al., arXiv 2101.08692",
        .statement = "A branch of gain 1 without a norm doubles the variance in every block; behind a norm it adds 1",
        .hypotheses = "",
        .settings = "init=unit tokens=4 heads=1 layers=8",
        .checks = {CLAIM_TEST("log-ratio", "activation_variance", "0", "L", "-0.693147*L", "-0.693147*L", "5*L/d",
                              "O(L/d): the mean logarithm lies half its variance below the logarithm of the mean",
                              .where = "placement=x=x+ffn(x)"),
                   CLAIM_TEST("value", "activation_variance", "1", "L", "1 + l", "1 + l", "0.1*l",
                              "exact in expectation; what the samples resolve", .where = "placement=" PRE_FFN)},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"placement=x=x+ffn(x)|" PRE_FFN " width=128"}, 512},
                  {{"placement=x=x+ffn(x)|" PRE_FFN " width=256"}, 512},
                  {{"placement=x=x+ffn(x)|" PRE_FFN " width=1024"}, 512}},
    },
    {
        .id = "liu-depth",
        .source = "Liu (\"Depth 1\")",
        .statement = "PreNorm's updates fade: l (1 - cos(x_(l-1), x_l)) tends to 1/2 whatever the FFN's gain",
        .hypotheses = "layers>=32",
        .settings = "placement=" PRE_FFN " tokens=4 heads=1 layers=64",
        .checks = {CLAIM_TEST("approach", "layer_cosine", "L", "L", "1/2/L", "1/2/L", "0.1/L",
                              "O(1/L): 1 - sqrt(q_(l-1)/q_l) with q_l = 1 + f l is 1/(2(l + 1/f)) and less")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"init=unit width=64"}, 256},
                  {{"init=unit width=128", XIONG_INIT " width=128"}, 256},
                  {{"init=unit width=512", XIONG_INIT " width=512"}, 256}},
    },
    {
        .id = "peri-variance",
        .source = "Peri-LN, arXiv 2502.02732",
        .statement = "PeriNorm: every branch ends in a norm, so a block adds 2 and the activation variance is 1 + 2l",
        .hypotheses = "placement=perinorm input-scale=1",
        .settings = "placement=perinorm heads=2 tokens=8",
        .checks = {CLAIM_TEST("value", "activation_variance", "1", "L", "1 + 2*l", "1 + 2*l", "0.1*l",
                              "exact in expectation but for eps; 5 % of the growth is what the samples resolve")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"init=unit layers=8 width=64"}, 1024},
                  {{"init=unit layers=12 width=256"}, 1024},
                  {{"init=unit|gpt2 layers=24 width=512"}, 2048}},
    },
    {
        .id = "lns-linear",
        .source = "Curse of Depth, arXiv 2502.05795, Theorem 4.2 (LNS: between L and L^(2 - eps))",
        .statement = "LNS: the variance of the last layer grows at least like L. False at initialisation, where it "
                     "grows like log L (lns-variance)",
        .hypotheses = "placement=lns",
        .settings = "placement=lns init=unit heads=2 tokens=8",
        .checks = {CLAIM_TEST("log-value", "activation_variance", "L", "L", "1", NULL, "0.25",
                              "wide: the measured slope is far off", .contrast = "slope", .against = "L")},
        .expected = VERDICT_CONTRADICTED,
        .plans = {{{"layers=8|64 width=64"}, 256},
                  {{"layers=8|32|128 width=128"}, 256},
                  {{"layers=8|32|128|512 width=256"}, 256}},
    },
    {
        .id = "keel-gradient",
        .source = "Keel, arXiv 2601.19895 (x = norm(a x + F(norm(x))), a the number of sublayers)",
        .statement =
            "Keel keeps g_0/g_L near 1 (between 0.9 and 1.1), by shrinking its branches: 1 - cos(x_(l-1), x_l) "
            "falls like 1/L^2",
        .hypotheses = "cotangent=iid",
        .settings = "placement=" KEEL " init=unit heads=2 tokens=8",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance", "0", "L", "-0.105", "0.095", "0",
                              "none: the range is the claim"),
                   CLAIM_TEST("log-approach", "layer_cosine", "L", "L", "-2", "-2", "0.1",
                              "O(1/L), with room for its constant", .contrast = "slope", .against = "L")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8|32 width=64"}, 256},
                  {{"layers=8|32|128 width=128"}, 256},
                  {{"layers=8|32|128 width=512"}, 256}},
    },
    {
        .id = "noci-growth",
        .source = "Noci et al., arXiv 2206.03126",
        .statement =
            "Without norms, with uniform attention and a linear FFN scaled by 1/sqrt L, q_L = E (1 + (E - 1)/T) "
            "and the token cosine is (E - 1)/(T + E - 1), E = (1 + 1/L)^L, for independent input tokens",
        .hypotheses = "placement=nonorm activation=identity mask=none input-correlation<=0 " NOCI_INIT,
        .settings = "placement=nonorm activation=identity " NOCI_INIT " heads=1 tokens=8",
        .checks = {CLAIM_TEST("value", "activation_variance", "L", "L", "(1 + 1/L)^L*(1 + ((1 + 1/L)^L - 1)/T)",
                              "(1 + 1/L)^L*(1 + ((1 + 1/L)^L - 1)/T)", "0.12",
                              "exact in expectation; 4 % is what the samples resolve"),
                   CLAIM_TEST("value", "token_cosine", "L", "L", "((1 + 1/L)^L - 1)/(T + (1 + 1/L)^L - 1)",
                              "((1 + 1/L)^L - 1)/(T + (1 + 1/L)^L - 1)", "0.02 + 2/d", "O(1/d): a ratio")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"layers=8 width=64"}, 1024}, {{"layers=16 width=256"}, 1024}, {{"layers=64 width=512"}, 1024}},
    },
    {
        .id = "noci-queries",
        .source = "Noci et al., arXiv 2206.03126",
        .statement = "Equal tokens give queries and keys no gradient at all",
        .hypotheses = "input-correlation>=1 mask=none",
        .settings = "init=unit heads=2 tokens=5 input-correlation=1 width=32",
        .checks = {CLAIM_TEST("value", "weight_gradient_variance.attn.wq", "1", "L", NULL, "0", "1e-12",
                              "rounding, of numbers of order 1"),
                   CLAIM_TEST("value", "weight_gradient_variance.attn.wk", "1", "L", NULL, "0", "1e-12",
                              "rounding, of numbers of order 1")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"placement=prenorm|postnorm|spannorm layers=3"}, 4},
                  {{"placement=prenorm|postnorm|spannorm layers=6"}, 8},
                  {{"placement=prenorm|postnorm|spannorm layers=24"}, 8}},
    },
    {
        .id = "cowsik-attention",
        .source = "Cowsik et al., arXiv 2403.02579 (annealed attention)",
        .statement = "Attention on independent tokens with logits of variance 1 has the gain 1/(1 + (T - 1)/e)",
        .hypotheses = "input-correlation<=0 mask=none",
        .settings = "placement=x=attn(x) init=unit layers=1 tokens=32 heads=4",
        .checks = {CLAIM_TEST("value", "branch_ratio.attn", "1", "1", "1/(1 + (T - 1)*2.718281828459045^(-1))",
                              "1/(1 + (T - 1)*2.718281828459045^(-1))", "0.01",
                              "12 %: the annealed form is an approximation")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"width=256"}, 256}, {{"width=256"}, 256}, {{"width=1024"}, 512}},
    },
    {
        .id = "cowsik-sharp",
        .source = "Cowsik et al., arXiv 2403.02579 (annealed attention)",
        .statement =
            "The same with logits of variance 4: 1/(1 + (T - 1)/e^4) = 0.64. False: the softmax is dominated by "
            "few tokens, and the annealed form fails",
        .hypotheses = "input-correlation<=0 mask=none",
        .settings = "placement=x=attn(x) " SHARP_INIT " layers=1 tokens=32 heads=4",
        .checks = {CLAIM_TEST("value", "branch_ratio.attn", "1", "1", "1/(1 + (T - 1)*2.718281828459045^(-4))",
                              "1/(1 + (T - 1)*2.718281828459045^(-4))", "0.08", "12 %, as for cowsik-attention")},
        .expected = VERDICT_CONTRADICTED,
        .plans = {{{"width=256"}, 256}, {{"width=256"}, 256}, {{"width=1024"}, 512}},
    },
    {
        .id = "giorlandino-trend",
        .source = "Giorlandino and Goldt, arXiv 2505.24333 (attention condenses as the logits' variance grows)",
        .statement =
            "Sharper logits concentrate attention: from logits of variance 1 to 4 the relative entropy falls by "
            "more than a tenth (the transition itself is at infinitely many tokens)",
        .hypotheses = "mask=none input-correlation<=0",
        .settings = "placement=x=attn(x) layers=1 tokens=32 heads=4",
        .checks = {CLAIM_TEST("value", "attention_entropy_relative", "1", "1", NULL, "-0.1", "0",
                              "none: a one-sided statement", .contrast = "difference")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"init=unit width=128", SHARP_INIT " width=128"}, 64},
                  {{"init=unit width=256", SHARP_INIT " width=256"}, 128},
                  {{"init=unit width=1024", SHARP_INIT " width=1024"}, 128}},
    },
    {
        .id = "kedia-attention",
        .source = "Kedia et al., arXiv 2403.09635 (gradient variance of single-head attention)",
        .statement = "Attention passes back the gradient of independent cotangents through its values only, 1/T of it. "
                     "False at logits of variance 1: queries and keys pass back several times more",
        .hypotheses = "input-correlation<=0 mask=none cotangent=iid",
        .settings = "placement=x=attn(x) init=unit layers=1 tokens=32 heads=1",
        .checks = {CLAIM_TEST("value", "gradient_variance", "0", "0", "1/T", "1/T", "0.1/T",
                              "10 % of the claimed value")},
        .expected = VERDICT_CONTRADICTED,
        .plans = {{{"width=128"}, 256}, {{"width=256"}, 256}, {{"width=1024"}, 512}},
    },
    {
        .id = "dong-collapse",
        .source = "Dong et al., arXiv 2103.03404, Theorem 2.2",
        .statement = "Attention alone, without skips, collapses the rank doubly exponentially: a block raises the "
                     "distance from equal tokens, and 1 - token cosine, to the power 3",
        .hypotheses = "mask=none",
        .settings = "placement=x=attn(x) init=unit layers=2 tokens=8 heads=1 input-correlation=0.9",
        .checks = {CLAIM_TEST("approach-order", "token_cosine", "2", "2", "3", "3", "0.5",
                              "the local exponent: constants of the two blocks differ")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{"width=64"}, 256}, {{"width=256"}, 256}, {{"width=1024"}, 256}},
    },
    {
        .id = "one-step-updates",
        .source = "DeepNorm, arXiv 2203.00555, Theorem 4.2; Admin, arXiv 2004.08249",
        .statement =
            "The change of the output after one step of SGD is independent of depth in DeepNorm, grows like L in "
            "PostNorm and like log L in PreNorm",
        .hypotheses = "one step of SGD",
        .settings = "",
        .expected = VERDICT_NOT_APPLICABLE,
        .beyond = "the claim is about an update of the weights; every weight here is used once, at initialisation",
    },
    {
        .id = "encoder-decoder",
        .source = "derived here (why papers saw PostNorm's weight gradients vanish)",
        .statement =
            "In the decoder of an encoder-decoder PostNorm's gradient is divided by 1 + a per layer, uncompensated",
        .hypotheses = "cross-attention to an encoder's memory",
        .settings = "",
        .expected = VERDICT_NOT_APPLICABLE,
        .beyond = "the claim assumes cross-attention, whose memory is a second stream; a formula here has one",
    },
    {
        .id = "curse-exponential",
        .source = "Curse of Depth, arXiv 2502.05795, Lemma 3.2; Wortsman et al., arXiv 2309.14322",
        .statement = "PreNorm's variance grows exponentially with depth, or its logits diverge, in training",
        .hypotheses = "trained weights",
        .settings = "",
        .expected = VERDICT_NOT_APPLICABLE,
        .beyond = "the claim is about training; at initialisation the growth is linear (pre-variance)",
    },
};

const struct claim_group ledger_published = {"Published statements", claims, sizeof claims / sizeof *claims};
