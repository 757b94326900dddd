#include "analysis/claims/ledger.h"

/* What is trained: two heads under a causal mask, 8 sequences a step, Adam(.9, .95) at a constant rate from the first step
 * on, without decay or clipping, where nothing else is said. Small is for tier check: it learns in a hundred steps what
 * standard takes several hundred for. In both the model must count in context.
 *
 * A sample is a seed, of weights and data; configurations share both, so that differences between them are paired. Few
 * seeds decide only what is plain: Student's t at an alpha of 1e-4 is 9.7 standard errors of 6 seeds, 6.0 of 10 and 5.5 of
 * 12, and margins are what that leaves beside the spread over seeds, of which the reasons speak. An edge that lies beyond
 * the rates of a plan is no number, and the claim stays open: so rates reach far to both sides of it, which costs nothing
 * (analysis/claims/outcome). Claims of the same stacks name the same rates, so that each is trained once. */
#define MODEL    "heads=2 mask=causal batch=8 optimiser=adam"
#define SMALL    "task=icl:2:0.1 tokens=16 width=16"
#define STANDARD "task=icl:4:0.1 tokens=32 width=32"

/* Rates about the edges after 120 steps of the small task; the middle one, at which the search begins, next to most. */
#define EDGES_4       "layers=4 lr=0.003,0.006,0.012,0.024,0.048,0.096"
#define EDGES_16      "layers=16 lr=0.00075,0.0015,0.003,0.006,0.012,0.024,0.048"
#define EDGES_WARM    "lr=0.0015,0.003,0.006,0.012,0.024,0.048,0.096"
#define MULTIPLIED_4  "layers=4 lr=0.008,0.016,0.032,0.064,0.128"
#define MULTIPLIED_16 "layers=16 lr=0.004,0.008,0.016,0.032,0.064"

/* And of the standard task. */
#define RATES_16   "lr=0.00025,0.0005,0.001,0.002,0.004,0.008,0.016"
#define RATES_128  "lr=0.0005,0.001,0.002,0.004,0.008,0.016,0.032"
#define RATES_WARM "lr=0.001,0.002,0.004,0.008,0.016,0.032,0.064"
#define RATES_4    "lr=0.002,0.004,0.008,0.016,0.032,0.064,0.128"

#define RATES_TUNED " lr=0.000032,0.000063,0.000125,0.00025,0.0005,0.001,0.002,0.004,0.008"

#define MULTIPLIED "'y = norm(x + attn(x)/sqrt(L)); x = norm(x + ffn(y)/sqrt(L))'"

/* Unit gains, and c on the last matrix of each branch; what embeddings are, as input. */
#define GAINS                                                                                                          \
    "init='wq = 1/sqrt(d); wk = wq; wv = wq; wo = c/sqrt(d); w1 = 1/sqrt(d); wg = w1; w2 = c/sqrt(F*phi2); "           \
    "wr = 1/sqrt(d)' input-correlation=0.15"

