/* The rows of the ledger, by what they are about; analysis/claim.h says how a row reads. */
#ifndef SPANSCOPE_ANALYSIS_CLAIMS_LEDGER_H
#define SPANSCOPE_ANALYSIS_CLAIMS_LEDGER_H

#include "analysis/claims/claim.h"

extern const struct claim_group ledger_span;      /* SpanNorm and ScaleInit */
extern const struct claim_group ledger_baseline;  /* PreNorm, PostNorm and other placements */
extern const struct claim_group ledger_limit;     /* infinite width and finite width */
extern const struct claim_group ledger_published; /* statements as other papers make them, of placements */
extern const struct claim_group ledger_attention; /* the same, of attention and of single layers */
extern const struct claim_group ledger_training;  /* statements on stacks that are trained */

/* Margins hold what theory leaves open (O(1/d), O(1/L), the part of a logarithm's variance that its mean lies below the
 * logarithm of the mean), with the constant as measured, and what samples can show. With some 100 claims at a level of
 * 1 % a claim's alpha is 1e-4, of which the last look has half: an equality that is exactly right is then shown with
 * probability 0.95 where its margin is 3.9 + 1.7 standard errors of the whole budget. Reasons speak of six, in the tier
 * where it is closest; "measured" is the distance of a mean from the bound at the whole budget of tiers smoke and
 * check.
 *
 * Power. Six standard errors leave one claim open in twenty seeds, which ninety claims must not: budgets are such that a
 * report of tier smoke leaves nothing open in 99 % of seeds (build/bench/power smoke: at least 0.994, seeds 1 to 3). To
 * double a budget costs little, for a claim that is decided early stops early.
 */

/* Texts that several rows share. */

/* Sizes at which margins of O(1/d) hold what they say, by the measurements that the margins' reasons name. */
#define WIDE "width>=64 heads<=8 ffn-width>=64"

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

#define SPAN_MOE                                                                                                       \
    "placement='first: y = norm(x + attn(norm(x))); x = norm(x + moe(y)); "                                            \
    "block: y = norm(x + attn(x)); x = norm(x + moe(y))'"

/* Xiong et al.'s setting: queries and keys 0, so attention is uniform; every matrix d x d with variance 1/d, so that
 * the FFN has gain 1/2. */
#define XIONG_INIT "init='wq = 0; wk = 0; wv = 1/sqrt(d); wo = wv; w1 = wv; wg = wv; w2 = 1/sqrt(F); wr = wv'"

#define PRE_FINAL "'block: y = x + attn(norm(x)); x = y + ffn(norm(y)); final: x = norm(x)'"
#define PRE_FFN   "'x = x + ffn(norm(x))'"
#define POST_FFN  "'x = norm(x + ffn(x))'"

#endif
