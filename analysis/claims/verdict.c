#include "analysis/claims/verdict.h"

#include <float.h>
#include <gsl/gsl_cdf.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "sim/quantile.h"

const char *const verdict_names[VERDICTS] = {
    [VERDICT_SUPPORTED] = "SUPPORTED",           [VERDICT_LOOSE] = "LOOSE",
    [VERDICT_CONTRADICTED] = "CONTRADICTED",     [VERDICT_INCONCLUSIVE] = "INCONCLUSIVE",
    [VERDICT_NOT_APPLICABLE] = "NOT APPLICABLE",
};

/* Of freedom, for the rounding of a number that is not sampled. */
enum { EXACT_DEGREES = 64 };

bool verdict_is_decidable(const struct verdict_test *test)
{
    bool sampled = test->n >= 2 && isfinite(test->se) && test->se >= 0;
    return (test->exact || sampled) && isfinite(test->mean) && !isnan(test->lower) && !isnan(test->upper) &&
           isfinite(test->margin) && test->margin >= 0;
}

/* Sums of a few thousand terms of order 1 are good to this much; a spread below it is rounding. */
static double standard_error(const struct verdict_test *test)
{
    double rounding = 64 * DBL_EPSILON * fmax(1, fabs(test->mean));
    return test->exact ? rounding : fmax(test->se, rounding);
}

static double degrees(const struct verdict_test *test)
{
    return test->exact ? EXACT_DEGREES : (double)(test->n - 1);
}

/* P(T <= t) for the distance of the mean above an edge, in standard errors; an infinite edge gives 0 or 1. */
static double below(const struct verdict_test *test, double edge)
{
    if (isinf(edge))
        return edge > 0 ? 0 : 1;
    return gsl_cdf_tdist_P((test->mean - edge) / standard_error(test), degrees(test));
}

static double above(const struct verdict_test *test, double edge)
{
    if (isinf(edge))
        return edge > 0 ? 1 : 0;
    return gsl_cdf_tdist_Q((test->mean - edge) / standard_error(test), degrees(test));
}

double verdict_p_inside(const struct verdict_test *test)
{
    if (!verdict_is_decidable(test))
        return 1;
    return fmax(above(test, test->lower - test->margin), below(test, test->upper + test->margin));
}

double verdict_p_outside(const struct verdict_test *test)
{
    if (!verdict_is_decidable(test))
        return 1;
    return fmin(below(test, test->lower - test->margin), above(test, test->upper + test->margin));
}

static int finite_edges(const struct verdict_claim *claim)
{
    int edges = 0;
    for (size_t i = 0; i < claim->count; i++)
        edges += (isfinite(claim->tests[i].lower) != 0) + (isfinite(claim->tests[i].upper) != 0);
    return edges;
}

/* The first test that cannot be decided, or count. */
static size_t first_undecidable(const struct verdict_claim *claim)
{
    size_t i = 0;
    while (i < claim->count && verdict_is_decidable(&claim->tests[i]))
        i++;
    return i;
}

/* p-values of both directions, and the tests that they come from. */
static void weigh(struct verdict_claim *claim, size_t *largest, size_t *smallest)
{
    claim->p_inside = claim->count > 0 ? 0 : 1;
    claim->p_outside = 1;
    *largest = *smallest = 0;
    for (size_t i = 0; i < claim->count; i++) {
        double inside = verdict_p_inside(&claim->tests[i]), outside = verdict_p_outside(&claim->tests[i]);
        if (inside > claim->p_inside) {
            claim->p_inside = inside;
            *largest = i;
        }
        if (outside < claim->p_outside) {
            claim->p_outside = outside;
            *smallest = i;
        }
    }
    claim->p_outside = fmin(1, claim->p_outside * finite_edges(claim));
}

/* Of the claim's bounds that may be loose: the p-values of "some is tight" and of "all are loose", the latter by
 * Bonferroni, and the test that each comes from. */