static const struct claim claims[] = {
    {
        .id = "one-step-updates",
        .source = "DeepNorm, arXiv 2203.00555, Theorem 4.2; Admin, arXiv 2004.08249",
        .statement = "One step of SGD at 1e-4 moves DeepNorm's output by as much at every depth. It moves PostNorm's, "
                     "of the same "
                     "matrices at their usual scale, by more where it is deeper, in mean square at least like L (2 to "
                     "8 blocks), "
                     "and PreNorm's, relative to its size, by more too, but by less than like L^2",
        .hypotheses = "heads=2 mask=causal",
        .settings = MODEL " optimiser=sgd lr=1e-4 steps=1 measure=0",
        .trains = true,
        .checks = {CLAIM_TEST(
                       "log-value", "activation_change", "L", "L", "0", "0", "0.3",
                       "an exponent of 0.15 of the change itself; -0.03 measured, a sample's spread is 0.25 from "
                       "2 to 8 blocks; PostNorm's is 3",
                       .where = "placement=deepnorm", .contrast = "slope", .against = "L"),
                   CLAIM_TEST("log-value", "activation_change", "L", "L", "1", NULL, "0",
                              "none: a one-sided statement; 3.0 measured, with a spread of 1.7",
                              .where = "placement=postnorm", .contrast = "slope", .against = "L"),
                   CLAIM_TEST("log-value", "activation_change/activation_variance", "L", "L", "0", "2", "0",
                              "none: the range is the claim; 1.3 measured, with a spread of 0.8",
                              .where = "placement=" PRE_FINAL, .contrast = "slope", .against = "L")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{0}},
                  {{SMALL " placement=deepnorm init=deepnorm layers=2|8|32",
                    SMALL " placement=postnorm init=xavier layers=2|8",
                    SMALL " placement=" PRE_FINAL " init=unit layers=2|8|32"},
                   64},
                  {{STANDARD " placement=deepnorm init=deepnorm layers=2|8|32",
                    STANDARD " placement=postnorm init=xavier layers=2|8",
                    STANDARD " placement=" PRE_FINAL " init=unit layers=2|8|32"},
                   64}},
    },
    {
        .id = "mup-coordinates",
        .source = "muP, arXiv 2203.03466, appendix D.1 (coordinate check)",
        .statement =
            "With muP the first step of Adam at 1e-3 changes the last layer's activations by as much at every width",
        .hypotheses = "heads=2 mask=causal",
        .settings = MODEL
        " lr=1e-3 steps=1 measure=0 parametrisation=mup base-width=16 placement=spannorm init=scaleinit "
        "layers=4",
        .trains = true,
        .checks = {CLAIM_TEST("log-value", "activation_change", "L", "L", "0", "0", "0.4",
                              "an exponent of 0.2 of the change itself; 0.005 measured, with a spread of 0.36: six "
                              "standard errors",
                              .contrast = "slope", .against = "d")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{SMALL " width=16|64"}, 31}, {{SMALL " width=16|64"}, 31}, {{STANDARD " width=16|64|128"}, 31}},
    },
    {
        .id = "standard-coordinates",
        .source = "muP, arXiv 2203.03466, appendix D.1 (coordinate check)",
        .statement = "In the standard parametrisation that step changes them by more where the model is wider, in mean "
                     "square at least like d",
        .hypotheses = "heads=2 mask=causal",
        .settings = MODEL " lr=1e-3 steps=1 measure=0 placement=spannorm init=scaleinit layers=4",
        .trains = true,
        .checks = {CLAIM_TEST("log-value", "activation_change", "L", "L", "1", NULL, "0",
                              "none: a one-sided statement; 1.9 measured", .contrast = "slope", .against = "d")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{SMALL " width=16|64"}, 31}, {{SMALL " width=16|64"}, 31}, {{STANDARD " width=16|64|128"}, 31}},
    },
    {
        .id = "train-unscaled",
        .source = "SpanNorm, arXiv 2601.22580 (trains deep stacks where PostNorm fails, without warm-up)",
        .statement =
            "32 blocks with unit init learn in SpanNorm where they fail in PostNorm: u below 0.5 and above 0.9 behind "
            "200 steps at 3e-4 of the small task, below 0.6 and above 0.7 behind 800 at 1e-4 of the standard one",
        .hypotheses = "heads=2 mask=causal init=unit layers=32",
        .settings = MODEL " init=unit layers=32",
        .trains = true,
        .checks = {CLAIM_TEST("value", "score", "L", "L", "0.9 - (d - 16)/80", NULL, "0",
                              "none: a one-sided statement; 1.00 measured of the small task, 0.98 of the standard one",
                              .where = "placement=postnorm"),
                   CLAIM_TEST("value", "score", "L", "L", NULL, "0.5 + (d - 16)/160", "0",
                              "none: a one-sided statement; 0.15 measured of the small task, 0.36 of the standard one",
                              .where = "placement=spannorm")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{0}},
                  {{SMALL " lr=3e-4 steps=200 placement=postnorm|spannorm"}, 6},
                  {{STANDARD " lr=1e-4 steps=800 placement=postnorm|spannorm"}, 6}},
    },
    {
        .id = "rate-depth",
        .source = "SpanNorm, arXiv 2601.22580 (stable without a change of the learning rate)",
        .statement =
            "With ScaleInit the largest rate at which SpanNorm learns, in 120 steps, is the same from 4 to 16 blocks",
        .hypotheses = "heads=2 mask=causal init=scaleinit placement=spannorm",
        .settings = MODEL " init=scaleinit placement=spannorm steps=120",
        .trains = true,
        .checks = {CLAIM_TEST("log-value", "edge", "L", "L", "0", "0", "0.3", "a factor of 1.5 from 4 to 16 blocks",
                              .contrast = "slope", .against = "L")},
        .expected = VERDICT_CONTRADICTED,
        .plans = {{{0}},
                  {{SMALL " " EDGES_4, SMALL " " EDGES_16}, 24},
                  {{STANDARD " layers=4 " RATES_4, STANDARD " layers=16 " RATES_16}, 12}},
    },
    {
        .id = "edge-multiplier",
        .source = "derived here",
        .statement = "Adam undoes ScaleInit: with 1/sqrt(L) as a multiplier of the branches, the same function at "
                     "initialisation, the largest rate falls less with depth, in 120 steps from 4 to 16 blocks",
        .hypotheses = "heads=2 mask=causal",
        .settings = MODEL " steps=120",
        .trains = true,
        .checks = {CLAIM_TEST("log-value", "edge", "L", "L", "0", NULL, "0",
                              "none: a one-sided statement; slopes of -1.0 and -0.5 measured, their difference with a "
                              "spread of 0.38",
                              .contrast = "steepening", .against = "L")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{0}},
                  {{SMALL " placement=spannorm init=scaleinit " EDGES_4,
                    SMALL " placement=spannorm init=scaleinit " EDGES_16,
                    SMALL " placement=" MULTIPLIED " init=unit " MULTIPLIED_4,
                    SMALL " placement=" MULTIPLIED " init=unit " MULTIPLIED_16},
                   24},
                  {{STANDARD " placement=spannorm init=scaleinit layers=4 " RATES_4,
                    STANDARD " placement=spannorm init=scaleinit layers=16 " RATES_16,
                    STANDARD " placement=" MULTIPLIED " init=unit layers=4 " RATES_4,
                    STANDARD " placement=" MULTIPLIED " init=unit layers=16 " RATES_WARM},
                   8}},
    },
    {
        .id = "rate-width",
        .source = "SpanNorm, arXiv 2601.22580 (hyper-parameters transfer across widths)",
        .statement =
            "In the standard parametrisation the largest rate at which SpanNorm learns, in 120 steps, is the same "
            "at every width",
        .hypotheses = "heads=2 mask=causal init=scaleinit placement=spannorm layers=4",
        .settings = MODEL " init=scaleinit placement=spannorm layers=4 steps=120",
        .trains = true,
        .checks = {CLAIM_TEST("log-value", "edge", "L", "L", "0", "0", "0.3",
                              "a factor of 1.5 for four times the width", .contrast = "slope", .against = "d")},
        .expected = VERDICT_CONTRADICTED,
        .plans = {{{0}},
                  {{SMALL " width=16 " EDGES_4, SMALL " width=64 lr=0.0015,0.003,0.006,0.012,0.024"}, 10},
                  {{STANDARD " width=32 " RATES_4, STANDARD " width=128 " RATES_128}, 8}},
    },
    {
        .id = "rate-width-mup",
        .source = "muP, arXiv 2203.03466 (rates transfer across widths); SpanNorm, arXiv 2601.22580",
        .statement = "With muP it is: slope 0 against the width",
        .hypotheses = "heads=2 mask=causal init=scaleinit placement=spannorm layers=4",
        .settings = MODEL " init=scaleinit placement=spannorm layers=4 steps=120 parametrisation=mup",
        .trains = true,
        .checks = {CLAIM_TEST("log-value", "edge", "L", "L", "0", "0", "0.6",
                              "0.05 measured, with a spread of 0.21 over seeds: nine standard errors; the standard "
                              "parametrisation has -1.0",
                              .contrast = "slope", .against = "d")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{0}},
                  {{SMALL " width=16 parametrisation=standard " EDGES_4, SMALL " width=64 base-width=16 " EDGES_4}, 12},
                  {{STANDARD " base-width=32 width=32|128 " RATES_4}, 8}},
    },
    {
        .id = "warmup-silent",
        .source = "SpanNorm, arXiv 2601.22580 (does without warm-up)",
        .statement =
            "40 of 120 steps of warm-up leave the largest rate of 16 blocks of SpanNorm with ScaleInit as it is",
        .hypotheses = "heads=2 mask=causal init=scaleinit placement=spannorm layers=16",
        .settings = MODEL " init=scaleinit placement=spannorm layers=16 steps=120",
        .trains = true,
        .checks = {CLAIM_TEST("log-value", "edge", "L", "L", "0", "0", "0.1",
                              "a tenth; 0.8 measured, a factor of 2.2, with a spread of 0.6 over seeds",
                              .contrast = "difference")},
        .expected = VERDICT_CONTRADICTED,
        .plans = {{{0}},
                  {{SMALL " warmup=0 " EDGES_16, SMALL " warmup=40 " EDGES_WARM}, 24},
                  {{STANDARD " warmup=0 " RATES_16, STANDARD " warmup=40 " RATES_WARM}, 12}},
    },
    {
        .id = "progress-equal",
        .source = "SpanNorm, arXiv 2601.22580 (as efficient per step as PreNorm)",
        .statement =
            "At equal rates 8 blocks of SpanNorm with ScaleInit come as far as of PreNorm, in 300 steps at 2e-3 "
            "with linear decay: u differs by 0.02 at most where it is 0.03, of the small task, by 0.1 where it is 0.17",
        .hypotheses = "heads=2 mask=causal init=scaleinit layers=8",
        .settings = MODEL " init=scaleinit layers=8 lr=2e-3 steps=300 decay=linear",
        .trains = true,
        .checks = {CLAIM_TEST("value", "score", "L", "L", "0", "0", "d/200 - 0.06",
                              "0.02 at d = 16, where 0.001 is measured, of scores of 0.034, with a spread of 0.004; "
                              "0.1 at 32, where it is 0.009 of 0.17, with 0.03",
                              .contrast = "difference")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{0}},
                  {{SMALL " placement=" PRE_FINAL, SMALL " placement=spannorm"}, 6},
                  {{STANDARD " placement=" PRE_FINAL, STANDARD " placement=spannorm"}, 12}},
    },
    {
        .id = "progress-tuned",
        .source = "SpanNorm, arXiv 2601.22580 (as efficient per step as PreNorm)",
        .statement = "Each at its best rate, SpanNorm with ScaleInit comes as far as PreNorm in as many steps "
                     "with linear decay, but for a tenth of u: 48 blocks in 60 steps of the small task, 32 blocks in "
                     "120 of the standard one",
        .hypotheses = "heads=2 mask=causal init=scaleinit",
        .settings = MODEL " init=scaleinit decay=linear",
        .trains = true,
        .checks = {CLAIM_TEST("log-value", "tuned_score", "L", "L", NULL, "0", "0.1",
                              "a tenth; 1.2 measured of the small task, with a spread of 0.5 over seeds, 0.4 of the "
                              "standard one, with 0.1",
                              .contrast = "difference")},
        .expected = VERDICT_CONTRADICTED,
        .plans = {{{0}},
                  {{SMALL " steps=60 layers=48 placement=" PRE_FINAL RATES_TUNED,
                    SMALL " steps=60 layers=48 placement=spannorm" RATES_TUNED},
                   16},
                  {{STANDARD " steps=120 layers=32 placement=" PRE_FINAL RATES_TUNED,
                    STANDARD " steps=120 layers=32 placement=spannorm" RATES_TUNED},
                   12}},
    },
    {
        .id = "depth-used",
        .source = "SpanNorm, arXiv 2601.22580 (deep layers are used)",
        .statement =
            "Of what a trained stack of 8 blocks loses without one of its blocks, summed over them, the upper half "
            "has a larger share in SpanNorm than in PreNorm: ScaleInit, 300 steps at 2e-3 with linear decay",
        .hypotheses = "heads=2 mask=causal init=scaleinit layers=8",
        .settings = MODEL " init=scaleinit layers=8 lr=2e-3 steps=300 measure=300 decay=linear",
        .trains = true,
        .checks = {CLAIM_TEST("upper-share", "ablated_loss", "1", "L", "0", NULL, "0",
                              "none: a one-sided statement; shares of 0.6 and 0.3 measured, with a spread of 0.3",
                              .contrast = "difference")},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{0}},
                  {{SMALL " placement=" PRE_FINAL, SMALL " placement=spannorm"}, 18},
                  {{STANDARD " placement=" PRE_FINAL, STANDARD " placement=spannorm"}, 12}},
    },
    {
        /* Of exp(c l) the log-log slope over layers L/4 to L grows in proportion to L; of a power it is the power. */
        .id = "curse-exponential",
        .source = "Curse of Depth, arXiv 2502.05795, Lemma 3.2; Wortsman et al., arXiv 2309.14322",
        .statement =
            "PreNorm's variance grows exponentially with depth in training: behind 120 steps at 4e-3 the log-log "
            "slope of the activation variance over the layers L/4 to L is larger by 1 at 32 blocks than at 8, "
            "where four times would be exponential",
        .hypotheses = "heads=2 mask=causal init=unit placement=" PRE_FINAL,
        .settings = MODEL " init=unit placement=" PRE_FINAL " lr=4e-3 steps=120 measure=120",
        .trains = true,
        .checks = {CLAIM_TEST("log-slope", "activation_variance", "L/4", "L", "1", NULL, "0",
                              "none: a one-sided statement; slopes near 1 measured at both", .contrast = "difference")},
        .expected = VERDICT_CONTRADICTED,
        .plans = {{{0}}, {{SMALL " layers=8|32"}, 6}, {{STANDARD " layers=8|32"}, 8}},
    },
    {
        .id = "collapse-predicts",
        .source = "derived here",
        .statement =
            "Whether PostNorm and SpanNorm learn in 150 steps, of the small task at 5e-4, of the standard one at 3e-4, "
            "is told by the token cosine that is "
            "predicted of the last layer at initialisation, with an area under the ROC curve of at least 0.95, "
            "and not by how far g_0/g_L is predicted to lie from 1, with an area from 0.25 to 0.75",
        .hypotheses = "heads=2 mask=causal",
        .settings = MODEL " " GAINS " lr=5e-4 steps=150",
        .trains = true,
        .checks = {CLAIM_TEST("value", "trains", "L", "L", "0.95", NULL, "0",
                              "none: a one-sided statement; 1.00 measured", .contrast = "roc-area",
                              .predictor = {"approach", "token_cosine", "L", "L"}),
                   CLAIM_TEST("value", "trains", "L", "L", "0.25", "0.75", "0", "none: the range is the claim",
                              .contrast = "roc-area", .predictor = {"log-distance", "gradient_variance", "0", "L"})},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{0}},
                  {{SMALL " placement=postnorm|spannorm layers=4 c=0.06|0.5|2|4",
                    SMALL " placement=postnorm|spannorm layers=16 c=0.5|2|4"},
                   5},
                  {{STANDARD " lr=3e-4 placement=postnorm|spannorm layers=4|8|16|32 c=0.06|0.25|1|2"}, 5}},
    },
    {
        .id = "collapse-predicts-others",
        .source = "derived here",
        .statement = "The token cosine tells as surely of placements that were not looked at before whether they "
                     "learn, the small task in 150 steps, the standard one in 300: B2T, Keel and PreNorm, "
                     "whose g_0/g_L in the hundreds does no harm",
        .hypotheses = "heads=2 mask=causal",
        .settings = MODEL " " GAINS " lr=5e-4 steps=150",
        .trains = true,
        .checks = {CLAIM_TEST("value", "trains", "L", "L", "0.95", NULL, "0",
                              "none: a one-sided statement; 1.00 measured", .contrast = "roc-area",
                              .predictor = {"approach", "token_cosine", "L", "L"})},
        .expected = VERDICT_SUPPORTED,
        .plans = {{{0}},
                  {{SMALL " placement=b2t layers=16 c=2|4|8", SMALL " placement=keel|" PRE_FINAL " layers=16 c=2|8"},
                   5},
                  {{STANDARD " steps=300 placement=b2t|keel|" PRE_FINAL " layers=16 c=2|4|8"}, 5}},
    },
};

const struct claim_group ledger_training = {"Training, at small scale", claims, sizeof claims / sizeof *claims};
