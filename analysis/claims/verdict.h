/* Verdicts: what samples decide about the claims of a report, at a family-wise error level.
 *
 * A claim is a set of tests. A test says that the expectation mu of a per-sample statistic lies within [lower, upper],
 * widened on both sides by a margin; either edge may be infinite, and an equality is lower = upper with a margin. Its
 * evidence is the mean of n independent samples with its standard error.
 *
 *   SUPPORTED     every mu of the claim is shown to lie inside its widened bounds: an intersection-union test (Berger,
 *                 Technometrics 1982), p = the largest one-sided Student-t p-value over all edges; for an equality that
 *                 is TOST (Schuirmann 1987). If one mu lies outside, its own edge is rejected with probability at most
 *                 alpha, whatever the others do: no correction for the number of tests and no independence is needed.
 *   CONTRADICTED  some mu is shown to lie outside: p = min(1, e times the smallest p-value over the e finite edges).
 *                 Bonferroni, the union bound, so again under any dependence.
 *   LOOSE         SUPPORTED, and the upper bounds of which it is asked are shown to lie farther above their mu than
 *                 the claim calls tight: again intersection-union. Of such a claim three states are possible (outside,
 *                 inside and tight, inside and loose) and two wrong verdicts in each, so both directions are decided at
 *                 alpha/2, and SUPPORTED asks for a mu that is shown to lie near its bound.
 *   INCONCLUSIVE  none of these; NOT APPLICABLE: a hypothesis of the claim fails.
 *
 * Family-wise level. "Some mu outside" and "all mu inside" are complementary, so of a claim's two null hypotheses
 * exactly one is true, and a wrong decision is the rejection of a true one. K applicable claims have 2K hypotheses, K
 * of them true. Holm's step-down over the 2K divides the level by 2K, 2K - 1, ...; Shaffer's sharpening (JASA 1986)
 * divides it by the number that can still be true, which here is K at every step. So every claim is decided at alpha =
 * level / K, and P(the report makes any wrong decision) <= K alpha = level by the union bound, for any dependence among
 * tests and claims (they share samples). Holm over the K claims alone would go on to divide by K - 1, ..., which is not
 * valid here: a claim that is decided rightly in one direction leaves K true hypotheses.
 *
 * Repeated looks. Samples are drawn until the claim is decided or its budget is spent. The claim is looked at when n
 * reaches budget/2^(R-1), ..., budget/2, budget, and each look spends a share of the claim's alpha: half at the last, a
 * quarter at the one before, and so on, the first taking what is left (an alpha-spending function, Lan and DeMets,
 * Biometrika 1983, made of whole looks). P(a wrong decision at any look) <= sum of the shares times alpha = alpha by
 * the union bound, whatever the dependence between looks, and a claim that goes to its budget pays a factor 2 in p.
 *
 * The p-values take the mean as Student-t: exact for normal statistics, an approximation for others, whose false-alarm
 * rate tests/test_verdict.c measures. Statistics are chosen near normal (logarithms of ratios).
 *
 * No spread. A statistic that is the same in all samples is known up to rounding, so the standard error is not taken
 * below 64 epsilon max(1, |mean|): a constant is decided by where it lies, and one within rounding of an edge is not
 * decided. Fewer than two samples, or a mean, error, bound or margin that is not a number, decide nothing.
 */
#ifndef SPANSCOPE_ANALYSIS_CLAIMS_VERDICT_H
#define SPANSCOPE_ANALYSIS_CLAIMS_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/error.h"

enum verdict {
    VERDICT_SUPPORTED,
    VERDICT_LOOSE,
    VERDICT_CONTRADICTED,
    VERDICT_INCONCLUSIVE,
    VERDICT_NOT_APPLICABLE,
    VERDICTS
};

extern const char *const verdict_names[VERDICTS];

enum { VERDICT_LABEL_MAX = 224, VERDICT_WHY_MAX = 512 };

struct verdict_test {
    char label[VERDICT_LABEL_MAX]; /* what is tested, within its claim: "layer 5 of layers=32" */
    int64_t n;                     /* independent samples */
    double mean, se;               /* of the statistic; se of the mean */
    double lower, upper;           /* as claimed; -INFINITY and INFINITY where there is none */
    double margin;                 /* >= 0, widens both */
    bool exact;                    /* mean is known without samples: n and se do not count */
    double loose;                  /* the upper bound is loose where mu lies farther than this below it; 0: not asked */
};

struct verdict_claim {
    const struct verdict_test *tests; /* [count] */
    size_t count;
    const char *not_applicable; /* the hypothesis that fails, or NULL */

    /* Set by verdict_decide and verdict_sequence: */
    enum verdict verdict;
    double p_inside, p_outside; /* before the division of the level */
    size_t deciding;            /* the test farthest out: its p-value decides */
    double bound;               /* the edge of that test nearest to its mean, before widening; NAN without a test */
    double lo, hi; /* its interval at the confidence of the decision: inside the widened bounds exactly if SUPPORTED,
                      clear of them exactly if CONTRADICTED, else across an edge. NAN where nothing can be said */
    char why[VERDICT_WHY_MAX];
};

/* Whether the test holds two samples, or is exact, and numbers only. */
bool verdict_is_decidable(const struct verdict_test *test);

/* p-value of "mu lies outside the widened bounds": small where it is shown to lie inside. 1 where not decidable. */
double verdict_p_inside(const struct verdict_test *test);

/* p-value of "mu lies inside", of the farther exceeded edge alone: multiply by the edges tested. 1 where not decidable.
 */
double verdict_p_outside(const struct verdict_test *test);

/* The alpha of each claim, so that the probability of any wrong decision of the report is at most level. */
double verdict_alpha(const struct verdict_claim claims[], size_t count, double level);

/* Decides one claim on the evidence that it holds. */
void verdict_decide(struct verdict_claim *claim, double alpha);

enum { VERDICT_LOOKS_MAX = 5, VERDICT_LOOK_LEAST = 32 };

/* When a claim is looked at, and what a look spends. */
struct verdict_looks {
    int count;
    int64_t samples[VERDICT_LOOKS_MAX]; /* rising to the budget */
    double share[VERDICT_LOOKS_MAX];    /* of alpha; they sum to 1 */
};

/* Doubling sizes, none below VERDICT_LOOK_LEAST but the only one. */
struct verdict_looks verdict_looks(int64_t budget);

/* Brings the claim's evidence to that many samples in all; an error code ends the sequence. */
typedef int verdict_extend(void *context, int64_t samples, struct verdict_claim *claim, struct error *error);

/* Looks until the claim is decided or the last look has passed, and keeps the verdict of the last. A claim that does
 * not apply is not extended. */
int verdict_sequence(struct verdict_claim *claim, double alpha, const struct verdict_looks *looks,
                     verdict_extend *extend, void *context, struct error *error);

#endif