struct looseness {
    int asked;
    double p_loose, p_tight;
    size_t largest, smallest;
};

static struct looseness weigh_looseness(const struct verdict_claim *claim)
{
    struct looseness l = {.p_tight = 1};
    for (size_t i = 0; i < claim->count; i++) {
        const struct verdict_test *test = &claim->tests[i];
        if (!(test->loose > 0))
            continue;
        l.asked++;
        double p_loose = below(test, test->upper - test->loose), p_tight = above(test, test->upper - test->loose);
        if (p_loose >= l.p_loose) {
            l.p_loose = p_loose;
            l.largest = i;
        }
        if (p_tight <= l.p_tight) {
            l.p_tight = p_tight;
            l.smallest = i;
        }
    }
    l.p_tight = fmin(1, l.p_tight * l.asked);
    return l;
}

static double nearest_edge(const struct verdict_test *test)
{
    if (isinf(test->lower) || isinf(test->upper))
        return isinf(test->lower) ? test->upper : test->lower;
    return test->mean - test->lower < test->upper - test->mean ? test->lower : test->upper;
}

static void set_interval(struct verdict_claim *claim, double alpha)
{
    const struct verdict_test *test = &claim->tests[claim->deciding];
    double half = quantile_student(alpha, degrees(test)) * standard_error(test);
    claim->lo = test->mean - half;
    claim->hi = test->mean + half;
}

/* "[1, 2] +- 0.1", ">= 1 - 0.1", "= 0.5 +- 0.02" */
static void print_bounds(const struct verdict_test *test, char *text, size_t size)
{
    if (test->lower == test->upper)
        snprintf(text, size, "%.6g +- %.3g", test->lower, test->margin);
    else if (isinf(test->upper))
        snprintf(text, size, "at least %.6g - %.3g", test->lower, test->margin);
    else if (isinf(test->lower))
        snprintf(text, size, "at most %.6g + %.3g", test->upper, test->margin);
    else
        snprintf(text, size, "[%.6g, %.6g] +- %.3g", test->lower, test->upper, test->margin);
}

static void explain(struct verdict_claim *claim, double alpha)
{
    const struct verdict_test *test = &claim->tests[claim->deciding];
    char bounds[96];
    print_bounds(test, bounds, sizeof bounds);
    if (claim->verdict == VERDICT_SUPPORTED)
        snprintf(claim->why, sizeof claim->why, "%s%s is %.6g, inside %s (p = %.1e, needed %.1e)",
                 claim->count > 1 ? "the test nearest its edge, " : "", test->label, test->mean, bounds,
                 claim->p_inside, alpha);
    else if (claim->verdict == VERDICT_LOOSE)
        snprintf(claim->why, sizeof claim->why,
                 "%s is %.6g: the bound of %.6g holds, and is more than %.3g too high (p = %.1e, needed %.1e)",
                 test->label, test->mean, test->upper, test->loose, claim->p_inside, alpha);
    else if (claim->verdict == VERDICT_CONTRADICTED)
        snprintf(claim->why, sizeof claim->why, "%s is %.6g, outside %s (p = %.1e, needed %.1e)", test->label,
                 test->mean, bounds, claim->p_outside, alpha);
    else
        snprintf(claim->why, sizeof claim->why,
                 "%s is %.6g, and its interval [%.6g, %.6g] reaches across %s; more samples would decide", test->label,
                 test->mean, claim->lo, claim->hi, bounds);
}

static void undecided(struct verdict_claim *claim, size_t i)
{
    claim->p_inside = claim->p_outside = 1;
    claim->deciding = i < claim->count ? i : 0;
    if (claim->count == 0) {
        snprintf(claim->why, sizeof claim->why, "nothing was measured");
        return;
    }
    const struct verdict_test *test = &claim->tests[claim->deciding];
    if (test->n < 2 && !test->exact)
        snprintf(claim->why, sizeof claim->why, "%s needs two samples for a decision and has %" PRId64, test->label,
                 test->n);
    else
        snprintf(claim->why, sizeof claim->why, "%s is not a finite number", test->label);
}

/* Of a claim that is shown to lie inside. */
static void decide_looseness(struct verdict_claim *claim, const struct looseness *looseness, double alpha)
{
    claim->verdict = looseness->p_loose <= alpha   ? VERDICT_LOOSE
                     : looseness->p_tight <= alpha ? VERDICT_SUPPORTED
                                                   : VERDICT_INCONCLUSIVE;
    claim->deciding = looseness->p_tight <= alpha ? looseness->smallest : looseness->largest;
    claim->p_inside = claim->verdict == VERDICT_LOOSE ? looseness->p_loose : claim->p_inside;
}

static void decide(struct verdict_claim *claim, double alpha)
{
    claim->bound = claim->lo = claim->hi = NAN;
    claim->verdict = VERDICT_INCONCLUSIVE;
    size_t bad = first_undecidable(claim);
    if (bad < claim->count || claim->count == 0) {
        undecided(claim, bad);
        return;
    }
    size_t largest, smallest;
    weigh(claim, &largest, &smallest);
    struct looseness looseness = weigh_looseness(claim);
    if (looseness.asked > 0)
        alpha /= 2;
    claim->deciding = largest;
    if (claim->p_inside <= alpha) {
        claim->verdict = VERDICT_SUPPORTED;
        if (looseness.asked > 0)
            decide_looseness(claim, &looseness, alpha);
    } else if (claim->p_outside <= alpha) {
        claim->verdict = VERDICT_CONTRADICTED;
        claim->deciding = smallest;
    }
    claim->bound = nearest_edge(&claim->tests[claim->deciding]);
    bool one_sided = claim->verdict == VERDICT_SUPPORTED || claim->verdict == VERDICT_LOOSE;
    set_interval(claim, one_sided ? alpha : alpha / finite_edges(claim));
    explain(claim, alpha);
}

static void not_applicable(struct verdict_claim *claim)
{
    claim->verdict = VERDICT_NOT_APPLICABLE;
    claim->p_inside = claim->p_outside = 1;
    claim->bound = claim->lo = claim->hi = NAN;
    claim->deciding = 0;
    snprintf(claim->why, sizeof claim->why, "%s", claim->not_applicable);
}

void verdict_decide(struct verdict_claim *claim, double alpha)
{
    if (claim->not_applicable)
        not_applicable(claim);
    else
        decide(claim, alpha);
}

double verdict_alpha(const struct verdict_claim claims[], size_t count, double level)
{
    size_t applicable = 0;
    for (size_t i = 0; i < count; i++)
        applicable += !claims[i].not_applicable;
    return level / (double)(applicable > 0 ? applicable : 1);
}

struct verdict_looks verdict_looks(int64_t budget)
{
    struct verdict_looks looks = {.count = 1};
    while (looks.count < VERDICT_LOOKS_MAX && budget >> looks.count >= VERDICT_LOOK_LEAST)
        looks.count++;
    for (int k = 0; k < looks.count; k++) {
        int before_last = looks.count - 1 - k;
        looks.samples[k] = budget >> before_last;
        looks.share[k] = ldexp(1, k > 0 ? -before_last - 1 : -before_last);
    }
    return looks;
}

int verdict_sequence(struct verdict_claim *claim, double alpha, const struct verdict_looks *looks,
                     verdict_extend *extend, void *context, struct error *error)
{
    int code = ERROR_NONE;
    claim->verdict = VERDICT_INCONCLUSIVE;
    if (claim->not_applicable)
        not_applicable(claim);
    for (int k = 0; k < looks->count && claim->verdict == VERDICT_INCONCLUSIVE; k++) {
        code = extend(context, looks->samples[k], claim, error);
        if (code != ERROR_NONE)
            break;
        decide(claim, alpha * looks->share[k]);
    }
    return code;
}
